//! Timeline tab: everything that happened to one device, in one list, each with the way to its
//! cause. The address holds the kind shown.

use super::Shared;
use crate::api::ApiError;
use crate::api::audit::AuditRecord;
use crate::api::timeline::{self as api, FIRST, MOST, Told};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::{EmptyState, explain, live_view};
use crate::components::time_text::{Ago, exact};
use crate::i18n::{Word, count, fill, lasting, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::alert_filter::{AlertFilter, Show};
use crate::logic::audit_filter::AuditFilter;
use crate::logic::history_filter::HistoryFilter;
use crate::logic::job_filter::RowFilter;
use crate::logic::json_document::text;
use crate::logic::number::grouped;
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::time;
use crate::logic::timeline::{Entry, Kind, Source, read_kind};
use crate::pages::alerts::words as alert_words;
use crate::pages::audit::names;
use crate::pages::jobs::words as job_words;
use crate::reactive::{Callback, For, Memo, RwSignal, derive, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use serde_json::Value;
use std::time::Duration;

/// Five lists are read each time.
const PERIOD: Duration = Duration::from_secs(5);

/// How a kind is called and looks.
fn kind_words(kind: Kind) -> (Word, Icon) {
    match kind {
        Kind::Connection => (word!(timeline.kind_connection), Icon::Pulse),
        Kind::Twin => (word!(timeline.kind_twin), Icon::Edit),
        Kind::Command => (word!(timeline.kind_command), Icon::Transfer),
        Kind::Job => (word!(timeline.kind_job), Icon::Clock),
        Kind::Alert => (word!(timeline.kind_alert), Icon::Bell),
        Kind::Identity => (word!(timeline.kind_identity), Icon::Record),
    }
}

/// The tab.
#[component]
pub(super) fn TimelineTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let search = use_location().search;
    let kind = memo(move || read_kind(&search.get()));
    let (paused, most) = (RwSignal::new(false), RwSignal::new(FIRST));
    let told = live(
        move || shared.id.get_value(),
        None,
        move |id| async move {
            let connection = shared.connection.data.get_untracked();
            api::timeline(&id, most.get_untracked(), connection).await
        },
    );
    told.poll_every(PERIOD, move || {
        paused.try_get_untracked() == Some(false) && most.try_get_untracked() == Some(FIRST)
    });
    let navigate = use_navigate();
    let show = Callback::new(move |kind: Option<Kind>| {
        let address = shared.id.with_value(|id| routes::timeline(id, kind));
        navigate(&address, routes::same_screen());
    });
    let mut kinds = vec![("", wording(word!(timeline.all_kinds)))];
    kinds.extend(Kind::ALL.map(|kind| (kind.name(), wording(kind_words(kind).0))));
    let stands = memo(move || paused.get() || most.get() > FIRST);
    view! {
        <section class="card" aria-labelledby="timeline-title">
            <header>
                <div>
                    <h2 id="timeline-title">{tr!(timeline.title)}</h2>
                    <p class="sub">{tr!(timeline.explained)}</p>
                </div>
                <span class="more" role="status">
                    {move || {
                        let (tone, words): (Tone, Word) = match stands.get() {
                            true => (Tone::Warn, word!(timeline.stands)),
                            false => (Tone::Ok, word!(timeline.runs)),
                        };
                        view! { <Badge tone=Signal::stored(tone) text=wording(words)/> }
                    }}
                </span>
            </header>
            <div class="filter" role="search" aria-label=tr!(timeline.title)>
                <SelectField
                    inline=true
                    label=wording(word!(timeline.show))
                    value=derive(move || kind.get().map_or("", Kind::name).to_owned())
                    on_change=move |name: String| {
                        show.run(Kind::ALL.into_iter().find(|kind| kind.name() == name));
                    }
                    options=kinds
                />
                <span class="grow"></span>
                {move || {
                    let (label, icon): (Word, Icon) = match stands.get() {
                        true => (word!(timeline.resume), Icon::Play),
                        false => (word!(timeline.pause), Icon::Pause),
                    };
                    view! { <Button label=wording(label) icon on_press=move |()| {
                        let stood = stands.get_untracked();
                        most.set(FIRST);
                        paused.set(!stood);
                        if stood {
                            told.refresh();
                        }
                    }/> }
                }}
                <Button
                    label=wording(word!(history.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| told.refresh()
                />
            </div>
            {live_view(told, 6, move |data| listed(shared, data, told, kind, most, show))}
        </section>
    }
}

fn listed(
    shared: Shared,
    data: Memo<Told>,
    told: Live<Told>,
    kind: Memo<Option<Kind>>,
    most: RwSignal<usize>,
    show: Callback<Option<Kind>>,
) -> impl IntoView {
    let shown = memo(move || {
        data.with(|told| {
            let entries = told.timeline.entries.iter();
            let wanted = entries.filter(|entry| kind.get().is_none_or(|kind| entry.kind == kind));
            wanted.cloned().collect::<Vec<_>>()
        })
    });
    let empty = memo(move || shown.with(Vec::is_empty));
    let missing = memo(move || data.with(|told| told.missing.clone()));
    let more = memo(move || data.with(|told| told.timeline.more));
    let list = move || {
        if !empty.get() {
            return view! {
                <ol class="timeline" aria-labelledby="timeline-title">
                    <For each=move || shown.get() key=key let(entry)>
                        <Happened shared entry/>
                    </For>
                </ol>
            }
            .into_any();
        }
        match kind.get() {
            None => view! {
                <EmptyState
                    icon=Icon::Clock
                    title=wording(word!(timeline.empty_title))
                    text=wording(word!(timeline.empty_text))
                />
            }
            .into_any(),
            Some(_) => view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(timeline.no_match))
                    text=wording(word!(timeline.no_match_text))
                >
                    <Button label=wording(word!(devices.clear)) on_press=move |()| show.run(None)/>
                </EmptyState>
            }
            .into_any(),
        }
    };
    let older = move || {
        let all_read = most.get() >= MOST;
        let older = more.get().then(|| match all_read {
            false => view! {
                <Button
                    label=wording(word!(timeline.older))
                    disabled=told.fresh.busy
                    on_press=move |()| {
                        most.set(MOST);
                        told.refresh();
                    }
                />
            }
            .into_any(),
            true => elsewhere(shared).into_any(),
        });
        older.map(|older| view! { <footer class="card-foot centred">{older}</footer> })
    };
    view! {
        {move || missing.get().into_iter().map(unread).collect_view()}
        {part(list)}
        {part(older)}
    }
}

/// What tells an entry from the others, and from itself after a change.
fn key(entry: &Entry) -> String {
    let source = match entry.source {
        Source::Sessions => "session",
        Source::Twin => "twin",
        Source::Audit => "audit",
        Source::Operations => "operation",
        Source::Jobs => "job",
        Source::Alerts => "alert",
    };
    let document = &entry.document;
    let of_document = [
        "id", "jobId", "status", "state", "version", "chain", "number",
    ];
    let of_document = of_document.map(|name| match document.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    });
    let (time, times) = (&entry.time, entry.times);
    format!(
        "{source} {time} {times} {} {}",
        entry.act,
        of_document.join(" ")
    )
}

