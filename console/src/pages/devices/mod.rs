//! The device list: filters in the address, pages by cursor, keys to move, and what can be done
//! to one device.

mod actions;
mod create;
mod filters;
mod table;

pub use actions::{DeleteDevice, DisableDevice, Target, enable};
pub use create::id_problem;

use crate::api::devices::{self as api, DevicePage};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::pager::Pager;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{count, fill, t, tr, wording};
use crate::live::{Live, PERIOD, live};
use crate::logic::number::grouped;
use crate::logic::url_state::{DeviceFilter, query_value, with_value};
use crate::reactive::{Memo, RwSignal, effect, memo, part};
use crate::routes;
use crate::session::Permission;
use create::CreateDevice;
use filters::Filters;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use table::DeviceTable;

/// The page.
#[component]
pub fn DevicesPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || DeviceFilter::read(&search.get()));
    let page = live(move || filter.get(), Some(PERIOD), api::page);
    let creating = RwSignal::new(false);

    let navigate = use_navigate();
    let change = Callback::new({
        let navigate = navigate.clone();
        move |filter: DeviceFilter| {
            let options = routes::page_of(&filter.cursors);
            navigate(&routes::devices(&filter), options);
        }
    });
    // `?create=1` in the address and the open dialog are one state, in both directions.
    effect(move |_| {
        let wanted = query_value(&search.get(), "create").is_some();
        if creating.get_untracked() != wanted {
            creating.set(wanted);
        }
    });
    effect(move |_| {
        let open = creating.get();
        let now = search.get_untracked();
        if open != query_value(&now, "create").is_some() {
            let next = with_value(&now, "create", if open { "1" } else { "" });
            let options = routes::same_screen();
            navigate(&format!("{}/devices{next}", routes::BASE), options);
        }
    });
    list_keys();

    let add = move || {
        view! {
            <Button
                label=wording(|t| t.devices.add)
                icon=Icon::Plus
                weight=Weight::Primary
                permission=Permission::DevicesWrite
                on_press=move |()| creating.set(true)
            />
        }
    };
    view! {
        <PageTitle text=wording(|t| t.devices.title)/>
        <div class="pagehead">
            <div>
                <h1>{tr!(devices.title)}</h1>
                <div class="sub" role="status">{move || page.data.get().map(|p| {
                    let words = &t().devices;
                    if filter.get().narrows() {
                        count(p.total, words.match_some_one, words.match_some_other)
                    } else {
                        count(p.total, words.match_all_one, words.match_all_other)
                    }
                })}</div>
            </div>
            <div class="actions">{add()}</div>
        </div>
        <section class="card">
            <Filters filter change/>
            {live_view(page, 8, move |data| listed(data, page, filter, change, creating))}
        </section>
        <div class="hints" aria-hidden="true">
            <kbd>"j"</kbd> <kbd>"k"</kbd> {tr!(devices.keys_move)}
            <kbd>"Enter"</kbd> {tr!(devices.keys_open)}
            <kbd>"/"</kbd> {tr!(devices.keys_filter)}
            <kbd>"?"</kbd> {tr!(devices.keys_all)}
        </div>
        <CreateDevice open=creating on_created=move |()| page.refresh()/>
    }
}

fn listed(
    data: Memo<DevicePage>,
    page: Live<DevicePage>,
    filter: Memo<DeviceFilter>,
    change: Callback<DeviceFilter>,
    creating: RwSignal<bool>,
) -> impl IntoView {
    let empty = memo(move || data.with(|p| p.items.is_empty()));
    part(move || {
        if !empty.get() {
            return view! {
                <DeviceTable data page/>
                <Pager
                    label=wording(|t| t.devices.pages)
                    place=Signal::derive(move || data.with(|page| rows(filter.with(|f| f.cursors.len()), page)))
                    cursors=Signal::derive(move || filter.with(|f| f.cursors.clone()))
                    next=Signal::derive(move || data.with(|page| page.cursor.clone()))
                    on_change=move |cursors| change.run(DeviceFilter { cursors, ..filter.get_untracked() })
                />
            }
            .into_any();
        }
        let now = filter.get();
        if now.narrows() || !now.cursors.is_empty() {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(|t| t.devices.no_match_title)
                    text=wording(|t| t.devices.no_match_text)
                >
                    <Button label=wording(|t| t.devices.clear)
                        on_press=move |()| change.run(DeviceFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Device
                    title=wording(|t| t.devices.empty_title)
                    text=wording(|t| t.devices.empty_text)
                >
                    <Button
                        label=wording(|t| t.overview.start_create)
                        weight=Weight::Primary
                        permission=Permission::DevicesWrite
                        on_press=move |()| creating.set(true)
                    />
                    <a class="btn" href=routes::overview()>{tr!(overview.start_more)}</a>
                </EmptyState>
            }
            .into_any()
        }
    })
}

/// Which rows of how many a page shows. Tracked.
fn rows(passed: usize, page: &DevicePage) -> String {
    let from = (passed * api::PAGE) as u64 + 1;
    let to = from + page.items.len() as u64 - 1;
    fill(
        t().devices.page_range,
        &[
            ("from", &grouped(from)),
            ("to", &grouped(to)),
            ("total", &grouped(page.total)),
        ],
    )
}
