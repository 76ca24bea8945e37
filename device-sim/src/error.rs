//! What can end the program early, with the exit code that scripts test for.
//!
//! Texts name what failed and what to do; they never hold a key or a token.

use std::fmt;

/// A failure that stops the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimError {
    /// The command line makes no sense: exit code 2.
    Usage(String),
    /// The hub cannot be reached or breaks off: exit code 3.
    Network(String),
    /// The hub answered, but refused: exit code 4.
    Refused(String),
    /// The run ended and an expectation was not met: exit code 1.
    Expectation(String),
}

impl SimError {
    /// The process exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Expectation(_) => 1,
            Self::Usage(_) => 2,
            Self::Network(_) => 3,
            Self::Refused(_) => 4,
        }
    }

    /// The stable name used in `--json` output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expectation(_) => "ExpectationFailed",
            Self::Usage(_) => "Usage",
            Self::Network(_) => "Network",
            Self::Refused(_) => "Refused",
        }
    }
}

impl fmt::Display for SimError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text)
            | Self::Network(text)
            | Self::Refused(text)
            | Self::Expectation(text) => formatter.write_str(text),
        }
    }
}

impl std::error::Error for SimError {}
