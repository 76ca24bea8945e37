//! The jobs as rows; one opens at a time.

use super::cancel::CancelJob;
use super::detail::Detail;
use crate::api::transfers::Job;
use crate::components::badge::{Badge, Tone};
use crate::components::icon::{Icon, IconView};
use crate::components::meter::Meter;
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr};
use crate::live::Live;
use crate::logic::number::grouped;
use crate::reactive::{Callback, For, Memo, derive, memo};
use leptos::prelude::*;

/// The table.
#[component]
pub fn JobTable(
    /// The jobs.
    data: Memo<Vec<Job>>,
    /// Where they come from.
    jobs: Live<Vec<Job>>,
    /// The job that is open.
    open: Memo<String>,
    /// Opens another one.
    change: Callback<String>,
) -> impl IntoView {
    let ids = memo(move || {
        data.with(|jobs| {
            jobs.iter()
                .map(|job| job.job_id.clone())
                .collect::<Vec<_>>()
        })
    });
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(transfers.table)>
            <table class="records">
                <thead>
                    <tr>
                        <th scope="col">{tr!(transfers.column_started)}</th>
                        <th scope="col">{tr!(transfers.column_kind)}</th>
                        <th scope="col">{tr!(transfers.column_state)}</th>
                        <th scope="col" class="grow">{tr!(transfers.column_progress)}</th>
                        <th scope="col" class="num">{tr!(transfers.column_done)}</th>
                        <th scope="col" class="num">{tr!(transfers.column_refused)}</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || ids.get() key=String::clone let(id)>
                        <Row id data jobs open change/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(
    id: String,
    data: Memo<Vec<Job>>,
    jobs: Live<Vec<Job>>,
    open: Memo<String>,
    change: Callback<String>,
) -> impl IntoView {
    let id = StoredValue::new(id);
    let Some(first) = find(data, id) else {
        return ().into_any();
    };
    let job = Memo::new(move |before: Option<&Job>| {
        find(data, id)
            .or_else(|| before.cloned())
            .unwrap_or_else(|| first.clone())
    });
    let is_open = memo(move || id.with_value(|id| open.get() == *id));
    let toggle = move |_| {
        change.run(if is_open.get_untracked() {
            String::new()
        } else {
            id.get_value()
        });
    };
    let kind = memo(move || kind_words(job.with(Job::is_import)));
    let detail_id = id.with_value(|id| format!("job-{id}"));
    let controls = detail_id.clone();
    let percent = derive(move || job.with(|job| job.progress) as u64);
    let label = derive(move || {
        let n = percent.get().to_string();
        fill(
            t().transfers.progress_of,
            &[("kind", kind.get()), ("n", &n)],
        )
    });
    let goes_on = memo(move || job.with(Job::is_under_way));
    let refused = memo(move || job.with(|job| job.failed_count) as u64);
    view! {
        <tr class="record" class:open=move || is_open.get()>
            <th scope="row">
                <button type="button" class="disclosure" data-row=""
                    aria-expanded=move || if is_open.get() { "true" } else { "false" }
                    aria-controls=move || is_open.get().then(|| controls.clone())
                    on:click=toggle>
                    <IconView icon=Icon::Right/>
                    <Ago at=derive(move || job.with(|job| job.start_time_utc.clone()))/>
                    <span class="visually-hidden">" " {tr!(transfers.show)}</span>
                </button>
            </th>
            <td>{move || kind.get()}</td>
            <td><StateBadge status=derive(move || job.with(|job| job.status.clone()))/></td>
            <td class="grow">
                <div class="progress">
                    <Meter used=percent limit=100 label/>
                    <span class="dim">{move || format!("{} %", percent.get())}</span>
                </div>
            </td>
            <td class="num">{move || grouped(job.with(|job| job.succeeded_count) as u64)}</td>
            <td class="num">{move || match refused.get() {
                0 => view! { <span class="dim">"0"</span> }.into_any(),
                some => view! { <b class="bad-text">{grouped(some)}</b> }.into_any(),
            }}</td>
        </tr>
        {move || is_open.get().then(|| view! {
            <tr class="record-detail" id=detail_id.clone()>
                <td colspan="6">
                    <Detail job/>
                    {move || goes_on.get().then(|| view! { <CancelJob job jobs/> })}
                </td>
            </tr>
        })}
    }
    .into_any()
}

fn find(data: Memo<Vec<Job>>, id: StoredValue<String>) -> Option<Job> {
    data.with(|jobs| id.with_value(|id| jobs.iter().find(|job| job.job_id == *id).cloned()))
}

/// What kind of job. Tracked.
pub fn kind_words(is_import: bool) -> &'static str {
    if is_import {
        t().transfers.import
    } else {
        t().transfers.export
    }
}

#[component]
fn StateBadge(status: Signal<String>) -> impl IntoView {
    let tone = derive(move || {
        status.with(|status| match status.as_str() {
            "completed" => Tone::Ok,
            "failed" => Tone::Bad,
            "running" | "enqueued" => Tone::Info,
            _ => Tone::Neutral,
        })
    });
    let text = derive(move || {
        let words = &t().transfers;
        status.with(|status| {
            match status.as_str() {
                "enqueued" => words.state_enqueued,
                "running" => words.state_running,
                "completed" => words.state_completed,
                "failed" => words.state_failed,
                "cancelled" => words.state_cancelled,
                other => other,
            }
            .to_owned()
        })
    });
    view! { <Badge tone text/> }
}
