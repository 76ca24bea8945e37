//! The devices in view as a table: what the drawing shows, for whoever reads instead of looking,
//! and the way to select with keys. Only rows in sight are in the document.

use super::card::badge;
use super::state::MapState;
use super::words;
use crate::components::button::{Button, Weight};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::map::place::Place;
use crate::logic::map::selection::Selected;
use crate::logic::number::{decimals, grouped};
use crate::logic::row_window::RowWindow;
use crate::reactive::{For, RwSignal, memo, part};
use crate::routes::{self, Tab};
use leptos::html;
use leptos::prelude::*;

/// Pixels of the opening; `.map-grid` of the style sheet is not taller.
const OPENING: f64 = 360.0;

/// The table with its head.
#[component]
pub fn InView(
    /// What is shown.
    map: MapState,
) -> impl IntoView {
    let total = memo(move || map.in_view.with(Vec::len) as u64);
    let offset = RwSignal::new(0.0);
    let window = memo(move || RowWindow {
        total: total.get(),
        opening: OPENING,
        offset: offset.get(),
    });
    let node = NodeRef::<html::Div>::new();
    let scrolled = move |_| {
        if let Some(grid) = node.get_untracked() {
            offset.set(f64::from(grid.scroll_top()));
        }
    };
    let rows = move || {
        let range = window.with(RowWindow::rows);
        let fleet = map.reader.fleet.get();
        map.in_view.with(|seen| {
            let row = |index: u64| {
                let number = usize::try_from(index).ok()?;
                let place = fleet.places.get(*seen.get(number)?)?;
                Some((index, place.clone()))
            };
            range.filter_map(row).collect::<Vec<_>>()
        })
    };
    let shown = move || {
        let all = map.reader.fleet.with(|fleet| fleet.places.len()) as u64;
        let values = [("n", grouped(total.get())), ("total", grouped(all))];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        fill(t().map.in_view_count, &values)
    };
    let select = move |()| {
        let fleet = map.reader.fleet.get_untracked();
        let ids = map.in_view.with_untracked(|seen| {
            let places = seen.iter().filter_map(|index| fleet.places.get(*index));
            places.map(|place| place.id.clone()).collect::<Selected>()
        });
        map.select(ids, true);
    };
    let none = memo(move || total.get() == 0);
    let heads: [crate::i18n::Word; 5] = [
        word!(map.device),
        word!(map.state),
        word!(map.latitude),
        word!(map.longitude),
        word!(map.source),
    ];
    let heads = heads.into_iter().zip(2..).map(|(head, place)| {
        let class = if (4..6).contains(&place) { "num" } else { "" };
        view! {
            <div role="columnheader" aria-colindex=place.to_string() class=class>{part(move || head.of(t()))}</div>
        }
    });
    let heads = heads.collect_view();
    view! {
        <div class="list-head map-table-head">
            <h2 id="map-in-view">{tr!(map.in_view)}</h2>
            <span class="dim grow" role="status">{part(shown)}</span>
            <Button
                label=wording(word!(map.select_view))
                weight=Weight::Quiet
                disabled=none
                on_press=select
            />
        </div>
        <p class="tail-none dim" hidden=move || !none.get()>{tr!(map.none_in_view)}</p>
        <div
            node_ref=node
            class="device-grid map-grid"
            role="grid"
            tabindex="0"
            hidden=move || none.get()
            aria-labelledby="map-in-view"
            aria-rowcount=move || (total.get() + 1).to_string()
            aria-colcount="6"
            on:scroll=scrolled
        >
            <div class="grid-head" role="rowgroup">
                <div class="grid-row" role="row" aria-rowindex="1">
                    <div role="columnheader" aria-colindex="1">
                        <span class="visually-hidden">{tr!(map.select)}</span>
                    </div>
                    {heads}
                </div>
            </div>
            <div class="grid-body" role="rowgroup" style:height=move || format!("{}px", decimals(window.with(RowWindow::height), 1))>
                <div class="grid-rows" style:transform=move || format!("translateY({}px)", decimals(window.with(RowWindow::top), 1))>
                    <For each=rows key=key let((index, place))>{row(map, index, &place)}</For>
                </div>
            </div>
        </div>
    }
}

/// What tells a row from others, and from what it was.
fn key((index, place): &(u64, Place)) -> String {
    let Place {
        id,
        latitude,
        longitude,
        reported,
        ..
    } = place;
    let state = words::class(place.state);
    format!(
        "{index} {id} {state} {} {} {reported}",
        decimals(*latitude, 6),
        decimals(*longitude, 6)
    )
}

fn row(map: MapState, index: u64, place: &Place) -> AnyView {
    let id = place.id.clone();
    let checked = {
        let id = id.clone();
        move || map.selected.with(|selected| selected.contains(&id))
    };
    let toggle = {
        let id = id.clone();
        move |_| {
            map.selected.update(|selected| {
                if !selected.remove(&id) {
                    selected.insert(id.clone());
                }
            });
        }
    };
    let label = {
        let id = id.clone();
        move || fill(t().map.select_one, &[("id", &id)])
    };
    let source = if place.reported {
        wording(word!(map.source_reported))
    } else {
        wording(word!(map.source_tags))
    };
    view! {
        <div class="grid-row" role="row" aria-rowindex=(index + 2).to_string()>
            <div role="gridcell" aria-colindex="1">
                <input type="checkbox" aria-label=label prop:checked=checked on:change=toggle/>
            </div>
            <div role="rowheader" aria-colindex="2" class="id">
                <a data-row="" class="mono" href=routes::device(&id, Tab::Identity)>{id.clone()}</a>
            </div>
            <div role="gridcell" aria-colindex="3">{badge(place.state)}</div>
            <div role="gridcell" aria-colindex="4" class="num">{words::latitude(place.latitude, 5)}</div>
            <div role="gridcell" aria-colindex="5" class="num">{words::longitude(place.longitude, 5)}</div>
            <div role="gridcell" aria-colindex="6" class="dim">{part(move || source.get())}</div>
        </div>
    }
    .into_any()
}
