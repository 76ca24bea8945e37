//! Deleting a module, guarded by its tag.

use super::Shared;
use crate::api::ApiError;
use crate::api::devices::Identity;
use crate::api::modules as api;
use crate::components::dialog::Confirm;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::reactive::{Callback, Memo, RwSignal, derive, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// Asks, then deletes.
#[component]
pub fn DeleteModule(
    /// The device.
    shared: Shared,
    /// The module; the dialog shows while there is one.
    target: RwSignal<Option<Identity>>,
    /// Called after it is gone.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    effect(move |_| {
        failure.set(None);
        open.set(target.with(Option::is_some));
    });
    effect(move |_| {
        if !open.get() && target.with_untracked(Option::is_some) {
            target.set(None);
        }
    });
    let name = Memo::new(move |before: Option<&String>| {
        target
            .with(|module| module.as_ref().map(|module| module.text("moduleId")))
            .or_else(|| before.cloned())
            .unwrap_or_default()
    });
    let confirm = move |()| {
        let Some(module) = target.get_untracked() else {
            return;
        };
        busy.set(true);
        let (device, id) = (shared.id.get_value(), module.text("moduleId"));
        spawn_local(async move {
            let outcome = api::delete(&device, &id, &module.etag).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(()) => {
                    let _ = open.try_set(false);
                    toast::success(fill(t_once().modules.deleted, &[("id", &id)]));
                    on_done.try_run(());
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <Confirm
            open
            title=derive(move || fill(t().modules.delete_title, &[("id", &name.get())]))
            text=derive(move || shared.id.with_value(|id| fill(t().modules.delete_text, &[("device", id)])))
            action=wording(word!(devices.delete))
            busy
            on_confirm=confirm
        >
            <ErrorNote error=failure/>
        </Confirm>
    }
}
