//! What stands around a tail: how its stream is, holding it, and what is not shown.

use super::{RUNNING, Rows};
use crate::api::events::StreamState;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::i18n::{fill, t, word, wording};
use crate::logic::number::grouped;
use crate::logic::telemetry_buffer::{MOST_ROWS, TelemetryBuffer};
use crate::reactive::{Callback, RwSignal, derive, memo, part};
use leptos::prelude::*;

/// How the stream stands.
#[component]
pub fn StreamBadge(
    /// The stream.
    state: RwSignal<StreamState>,
    /// Its rows, which may be held back.
    rows: Rows,
) -> impl IntoView {
    let paused = memo(move || rows.with(TelemetryBuffer::is_paused));
    let tone = derive(move || match (state.get(), paused.get()) {
        (StreamState::Open, true) => Tone::Warn,
        (StreamState::Open, false) => Tone::Ok,
        (StreamState::Connecting, _) => Tone::Info,
        (StreamState::Lagged | StreamState::Closed, _) => Tone::Bad,
    });
    let text = derive(move || {
        let words = &t().telemetry;
        match (state.get(), paused.get()) {
            (StreamState::Open, true) => words.stream_paused.to_owned(),
            (StreamState::Open, false) => words.stream_open.to_owned(),
            (StreamState::Connecting, _) => words.stream_connecting.to_owned(),
            (StreamState::Lagged | StreamState::Closed, _) => t().common.disconnected.to_owned(),
        }
    });
    view! { <span role="status"><Badge tone text/></span> }
}

/// Why nothing comes any more, with a way to go on.
#[component]
pub fn StreamTrouble(
    /// The stream.
    state: RwSignal<StreamState>,
    /// Opens it again.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    view! {
        <div role="alert">
            {move || {
                let words = match state.get() {
                    StreamState::Lagged => t().telemetry.stream_lagged,
                    StreamState::Closed => t().telemetry.stream_closed,
                    _ => return None,
                };
                Some(view! {
                    <div class="notice bad flush">
                        <div class="grow">{words}</div>
                        <Button label=wording(word!(telemetry.reopen)) on_press=on_retry/>
                    </div>
                })
            }}
        </div>
    }
}

/// Holds arrivals back, and lets them in again.
#[component]
pub fn PauseButton(
    /// The rows.
    rows: Rows,
) -> impl IntoView {
    let paused = memo(move || rows.with(TelemetryBuffer::is_paused));
    let label = derive(move || {
        let words = &t().telemetry;
        match (paused.get(), rows.with(TelemetryBuffer::waiting)) {
            (false, _) => words.pause.to_owned(),
            (true, 0) => words.resume.to_owned(),
            (true, n) => fill(words.resume_waiting, &[("n", &n.to_string())]),
        }
    });
    let toggle = move |()| {
        rows.update(|r| if r.is_paused() { r.resume() } else { r.pause() });
    };
    part(move || {
        let (icon, weight) = if paused.get() {
            (Icon::Play, Weight::Primary)
        } else {
            (Icon::Pause, Weight::Normal)
        };
        view! { <Button label icon weight on_press=toggle/> }
    })
}

/// What is not shown, and why.
#[component]
pub fn TailNote(
    /// The rows.
    rows: Rows,
) -> impl IntoView {
    let (n, running) = (MOST_ROWS.to_string(), RUNNING.to_string());
    let dropped = memo(move || rows.with(TelemetryBuffer::dropped));
    let hidden = memo(move || rows.with(|rows| !rows.is_paused() && rows.len() > RUNNING));
    let words = move || {
        let words = &t().telemetry;
        let kept = (dropped.get() > 0).then(|| {
            fill(
                words.capped,
                &[("n", &n), ("dropped", &grouped(dropped.get()))],
            )
        });
        let shown = hidden
            .get()
            .then(|| fill(words.running, &[("n", &running)]));
        (kept.is_some() || shown.is_some()).then(|| {
            view! {
                <p class="card-note dim">{kept} " " {shown}</p>
            }
        })
    };
    part(words)
}
