//! Numbers for people. English and Korean group digits alike, so one form serves both.

/// A number as people type it. The standard library's own reader of decimals has tables that are
/// a fiftieth of the console's size; the one for JSON is there anyway.
pub fn decimal(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    // JSON wants a digit before the point and none too many, and one behind it.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || digits == "." {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let zero = if digits.starts_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    serde_json::from_str(&format!("{sign}{zero}{digits}")).ok()
}

/// `12480` → `12,480`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A rate: whole above 100, one decimal above 1, two below.
pub fn rate(value: f64) -> String {
    if !value.is_finite() || value <= 0.0 {
        "0".to_owned()
    } else if value >= 100.0 {
        grouped(value.round() as u64)
    } else if value >= 1.0 {
        trim(decimals(value, 1))
    } else {
        trim(decimals(value, 2))
    }
}

/// A measured value for an axis or a legend: at most four significant decimals, no trailing zeros.
pub fn measure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if size >= 10_000.0 {
        let sign = if value < 0.0 { "−" } else { "" };
        return format!("{sign}{}", grouped(size.round() as u64));
    }
    let places = match size {
        s if s >= 100.0 => 1,
        s if s >= 1.0 => 2,
        _ => 4,
    };
    trim(decimals(value, places))
}

/// A number with so many places behind the point, nine at most. The standard library's way to
/// write floats is exact for all of them and as large as a small screen; nobody here needs it.
pub fn decimals(value: f64, places: u32) -> String {
    let scale = 10u64.pow(places.min(9));
    let scaled = (value.abs() * scale as f64).round_ties_even() as u64;
    let sign = if value < 0.0 && scaled > 0 { "-" } else { "" };
    let (whole, part) = (scaled / scale, scaled % scale);
    let width = places as usize;
    match places {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part:0width$}"),
    }
}

fn trim(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" || short.is_empty() {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// Bytes with a binary unit: `412 B`, `1.5 KB`, `3 MB`.
pub fn bytes(value: u64) -> String {
    const STEP: f64 = 1024.0;
    if value < 1024 {
        return format!("{value} B");
    }
    let kilo = value as f64 / STEP;
    if kilo < STEP {
        format!("{} KB", trim(decimals(kilo, 1)))
    } else {
        format!("{} MB", trim(decimals(kilo / STEP, 1)))
    }
}

/// A share as a percentage: `95.4 %`; never `100 %` when something is missing, never `0 %` when
/// something is there.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let exact = part as f64 * 100.0 / whole as f64;
    let shown = (exact * 10.0).round() / 10.0;
    let held = if part < whole && shown >= 100.0 {
        99.9
    } else if part > 0 && shown <= 0.0 {
        0.1
    } else {
        shown
    };
    format!("{} %", trim(decimals(held, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_as_they_are_typed() {
        for text in [
            "0", "00", "5", "05", "-5", "+5", "0.5", ".5", "-.5", "5.", "12.25", "1e3", "100.0",
        ] {
            assert_eq!(decimal(text), text.parse().ok(), "{text}");
        }
        for text in ["", "-", ".", "+-5", "5 %", "1,5", "a", "inf", "0x1", "1 2"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_480_301), "12,480,301");
    }

    #[test]
    fn rates_keep_what_matters() {
        assert_eq!(rate(1283.6), "1,284");
        assert_eq!(rate(1.25), "1.2");
        assert_eq!(rate(2.0), "2");
        assert_eq!(rate(0.05), "0.05");
        assert_eq!(rate(f64::NAN), "0");
    }

    #[test]
    fn measures_drop_noise_and_zeros() {
        assert_eq!(measure(21.5000001), "21.5");
        assert_eq!(measure(-0.00001), "0");
        assert_eq!(measure(-12_345.6), "−12,346");
        assert_eq!(measure(0.0421), "0.0421");
        assert_eq!(measure(200.0), "200");
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes(412), "412 B");
        assert_eq!(bytes(1024), "1 KB");
        assert_eq!(bytes(32 * 1024), "32 KB");
        assert_eq!(bytes(1536), "1.5 KB");
        assert_eq!(bytes(3 * 1024 * 1024), "3 MB");
    }

    #[test]
    fn percent_never_hides_the_last_one() {
        assert_eq!(percent(11_902, 12_480), "95.4 %");
        assert_eq!(percent(99_999, 100_000), "99.9 %");
        assert_eq!(percent(1, 100_000), "0.1 %");
        assert_eq!(percent(5, 5), "100 %");
        assert_eq!(percent(0, 0), "–");
    }
}
