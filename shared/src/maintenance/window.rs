//! Maintenance windows: hours of the week in the local time of a zone
//! (`device-management.md` §4.2).
//!
//! A window begins and ends by the clock on the wall. A local time that is skipped in spring
//! begins with the next minute there is; one that comes twice in autumn counts the first time.

use super::zones::Zones;
use crate::sorting;
use crate::time::Timestamp;

const DAY: i64 = 24 * 3600;
/// The longest window, in minutes: a week.
pub(super) const MAX_MINUTES: i64 = 7 * 24 * 60;
/// Days around now that may hold a beginning which matters.
const DAYS_AROUND: i64 = 8;
/// Names of days, the first is a Monday.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Day 0 was a Thursday.
const FIRST_WEEKDAY: i64 = 3;

/// Whose local time it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Zone {
    /// An IANA zone.
    Named(String),
    /// Of the device: `tags.timezone`.
    OfDevice,
}

/// Some hours of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// On which days it begins, by their place in [`DAYS`].
    pub(super) days: Vec<i64>,
    /// Minutes after midnight.
    pub(super) start: i64,
    pub(super) minutes: i64,
    pub(super) zone: Zone,
}

/// How a set of windows stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Until when it is open; `None`: it is closed.
    pub(super) open_until: Option<Timestamp>,
    /// When it opens the next time.
    pub(super) opens: Option<Timestamp>,
}

/// The windows together; `zones_of` gives the zone of a window, `Err` where a zone is unknown.
pub(super) fn standing(
    windows: &[Window],
    device_zone: Option<&str>,
    now: Timestamp,
    zones: &dyn Zones,
) -> Result<Standing, String> {
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for window in windows {
        let zone = match &window.zone {
            Zone::Named(zone) => zone,
            Zone::OfDevice => device_zone.ok_or("the device has no tags.timezone")?,
        };
        window.spans(zone, now, zones, &mut spans)?;
    }
    sorting::sort(&mut spans);
    let mut standing = Standing {
        open_until: None,
        opens: None,
    };
    for (start, end) in spans {
        // One that begins before another ends goes on with it.
        let from = standing.open_until.unwrap_or(now);
        if start <= from && end > from {
            standing.open_until = Some(end);
        } else if start > from && standing.opens.is_none() {
            standing.opens = Some(start);
        }
    }
    Ok(standing)
}

impl Window {
    fn spans(
        &self,
        zone: &str,
        now: Timestamp,
        zones: &dyn Zones,
        spans: &mut Vec<(Timestamp, Timestamp)>,
    ) -> Result<(), String> {
        let unknown = || format!("the time zone {zone:?} is unknown");
        let offset = zones.offset(zone, now).ok_or_else(unknown)?;
        let today = (now.seconds() + offset).div_euclid(DAY);
        for day in today - DAYS_AROUND..=today + DAYS_AROUND {
            let weekday = (day + FIRST_WEEKDAY).rem_euclid(7);
            if !self.days.is_empty() && !self.days.contains(&weekday) {
                continue;
            }
            let local = day * DAY + self.start * 60;
            let start = instant(zone, local, zones).ok_or_else(unknown)?;
            let end = instant(zone, local + self.minutes * 60, zones).ok_or_else(unknown)?;
            spans.push((start, end));
        }
        Ok(())
    }
}

