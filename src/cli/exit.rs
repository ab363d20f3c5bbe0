//! Exit codes, decided in one place.

use fast_pyramid::ErrorKind;

/// The exit code of the process. Of several, the highest counts.
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
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Self::Usage,
            ErrorKind::InvalidInput => Self::Input,
            ErrorKind::Locked => Self::Locked,
            ErrorKind::Cancelled => Self::Interrupted,
            _ => Self::Failed,
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
