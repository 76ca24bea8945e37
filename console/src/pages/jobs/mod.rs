//! Scheduled jobs: the list, one job, and how new ones begin. The address holds filter and page.

mod actions;
mod detail;
mod devices;
mod failures;
mod schedule;
mod waves;
pub(crate) mod words;

pub use detail::JobPage;
pub use schedule::SchedulePage;

use crate::api::jobs::{self as api, Job, JobPage as Page};
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::pager::{Pager, page_number};
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::job_filter::{JobFilter, KINDS, RowFilter, STATES};
use crate::logic::number::grouped;
use crate::reactive::{Callback, For, Memo, derive, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use words::{CountsBar, StateBadge, action_words, state_words};

/// The list.
#[component]
pub fn JobsPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || JobFilter::read(&search.get()));
    let page = live(move || filter.get(), None, api::list);
    page.poll_while(|page: &Page| page.jobs.iter().any(Job::is_under_way));
    let navigate = use_navigate();
    let change = Callback::new(move |filter: JobFilter| {
        let options = routes::page_of(&filter.cursors);
        navigate(&routes::jobs(&filter), options);
    });
    list_keys();
    view! {
        <PageTitle text=wording(word!(jobs.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(jobs.title)}</h1>
                <p class="lead">{tr!(jobs.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(jobs.refresh))
                    icon=Icon::Refresh
                    on_press=move |()| page.refresh()
                />
                <ScheduleLink/>
            </div>
        </div>
        <section class="card" aria-label=tr!(jobs.table)>
            <Filters filter change/>
            {live_view(page, 6, move |data| listed(data, filter, change))}
        </section>
    }
}

/// Leads to scheduling; a role that may not sees why.
#[component]
fn ScheduleLink() -> impl IntoView {
    part(move || {
        if may(Permission::JobsWrite) {
            view! {
                <a class="btn primary" href=routes::schedule()>
                    <IconView icon=Icon::Plus/><span>{tr!(jobs.schedule)}</span>
                </a>
            }
            .into_any()
        } else {
            view! {
                <Button
                    label=wording(word!(jobs.schedule))
                    icon=Icon::Plus
                    weight=Weight::Primary
                    permission=Permission::JobsWrite
                    on_press=|()| ()
                />
            }
            .into_any()
        }
    })
}

#[component]
fn Filters(filter: Memo<JobFilter>, change: Callback<JobFilter>) -> impl IntoView {
    let kinds = vec![
        ("", wording(word!(jobs.all_kinds))),
        (KINDS[0], wording(word!(jobs.kind_twin))),
        (KINDS[1], wording(word!(jobs.kind_method))),
    ];
    let mut states = vec![("", wording(word!(jobs.all_states)))];
    states.extend(STATES.map(|state| {
        let words = derive(move || state_words(state).to_owned());
        (state, words)
    }));
    view! {
        <div class="filter" role="search" aria-label=tr!(jobs.filters)>
            <SelectField
                inline=true
                label=wording(word!(jobs.filter_status))
                value=derive(move || filter.with(|f| f.status.clone()))
                on_change=move |status| change.run(JobFilter {
                    status,
                    kind: filter.with_untracked(|f| f.kind.clone()),
                    cursors: Vec::new(),
                })
                options=states
            />
            <SelectField
                inline=true
                label=wording(word!(jobs.filter_kind))
                value=derive(move || filter.with(|f| f.kind.clone()))
                on_change=move |kind| change.run(JobFilter {
                    kind,
                    status: filter.with_untracked(|f| f.status.clone()),
                    cursors: Vec::new(),
                })
                options=kinds
            />
            {move || filter.with(JobFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(JobFilter::default())
                />
            })}
        </div>
    }
}

fn listed(data: Memo<Page>, filter: Memo<JobFilter>, change: Callback<JobFilter>) -> impl IntoView {
    let empty = memo(move || data.with(|page| page.jobs.is_empty()));
    part(move || {
        if !empty.get() {
            return view! {
                <JobTable data/>
                <Pager
                    label=wording(word!(jobs.pages))
                    place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                    cursors=derive(move || filter.with(|f| f.cursors.clone()))
                    next=derive(move || data.with(|page| page.cursor.clone()))
                    on_change=move |cursors| change.run(JobFilter { cursors, ..filter.get_untracked() })
                />
            }
            .into_any();
        }
        if filter.with(|f| f.narrows() || !f.cursors.is_empty()) {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(jobs.no_match_title))
                    text=wording(word!(jobs.no_match_text))
                >
                    <Button label=wording(word!(devices.clear))
                        on_press=move |()| change.run(JobFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Clock
                    title=wording(word!(jobs.empty_title))
                    text=wording(word!(jobs.empty_text))
                >
                    <ScheduleLink/>
                </EmptyState>
            }
            .into_any()
        }
    })
}

#[component]
fn JobTable(data: Memo<Page>) -> impl IntoView {
    let ids = memo(move || {
        data.with(|page| {
            page.jobs
                .iter()
                .map(|job| job.job_id.clone())
                .collect::<Vec<_>>()
        })
    });
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(jobs.table)>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{tr!(jobs.column_job)}</th>
                        <th scope="col">{tr!(jobs.column_action)}</th>
                        <th scope="col">{tr!(jobs.column_state)}</th>
                        <th scope="col">{tr!(jobs.column_start)}</th>
                        <th scope="col" class="grow">{tr!(jobs.column_progress)}</th>
                        <th scope="col" class="num">{tr!(jobs.column_done)}</th>
                        <th scope="col" class="num">{tr!(jobs.column_failed)}</th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || ids.get() key=String::clone let(id)>
                        <Row id data/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(id: String, data: Memo<Page>) -> impl IntoView {
    let address = routes::job(&id, &RowFilter::default());
    let shown = id.clone();
    let job = Memo::new(move |before: Option<&Job>| {
        let found = data.with(|page| page.jobs.iter().find(|job| job.job_id == id).cloned());
        found.or_else(|| before.cloned()).unwrap_or_default()
    });
    let counts = memo(move || job.with(|job| job.device_job_statistics));
    view! {
        <tr>
            <th scope="row"><a class="mono" data-row="" href=address>{shown}</a></th>
            <td class="clip">{move || job.with(action_words)}</td>
            <td><StateBadge job/></td>
            <td><Ago at=derive(move || job.with(|job| job.start_time.clone()))/></td>
            <td class="grow"><div class="job-bar"><CountsBar counts/></div></td>
            <td class="num">{move || counts.with(|c| fill(
                t().jobs.done_of,
                &[("n", &grouped(c.ended())), ("total", &grouped(c.device_count))],
            ))}</td>
            <td class="num">{move || failed_count(counts.get().of("failed"))}</td>
        </tr>
    }
}

/// A number that stands out unless it is zero.
fn failed_count(n: u64) -> AnyView {
    match n {
        0 => view! { <span class="dim">"0"</span> }.into_any(),
        some => view! { <b class="bad-text">{grouped(some)}</b> }.into_any(),
    }
}
