//! The step before a save: the difference, what will be sent, and the size afterwards. Saves as a
//! merge patch guarded by the etag of the twin that the edit began with.

use super::Shared;
use super::twin_editor::Draft;
use crate::api::ApiError;
use crate::api::twins::{self, Section, Twin, version};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::diff_view::DiffView;
use crate::components::json_view::JsonView;
use crate::components::meter::Meter;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{count, fill, t, t_once, tr, word, wording};
use crate::live::Live;
use crate::logic::json_document::{counted_size, pretty};
use crate::logic::merge_patch::{between, leaf_changes};
use crate::logic::number::bytes;
use crate::reactive::{Memo, RwSignal, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The card.
#[component]
pub fn Review(
    /// The device.
    shared: Shared,
    /// Where the twin comes from.
    live: Live<Twin>,
    /// The edit.
    draft: Draft,
    /// Whether the hub's document changed meanwhile.
    moved: Memo<bool>,
) -> impl IntoView {
    let desired = draft.section == Section::Desired;
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let old = derive(move || draft.base_document());
    let new = derive(move || draft.edited().unwrap_or(Value::Null));
    let patch = memo(move || between(&old.get(), &new.get()));
    let leaves = memo(move || leaf_changes(&old.get(), &new.get()).len() as u64);
    let size = derive(move || counted_size(&new.get()) as u64);
    let size_words = derive(move || {
        fill(
            t().twin.size_of,
            &[
                ("used", &bytes(size.get())),
                ("limit", &bytes(draft.limit())),
            ],
        )
    });
    let next = memo(move || {
        draft
            .base
            .with(|twin| version(twin.section(draft.section)))
            .map(|n| n + 1)
    });
    let save_words = derive(move || match next.get() {
        Some(n) => fill(t().twin.save_as, &[("n", &n.to_string())]),
        None => t().twin.save.to_owned(),
    });
    let save = move |()| {
        busy.set(true);
        failure.set(None);
        let id = shared.id.get_value();
        let (change, etag) = (
            patch.get_untracked(),
            draft.base.with_untracked(|twin| twin.etag.clone()),
        );
        let before = draft.base.with_untracked(|twin| draft.document(twin));
        spawn_local(async move {
            let outcome = send(&id, draft.section, &change, etag, |twin| {
                draft.document(twin) == before
            })
            .await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(twin) => {
                    let words = &t_once().twin;
                    toast::success(match version(twin.section(draft.section)) {
                        Some(n) => fill(words.saved, &[("id", &id), ("n", &n.to_string())]),
                        None => fill(words.saved_tags, &[("id", &id)]),
                    });
                    // The tab may be gone by now; then there is nothing left to update.
                    if draft.base.try_set(twin.clone()) {
                        draft.restart(twin.clone());
                        live.put(twin);
                    }
                }
                Err(Refusal::Moved(twin)) => live.put(*twin),
                Err(Refusal::Failed(error)) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        });
    };
    let title = move || {
        if desired {
            t().twin.review_title_desired
        } else {
            t().twin.review_title_tags
        }
    };
    view! {
        <section class="card" aria-label=title>
            <header>
                <h2>{part(title)}</h2>
                <Badge
                    tone=Signal::stored(Tone::Info)
                    plain=true
                    text=derive(move || count(leaves.get(), t().twin.patch_leaves_one, t().twin.patch_leaves_other))
                />
            </header>
            <DiffView old=derive(move || pretty(&old.get())) new=derive(move || pretty(&new.get()))/>
            <details class="inner-fold">
                <summary>{tr!(twin.shows_patch)}</summary>
                <JsonView value=patch label=wording(word!(twin.shows_patch))/>
            </details>
            <div class="meter-row">
                <span class="dim">{tr!(twin.size_after)}</span>
                <Meter used=size limit=draft.limit() label=size_words/>
                <span class="dim">{move || size_words.get()}</span>
            </div>
            <div class="body-tight"><ErrorNote error=failure/></div>
            <footer class="card-foot">
                <span class="grow"></span>
                <Button label=wording(word!(twin.edit_again)) on_press=move |()| draft.reviewing.set(false)/>
                <Button
                    label=save_words
                    weight=Weight::Primary
                    permission=Permission::TwinsWrite
                    disabled=derive(move || busy.get() || moved.get() || leaves.get() == 0)
                    on_press=save
                />
            </footer>
        </section>
    }
}

enum Refusal {
    /// The section changed on the hub; here is the twin as it is now.
    Moved(Box<Twin>),
    Failed(ApiError),
}

/// Sends the patch. A 412 because of another section (the etag covers tags and desired together)
/// is tried once more with the new etag; a 412 because of this section goes to the person.
async fn send(
    id: &str,
    section: Section,
    change: &Value,
    etag: String,
    same: impl Fn(&Twin) -> bool,
) -> Result<Twin, Refusal> {
    match twins::patch(id, section, change, &etag).await {
        Ok(twin) => return Ok(twin),
        Err(error) if error.status() == Some(412) => {}
        Err(error) => return Err(Refusal::Failed(error)),
    }
    let now = twins::get(id).await.map_err(Refusal::Failed)?;
    if !same(&now) {
        return Err(Refusal::Moved(Box::new(now)));
    }
    twins::patch(id, section, change, &now.etag)
        .await
        .map_err(Refusal::Failed)
}
