//! A question on screen and how its answer fares: open, under way, refused.

use crate::api::ApiError;
use crate::reactive::{RwSignal, effect};

/// The state of one `Confirm`.
#[derive(Clone, Copy)]
pub struct Question {
    /// Whether it shows.
    pub open: RwSignal<bool>,
    /// Whether the answer is under way.
    pub busy: RwSignal<bool>,
    /// Why the hub refused it.
    pub failure: RwSignal<Option<ApiError>>,
}

impl Question {
    /// One that is not asked yet.
    pub fn new() -> Self {
        let this = Self {
            open: RwSignal::new(false),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        };
        effect(move |_| {
            if this.open.get() {
                this.failure.set(None);
            }
        });
        this
    }

    /// Asks.
    pub fn ask(self) {
        self.open.set(true);
    }

    /// Begins to answer; `false` if that is under way already.
    pub fn begin(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        self.failure.set(None);
        self.busy.set(true);
        true
    }

    /// Closes without an answer.
    pub fn give_up(self) {
        let _ = self.busy.try_set(false);
        let _ = self.open.try_set(false);
    }

    /// Takes the outcome and closes after a good one.
    pub fn settle<T>(self, outcome: Result<T, ApiError>) -> Option<T> {
        let _ = self.busy.try_set(false);
        match outcome {
            Ok(value) => {
                let _ = self.open.try_set(false);
                Some(value)
            }
            Err(error) => {
                let _ = self.failure.try_set(Some(error));
                None
            }
        }
    }
}
