//! What a supervisor wants to see first: what needs a person, what is under way, and which
//! firmware the fleet runs. A look, not a list: each line leads to the list behind it.

use crate::api::ApiError;
use crate::api::alerts::{self as alerts_api, Alert, AlertPage};
use crate::api::jobs::{self as jobs_api, Job, JobPage};
use crate::api::query;
use crate::components::badge::Badge;
use crate::components::meter::Meter;
use crate::components::state_view::live_view;
use crate::components::time_text::Ago;
use crate::i18n::{Word, fill, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::alert_filter::AlertFilter;
use crate::logic::job_filter::{JobFilter, RowFilter};
use crate::logic::json_document::part as part_of;
use crate::logic::number::grouped;
use crate::logic::url_state::DeviceFilter;
use crate::pages::alerts::words as alert_words;
use crate::pages::jobs::words::{CountsBar, action_words};
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use leptos::prelude::*;
use serde_json::Value;
use shared::query::quoted;
use shared::sorting::sort_by;
use std::time::Duration;

/// Lines of a card.
const LINES: usize = 5;
/// Pause between two reads; sums over all twins cost the hub more than its figures do.
const PERIOD: Duration = Duration::from_secs(10);
/// Where devices report which firmware they run (`device-management.md §3`).
const VERSION: &str = "properties.reported.firmware.version";

/// The cards.
#[component]
pub fn AtAGlance() -> impl IntoView {
    let alerts = live(
        || (),
        Some(PERIOD),
        |()| alerts_api::page(AlertFilter::default()),
    );
    let under_way = || JobFilter {
        status: "running".to_owned(),
        ..JobFilter::default()
    };
    let jobs = live(|| (), Some(PERIOD), move |()| jobs_api::list(under_way()));
    let versions = live(|| (), Some(PERIOD), |()| versions());
    view! {
        <div class="grid g3 even glance">
            {card("glance-alerts", word!(overview.attention), routes::alerts(&AlertFilter::default()), live_view(alerts, 3, attention))}
            {card("glance-jobs", word!(overview.under_way), routes::jobs(&under_way()), live_view(jobs, 3, running))}
            {card("glance-firmware", word!(overview.firmware), routes::devices(&DeviceFilter::default()), firmware(versions))}
        </div>
    }
}

fn card(id: &'static str, title: Word, all: String, content: AnyView) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby=id>
            <header>
                <h2 id=id>{wording(title)}</h2>
                <a class="more" href=all>{tr!(overview.absent_all)}</a>
            </header>
            {content}
        </section>
    }
}

/// Nothing to see, in words.
fn nothing(words: Word) -> AnyView {
    view! { <p class="body dim">{wording(words)}</p> }.into_any()
}

/// What was left out, in words.
fn further(more: usize) -> Option<AnyView> {
    let n = more as u64;
    let words = move || fill(t().overview.further, &[("n", &grouped(n))]);
    (more > 0).then(|| view! { <li class="dim">{part(words)}</li> }.into_any())
}

fn attention(page: Memo<AlertPage>) -> impl IntoView {
    part(move || {
        let alerts = page.with(|page| page.items.clone());
        if alerts.is_empty() {
            return nothing(word!(overview.attention_none));
        }
        let more = further(alerts.len().saturating_sub(LINES));
        let lines = alerts.into_iter().take(LINES).map(|alert: Alert| {
            let tone = Signal::stored(alert_words::tone(&alert.severity));
            let severity = alert.severity;
            let words = derive(move || alert_words::severity(&severity).to_owned());
            view! {
                <li>
                    <p class="glance-line"><Badge tone text=words/> <span class="grow">{alert.summary}</span></p>
                    <span class="dim"><Ago at=Signal::stored(Some(alert.opened_at))/></span>
                </li>
            }
        });
        view! { <ul class="glance-list body">{lines.collect_view()}{more}</ul> }.into_any()
    })
}

fn running(page: Memo<JobPage>) -> impl IntoView {
    part(move || {
        let jobs = page.with(|page| page.jobs.clone());
        if jobs.is_empty() {
            return nothing(word!(overview.under_way_none));
        }
        let more = further(jobs.len().saturating_sub(LINES));
        let lines = jobs.into_iter().take(LINES).map(|job: Job| {
            let counts = Signal::stored(job.device_job_statistics);
            let address = routes::job(&job.job_id, &RowFilter::default());
            let id = job.job_id.clone();
            view! {
                <li>
                    <p class="glance-line"><a class="mono grow" href=address>{id}</a> <span class="dim">{move || action_words(&job)}</span></p>
                    <CountsBar counts/>
                </li>
            }
        });
        view! { <ul class="glance-list body">{lines.collect_view()}{more}</ul> }.into_any()
    })
}

/// Which version how many devices report; null: they report none.
type Versions = Vec<(Value, u64)>;

/// Counts the devices of each version, the most first.
async fn versions() -> Result<Versions, ApiError> {
    let text = format!("SELECT {VERSION} AS version, COUNT() AS n FROM devices GROUP BY {VERSION}");
    let mut found = Versions::new();
    let mut from = None;
    loop {
        let page = query::page::<Value>(&text, query::MOST, from.as_deref()).await?;
        found.extend(page.value.iter().map(|row| {
            let n = row.get("n").and_then(Value::as_u64);
            (part_of(row, "version"), n.unwrap_or(0))
        }));
        // A fleet with more versions than that shows its most common ones of these.
        from = page.continuation.filter(|_| found.len() < 1_000);
        if from.is_none() {
            break;
        }
    }
    sort_by(&mut found, |(_, one), (_, other)| other.cmp(one));
    Ok(found)
}

fn firmware(versions: Live<Versions>) -> AnyView {
    live_view(versions, 3, |data| {
        let reported = memo(move || {
            data.with(|all| {
                let all = all.iter();
                all.filter(|(version, _)| !version.is_null()).count()
            })
        });
        part(move || {
            if reported.get() == 0 {
                return nothing(word!(overview.firmware_none));
            }
            let all = data.get();
            let total: u64 = all.iter().map(|(_, n)| n).sum();
            let more = further(all.len().saturating_sub(LINES));
            let lines = all.into_iter().take(LINES).map(|(version, n)| {
                let condition = match &version {
                    Value::Null => format!("NOT IS_DEFINED({VERSION})"),
                    Value::String(version) => format!("{VERSION} = {}", quoted(version)),
                    other => format!("{VERSION} = {other}"),
                };
                let address = routes::devices(&DeviceFilter {
                    condition,
                    ..DeviceFilter::default()
                });
                let is_told = !version.is_null();
                let label = derive(move || match &version {
                    Value::Null => t().overview.firmware_unknown.to_owned(),
                    Value::String(version) => version.clone(),
                    other => other.to_string(),
                });
                view! {
                    <li>
                        <p class="glance-line">
                            <a class="grow" class:mono=is_told href=address>{move || label.get()}</a>
                            <b>{grouped(n)}</b>
                        </p>
                        <Meter used=Signal::stored(n) limit=total label/>
                    </li>
                }
            });
            view! { <ul class="glance-list body">{lines.collect_view()}{more}</ul> }.into_any()
        })
    })
}
