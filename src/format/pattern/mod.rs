//! Patterns of the names of base tiles, such as `tile_x{column:4}_y{row:4}`.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// The most bytes of a pattern, so that every name fits on the stack.
const MAX_PATTERN_BYTES: usize = 100;

/// The most digits that a number can be padded to. No column or row has more.
const MAX_DIGITS: u8 = 10;

/// The two numbers in a tile's name, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameNumbers {
    /// The number in place of `{column}`.
    pub column: u32,
    /// The number in place of `{row}`.
    pub row: u32,
}

/// Which of the two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// `{column}`.
    Column,
    /// `{row}`.
    Row,
}

impl Axis {
    fn name(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Row => "row",
        }
    }

    fn of(self, numbers: &mut NameNumbers) -> &mut u32 {
        match self {
            Self::Column => &mut numbers.column,
            Self::Row => &mut numbers.row,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(NumberPart),
}

/// A number in a pattern. It has at least `digits` digits, padded with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NumberPart {
    axis: Axis,
    digits: u8,
    /// Another digit follows directly, so longer numbers could not be told from it.
    exact: bool,
}

/// The names of base tiles within their version's folder, without the extension.
///
/// Each name has exactly one reading: `{column}` and `{row}` occur once each, and a number that is followed by a digit has
/// a fixed number of digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern {
    /// The folders from the outermost, then the file.
    components: Vec<Vec<Part>>,
}

impl NamePattern {
    /// `COLUMN_ROW`, as in Deep Zoom.
    #[must_use]
    pub fn column_row() -> Self {
        Self::of_two(Axis::Column, Axis::Row)
    }

    /// `ROW_COLUMN`.
    #[must_use]
    pub fn row_column() -> Self {
        Self::of_two(Axis::Row, Axis::Column)
    }

    fn of_two(first: Axis, second: Axis) -> Self {
        let number = |axis| Part::Number(NumberPart { axis, digits: 1, exact: false });
        Self { components: vec![vec![number(first), Part::Text("_".into()), number(second)]] }
    }

    /// Parses `column_row`, `row_column` or a pattern.
    ///
    /// # Errors
    /// The rule that the pattern breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "column_row" => return Ok(Self::column_row()),
            "row_column" => return Ok(Self::row_column()),
            _ if text.len() > MAX_PATTERN_BYTES => return Err("a pattern has at most 100 bytes"),
            _ if text.chars().any(char::is_control) => return Err("a pattern has no control characters"),
            _ => {}
        }
        let components = text.split('/').map(parse_component).collect::<Result<Vec<_>, _>>()?;
        let numbers = |axis| {
            let parts = components.iter().flatten();
            parts.filter(|part| matches!(part, Part::Number(number) if number.axis == axis)).count()
        };
        if (numbers(Axis::Column), numbers(Axis::Row)) != (1, 1) {
            return Err("a pattern has {column} and {row} once each");
        }
        Ok(Self { components })
    }

    /// How many folders lie between the version's folder and a tile.
    #[must_use]
    pub fn folders(&self) -> usize {
        self.components.len() - 1
    }

    /// Which number comes first.
    #[must_use]
    pub fn first_axis(&self) -> Axis {
        let number = |part: &Part| if let Part::Number(number) = part { Some(number.axis) } else { None };
        self.components.iter().flatten().find_map(number).unwrap_or(Axis::Column)
    }

    /// The largest number that can be written in place of this one without being mistaken for another.
    #[must_use]
    pub fn max_number(&self, axis: Axis) -> u64 {
        let exact = |part: &Part| match part {
            Part::Number(number) if number.axis == axis && number.exact => Some(10u64.pow(number.digits.into()) - 1),
            _ => None,
        };
        self.components.iter().flatten().find_map(exact).unwrap_or(u64::MAX)
    }

    /// Reads the name of the folder at this depth. Its numbers go into `numbers`.
    #[must_use]
    pub fn read_folder(&self, depth: usize, name: &str, numbers: &mut NameNumbers) -> bool {
        depth < self.folders() && self.read_component(depth, name, numbers) == Some("")
    }

    /// Reads the name of a file, and returns its extension.
    #[must_use]
    pub fn read_file<'a>(&self, name: &'a str, numbers: &mut NameNumbers) -> Option<&'a str> {
        self.read_component(self.folders(), name, numbers)?.strip_prefix('.')
    }

    /// Reads the beginning of a name, and returns the rest.
    fn read_component<'a>(&self, depth: usize, mut name: &'a str, numbers: &mut NameNumbers) -> Option<&'a str> {
        for part in self.components.get(depth)? {
            match part {
                Part::Text(text) => name = name.strip_prefix(text.as_str())?,
                Part::Number(number) => {
                    let (value, rest) = number.read(name)?;
                    *number.axis.of(numbers) = value;
                    name = rest;
                }
            }
        }
        Some(name)
    }

    /// Writes the name with these numbers, without an extension.
    ///
    /// # Errors
    /// `out` is full.
    pub fn write(&self, mut numbers: NameNumbers, out: &mut impl Write) -> fmt::Result {
        for (depth, component) in self.components.iter().enumerate() {
            if depth > 0 {
                out.write_char('/')?;
            }
            for part in component {
                match part {
                    Part::Text(text) => out.write_str(text)?,
                    Part::Number(number) => number.write(*number.axis.of(&mut numbers), out)?,
                }
            }
        }
        Ok(())
    }
}

