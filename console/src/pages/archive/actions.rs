//! Restoring and erasing an archived device.

use crate::api::ApiError;
use crate::api::archive::{self as api, ArchiveEntry};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::Icon;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once};
use crate::live::Live;
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

/// A question on screen and how its answer fares.
#[derive(Clone, Copy)]
struct Question {
    open: RwSignal<bool>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Question {
    fn new() -> Self {
        let this = Self {
            open: RwSignal::new(false),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        };
        Effect::new(move |_| {
            if this.open.get() {
                this.failure.set(None);
            }
        });
        this
    }

    /// Takes the outcome; whether it was good.
    fn settle(self, outcome: Result<(), ApiError>) -> bool {
        let _ = self.busy.try_set(false);
        match outcome {
            Ok(()) => {
                let _ = self.open.try_set(false);
                true
            }
            Err(error) => {
                let _ = self.failure.try_set(Some(error));
                false
            }
        }
    }
}

/// The buttons with their dialogs.
#[component]
pub fn Actions(
    /// The entry.
    entry: Live<ArchiveEntry>,
) -> impl IntoView {
    let (restoring, erasing) = (Question::new(), Question::new());
    let id = Signal::derive(move || {
        entry
            .data
            .with(|e| e.as_ref().map(|e| e.device_id.clone()).unwrap_or_default())
    });
    let names = move || {
        entry.data.with_untracked(|e| {
            e.as_ref()
                .map(|e| (e.device_id.clone(), e.generation_id.clone()))
        })
    };
    let erased = Memo::new(move |_| {
        entry
            .data
            .with(|e| e.as_ref().is_some_and(ArchiveEntry::erased))
    });
    let no_restore = Signal::derive(move || {
        let changed = entry
            .data
            .with(|e| e.as_ref().is_some_and(|e| e.intact == Some(false)));
        match (erased.get(), changed) {
            (true, _) => Some(t().archive.no_restore_erased.to_owned()),
            (false, true) => Some(t().archive.no_restore_changed.to_owned()),
            (false, false) => None,
        }
    });
    let no_erase =
        Signal::derive(move || erased.get().then(|| t().archive.no_erase_erased.to_owned()));
    let loading = Signal::derive(move || entry.data.with(Option::is_none));
    let navigate = StoredValue::new_local(use_navigate());
    let restore = move |()| {
        let Some((id, generation)) = names() else {
            return;
        };
        restoring.busy.set(true);
        spawn_local(async move {
            if restoring.settle(api::restore(&id, &generation).await) {
                toast::success(fill(t_once().archive.restored, &[("id", &id)]));
                let go = navigate.try_with_value(Clone::clone);
                if let Some(go) = go {
                    go(&routes::device(&id, Tab::Identity), routes::to_screen());
                }
            }
        });
    };
    let erase = move |()| {
        let Some((id, generation)) = names() else {
            return;
        };
        erasing.busy.set(true);
        spawn_local(async move {
            if erasing.settle(api::erase(&id, &generation).await) {
                toast::success(fill(t_once().archive.erased_done, &[("id", &id)]));
                entry.refresh();
            }
        });
    };
    view! {
        <div class="actions">
            <Button
                label=Signal::derive(|| t().archive.restore.to_owned())
                icon=Icon::Restore
                permission=Permission::DevicesWrite
                obstacle=no_restore
                disabled=loading
                on_press=move |()| restoring.open.set(true)
            />
            <Button
                label=Signal::derive(|| t().archive.erase.to_owned())
                weight=Weight::Danger
                permission=Permission::HubManage
                obstacle=no_erase
                disabled=loading
                on_press=move |()| erasing.open.set(true)
            />
        </div>
        <Confirm
            open=restoring.open
            title=Signal::derive(move || fill(t().archive.restore_title, &[("id", &id.get())]))
            text=Signal::derive(|| t().archive.restore_text.to_owned())
            action=Signal::derive(|| t().archive.restore.to_owned())
            harmless=true
            busy=restoring.busy
            on_confirm=restore
        >
            <ErrorNote error=restoring.failure/>
        </Confirm>
        <Confirm
            open=erasing.open
            title=Signal::derive(move || fill(t().archive.erase_title, &[("id", &id.get())]))
            text=Signal::derive(|| t().archive.erase_text.to_owned())
            action=Signal::derive(|| t().archive.erase.to_owned())
            must_type=id
            busy=erasing.busy
            on_confirm=erase
        >
            <ErrorNote error=erasing.failure/>
        </Confirm>
    }
}
