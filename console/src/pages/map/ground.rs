//! What lies under the points: land, and a scale. The land is a file of the
//! console itself, so the map works where nothing else can be reached.

use super::state::MapState;
use super::words;
use crate::api::land::UNITS;
use crate::logic::map::camera::{Camera, Size};
use crate::logic::map::mercator::{Spot, pixels};
use crate::logic::map::scale::scale;
use crate::logic::number::decimals;
use leptos::prelude::*;

/// The land, once more on either side for who looks across the date line.
#[component]
pub fn Land(
    /// What is shown.
    map: MapState,
) -> impl IntoView {
    let copies = [-1.0, 0.0, 1.0].map(|turn| {
        let place = move || {
            let (camera, size) = (map.camera.get(), map.size.get());
            let world = pixels(camera.zoom);
            let left = (turn - camera.centre.x) * world + size.width / 2.0;
            let top = camera.to_screen(Spot { x: 0.5, y: 0.0 }, size).1;
            format!(
                "translate({} {}) scale({})",
                decimals(left, 2),
                decimals(top, 2),
                decimals(world / UNITS, 6)
            )
        };
        view! { <path transform=place d=move || map.land.get()></path> }
    });
    view! { <svg class="map-land" aria-hidden="true" focusable="false">{copies.collect_view()}</svg> }
}

/// The scale as the inside of an SVG: numbers and nothing else, so the browser may read it as it
/// is, and a frame of a drag costs one text and no views.
pub fn guides(camera: Camera, size: Size) -> String {
    let (long, metres) = scale(camera);
    let (right, bottom) = (size.width - 16.0, size.height - 19.0);
    let text = words::length(metres);
    format!(
        "<path class=\"map-scale\" d=\"M{} {}v5h{}v-5\"/><text class=\"map-scale\" x=\"{}\" y=\"{}\">{text}</text>",
        decimals(right - long, 1),
        decimals(bottom, 1),
        decimals(long, 1),
        decimals(right, 1),
        decimals(bottom - 3.0, 1)
    )
}
