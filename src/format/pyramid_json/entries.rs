//! The keys and values of a `pyramid.json`, parsed as JSON5 without judging them.
//!
//! Values are checked key by key, so that each error can say which value was found and which are allowed.

use super::error::{SpecError, SpecProblem};
use crate::format::picture_path::picture_path;
use crate::format::{NamePattern, TileFormat};
use crate::text::excerpt;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::path::PathBuf;

const KEYS: [&str; 15] = [
    "width",
    "height",
    "tile_size",
    "overlap",
    "base_tiles",
    "stale_overlap",
    "format",
    "quality",
    "optimize",
    "filter",
    "linear",
    "tile_naming",
    "first_tile",
    "row_order",
    "picture",
];

/// The most opening brackets, including those in comments. The parser recurses for each open bracket, so many would
/// overflow its stack; no key takes any.
const MAX_BRACKETS: usize = 1000;

/// The entries of the object in their order, including duplicates.
pub(super) struct Entries(Vec<(String, Value)>);

impl Entries {
    /// Parses the text of a `pyramid.json` and checks its keys.
    pub(super) fn parse(text: &str) -> Result<Self, SpecError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > MAX_BRACKETS {
            let problem = SpecProblem::Syntax(format!("more than {MAX_BRACKETS} opening brackets"));
            return Err(SpecError::new(problem, "one object whose values are numbers, strings, true or false"));
        }
        let entries: Self = json5::from_str(text).map_err(|error| {
            SpecError::new(
                SpecProblem::Syntax(syntax_problem(&error.to_string())),
                "an object such as { width: 750, height: 500, tile_size: 250, overlap: 0 }",
            )
        })?;
        entries.check_keys()?;
        Ok(entries)
    }

    fn check_keys(&self) -> Result<(), SpecError> {
        for (index, (key, _)) in self.0.iter().enumerate() {
            if !KEYS.contains(&key.as_str()) {
                return Err(SpecError::new(SpecProblem::Unknown(excerpt(key)), format!("one of {}", KEYS.join(", "))));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(SpecError::new(SpecProblem::Duplicate(excerpt(key)), "each key once"));
            }
        }
        Ok(())
    }

    fn get(&self, key: &'static str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    /// A whole number from `min` to `max`, which must be present.
    pub(super) fn required_number(&self, key: &'static str, min: u32, max: u32) -> Result<u32, SpecError> {
        let missing = || SpecError::new(SpecProblem::Missing(key), whole_number(min, max));
        self.number(key, min, max)?.ok_or_else(missing)
    }

    /// A whole number from `min` to `max`, if present.
    pub(super) fn number(&self, key: &'static str, min: u32, max: u32) -> Result<Option<u32>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value {
            Value::Whole(number) if (i128::from(min)..=i128::from(max)).contains(number) => Ok(Some(*number as u32)),
            _ => Err(not_allowed(key, value, whole_number(min, max))),
        }
    }

    /// True or false, if present.
    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, SpecError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Flag(flag)) => Ok(Some(*flag)),
            Some(other) => Err(not_allowed(key, other, "true or false".into())),
        }
    }

    /// One of these names, if present.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, names: &[(&str, T)]) -> Result<Option<T>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let named = names.iter().find(|(name, _)| value.text() == Some(name));
        let quoted: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
        let expected = || format!("one of {}", quoted.join(", "));
        named.map(|(_, choice)| Some(*choice)).ok_or_else(|| not_allowed(key, value, expected()))
    }

    /// An extension of tiles, if present.
    pub(super) fn tile_format(&self, key: &'static str) -> Result<Option<TileFormat>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let format = value.text().and_then(TileFormat::new);
        let expected = || format!("the extension of the tiles: {}", TileFormat::NAMES);
        format.map(Some).ok_or_else(|| not_allowed(key, value, expected()))
    }

    /// The path of a picture, if present.
    pub(super) fn picture(&self, key: &'static str) -> Result<Option<PathBuf>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let path = value.text().and_then(picture_path);
        let expected = "the path of the picture, absolute or from this folder, such as \"../scans/map.tif\"";
        path.map(Some).ok_or_else(|| not_allowed(key, value, expected.into()))
    }

    /// A pattern of the names of tiles, if present.
    pub(super) fn name_pattern(&self, key: &'static str) -> Result<Option<NamePattern>, SpecError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let allowed = "\"column_row\", \"row_column\", or a pattern such as \"tile_x{column:4}_y{row:4}\"";
        match value.text().map(NamePattern::parse) {
            Some(Ok(pattern)) => Ok(Some(pattern)),
            Some(Err(problem)) if value.text().is_some_and(|text| text.contains(['{', '}'])) => {
                Err(not_allowed(key, value, format!("{allowed}; {problem}")))
            }
            _ => Err(not_allowed(key, value, allowed.into())),
        }
    }
}

/// The parser's message, without the misleading position that it gives for a text that ends too early: the beginning.
fn syntax_problem(message: &str) -> String {
    match message.strip_prefix("EOF parsing ") {
        Some(rest) => format!("the text ends within {}", rest.split(" at line").next().unwrap_or(rest)),
        None => excerpt(message),
    }
}

fn whole_number(min: u32, max: u32) -> String {
    format!("a whole number from {min} to {max}")
}

fn not_allowed(key: &'static str, found: &Value, expected: String) -> SpecError {
    SpecError::value(key, excerpt(&found.to_string()), expected)
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
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
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// A value as found, for checks and messages.
enum Value {
    Flag(bool),
    /// A number without a fraction, such as 64 and 64.0.
    Whole(i128),
    /// Any other number, including NaN and the infinities.
    Fraction(f64),
    Text(String),
    /// A type that no key takes, named for messages.
    Other(&'static str),
}

impl Value {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Whole(number) => write!(out, "{number}"),
            Self::Fraction(number) => write!(out, "{number}"),
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Other(name) => out.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        let whole = number.fract() == 0.0 && number.abs() < 1e15;
        Ok(if whole { Value::Whole(number as i128) } else { Value::Fraction(number) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}
