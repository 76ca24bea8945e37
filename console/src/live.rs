//! Data that stays fresh: read at once, again when its key changes, and every few seconds while
//! the tab is visible. Screens know only `Live`; a push stream can take the poll's place here.
//! Never throws the last data away because a later read failed.

use crate::api::ApiError;
use crate::clock;
use crate::logic::time::Millis;
use crate::reactive::{effect, memo};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Pause between two reads of what is shown live.
pub const PERIOD: Duration = Duration::from_secs(2);

/// Between two looks whether the reads under way have ended, in milliseconds.
const LOOK: i32 = 20;
/// How long reads under way are waited for: a hub that hangs must not keep anybody from acting.
const LOOKS: usize = 100;

thread_local! {
    /// Acts under way that take away what is shown.
    static ACTS: Cell<usize> = const { Cell::new(0) };
    /// Reads under way.
    static READS: Cell<usize> = const { Cell::new(0) };
}

/// One more, until it is dropped.
struct Counted(&'static std::thread::LocalKey<Cell<usize>>);

impl Counted {
    fn new(count: &'static std::thread::LocalKey<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Carries out an act that takes away what is shown, such as deleting the device of the page,
/// with no repeated read beside it: one that came too late would be told that the thing is gone
/// and show that as an error. `act` ends with leaving the page.
pub async fn undisturbed(act: impl Future<Output = ()>) {
    let _acting = Counted::new(&ACTS);
    for _ in 0..LOOKS {
        if READS.get() == 0 {
            break;
        }
        clock::sleep(LOOK).await;
    }
    act.await;
    // The page goes with the next task, not at once.
    clock::sleep(LOOK).await;
}

/// Whether a repeated read may begin.
fn may_repeat() -> bool {
    ACTS.get() == 0 && !document().hidden()
}

/// A value with its freshness.
pub struct Live<T: Send + Sync + 'static> {
    /// Last good value.
    pub data: RwSignal<Option<T>>,
    /// Why the last read failed; `None` after a good one.
    pub error: RwSignal<Option<ApiError>>,
    /// When the last good value came.
    pub at: RwSignal<Option<Millis>>,
    /// Whether a read is under way.
    pub busy: RwSignal<bool>,
    round: RwSignal<u64>,
}

impl<T: Send + Sync + 'static> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Live<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Live<T> {
    /// Reads again now.
    pub fn refresh(&self) {
        let _ = self.round.try_update(|round| *round += 1);
    }

    /// Reads again every few seconds while what is there says that it goes on, and the tab is
    /// visible.
    pub fn poll_while(self, goes_on: impl Fn(&T) -> bool + 'static) {
        let timer = set_interval_with_handle(
            move || {
                let idle = self.busy.try_get_untracked() == Some(false);
                let wanted = self
                    .data
                    .try_with_untracked(|data| data.as_ref().is_some_and(&goes_on));
                if idle && wanted == Some(true) && may_repeat() {
                    self.refresh();
                }
            },
            PERIOD,
        );
        if let Ok(timer) = timer {
            on_cleanup(move || timer.clear());
        }
    }

    /// Takes what came of a read.
    fn settle(&self, outcome: Result<T, ApiError>) {
        let _ = self.busy.try_set(false);
        let value = match outcome {
            Ok(value) => value,
            Err(error) => {
                let _ = self.error.try_set(Some(error));
                return;
            }
        };
        let same = self.data.try_with_untracked(|d| d.as_ref() == Some(&value));
        if same == Some(false) {
            let _ = self.data.try_set(Some(value));
        }
        if self.error.try_with_untracked(Option::is_some) == Some(true) {
            let _ = self.error.try_set(None);
        }
        let _ = self.at.try_set(Some(clock::now_once()));
    }

    /// Puts a value in that came by another way, such as the answer to a write.
    pub fn put(&self, value: T) {
        let _ = self.data.try_set(Some(value));
        let _ = self.error.try_set(None);
        let _ = self.at.try_set(Some(clock::now_once()));
    }
}

/// Reads `fetch(key)` now, on every change of `key`, and every `period` if one is given. When the
/// key changes the old value goes: it belongs to something else.
pub fn live<K, T, F, R>(
    key: impl Fn() -> K + Send + Sync + 'static,
    period: Option<Duration>,
    fetch: F,
) -> Live<T>
where
    K: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + PartialEq + Send + Sync + 'static,
    F: Fn(K) -> R + 'static,
    R: Future<Output = Result<T, ApiError>> + 'static,
{
    let key = memo(key);
    let known = RefCell::new(None::<K>);
    // Whether the key is another one than before, and the read for it.
    let next = move || -> (bool, Reading<T>) {
        let current = key.get();
        let before = known.replace(Some(current.clone()));
        let changed = before.is_some_and(|before| before != current);
        (changed, Box::pin(fetch(current)))
    };
    driven(Box::new(next), period)
}

/// A read under way.
type Reading<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// Behind boxes, so that it is compiled once for each type of data and not for each read.
#[inline(never)]
fn driven<T: Clone + PartialEq + Send + Sync + 'static>(
    next: Box<dyn Fn() -> (bool, Reading<T>)>,
    period: Option<Duration>,
) -> Live<T> {
    let this = Live {
        data: RwSignal::new(None),
        error: RwSignal::new(None),
        at: RwSignal::new(None),
        busy: RwSignal::new(false),
        round: RwSignal::new(0),
    };
    // Counts reads, so that a slow answer never overwrites a newer one.
    let generation = StoredValue::new(0u64);

    effect(move |_| {
        this.round.track();
        let (changed, reading) = next();
        if changed {
            this.data.set(None);
            this.error.set(None);
            this.at.set(None);
        }
        let mine = generation.try_update_value(|g| {
            *g += 1;
            *g
        });
        this.busy.set(true);
        spawn_local(async move {
            let under_way = Counted::new(&READS);
            let outcome = reading.await;
            drop(under_way);
            if generation.try_get_value() == mine && mine.is_some() {
                this.settle(outcome);
            }
        });
    });

    if let Some(period) = period {
        let timer = set_interval_with_handle(
            move || {
                let idle = this.busy.try_get_untracked() == Some(false);
                if idle && may_repeat() {
                    this.refresh();
                }
            },
            period,
        );
        if let Ok(timer) = timer {
            on_cleanup(move || timer.clear());
        }
    }
    this
}
