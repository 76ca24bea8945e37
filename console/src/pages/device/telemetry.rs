//! Telemetry tab: a live tail over server-sent events with pause and filters, and a chart of the
//! numbers in it.

use super::Shared;
use super::telemetry_chart::Chart;
use crate::components::button::Button;
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::search_field::SearchField;
use crate::components::state_view::EmptyState;
use crate::components::tail::{
    PauseButton, Rows, StreamBadge, StreamTrouble, Tail, TailNote, listen,
};
use crate::i18n::{count, t, tr, word, wording};
use crate::logic::telemetry_buffer::TelemetryBuffer;
use crate::logic::url_state::{query_value, with_value, write_query};
use crate::reactive::{Callback, Memo, RwSignal, derive, memo};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// The tab. `?from=earliest` replays what is kept, `?show=telemetry` hides the hub's own events,
/// `?text=` those without a text, `?paths=` names the lines of the chart.
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
    let text = memo(move || query_value(&search.get(), "text").unwrap_or_default());
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
    let asked = memo(move || {
        let id = shared.id.get_value();
        write_query([("from", from.get().to_owned()), ("deviceId", id)])
    });
    let listening = listen(asked, rows, |_| ());

    let empty = memo(move || rows.with(|r| r.len() == 0));
    view! {
        <Chart rows write/>
        <section class="card" aria-labelledby="tail-title">
            <header class="wrap-row">
                <h2 id="tail-title">{tr!(telemetry.tail_title)}</h2>
                <StreamBadge state=listening.state rows/>
                <span class="dim" role="status">{move || rows.with(|r| {
                    count(r.len() as u64, t().telemetry.rows_one, t().telemetry.rows_other)
                })}</span>
                <span class="more wrap-row">
                    <SelectField
                        inline=true
                        label=wording(word!(telemetry.from))
                        value=derive(move || from.get().to_owned())
                        on_change=move |value: String| write.run(("from", if value == "earliest" { value } else { String::new() }))
                        options=vec![
                            ("latest", wording(word!(telemetry.from_latest))),
                            ("earliest", wording(word!(telemetry.from_earliest))),
                        ]
                    />
                    <SelectField
                        inline=true
                        label=wording(word!(telemetry.show))
                        value=derive(move || (if telemetry_only.get() { "telemetry" } else { "all" }).to_owned())
                        on_change=move |value: String| write.run(("show", if value == "telemetry" { value } else { String::new() }))
                        options=vec![
                            ("all", wording(word!(telemetry.show_all))),
                            ("telemetry", wording(word!(telemetry.show_telemetry))),
                        ]
                    />
                    <PauseButton rows/>
                    <Button
                        label=wording(word!(telemetry.clear))
                        on_press=move |()| rows.update(TelemetryBuffer::clear)
                        disabled=derive(move || empty.get())
                    />
                </span>
            </header>
            <div class="filter" role="search" aria-label=tr!(telemetry.filters)>
                <SearchField
                    main=true
                    label=wording(word!(telemetry.text))
                    value=text
                    on_change=move |text: String| write.run(("text", text))
                />
            </div>
            <StreamTrouble state=listening.state on_retry=move |()| listening.retry()/>
            {move || if empty.get() {
                view! { <Waiting shared from write/> }.into_any()
            } else {
                view! { <Tail rows telemetry_only text/> }.into_any()
            }}
            <TailNote rows/>
        </section>
    }
}

#[component]
fn Waiting(
    shared: Shared,
    from: Memo<&'static str>,
    write: Callback<(&'static str, String)>,
) -> impl IntoView {
    let text = derive(move || {
        let words = &t().telemetry;
        (if shared.connected() {
            words.waiting_connected
        } else {
            words.waiting_disconnected
        })
        .to_owned()
    });
    view! {
        <EmptyState icon=Icon::Pulse title=wording(word!(telemetry.waiting_title)) text>
            {move || (from.get() == "latest").then(|| view! {
                <Button
                    label=wording(word!(telemetry.show_kept))
                    on_press=move |()| write.run(("from", "earliest".to_owned()))
                />
            })}
        </EmptyState>
    }
}
