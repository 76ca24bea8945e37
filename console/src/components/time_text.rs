//! Times on screen: how long ago, with the exact time one hover away, in the chosen zone.

use crate::clock;
use crate::i18n::{ago, fill, lasting, t};
use crate::logic::time;
use crate::preferences::offset_minutes;
use crate::reactive::{memo, part};
use leptos::prelude::*;

/// The exact time in the chosen zone with its name.
pub fn exact(text: &str) -> Option<String> {
    let at = time::parse(text)?;
    let offset = offset_minutes(at);
    Some(format!(
        "{} {}",
        time::date_time(at, offset),
        time::offset_name(offset)
    ))
}

/// `14 min ago`, or `in 14 min`; the exact time as a tooltip. `–` for never.
#[component]
pub fn Ago(
    /// The hub's timestamp.
    #[prop(into)]
    at: Signal<Option<String>>,
) -> impl IntoView {
    let words = move || match at.get().as_deref().and_then(time::parse) {
        Some(moment) => relative(moment),
        None => "–".to_owned(),
    };
    view! {
        <time datetime=move || at.get() title=move || at.get().as_deref().and_then(exact)>{part(words)}</time>
    }
}

/// The exact time, followed by how long ago. `Never` if there is none.
#[component]
pub fn Moment(
    /// The hub's timestamp.
    #[prop(into)]
    at: Signal<Option<String>>,
) -> impl IntoView {
    let known = memo(move || at.get().as_deref().and_then(time::parse));
    view! {
        {move || match known.get() {
            Some(_) => view! {
                <time datetime=at.get()>{move || at.get().as_deref().and_then(exact)}</time>
                " "
                <span class="dim">{move || known.get().map(relative)}</span>
            }
            .into_any(),
            None => view! { <span class="dim">{move || t().common.never}</span> }.into_any(),
        }}
    }
}

/// `14 min ago`, or `in 14 min` for what is still to come.
fn relative(at: time::Millis) -> String {
    let now = clock::now();
    let distance = time::distance(at, now);
    if at > now && distance != time::Distance::Now {
        fill(t().common.in_future, &[("n", &lasting(distance))])
    } else {
        ago(distance)
    }
}
