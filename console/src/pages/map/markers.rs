//! Points and clusters. Each state has a colour and a shape; a cluster shows how its devices are
//! divided, and the shape of the worst.
//!
//! They are written as the inside of one SVG, anew only when one comes nearer or has moved far: a
//! drag moves the drawing as a whole, however many points there are. Ids are the only words of
//! others in it, and are escaped.

use super::state::MapState;
use super::words::{self, STATES, class, symbol};
use crate::i18n::t;
use crate::logic::map::camera::Camera;
use crate::logic::map::cluster::Cluster;
use crate::logic::map::mercator::pixels;
use crate::logic::map::place::State;
use crate::logic::map::selection::Selected;
use crate::logic::number::decimals;
use crate::reactive::{Memo, memo, part};
use leptos::prelude::*;
use std::fmt::Write;
use std::sync::Arc;

/// Pixels that one may move before points are drawn anew; so far around the drawing they stand.
const MARGIN: f64 = 240.0;

/// Clusters of the zoom one looks from; a click names one by its number.
pub type Clusters = Memo<Arc<Vec<Cluster>>>;

/// The clusters of what is shown.
pub fn clusters(map: MapState) -> Clusters {
    let zoom = memo(move || map.camera.with(|camera| camera.zoom.round() as u64));
    memo(move || {
        let fleet = map.reader.fleet.get();
        let zoom = u32::try_from(zoom.get()).unwrap_or(0);
        Arc::new(fleet.ordered.clusters(&fleet.places, zoom))
    })
}

/// All of them.
#[component]
pub fn Markers(
    /// What is shown.
    map: MapState,
    /// Its clusters.
    clusters: Clusters,
) -> impl IntoView {
    // From where they were drawn last.
    let anchor = Memo::new(move |before: Option<&Camera>| {
        let (camera, size) = (map.camera.get(), map.size.get());
        let Some(before) = before.filter(|before| before.zoom == camera.zoom) else {
            return camera;
        };
        let (x, y) = before.to_screen(camera.centre, size);
        let (across, down) = (x - size.width / 2.0, y - size.height / 2.0);
        // Where the whole world is in sight, what goes on one side comes on the other at once.
        let room = (pixels(camera.zoom) - size.width) / 2.0;
        let far = across.abs().max(down.abs()) > MARGIN.min(room);
        if far { camera } else { *before }
    });
    let moved = move || {
        let size = map.size.get();
        let (x, y) = anchor.get().to_screen(map.camera.get().centre, size);
        let (across, down) = (size.width / 2.0 - x, size.height / 2.0 - y);
        format!(
            "translate({}px, {}px)",
            decimals(across, 1),
            decimals(down, 1)
        )
    };
    let drawn = move || {
        let (camera, size) = (anchor.get(), map.size.get());
        let bounds = camera.bounds(size, 2.0 * MARGIN);
        let mut drawn = String::new();
        clusters.with(|clusters| {
            for (number, cluster) in clusters.iter().enumerate() {
                if bounds.contains(cluster.spot) {
                    let (x, y) = camera.to_screen(cluster.spot, size);
                    let _ = write!(
                        drawn,
                        "<g class=\"marker\" data-cluster=\"{number}\" transform=\"translate({} {})\">",
                        decimals(x, 1),
                        decimals(y, 1)
                    );
                    draw(&mut drawn, map, cluster);
                    drawn.push_str("</g>");
                }
            }
        });
        drawn
    };
    view! {
        <svg class="map-markers" aria-hidden="true" focusable="false" style:transform=moved inner_html=drawn></svg>
    }
}

fn draw(drawn: &mut String, map: MapState, cluster: &Cluster) {
    let fleet = map.reader.fleet.get();
    let mut members = cluster.members(&fleet.ordered);
    let worst = cluster.worst();
    let (class_of_worst, shape) = (class(worst), symbol(worst));
    let chosen = map.selected.with(|selected| {
        let is_selected = |selected: &Selected, index: usize| {
            let place = fleet.places.get(index);
            place.is_some_and(|place| selected.contains(&place.id))
        };
        if selected.is_empty() {
            return 0;
        }
        let members = cluster.members(&fleet.ordered);
        members
            .filter(|index| is_selected(selected, *index))
            .count()
    });
    let count = cluster.count;
    let radius = match count {
        1 => 6,
        2..10 => 15,
        10..100 => 18,
        100..1_000 => 21,
        _ => 25,
    };
    let title = if count == 1 {
        let place = members.next().and_then(|index| fleet.places.get(index));
        let id = place.map(|place| escaped(&place.id)).unwrap_or_default();
        format!("{id}: {}", words::state(worst).of(t()))
    } else {
        words::cluster(cluster)
    };
    let _ = write!(drawn, "<title>{title}</title>");
    let (disc, room) = match count {
        1 => ("marker-room", 14),
        _ => ("marker-disc", radius),
    };
    let _ = write!(drawn, "<circle class=\"{disc}\" r=\"{room}\"/>");
    if chosen > 0 {
        let partly = if chosen == count as usize {
            ""
        } else {
            " partly"
        };
        let _ = write!(
            drawn,
            "<circle class=\"marker-ring{partly}\" r=\"{}\"/>",
            radius + 6
        );
    }
    if count == 1 {
        let _ = write!(
            drawn,
            "<path class=\"symbol {class_of_worst}\" d=\"{shape}\"/>"
        );
        return;
    }
    let mut before = 0.0;
    for (state, n) in STATES.into_iter().zip(cluster.states) {
        let share = f64::from(n) / f64::from(count) * 100.0;
        if n > 0 {
            let _ = write!(
                drawn,
                "<circle class=\"marker-arc {}\" r=\"{radius}\" pathLength=\"100\" \
                 stroke-dasharray=\"{} 100\" stroke-dashoffset=\"-{}\" \
                 transform=\"rotate(-90)\"/>",
                class(state),
                decimals(share, 2),
                decimals(before, 2)
            );
        }
        before += share;
    }
    let text = words::short(count);
    let _ = write!(drawn, "<text class=\"marker-count\">{text}</text>");
    if worst != State::Connected {
        let corner = radius * 4 / 5;
        let _ = write!(
            drawn,
            "<path class=\"symbol {class_of_worst}\" d=\"{shape}\" transform=\"translate({corner} -{corner}) scale(.8)\"/>"
        );
    }
}

/// A text that is a text inside of markup too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            _ => out.push(letter),
        }
    }
    out
}

/// What shapes and colours mean.
#[component]
pub fn Legend() -> impl IntoView {
    let entries = STATES.map(|state| {
        let drawn = format!(
            "<path class=\"symbol {}\" d=\"{}\"/>",
            class(state),
            symbol(state)
        );
        view! {
            <li>
                <svg viewBox="-9 -9 18 18" width="16" height="16" aria-hidden="true" focusable="false" inner_html=drawn></svg>
                {part(move || words::state(state).of(t()))}
            </li>
        }
    });
    view! { <ul class="map-legend">{entries.collect_view()}</ul> }
}
