//! Twin tab: what should be (desired, tags) beside what the device says (reported), live.

use super::Shared;
use super::twin_editor::Editor;
use super::twin_reported::Reported;
use crate::api::twins::{self, Section};
use crate::components::state_view::live_view;
use crate::live::{PERIOD, live};
use crate::logic::url_state::{query_value, with_value};
use crate::reactive::{Callback, memo};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// The tab. `?section=tags` opens the tags.
#[component]
pub fn TwinTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let id = shared.id;
    let twin = live(
        move || id.get_value(),
        Some(PERIOD),
        |id| async move { twins::get(&id).await },
    );
    let location = use_location();
    let section = memo(
        move || match query_value(&location.search.get(), "section").as_deref() {
            Some("tags") => Section::Tags,
            _ => Section::Desired,
        },
    );
    let navigate = use_navigate();
    let choose = Callback::new(move |name: String| {
        let value = if name == "tags" { "tags" } else { "" };
        let search = with_value(&location.search.get_untracked(), "section", value);
        let options = routes::same_screen();
        navigate(
            &format!("{}{search}", location.pathname.get_untracked()),
            options,
        );
    });
    view! {
        {live_view(twin, 10, move |latest| view! {
            <div class="grid g21 twin">
                {move || {
                    let section = section.get();
                    view! { <Editor shared live=twin latest section choose/> }
                }}
                <Reported shared latest/>
            </div>
        })}
    }
}
