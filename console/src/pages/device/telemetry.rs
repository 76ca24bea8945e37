//! Telemetry tab: a live tail over server-sent events with pause, and a chart of the numbers in
//! it. Arrivals are gathered per frame, so that a fast device costs one update per frame.

use super::Shared;
use super::telemetry_chart::Chart;
use super::telemetry_rows::Tail;
use crate::api::events::{EventStream, HubEvent, StreamState};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::state_view::EmptyState;
use crate::i18n::{count, fill, t, tr, wording};
use crate::logic::number::grouped;
use crate::logic::telemetry_buffer::{MOST_ROWS, TelemetryBuffer};
use crate::logic::time::{self, Millis};
use crate::logic::url_state::{query_value, with_value};
use crate::reactive::{Memo, RwSignal, effect, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use std::collections::VecDeque;
use std::sync::Arc;

/// A row of the tail.
#[derive(Debug)]
pub struct TailRow {
    /// Unique in this tail.
    pub key: u64,
    /// When the hub stored it.
    pub at: Millis,
    /// The event.
    pub event: HubEvent,
}

/// The rows as all parts of the tab see them.
pub type Rows = RwSignal<TelemetryBuffer<Arc<TailRow>>>;

/// The tab. `?from=earliest` replays what is kept, `?show=telemetry` hides the hub's own events,
/// `?paths=` names the lines of the chart.
#[component]
pub fn TelemetryTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let location = use_location();
    let search = location.search;
    let from = memo(move || {
        if query_value(&search.get(), "from").as_deref() == Some("earliest") {
            "earliest"
        } else {
            "latest"
        }
    });
    let telemetry_only =
        memo(move || query_value(&search.get(), "show").as_deref() == Some("telemetry"));
    let navigate = use_navigate();
    let write = Callback::new(move |(name, value): (&'static str, String)| {
        let search = with_value(&search.get_untracked(), name, &value);
        let options = routes::same_screen();
        navigate(
            &format!("{}{search}", location.pathname.get_untracked()),
            options,
        );
    });

    let rows: Rows = RwSignal::new(TelemetryBuffer::new());
    let state = RwSignal::new(StreamState::Connecting);
    let attempt = RwSignal::new(0u32);
    let stream = StoredValue::new_local(None::<EventStream>);
    effect(move |_| {
        attempt.track();
        let from = from.get();
        rows.update(TelemetryBuffer::clear);
        state.set(StreamState::Connecting);
        let take = gather(rows);
        let opened = shared.id.with_value(|id| {
            EventStream::open(id, from, take, move |now| {
                let _ = state.try_set(now);
            })
        });
        if opened.is_none() {
            state.set(StreamState::Closed);
        }
        stream.set_value(opened);
    });
    on_cleanup(move || {
        let _ = stream.try_update_value(Option::take);
    });

    let empty = memo(move || rows.with(|r| r.len() == 0));
    view! {
        <Chart rows write/>
        <section class="card" aria-labelledby="tail-title">
            <header class="wrap-row">
                <h2 id="tail-title">{tr!(telemetry.tail_title)}</h2>
                <StreamBadge state rows/>
                <span class="dim" role="status">{move || rows.with(|r| {
                    count(r.len() as u64, t().telemetry.rows_one, t().telemetry.rows_other)
                })}</span>
                <span class="more wrap-row">
                    <SelectField
                        inline=true
                        label=wording(|t| t.telemetry.from)
                        value=Signal::derive(move || from.get().to_owned())
                        on_change=move |value: String| write.run(("from", if value == "earliest" { value } else { String::new() }))
                        options=vec![
                            ("latest", wording(|t| t.telemetry.from_latest)),
                            ("earliest", wording(|t| t.telemetry.from_earliest)),
                        ]
                    />
                    <SelectField
                        inline=true
                        label=wording(|t| t.telemetry.show)
                        value=Signal::derive(move || (if telemetry_only.get() { "telemetry" } else { "all" }).to_owned())
                        on_change=move |value: String| write.run(("show", if value == "telemetry" { value } else { String::new() }))
                        options=vec![
                            ("all", wording(|t| t.telemetry.show_all)),
                            ("telemetry", wording(|t| t.telemetry.show_telemetry)),
                        ]
                    />
                    <PauseButton rows/>
                    <Button
                        label=wording(|t| t.telemetry.clear)
                        on_press=move |()| rows.update(TelemetryBuffer::clear)
                        disabled=Signal::derive(move || empty.get())
                    />
                </span>
            </header>
            <StreamTrouble state on_retry=move |()| attempt.update(|n| *n += 1)/>
            {move || if empty.get() {
                view! { <Waiting shared from write/> }.into_any()
            } else {
                view! { <Tail rows telemetry_only/> }.into_any()
            }}
            {move || rows.with(|r| (r.dropped() > 0).then(|| r.dropped())).map(|dropped| view! {
                <p class="card-note dim">{fill(t().telemetry.capped, &[
                    ("n", &MOST_ROWS.to_string()),
                    ("dropped", &grouped(dropped)),
                ])}</p>
            })}
        </section>
    }
}

