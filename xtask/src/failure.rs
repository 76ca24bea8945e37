//! How a command fails: one clear message and an exit code.
//!
//! Exit code 1 means something went wrong on the way; 2 means the request was
//! refused before anything was touched. It must never print by itself: only
//! `main` talks to the user about a failure.

use std::fmt;

/// A failure on its way to the user.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub exit_code: u8,
    /// What happened and what to do about it.
    pub message: String,
}

/// The result of every step.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something went wrong while working (exit code 1).
    pub fn broken(message: impl Into<String>) -> Self {
        Self {
            exit_code: 1,
            message: message.into(),
        }
    }

    /// The request cannot be carried out as asked; nothing was touched (exit code 2).
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            exit_code: 2,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Adds what was being done to an error of another library.
pub trait Explain<T> {
    /// Turns the error into a [`Failure`] that starts with `what`.
    fn explain(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: fmt::Display> Explain<T> for Result<T, E> {
    fn explain(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failure::broken(format!("{}: {error}", what())))
    }
}
