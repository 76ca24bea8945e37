//! Lengths of time as people type them: `250ms`, `5s`, `2m`, `1h`, a bare number is seconds.
//!
//! Never reads a clock.

use std::time::Duration;

/// Longest length accepted anywhere: ten days.
const LONGEST: Duration = Duration::from_secs(10 * 24 * 3600);

/// How long a run lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunLength {
    /// Until Ctrl-C.
    Forever,
    /// So long after the start.
    For(Duration),
}

/// Reads `forever` or a length of time.
pub fn parse_run_length(text: &str) -> Result<RunLength, String> {
    if text.eq_ignore_ascii_case("forever") {
        return Ok(RunLength::Forever);
    }
    parse_duration(text).map(RunLength::For)
}

/// Reads a length of time greater than zero and at most ten days.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(format!(
                "{unit:?} is no unit of time; use ms, s, m or h, as in 250ms or 5s"
            ));
        }
    };
    let count: f64 = number.parse().map_err(|_| {
        format!("{text:?} is no length of time; write for example 250ms, 5s, 2m or 1h")
    })?;
    let seconds = count * seconds_per_unit;
    if !(0.001..=LONGEST.as_secs_f64()).contains(&seconds) {
        return Err("a length of time lies between 1ms and 240h".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(parse_run_length("Forever"), Ok(RunLength::Forever));
    }

    #[test]
    fn refuses_nonsense_and_says_what_to_write() {
        for text in ["", "s", "0", "-1s", "5 s", "5d", "1.2.3s", "241h", "NaN"] {
            let message = parse_duration(text).unwrap_err();
            assert!(message.contains("ms"), "{text}: {message}");
        }
    }
}
