//! What the device reported, with the age of each leaf and a mark where it differs from desired.

use super::Shared;
use crate::api::twins::{Section, Twin, version};
use crate::clock;
use crate::components::icon::Icon;
use crate::components::json_view::{JsonView, LineNote};
use crate::components::meter::Meter;
use crate::components::state_view::EmptyState;
use crate::i18n::{ago, count, fill, lasting, t, tr, word, wording};
use crate::logic::json_document::{at, counted_size, last_updated, without_hub_fields};
use crate::logic::json_lines::lines;
use crate::logic::number::bytes;
use crate::logic::time;
use crate::reactive::{Callback, Memo, derive, memo, part};
use leptos::prelude::*;
use serde_json::Value;
use shared::ordered::OrderedSet;

const LIMIT: u64 = 32 * 1024;

/// Where reported holds a leaf that desired wants otherwise.
fn drifts(desired: &Value, reported: &Value, path: &[String]) -> bool {
    match (at(desired, path), at(reported, path)) {
        (Some(wanted), Some(is)) => wanted != is,
        _ => false,
    }
}

/// The card.
#[component]
pub fn Reported(
    /// The device.
    shared: Shared,
    /// The newest twin.
    latest: Memo<Twin>,
) -> impl IntoView {
    let document = memo(move || latest.with(|twin| without_hub_fields(twin.reported())));
    let empty = memo(move || document.with(|d| d.as_object().is_none_or(|map| map.is_empty())));
    let drift = memo(move || {
        latest.with(|twin| {
            lines(&without_hub_fields(twin.reported()))
                .iter()
                .filter(|line| {
                    line.leaf && drifts(twin.section(Section::Desired), twin.reported(), &line.path)
                })
                .map(|line| line.path.clone())
                // Elements of one array share its path: an array that differs counts once.
                .collect::<OrderedSet<_>>()
                .len() as u64
        })
    });
    let meta = move || {
        latest.with(|twin| {
            let words = &t().twin;
            let parts = [
                version(twin.reported()).map(|n| fill(words.version, &[("n", &n.to_string())])),
                last_updated(twin.reported(), &[])
                    .and_then(time::parse)
                    .map(|at| ago(time::distance(at, clock::now()))),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        })
    };
    let note = Callback::new(move |path: Vec<String>| {
        latest.with(|twin| {
            if drifts(twin.section(Section::Desired), twin.reported(), &path) {
                let wanted = at(twin.section(Section::Desired), &path)
                    .map(Value::to_string)
                    .unwrap_or_default();
                return Some(LineNote {
                    text: t().twin.drift.to_owned(),
                    title: Some(fill(t().twin.drift_hint, &[("value", &wanted)])),
                    marked: true,
                });
            }
            let moment = last_updated(twin.reported(), &path).and_then(time::parse)?;
            Some(LineNote {
                text: lasting(time::distance(moment, clock::now())),
                title: None,
                marked: false,
            })
        })
    });
    let size = derive(move || document.with(|d| counted_size(d) as u64));
    let size_words = derive(move || {
        fill(
            t().twin.size_of,
            &[("used", &bytes(size.get())), ("limit", &bytes(LIMIT))],
        )
    });
    view! {
        <section class="card" aria-labelledby="reported-title">
            <header>
                <h2 id="reported-title">{tr!(twin.reported)}</h2>
                <span class="more dim">{part(meta)}</span>
            </header>
            {move || if empty.get() {
                view! {
                    <EmptyState
                        icon=Icon::Tray
                        title=wording(word!(twin.never_reported))
                        text=wording(word!(twin.reported_hint))
                    />
                }
                .into_any()
            } else {
                view! {
                    <div class="drift-row" class:marked=move || { drift.get() > 0 } role="status">
                        {move || match drift.get() {
                            0 => t().twin.in_step.to_owned(),
                            n => count(n, t().twin.drift_one, t().twin.drift_other),
                        }}
                        {move || (drift.get() > 0 && !shared.connected()).then(|| view! {
                            <span class="dim">" " {tr!(twin.ahead_offline)}</span>
                        })}
                    </div>
                    <JsonView value=document label=wording(word!(twin.reported)) note/>
                    <div class="meter-row">
                        <span class="dim">{tr!(twin.size)}</span>
                        <Meter used=size limit=LIMIT label=size_words/>
                        <span class="dim">{move || size_words.get()}</span>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::drifts;
    use serde_json::json;

    #[test]
    fn drift_needs_the_leaf_on_both_sides() {
        let desired = json!({"a": {"interval": 60}, "only": 1});
        let reported = json!({"a": {"interval": 30}, "own": 2});
        let path = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert!(drifts(&desired, &reported, &path(&["a", "interval"])));
        assert!(!drifts(&desired, &reported, &path(&["own"])));
        assert!(!drifts(&desired, &reported, &path(&["only"])));
        assert!(!drifts(&desired, &desired, &path(&["a", "interval"])));
    }
}
