//! Data that stays fresh: read at once, again when its key changes, and every few seconds while
//! the tab is visible. Screens know only `Live`; a push stream can take the poll's place here.
//! Never throws the last data away because a later read failed.

use crate::api::ApiError;
use crate::clock;
use crate::logic::time::Millis;
use crate::reactive::{Memo, Read, RwSignal, effect, memo};
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

/// How fresh a value is, whatever kind of value: all of this is compiled once.
#[derive(Clone, Copy)]
pub struct Freshness {
    /// Whether there is a value.
    pub known: RwSignal<bool>,
    /// Why the last read failed; `None` after a good one.
    pub error: RwSignal<Option<ApiError>>,
    /// When the last good value came.
    pub at: RwSignal<Option<Millis>>,
    /// Whether a read is under way.
    pub busy: RwSignal<bool>,
    round: RwSignal<u64>,
}

impl Freshness {
    fn new() -> Self {
        Self {
            known: RwSignal::new(false),
            error: RwSignal::new(None),
            at: RwSignal::new(None),
            busy: RwSignal::new(false),
            round: RwSignal::new(0),
        }
    }

    /// Reads again now.
    pub fn refresh(self) {
        let _ = self.round.try_update(|round| *round += 1);
    }

    /// Reads again every `period` while the tab is visible and `wanted` says so.
    fn poll(self, period: Duration, wanted: Box<dyn Fn() -> bool>) {
        let timer = set_interval_with_handle(
            move || {
                let idle = self.busy.try_get_untracked() == Some(false);
                if idle && wanted() && may_repeat() {
                    self.refresh();
                }
            },
            period,
        );
        if let Ok(timer) = timer {
            on_cleanup(move || timer.clear());
        }
    }

    /// The value went: it belonged to something else.
    fn forget(self) {
        self.known.set(false);
        self.error.set(None);
        self.at.set(None);
    }

    /// A good value has come.
    fn renew(self) {
        let _ = self.known.try_set(true);
        if self.error.try_with_untracked(Option::is_some) == Some(true) {
            let _ = self.error.try_set(None);
        }
        let _ = self.at.try_set(Some(clock::now_once()));
    }
}

/// A value with its freshness.
pub struct Live<T: Send + Sync + 'static> {
    /// Last good value.
    pub data: RwSignal<Option<T>>,
    /// How fresh it is.
    pub fresh: Freshness,
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
        self.fresh.refresh();
    }

    /// Reads again every `period` while `wanted` says so and the tab is visible.
    pub fn poll_every(self, period: Duration, wanted: impl Fn() -> bool + 'static) {
        self.fresh.poll(period, Box::new(wanted));
    }

    /// Reads again every few seconds while what is there says that it goes on, and the tab is
    /// visible.
    pub fn poll_while(self, goes_on: impl Fn(&T) -> bool + 'static) {
        let wanted = move || {
            let known = self
                .data
                .try_with_untracked(|data| data.as_ref().is_some_and(&goes_on));
            known == Some(true)
        };
        self.fresh.poll(PERIOD, Box::new(wanted));
    }

    /// What is there now and whatever comes after it; the last value stays when the data go.
    pub fn latest(self) -> Option<Memo<T>> {
        let first = self.data.get_untracked()?;
        Some(Memo::new(move |before: Option<&T>| {
            self.data
                .get()
                .or_else(|| before.cloned())
                .unwrap_or_else(|| first.clone())
        }))
    }

    /// Puts a value in that came by another way, such as the answer to a write.
    pub fn put(&self, value: T) {
        let same = self.data.try_with_untracked(|d| d.as_ref() == Some(&value));
        if same == Some(false) {
            let _ = self.data.try_set(Some(value));
        }
        self.fresh.renew();
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
    let this = Live {
        data: RwSignal::new(None),
        fresh: Freshness::new(),
    };
    let next = move || -> Reading {
        let current = key.get();
        let before = known.replace(Some(current.clone()));
        if before.is_some_and(|before| before != current) {
            this.data.set(None);
            this.fresh.forget();
        }
        let fetched = fetch(current);
        Box::pin(async move {
            let value = fetched.await?;
            Ok(Box::new(move || this.put(value)) as Keep)
        })
    };
    drive(this.fresh, Box::new(next));
    if let Some(period) = period {
        this.fresh.poll(period, Box::new(|| true));
    }
    this
}

/// Keeps what was read.
type Keep = Box<dyn FnOnce()>;

/// A read under way.
type Reading = Pin<Box<dyn Future<Output = Result<Keep, ApiError>>>>;

/// Carries out one read after the other, the next one whenever something that it depends on has
/// changed.
#[inline(never)]
fn drive(fresh: Freshness, next: Box<dyn Read<Reading>>) {
    // Counts reads, so that a slow answer never overwrites a newer one.
    let generation = StoredValue::new(0u64);

    effect(move |_| {
        fresh.round.track();
        let reading = next.read();
        let mine = generation.try_update_value(|g| {
            *g += 1;
            *g
        });
        fresh.busy.set(true);
        spawn_local(async move {
            let under_way = Counted::new(&READS);
            let outcome = reading.await;
            drop(under_way);
            if generation.try_get_value() != mine || mine.is_none() {
                return;
            }
            let _ = fresh.busy.try_set(false);
            match outcome {
                Ok(keep) => keep(),
                Err(error) => {
                    let _ = fresh.error.try_set(Some(error));
                }
            }
        });
    });
}
