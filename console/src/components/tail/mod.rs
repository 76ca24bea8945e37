//! A live tail: the events of a stream as they come, the newest first. A stream may bring a
//! thousand a second, so nothing here may cost something for each of them: arrivals are gathered,
//! a few times a second the rows change, and only as many rows are built as somebody can read.

mod controls;
mod rows;

pub use controls::{PauseButton, StreamBadge, StreamTrouble, TailNote};
pub use rows::{Tail, saved};

use crate::api::events::{EventStream, HubEvent, StreamState};
use crate::clock;
use crate::logic::telemetry_buffer::{MOST_ROWS, TelemetryBuffer};
use crate::logic::time::{self, Millis};
use crate::reactive::{Memo, RwSignal, effect};
use leptos::prelude::*;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Rows in the document while events come in; held, all that are kept.
pub const RUNNING: usize = 40;
/// Between two changes of the rows. Faster than this nobody reads, and what is typed meanwhile
/// must show at once.
const PAUSE: Millis = 250.0;

/// A row of a tail.
#[derive(Debug)]
pub struct TailRow {
    /// Unique in this tail.
    pub key: u64,
    /// When the hub stored it.
    pub at: Millis,
    /// The event.
    pub event: HubEvent,
    /// What a text is looked for in; made when somebody looks for one.
    words: OnceLock<String>,
}

impl TailRow {
    /// Whether a text in small letters is in body or properties.
    fn holds(&self, text: &str) -> bool {
        text.is_empty() || self.words.get_or_init(|| self.event.words()).contains(text)
    }
}

/// The rows as everybody sees them.
pub type Rows = RwSignal<TelemetryBuffer<Arc<TailRow>>>;

/// How a tail listens.
#[derive(Clone, Copy)]
pub struct Listening {
    /// How the stream stands.
    pub state: RwSignal<StreamState>,
    attempt: RwSignal<u32>,
}

impl Listening {
    /// Opens the stream again.
    pub fn retry(self) {
        self.attempt.update(|n| *n += 1);
    }
}

/// Follows the stream of a query into the rows, which begin anew with each other query, until its
/// owner goes. `count` is told how many have come.
pub fn listen(
    query: Memo<String>,
    rows: Rows,
    count: impl Fn(usize) + Copy + 'static,
) -> Listening {
    let (state, attempt) = (RwSignal::new(StreamState::Connecting), RwSignal::new(0u32));
    let stream = StoredValue::new_local(None::<EventStream>);
    effect(move |_| {
        attempt.track();
        let query = query.get();
        rows.update(TelemetryBuffer::clear);
        state.set(StreamState::Connecting);
        let opened = EventStream::open(&query, gather(rows, count), move |now| {
            let _ = state.try_set(now);
        });
        if opened.is_none() {
            state.set(StreamState::Closed);
        }
        stream.set_value(opened);
    });
    on_cleanup(move || {
        let _ = stream.try_update_value(Option::take);
    });
    Listening { state, attempt }
}

/// Collects arrivals and hands them over together: the first after a silence with the next frame,
/// further ones a few times a second. While the tab is hidden no frame comes, so what waits is
/// capped too. `count` is told how many have come.
fn gather(rows: Rows, count: impl Fn(usize) + Copy + 'static) -> impl Fn(HubEvent) + 'static {
    let waiting = StoredValue::new_local(VecDeque::<Arc<TailRow>>::new());
    let next = StoredValue::new(0u64);
    let scheduled = StoredValue::new(false);
    let last = StoredValue::new(0.0);
    let hand_over = move || {
        let Some(arrived) = waiting.try_update_value(std::mem::take) else {
            return;
        };
        scheduled.set_value(false);
        last.set_value(clock::now_once());
        count(arrived.len());
        let _ = rows.try_update(|buffer| arrived.into_iter().for_each(|row| buffer.push(row)));
    };
    move |event| {
        let Some(key) = next.try_update_value(|n| {
            *n += 1;
            *n
        }) else {
            return;
        };
        let at = time::parse(&event.enqueued_time).unwrap_or_else(clock::now_once);
        waiting.update_value(|all| {
            let words = OnceLock::new();
            all.push_back(Arc::new(TailRow {
                key,
                at,
                event,
                words,
            }));
            if all.len() > MOST_ROWS {
                all.pop_front();
            }
        });
        if scheduled.try_get_value() == Some(false) {
            scheduled.set_value(true);
            let rest = PAUSE - (clock::now_once() - last.get_value());
            if rest <= 0.0 {
                request_animation_frame(hand_over);
            } else {
                let rest = Duration::from_millis(rest.min(PAUSE) as u64);
                set_timeout(move || request_animation_frame(hand_over), rest);
            }
        }
    }
}
