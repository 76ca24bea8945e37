//! What can be done with selected devices elsewhere: a condition of the query language that picks
//! them, and an honest word about what else it picks.

use super::place::{Bounds, Place, both, within};
use crate::logic::device_query::named;
use std::collections::HashSet;

/// Ids of selected devices.
pub type Selected = HashSet<String>;

/// A condition for selected devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// For behind `WHERE`.
    pub text: String,
    /// `None` if it names them one by one; else the devices that were read and lie in the
    /// rectangle that it describes, selected or not.
    pub within: Option<usize>,
}

/// The condition for the selected ones of places; `None` without any.
pub fn condition(filter: &str, places: &[Place], selected: &Selected) -> Option<Condition> {
    let chosen: Vec<&Place> = chosen(places, selected).collect();
    if chosen.is_empty() {
        return None;
    }
    if let Some(text) = named(chosen.iter().map(|place| place.id.as_str())) {
        return Some(Condition { text, within: None });
    }
    let bounds = Bounds::of(chosen.iter().map(|place| place.spot))?;
    // The devices' own numbers, which no projection has touched.
    let (mut south, mut north) = (90.0_f64, -90.0_f64);
    let (mut west, mut east) = (None::<&Place>, None::<&Place>);
    let from_left = |place: &Place| turn(place.spot.x - bounds.from.x);
    for place in &chosen {
        south = south.min(place.latitude);
        north = north.max(place.latitude);
        if west.is_none_or(|west| from_left(place) < from_left(west)) {
            west = Some(place);
        }
        if east.is_none_or(|east| from_left(place) > from_left(east)) {
            east = Some(place);
        }
    }
    let (west, east) = (west?.longitude, east?.longitude);
    let is_within = |place: &&Place| {
        let longitude = place.longitude;
        (south..=north).contains(&place.latitude)
            && if west <= east {
                (west..=east).contains(&longitude)
            } else {
                longitude >= west || longitude <= east
            }
    };
    Some(Condition {
        text: both(filter, &within(south, north, west, east)),
        within: Some(places.iter().filter(is_within).count()),
    })
}

/// The part of a turn to the east; what is a whole one but for the last digit is none.
fn turn(by: f64) -> f64 {
    let turn = by - by.floor();
    if turn > 1.0 - 1e-12 { 0.0 } else { turn }
}

/// Places that are selected.
pub fn chosen<'a>(
    places: &'a [Place],
    selected: &'a Selected,
) -> impl Iterator<Item = &'a Place> + 'a {
    places.iter().filter(|place| selected.contains(&place.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::map::mercator::project;
    use crate::logic::map::place::State;

    fn places(at: impl Iterator<Item = (f64, f64)>) -> Vec<Place> {
        let place = |(index, (latitude, longitude)): (usize, (f64, f64))| Place {
            id: format!("d{index}"),
            state: State::Connected,
            latitude,
            longitude,
            accuracy: None,
            reported: true,
            spot: project(latitude, longitude),
        };
        at.enumerate().map(place).collect()
    }

    fn all(places: &[Place]) -> Selected {
        places.iter().map(|place| place.id.clone()).collect()
    }

    #[test]
    fn a_few_devices_are_named() {
        let places = places([(60.0, 5.0), (61.0, 6.0), (62.0, 7.0)].into_iter());
        let selected: Selected = ["d0", "d2", "gone"].map(str::to_owned).into();
        let condition = condition("tags.a = 1", &places, &selected).unwrap();
        // The filter adds nothing: it is these and no others.
        assert_eq!(condition.text, "deviceId IN ['d0', 'd2']");
        assert_eq!(condition.within, None);
        assert_eq!(super::condition("", &places, &Selected::new()), None);
        assert_eq!(
            named(["it's"].into_iter()).unwrap(),
            "deviceId IN ['it\\'s']"
        );
        let long = "x".repeat(128);
        assert_eq!(named(std::iter::repeat_n(long.as_str(), 60)), None);
    }

    #[test]
    fn many_devices_are_a_rectangle_with_everything_in_it() {
        let mut at: Vec<(f64, f64)> = (0..101)
            .map(|n| (60.0 + f64::from(n) / 100.0, 5.5))
            .collect();
        at.extend([(60.5, 5.0), (60.5, 6.0)]);
        let mut places = places(at.into_iter());
        let selected = all(&places);
        // Not selected, but in between; and one outside.
        places.extend(
            self::places([(60.25, 5.25), (10.0, 5.25)].into_iter())
                .into_iter()
                .map(|place| Place {
                    id: format!("other-{}", place.id),
                    ..place
                }),
        );
        let condition = condition("tags.a = 1", &places, &selected).unwrap();
        assert_eq!(condition.within, Some(104));
        assert_eq!(
            condition.text,
            format!("(\ntags.a = 1\n) AND ({})", within(60.0, 61.0, 5.0, 6.0))
        );
    }

    #[test]
    fn a_rectangle_may_lie_across_the_date_line() {
        let east = (0..120).map(|n| (1.0, 175.0 + f64::from(n % 5)));
        let west = (0..10).map(|n| (2.0, -180.0 + f64::from(n)));
        let places = places(east.chain(west));
        let condition = condition("", &places, &all(&places)).unwrap();
        assert_eq!(condition.text, within(1.0, 2.0, 175.0, -171.0));
        assert_eq!(condition.within, Some(130));
    }
}
