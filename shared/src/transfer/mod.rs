//! Import and export of whole registries, step by step (`service.md` §5).
//!
//! A step reads or writes a bounded part of the file and says where the job stands after it;
//! the hub object keeps that (`hub::administration`). A step that was lost, or that ran twice
//! because of a crash, is harmless: shards remember how far a file was applied, and a block
//! that is written again replaces itself. Nothing here holds a file, or keeps state.

mod configurations;
mod container;
mod export;
mod import;

pub use container::{Container, ContainerError};

use crate::http::Backend;
use crate::ipc::transfer::{Direction, Stepped, Transfer, TransferCursor};

/// The name of the file with the identities.
pub const DEVICES_BLOB: &str = "devices.txt";
/// The name of the file with the configurations.
pub const CONFIGURATIONS_BLOB: &str = "configurations.txt";
/// What an import could not do.
pub const LOG_BLOB: &str = "importErrors.log";

/// Does the next part of a job.
pub async fn step<B: Backend>(backend: &B, job: &Transfer) -> Stepped {
    let stepped = match job.order.direction {
        Direction::Import => import::step(backend, job).await,
        Direction::Export => export::step(backend, job).await,
    };
    stepped.unwrap_or_else(|error| match error {
        StepError::Later(why) => Stepped::Again(why),
        StepError::Never(why) => Stepped::Failed(why),
    })
}

/// How much of a job is done, in percent: never 100 before it is over.
pub fn progress(direction: Direction, cursor: &TransferCursor) -> u64 {
    let (done, total) = match direction {
        Direction::Import => (cursor.position, cursor.size),
        Direction::Export => (cursor.done, cursor.total),
    };
    done.saturating_mul(100)
        .checked_div(total)
        .unwrap_or(0)
        .min(99)
}

/// Why a step did not come to its end.
enum StepError {
    Later(String),
    Never(String),
}

impl StepError {
    /// Of an actor: nothing was decided.
    fn actor(error: &crate::error::HubError) -> Self {
        Self::Later(error.message.clone())
    }

    /// Of storage; `doing` begins the sentence.
    fn storage(doing: &str, error: &ContainerError) -> Self {
        let why = format!("{doing}: {error}");
        if error.may_pass() {
            Self::Later(why)
        } else {
            Self::Never(why)
        }
    }
}
