//! What was read, whom the map does not show, and how a device gets onto it.

use super::reader::Reader;
use crate::clock;
use crate::i18n::{ago, count, fill, t, tr, word, wording};
use crate::logic::map::place;
use crate::logic::time;
use crate::logic::url_state::DeviceFilter;
use crate::pages::snippets::Command;
use crate::reactive::{Memo, memo, part};
use crate::routes;
use leptos::prelude::*;

/// What a device reports.
const REPORTED: &str =
    r#"{ "conditions": { "location": { "lat": 60.3913, "lon": 5.3221, "accuracyMeters": 10 } } }"#;

/// What was read and what is not on the map, with the way to change that.
#[component]
pub fn Facts(
    /// Reads.
    reader: Reader,
    /// The condition of the map.
    filter: Memo<String>,
) -> impl IntoView {
    let told = reader.told;
    let positions = move || {
        let n = reader.fleet.with(|fleet| fleet.places.len()) as u64;
        count(n, t().map.positions_one, t().map.positions_other)
    };
    let age = move || {
        let at = told.with(|told| told.at)?;
        let age = ago(time::distance(at, clock::now()));
        Some(fill(t().map.read_at, &[("age", &age)]))
    };
    let fact = |n: u64, words: String, condition: Option<String>| {
        let href = condition.map(|condition| {
            routes::devices(&DeviceFilter {
                condition,
                ..DeviceFilter::default()
            })
        });
        (n > 0).then(|| view! { <a href=href>{words}</a> })
    };
    let without = move || {
        let n = told.with(|told| told.without);
        let words = count(n, t().map.without_one, t().map.without_other);
        fact(n, words, Some(place::without_position(&filter.get())))
    };
    let nowhere = move || {
        let (n, named) = told.with(|told| (told.nowhere, told.nowhere_named.clone()));
        let words = count(n, t().map.nowhere_one, t().map.nowhere_other);
        fact(n, words, named)
    };
    // Open for who has nothing to look at.
    let open = memo(move || told.with(|told| told.total == Some(0) && told.without > 0));
    view! {
        <div class="card-foot map-facts">
            <span>{part(positions)}</span>
            {part(without)}
            {part(nowhere)}
            <span class="dim">{part(age)}</span>
        </div>
        <details class="inner-fold" open=move || open.get()>
            <summary>{tr!(map.how)}</summary>
            <div class="body-tight map-how">
                <p>{tr!(map.how_reported)}</p>
                <Command title=wording(word!(map.how_reported)) text=Signal::stored(REPORTED.to_owned())/>
            </div>
        </details>
    }
}
