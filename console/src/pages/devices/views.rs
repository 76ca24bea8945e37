//! Views to come back to: filters and columns under a name, kept in this browser and shared as a
//! link. A view holds no place in the list and no open dialog.

use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::dialog::Dialog;
use crate::components::field::TextField;
use crate::components::icon::Icon;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::saved_views::{self, SavedView};
use crate::logic::url_state::with_value;
use crate::preferences;
use crate::reactive::{Callback, Memo, RwSignal, derive, part};
use crate::routes;
use leptos::prelude::*;

/// Where they are kept.
const KEPT: &str = "device-views";

/// The dialog.
#[component]
pub fn ViewsDialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// The query string of the address.
    search: Memo<String>,
    /// Goes to another one.
    go: Callback<String>,
) -> impl IntoView {
    view! {
        <Dialog open title=wording(word!(device_grid.views_title))>
            <Views open search go/>
        </Dialog>
    }
}

/// What of an address belongs to a view.
fn essence(search: &str) -> String {
    with_value(&with_value(search, "row", ""), "create", "")
}

/// The whole address of a view.
fn link(search: &str) -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("{origin}{}/devices{search}", routes::BASE)
}

#[component]
fn Views(open: RwSignal<bool>, search: Memo<String>, go: Callback<String>) -> impl IntoView {
    let kept = preferences::stored(KEPT).unwrap_or_default();
    let views = RwSignal::new(saved_views::read(&kept));
    let name = RwSignal::new(String::new());
    let keep = Callback::new(move |changed: Vec<SavedView>| {
        preferences::store(KEPT, &saved_views::write(&changed));
        views.set(changed);
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let called = name.get_untracked().trim().to_owned();
        if called.is_empty() {
            return;
        }
        let now = essence(&search.get_untracked());
        keep.run(views.with_untracked(|views| saved_views::with(views, &called, &now)));
        toast::success(fill(t_once().device_grid.view_saved, &[("name", &called)]));
        name.set(String::new());
    };
    let listed = move || {
        let views = views.get();
        if views.is_empty() {
            return view! { <p class="dim">{tr!(device_grid.views_none)}</p> }.into_any();
        }
        let rows = views.clone().into_iter().map(|view| {
            let others = saved_views::without(&views, &view.name);
            one(
                view,
                open,
                go,
                Callback::new(move |()| keep.run(others.clone())),
            )
        });
        view! { <ul class="plain-list">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <div class="dialog-body">
            <p class="dim">{tr!(device_grid.views_text)}</p>
            {part(listed)}
            <form on:submit=save>
                <TextField label=wording(word!(device_grid.view_name)) value=name first=true/>
                <footer class="dialog-foot">
                    <CopyButton
                        text=derive(move || link(&essence(&search.get())))
                        label=wording(word!(device_grid.this_link))
                    />
                    <Button
                        label=wording(word!(device_grid.view_save))
                        weight=Weight::Primary
                        submit=true
                        disabled=derive(move || name.with(|name| name.trim().is_empty()))
                        on_press=|()| ()
                    />
                </footer>
            </form>
        </div>
    }
}

/// A view: goes there, gives its link, removes it.
fn one(
    view: SavedView,
    open: RwSignal<bool>,
    go: Callback<String>,
    remove: Callback<()>,
) -> AnyView {
    let SavedView { name, search } = view;
    let (for_link, for_removal) = (name.clone(), name.clone());
    let address = link(&search);
    let href = address.clone();
    view! {
        <li class="path-row">
            <a
                class="grow"
                href=href
                on:click=move |event| {
                    let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
                    if !elsewhere {
                        event.prevent_default();
                        go.run(search.clone());
                        open.set(false);
                    }
                }
            >
                {name}
            </a>
            <CopyButton
                text=Signal::stored(address)
                label=derive(move || fill(t().device_grid.view_link, &[("name", &for_link)]))
                icon_only=true
                weight=Weight::Quiet
            />
            <Button
                label=derive(move || fill(t().device_grid.view_remove, &[("name", &for_removal)]))
                icon=Icon::Close
                icon_only=true
                weight=Weight::Quiet
                on_press=remove
            />
        </li>
    }
    .into_any()
}
