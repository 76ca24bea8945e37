//! What is picked in the list, and what can be done with all of it. Whatever is done gets a
//! condition that picks exactly the devices shown here.

use super::reader::Reader;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::logic::device_query::MOST_NAMED;
use crate::logic::device_selection::Selection;
use crate::logic::number::grouped;
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Callback, Memo, RwSignal, derive, memo, part};
use crate::routes;
use crate::session::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The bar; it is there while something is picked.
#[component]
pub fn Selected(
    /// What is picked.
    picked: RwSignal<Selection>,
    /// The list that it was picked from.
    filter: Memo<DeviceFilter>,
    /// Knows which rows are there.
    reader: Reader,
    /// Shows the devices of another filter.
    change: Callback<DeviceFilter>,
) -> impl IntoView {
    let total = memo(move || reader.page.data.get().unwrap_or(0));
    let n = memo(move || picked.with(|picked| picked.count(total.get())));
    let any = memo(move || n.get() > 0);
    part(move || {
        any.get()
            .then(|| view! { <Bar picked filter reader change total n/> })
    })
}

#[component]
fn Bar(
    picked: RwSignal<Selection>,
    filter: Memo<DeviceFilter>,
    reader: Reader,
    change: Callback<DeviceFilter>,
    total: Memo<u64>,
    n: Memo<u64>,
) -> impl IntoView {
    let condition = memo(move || picked.with(|picked| picked.condition(&filter.get())));
    let too_many = memo(move || condition.with(Option::is_none));
    let navigate = use_navigate();
    let schedule = move |()| {
        if let Some(condition) = condition.get_untracked() {
            navigate(&routes::schedule_for(&condition), routes::to_screen());
        }
    };
    let only_these = move |()| {
        if let Some(condition) = condition.get_untracked() {
            change.run(DeviceFilter::of_text(&condition));
        }
    };
    let ids = derive(move || picked.with(|picked| picked.ids().collect::<Vec<_>>().join("\n")));
    let of_all = memo(move || picked.with(Selection::is_of_all));
    let page = move |()| {
        let shown = reader.shown();
        picked.update(|picked| picked.add(shown.iter().map(String::as_str)));
    };
    view! {
        <div class="selected" role="region" aria-label=tr!(device_grid.picked_bar)>
            <b role="status">{move || count(n.get(), t().device_grid.picked_one, t().device_grid.picked_other)}</b>
            <Button label=wording(word!(device_grid.pick_page)) weight=Weight::Quiet on_press=page/>
            {move || (!of_all.get()).then(|| view! {
                <Button
                    label=derive(move || fill(t().device_grid.pick_all, &[("n", &grouped(total.get()))]))
                    weight=Weight::Quiet
                    on_press=move |()| picked.set(Selection::everything())
                />
            })}
            <Button
                label=wording(word!(device_grid.pick_none))
                icon=Icon::Close
                weight=Weight::Quiet
                on_press=move |()| picked.set(Selection::default())
            />
            <span class="grow"></span>
            {move || too_many.get().then(|| view! {
                <span class="bad-text">{move || fill(t().device_grid.picked_too_many, &[("n", &MOST_NAMED.to_string())])}</span>
            })}
            {move || (!of_all.get()).then(|| view! {
                <CopyButton text=ids label=wording(word!(device_grid.copy_ids)) weight=Weight::Quiet/>
            })}
            <Button
                label=wording(word!(device_grid.only_these))
                weight=Weight::Quiet
                disabled=too_many
                on_press=only_these
            />
            <Button
                label=wording(word!(device_grid.schedule))
                icon=Icon::Clock
                weight=Weight::Primary
                permission=Permission::JobsWrite
                disabled=too_many
                on_press=schedule
            />
        </div>
    }
}
