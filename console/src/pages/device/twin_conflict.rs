//! The twin changed on the hub while somebody was editing: what changed, where both touched the
//! same leaf, and a way to put the edit on top.

use super::twin_editor::Draft;
use crate::api::twins::{Section, version};
use crate::components::button::{Button, Weight};
use crate::components::diff_view::DiffView;
use crate::components::icon::{Icon, IconView};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::json_document::pretty;
use crate::logic::merge_patch::rebase;
use crate::reactive::{derive, memo, part};
use leptos::prelude::*;

/// The panel.
#[component]
pub fn Moved(
    /// The edit.
    draft: Draft,
) -> impl IntoView {
    let theirs = derive(move || draft.latest.with(|twin| draft.document(twin)));
    let versions = move || {
        if draft.section == Section::Tags {
            return t().twin.moved_text_tags.to_owned();
        }
        let read = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), |n| n.to_string());
        let mine = draft.base.with(|twin| version(twin.section(draft.section)));
        let now = draft
            .latest
            .with(|twin| version(twin.section(draft.section)));
        fill(
            t().twin.moved_text,
            &[("mine", &read(mine)), ("theirs", &read(now))],
        )
    };
    let result = memo(move || {
        draft
            .edited()
            .map(|mine| rebase(&draft.base_document(), &mine, &theirs.get()))
    });
    let conflicts = move || {
        let paths: Vec<String> = result
            .get()?
            .conflicts
            .iter()
            .map(|path| path.join("."))
            .collect();
        (!paths.is_empty()).then(|| fill(t().twin.conflict_note, &[("paths", &paths.join(", "))]))
    };
    let put_on_top = move |()| {
        if let Some(rebased) = result.get_untracked() {
            draft.base.set(draft.latest.get_untracked());
            draft.text.set(pretty(&rebased.document));
        }
    };
    view! {
        <section class="card moved" role="alert">
            <header>
                <IconView icon=Icon::Warning/>
                <h2>{tr!(twin.moved_title)}</h2>
            </header>
            <div class="body stack">
                <p>{part(versions)}</p>
                {move || conflicts().map(|words| view! { <p><b>{words}</b></p> })}
            </div>
            <h3 class="inner-title">{tr!(twin.moved_changes)}</h3>
            <DiffView old=derive(move || pretty(&draft.base_document())) new=derive(move || pretty(&theirs.get()))/>
            <footer class="card-foot">
                <span class="grow"></span>
                <Button label=wording(word!(twin.take_theirs)) on_press=move |()| draft.restart(draft.latest.get_untracked())/>
                <Button
                    label=wording(word!(twin.rebase))
                    weight=Weight::Primary
                    disabled=derive(move || result.with(Option::is_none))
                    on_press=put_on_top
                />
            </footer>
        </section>
    }
}