/// When a clock on the wall shows so many seconds after 1970: the first time it does, or when
/// it jumps over that.
fn instant(zone: &str, local: i64, zones: &dyn Zones) -> Option<Timestamp> {
    let at = |seconds: i64| Timestamp::from_milliseconds(seconds.saturating_mul(1000));
    let offset = |seconds: i64| zones.offset(zone, at(seconds));
    // No zone is more than a day from UTC, nor changes twice within two.
    let (before, after) = (offset(local - DAY)?, offset(local + DAY)?);
    for candidate in [local - before, local - after] {
        if candidate + offset(candidate)? == local {
            return Some(at(candidate));
        }
    }
    // It is skipped: the change lies between what either offset makes of it.
    let (mut low, mut high) = (local - before.max(after), local - before.min(after));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset(middle)? == after {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(at(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour ahead of UTC, two between the last Sundays of March and October of 2026.
    #[derive(Debug)]
    struct Oslo;

    impl Zones for Oslo {
        fn offset(&self, zone: &str, at: Timestamp) -> Option<i64> {
            let summer = time("2026-03-29T01:00:00Z")..time("2026-10-25T01:00:00Z");
            match zone {
                "Europe/Oslo" if summer.contains(&at) => Some(7200),
                "Europe/Oslo" => Some(3600),
                "UTC" => Some(0),
                _ => None,
            }
        }
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window(days: &[i64], start: i64, minutes: i64) -> Window {
        Window {
            days: days.to_vec(),
            start,
            minutes,
            zone: Zone::Named("Europe/Oslo".to_owned()),
        }
    }

    fn at(windows: &[Window], now: &str) -> (Option<String>, Option<String>) {
        let standing = standing(windows, None, time(now), &Oslo).unwrap();
        let text = |time: Option<Timestamp>| time.map(|time| time.second_text());
        (text(standing.open_until), text(standing.opens))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_window_is_open_by_the_clock_on_the_wall() {
        let night = [window(&[5], 60, 180)]; // Saturday 01:00 to 04:00
        // Friday noon; Saturday 00:00 UTC is 01:00 in winter.
        assert_eq!(
            at(&night, "2026-03-06T11:00:00Z"),
            (None, some("2026-03-07T00:00:00Z"))
        );
        assert_eq!(
            at(&night, "2026-03-07T00:00:00Z").0,
            some("2026-03-07T03:00:00Z")
        );
        assert_eq!(
            at(&night, "2026-03-07T02:59:59Z").0,
            some("2026-03-07T03:00:00Z")
        );
        // The next one, already in the summer time that begins on that Sunday.
        assert_eq!(
            at(&night, "2026-03-28T03:00:00Z"),
            (None, some("2026-04-03T23:00:00Z"))
        );
    }

    #[test]
    fn a_skipped_time_begins_with_the_next_minute_and_a_doubled_one_counts_once() {
        // 02:00 to 03:00 of 29 March 2026 does not exist.
        let skipped = [window(&[6], 150, 60)];
        assert_eq!(
            at(&skipped, "2026-03-29T00:00:00Z"),
            (None, some("2026-03-29T01:00:00Z"))
        );
        assert_eq!(
            at(&skipped, "2026-03-29T01:10:00Z").0,
            some("2026-03-29T01:30:00Z")
        );
        // 02:30 of 25 October comes at 00:30 and 01:30 UTC.
        let doubled = [window(&[6], 150, 60)];
        assert_eq!(
            at(&doubled, "2026-10-25T00:00:00Z").1,
            some("2026-10-25T00:30:00Z")
        );
        // It ends at 03:30 on the wall, two hours later.
        assert_eq!(
            at(&doubled, "2026-10-25T01:45:00Z").0,
            some("2026-10-25T02:30:00Z")
        );
    }

    #[test]
    fn windows_cross_midnight_and_join() {
        let evening = [window(&[4], 23 * 60, 120), window(&[5], 60, 60)];
        // Friday 23:00 to Saturday 01:00, and on to 02:00.
        assert_eq!(
            at(&evening, "2026-03-06T23:30:00Z").0,
            some("2026-03-07T01:00:00Z")
        );
        let always = [window(&[], 0, 24 * 60)];
        assert!(at(&always, "2026-03-29T01:10:00Z").0.is_some());
    }

    #[test]
    fn what_has_no_zone_says_so() {
        let mut unknown = window(&[], 0, 60);
        unknown.zone = Zone::Named("Europe/Nowhere".to_owned());
        let now = time("2026-03-06T11:00:00Z");
        assert!(
            standing(&[unknown.clone()], None, now, &Oslo)
                .unwrap_err()
                .contains("Nowhere")
        );
        unknown.zone = Zone::OfDevice;
        assert!(
            standing(&[unknown.clone()], None, now, &Oslo)
                .unwrap_err()
                .contains("timezone")
        );
        assert!(standing(&[unknown], Some("UTC"), now, &Oslo).is_ok());
    }
}
