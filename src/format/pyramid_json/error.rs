//! Problems in a `pyramid.json`.

/// A problem in the text of a `pyramid.json`, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SpecError {
    /// The problem.
    pub problem: SpecProblem,
    /// What is allowed instead.
    pub expected: String,
}

/// The kinds of problems in a `pyramid.json`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecProblem {
    /// The text is not JSON5, or not an object. Lines and columns count from 1.
    #[error("not valid JSON5: {0}")]
    Syntax(String),
    /// A required key is missing.
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    /// A key is unknown.
    #[error("unknown key \"{0}\"")]
    Unknown(String),
    /// A key occurs twice.
    #[error("\"{0}\" occurs twice")]
    Duplicate(String),
    /// A value has the wrong type or is out of range.
    #[error("\"{key}\" is {found}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value, as JSON.
        found: String,
    },
    /// Values that are allowed one by one, but not together.
    #[error("{0}")]
    Conflict(String),
}

impl SpecError {
    pub(super) fn new(problem: SpecProblem, expected: impl Into<String>) -> Self {
        Self { problem, expected: expected.into() }
    }

    /// A value of the wrong type or out of range.
    pub(super) fn value(key: &'static str, found: String, expected: impl Into<String>) -> Self {
        Self::new(SpecProblem::Value { key, found }, expected)
    }
}
