//! From samples to the points of a chart: axis steps people can read, and lines that break where
//! data is missing. Knows nothing of SVG elements.

use crate::logic::number::decimals;
use shared::sorting::sort_by;

/// A span of values and the round steps between.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Lowest value shown.
    pub low: f64,
    /// Highest value shown.
    pub high: f64,
    /// Values that get a line and a label.
    pub steps: Vec<f64>,
}

/// An axis that holds all values, with about `wanted` round steps.
pub fn axis(values: impl Iterator<Item = f64>, wanted: usize) -> Axis {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    if high - low < f64::EPSILON * high.abs().max(1.0) * 8.0 {
        let room = if high == 0.0 { 1.0 } else { high.abs() * 0.1 };
        (low, high) = (low - room, high + room);
    }
    let raw = (high - low) / wanted.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(raw);
    let first = (low / step).floor();
    let last = (high / step).ceil();
    let count = ((last - first).round() as usize).min(64);
    let steps = (0..=count).map(|n| (first + n as f64) * step).collect();
    Axis {
        low: first * step,
        high: last * step,
        steps,
    }
}

impl Axis {
    /// Where a value lies, 0 at the low end and 1 at the high end.
    pub fn position(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Points of SVG polylines for samples of one series: a new line starts after a gap (`None`).
pub fn polylines(
    samples: &[(f64, Option<f64>)],
    from: f64,
    to: f64,
    axis: &Axis,
    width: f64,
    height: f64,
) -> Vec<String> {
    let span = (to - from).max(1.0);
    let mut lines = Vec::new();
    let mut current: Vec<String> = Vec::new();
    for (time, value) in samples {
        match value {
            Some(value) => {
                let x = (time - from) / span * width;
                let y = height - axis.position(*value) * height;
                current.push(format!("{},{}", decimals(x, 1), decimals(y, 1)));
            }
            None if !current.is_empty() => lines.push(std::mem::take(&mut current).join(" ")),
            None => {}
        }
    }
    if !current.is_empty() {
        lines.push(current.join(" "));
    }
    lines
}

/// Puts a break where samples are much further apart than usual (five times the median and at
/// least ten seconds), so that silence does not look like a straight line.
pub fn with_gaps(samples: Vec<(f64, f64)>) -> Vec<(f64, Option<f64>)> {
    let mut steps: Vec<f64> = samples
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    sort_by(&mut steps, f64::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let longest = (usual * 5.0).max(10_000.0);
    let mut out = Vec::with_capacity(samples.len());
    let mut before: Option<f64> = None;
    for (time, value) in samples {
        if let Some(before) = before.filter(|before| time - before > longest) {
            out.push((before, None));
        }
        out.push((time, Some(value)));
        before = Some(time);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_hold_all_values() {
        let axis = axis([18.3, 24.9].into_iter(), 4);
        assert_eq!(axis.steps, [18.0, 20.0, 22.0, 24.0, 26.0]);
        assert!(axis.low <= 18.3 && axis.high >= 24.9);
    }

    #[test]
    fn flat_and_empty_series_still_have_room() {
        let flat = axis([5.0, 5.0].into_iter(), 4);
        assert!(flat.low < 5.0 && flat.high > 5.0);
        let none = axis([f64::NAN].into_iter(), 4);
        assert!(none.low < none.high);
        let zero = axis([0.0].into_iter(), 4);
        assert!((zero.position(0.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn steps_stay_few_for_any_spread() {
        for spread in [1e-9, 1e-3, 1.0, 7.0, 1e6, 1e12] {
            let axis = axis([0.0, spread].into_iter(), 4);
            assert!(
                (2..=7).contains(&axis.steps.len()),
                "{spread}: {:?}",
                axis.steps
            );
        }
    }

    #[test]
    fn lines_break_at_gaps() {
        let axis = Axis {
            low: 0.0,
            high: 10.0,
            steps: vec![],
        };
        let samples = [
            (0.0, Some(0.0)),
            (5.0, Some(10.0)),
            (6.0, None),
            (10.0, Some(5.0)),
        ];
        let lines = polylines(&samples, 0.0, 10.0, &axis, 100.0, 50.0);
        assert_eq!(lines, ["0.0,50.0 50.0,0.0", "100.0,25.0"]);
    }

    #[test]
    fn silence_breaks_the_line_but_jitter_does_not() {
        let steady = with_gaps(vec![(0.0, 1.0), (2_000.0, 2.0), (6_000.0, 3.0)]);
        assert!(steady.iter().all(|(_, value)| value.is_some()));
        let silent = with_gaps(vec![
            (0.0, 1.0),
            (2_000.0, 2.0),
            (4_000.0, 3.0),
            (60_000.0, 4.0),
        ]);
        assert_eq!(silent[3], (4_000.0, None));
        assert!(with_gaps(vec![]).is_empty());
    }
}
