//! Why devices failed, the most frequent cause first.

use crate::api::jobs::{Failures, Job};
use crate::components::state_view::live_view;
use crate::i18n::{fill, t, tr};
use crate::live::Live;
use crate::logic::job_failures::Cluster;
use crate::logic::number::grouped;
use crate::reactive::{Memo, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;

/// The card; nothing before a device was chosen.
#[component]
pub fn FailuresCard(
    /// What is known of them.
    failures: Live<Failures>,
    /// The job.
    data: Memo<Job>,
) -> impl IntoView {
    let begun = memo(move || data.with(|job| job.device_job_statistics.device_count > 0));
    part(move || {
        begun.get().then(|| {
            view! {
                <section class="card" aria-labelledby="failures-title">
                    <header><h2 id="failures-title">{tr!(jobs.failures)}</h2></header>
                    {live_view(failures, 2, |data| part(move || table(data.get())))}
                </section>
            }
        })
    })
}

fn table(failures: Failures) -> AnyView {
    if failures.clusters.is_empty() {
        return view! { <p class="body sub">{tr!(jobs.failures_none)}</p> }.into_any();
    }
    let seen = failures.seen;
    let rows = failures.clusters.into_iter().map(row).collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby="failures-title">
            <table>
                <thead><tr>
                    <th scope="col" class="num">{tr!(jobs.column_devices)}</th>
                    <th scope="col" class="grow">{tr!(jobs.column_cause)}</th>
                    <th scope="col">{tr!(jobs.column_example)}</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {(!failures.is_all).then(|| view! {
            <p class="card-note dim">{move || fill(t().jobs.failures_seen, &[("n", &grouped(seen))])}</p>
        })}
    }
    .into_any()
}

fn row(cluster: Cluster) -> impl IntoView {
    let (code, answered) = (cluster.code, cluster.answered);
    let name = move || match answered {
        Some(status) => fill(t().jobs.answered, &[("status", &status.to_string())]),
        None => code.clone(),
    };
    view! {
        <tr>
            <th scope="row" class="num"><b class="bad-text">{grouped(cluster.devices)}</b></th>
            <td class="wrapping"><b>{part(name)}</b> <div class="sub">{cluster.text}</div></td>
            <td><a class="mono" href=routes::device(&cluster.first, Tab::Identity)>{cluster.first.clone()}</a></td>
        </tr>
    }
}