/// Collects arrivals and hands them over once per frame; while the tab is hidden no frame comes,
/// so what waits is capped too.
fn gather(rows: Rows) -> impl Fn(HubEvent) + 'static {
    let waiting = StoredValue::new_local(VecDeque::<Arc<TailRow>>::new());
    let next = StoredValue::new(0u64);
    let scheduled = StoredValue::new(false);
    move |event| {
        let Some(key) = next.try_update_value(|n| {
            *n += 1;
            *n
        }) else {
            return;
        };
        let at = time::parse(&event.enqueued_time).unwrap_or_else(crate::clock::now_once);
        waiting.update_value(|all| {
            all.push_back(Arc::new(TailRow { key, at, event }));
            if all.len() > MOST_ROWS {
                all.pop_front();
            }
        });
        if scheduled.try_get_value() == Some(false) {
            scheduled.set_value(true);
            request_animation_frame(move || {
                let Some(arrived) = waiting.try_update_value(std::mem::take) else {
                    return;
                };
                scheduled.set_value(false);
                let _ =
                    rows.try_update(|buffer| arrived.into_iter().for_each(|row| buffer.push(row)));
            });
        }
    }
}

#[component]
fn StreamBadge(state: RwSignal<StreamState>, rows: Rows) -> impl IntoView {
    let paused = memo(move || rows.with(TelemetryBuffer::is_paused));
    let tone = Signal::derive(move || match (state.get(), paused.get()) {
        (StreamState::Open, true) => Tone::Warn,
        (StreamState::Open, false) => Tone::Ok,
        (StreamState::Connecting, _) => Tone::Info,
        (StreamState::Lagged | StreamState::Closed, _) => Tone::Bad,
    });
    let text = Signal::derive(move || {
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

#[component]
fn StreamTrouble(
    state: RwSignal<StreamState>,
    #[prop(into)] on_retry: Callback<()>,
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
                        <Button label=wording(|t| t.telemetry.reopen) on_press=on_retry/>
                    </div>
                })
            }}
        </div>
    }
}

#[component]
fn PauseButton(rows: Rows) -> impl IntoView {
    let paused = memo(move || rows.with(TelemetryBuffer::is_paused));
    let label = Signal::derive(move || {
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

#[component]
fn Waiting(
    shared: Shared,
    from: Memo<&'static str>,
    write: Callback<(&'static str, String)>,
) -> impl IntoView {
    let text = Signal::derive(move || {
        let words = &t().telemetry;
        (if shared.connected() {
            words.waiting_connected
        } else {
            words.waiting_disconnected
        })
        .to_owned()
    });
    view! {
        <EmptyState icon=Icon::Pulse title=wording(|t| t.telemetry.waiting_title) text>
            {move || (from.get() == "latest").then(|| view! {
                <Button
                    label=wording(|t| t.telemetry.show_kept)
                    on_press=move |()| write.run(("from", "earliest".to_owned()))
                />
            })}
        </EmptyState>
    }
}
