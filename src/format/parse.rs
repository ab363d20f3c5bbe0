//! Reading pyramid.json as JSON5, key by key, so that each error can say what stood there and what may.

use super::{MAX_BASE_TILES, MAX_TILE_SIZE, PyramidSpec, Quality, TileFormat, TileNaming};
use crate::geometry::{Geometry, MAX_SIDE, Size};
use crate::raster::reduce::Filter;
use crate::text::display::excerpt;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

const KEYS: [&str; 10] =
    ["width", "height", "tile_size", "overlap", "format", "quality", "optimize", "filter", "linear", "tile_naming"];

/// The most brackets that are looked into, comments included. The parser calls itself for each that is open, and its
/// stack would overflow; no key takes any.
const MAX_BRACKETS: usize = 1000;

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
        if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > MAX_BRACKETS {
            let problem = SpecProblem::Syntax(format!("it has more than {MAX_BRACKETS} opening brackets"));
            return Err(SpecError::new(problem, "one object, whose values are numbers, names, true or false"));
        }
        let entries: Entries = json5::from_str(text).map_err(|error| {
            SpecError::new(
                SpecProblem::Syntax(syntax(&error.to_string())),
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
            states_quality: quality.is_some(),
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
struct Entries(Vec<(String, Found)>);

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

/// A value as it stood there, for checking and for messages.
enum Found {
    Switch(bool),
    /// A number without a fraction, such as 64 and 64.0.
    Whole(i128),
    /// Any other number, not-a-number and the infinities too.
    Fraction(f64),
    Text(String),
    /// What no key can have; named for messages.
    Other(&'static str),
}

impl Found {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => write!(out, "{on}"),
            Self::Whole(number) => write!(out, "{number}"),
            Self::Fraction(number) => write!(out, "{number}"),
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Other(name) => out.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FoundVisitor)
    }
}

struct FoundVisitor;

impl<'de> Visitor<'de> for FoundVisitor {
    type Value = Found;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, on: bool) -> Result<Found, E> {
        Ok(Found::Switch(on))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Found, E> {
        Ok(Found::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Found, E> {
        Ok(Found::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Found, E> {
        let whole = number.fract() == 0.0 && number.abs() < 1e15;
        Ok(if whole { Found::Whole(number as i128) } else { Found::Fraction(number) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other("an object"))
    }
}

impl Entries {
    fn check_keys(&self) -> Result<(), SpecError> {
        for (index, (key, _)) in self.0.iter().enumerate() {
            if !KEYS.contains(&key.as_str()) {
                return Err(SpecError::new(SpecProblem::Unknown(excerpt(key)), format!("one of {}", KEYS.join(", "))));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(SpecError::new(SpecProblem::Twice(excerpt(key)), "each key once"));
            }
        }
        Ok(())
    }

    fn get(&self, key: &'static str) -> Option<&Found> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn required(&self, key: &'static str, least: u32, most: u32) -> Result<u32, SpecError> {
        self.whole(key, least, most)?
            .ok_or_else(|| SpecError::new(SpecProblem::Missing(key), whole_number(least, most)))
    }

    fn whole(&self, key: &'static str, least: u32, most: u32) -> Result<Option<u32>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value {
            Found::Whole(number) if (i128::from(least)..=i128::from(most)).contains(number) => Ok(Some(*number as u32)),
            _ => Err(wrong(key, value, whole_number(least, most))),
        }
    }

    fn switch(&self, key: &'static str) -> Result<Option<bool>, SpecError> {
        match self.get(key) {
            None => Ok(None),
            Some(Found::Switch(on)) => Ok(Some(*on)),
            Some(other) => Err(wrong(key, other, "true or false".into())),
        }
    }

    fn choice<T: Copy>(&self, key: &'static str, names: &[(&str, T)]) -> Result<Option<T>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let named = names.iter().find(|(name, _)| value.text() == Some(name));
        let excerpt: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
        named
            .map(|(_, choice)| Some(*choice))
            .ok_or_else(|| wrong(key, value, format!("one of {}", excerpt.join(", "))))
    }

    fn format(&self) -> Result<Option<TileFormat>, SpecError> {
        let Some(value) = self.get("format") else { return Ok(None) };
        let format = value.text().and_then(TileFormat::new);
        format.map(Some).ok_or_else(|| wrong("format", value, format!("the tiles' extension: {}", TileFormat::NAMES)))
    }
}

/// What the parser says, without the place it gives for a text that ends too early: that of the beginning.
fn syntax(message: &str) -> String {
    match message.strip_prefix("EOF parsing ") {
        Some(rest) => format!("it ends within {}", rest.split(" at line").next().unwrap_or(rest)),
        None => excerpt(message),
    }
}

fn whole_number(least: u32, most: u32) -> String {
    format!("a whole number from {least} to {most}")
}

fn wrong(key: &'static str, found: &Found, expected: String) -> SpecError {
    SpecError::new(SpecProblem::Value { key, found: excerpt(&found.to_string()) }, expected)
}
