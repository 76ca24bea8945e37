//! Points in time as the wire knows them: UTC, RFC 3339 with seven decimals (`service.md` §1).
//!
//! Nothing here reads a clock; "now" always arrives as an argument.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A day of 24 hours; times know no leap seconds.
const DAY_MILLISECONDS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 UTC. The zero value of .NET (`0001-01-01`) is [`Timestamp::UNSET`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Milliseconds between 0001-01-01 and 1970-01-01.
const UNIX_EPOCH_SINCE_YEAR_ONE: i64 = 62_135_596_800_000;
/// Last millisecond of the year 9999.
const LATEST: i64 = 253_402_300_799_999;

impl Timestamp {
    /// "Never": the value that clients recognise by its prefix `0001-01-01`.
    pub const UNSET: Self = Self(-UNIX_EPOCH_SINCE_YEAR_ONE);

    /// From milliseconds since 1970; clamped to the years 1–9999.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(-UNIX_EPOCH_SINCE_YEAR_ONE, LATEST))
    }

    /// The day in UTC on which it is, counted from 1970.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MILLISECONDS)
    }

    /// When a day in UTC begins, counted from 1970.
    pub fn of_day(day: i64) -> Self {
        Self(day * DAY_MILLISECONDS)
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment plus so many milliseconds.
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// This moment plus so many seconds.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_milliseconds(seconds.saturating_mul(1000))
    }

    /// 100-nanosecond ticks since year one, the unit of `generationId` (`service.md` §4.2).
    pub fn ticks(self) -> i64 {
        self.0
            .saturating_add(UNIX_EPOCH_SINCE_YEAR_ONE)
            .saturating_mul(10_000)
    }

    /// Reads RFC 3339 with any number of decimals, with an offset, `Z` or nothing (taken as UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().ok()
            } else {
                None
            }
        };
        if bytes.len() < 19 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
            return None;
        }
        if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
            return None;
        }
        if bytes.get(13) != Some(&b':') || bytes.get(16) != Some(&b':') {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month)
            || day < 1
            || day > days_in_month(year, month)
            || year < 1
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut millisecond = 0;
        if let Some(fraction) = rest.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            for (index, byte) in fraction.bytes().take(digits.min(3)).enumerate() {
                let power = [100, 10, 1].get(index).copied().unwrap_or(0);
                millisecond += i64::from(byte - b'0') * power;
            }
            rest = fraction.get(digits..)?;
        }
        let offset_minutes = parse_offset(rest)?;
        let days = days_from_civil(year, month, day);
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
        Some(Self::from_milliseconds(seconds * 1000 + millisecond))
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// 1970-01-01 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

impl Timestamp {
    /// As in HTTP headers: `Sun, 01 Mar 2026 10:00:00 GMT`.
    pub fn http_date(self) -> String {
        let days = self.day();
        let within = self.0.rem_euclid(DAY_MILLISECONDS);
        let (year, month, day) = civil_from_days(days);
        let name = |names: &[&'static str], index: i64| {
            usize::try_from(index)
                .ok()
                .and_then(|index| names.get(index).copied())
                .unwrap_or_default()
        };
        format!(
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            name(&WEEKDAYS, days.rem_euclid(7)),
            name(&MONTHS, month - 1),
            within / 3_600_000,
            within / 60_000 % 60,
            within / 1000 % 60,
        )
    }

    /// Reads [`Timestamp::http_date`]; the weekday is not judged.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let (_, rest) = text.trim().split_once(", ")?;
        let mut parts = rest.split(' ');
        let day = parts.next()?;
        let month = parts.next()?;
        let month = MONTHS.iter().position(|name| *name == month)? + 1;
        let (year, clock) = (parts.next()?, parts.next()?);
        if parts.next() != Some("GMT") || parts.next().is_some() {
            return None;
        }
        Self::parse(&format!("{year}-{month:02}-{day}T{clock}Z"))
    }

    /// To the second, as it stands in signed URLs: `2026-03-01T10:00:00Z`.
    pub fn second_text(self) -> String {
        let text = self.to_string();
        format!("{}Z", text.get(..19).unwrap_or(&text))
    }
}

