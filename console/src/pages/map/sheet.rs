//! The drawing and what hands do on it: dragging moves it, the wheel and two fingers come nearer,
//! keys do both, and with the lasso a drag draws around devices. What is drawn is only for eyes;
//! the same devices are in the table below.

use super::ground::{Land, guides};
use super::markers::{Markers, clusters};
use super::state::MapState;
use super::words;
use crate::i18n::{fill, t};
use crate::logic::map::area::{CORNER, contains};
use crate::logic::map::camera::Size;
use crate::logic::map::mercator::{Spot, between, near, pixels, zoom_of};
use crate::logic::map::selection::Selected;
use crate::logic::number::{decimals, grouped};
use crate::reactive::{RwSignal, effect};
use leptos::html;
use leptos::prelude::*;
use std::fmt::Write;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

/// Pixels that an arrow key moves by.
const STEP: f64 = 90.0;
/// Pixels of the wheel for which one comes twice as near.
const WHEEL: f64 = 240.0;
/// Pixels that a hand may tremble while it presses.
const TREMBLE: f64 = 4.0;

/// A finger, or the mouse with its button down.
#[derive(Debug, Clone, Copy)]
struct Finger {
    id: i32,
    at: (f64, f64),
    began: (f64, f64),
}

/// The drawing.
#[component]
pub fn Sheet(
    /// What is shown.
    map: MapState,
    /// Whether a drag draws an area.
    drawing: RwSignal<bool>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let fingers = StoredValue::new(Vec::<Finger>::new());
    let dragged = StoredValue::new(false);
    let corners = RwSignal::new(Vec::<Spot>::new());
    measure(node, map);
    // An area stands for what it has selected.
    effect(move |_| {
        if map.selected.with(Selected::is_empty) && !corners.with_untracked(Vec::is_empty) {
            corners.set(Vec::new());
        }
    });

    let at = move |x: i32, y: i32| {
        let place = node
            .get_untracked()
            .map(|node| node.get_bounding_client_rect());
        let (left, top) = place.map_or((0.0, 0.0), |place| (place.left(), place.top()));
        (f64::from(x) - left, f64::from(y) - top)
    };
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        let here = at(event.client_x(), event.client_y());
        fingers.update_value(|fingers| {
            fingers.push(Finger {
                id: event.pointer_id(),
                at: here,
                began: here,
            });
        });
        dragged.set_value(false);
        if drawing.get_untracked() {
            event.prevent_default();
            corners.set(vec![map.world(here)]);
        }
    };
    let moved = move |event: PointerEvent| {
        let here = at(event.client_x(), event.client_y());
        let known = fingers.with_value(|fingers| {
            let mine = fingers
                .iter()
                .find(|finger| finger.id == event.pointer_id());
            mine.map(|mine| {
                let other = fingers.iter().find(|finger| finger.id != mine.id);
                (*mine, other.copied())
            })
        });
        let Some((mine, other)) = known else {
            return;
        };
        if !dragged.get_value() {
            if length(mine.began, here) < TREMBLE {
                return;
            }
            dragged.set_value(true);
            if let Some(node) = node.get_untracked() {
                let _ = node.set_pointer_capture(event.pointer_id());
            }
        }
        fingers.update_value(|fingers| {
            for finger in fingers.iter_mut().filter(|finger| finger.id == mine.id) {
                finger.at = here;
            }
        });
        if let Some(other) = other {
            let by = zoom_of(256.0 * length(here, other.at) / length(mine.at, other.at).max(1.0));
            map.nearer(by, other.at);
        } else if drawing.get_untracked() {
            let far = corners.with_untracked(|corners| {
                corners
                    .last()
                    .is_none_or(|last| length(map.screen(*last), here) >= CORNER)
            });
            if far {
                corners.update(|corners| corners.push(map.world(here)));
            }
        } else {
            map.move_by(mine.at.0 - here.0, mine.at.1 - here.1);
        }
    };
    let up = move |event: PointerEvent| {
        fingers.update_value(|fingers| fingers.retain(|finger| finger.id != event.pointer_id()));
        if drawing.get_untracked() && dragged.get_value() {
            drawing.set(false);
            let fleet = map.reader.fleet.get_untracked();
            let inside = corners.with_untracked(|corners| {
                let inside = fleet
                    .places
                    .iter()
                    .filter(|place| contains(corners, place.spot));
                inside.map(|place| place.id.clone()).collect::<Selected>()
            });
            map.select(inside, event.shift_key());
        }
    };
    let turned = move |event: WheelEvent| {
        event.prevent_default();
        // In lines, where the browser does not count pixels.
        let unit = if event.delta_mode() == 0 { 1.0 } else { 30.0 };
        let by = between(-event.delta_y() * unit / WHEEL, -1.0, 1.0);
        map.nearer(by, at(event.client_x(), event.client_y()));
    };
    let pressed = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match event.key().as_str() {
            "ArrowLeft" => map.move_by(-STEP, 0.0),
            "ArrowRight" => map.move_by(STEP, 0.0),
            "ArrowUp" => map.move_by(0.0, -STEP),
            "ArrowDown" => map.move_by(0.0, STEP),
            "+" | "=" => map.zoom_by(1.0),
            "-" => map.zoom_by(-1.0),
            "0" => map.fit_all(),
            "Escape" => {
                drawing.set(false);
                map.opened.set(Vec::new());
            }
            _ => return,
        }
        event.prevent_default();
    };

    let label = move || {
        let (camera, size) = (map.settled.get(), map.size.get());
        let bounds = camera.bounds(size, 0.0);
        let total = map.reader.fleet.with(|fleet| fleet.places.len()) as u64;
        let shown = map.in_view.with(Vec::len) as u64;
        fill(
            t().map.label,
            &[
                ("n", &grouped(total)),
                ("shown", &grouped(shown)),
                ("from", &words::spot(bounds.from)),
                ("to", &words::spot(bounds.to)),
            ],
        )
    };
    let over = move || {
        let (camera, size) = (map.camera.get(), map.size.get());
        let mut drawn = guides(camera, size);
        corners.with(|corners| {
            let Some(first) = corners.first() else {
                return;
            };
            // All corners on the side of the date line where the first one is.
            let turn = near(first.x, camera.centre.x) - first.x;
            let scale = pixels(camera.zoom);
            drawn.push_str("<polygon class=\"map-area\" points=\"");
            for corner in corners {
                let x = (corner.x + turn - camera.centre.x) * scale + size.width / 2.0;
                let y = (corner.y - camera.centre.y) * scale + size.height / 2.0;
                let _ = write!(drawn, "{},{} ", decimals(x, 1), decimals(y, 1));
            }
            drawn.push_str("\"/>");
        });
        drawn
    };
    let clusters = clusters(map);
    let clicked = move |event: MouseEvent| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let marker = target.and_then(|target| target.closest("[data-cluster]").ok().flatten());
        let number = marker.and_then(|marker| marker.get_attribute("data-cluster")?.parse().ok());
        let Some(number) = number.filter(|_: &usize| !dragged.get_value()) else {
            return;
        };
        let fleet = map.reader.fleet.get_untracked();
        let members = clusters.with_untracked(|clusters| {
            let cluster = clusters.get(number);
            cluster.map(|cluster| cluster.members(&fleet.ordered).collect::<Vec<_>>())
        });
        map.press(&members.unwrap_or_default());
    };
    view! {
        <div
            node_ref=node
            class="map-sheet"
            class:drawing=move || drawing.get()
            role="application"
            tabindex="0"
            aria-label=label
            aria-describedby="map-keys"
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=up
            on:wheel=turned
            on:keydown=pressed
            on:click=clicked
        >
            <Land map/>
            <svg class="map-over" aria-hidden="true" focusable="false" inner_html=over></svg>
            <Markers map clusters/>
        </div>
    }
}

fn length(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (across, down) = (one.0 - other.0, one.1 - other.1);
    (across * across + down * down).sqrt()
}

/// Follows the size of the drawing, which changes with the window's.
fn measure(node: NodeRef<html::Div>, map: MapState) {
    let look = move || {
        if let Some(node) = node.get_untracked() {
            let size = Size {
                width: f64::from(node.client_width().max(1)),
                height: f64::from(node.client_height().max(1)),
            };
            map.resize(size);
        }
    };
    effect(move |_| {
        if node.get().is_some() {
            request_animation_frame(look);
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| look());
    on_cleanup(move || resized.remove());
}
