//! Archived devices: the list, and one entry with what is kept of it.

mod actions;
mod entry;
mod outcome;
mod words;

pub use entry::ArchivedPage;

use crate::api::archive::{self as api, ArchiveEntry, ArchivePage as Page};
use crate::components::button::Button;
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::pager::{Pager, page_number};
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Ago;
use crate::i18n::{tr, word, wording};
use crate::live::live;
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::device_rules::{IdProblem, check_device_id};
use crate::logic::url_state::DeviceFilter;
use crate::pages::devices::id_problem;
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use words::{DocumentBadge, actor_words, reason_words};

/// The list.
#[component]
pub fn ArchivePage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || ArchiveFilter::read(&search.get()));
    let problem = memo(move || {
        filter
            .with(|f| check_device_id(&f.device).err())
            .filter(|problem| *problem != IdProblem::Empty)
    });
    // An id that cannot exist is not asked for; the field says why.
    let page = live(
        move || filter.get(),
        None,
        |filter| async move {
            if check_device_id(&filter.device).is_err() && !filter.device.is_empty() {
                return Ok(Page {
                    items: Vec::new(),
                    cursor: None,
                });
            }
            api::page(filter).await
        },
    );
    let navigate = use_navigate();
    let change = Callback::new(move |filter: ArchiveFilter| {
        let options = routes::page_of(&filter.cursors);
        navigate(&routes::archive(&filter), options);
    });
    list_keys();
    view! {
        <PageTitle text=wording(word!(archive.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(archive.title)}</h1>
                <p class="lead">{tr!(archive.explained)}</p>
            </div>
        </div>
        <section class="card" aria-label=tr!(archive.table)>
            <div class="filter" role="search" aria-label=tr!(archive.filters)>
                <SearchField
                    main=true
                    label=wording(word!(archive.search))
                    value=derive(move || filter.with(|f| f.device.clone()))
                    invalid=derive(move || problem.with(Option::is_some))
                    on_change=move |device: String| {
                        if device != filter.with_untracked(|f| f.device.clone()) {
                            change.run(ArchiveFilter { device, cursors: Vec::new() });
                        }
                    }
                />
                <span class="field-note bad" role="status">{move || problem.get().map(id_problem)}</span>
            </div>
            {live_view(page, 6, move |data| listed(data, filter, change))}
        </section>
    }
}

fn listed(
    data: Memo<Page>,
    filter: Memo<ArchiveFilter>,
    change: Callback<ArchiveFilter>,
) -> impl IntoView {
    let empty = memo(move || data.with(|page| page.items.is_empty()));
    part(move || {
        if !empty.get() {
            return view! {
                <Table data/>
                <Pager
                    label=wording(word!(archive.pages))
                    place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                    cursors=derive(move || filter.with(|f| f.cursors.clone()))
                    next=derive(move || data.with(|page| page.cursor.clone()))
                    on_change=move |cursors| change.run(ArchiveFilter { cursors, ..filter.get_untracked() })
                />
            }
            .into_any();
        }
        if filter.with(|f| *f != ArchiveFilter::default()) {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(archive.no_match_title))
                    text=wording(word!(archive.no_match_text))
                >
                    <Button label=wording(word!(archive.clear))
                        on_press=move |()| change.run(ArchiveFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Archive
                    title=wording(word!(archive.empty_title))
                    text=wording(word!(archive.empty_text))
                >
                    <a class="btn" href=routes::devices(&DeviceFilter::default())>{tr!(device.to_list)}</a>
                </EmptyState>
            }
            .into_any()
        }
    })
}

#[component]
fn Table(data: Memo<Page>) -> impl IntoView {
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(archive.table)>
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="grow">{tr!(archive.column_device)}</th>
                        <th scope="col">{tr!(archive.column_retired)}</th>
                        <th scope="col">{tr!(archive.column_reason)}</th>
                        <th scope="col">{tr!(archive.column_replacement)}</th>
                        <th scope="col">{tr!(archive.column_actor)}</th>
                        <th scope="col">{tr!(archive.column_state)}</th>
                    </tr>
                </thead>
                <tbody>{move || data.with(|page| page.items.clone()).into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(entry: ArchiveEntry) -> impl IntoView {
    let href = routes::archived(&entry.device_id, &entry.generation_id);
    let (reason, actor) = (entry.text("reason"), entry.text("actor"));
    let replacement = entry.text("replacementId");
    view! {
        <tr>
            <th scope="row" class="id"><a data-row="" class="mono" href=href>{entry.device_id.clone()}</a></th>
            <td class="dim"><Ago at=Signal::stored(entry.archived_time.clone())/></td>
            <td>{move || reason_words(&reason)}</td>
            <td>{(!replacement.is_empty()).then(|| view! {
                <a class="mono" href=routes::device(&replacement, routes::Tab::Identity)>{replacement.clone()}</a>
            })}</td>
            <td>{move || actor_words(&actor)}</td>
            <td><DocumentBadge entry=Signal::stored(entry)/></td>
        </tr>
    }
}
