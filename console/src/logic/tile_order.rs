//! In which order issues are shown, and which of them are followed as they change: the worst
//! first, then what has lasted longest. Groups that nobody is in come last.

use super::group::Severity;
use super::time::Millis;
use std::cmp::Ordering;

/// What decides the place of a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The name of the group.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// How many devices; `None` if nobody knows yet.
    pub count: Option<u64>,
    /// Since when the one is in it that is in it longest.
    pub oldest: Option<Millis>,
}

impl Standing {
    /// Whether nobody is in it. What is not known yet may be an issue.
    pub fn is_quiet(&self) -> bool {
        self.count == Some(0)
    }
}

/// Severity, then age, then name; quiet ones last.
pub fn compare(one: &Standing, other: &Standing) -> Ordering {
    let age = |standing: &Standing| standing.oldest.unwrap_or(f64::INFINITY);
    one.is_quiet()
        .cmp(&other.is_quiet())
        .then_with(|| one.severity.cmp(&other.severity))
        .then_with(|| age(one).total_cmp(&age(other)))
        .then_with(|| one.id.cmp(&other.id))
}

/// The names of tiles in the order in which they are shown.
pub fn ordered(standings: &[Standing]) -> Vec<String> {
    names(standings.iter(), compare)
}

/// The names of those that are followed as they change: the worst of those on screen, as far as
/// there is room. The order is that of severity and name alone, so that streams do not move
/// whenever a device does.
pub fn followed(standings: &[Standing], on_screen: &[String], room: usize) -> Vec<String> {
    let seen = standings
        .iter()
        .filter(|standing| on_screen.contains(&standing.id));
    let mut followed = names(seen, |one, other| {
        let severity = one.severity.cmp(&other.severity);
        severity.then_with(|| one.id.cmp(&other.id))
    });
    followed.truncate(room);
    followed
}

/// Tiles are few: put into their places one by one, which spares the page a sort of its own.
fn names<'a>(
    standings: impl Iterator<Item = &'a Standing>,
    compare: fn(&Standing, &Standing) -> Ordering,
) -> Vec<String> {
    let mut placed: Vec<&Standing> = Vec::new();
    for standing in standings {
        let place = placed.partition_point(|known| compare(known, standing).is_le());
        placed.insert(place, standing);
    }
    placed
        .into_iter()
        .map(|standing| standing.id.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Error, Info, Warning};

    fn standing(id: &str, severity: Severity, count: u64, oldest: Option<Millis>) -> Standing {
        Standing {
            id: id.to_owned(),
            severity,
            count: Some(count),
            oldest,
        }
    }

    #[test]
    fn severity_comes_before_age_and_age_before_name() {
        let order = ordered(&[
            standing("info-old", Info, 9, Some(1.0)),
            standing("warning-young", Warning, 1, Some(90.0)),
            standing("warning-old", Warning, 1, Some(2.0)),
            standing("error-young", Error, 1, Some(95.0)),
            standing("error-b", Error, 1, Some(50.0)),
            standing("error-a", Error, 900, Some(50.0)),
            standing("error-ageless", Error, 3, None),
        ]);
        assert_eq!(
            order,
            [
                "error-a",
                "error-b",
                "error-young",
                "error-ageless",
                "warning-old",
                "warning-young",
                "info-old"
            ]
        );
    }

    #[test]
    fn what_nobody_is_in_comes_last() {
        let mut unknown = standing("unknown", Warning, 0, None);
        unknown.count = None;
        let order = ordered(&[
            standing("empty-error", Error, 0, None),
            standing("empty-info", Info, 0, None),
            standing("info", Info, 1, None),
            unknown,
        ]);
        assert_eq!(order, ["unknown", "info", "empty-error", "empty-info"]);
    }

    #[test]
    fn the_worst_on_screen_are_followed() {
        // Neither who is in them nor since when changes that.
        let tiles = [
            standing("i", Info, 9, Some(1.0)),
            standing("w2", Warning, 1, Some(2.0)),
            standing("e", Error, 0, None),
            standing("w1", Warning, 1, Some(3.0)),
        ];
        let on_screen =
            |ids: &[&str]| -> Vec<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
        let all = on_screen(&["i", "w2", "e", "w1", "gone"]);
        assert_eq!(followed(&tiles, &all, 3), ["e", "w1", "w2"]);
        assert_eq!(followed(&tiles, &on_screen(&["i", "w2"]), 8), ["w2", "i"]);
        assert!(followed(&tiles, &all, 0).is_empty());
    }
}
