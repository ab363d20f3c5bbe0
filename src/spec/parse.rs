//! Reading pyramid.json as JSON5, key by key, so that each error can say what stood there and what may.

use super::{Filter, MAX_BASE_TILES, MAX_TILE_SIZE, PyramidSpec, Quality, TileFormat, TileNaming};
use crate::geometry::{Geometry, MAX_SIDE, Size};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

const KEYS: [&str; 10] =
    ["width", "height", "tile_size", "overlap", "format", "quality", "optimize", "filter", "linear", "tile_naming"];

/// What is wrong with the text of a pyramid.json.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SpecError {
    /// What is wrong.
    pub problem: SpecProblem,
    /// What may stand there instead.
    pub expected: String,
}

/// The kinds of fault in a pyramid.json, each with what stood there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecProblem {
    /// Not JSON5, or not an object. Line and column count from 1, where known.
    #[error("it is not valid JSON5: {0}")]
    Syntax(String),
    /// A required key is absent.
    #[error("the key \"{0}\" is missing")]
    Missing(&'static str),
    /// A key that has no meaning.
    #[error("unknown key \"{0}\"")]
    Unknown(String),
    /// A key that stands there twice.
    #[error("the key \"{0}\" stands there twice")]
    Twice(String),
    /// A value of the wrong type or out of range.
    #[error("\"{key}\" is {found}")]
    Value {
        /// The key.
        key: &'static str,
        /// What stood there, as JSON.
        found: String,
    },
    /// Values that are right one by one, but not together.
    #[error("{0}")]
    Together(String),
}

impl SpecError {
    fn new(problem: SpecProblem, expected: impl Into<String>) -> Self {
        Self { problem, expected: expected.into() }
    }
}

impl PyramidSpec {
    /// Reads the text of a pyramid.json. A byte-order mark is passed over.
    ///
    /// # Errors
    /// Bad syntax, an unknown, doubled or missing key, or a value that may not stand there.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let entries: Entries = json5::from_str(text).map_err(|error| {
            SpecError::new(
                SpecProblem::Syntax(error.to_string()),
                "an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }",
            )
        })?;
        entries.check_keys()?;
        let side = |key| entries.required(key, 1, MAX_SIDE);
        let size = Size::new(side("width")?, side("height")?);
        let tile_size = entries.required("tile_size", 1, MAX_TILE_SIZE)?;
        let overlap = entries.required("overlap", 0, MAX_TILE_SIZE)?;
        let format = entries.format()?;
        let quality = entries.whole("quality", 1, 100)?.and_then(|quality| Quality::new(quality as u8));
        let filter = entries.choice("filter", &Filter::NAMES)?.unwrap_or_default();
        let linear = entries.switch("linear")?.unwrap_or(false);
        if linear && !filter.averages() {
            return Err(SpecError::new(
                SpecProblem::Together("\"linear\" is true, but this \"filter\" averages nothing".into()),
                "\"linear\" with the filters \"mean\" and \"lanczos3\" only",
            ));
        }
        Ok(Self {
            geometry: geometry(size, tile_size, overlap)?,
            format,
            quality: quality.unwrap_or(Quality::DEFAULT),
            optimize: entries.switch("optimize")?.unwrap_or(false),
            filter,
            linear,
            tile_naming: entries.choice("tile_naming", &TileNaming::NAMES)?,
        })
    }
}

fn geometry(size: Size, tile_size: u32, overlap: u32) -> Result<Geometry, SpecError> {
    let too_many = |tiles: u64| {
        SpecError::new(
            SpecProblem::Together(format!("{size} pixels in tiles of {tile_size} are {tiles} base tiles")),
            format!("at most {MAX_BASE_TILES} base tiles; use larger ones"),
        )
    };
    match Geometry::new(size, tile_size, overlap) {
        Some(geometry) if geometry.base_grid().count() <= MAX_BASE_TILES => Ok(geometry),
        Some(geometry) => Err(too_many(geometry.base_grid().count())),
        None => Err(too_many(0)),
    }
}

/// The keys of the object in their order, doubled ones included.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl Entries {
    fn check_keys(&self) -> Result<(), SpecError> {
        for (index, (key, _)) in self.0.iter().enumerate() {
            if !KEYS.contains(&key.as_str()) {
                return Err(SpecError::new(SpecProblem::Unknown(key.clone()), format!("one of {}", KEYS.join(", "))));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(SpecError::new(SpecProblem::Twice(key.clone()), "each key once"));
            }
        }
        Ok(())
    }

    fn get(&self, key: &'static str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn required(&self, key: &'static str, least: u32, most: u32) -> Result<u32, SpecError> {
        self.whole(key, least, most)?
            .ok_or_else(|| SpecError::new(SpecProblem::Missing(key), whole_number(least, most)))
    }

    fn whole(&self, key: &'static str, least: u32, most: u32) -> Result<Option<u32>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (u64::from(least)..=u64::from(most)).contains(number));
        match number {
            Some(number) => Ok(Some(number as u32)),
            None => Err(wrong(key, value, whole_number(least, most))),
        }
    }

    fn switch(&self, key: &'static str) -> Result<Option<bool>, SpecError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(*on)),
            Some(other) => Err(wrong(key, other, "true or false".into())),
        }
    }

    fn choice<T: Copy>(&self, key: &'static str, names: &[(&str, T)]) -> Result<Option<T>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let named = names.iter().find(|(name, _)| value.as_str() == Some(name));
        let quoted: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
        named.map(|(_, choice)| Some(*choice)).ok_or_else(|| wrong(key, value, format!("one of {}", quoted.join(", "))))
    }

    fn format(&self) -> Result<Option<TileFormat>, SpecError> {
        let Some(value) = self.get("format") else { return Ok(None) };
        let format = value.as_str().and_then(TileFormat::new);
        format.map(Some).ok_or_else(|| wrong("format", value, format!("the tiles' extension: {}", TileFormat::NAMES)))
    }
}

fn whole_number(least: u32, most: u32) -> String {
    format!("a whole number from {least} to {most}")
}

fn wrong(key: &'static str, found: &Value, expected: String) -> SpecError {
    let mut found = found.to_string();
    if found.chars().count() > 60 {
        found = found.chars().take(57).chain("...".chars()).collect();
    }
    SpecError::new(SpecProblem::Value { key, found }, expected)
}