/// A list that could not be read, and why.
fn unread((source, error): (Source, ApiError)) -> impl IntoView {
    let name = move || match source {
        Source::Sessions => t().timeline.kind_connection,
        Source::Twin => t().history.title,
        Source::Audit => t().audit.title,
        Source::Operations => t().operations.title,
        Source::Jobs => t().jobs.title,
        Source::Alerts => t().alerts.title,
    };
    let words = move || {
        let why = explain(&error).0;
        fill(t().timeline.missing, &[("list", name()), ("why", &why)])
    };
    view! { <div class="notice warn flush" role="status">{part(words)}</div> }
}

/// Where what is older stands.
fn elsewhere(shared: Shared) -> impl IntoView {
    let id = shared.id.get_value();
    let operations = OperationsFilter {
        device: id.clone(),
        ..OperationsFilter::default()
    };
    view! {
        <span class="dim">{tr!(timeline.elsewhere)}</span>
        <a href=routes::history(&id, &HistoryFilter::default())>{tr!(history.title)}</a>
        <a href=routes::audit_of(&id)>{tr!(audit.title)}</a>
        <a href=routes::operations(&operations)>{tr!(operations.title)}</a>
    }
}

#[component]
fn Happened(shared: Shared, entry: Entry) -> impl IntoView {
    let (name, icon) = kind_words(entry.kind);
    let at = entry.time.clone();
    let when = {
        let at = at.clone();
        move || exact(&at)
    };
    let tone = tone(&entry);
    let (who, cause) = (actor(&entry), cause(shared, &entry));
    view! {
        <li class="happened">
            <span class="happened-icon" class:bad=tone == Tone::Bad class:warn=tone == Tone::Warn class:ok=tone == Tone::Ok><IconView icon/></span>
            <div class="happened-body">
                <p>{sentence(entry)} {cause}</p>
                <p class="dim">
                    <span>{wording(name)}</span>
                    " · " <time datetime=at.clone()>{part(when)}</time>
                    " · " <Ago at=Signal::stored(Some(at))/>
                    {who}
                </p>
            </div>
        </li>
    }
}

fn tone(entry: &Entry) -> Tone {
    let document = &entry.document;
    match entry.source {
        Source::Sessions if entry.act == "connected" => Tone::Ok,
        Source::Operations => Tone::Bad,
        Source::Audit if AuditRecord(document.clone()).refused() => Tone::Bad,
        Source::Jobs if text(document, "status") == "failed" => Tone::Bad,
        Source::Alerts => alert_words::tone(text(document, "severity")),
        _ => Tone::Neutral,
    }
}

