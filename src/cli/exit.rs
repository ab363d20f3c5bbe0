//! Exit codes, decided in one place.

use fast_pyramid::ops::Category;

/// What the process ends with. Ordered: of several, the highest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    Done,
    Failed,
    Usage,
    Input,
    Locked,
    Interrupted,
    Terminated,
}

impl Code {
    pub(crate) fn of(category: Category) -> Self {
        match category {
            Category::Failure => Self::Failed,
            Category::Usage => Self::Usage,
            Category::Input => Self::Input,
            Category::Locked => Self::Locked,
            Category::Interrupted => Self::Interrupted,
        }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Locked => 4,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}
