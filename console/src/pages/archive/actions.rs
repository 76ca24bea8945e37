//! Restoring and erasing an archived device.

use crate::api::archive::{self as api, ArchiveEntry};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::Icon;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::live::Live;
use crate::reactive::{derive, memo};
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

/// The buttons with their dialogs.
#[component]
pub fn Actions(
    /// The entry.
    entry: Live<ArchiveEntry>,
) -> impl IntoView {
    let (restoring, erasing) = (Question::new(), Question::new());
    let id = derive(move || {
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
    let erased = memo(move || {
        entry
            .data
            .with(|e| e.as_ref().is_some_and(ArchiveEntry::erased))
    });
    let no_restore = derive(move || {
        let changed = entry
            .data
            .with(|e| e.as_ref().is_some_and(|e| e.intact == Some(false)));
        match (erased.get(), changed) {
            (true, _) => Some(t().archive.no_restore_erased.to_owned()),
            (false, true) => Some(t().archive.no_restore_changed.to_owned()),
            (false, false) => None,
        }
    });
    let no_erase = derive(move || erased.get().then(|| t().archive.no_erase_erased.to_owned()));
    let loading = derive(move || entry.data.with(Option::is_none));
    let navigate = StoredValue::new_local(use_navigate());
    let restore = move |()| {
        let Some((id, generation)) = names() else {
            return;
        };
        if !restoring.begin() {
            return;
        }
        spawn_local(async move {
            if restoring
                .settle(api::restore(&id, &generation).await)
                .is_some()
            {
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
        if !erasing.begin() {
            return;
        }
        spawn_local(async move {
            if erasing.settle(api::erase(&id, &generation).await).is_some() {
                toast::success(fill(t_once().archive.erased_done, &[("id", &id)]));
                entry.refresh();
            }
        });
    };
    view! {
        <div class="actions">
            <Button
                label=wording(word!(archive.restore))
                icon=Icon::Restore
                permission=Permission::DevicesWrite
                obstacle=no_restore
                disabled=loading
                on_press=move |()| restoring.ask()
            />
            <Button
                label=wording(word!(archive.erase))
                weight=Weight::Danger
                permission=Permission::HubManage
                obstacle=no_erase
                disabled=loading
                on_press=move |()| erasing.ask()
            />
        </div>
        <Confirm
            open=restoring.open
            title=derive(move || fill(t().archive.restore_title, &[("id", &id.get())]))
            text=wording(word!(archive.restore_text))
            action=wording(word!(archive.restore))
            harmless=true
            busy=restoring.busy
            on_confirm=restore
        >
            <ErrorNote error=restoring.failure/>
        </Confirm>
        <Confirm
            open=erasing.open
            title=derive(move || fill(t().archive.erase_title, &[("id", &id.get())]))
            text=wording(word!(archive.erase_text))
            action=wording(word!(archive.erase))
            must_type=id
            busy=erasing.busy
            on_confirm=erase
        >
            <ErrorNote error=erasing.failure/>
        </Confirm>
    }
}
