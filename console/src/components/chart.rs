//! Charts as plain SVG: a sparkline beside a figure and a line chart over time. Series differ by
//! colour and by dash, and the legend carries name and last value.

use crate::i18n::{fill, t};
use crate::logic::number::{decimals, measure};
use crate::logic::scale::{axis, polylines};
use crate::logic::time::{Millis, clock_seconds};
use crate::preferences::offset_minutes;
use crate::reactive::{memo, part};
use leptos::prelude::*;

/// A place in a drawing as its markup has it.
fn place(at: f64) -> String {
    decimals(at, 1)
}

/// Series drawn at once, at most; each has its colour.
pub const MOST_SERIES: usize = 4;

/// A named series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Time and value; `None` breaks the line.
    pub samples: Vec<(Millis, Option<f64>)>,
}

/// A small line under a figure; drawn from two samples on.
#[component]
pub fn Sparkline(
    /// Values, oldest first.
    #[prop(into)]
    values: Signal<Vec<f64>>,
    /// What it shows, in words.
    #[prop(into)]
    label: Signal<String>,
    /// 1 to 4.
    #[prop(default = 1)]
    colour: u8,
) -> impl IntoView {
    let points = memo(move || {
        let values = values.get();
        if values.len() < 2 {
            return None;
        }
        let (low, high) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        let span = if high - low < 1e-9 { 1.0 } else { high - low };
        let flat = high - low < 1e-9;
        let step = 220.0 / (values.len() - 1) as f64;
        let line: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(i, v)| {
                let share = if flat { 0.5 } else { (v - low) / span };
                format!("{},{}", place(i as f64 * step), place(32.0 - share * 26.0))
            })
            .collect();
        Some(line.join(" "))
    });
    view! {
        <svg
            class=format!("spark c{colour}")
            viewBox="0 0 220 36"
            preserveAspectRatio="none"
            role="img"
            aria-label=move || label.get()
        >
            {move || points.get().map(|line| view! {
                <polygon class="spark-area" points=format!("0,36 {line} 220,36")></polygon>
                <polyline class="spark-line" points=line></polyline>
            })}
            {move || points.get().is_none().then(|| view! { <line class="spark-none" x1="0" y1="32" x2="220" y2="32"></line> })}
        </svg>
    }
}

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 10.0;

/// Lines over time with a value axis and the times at both ends.
#[component]
pub fn LineChart(
    /// What to draw; at most four are drawn.
    #[prop(into)]
    series: Signal<Vec<Series>>,
) -> impl IntoView {
    let drawing = move || {
        let series = series.get();
        let values = series
            .iter()
            .flat_map(|s| s.samples.iter().filter_map(|(_, v)| *v));
        let axis = axis(values, 4);
        let times = series
            .iter()
            .flat_map(|s| s.samples.iter().map(|(at, _)| *at));
        let (from, to) = times.fold((f64::MAX, f64::MIN), |(f, t), at| (f.min(at), t.max(at)));
        if from > to {
            return ().into_any();
        }
        let grid = axis
            .steps
            .iter()
            .map(|step| {
                let y = TOP + HEIGHT - axis.position(*step) * HEIGHT;
                view! {
                    <line class="chart-grid" x1=place(LEFT) x2=place(LEFT + WIDTH) y1=place(y) y2=place(y)></line>
                    <text class="chart-text end" x=place(LEFT - 8.0) y=place(y + 4.0)>{measure(*step)}</text>
                }
            })
            .collect_view();
        let lines = series
            .iter()
            .take(MOST_SERIES)
            .enumerate()
            .map(|(index, one)| {
                let class = format!("chart-line c{}", index + 1);
                polylines(&one.samples, from, to, &axis, WIDTH, HEIGHT)
                    .into_iter()
                    .map(|points| view! { <polyline class=class.clone() points=points></polyline> })
                    .collect_view()
            })
            .collect_view();
        let offset = offset_minutes(to);
        view! {
            {grid}
            <g transform=format!("translate({},{})", place(LEFT), place(TOP))>{lines}</g>
            <text class="chart-text" x=place(LEFT) y=place(TOP + HEIGHT + 22.0)>{clock_seconds(from, offset)}</text>
            <text class="chart-text end" x=place(LEFT + WIDTH) y=place(TOP + HEIGHT + 22.0)>{clock_seconds(to, offset)}</text>
        }
        .into_any()
    };
    let label = move || {
        let series = series.get();
        let names: Vec<&str> = series.iter().map(|s| s.name.as_str()).collect();
        let points: usize = series.iter().map(|s| s.samples.len()).sum();
        fill(
            t().telemetry.chart_label,
            &[("paths", &names.join(", ")), ("n", &points.to_string())],
        )
    };
    view! {
        <svg class="chart" viewBox="0 0 1104 222" role="img" aria-label=label>{part(drawing)}</svg>
    }
}
