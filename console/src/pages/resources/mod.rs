//! Screens of documents that are listed, made, changed and removed in the same way: who may use
//! the hub, and its settings. What is particular about a kind of document stands in its
//! definition; nothing here knows of any.

mod access;
mod act;
mod definition;
mod form;
mod reveal;
mod settings;
mod table;

use crate::api::resources as api;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::state_view::live_view;
use crate::i18n::{shown, tr, wording};
use crate::live::live;
use crate::pages::not_found::NotFound;
use crate::reactive::{Callback, RwSignal, memo, part};
use crate::routes;
use act::{ActDialog, Acting};
use definition::Resource;
use form::{Editing, FormOf};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use reveal::Reveal;
use std::time::Duration;

/// Documents of others change too.
const PERIOD: Duration = Duration::from_secs(5);

/// A screen: its name in addresses, and the kinds of documents on it.
struct Screen {
    name: &'static str,
    kinds: &'static [&'static Resource],
}

/// Who may use the hub.
#[component]
pub fn AccessPage() -> impl IntoView {
    screen(&access::SCREEN)
}

/// What the hub goes by.
#[component]
pub fn SettingsPage() -> impl IntoView {
    screen(&settings::SCREEN)
}

fn screen(screen: &'static Screen) -> impl IntoView {
    let path = use_location().pathname;
    // The first kind has the address of the screen itself.
    let kind = memo(move || {
        let path = path.get();
        let rest = path.strip_prefix(routes::BASE).unwrap_or(&path);
        let name = rest.trim_matches('/').split('/').nth(1).unwrap_or_default();
        let found = screen.kinds.iter().position(|kind| kind.name == name);
        found.or_else(|| name.is_empty().then_some(0))
    });
    part(
        move || match kind.get().and_then(|place| screen.kinds.get(place)) {
            Some(resource) => page(screen, resource).into_any(),
            None => view! { <NotFound/> }.into_any(),
        },
    )
}

fn page(screen: &'static Screen, resource: &'static Resource) -> impl IntoView {
    let documents = live(
        || (),
        Some(PERIOD),
        move |()| async move {
            if resource.is_single {
                api::one(resource.path).await
            } else {
                api::list(resource.path).await
            }
        },
    );
    let refresh = Callback::new(move |()| documents.refresh());
    let editing = Editing::new(resource);
    let acting = Acting::new();
    let revealed = RwSignal::new(String::new());
    let links = screen.kinds.iter().map(move |kind| {
        let current = std::ptr::eq(*kind, resource).then_some("page");
        view! { <a href=routes::resources(screen.name, kind.name) aria-current=current>{shown(kind.title)}</a> }
    });
    let add = resource.form.as_ref().and_then(|form| form.add);
    view! {
        <PageTitle text=wording(resource.title)/>
        <div class="pagehead">
            <div class="grow">
                <h1>{shown(resource.title)}</h1>
                <p class="lead">{shown(resource.explained)}</p>
            </div>
            <div class="actions">
                {add.map(|add| view! {
                    <Button
                        label=wording(add)
                        icon=Icon::Plus
                        weight=Weight::Primary
                        permission=resource.permission
                        on_press=move |()| editing.create()
                    />
                })}
            </div>
        </div>
        <nav class="tabs" aria-label=tr!(resources.kinds)>{links.collect_view()}</nav>
        <section class="card" aria-label=wording(resource.title)>
            {live_view(documents, 5, move |documents| table::table(resource, documents, editing, acting))}
        </section>
        <FormOf resource editing revealed on_done=refresh/>
        <ActDialog resource acting on_done=refresh/>
        <Reveal revealed/>
    }
}
