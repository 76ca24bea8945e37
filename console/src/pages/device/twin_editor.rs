//! The editor of one writable section. The draft belongs to the person: it follows the hub only
//! while nothing was typed, and nothing is sent before it was reviewed as a difference.

use super::Shared;
use super::twin_conflict::Moved;
use super::twin_review::Review;
use crate::api::twins::{Section, Twin, version};
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::field::Segmented;
use crate::components::json_editor::JsonEditor;
use crate::components::meter::Meter;
use crate::i18n::{ago, count, fill, t, tr, word, wording};
use crate::live::Live;
use crate::logic::json_document::{counted_size, last_updated, parse, pretty, without_hub_fields};
use crate::logic::merge_patch::leaf_changes;
use crate::logic::number::bytes;
use crate::logic::time;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo, part};
use leptos::prelude::*;
use serde_json::Value;

/// What the editor, the review and the conflict panel share.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Which section.
    pub section: Section,
    /// The twin that the draft began with.
    pub base: RwSignal<Twin>,
    /// The newest twin known.
    pub latest: Memo<Twin>,
    /// The text as typed.
    pub text: RwSignal<String>,
    /// Whether the review shows.
    pub reviewing: RwSignal<bool>,
}

impl Draft {
    /// The section of a twin without the hub's fields.
    pub fn document(&self, twin: &Twin) -> Value {
        match without_hub_fields(twin.section(self.section)) {
            Value::Null => Value::Object(Default::default()),
            document => document,
        }
    }

    /// The document the draft began with; tracked.
    pub fn base_document(&self) -> Value {
        self.base.with(|twin| self.document(twin))
    }

    /// The draft, if it is a JSON object; tracked.
    pub fn edited(&self) -> Option<Value> {
        self.text
            .with(|text| parse(text).ok())
            .filter(Value::is_object)
    }

    /// Starts over from a twin.
    pub fn restart(&self, twin: Twin) {
        self.text.set(pretty(&self.document(&twin)));
        self.base.set(twin);
        self.reviewing.set(false);
    }

    /// Bytes the hub allows for the section (`device.md §5.4`).
    pub fn limit(&self) -> u64 {
        match self.section {
            Section::Desired => 32 * 1024,
            Section::Tags => 8 * 1024,
        }
    }
}

/// The card with editor, review and conflict panel.
#[component]
pub fn Editor(
    /// The device.
    shared: Shared,
    /// Where the twin comes from.
    live: Live<Twin>,
    /// The newest twin.
    latest: Memo<Twin>,
    /// Which section is edited.
    section: Section,
    /// Chooses another section.
    choose: Callback<String>,
) -> impl IntoView {
    let first = latest.get_untracked();
    let draft = Draft {
        section,
        base: RwSignal::new(first.clone()),
        latest,
        text: RwSignal::new(String::new()),
        reviewing: RwSignal::new(false),
    };
    draft.restart(first);

    let changes = memo(move || {
        draft
            .edited()
            .map(|edited| leaf_changes(&draft.base_document(), &edited).len())
    });
    let dirty = memo(move || changes.get() != Some(0));
    // The hub's document went on: follow it if nothing was typed, or if this section is the same.
    effect(move |_| {
        let newest = latest.get();
        let base = draft.base.get_untracked();
        if newest == base {
            return;
        }
        let (ours, theirs) = (draft.document(&base), draft.document(&newest));
        if ours == theirs {
            draft.base.set(newest);
        } else if !dirty.get_untracked() {
            draft.restart(newest);
        }
    });
    let moved = memo(move || {
        dirty.get() && draft.base_document() != latest.with(|twin| draft.document(twin))
    });
    view! {
        <div class="stack">
            {move || moved.get().then(|| view! { <Moved draft/> })}
            {move || if draft.reviewing.get() {
                view! { <Review shared live draft moved/> }.into_any()
            } else {
                view! { <Writing draft changes dirty choose/> }.into_any()
            }}
        </div>
    }
}

#[component]
fn Writing(
    draft: Draft,
    changes: Memo<Option<usize>>,
    dirty: Memo<bool>,
    choose: Callback<String>,
) -> impl IntoView {
    let section = draft.section;
    let complaint = derive(move || {
        let scalar = draft
            .text
            .with(|text| parse(text).is_ok_and(|v| !v.is_object()));
        scalar.then(|| t().common.json_must_be_object.to_owned())
    });
    let size = derive(move || draft.edited().map_or(0, |v| counted_size(&v) as u64));
    let size_words = derive(move || {
        let words = &t().twin;
        let used = fill(
            words.size_of,
            &[
                ("used", &bytes(size.get())),
                ("limit", &bytes(draft.limit())),
            ],
        );
        if size.get() > draft.limit() {
            format!("{used} · {}", words.size_over)
        } else {
            used
        }
    });
    let meta = move || {
        let latest = draft.base.get();
        let body = latest.section(section);
        let words = &t().twin;
        let parts = [
            version(body).map(|n| fill(words.version, &[("n", &n.to_string())])),
            last_updated(body, &[]).and_then(time::parse).map(|at| {
                fill(
                    words.updated,
                    &[("age", &ago(time::distance(at, clock::now())))],
                )
            }),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    let summary = move || match changes.get() {
        Some(0) => t().twin.unchanged.to_owned(),
        Some(n) => count(n as u64, t().twin.changed_one, t().twin.changed_other),
        None => String::new(),
    };
    let label = derive(move || {
        (if section == Section::Desired {
            t().twin.edit_desired
        } else {
            t().twin.edit_tags
        })
        .to_owned()
    });
    let ready = memo(move || changes.get().is_some_and(|n| n > 0));
    view! {
        <section class="card" aria-label=move || if section == Section::Desired { t().twin.desired } else { t().twin.tags }>
            <header>
                <Segmented
                    label=wording(word!(twin.section))
                    value=Signal::stored(if section == Section::Desired { "desired".to_owned() } else { "tags".to_owned() })
                    on_change=choose
                    options=vec![
                        ("desired", wording(word!(twin.desired))),
                        ("tags", wording(word!(twin.tags))),
                    ]
                />
                <span class="more dim">{part(meta)}</span>
            </header>
            <JsonEditor label text=draft.text complaint rows=12 hint=wording(word!(twin.nulls_hint))/>
            <div class="meter-row">
                <span class="dim">{tr!(twin.size)}</span>
                <Meter used=size limit=draft.limit() label=size_words/>
                <span class="dim">{move || size_words.get()}</span>
            </div>
            <footer class="card-foot">
                <span class="dim grow" role="status">{part(summary)}</span>
                <Button
                    label=wording(word!(twin.format))
                    weight=Weight::Quiet
                    disabled=derive(move || draft.edited().is_none())
                    on_press=move |()| {
                        if let Some(edited) = untrack(|| draft.edited()) {
                            draft.text.set(pretty(&edited));
                        }
                    }
                />
                <Button
                    label=wording(word!(twin.reset))
                    weight=Weight::Quiet
                    disabled=derive(move || !dirty.get())
                    on_press=move |()| draft.restart(draft.latest.get_untracked())
                />
                <Button
                    label=wording(word!(twin.review))
                    weight=Weight::Primary
                    permission=crate::session::Permission::TwinsWrite
                    disabled=derive(move || !ready.get())
                    on_press=move |()| draft.reviewing.set(true)
                />
            </footer>
        </section>
    }
}
