//! The map: where devices are, as points that join where they are close, on land that comes with
//! the console. The address holds the condition and what is looked at; a table says the same to
//! whoever does not see the drawing. Selected devices lead to a list or a job.

mod card;
mod facts;
mod ground;
mod markers;
mod progress;
mod reader;
mod selection;
mod sheet;
mod state;
mod table;
mod words;

use crate::address::{note, present};
use crate::api::{ApiError, land};
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, ErrorState, Skeleton};
use crate::i18n::{tr, word, wording};
use crate::logic::map::selection::Selected;
use crate::logic::url_state::{query_value, with_value};
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo};
use crate::routes;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};
use reader::{Phase, Reader};
use state::MapState;

/// What stands in the middle of the page.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Map,
    Nothing,
    Failure,
    Bones,
}

/// The page.
#[component]
pub fn MapPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || query_value(&search.get(), "where").unwrap_or_default());
    let map = MapState::new(Reader::new(), &search.get_untracked());
    let reader = map.reader;
    let navigate = use_navigate();
    let change = Callback::new(move |filter: String| {
        let search = with_value(&present(), "where", &filter);
        navigate(&format!("{}{search}", routes::map()), routes::same_screen());
    });
    list_keys();
    let no_land = RwSignal::new(false);
    spawn_local(async move {
        match land::outline().await {
            Ok(path) => {
                let _ = map.land.try_set(path);
            }
            Err(_) => {
                let _ = no_land.try_set(true);
            }
        }
    });
    effect(move |before: Option<()>| {
        let filter = filter.get();
        if before.is_some() {
            map.chosen.set_value(false);
            map.selected.set(Selected::new());
            map.opened.set(Vec::new());
        }
        reader.begin(filter);
    });
    effect(move |_| {
        reader.fleet.track();
        map.follow();
    });
    // Where one looks goes into the address, which is nobody's concern but of who comes back.
    effect(move |before: Option<()>| {
        let (at, zoom) = map.settled.get().write();
        if before.is_some() && map.chosen.get_value() {
            let search = with_value(&with_value(&present(), "at", &at), "zoom", &zoom);
            note(&format!("{}{search}", routes::map()));
        }
    });
    let drawing = RwSignal::new(false);
    let shows = memo(move || {
        let none = reader.fleet.with(|fleet| fleet.places.is_empty());
        reader.told.with(|told| match told.phase {
            _ if !none => Shows::Map,
            Phase::Done => Shows::Nothing,
            Phase::Failed => Shows::Failure,
            _ => Shows::Bones,
        })
    });
    let error = move || {
        let error = reader.told.with(|told| told.error.clone());
        error.unwrap_or(ApiError::Unreachable)
    };
    view! {
        <PageTitle text=wording(word!(map.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(map.title)}</h1>
                <p class="lead">{tr!(map.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(map.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Primary
                    disabled=derive(move || reader.told.with(|told| told.phase == Phase::Reading))
                    on_press=move |()| reader.again()
                />
            </div>
        </div>
        <section class="card" aria-label=tr!(map.title)>
            <Filters map filter change drawing/>
            <progress::Progress reader/>
            {move || no_land.get().then(|| view! {
                <div class="notice flush" role="status"><IconView icon=Icon::Warning/>{tr!(map.no_land)}</div>
            })}
            {move || match shows.get() {
                Shows::Failure => view! {
                    <ErrorState error=derive(error) on_retry=move |()| reader.go_on()/>
                }
                .into_any(),
                Shows::Nothing => nothing(filter, change),
                Shows::Bones => view! { <Skeleton lines=8/> }.into_any(),
                Shows::Map => view! {
                    <div class="map-frame">
                        <sheet::Sheet map drawing/>
                        <Tools map/>
                        <markers::Legend/>
                        <card::Card map/>
                    </div>
                    <selection::SelectionBar map filter/>
                    <table::InView map/>
                }
                .into_any(),
            }}
            <facts::Facts reader filter/>
        </section>
        <p id="map-keys" class="hints">{tr!(map.keys)}</p>
    }
}

/// The condition, and the lasso.
#[component]
fn Filters(
    map: MapState,
    filter: Memo<String>,
    change: Callback<String>,
    drawing: RwSignal<bool>,
) -> impl IntoView {
    let apply = move |text: String| {
        let text = text.trim().to_owned();
        if text != filter.get_untracked() {
            change.run(text);
        }
    };
    let refused = move || {
        map.reader
            .told
            .with(|told| told.error.as_ref().and_then(ApiError::status) == Some(400))
    };
    view! {
        <div class="filter roomy" role="search" aria-label=tr!(map.filters)>
            <div class="input-with-icon">
                <IconView icon=Icon::Search/>
                <input
                    type="search"
                    class="input mono"
                    data-filter=""
                    aria-label=tr!(map.filter)
                    placeholder=tr!(map.filter)
                    aria-invalid=move || refused().then_some("true")
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || filter.get()
                    // Half a condition is none: it is asked for when it is written.
                    on:change=move |event| apply(event_target_value(&event))
                />
            </div>
            {move || (!filter.with(String::is_empty)).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(String::new())
                />
            })}
            <button
                type="button"
                class="btn map-lasso"
                aria-pressed=move || drawing.get().to_string()
                title=tr!(map.area_hint)
                hidden=move || map.reader.fleet.with(|fleet| fleet.places.is_empty())
                on:click=move |_| drawing.update(|drawing| *drawing = !*drawing)
            >
                <IconView icon=Icon::Lasso/>
                <span>{tr!(map.area)}</span>
            </button>
        </div>
    }
}

/// How near one is.
#[component]
fn Tools(map: MapState) -> impl IntoView {
    view! {
        <div class="map-tools">
            <Button label=wording(word!(map.nearer)) icon=Icon::Plus icon_only=true on_press=move |()| map.zoom_by(1.0)/>
            <Button label=wording(word!(map.farther)) icon=Icon::Minus icon_only=true on_press=move |()| map.zoom_by(-1.0)/>
            <Button label=wording(word!(map.fit)) icon=Icon::Frame icon_only=true on_press=move |()| map.fit_all()/>
        </div>
    }
}

/// Nobody says where he is.
fn nothing(filter: Memo<String>, change: Callback<String>) -> AnyView {
    if filter.with(String::is_empty) {
        view! {
            <EmptyState icon=Icon::Map title=wording(word!(map.empty_title)) text=wording(word!(map.empty_text))/>
        }
        .into_any()
    } else {
        view! {
            <EmptyState icon=Icon::Search title=wording(word!(map.no_match_title)) text=wording(word!(map.no_match_text))>
                <Button label=wording(word!(devices.clear)) on_press=move |()| change.run(String::new())/>
            </EmptyState>
        }
        .into_any()
    }
}
