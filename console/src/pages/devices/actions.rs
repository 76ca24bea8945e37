//! Enable, disable and delete: read the identity first, then write guarded by its tag, so that
//! nobody's change is overwritten unseen.

use crate::api::ApiError;
use crate::api::devices as api;
use crate::components::dialog::Confirm;
use crate::components::field::TextField;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::live::undisturbed;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The device that a dialog is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: String,
}

/// The longest reason the hub takes (`service.md §4.2`).
const LONGEST_REASON: usize = 128;

async fn write_status(id: &str, enabled: bool, reason: Option<&str>) -> Result<(), ApiError> {
    let identity = api::identity(id).await?;
    api::set_status(&identity, enabled, reason)
        .await
        .map(|_| ())
}

fn failed(error: &ApiError) {
    if error.status() == Some(412) {
        toast::failure(t_once().devices.conflict.to_owned(), None);
    } else {
        toast::failed_call(error);
    }
}

/// Enables a device.
pub fn enable(id: String, on_done: Callback<()>) {
    spawn_local(async move {
        match write_status(&id, true, None).await {
            Ok(()) => toast::success(fill(t_once().devices.enabled_done, &[("id", &id)])),
            Err(error) => failed(&error),
        }
        on_done.try_run(());
    });
}

/// A flag that follows an optional target, for the dialogs.
fn open_for(target: RwSignal<Option<Target>>) -> (RwSignal<bool>, Signal<String>) {
    let open = RwSignal::new(false);
    effect(move |_| open.set(target.with(Option::is_some)));
    effect(move |_| {
        if !open.get() && target.with_untracked(Option::is_some) {
            target.set(None);
        }
    });
    let id = Memo::new(move |before: Option<&String>| {
        target
            .with(|t| t.as_ref().map(|t| t.id.clone()))
            .or_else(|| before.cloned())
            .unwrap_or_default()
    });
    (open, id.into())
}

/// Asks for a reason, then disables.
#[component]
pub fn DisableDevice(
    /// The device; the dialog shows while there is one.
    target: RwSignal<Option<Target>>,
    /// Called after a try, good or bad.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let (open, id) = open_for(target);
    let reason = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    effect(move |_| {
        if open.get() {
            reason.set(String::new());
            failure.set(None);
        }
    });
    let too_long = derive(move || {
        (reason.with(|r| r.len()) > LONGEST_REASON).then(|| t().devices.reason_hint.to_owned())
    });
    let confirm = move |()| {
        busy.set(true);
        let (id, words) = (id.get_untracked(), reason.get_untracked());
        spawn_local(async move {
            let words = words.trim();
            let outcome = write_status(&id, false, (!words.is_empty()).then_some(words)).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(()) => {
                    let _ = open.try_set(false);
                    toast::success(fill(t_once().devices.disabled_done, &[("id", &id)]));
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
            on_done.try_run(());
        });
    };
    view! {
        <Confirm
            open
            title=derive(move || fill(t().devices.disable_title, &[("id", &id.get())]))
            text=wording(word!(devices.disable_text))
            action=wording(word!(devices.disable))
            busy=derive(move || busy.get() || too_long.with(Option::is_some))
            on_confirm=confirm
        >
            <TextField
                label=wording(word!(devices.reason))
                hint=wording(word!(devices.reason_hint))
                value=reason
                error=too_long
                first=true
            />
            <ErrorNote error=failure/>
        </Confirm>
    }
}

/// Asks for the name of the device, then deletes it.
#[component]
pub fn DeleteDevice(
    /// The device; the dialog shows while there is one.
    target: RwSignal<Option<Target>>,
    /// Called after the device is gone.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let (open, id) = open_for(target);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    effect(move |_| {
        if open.get() {
            failure.set(None);
        }
    });
    let confirm = move |()| {
        busy.set(true);
        let id = id.get_untracked();
        spawn_local(undisturbed(async move {
            let outcome = match api::identity(&id).await {
                Ok(identity) => api::delete(&id, &identity.etag).await,
                Err(error) => Err(error),
            };
            let _ = busy.try_set(false);
            match outcome {
                Ok(()) => {
                    let _ = open.try_set(false);
                    toast::success(fill(t_once().devices.deleted_done, &[("id", &id)]));
                    on_done.try_run(());
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        }));
    };
    view! {
        <Confirm
            open
            title=derive(move || fill(t().devices.delete_title, &[("id", &id.get())]))
            text=wording(word!(devices.delete_text))
            action=wording(word!(devices.delete))
            must_type=id
            busy
            on_confirm=confirm
        >
            <ErrorNote error=failure/>
        </Confirm>
    }
}
