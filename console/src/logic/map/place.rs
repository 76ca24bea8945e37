//! Where devices are: what they report, else what their tags say (`device-management.md` §4.1),
//! read from rows of a query and written as conditions of one.

use super::mercator::{self, Spot, project};
use serde_json::Value;

/// Most places that are read. Beyond it a filter says more than another ten thousand points.
pub const MOST: usize = 50_000;

/// Reported latitude and longitude.
const REPORTED: [&str; 2] = [
    "properties.reported.conditions.location.lat",
    "properties.reported.conditions.location.lon",
];
/// Those that somebody wrote down.
const TAGGED: [&str; 2] = ["tags.location.lat", "tags.location.lon"];

/// How a device is, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Connected.
    Connected,
    /// Not connected, though it may be.
    Disconnected,
    /// May not connect.
    Disabled,
}

/// Where a device is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// How it is.
    pub state: State,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// How exact that is, in metres, if the device says so.
    pub accuracy: Option<f64>,
    /// Whether the device reported it; else it is from the tags.
    pub reported: bool,
    /// On the map.
    pub spot: Spot,
}

/// A row of the query.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A place.
    Place(Place),
    /// A device whose position is none on earth.
    Nowhere(String),
}

impl Found {
    /// Reads a row. What a device reports counts before its tags, as for the hub's geofences.
    pub fn read(row: &Value) -> Self {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| row.get(name).and_then(Value::as_f64);
        let reported = number("lat").zip(number("lon"));
        let known = reported.or_else(|| number("tagLat").zip(number("tagLon")));
        let id = text("deviceId").to_owned();
        let on_earth = |(latitude, longitude): &(f64, f64)| {
            (-90.0..=90.0).contains(latitude) && (-180.0..=180.0).contains(longitude)
        };
        let Some((latitude, longitude)) = known.filter(on_earth) else {
            return Self::Nowhere(id);
        };
        let state = match (text("status"), text("connectionState")) {
            ("disabled", _) => State::Disabled,
            (_, "Connected") => State::Connected,
            _ => State::Disconnected,
        };
        let accuracy = number("accuracy").filter(|metres| reported.is_some() && *metres >= 0.0);
        Self::Place(Place {
            id,
            state,
            latitude,
            longitude,
            accuracy,
            reported: reported.is_some(),
            spot: project(latitude, longitude),
        })
    }
}

/// The query for the places of a filter's devices.
pub fn query(filter: &str) -> String {
    let [lat, lon] = REPORTED;
    let [tag_lat, tag_lon] = TAGGED;
    let condition = positioned(filter);
    format!(
        "SELECT deviceId, connectionState, status, {lat} AS lat, {lon} AS lon, \
         properties.reported.conditions.location.accuracyMeters AS accuracy, \
         {tag_lat} AS tagLat, {tag_lon} AS tagLon FROM devices WHERE {condition}"
    )
}

/// A filter's devices that say where they are, in whatever way.
pub fn positioned(filter: &str) -> String {
    both(filter, &any_position())
}

/// A filter's devices that don't.
pub fn without_position(filter: &str) -> String {
    both(filter, &format!("NOT ({})", any_position()))
}

fn any_position() -> String {
    let defined = REPORTED.into_iter().chain(TAGGED);
    let defined: Vec<String> = defined.map(|path| format!("IS_DEFINED({path})")).collect();
    defined.join(" OR ")
}

/// Two conditions; a filter stands on lines of its own, since it may end with a comment.
pub fn both(filter: &str, condition: &str) -> String {
    if filter.is_empty() {
        condition.to_owned()
    } else {
        format!("(\n{filter}\n) AND ({condition})")
    }
}

/// Devices between latitudes and longitudes, judged as the map does: what is reported counts
/// before tags.
pub fn within(south: f64, north: f64, west: f64, east: f64) -> String {
    let between = |[lat, lon]: [&str; 2]| {
        // Across the date line it is what lies outside.
        let join = if west <= east { "AND" } else { "OR" };
        let [south, north, west, east] = [south, north, west, east].map(Value::from);
        format!(
            "{lat} >= {south} AND {lat} <= {north} AND ({lon} >= {west} {join} {lon} <= {east})"
        )
    };
    let known = |[lat, lon]: [&str; 2]| format!("IS_NUMBER({lat}) AND IS_NUMBER({lon})");
    let (reported, tagged) = (known(REPORTED), known(TAGGED));
    format!(
        "{reported} AND {} OR NOT ({reported}) AND {tagged} AND {}",
        between(REPORTED),
        between(TAGGED)
    )
}

/// An area of the map, from its upper left to its lower right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Upper left.
    pub from: Spot,
    /// Lower right; across the date line behind 1.
    pub to: Spot,
}

impl Bounds {
    /// The smallest area around places, which may lie across the date line. None without places.
    pub fn of(spots: impl Iterator<Item = Spot>) -> Option<Self> {
        let spots: Vec<Spot> = spots.collect();
        let first = spots.first()?;
        let (mut top, mut bottom) = (first.y, first.y);
        let mut meridians: Vec<f64> = Vec::with_capacity(spots.len());
        for spot in &spots {
            top = top.min(spot.y);
            bottom = bottom.max(spot.y);
            meridians.push(spot.x);
        }
        shared::sorting::sort_by(&mut meridians, f64::total_cmp);
        // All around but for the widest gap.
        let (first, last) = (*meridians.first()?, *meridians.last()?);
        let (mut widest, mut left, mut right) = (first + 1.0 - last, first, last);
        for pair in meridians.windows(2) {
            if let [before, behind] = pair
                && behind - before > widest
            {
                (widest, left, right) = (behind - before, *behind, before + 1.0);
            }
        }
        Some(Self {
            from: Spot { x: left, y: top },
            to: Spot {
                x: right,
                y: bottom,
            },
        })
    }

