//! The whole document of routes and endpoints as JSON: for what has no form of its own, such as
//! endpoints and enrichments. Saved only if nobody changed it meanwhile.

use crate::api::ApiError;
use crate::api::routing::{self as api, Routing};
use crate::components::dialog::FormDialog;
use crate::components::json_editor::{JsonEditor, parsed};
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{t_once, tr, word, wording};
use crate::logic::json_document::pretty;
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The form and what is written in it.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    open: RwSignal<bool>,
    text: RwSignal<String>,
    etag: RwSignal<String>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Whole {
    /// Nothing open.
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            text: RwSignal::new(String::new()),
            etag: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    /// Begins with what is there.
    pub fn edit(self, now: &Routing) {
        self.text.set(pretty(&now.document));
        self.etag.set(now.etag.clone());
        self.failure.set(None);
        self.open.set(true);
    }
}

/// The dialog.
#[component]
pub(super) fn WholeForm(
    /// What is written.
    whole: Whole,
    /// Called after it was saved.
    on_done: Callback<()>,
) -> impl IntoView {
    let read = move || whole.text.with(|text| parsed(text, false).ok().flatten());
    let incomplete = derive(move || whole.busy.get() || read().is_none());
    let send = move |()| {
        let Some(document) = untrack(read).filter(|_| !whole.busy.get_untracked()) else {
            return;
        };
        whole.busy.set(true);
        whole.failure.set(None);
        let etag = whole.etag.get_untracked();
        spawn_local(async move {
            let outcome = api::replace(&document, &etag).await;
            let _ = whole.busy.try_set(false);
            match outcome {
                Ok(()) => {
                    let _ = whole.open.try_set(false);
                    toast::success(t_once().routing.whole_saved.to_owned());
                    on_done.try_run(());
                }
                Err(error) => {
                    let _ = whole.failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <FormDialog open=whole.open title=wording(word!(routing.whole_title)) action=wording(word!(routing.save)) disabled=incomplete on_send=send>
            <JsonEditor
                label=wording(word!(routing.whole_label))
                hint=wording(word!(routing.whole_hint))
                text=whole.text
                rows=18
                visible_label=true
            />
            <ErrorNote error=whole.failure/>
            {move || whole.failure.with(|error| error.as_ref().and_then(ApiError::status) == Some(412)).then(|| view! {
                <p>{tr!(routing.conflict)}</p>
            })}
        </FormDialog>
    }
}
