//! Version numbers, and the only accepted way to write them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The number N of a source version `vN` and of the tree published from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Version {
    /// The version of a folder named `vN`, with N written without leading zeros.
    #[must_use]
    pub fn from_folder(name: &str) -> Option<Self> {
        canonical_number(name.strip_prefix('v')?).map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "v{}", self.0)
    }
}

/// Parses decimal digits without a sign or leading zeros.
#[must_use]
pub(crate) fn canonical_number(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_folders_have_one_spelling() {
        assert_eq!(Version::from_folder("v0"), Some(Version(0)));
        assert_eq!(Version::from_folder("v4294967295"), Some(Version(u32::MAX)));
        for wrong in ["v", "v01", "v+1", "v-1", "V1", "1", "v4294967296", "v1 ", "v1.0"] {
            assert_eq!(Version::from_folder(wrong), None, "{wrong}");
        }
    }
}
