//! The chart above the live tail: any numeric paths found in the messages, up to four at a time.
//! Without a choice in the address the first path is drawn.

use crate::components::chart::{LineChart, MOST_SERIES, Series};
use crate::components::tail::Rows;
use crate::i18n::{t, tr};
use crate::logic::number::measure;
use crate::logic::numeric_paths::{find, pick};
use crate::logic::scale::with_gaps;
use crate::logic::url_state::query_value;
use crate::reactive::{Callback, For, Memo, memo};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::sorting::sort_by;

/// Paths offered at most; messages are untrusted.
const MOST_PATHS: usize = 40;
/// Newest messages searched for paths.
const SEARCHED: usize = 20;

/// The card.
#[component]
pub fn Chart(
    /// The tail.
    rows: Rows,
    /// Writes a value into the address.
    write: Callback<(&'static str, String)>,
) -> impl IntoView {
    let search = use_location().search;
    // Paths stay once seen, so that the choices do not jump while messages pass.
    let paths = Memo::new(move |before: Option<&Vec<String>>| {
        let mut known = before.cloned().unwrap_or_default();
        rows.with(|r| {
            if r.len() == 0 {
                return;
            }
            for row in r
                .rows()
                .rev()
                .take(SEARCHED)
                .filter(|row| row.event.is_telemetry())
            {
                for path in row.event.body.iter().flat_map(find) {
                    if known.len() < MOST_PATHS && !known.contains(&path) {
                        known.push(path);
                    }
                }
            }
        });
        known
    });
    let wanted = memo(move || {
        query_value(&search.get(), "paths").map(|text| {
            text.split('\n')
                .filter(|p| !p.is_empty())
                .take(MOST_SERIES)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    });
    let chosen = memo(move || match wanted.get() {
        Some(paths) => paths,
        None => paths.with(|all| all.iter().take(1).cloned().collect()),
    });
    let series = memo(move || {
        let chosen = chosen.get();
        rows.with(|r| {
            chosen
                .iter()
                .map(|path| {
                    let mut points: Vec<(f64, f64)> = r
                        .rows()
                        .filter(|row| row.event.is_telemetry())
                        .filter_map(|row| Some((row.at, pick(row.event.body.as_ref()?, path)?)))
                        .collect();
                    sort_by(&mut points, |a, b| a.0.total_cmp(&b.0));
                    Series {
                        name: path.clone(),
                        samples: with_gaps(points),
                    }
                })
                .collect::<Vec<_>>()
        })
    });
    let drawable = memo(move || series.with(|all| all.iter().any(|s| s.samples.len() > 1)));
    let toggle = Callback::new(move |path: String| {
        let mut next = chosen.get_untracked();
        match next.iter().position(|p| *p == path) {
            Some(at) => {
                next.remove(at);
            }
            None if next.len() < MOST_SERIES => next.push(path),
            None => return,
        }
        // An empty choice must not fall back to the default: a lone separator says so.
        let text = if next.is_empty() {
            "\n".to_owned()
        } else {
            next.join("\n")
        };
        write.run(("paths", text));
    });
    view! {
        <section class="card" aria-labelledby="chart-title">
            <header class="wrap-row">
                <h2 id="chart-title">{tr!(telemetry.chart_title)}</h2>
                <div class="chips" role="group" aria-label=tr!(telemetry.chart_pick)>
                    <For each=move || paths.get() key=|path| path.clone() let(path)>
                        <Chip path chosen series toggle/>
                    </For>
                </div>
            </header>
            <div class="body">
                {move || match (drawable.get(), paths.with(Vec::is_empty), chosen.with(Vec::is_empty)) {
                    (true, _, _) => view! { <LineChart series/> }.into_any(),
                    (false, true, _) => view! { <p class="chart-empty dim">{tr!(telemetry.chart_none)}</p> }.into_any(),
                    (false, false, true) => view! { <p class="chart-empty dim">{tr!(telemetry.chart_pick_some)}</p> }.into_any(),
                    (false, false, false) => view! { <p class="chart-empty dim">{tr!(telemetry.chart_waiting)}</p> }.into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn Chip(
    path: String,
    chosen: Memo<Vec<String>>,
    series: Memo<Vec<Series>>,
    toggle: Callback<String>,
) -> impl IntoView {
    let path = StoredValue::new(path);
    let place =
        memo(move || path.with_value(|path| chosen.with(|all| all.iter().position(|p| p == path))));
    let full = memo(move || place.get().is_none() && chosen.with(|all| all.len() >= MOST_SERIES));
    let last = move || {
        place.get()?;
        series.with(|all| {
            let samples =
                path.with_value(|path| all.iter().find(|s| s.name == *path).map(|s| &s.samples))?;
            samples
                .iter()
                .rev()
                .find_map(|(_, value)| *value)
                .map(measure)
        })
    };
    view! {
        <button
            type="button"
            class="chip"
            class:c1=move || place.get() == Some(0)
            class:c2=move || place.get() == Some(1)
            class:c3=move || place.get() == Some(2)
            class:c4=move || place.get() == Some(3)
            aria-pressed=move || if place.get().is_some() { "true" } else { "false" }
            aria-disabled=move || full.get().then_some("true")
            title=move || full.get().then(|| t().telemetry.chart_too_many)
            on:click=move |_| toggle.run(path.get_value())
        >
            <span class="mono">{path.get_value()}</span>
            {move || last().map(|value| view! { <b>{value}</b> })}
        </button>
    }
}
