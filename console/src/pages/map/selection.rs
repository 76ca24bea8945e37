//! What can be done with selected devices. It says exactly whom the condition picks, which is not
//! always whom somebody has drawn around.

use super::state::MapState;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::logic::map::selection::{Selected, chosen, condition};
use crate::logic::number::grouped;
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::routes;
use crate::session::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The bar; none while nothing is selected.
#[component]
pub fn SelectionBar(
    /// What is shown.
    map: MapState,
    /// The condition of the map.
    filter: Memo<String>,
) -> impl IntoView {
    let picked = memo(move || {
        let fleet = map.reader.fleet.get();
        map.selected
            .with(|selected| condition(&filter.get(), &fleet.places, selected))
    });
    let text = move || {
        picked.with(|picked| {
            picked
                .as_ref()
                .map(|picked| picked.text.clone())
                .unwrap_or_default()
        })
    };
    let selected = move || {
        let n = map.reader.fleet.with(|fleet| {
            map.selected
                .with(|selected| chosen(&fleet.places, selected).count())
        });
        count(n as u64, t().map.selected_one, t().map.selected_other)
    };
    let whom = move || match picked.with(|picked| picked.as_ref().and_then(|p| p.within)) {
        Some(n) => fill(t().map.within, &[("n", &grouped(n as u64))]),
        None => t().map.named.to_owned(),
    };
    let ids = derive(move || {
        let ids = map.reader.fleet.with(|fleet| {
            map.selected.with(|selected| {
                let chosen = chosen(&fleet.places, selected);
                chosen.map(|place| place.id.clone()).collect::<Vec<_>>()
            })
        });
        ids.join("\n")
    });
    let as_list = move || {
        routes::devices(&DeviceFilter {
            condition: text(),
            ..DeviceFilter::default()
        })
    };
    let any = memo(move || picked.with(Option::is_some));
    let navigate = use_navigate();
    let schedule = Callback::new(move |()| {
        navigate(&routes::schedule_for(&untrack(text)), routes::to_screen());
    });
    part(move || {
        any.get().then(|| {
            view! {
                <div class="notice flush map-selection" role="group" aria-label=tr!(map.select)>
                    <div class="grow">
                        <b role="status">{part(selected)}</b>
                        <p class="dim">{part(whom)}</p>
                    </div>
                    <a class="btn" href=as_list>{tr!(map.as_list)}</a>
                    <Button
                        label=wording(word!(map.schedule))
                        icon=Icon::Clock
                        permission=Permission::JobsWrite
                        on_press=schedule
                    />
                    <CopyButton text=ids label=wording(word!(map.copy_ids))/>
                    <Button
                        label=wording(word!(map.clear_selection))
                        weight=Weight::Quiet
                        on_press=move |()| map.selected.set(Selected::new())
                    />
                </div>
            }
        })
    })
}