fn parse_offset(rest: &str) -> Option<i64> {
    match rest.as_bytes() {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), digits @ ..] => {
            let text = std::str::from_utf8(digits).ok()?;
            let (hours, minutes) = match text.split_once(':') {
                Some(pair) => pair,
                None if text.len() == 4 => (text.get(..2)?, text.get(2..)?),
                None => (text, "0"),
            };
            let all_digits =
                |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if !all_digits(hours) || !all_digits(minutes) {
                return None;
            }
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            let total = hours * 60 + minutes;
            Some(if *sign == b'-' { -total } else { total })
        }
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date; years are counted from March so
/// that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Timestamp {
    /// `2026-03-01T10:00:00.1230000Z`; [`Timestamp::UNSET`] is `0001-01-01T00:00:00Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNSET {
            return formatter.write_str("0001-01-01T00:00:00Z");
        }
        let days = self.day();
        let within = self.0.rem_euclid(DAY_MILLISECONDS);
        let (year, month, day) = civil_from_days(days);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}0000Z",
            within / 3_600_000,
            within / 60_000 % 60,
            within / 1000 % 60,
            within % 1000
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("expected an RFC 3339 time, such as 2026-03-01T10:00:00Z")
        })
    }
}

/// Seconds of an ISO 8601 duration of weeks, days, hours, minutes and whole seconds (`P30D`,
/// `PT1H30M`, `P0D`). Years and months have no fixed length and are refused.
pub fn duration_seconds(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let days = units(days, &[('W', 604_800), ('D', 86_400)])?;
    let time = units(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    days.checked_add(time)
}

/// Numbers before their units, in the order of the units, each at most once.
fn units(mut text: &str, order: &[(char, i64)]) -> Option<i64> {
    let mut sum: i64 = 0;
    for (unit, seconds) in order {
        if let Some((number, rest)) = text.split_once(*unit) {
            let legal = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number: i64 = legal.then(|| number.parse().ok())??;
            sum = sum.checked_add(number.checked_mul(*seconds)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_known_moments() {
        let moment = Timestamp::parse("2019-03-18T14:12:38.2265247Z").unwrap();
        assert_eq!(moment.to_string(), "2019-03-18T14:12:38.2260000Z");
        assert_eq!(
            Timestamp::parse("1970-01-01T00:00:00")
                .unwrap()
                .milliseconds(),
            0
        );
        assert_eq!(
            Timestamp::parse("2026-03-01T11:30:00+01:30"),
            Timestamp::parse("2026-03-01T10:00:00Z")
        );
        assert_eq!(Timestamp::UNSET.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(
            Timestamp::parse("0001-01-01T00:00:00Z"),
            Some(Timestamp::UNSET)
        );
        assert_eq!(
            Timestamp::parse("2024-02-29T00:00:00Z").unwrap().seconds(),
            1_709_164_800
        );
    }

    #[test]
    fn http_dates_are_written_and_read() {
        let moment = Timestamp::parse("2026-03-01T09:08:07.654Z").unwrap();
        assert_eq!(moment.http_date(), "Sun, 01 Mar 2026 09:08:07 GMT");
        assert_eq!(moment.second_text(), "2026-03-01T09:08:07Z");
        let second = Timestamp::parse("2026-03-01T09:08:07Z").unwrap();
        assert_eq!(
            Timestamp::parse_http_date("Sun, 01 Mar 2026 09:08:07 GMT"),
            Some(second)
        );
        let before = Timestamp::parse("1969-12-31T00:00:00Z").unwrap();
        assert_eq!(before.http_date(), "Wed, 31 Dec 1969 00:00:00 GMT");
        for text in [
            "",
            "Sun, 1 Mar 2026 09:08:07 GMT",
            "Sun, 01 Mar 2026 09:08:07",
            "Sun, 31 Feb 2026 09:08:07 GMT",
            "2026-03-01T09:08:07Z",
        ] {
            assert_eq!(Timestamp::parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+99:00",
            "2026-01-01T00:00:00Zx",
            "ü026-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_form_round_trips(milliseconds in -UNIX_EPOCH_SINCE_YEAR_ONE + 1..LATEST) {
            let moment = Timestamp::from_milliseconds(milliseconds);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn order_of_texts_is_order_of_moments(a in 0..LATEST, b in 0..LATEST) {
            let (a, b) = (Timestamp::from_milliseconds(a), Timestamp::from_milliseconds(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn durations_have_units_in_their_order() {
        for (text, seconds) in [
            ("P0D", Some(0)),
            ("P30D", Some(2_592_000)),
            ("P1W", Some(604_800)),
            ("PT1H30M", Some(5_400)),
            ("P1DT1S", Some(86_401)),
            ("P", None),
            ("PT", None),
            ("P1M", None),
            ("P1Y", None),
            ("PT1D", None),
            ("P1H", None),
            ("P-1D", None),
            ("PD", None),
            ("PT1S1H", None),
            ("30D", None),
            ("P99999999999999999999D", None),
            ("P9223372036854775807W", None),
        ] {
            assert_eq!(duration_seconds(text), seconds, "{text}");
        }
    }
}
