//! The records as rows; one opens at a time, and the address says which.

use super::detail::Detail;
use super::names;
use crate::api::audit::AuditRecord;
use crate::clock;
use crate::components::badge::{Badge, Tone};
use crate::components::icon::{Icon, IconView};
use crate::i18n::{fill, t, tr};
use crate::logic::audit_filter::AuditFilter;
use crate::logic::time;
use crate::preferences::offset_minutes;
use crate::reactive::{Callback, For, Memo, derive, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;

/// Columns of the table.
const COLUMNS: &str = "6";

/// The table.
#[component]
pub fn RecordTable(
    /// What is shown.
    all: Memo<Vec<AuditRecord>>,
    /// The filter of the address.
    filter: Memo<AuditFilter>,
    /// Writes a new one.
    change: Callback<AuditFilter>,
) -> impl IntoView {
    let zone = move || {
        let now = clock::now_once();
        fill(
            t().audit.column_when,
            &[("zone", &time::offset_name(offset_minutes(now)))],
        )
    };
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(audit.table)>
            <table class="records">
                <thead>
                    <tr>
                        <th scope="col">{part(zone)}</th>
                        <th scope="col">{tr!(audit.column_who)}</th>
                        <th scope="col">{tr!(audit.column_what)}</th>
                        <th scope="col" class="grow">{tr!(audit.column_target)}</th>
                        <th scope="col">{tr!(audit.column_result)}</th>
                        <th scope="col">{tr!(audit.column_source)}</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || all.get() key=AuditRecord::place let(record)>
                        <Record record filter change/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Record(
    record: AuditRecord,
    filter: Memo<AuditFilter>,
    change: Callback<AuditFilter>,
) -> impl IntoView {
    let place = StoredValue::new(record.place());
    let open = memo(move || place.with_value(|place| filter.with(|f| f.record == *place)));
    let toggle = move |_| {
        let mut next = filter.get_untracked();
        next.record = if open.get_untracked() {
            String::new()
        } else {
            place.get_value()
        };
        change.run(next);
    };
    let refused = record.refused();
    let action = StoredValue::new(record.text("action"));
    let spoken = move || {
        let action = action.with_value(|name| names::action(name));
        fill(t().audit.show_change, &[("action", &action)])
    };
    let at = record.text("time");
    let when = {
        let at = at.clone();
        move || time::parse(&at).map(|at| time::date_time(at, offset_minutes(at)))
    };
    let result = record.text("result");
    let source = record.text("source");
    let detail_id = format!("record-{}", record.place());
    let controls = detail_id.clone();
    let shown = StoredValue::new(record.clone());
    view! {
        <tr class="record" class:refused=refused class:open=move || open.get()>
            <th scope="row">
                <button type="button" class="disclosure" data-row=""
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-controls=move || open.get().then(|| controls.clone())
                    on:click=toggle>
                    <IconView icon=Icon::Right/>
                    <time datetime=at>{when}</time>
                    <span class="visually-hidden">" " {part(spoken)}</span>
                </button>
            </th>
            <td>{actor(record.text("actor"))}</td>
            <td>{move || action.with_value(|name| names::action(name))}</td>
            <td class="grow">{target(&record)}</td>
            <td>{outcome(result)}</td>
            <td class="dim mono clip" title=source.clone()>{if source.is_empty() { "–".to_owned() } else { source.clone() }}</td>
        </tr>
        {move || open.get().then(|| view! {
            <tr class="record-detail" id=detail_id.clone()>
                <td colspan=COLUMNS><Detail record=shown.get_value()/></td>
            </tr>
        })}
    }
}

/// What is as it should be stays quiet, so that refusals stand out.
fn outcome(result: String) -> AnyView {
    let tone = match result.as_str() {
        "ok" => {
            return view! { <span class="dim">{tr!(audit.result_ok)}</span> }.into_any();
        }
        "requested" => Tone::Info,
        _ => Tone::Bad,
    };
    let text = derive(move || names::result(&result));
    view! { <Badge tone=Signal::stored(tone) text/> }.into_any()
}

fn actor(recorded: String) -> impl IntoView {
    part(move || {
        let (kind, name) = names::actor(&recorded);
        view! {
            {kind.map(|kind| view! { <span class="dim">{kind}</span> " " })}
            <b>{name}</b>
        }
    })
}

fn target(record: &AuditRecord) -> AnyView {
    let (device, module) = (record.text("deviceId"), record.text("moduleId"));
    if device.is_empty() {
        return match record.named() {
            Some(name) => view! { <code>{name.to_owned()}</code> }.into_any(),
            None => view! { <span class="dim">{tr!(audit.whole_hub)}</span> }.into_any(),
        };
    }
    let tab = if module.is_empty() {
        Tab::Identity
    } else {
        Tab::Modules
    };
    view! {
        <a class="mono" href=routes::device(&device, tab)>{device.clone()}</a>
        {(!module.is_empty()).then(|| view! { <span class="mono dim">" / " {module}</span> })}
    }
    .into_any()
}
