//! Ctrl-C and SIGTERM, so that a run ends with its goodbyes and its summary.

use crate::error::SimError;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for the wish to stop.
pub struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    /// Takes both signals over.
    pub fn new() -> Result<Self, SimError> {
        let take = |kind| {
            signal(kind)
                .map_err(|error| SimError::Usage(format!("signals cannot be handled: {error}")))
        };
        Ok(Self {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
        })
    }

    /// Returns when one came.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
