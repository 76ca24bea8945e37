//! What was pressed: a device with its state and place, or the devices that stand at one place.

use super::state::MapState;
use super::words;
use crate::api::twins;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::map::place::State;
use crate::logic::number::{grouped, measure};
use crate::reactive::{RwSignal, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// Devices at one place that are named.
const NAMED: usize = 8;

/// When a position was reported last.
const REPORTED_AT: &str = "/properties/reported/$metadata/conditions/location/lat/$lastUpdated";

/// The card; none while nothing is pressed.
#[component]
pub fn Card(
    /// What is shown.
    map: MapState,
) -> impl IntoView {
    let shown = move || {
        let ids = map.opened.get();
        map.reader.fleet.with(|fleet| {
            let places = fleet.places.iter().filter(|place| ids.contains(&place.id));
            places.cloned().collect::<Vec<_>>()
        })
    };
    part(move || {
        let places = shown();
        let (first, n) = (places.first()?.clone(), places.len());
        let rows = places.iter().take(NAMED).map(|place| {
            let href = routes::device(&place.id, Tab::Identity);
            view! { <li><a class="mono" href=href>{place.id.clone()}</a> {badge(place.state)}</li> }
        });
        let rows = rows.collect_view();
        let reported = (n == 1 && first.reported).then(|| reported_at(first.id.clone()));
        let words = move || {
            let texts = &t().map;
            let text = match (n > 1, first.reported, first.accuracy) {
                (true, ..) => texts.together,
                (_, true, Some(_)) => texts.place_exact,
                (_, true, None) => texts.place_reported,
                _ => texts.place_tags,
            };
            let metres = measure(first.accuracy.unwrap_or(0.0));
            let place = words::place(&first);
            let n = grouped(n as u64);
            fill(text, &[("place", &place), ("metres", &metres), ("n", &n)])
        };
        Some(view! {
            <section class="map-card" aria-label=tr!(map.place)>
                <span class="map-card-close">
                    <Button
                        label=wording(word!(common.close))
                        icon=Icon::Close
                        icon_only=true
                        weight=Weight::Quiet
                        on_press=move |()| map.opened.set(Vec::new())
                    />
                </span>
                <ul>{rows}</ul>
                <p>{part(words)}</p>
                {reported}
            </section>
        })
    })
}

/// When a device said last where it is.
fn reported_at(id: String) -> AnyView {
    let at = RwSignal::new(None::<String>);
    spawn_local(async move {
        if let Ok(twin) = twins::get(&id).await {
            let told = twin.raw.pointer(REPORTED_AT).and_then(Value::as_str);
            let _ = at.try_set(told.map(str::to_owned));
        }
    });
    view! { <p class="dim">{tr!(map.last_reported)} " " <Ago at/></p> }.into_any()
}

/// A state as a word.
pub fn badge(state: State) -> AnyView {
    let tone = match state {
        State::Connected => Tone::Ok,
        State::Disconnected => Tone::Neutral,
        State::Disabled => Tone::Bad,
    };
    view! { <Badge tone=Signal::stored(tone) text=wording(words::state(state))/> }.into_any()
}
