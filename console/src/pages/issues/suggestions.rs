//! What a tile is, and issues that many fleets have, each added with one press.

use super::tile::{severity_words, tone};
use crate::api::groups as api;
use crate::components::badge::Badge;
use crate::components::button::Button;
use crate::components::icon::{Icon, IconView};
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::group::{Draft, SUGGESTIONS, Suggestion, free_name};
use crate::reactive::{Callback, RwSignal, derive};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The suggestions.
#[component]
pub(super) fn Suggestions(
    /// Names of all groups.
    taken: Signal<Vec<String>>,
    /// Called after one was added.
    on_done: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="suggestions">
            <div class="suggestions-text">
                <span class="state-icon small"><IconView icon=Icon::Bell/></span>
                <div>
                    <h3>{tr!(issues.empty_title)}</h3>
                    <p class="sub">{tr!(issues.empty_text)}</p>
                </div>
            </div>
            <ul aria-label=tr!(issues.suggestions)>
                {SUGGESTIONS.into_iter().map(|one| view! { <Row one taken on_done/> }).collect_view()}
            </ul>
        </div>
    }
}

#[component]
fn Row(one: Suggestion, taken: Signal<Vec<String>>, on_done: Callback<()>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let add = move |()| {
        busy.set(true);
        let draft = Draft {
            id: taken.with_untracked(|taken| free_name(one.id, taken)),
            condition: one.condition.to_owned(),
            severity: one.severity,
            description: words(one, t_once()).to_owned(),
        };
        spawn_local(async move {
            match api::put(&draft, None).await {
                Ok(()) => {
                    toast::success(fill(t_once().issues.saved, &[("id", &draft.id)]));
                    on_done.try_run(());
                }
                Err(error) => toast::failed_call(&error),
            }
            let _ = busy.try_set(false);
        });
    };
    let described = derive(move || fill(t().issues.add_suggestion_named, &[("id", one.id)]));
    view! {
        <li>
            <Badge
                tone=Signal::stored(tone(one.severity))
                text=derive(move || severity_words(one.severity).to_owned())
            />
            <div class="grow">
                <b>{move || words(one, t())}</b>
                <code class="dim">{one.condition}</code>
            </div>
            <Button
                label=wording(word!(issues.add_suggestion))
                described
                icon=Icon::Plus
                permission=Permission::ConfigurationsWrite
                disabled=busy
                on_press=add
            />
        </li>
    }
}

fn words(one: Suggestion, texts: &'static crate::i18n::Texts) -> &'static str {
    let words = &texts.issues;
    match one.id {
        "firmware-failed" => words.firmware_failed,
        "not-connected" => words.not_connected,
        _ => words.battery_low,
    }
}
