//! Import and export: the jobs with their progress, and how new ones begin. The address holds
//! the job that is open.

mod cancel;
mod check;
mod detail;
mod export;
mod import;
mod jobs;
mod refused;

pub use import::ImportPage;

use crate::api::ApiError;
use crate::api::transfers::{self as api, Job};
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::question::Question;
use crate::components::state_view::{EmptyState, ErrorNote, live_view};
use crate::i18n::{count, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::url_state::query_value;
use crate::reactive::{Callback, Memo, RwSignal, derive, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use export::Export;
use jobs::JobTable;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// The page.
#[component]
pub fn TransfersPage() -> impl IntoView {
    let search = use_location().search;
    let open = memo(move || query_value(&search.get(), "job").unwrap_or_default());
    let jobs = live(|| (), None, |()| api::list());
    jobs.poll_while(|jobs| jobs.iter().any(Job::is_under_way));
    let busy = memo(move || any_under_way(jobs));
    let obstacle = derive(move || busy.get().then(|| t().transfers.under_way.to_owned()));
    let navigate = use_navigate();
    let change = Callback::new(move |job: String| {
        navigate(&routes::transfers(&job), routes::same_screen());
    });
    let exporting = Question::new();
    let shown = move || {
        let words = &t().transfers;
        let all = jobs.data.with(|jobs| jobs.as_ref().map(Vec::len))?;
        Some(count(all as u64, words.shown_one, words.shown_other))
    };
    list_keys();
    view! {
        <PageTitle text=wording(word!(transfers.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(transfers.title)}</h1>
                <p class="lead">{tr!(transfers.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(transfers.export))
                    icon=Icon::Download
                    permission=Permission::HubManage
                    obstacle
                    on_press=move |()| exporting.ask()
                />
                <ImportLink/>
            </div>
        </div>
        <section class="card" aria-label=tr!(transfers.table)>
            <div class="list-head">
                <span class="dim grow" role="status">{part(shown)}</span>
                <Button
                    label=wording(word!(transfers.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| jobs.refresh()
                />
            </div>
            {live_view(jobs, 5, move |data| listed(data, jobs, open, change))}
        </section>
        <Export question=exporting jobs/>
    }
}

/// Leads to the import; a role that may not sees why.
#[component]
fn ImportLink() -> impl IntoView {
    part(move || {
        if may(Permission::HubManage) {
            view! { <a class="btn primary" href=routes::import()><IconView icon=Icon::Upload/><span>{tr!(transfers.import)}</span></a> }.into_any()
        } else {
            view! {
                <Button
                    label=wording(word!(transfers.import))
                    icon=Icon::Upload
                    weight=Weight::Primary
                    permission=Permission::HubManage
                    on_press=|()| ()
                />
            }
            .into_any()
        }
    })
}

fn any_under_way(jobs: Live<Vec<Job>>) -> bool {
    jobs.data
        .with(|jobs| jobs.iter().flatten().any(Job::is_under_way))
}

fn listed(
    data: Memo<Vec<Job>>,
    jobs: Live<Vec<Job>>,
    open: Memo<String>,
    change: Callback<String>,
) -> impl IntoView {
    let empty = memo(move || data.with(Vec::is_empty));
    part(move || {
        if empty.get() {
            view! {
                <EmptyState
                    icon=Icon::Transfer
                    title=wording(word!(transfers.empty_title))
                    text=wording(word!(transfers.empty_text))
                />
            }
            .into_any()
        } else {
            view! { <JobTable data jobs open change/> }.into_any()
        }
    })
}

/// Why a job did not begin: that another one runs is explained, all else is the hub's sentence.
#[component]
fn StartFailure(
    /// What went wrong.
    failure: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let quota = memo(move || {
        failure.with(|error| match error {
            Some(ApiError::Refused { code, text, .. }) => {
                code.as_deref() == Some("JobQuotaExceeded") || text.contains("JobQuotaExceeded")
            }
            _ => false,
        })
    });
    let other = derive(move || failure.get().filter(|_| !quota.get()));
    view! {
        {move || quota.get().then(|| view! {
            <div class="notice warn" role="alert">
                <IconView icon=Icon::Warning/>
                <div><b>{tr!(transfers.quota_title)}</b><div>{tr!(transfers.quota_text)}</div></div>
            </div>
        })}
        <ErrorNote error=other/>
    }
}
