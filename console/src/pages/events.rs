//! Everything the hub stores, as it comes in: the live tail of all sources. The address holds the
//! filter. Nothing is kept here but the last few hundred events; whoever needs all reads them with
//! a consumer group.

use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::search_field::SearchField;
use crate::components::state_view::EmptyState;
use crate::components::tail::{
    PauseButton, Rows, StreamBadge, StreamTrouble, Tail, TailNote, listen, saved,
};
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::logic::event_filter::EventFilter;
use crate::logic::number::grouped;
use crate::logic::telemetry_buffer::TelemetryBuffer;
use crate::logic::time;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo, part};
use crate::routes;
use crate::save;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// The page.
#[component]
pub fn EventsPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || EventFilter::read(&search.get()));
    let navigate = use_navigate();
    let change = Callback::new(move |filter: EventFilter| {
        navigate(&routes::events(&filter), routes::same_screen());
    });
    list_keys();

    let rows: Rows = RwSignal::new(TelemetryBuffer::new());
    let came = RwSignal::new(0usize);
    let asked = memo(move || filter.with(EventFilter::stream));
    let listening = listen(asked, rows, move |n| {
        let _ = came.try_update_untracked(|came| *came += n);
    });
    let text = memo(move || filter.with(|filter| filter.text.clone()));
    let all = memo(|| false);
    let empty = memo(move || rows.with(|rows| rows.len() == 0));
    let held = move || {
        let n = rows.with(TelemetryBuffer::len) as u64;
        count(n, t().telemetry.rows_one, t().telemetry.rows_other)
    };
    let export = move |()| {
        let at = time::timestamp(clock::now_once()).replace(':', "");
        let lines = rows.with_untracked(|rows| saved(rows, &text.get_untracked()));
        save::save_pieces(&lines, &format!("events-{at}.ndjson"));
    };
    view! {
        <PageTitle text=wording(word!(events.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(events.title)}</h1>
                <p class="lead">{tr!(events.explained)}</p>
            </div>
            <div class="actions">
                <PauseButton rows/>
                <Button
                    label=wording(word!(events.export))
                    icon=Icon::Download
                    disabled=empty
                    on_press=export
                />
            </div>
        </div>
        <section class="card" aria-labelledby="tail-title">
            <header class="wrap-row">
                <h2 id="tail-title">{tr!(telemetry.tail_title)}</h2>
                <StreamBadge state=listening.state rows/>
                <span class="dim" role="status">{part(held)}</span>
                <span class="more wrap-row">
                    <Rate came/>
                    <Button
                        label=wording(word!(telemetry.clear))
                        weight=Weight::Quiet
                        disabled=empty
                        on_press=move |()| rows.update(TelemetryBuffer::clear)
                    />
                </span>
            </header>
            <Filters filter change/>
            <StreamTrouble state=listening.state on_retry=move |()| listening.retry()/>
            {move || if empty.get() {
                view! {
                    <EmptyState
                        icon=Icon::Pulse
                        title=wording(word!(telemetry.waiting_title))
                        text=wording(word!(events.waiting))
                    >
                        {move || (!filter.with(|filter| filter.replays)).then(|| view! {
                            <Button
                                label=wording(word!(telemetry.show_kept))
                                on_press=move |()| change.run(EventFilter { replays: true, ..filter.get_untracked() })
                            />
                        })}
                    </EmptyState>
                }
                .into_any()
            } else {
                view! { <Tail rows telemetry_only=all text devices=true/> }.into_any()
            }}
            <TailNote rows/>
        </section>
    }
}

/// How many come in a second, over the last one.
#[component]
fn Rate(came: RwSignal<usize>) -> impl IntoView {
    let rate = RwSignal::new(0u64);
    effect(move |before: Option<(f64, usize)>| {
        let (now, came) = (clock::now(), came.get_untracked());
        if let Some((then, had)) = before {
            let seconds = ((now - then) / 1_000.0).max(0.2);
            let by = came.saturating_sub(had) as f64 / seconds;
            let by = by.round() as u64;
            if rate.get_untracked() != by {
                rate.set(by);
            }
        }
        (now, came)
    });
    let words = move || fill(t().events.rate, &[("n", &grouped(rate.get()))]);
    view! { <span class="dim rate">{part(words)}</span> }
}

#[component]
fn Filters(filter: Memo<EventFilter>, change: Callback<EventFilter>) -> impl IntoView {
    let apply = move |set: &dyn Fn(&mut EventFilter)| {
        let mut next = filter.get_untracked();
        set(&mut next);
        if next != filter.get_untracked() {
            change.run(next);
        }
    };
    view! {
        <div class="filter" role="search" aria-label=tr!(events.filters)>
            <SearchField
                main=true
                label=wording(word!(telemetry.text))
                value=derive(move || filter.with(|filter| filter.text.clone()))
                on_change=move |text: String| apply(&|filter| filter.text.clone_from(&text))
            />
            <SearchField
                icon=Icon::Device
                label=wording(word!(events.device))
                value=derive(move || filter.with(|filter| filter.device.clone()))
                on_change=move |device: String| apply(&|filter| filter.device.clone_from(&device))
            />
            <SelectField
                inline=true
                label=wording(word!(events.source))
                value=derive(move || filter.with(|filter| filter.source.clone()))
                on_change=move |source: String| apply(&|filter| filter.source.clone_from(&source))
                options=vec![
                    ("", wording(word!(events.source_all))),
                    ("Telemetry", wording(word!(telemetry.source_telemetry))),
                    ("twinChangeEvents", wording(word!(routing.source_twins))),
                    ("deviceLifecycleEvents", wording(word!(routing.source_life))),
                    ("deviceConnectionStateEvents", wording(word!(routing.source_connections))),
                    ("digitalTwinChangeEvents", wording(word!(routing.source_digital))),
                    ("deviceJobLifecycleEvents", wording(word!(routing.source_jobs))),
                ]
            />
            <SelectField
                inline=true
                label=wording(word!(telemetry.from))
                value=derive(move || filter.with(|filter| if filter.replays { "earliest" } else { "latest" }.to_owned()))
                on_change=move |from: String| apply(&|filter| filter.replays = from == "earliest")
                options=vec![
                    ("latest", wording(word!(telemetry.from_latest))),
                    ("earliest", wording(word!(telemetry.from_earliest))),
                ]
            />
            {move || filter.with(EventFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(EventFilter { replays: filter.with_untracked(|f| f.replays), ..EventFilter::default() })
                />
            })}
        </div>
    }
}
