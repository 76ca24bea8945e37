//! Keys that work everywhere: `?` for help, `g` and a letter to jump.

use crate::components::dialog::Dialog;
use crate::components::keyboard::{is_jumping, on_page_key, set_jumping};
use crate::i18n::{tr, wording};
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::audit_filter::AuditFilter;
use crate::logic::job_filter::JobFilter;
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::url_state::DeviceFilter;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// Listens for the keys and shows the help.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let open = RwSignal::new(false);
    let navigate = use_navigate();
    on_page_key(move |key| {
        let jumping = is_jumping();
        set_jumping(key == "g" && !jumping);
        match (jumping, key) {
            (true, "o") => navigate(&routes::overview(), routes::to_screen()),
            (true, "d") => navigate(
                &routes::devices(&DeviceFilter::default()),
                routes::to_screen(),
            ),
            (true, "r") => navigate(
                &routes::archive(&ArchiveFilter::default()),
                routes::to_screen(),
            ),
            (true, "a") => navigate(&routes::audit(&AuditFilter::default()), routes::to_screen()),
            (true, "c") => navigate(
                &routes::operations(&OperationsFilter::default()),
                routes::to_screen(),
            ),
            (true, "f") => navigate(&routes::configurations(), routes::to_screen()),
            (true, "j") => navigate(&routes::jobs(&JobFilter::default()), routes::to_screen()),
            (true, "t") => navigate(&routes::transfers(""), routes::to_screen()),
            (true, "l") => navigate(&routes::limits(), routes::to_screen()),
            (_, "?") => open.set(true),
            _ => return false,
        }
        true
    });
    view! {
        <Dialog open title=wording(|t| t.common.shortcuts)>
            <dl class="kv dialog-body shortcuts">
                <dt><kbd>"?"</kbd></dt><dd>{tr!(common.shortcut_help)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"o"</kbd></dt><dd>{tr!(common.shortcut_overview)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"d"</kbd></dt><dd>{tr!(common.shortcut_devices)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"f"</kbd></dt><dd>{tr!(common.shortcut_configurations)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"j"</kbd></dt><dd>{tr!(common.shortcut_jobs)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"r"</kbd></dt><dd>{tr!(common.shortcut_archive)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"a"</kbd></dt><dd>{tr!(common.shortcut_audit)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"c"</kbd></dt><dd>{tr!(common.shortcut_operations)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"t"</kbd></dt><dd>{tr!(common.shortcut_transfers)}</dd>
                <dt><kbd>"g"</kbd> " " <kbd>"l"</kbd></dt><dd>{tr!(common.shortcut_limits)}</dd>
                <dt><kbd>"/"</kbd></dt><dd>{tr!(common.shortcut_filter)}</dd>
                <dt><kbd>"j"</kbd></dt><dd>{tr!(common.shortcut_next)}</dd>
                <dt><kbd>"k"</kbd></dt><dd>{tr!(common.shortcut_previous)}</dd>
                <dt><kbd>"Enter"</kbd></dt><dd>{tr!(common.shortcut_open)}</dd>
            </dl>
        </Dialog>
    }
}
