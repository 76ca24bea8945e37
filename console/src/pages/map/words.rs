//! What the map says in words: places, states, lengths.

use crate::i18n::{Word, fill, t, word};
use crate::logic::map::cluster::Cluster;
use crate::logic::map::mercator::{self, Spot};
use crate::logic::map::place::{Place, State};
use crate::logic::number::{decimals, grouped, measure};

/// The states from good to bad.
pub const STATES: [State; 3] = [State::Connected, State::Disconnected, State::Disabled];

/// The word for a state.
pub fn state(state: State) -> Word {
    match state {
        State::Connected => word!(common.connected),
        State::Disconnected => word!(common.disconnected),
        State::Disabled => word!(common.disabled),
    }
}

/// How a state looks; the style sheet has the colour, `symbol` the shape.
pub fn class(state: State) -> &'static str {
    match state {
        State::Connected => "at-ok",
        State::Disconnected => "at-away",
        State::Disabled => "at-bad",
    }
}

/// The shape of a state: a disc, a diamond, a square that is crossed out.
pub fn symbol(state: State) -> &'static str {
    match state {
        State::Connected => "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
        State::Disconnected => "M0-7.500 7.500 0 0 7.500-7.500 0z",
        State::Disabled => "M-5.500-5.500h11v11h-11zM-5.500-5.500l11 11M5.500-5.500l-11 11",
    }
}

/// `60.3913° N`
pub fn latitude(degrees: f64, places: u32) -> String {
    side(degrees, places, "N", "S")
}

/// `5.3221° E`
pub fn longitude(degrees: f64, places: u32) -> String {
    side(degrees, places, "E", "W")
}

/// `60.39130° N 5.32210° E`
pub fn place(place: &Place) -> String {
    let north = latitude(place.latitude, 5);
    format!("{north} {}", longitude(place.longitude, 5))
}

/// `60.4° N 5.3° E`
pub fn spot(spot: Spot) -> String {
    let north = latitude(mercator::latitude(mercator::between(spot.y, 0.0, 1.0)), 1);
    format!("{north} {}", longitude(mercator::longitude(spot.x), 1))
}

fn side(degrees: f64, places: u32, above: &str, below: &str) -> String {
    let side = if degrees < 0.0 { below } else { above };
    format!("{}° {side}", decimals(degrees.abs(), places))
}

/// What is in a cluster. Tracked.
pub fn cluster(cluster: &Cluster) -> String {
    let [connected, disconnected, disabled] = cluster.states.map(|n| grouped(u64::from(n)));
    let n = grouped(u64::from(cluster.count));
    fill(
        t().map.cluster,
        &[
            ("n", &n),
            ("connected", &connected),
            ("disconnected", &disconnected),
            ("disabled", &disabled),
        ],
    )
}

/// A count where there is little room: `999`, `1.2k`, `12k`.
pub fn short(count: u32) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..10_000 => format!("{}.{}k", count / 1_000, count / 100 % 10),
        _ => format!("{}k", count / 1_000),
    }
}

/// `200 m`, `5 km`.
pub fn length(metres: f64) -> String {
    if metres < 1_000.0 {
        format!("{} m", measure(metres))
    } else {
        format!("{} km", measure(metres / 1_000.0))
    }
}
