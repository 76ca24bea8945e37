//! Bars: how full something is, and how a whole is divided. Drawn as SVG so that no style
//! attribute is needed.

use crate::logic::number::decimals;
use crate::reactive::part;
use leptos::prelude::*;

/// How much of a limit is used.
#[component]
pub fn Meter(
    /// Used.
    #[prop(into)]
    used: Signal<u64>,
    /// Limit.
    limit: u64,
    /// Its name with the figures.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let width = move || (used.get() as f64 / limit.max(1) as f64).min(1.0) * 100.0;
    view! {
        <div
            class="meter"
            class:over=move || { used.get() > limit }
            role="meter"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax=limit.to_string()
            aria-valuenow=move || used.get().min(limit).to_string()
        >
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="meter-fill" x="0" y="0" height="6" width=move || decimals(width(), 2)></rect>
            </svg>
        </div>
    }
}

/// A whole divided into named parts; `parts` gives class and share of each.
#[component]
pub fn StackedBar(
    /// Class and amount of each part.
    #[prop(into)]
    parts: Signal<Vec<(&'static str, u64)>>,
    /// What it shows, in words.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let rects = move || {
        let parts = parts.get();
        let total = parts.iter().map(|(_, n)| n).sum::<u64>().max(1) as f64;
        let mut x = 0.0;
        parts
            .into_iter()
            .map(|(class, n)| {
                let width = n as f64 / total * 100.0;
                let start = x;
                x += width;
                view! {
                    <rect class=class x=decimals(start, 2) y="0" height="8" width=decimals(width, 2)></rect>
                }
            })
            .collect_view()
    };
    view! {
        <div class="stacked" role="img" aria-label=move || label.get()>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{part(rects)}</svg>
        </div>
    }
}
