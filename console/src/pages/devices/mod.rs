//! The device list: filters, columns and place in the address, all matching devices in one grid,
//! keys to move, and what can be done to one device.

mod actions;
mod columns;
mod create;
mod export;
mod filters;
mod grid;
mod reader;
mod row;
mod selected;
mod tools;
mod views;

pub use actions::{DeleteDevice, DisableDevice, Target, enable};
pub use create::id_problem;

use crate::address::{note, present};
use crate::api::devices::Asked;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::logic::device_columns::Columns;
use crate::logic::device_order::DeviceOrder;
use crate::logic::device_selection::Selection;
use crate::logic::number::grouped;
use crate::logic::url_state::{DeviceFilter, query_value, with_value};
use crate::reactive::{Callback, Memo, RwSignal, effect, memo, part};
use crate::routes;
use crate::session::Permission;
use create::CreateDevice;
use filters::Filters;
use grid::{DeviceGrid, List};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use selected::Selected;
use tools::Tools;

/// The page.
#[component]
pub fn DevicesPage() -> impl IntoView {
    let location = use_location().search;
    let search = memo(move || location.get());
    let filter = memo(move || DeviceFilter::read(&search.get()));
    let columns = memo(move || Columns::read(&search.get()));
    let order = memo(move || DeviceOrder::read(&search.get()));
    let asked = memo(move || Asked {
        filter: filter.get(),
        order: order.with(DeviceOrder::clause),
        whole: filter.with(|filter| !filter.condition.is_empty())
            || columns.with(Columns::need_properties),
    });
    let reader = reader::read(asked, search.with_untracked(|search| row_of(search)));
    let page = reader.page;
    let creating = RwSignal::new(false);

    let navigate = use_navigate();
    let go = Callback::new(move |search: String| {
        navigate(
            &format!("{}/devices{search}", routes::BASE),
            routes::same_screen(),
        );
    });
    let change = Callback::new(move |filter: DeviceFilter| {
        let columns = columns.with_untracked(Columns::write);
        let search = with_value(&filter.write(), "columns", &columns);
        let order = order.with_untracked(DeviceOrder::write);
        go.run(with_value(&search, "order", &order));
    });
    let show = Callback::new(move |columns: Columns| {
        go.run(with_value(&present(), "columns", &columns.write()));
    });
    let sort = Callback::new(move |order: DeviceOrder| {
        let search = with_value(&present(), "order", &order.write());
        go.run(with_value(&search, "row", ""));
    });
    let picked = RwSignal::new(Selection::default());
    // Whoever looks at another list means other devices.
    effect(move |before: Option<DeviceFilter>| {
        let now = filter.get();
        if before.is_some_and(|before| before != now) {
            picked.set(Selection::default());
        }
        now
    });
    // The first row is where one is without a word.
    let on_place = Callback::new(move |row: u64| {
        let row = if row == 0 {
            String::new()
        } else {
            (row + 1).to_string()
        };
        let now = present();
        if query_value(&now, "row").unwrap_or_default() != row {
            let search = with_value(&now, "row", &row);
            note(&format!("{}/devices{search}", routes::BASE));
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
        let now = present();
        if open != query_value(&now, "create").is_some() {
            go.run(with_value(&now, "create", if open { "1" } else { "" }));
        }
    });

    let add = move || {
        view! {
            <Button
                label=wording(word!(devices.add))
                icon=Icon::Plus
                weight=Weight::Primary
                permission=Permission::DevicesWrite
                on_press=move |()| creating.set(true)
            />
        }
    };
    view! {
        <PageTitle text=wording(word!(devices.title))/>
        <div class="pagehead">
            <div>
                <h1>{tr!(devices.title)}</h1>
                <div class="sub" role="status">{move || page.data.get().map(|total| {
                    let words = &t().devices;
                    if filter.get().narrows() {
                        count(total, words.match_some_one, words.match_some_other)
                    } else {
                        count(total, words.match_all_one, words.match_all_other)
                    }
                })}</div>
            </div>
            <div class="actions">{add()}</div>
        </div>
        <section class="card">
            <Filters filter change>
                <Tools reader asked columns search go show/>
            </Filters>
            <Selected picked filter reader change/>
            {live_view(page, 8, move |_| {
                let list = List { reader, columns, order, picked, sort, on_place };
                listed(list, filter, change, creating)
            })}
        </section>
        <div class="hints" aria-hidden="true">
            <kbd>"j"</kbd> <kbd>"k"</kbd> {tr!(devices.keys_move)}
            <kbd>"x"</kbd> {tr!(device_grid.keys_pick)}
            <kbd>"Enter"</kbd> {tr!(devices.keys_open)}
            <kbd>"/"</kbd> {tr!(devices.keys_filter)}
            <kbd>"?"</kbd> {tr!(devices.keys_all)}
        </div>
        <CreateDevice open=creating on_created=move |()| page.refresh()/>
    }
}

/// The row that an address names, counted from zero.
fn row_of(search: &str) -> u64 {
    let row = query_value(search, "row").and_then(|row| row.parse::<u64>().ok());
    row.unwrap_or(1).saturating_sub(1)
}

fn listed(
    list: List,
    filter: Memo<DeviceFilter>,
    change: Callback<DeviceFilter>,
    creating: RwSignal<bool>,
) -> impl IntoView {
    let reader = list.reader;
    let empty = memo(move || reader.rows.with(|rows| rows.total() == 0));
    let cut = memo(move || {
        let (all, kept) = (
            reader.page.data.get(),
            reader.rows.with(|rows| rows.total()),
        );
        all.filter(|all| *all > kept).map(|_| kept)
    });
    part(move || {
        if !empty.get() {
            return view! {
                {move || cut.get().map(|kept| view! {
                    <p class="card-note dim">{move || fill(t().device_grid.order_cut, &[("n", &grouped(kept))])}</p>
                })}
                <DeviceGrid list/>
            }
            .into_any();
        }
        list_keys();
        if filter.get().narrows() {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(devices.no_match_title))
                    text=wording(word!(devices.no_match_text))
                >
                    <Button label=wording(word!(devices.clear))
                        on_press=move |()| change.run(DeviceFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Device
                    title=wording(word!(devices.empty_title))
                    text=wording(word!(devices.empty_text))
                >
                    <Button
                        label=wording(word!(overview.start_create))
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