impl NumberPart {
    /// Writes a number. The general formatting of numbers takes several times as long, for every tile of a listing.
    fn write(self, mut value: u32, out: &mut impl Write) -> fmt::Result {
        let mut digits = [b'0'; MAX_DIGITS as usize];
        let mut first = digits.len();
        while value > 0 {
            first -= 1;
            digits[first] += (value % 10) as u8;
            value /= 10;
        }
        let first = first.min(digits.len() - usize::from(self.digits));
        out.write_str(std::str::from_utf8(&digits[first..]).map_err(|_| fmt::Error)?)
    }

    /// Reads the number at the beginning of a name, and returns the rest.
    fn read(self, name: &str) -> Option<(u32, &str)> {
        let least = usize::from(self.digits);
        let run = name.bytes().take_while(u8::is_ascii_digit).count();
        let length = if self.exact { least } else { run };
        if run < length || length < least || (length > least && name.starts_with('0')) {
            return None;
        }
        let (digits, rest) = name.split_at(length);
        Some((digits.parse().ok()?, rest))
    }
}

fn parse_component(text: &str) -> Result<Vec<Part>, &'static str> {
    match text {
        "" => return Err("a pattern neither begins nor ends with /, and has no // in it"),
        _ if text.starts_with('.') => return Err("no file or folder of a pattern begins with a dot"),
        _ => {}
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let brace = rest.find(['{', '}']).unwrap_or(rest.len());
        let (before, after) = rest.split_at(brace);
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        if after.is_empty() {
            break;
        }
        let (inside, after) =
            after.strip_prefix('{').and_then(|after| after.split_once('}')).ok_or(NOT_A_PLACEHOLDER)?;
        let exact = after.starts_with('{') || after.starts_with(|next: char| next.is_ascii_digit());
        parts.push(Part::Number(parse_number(inside, exact)?));
        rest = after;
    }
    Ok(parts)
}

const NOT_A_PLACEHOLDER: &str = "braces hold column or row, or either with a count of 1 to 10 digits as in {column:4}";

fn parse_number(inside: &str, exact: bool) -> Result<NumberPart, &'static str> {
    let (name, digits) = match inside.split_once(':') {
        Some((name, digits)) => (name, Some(digits)),
        None => (inside, None),
    };
    let axis = [Axis::Column, Axis::Row].into_iter().find(|axis| axis.name() == name).ok_or(NOT_A_PLACEHOLDER)?;
    let digits = match digits {
        None if exact => {
            return Err("a number that is followed by a digit needs a count of digits, as in {column:4}{row:4}");
        }
        None => 1,
        Some(digits) => {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let digits = digits.parse().ok().filter(|digits| plain && (1..=MAX_DIGITS).contains(digits));
            digits.ok_or(NOT_A_PLACEHOLDER)?
        }
    };
    Ok(NumberPart { axis, digits, exact })
}

/// As in `pyramid.json`.
impl fmt::Display for NamePattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::column_row() {
            return out.write_str("column_row");
        }
        if *self == Self::row_column() {
            return out.write_str("row_column");
        }
        for (depth, component) in self.components.iter().enumerate() {
            if depth > 0 {
                out.write_char('/')?;
            }
            for part in component {
                match part {
                    Part::Text(text) => out.write_str(text)?,
                    Part::Number(NumberPart { axis, digits: 1, exact: false }) => write!(out, "{{{}}}", axis.name())?,
                    Part::Number(NumberPart { axis, digits, .. }) => write!(out, "{{{}:{digits}}}", axis.name())?,
                }
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|problem| format!("{text:?}: {problem}"))
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests;