    /// Whether a place lies in it.
    pub fn contains(&self, spot: Spot) -> bool {
        let (from, to) = (self.from, self.to);
        let x = mercator::near(spot.x, f64::midpoint(from.x, to.x));
        (from.x..=to.x).contains(&x) && (from.y..=to.y).contains(&spot.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn place(row: &Value) -> Place {
        match Found::read(row) {
            Found::Place(place) => place,
            Found::Nowhere(id) => panic!("{id} is nowhere"),
        }
    }

    #[test]
    fn what_is_reported_counts_before_tags() {
        let row = json!({ "deviceId": "a", "status": "enabled", "connectionState": "Connected",
            "lat": 60.5, "lon": 5, "accuracy": 25, "tagLat": 1, "tagLon": 2 });
        let found = place(&row);
        assert_eq!((found.latitude, found.longitude), (60.5, 5.0));
        assert_eq!((found.reported, found.accuracy), (true, Some(25.0)));
        assert_eq!(found.state, State::Connected);
        let row = json!({ "deviceId": "a", "status": "disabled", "connectionState": "Connected",
            "lat": "60", "lon": 5, "accuracy": 25, "tagLat": 1, "tagLon": 2 });
        let found = place(&row);
        assert_eq!((found.latitude, found.longitude), (1.0, 2.0));
        assert_eq!((found.reported, found.accuracy), (false, None));
        assert_eq!(found.state, State::Disabled);
    }

    #[test]
    fn a_position_that_is_none_on_earth_is_nowhere() {
        for row in [
            json!({ "deviceId": "a", "lat": 91, "lon": 5, "tagLat": 1, "tagLon": 2 }),
            json!({ "deviceId": "a", "lat": 1, "lon": 180.5 }),
            json!({ "deviceId": "a", "lat": 1 }),
            json!({ "deviceId": "a", "tagLat": "north", "tagLon": null }),
        ] {
            assert_eq!(Found::read(&row), Found::Nowhere("a".to_owned()), "{row}");
        }
    }

    #[test]
    fn the_smallest_area_may_lie_across_the_date_line() {
        let around = |easts: &[f64]| {
            let spots = easts.iter().map(|east| project(0.0, *east));
            let bounds = Bounds::of(spots).unwrap();
            let east = |x: f64| (x * 360.0 - 180.0).round();
            (east(bounds.from.x), east(bounds.to.x))
        };
        assert_eq!(around(&[5.0, 20.0, 11.0]), (5.0, 20.0));
        assert_eq!(around(&[175.0, -170.0, 179.0]), (175.0, 190.0));
        assert_eq!(around(&[-60.0]), (-60.0, -60.0));
        assert_eq!(Bounds::of(std::iter::empty()), None);
        let bounds = Bounds::of([project(10.0, 175.0), project(-10.0, -170.0)].into_iter());
        let bounds = bounds.unwrap();
        assert!(bounds.contains(project(0.0, 180.0)));
        assert!(bounds.contains(project(0.0, -175.0)));
        assert!(!bounds.contains(project(0.0, 0.0)));
        assert!(!bounds.contains(project(20.0, 180.0)));
    }

    #[test]
    fn conditions_are_ones_of_the_query_language() {
        let parse = |condition: &str| {
            shared::query::parser::parse_condition(condition)
                .unwrap_or_else(|error| panic!("{condition}: {error}"))
        };
        let filter = "tags.site = 'x' -- or so";
        parse(&positioned(""));
        parse(&positioned(filter));
        parse(&without_position(filter));
        parse(&both(filter, &within(-1.5, 60.0, 170.0, -170.0)));
        shared::query::parser::parse(&query(filter)).unwrap();
    }

    /// Whether a condition takes a twin.
    fn takes(condition: &str, reported: &Value, tagged: &Value) -> bool {
        let twin = json!({
            "deviceId": "a",
            "tags": { "location": tagged },
            "properties": { "reported": { "conditions": { "location": reported } } },
        });
        let condition = shared::query::parser::parse_condition(condition).unwrap();
        shared::query::evaluate::truth(&condition, &twin) == Some(true)
    }

    #[test]
    fn a_rectangle_takes_what_the_map_shows_in_it() {
        let here = json!({ "lat": 60, "lon": 5 });
        let there = json!({ "lat": 0, "lon": -175 });
        let norway = within(58.0, 62.0, 4.0, 6.0);
        assert!(takes(&norway, &here, &there));
        assert!(!takes(&norway, &there, &here));
        assert!(takes(&norway, &json!({ "lat": "?" }), &here));
        assert!(!takes(&norway, &json!(null), &json!(null)));
        let pacific = within(-10.0, 10.0, 170.0, -170.0);
        assert!(takes(&pacific, &there, &here));
        assert!(!takes(&pacific, &here, &there));
    }
}
