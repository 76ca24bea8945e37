//! What lies under the points: land, lines at round degrees, a scale. The land is a file of the
//! console itself, so the map works where nothing else can be reached.

use super::state::MapState;
use super::words;
use crate::api::land::UNITS;
use crate::logic::map::camera::{Camera, Size};
use crate::logic::map::grid_lines::{lines, scale};
use crate::logic::map::mercator::{Spot, pixels};
use leptos::prelude::*;
use std::fmt::Write;

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
            format!("translate({left:.2} {top:.2}) scale({:.6})", world / UNITS)
        };
        view! { <path transform=place d=move || map.land.get()></path> }
    });
    view! { <svg class="map-land" aria-hidden="true" focusable="false">{copies.collect_view()}</svg> }
}

/// Lines and scale as the inside of an SVG: numbers and nothing else, so the browser may read them
/// as they are, and a frame of a drag costs one text and no views.
pub fn guides(camera: Camera, size: Size) -> String {
    let found = lines(camera, size);
    let mut drawn = String::new();
    for line in &found.latitudes {
        let path = format!("M0 {:.1}H{:.0}", line.at, size.width);
        let text = words::latitude(line.degrees, found.decimals);
        draw(&mut drawn, "map-line", &path, (8.0, line.at - 4.0), &text);
    }
    for line in &found.longitudes {
        let path = format!("M{:.1} 0V{:.0}", line.at, size.height);
        let text = words::longitude(line.degrees, found.decimals);
        draw(&mut drawn, "map-line", &path, (line.at + 4.0, 16.0), &text);
    }
    let (long, metres) = scale(camera);
    let (right, bottom) = (size.width - 16.0, size.height - 19.0);
    let path = format!("M{:.1} {bottom:.1}v5h{long:.1}v-5", right - long);
    let text = words::length(metres);
    draw(&mut drawn, "map-scale", &path, (right, bottom - 3.0), &text);
    drawn
}

/// Writes a line and the words at it.
fn draw(drawn: &mut String, class: &str, path: &str, (x, y): (f64, f64), text: &str) {
    let _ = write!(
        drawn,
        "<path class=\"{class}\" d=\"{path}\"/><text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
    );
}
