//! Beginning an export: with or without keys, into a container of its own.

use super::StartFailure;
use crate::api::{blobs, transfers as api, transfers::Job};
use crate::clock;
use crate::components::dialog::{Dialog, FormFoot};
use crate::components::question::Question;
use crate::components::toast;
use crate::i18n::{t_once, tr, word, wording};
use crate::live::Live;
use crate::logic::transfer::{export_order, new_container};
use crate::reactive::{RwSignal, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The dialog.
#[component]
pub fn Export(
    /// Whether it shows, and how it fares.
    question: Question,
    /// The list that the job appears in.
    jobs: Live<Vec<Job>>,
) -> impl IntoView {
    let with_keys = RwSignal::new(false);
    effect(move |_| {
        if question.open.get() {
            with_keys.set(false);
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !question.begin() {
            return;
        }
        let keys = with_keys.get_untracked();
        spawn_local(async move {
            let container = new_container(clock::now_once(), js_sys::Math::random());
            let outcome = match blobs::container(&container).await {
                Ok(url) => api::create(&export_order(&url, &container, keys)).await,
                Err(error) => Err(error),
            };
            if question.settle(outcome).is_some() {
                toast::success(t_once().transfers.export_started.to_owned());
            }
            jobs.refresh();
        });
    };
    view! {
        <Dialog open=question.open title=wording(word!(transfers.export_title))>
            <form class="dialog-body" on:submit=submit>
                <p>{tr!(transfers.export_text)}</p>
                <fieldset class="choices">
                    <legend class="field-label">{tr!(transfers.keys)}</legend>
                    <label class="choice">
                        <input type="radio" name="keys" data-first="" checked=true on:change=move |_| with_keys.set(false)/>
                        <span><b>{tr!(transfers.keys_out)}</b><span class="dim">{tr!(transfers.keys_out_hint)}</span></span>
                    </label>
                    <label class="choice">
                        <input type="radio" name="keys" on:change=move |_| with_keys.set(true)/>
                        <span><b>{tr!(transfers.keys_in)}</b><span class="dim">{tr!(transfers.keys_in_hint)}</span></span>
                    </label>
                </fieldset>
                <StartFailure failure=question.failure/>
                <FormFoot open=question.open action=wording(word!(transfers.export_start)) disabled=question.busy/>
            </form>
        </Dialog>
    }
}
