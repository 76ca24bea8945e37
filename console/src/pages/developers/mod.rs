//! What developers need: how to reach the hub, what is compatible, and every operation of its API.
//! The address holds the tab, the language, the search and the operation that is open.

mod compatibility;
mod connect;
mod operation;
mod reference;

use crate::components::page_title::PageTitle;
use crate::i18n::{tr, word, wording};
use crate::logic::developers_place::DevelopersPlace;
use crate::pages::not_found::NotFound;
use crate::reactive::{Callback, Memo, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

/// Tabs by their names in addresses, the first one without.
const TABS: [&str; 3] = ["", "compatibility", "api"];

/// What the address says, and how it is changed.
#[derive(Clone, Copy)]
struct Addressed {
    place: Memo<DevelopersPlace>,
    change: Callback<DevelopersPlace>,
}

impl Addressed {
    /// Changes a part of the place.
    fn edit(self, edit: impl FnOnce(&mut DevelopersPlace)) {
        let now = self.place.get_untracked();
        let mut next = now.clone();
        edit(&mut next);
        if next != now {
            self.change.run(next);
        }
    }
}

/// The page.
#[component]
pub fn DevelopersPage() -> impl IntoView {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let tab = memo(move || {
        let path = path.get();
        let rest = path.strip_prefix(routes::BASE).unwrap_or(&path);
        let name = rest.trim_matches('/').split('/').nth(1).unwrap_or_default();
        TABS.iter().position(|tab| *tab == name)
    });
    let place = memo(move || DevelopersPlace::read(&search.get()));
    let navigate = use_navigate();
    let change = Callback::new(move |place: DevelopersPlace| {
        let tab = tab.get_untracked().and_then(|tab| TABS.get(tab));
        let to = routes::developers(tab.copied().unwrap_or_default(), &place);
        navigate(&to, routes::same_screen());
    });
    let addressed = Addressed { place, change };
    part(move || match tab.get() {
        None => view! { <NotFound/> }.into_any(),
        Some(tab) => view! {
            <PageTitle text=wording(word!(developers.title))/>
            <div class="pagehead">
                <div class="grow">
                    <h1>{tr!(developers.title)}</h1>
                    <p class="lead">{tr!(developers.explained)}</p>
                </div>
            </div>
            <nav class="tabs" aria-label=tr!(developers.tabs)>
                {link(0, tab, wording(word!(developers.tab_connect)))}
                {link(1, tab, wording(word!(developers.tab_compatibility)))}
                {link(2, tab, wording(word!(developers.tab_reference)))}
            </nav>
            {match tab {
                1 => compatibility::table(),
                2 => reference::reference(addressed),
                _ => connect::connect(addressed),
            }}
        }
        .into_any(),
    })
}

fn link(tab: usize, current: usize, words: Signal<String>) -> AnyView {
    let name = TABS.get(tab).copied().unwrap_or_default();
    let href = routes::developers(name, &DevelopersPlace::default());
    let current = (tab == current).then_some("page");
    view! { <a href=href aria-current=current>{move || words.get()}</a> }.into_any()
}
