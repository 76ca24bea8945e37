//! The root: session gate, routes, and what listens everywhere.

use crate::api::ApiError;
use crate::api::session as session_api;
use crate::clock;
use crate::components::shell::Shell;
use crate::components::state_view::{ErrorState, Skeleton};
use crate::components::toast::Toasts;
use crate::i18n::tr;
use crate::logic::connection_string::sign_in_token;
use crate::pages::{
    alerts::{AlertRulesPage, AlertsPage},
    archive::{ArchivePage, ArchivedPage},
    audit::AuditPage,
    configurations::{ConfigurationPage, ConfigurationsPage, ConfigurePage, EditConfigurationPage},
    developers::DevelopersPage,
    device::DevicePage,
    devices::DevicesPage,
    events::EventsPage,
    jobs::{JobPage, JobsPage, SchedulePage},
    limits::LimitsPage,
    map::MapPage,
    not_found::NotFound,
    operations::OperationsPage,
    overview::OverviewPage,
    progress::ProgressPage,
    query::QueryPage,
    resources::{AccessPage, SettingsPage},
    routing::RoutingPage,
    sign_in::SignIn,
    transfers::{ImportPage, TransfersPage},
};
use crate::preferences;
use crate::reactive::{RwSignal, effect, memo, part};
use crate::routes;
use crate::session::{self, SessionState};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Router;
use leptos_router::hooks::use_location;
use leptos_router::location::{BrowserUrl, LocationProvider};
use wasm_bindgen::{JsCast, JsValue};

/// The console.
#[component]
pub fn App() -> impl IntoView {
    preferences::apply();
    clock::start();
    close_menus_outside();
    let state = session::state();
    let failure = RwSignal::new(None::<ApiError>);
    let rejected = RwSignal::new(None::<ApiError>);
    begin(failure, rejected);

    view! {
        {move || match state.get() {
            SessionState::Unknown => view! {
                <main class="gate">
                    <h1 class="visually-hidden">{tr!(common.product)}</h1>
                    {move || match failure.get() {
                        Some(error) => view! {
                            <ErrorState error=Signal::stored(error) on_retry=move |()| begin(failure, rejected)/>
                        }
                        .into_any(),
                        None => view! { <Skeleton lines=3/> }.into_any(),
                    }}
                </main>
            }
            .into_any(),
            SessionState::SignedOut { expired } => view! { <SignIn expired rejected/> }.into_any(),
            SessionState::SignedIn(session) => view! {
                <Router base=routes::BASE>
                    <Shell session>
                        <Page/>
                    </Shell>
                </Router>
            }
            .into_any(),
        }}
        <Toasts/>
    }
}

/// The pattern of a page's addresses, and the page.
type Place = (&'static str, fn() -> AnyView);

const PAGES: &[Place] = &[
    ("/", || OverviewPage().into_any()),
    ("/devices", || DevicesPage().into_any()),
    ("/devices/:id/:tab?", || DevicePage().into_any()),
    ("/archive", || ArchivePage().into_any()),
    ("/archive/:id/:generation", || ArchivedPage().into_any()),
    ("/alerts", || AlertsPage().into_any()),
    ("/alerts/rules", || AlertRulesPage().into_any()),
    ("/audit", || AuditPage().into_any()),
    ("/operations", || OperationsPage().into_any()),
    ("/configurations", || ConfigurationsPage().into_any()),
    ("/configurations/:id", || ConfigurationPage().into_any()),
    ("/configurations/:id/edit", || {
        EditConfigurationPage().into_any()
    }),
    ("/configure", || ConfigurePage().into_any()),
    ("/map", || MapPage().into_any()),
    ("/query", || QueryPage().into_any()),
    ("/jobs", || JobsPage().into_any()),
    ("/jobs/:id", || JobPage().into_any()),
    ("/progress", || ProgressPage().into_any()),
    ("/events", || EventsPage().into_any()),
    ("/routing", || RoutingPage().into_any()),
    ("/access/:kind?", || AccessPage().into_any()),
    ("/settings/:kind?", || SettingsPage().into_any()),
    ("/schedule", || SchedulePage().into_any()),
    ("/limits", || LimitsPage().into_any()),
    ("/developers/:tab?", || DevelopersPage().into_any()),
    ("/transfers", || TransfersPage().into_any()),
    ("/transfers/import", || ImportPage().into_any()),
];

/// The page of the address. It stays as long as another address is one of the same page.
#[component]
fn Page() -> impl IntoView {
    let path = use_location().pathname;
    let place = memo(move || {
        path.with(|path| {
            let mut patterns = PAGES.iter().map(|(pattern, _)| pattern);
            patterns.position(|pattern| routes::fits(pattern, path))
        })
    });
    // Whoever followed a link waits for this before the address shows and the page scrolls.
    let address = use_context::<BrowserUrl>();
    effect(move |_| {
        path.with(|_| ());
        if let Some(address) = &address {
            address.ready_to_complete();
        }
    });
    part(
        move || match place.get().and_then(|place| PAGES.get(place)) {
            Some((_, page)) => page(),
            None => NotFound().into_any(),
        },
    )
}

/// Redeems a one-time link if the address holds one, else asks who is signed in.
fn begin(failure: RwSignal<Option<ApiError>>, rejected: RwSignal<Option<ApiError>>) {
    failure.set(None);
    let hash = window().location().hash().unwrap_or_default();
    let token = hash
        .starts_with("#sign-in=")
        .then(|| sign_in_token(&hash).map(str::to_owned))
        .flatten();
    if hash.starts_with("#sign-in=") {
        // The token must leave the address bar and the history before anything else happens.
        let clean = window()
            .location()
            .pathname()
            .unwrap_or_else(|_| routes::overview());
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&clean));
        }
    }
    spawn_local(async move {
        if let Some(token) = token {
            match session_api::sign_in(&token).await {
                Ok(session) => {
                    session::state().set(SessionState::SignedIn(session));
                    return;
                }
                Err(error) => rejected.set(Some(error)),
            }
        }
        match session_api::current().await {
            Ok(Some(session)) => session::state().set(SessionState::SignedIn(session)),
            Ok(None) => session::state().set(SessionState::SignedOut { expired: false }),
            Err(error) => failure.set(Some(error)),
        }
    });
}

/// Menus are `<details>`: a press elsewhere or Escape closes them, as people expect of menus.
fn close_menus_outside() {
    let close = |keep: Option<&web_sys::Node>| {
        let Ok(open) = document().query_selector_all("details.menu[open]") else {
            return;
        };
        for index in 0..open.length() {
            let Some(menu) = open.item(index) else {
                continue;
            };
            if keep.is_some_and(|node| menu.contains(Some(node))) {
                continue;
            }
            if let Ok(element) = menu.dyn_into::<web_sys::Element>() {
                let _ = element.remove_attribute("open");
            }
        }
    };
    let _ = window_event_listener(ev::pointerdown, move |event| {
        let target = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Node>().ok());
        close(target.as_ref());
    });
    let _ = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            close(None);
        }
    });
}
