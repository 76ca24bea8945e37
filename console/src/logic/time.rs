//! Time as text: reading the hub's timestamps and writing them in UTC or with a given offset.
//! The current time and the local offset come in as arguments.

use super::number::decimal;

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = f64;

const DAY: i64 = 86_400;

/// Reads an RFC 3339 timestamp (with or without `Z`, any number of decimals). `None` for
/// malformed text and for the hub's "never", `0001-01-01…` (`service.md §1`).
pub fn parse(text: &str) -> Option<Millis> {
    if !text.is_ascii() || text.len() < 19 || text.starts_with("0001-01-01") {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let bytes = text.as_bytes();
    let shape = bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && bytes[16] == b':';
    if !shape || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction = 0.0;
    if let Some(tail) = rest.strip_prefix('.') {
        let end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        fraction = decimal(&format!("0.{}", &tail[..end]))?;
        rest = &tail[end..];
    }
    let offset = match rest {
        "" | "Z" | "z" => 0,
        zone => {
            let sign = match zone.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = zone[1..].split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        }
    };
    let seconds =
        days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset * 60;
    Some(seconds as f64 * 1000.0 + (fraction * 1000.0).floor())
}

/// `2026-03-01 10:05:00`, shifted by an offset in minutes east of UTC.
pub fn date_time(at: Millis, offset_minutes: i32) -> String {
    let (year, month, day, clock) = split(at, offset_minutes);
    format!("{year:04}-{month:02}-{day:02} {}", hms(clock))
}

/// `2026-03-01T10:05:00Z`, as the hub takes it.
pub fn timestamp(at: Millis) -> String {
    format!("{}Z", date_time(at, 0).replace(' ', "T"))
}

/// `2026-03-01T10:05`, as a date and time field of the browser holds it.
pub fn wall_time(at: Millis, offset_minutes: i32) -> String {
    let (year, month, day, clock) = split(at, offset_minutes);
    let (hour, minute) = (clock / 3600, clock / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
}

/// The moment that a date and time field names. `None` while the field is incomplete.
pub fn from_wall_time(text: &str, offset_minutes: i32) -> Option<Millis> {
    let whole = if text.len() == 16 {
        format!("{text}:00")
    } else {
        text.to_owned()
    };
    parse(&whole).map(|at| at - f64::from(offset_minutes) * 60_000.0)
}

/// `10:05:00.123`, for rows of a live tail.
pub fn clock_time(at: Millis, offset_minutes: i32) -> String {
    let (_, _, _, clock) = split(at, offset_minutes);
    let millis = (at.floor() as i64).rem_euclid(1000);
    format!("{}.{millis:03}", hms(clock))
}

/// `10:05:00`, for the ends of a chart.
pub fn clock_seconds(at: Millis, offset_minutes: i32) -> String {
    hms(split(at, offset_minutes).3)
}

/// The name of an offset: `UTC`, `UTC+9`, `UTC−3:30`.
pub fn offset_name(offset_minutes: i32) -> String {
    if offset_minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if offset_minutes < 0 { '−' } else { '+' };
    let (hours, minutes) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    if minutes == 0 {
        format!("UTC{sign}{hours}")
    } else {
        format!("UTC{sign}{hours}:{minutes:02}")
    }
}

fn hms(clock: i64) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    )
}

fn split(at: Millis, offset_minutes: i32) -> (i64, i64, i64, i64) {
    let seconds = (at / 1000.0).floor() as i64 + i64::from(offset_minutes) * 60;
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    (year, month, day, seconds.rem_euclid(DAY))
}

/// Days since 1970-01-01 of a date, counting years from March so that leap days come last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// A distance in time in the largest unit that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Under two seconds.
    Now,
    /// Seconds.
    Seconds(u64),
    /// Minutes.
    Minutes(u64),
    /// Hours.
    Hours(u64),
    /// Days.
    Days(u64),
}

/// How far two moments are apart; the sign does not matter.
pub fn distance(from: Millis, to: Millis) -> Distance {
    let seconds = ((to - from).abs() / 1000.0) as u64;
    match seconds {
        0..2 => Distance::Now,
        2..60 => Distance::Seconds(seconds),
        60..3_600 => Distance::Minutes(seconds / 60),
        3_600..86_400 => Distance::Hours(seconds / 3_600),
        _ => Distance::Days(seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_the_hub_writes() {
        let at = parse("2026-03-01T10:00:00.1234567Z").unwrap();
        assert_eq!(date_time(at, 0), "2026-03-01 10:00:00");
        assert_eq!(clock_time(at, 0), "10:00:00.123");
        assert_eq!(parse("2026-03-01T10:00:00"), parse("2026-03-01T10:00:00Z"));
        assert_eq!(
            parse("2026-03-01T19:00:00+09:00"),
            parse("2026-03-01T10:00:00Z")
        );
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0.0));
    }

    #[test]
    fn never_and_nonsense_are_none() {
        for text in [
            "0001-01-01T00:00:00Z",
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-03-01T10:00:00+x",
            "2026-03-01X10:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_survive_a_round_trip_over_centuries() {
        for day in (-20_000..60_000).step_by(97) {
            let (y, m, d) = civil_from_days(day);
            assert_eq!(days_from_civil(y, m, d), day);
        }
        assert_eq!(civil_from_days(days_from_civil(2024, 2, 29)), (2024, 2, 29));
    }

    #[test]
    fn offsets_shift_date_and_name() {
        let at = parse("2026-02-28T23:30:00Z").unwrap();
        assert_eq!(date_time(at, 540), "2026-03-01 08:30:00");
        assert_eq!(date_time(at, -210), "2026-02-28 20:00:00");
        assert_eq!(offset_name(0), "UTC");
        assert_eq!(offset_name(540), "UTC+9");
        assert_eq!(offset_name(-210), "UTC−3:30");
    }

    #[test]
    fn fields_of_the_browser_read_back() {
        let at = parse("2026-03-01T10:05:00Z").unwrap();
        assert_eq!(timestamp(at), "2026-03-01T10:05:00Z");
        for offset in [0, 540, -210] {
            assert_eq!(from_wall_time(&wall_time(at, offset), offset), Some(at));
        }
        assert_eq!(wall_time(at, 540), "2026-03-01T19:05");
        assert_eq!(from_wall_time("", 0), None);
    }

    #[test]
    fn distance_uses_the_largest_unit() {
        assert_eq!(distance(0.0, 900.0), Distance::Now);
        assert_eq!(distance(0.0, 59_999.0), Distance::Seconds(59));
        assert_eq!(distance(3_600_000.0, 0.0), Distance::Hours(1));
        assert_eq!(distance(0.0, 200_000_000.0), Distance::Days(2));
    }
}
