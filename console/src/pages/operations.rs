//! Refused connections: who could not connect, and why. The address holds filter and page.

use crate::api::operations::{self as api, OperationRecord, OperationsPage as Page};
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::pager::{Pager, page_number};
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::exact;
use crate::i18n::{tr, word, wording};
use crate::live::live;
use crate::logic::number::grouped;
use crate::logic::operations_filter::OperationsFilter;
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// The page.
#[component]
pub fn OperationsPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || OperationsFilter::read(&search.get()));
    let page = live(move || filter.get(), None, api::refused_connections);
    let navigate = use_navigate();
    let change = Callback::new(move |filter: OperationsFilter| {
        let options = routes::page_of(&filter.cursors);
        navigate(&routes::operations(&filter), options);
    });
    list_keys();
    view! {
        <PageTitle text=wording(word!(operations.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(operations.title)}</h1>
                <p class="lead">{tr!(operations.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(operations.refresh))
                    icon=Icon::Refresh
                    on_press=move |()| page.refresh()
                />
            </div>
        </div>
        <section class="card" aria-label=tr!(operations.table)>
            <Filters filter change/>
            {live_view(page, 6, move |data| listed(data, filter, change))}
        </section>
    }
}

#[component]
fn Filters(filter: Memo<OperationsFilter>, change: Callback<OperationsFilter>) -> impl IntoView {
    let apply = move |device: String, period: String| {
        let now = filter.get_untracked();
        if (&device, &period) != (&now.device, &now.period) {
            change.run(OperationsFilter {
                device,
                period,
                cursors: Vec::new(),
            });
        }
    };
    let periods = vec![
        ("", wording(word!(operations.period_all))),
        ("hour", wording(word!(audit.period_hour))),
        ("day", wording(word!(audit.period_day))),
    ];
    view! {
        <div class="filter" role="search" aria-label=tr!(operations.filters)>
            <SearchField
                main=true
                icon=Icon::Device
                label=wording(word!(operations.filter_device))
                value=derive(move || filter.with(|f| f.device.clone()))
                on_change=move |device: String| apply(device, filter.with_untracked(|f| f.period.clone()))
            />
            <SelectField
                inline=true
                label=wording(word!(operations.filter_period))
                value=derive(move || filter.with(|f| f.period.clone()))
                on_change=move |period: String| apply(filter.with_untracked(|f| f.device.clone()), period)
                options=periods
            />
            {move || filter.with(OperationsFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(OperationsFilter::default())
                />
            })}
        </div>
    }
}

fn listed(
    data: Memo<Page>,
    filter: Memo<OperationsFilter>,
    change: Callback<OperationsFilter>,
) -> impl IntoView {
    let empty = memo(move || data.with(|page| page.records.is_empty()));
    part(move || {
        if !empty.get() {
            return view! {
                <Table data/>
                <Pager
                    label=wording(word!(operations.pages))
                    place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                    cursors=derive(move || filter.with(|f| f.cursors.clone()))
                    next=derive(move || data.with(|page| page.cursor.clone()))
                    on_change=move |cursors| change.run(OperationsFilter { cursors, ..filter.get_untracked() })
                />
            }
            .into_any();
        }
        if filter.with(|f| f.narrows() || !f.cursors.is_empty()) {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(operations.no_match_title))
                    text=wording(word!(operations.no_match_text))
                >
                    <Button label=wording(word!(devices.clear))
                        on_press=move |()| change.run(OperationsFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Check
                    title=wording(word!(operations.empty_title))
                    text=wording(word!(operations.empty_text))
                />
            }
            .into_any()
        }
    })
}

#[component]
fn Table(data: Memo<Page>) -> impl IntoView {
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(operations.table)>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{tr!(operations.column_when)}</th>
                        <th scope="col">{tr!(operations.column_device)}</th>
                        <th scope="col">{tr!(operations.column_protocol)}</th>
                        <th scope="col" class="grow">{tr!(operations.column_reason)}</th>
                        <th scope="col">{tr!(operations.column_code)}</th>
                        <th scope="col" class="num">{tr!(operations.column_suppressed)}</th>
                    </tr>
                </thead>
                <tbody>{move || data.with(|page| page.records.clone()).into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(record: OperationRecord) -> impl IntoView {
    let at = record.time;
    let when = {
        let at = at.clone();
        move || exact(&at)
    };
    let suppressed = record.suppressed as u64;
    view! {
        <tr>
            <th scope="row"><time datetime=at>{when}</time></th>
            <td>
                <a class="mono" data-row="" href=routes::device(&record.device_id, Tab::Identity)>{record.device_id.clone()}</a>
                {record.module_id.map(|module| view! { <span class="mono dim">" / " {module}</span> })}
            </td>
            <td>{record.protocol}</td>
            <td class="wrapping">{record.result_description}</td>
            <td class="dim mono">{record.result_type}</td>
            <td class="num">{if suppressed == 0 {
                view! { <span class="dim">"0"</span> }.into_any()
            } else {
                view! { <b>{grouped(suppressed)}</b> }.into_any()
            }}</td>
        </tr>
    }
}
