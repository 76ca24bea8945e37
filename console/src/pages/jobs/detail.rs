//! One job: how far it is, what was asked for, why devices failed, and each of its devices. The
//! address holds the filter and the page of the devices.

use super::actions::Actions;
use super::devices::Devices;
use super::failures::FailuresCard;
use super::waves::Waves;
use super::words::{CountsBar, StateBadge, action_words, lifetime_text, part_class, row_words};
use crate::api::jobs::{self as api, Job};
use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::json_view::JsonView;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Moment;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::job_filter::{JobFilter, ROW_STATES, RowFilter};
use crate::logic::number::{grouped, percent};
use crate::pages::not_found::NotFound;
use crate::reactive::{Memo, derive, effect, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde_json::Value;

/// The page.
#[component]
pub fn JobPage() -> impl IntoView {
    let path = use_location().pathname;
    let id = memo(move || routes::read_job(&path.get()));
    part(move || match id.get() {
        Some(id) => view! { <OneJob id/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    })
}

#[component]
fn OneJob(id: String) -> impl IntoView {
    let id = StoredValue::new(id);
    let job = live(
        move || id.get_value(),
        None,
        |id| async move { api::get(&id).await },
    );
    job.poll_while(Job::is_under_way);
    list_keys();
    view! {
        <PageTitle text=derive(move || id.get_value())/>
        {live_view(job, 8, move |data| {
            let known = memo(move || data.with(|job| !job.job_id.is_empty()));
            part(move || if known.get() {
                view! { <Known id data job/> }.into_any()
            } else {
                view! { <Gone id=id.get_value()/> }.into_any()
            })
        })}
    }
}

/// Reads again whenever the job has come further.
pub fn follow<T: Clone + PartialEq + Send + Sync + 'static>(data: Memo<Job>, what: Live<T>) {
    let stand =
        memo(move || data.with(|job| (job.status.clone(), job.device_job_statistics, job.round)));
    effect(move |before: Option<()>| {
        // Read, not only tracked: a memo that nobody reads never learns of a change.
        stand.with(|_| ());
        if before.is_some() {
            what.refresh();
        }
    });
}

#[component]
fn Known(id: StoredValue<String>, data: Memo<Job>, job: Live<Job>) -> impl IntoView {
    let failures = live(
        move || id.get_value(),
        None,
        |id| async move { api::failures(&id).await },
    );
    follow(data, failures);
    let search = use_location().search;
    let filter = memo(move || RowFilter::read(&search.get()));
    view! {
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(jobs.title)>
                    <a href=routes::jobs(&JobFilter::default())>{tr!(jobs.title)}</a>
                </nav>
                <div class="device-name">
                    <h1 class="mono">{id.get_value()}</h1>
                    <CopyButton text=derive(move || id.get_value()) label=wording(word!(common.copy))
                        icon_only=true weight=Weight::Quiet/>
                    <StateBadge job=data/>
                </div>
            </div>
            <Actions data job failures/>
        </div>
        <Notices data/>
        <div class="grid g21">
            <div class="stack">
                <Progress id data/>
                <Waves data/>
                <FailuresCard failures data/>
            </div>
            <Request data/>
        </div>
        <Devices id data filter/>
    }
}

/// Why the job rests or ended early.
#[component]
fn Notices(data: Memo<Job>) -> impl IntoView {
    let reason = memo(move || data.with(|job| job.failure_reason.clone()));
    let rests = memo(move || data.with(|job| job.paused && job.is_under_way()));
    view! {
        {move || reason.get().map(|why| view! {
            <div class="notice bad" role="note">
                <IconView icon=Icon::Warning/>
                <div><b>{tr!(jobs.failure)}</b><div>{why}</div></div>
            </div>
        })}
        {move || rests.get().then(|| view! {
            <div class="notice warn" role="status">
                <IconView icon=Icon::Pause/>
                <div>{tr!(jobs.rests)}</div>
            </div>
        })}
    }
}

/// How its devices stand; each state leads to its devices.
#[component]
fn Progress(id: StoredValue<String>, data: Memo<Job>) -> impl IntoView {
    let counts = memo(move || data.with(|job| job.device_job_statistics));
    let empty = memo(move || counts.get().device_count == 0);
    let why_empty = move || {
        let not_begun = data.with(|job| matches!(job.status.as_str(), "queued" | "scheduled"));
        if not_begun {
            t().jobs.no_devices_yet
        } else {
            t().jobs.no_devices
        }
    };
    let legend = move || {
        ROW_STATES
            .iter()
            .map(|state| {
                let address = id.with_value(|id| routes::job(id, &RowFilter::of(state)));
                view! {
                    <li>
                        <a href=address><i class=format!("swatch {}", part_class(state))></i>{move || row_words(state)}</a>
                        <b>{move || grouped(counts.get().of(state))}</b>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <section class="card" aria-labelledby="progress-title">
            <header>
                <h2 id="progress-title">{tr!(jobs.progress)}</h2>
                <span class="more dim">{move || {
                    let counts = counts.get();
                    (counts.device_count > 0).then(|| percent(counts.ended(), counts.device_count))
                }}</span>
            </header>
            <div class="body stack">
                {move || if empty.get() {
                    view! { <p class="sub">{part(why_empty)}</p> }.into_any()
                } else {
                    view! { <CountsBar counts/><ul class="legend tight">{legend()}</ul> }.into_any()
                }}
            </div>
        </section>
    }
}

/// What was asked for.
#[component]
fn Request(data: Memo<Job>) -> impl IntoView {
    let time = move |read: fn(&Job) -> Option<String>| derive(move || data.with(read));
    let everybody = memo(move || data.with(|job| job.query_condition == "*"));
    let ended = memo(move || data.with(|job| job.end_time.is_some()));
    let content = memo(move || data.with(content));
    let label = derive(move || {
        (if data.with(Job::writes_twins) {
            t().jobs.change
        } else {
            t().jobs.call
        })
        .to_owned()
    });
    view! {
        <section class="card" aria-labelledby="request-title">
            <header>
                <h2 id="request-title">{tr!(jobs.request)}</h2>
                <span class="more dim">{move || data.with(action_words)}</span>
            </header>
            <dl class="kv body">
                <dt>{tr!(jobs.target)}</dt>
                <dd>{move || if everybody.get() {
                    view! { {tr!(jobs.all_devices)} }.into_any()
                } else {
                    view! { <code class="wrap">{data.with(|job| job.query_condition.clone())}</code> }.into_any()
                }}</dd>
                <dt>{tr!(jobs.created)}</dt>
                <dd><Moment at=time(|job| job.created_time.clone())/></dd>
                <dt>{tr!(jobs.start)}</dt>
                <dd><Moment at=time(|job| job.start_time.clone())/></dd>
                {move || ended.get().then(|| view! {
                    <dt>{tr!(jobs.end)}</dt>
                    <dd><Moment at=time(|job| job.end_time.clone())/></dd>
                })}
                <dt>{tr!(jobs.lifetime)}</dt>
                <dd>{move || lifetime_text(data.with(|job| job.max_execution_time_in_seconds))}</dd>
                {move || data.with(|job| job.round).gt(&0).then(|| view! {
                    <dt>{tr!(jobs.round)}</dt>
                    <dd>{move || grouped(data.with(|job| job.round))}</dd>
                })}
            </dl>
            <h3 class="inner-title">{move || label.get()}</h3>
            <JsonView value=content label/>
        </section>
    }
}

/// The change or the call, without what every one of its kind has.
fn content(job: &Job) -> Value {
    if !job.writes_twins() {
        return job.cloud_to_device_method.clone();
    }
    let mut change = job.update_twin.clone();
    if let Value::Object(members) = &mut change {
        members.remove("etag");
    }
    change
}

#[component]
fn Gone(id: String) -> impl IntoView {
    let title = derive(move || fill(t().jobs.gone_title, &[("id", &id)]));
    view! {
        <h1 class="visually-hidden">{move || title.get()}</h1>
        <section class="card">
            <EmptyState icon=Icon::Clock title text=wording(word!(jobs.gone_text))>
                <a class="btn" href=routes::jobs(&JobFilter::default())>{tr!(jobs.to_list)}</a>
            </EmptyState>
        </section>
    }
}