/// What happened, in words.
fn sentence(entry: Entry) -> AnyView {
    let Entry {
        act,
        document,
        times,
        source,
        ..
    } = entry;
    match source {
        Source::Sessions if act == "connected" => {
            view! { <b>{tr!(timeline.connected)}</b> }.into_any()
        }
        Source::Sessions => {
            let seconds = document.get("sessionSeconds").and_then(Value::as_f64);
            let words = move || match seconds {
                Some(seconds) => {
                    let lasted = lasting(time::distance(0.0, seconds * 1000.0));
                    fill(t().timeline.ended_after, &[("lasted", &lasted)])
                }
                None => t().common.disconnected.to_owned(),
            };
            let why = text(&document, "detail").to_owned();
            view! { <b>{part(words)}</b> " " <code class="wrap">{why}</code> }.into_any()
        }
        Source::Twin if times > 1 => {
            let words = move || {
                let words = &t().timeline;
                count(times as u64, words.reports_one, words.reports_other)
            };
            view! { <b>{part(words)}</b> }.into_any()
        }
        Source::Twin => {
            let words: Word = match text(&document, "cause") {
                "device" => word!(timeline.reported),
                "configuration" => word!(timeline.configured),
                "job" => word!(timeline.twin_by_job),
                _ => word!(timeline.twin_changed),
            };
            let patch = document.get("patch").map(Value::to_string);
            let patch = patch.unwrap_or_default();
            view! {
                <b>{wording(words)}</b> " "
                <code class="happened-patch" title=patch.clone()>{patch.clone()}</code>
            }
            .into_any()
        }
        Source::Audit => {
            let record = AuditRecord(document);
            let refused = record.refused().then(|| {
                let result = record.text("result");
                let text = derive(move || names::result(&result));
                view! { " " <Badge tone=Signal::stored(Tone::Bad) text/> }
            });
            let action = record.text("action");
            view! { <b>{move || names::action(&action)}</b> {refused} }.into_any()
        }
        Source::Operations => {
            let why = text(&document, "resultDescription").to_owned();
            let more = document.get("suppressed").and_then(Value::as_f64);
            let more = more.unwrap_or(0.0) as u64;
            let words: Word = match text(&document, "operationName") {
                "deviceConnect" => word!(timeline.refused),
                "messageExpired" | "reject" | "abandon" => word!(messages.dead_title),
                _ => word!(timeline.went_wrong),
            };
            let further =
                move || (more > 0).then(|| fill(t().timeline.and_more, &[("n", &grouped(more))]));
            view! { <b>{wording(words)}</b> " " <span>{why}</span> " " <span class="dim">{part(further)}</span> }
                .into_any()
        }
        Source::Jobs => {
            let status = text(&document, "status").to_owned();
            let id = text(&document, "jobId").to_owned();
            let words = move || {
                let state = job_words::row_words(&status);
                fill(t().timeline.job, &[("id", &id), ("state", state)])
            };
            view! { <b>{part(words)}</b> }.into_any()
        }
        Source::Alerts => {
            let severity = text(&document, "severity").to_owned();
            let tone = Signal::stored(alert_words::tone(&severity));
            let words = derive(move || alert_words::severity(&severity).to_owned());
            let summary = text(&document, "summary").to_owned();
            view! { <Badge tone text=words/> " " <b>{summary}</b> }.into_any()
        }
    }
}

/// Who did it, if anybody.
fn actor(entry: &Entry) -> Option<AnyView> {
    let actor = text(&entry.document, "actor").to_owned();
    (!actor.is_empty()).then(|| {
        part(move || {
            let (kind, name) = names::actor(&actor);
            view! { " · " {kind} " " {name} }
        })
    })
}

/// The way to the cause, or to more about it.
fn cause(shared: Shared, entry: &Entry) -> Option<AnyView> {
    let document = &entry.document;
    let own = |name: &str| text(document, name).to_owned();
    let id = shared.id.get_value();
    let (address, words): (String, Word) = match entry.source {
        Source::Sessions => return None,
        Source::Twin if text(document, "cause") == "configuration" => (
            routes::configuration(text(document, "actor")),
            word!(timeline.to_configuration),
        ),
        Source::Twin => {
            let filter = HistoryFilter {
                version: document.get("version").and_then(Value::as_u64),
                ..HistoryFilter::default()
            };
            (routes::history(&id, &filter), word!(timeline.to_change))
        }
        Source::Audit => {
            let filter = AuditFilter {
                device: id,
                record: AuditRecord(document.clone()).place(),
                ..AuditFilter::default()
            };
            (routes::audit(&filter), word!(timeline.to_record))
        }
        Source::Operations => {
            let filter = OperationsFilter {
                device: id,
                ..OperationsFilter::default()
            };
            (routes::operations(&filter), word!(timeline.to_refusals))
        }
        Source::Jobs => (
            routes::job(&own("jobId"), &RowFilter::default()),
            word!(timeline.to_job),
        ),
        Source::Alerts => {
            let filter = AlertFilter {
                show: Show::All,
                subject: id,
                ..AlertFilter::default()
            };
            (routes::alerts(&filter), word!(timeline.to_alerts))
        }
    };
    Some(view! { " " <a href=address>{wording(words)}</a> }.into_any())
}
