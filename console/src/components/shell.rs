//! The frame around every screen: top bar, navigation, settings, account.

use crate::api::session::{self as session_api, Session};
use crate::components::badge::{Badge, Tone};
use crate::components::field::Segmented;
use crate::components::icon::{Icon, IconView, Mark};
use crate::components::shortcuts::Shortcuts;
use crate::components::toast;
use crate::connectivity;
use crate::i18n::{Language, fill, t, tr};
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::audit_filter::AuditFilter;
use crate::logic::job_filter::JobFilter;
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::url_state::DeviceFilter;
use crate::preferences::{Theme, Zone, preferences};
use crate::routes;
use crate::session::{self, SessionState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};

/// The frame.
#[component]
pub fn Shell(
    /// Who is signed in.
    session: Session,
    /// The screen.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="skip" href="#content" on:click=move |event| {
            event.prevent_default();
            crate::components::keyboard::focus("#content");
        }>{tr!(common.skip_to_content)}</a>
        <div class="shell">
            <header class="topbar">
                <a class="brand" href=routes::overview() aria-label=tr!(common.product)><Mark/> <span>{tr!(common.product)}</span></a>
                <FindDevice/>
                <div class="right">
                    <HubState/>
                    <Settings/>
                    <Account session/>
                </div>
            </header>
            <Navigation/>
            <main class="main" id="content" tabindex="-1">
                <OfflineNotice/>
                {children()}
            </main>
        </div>
        <Shortcuts/>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let path = use_location().pathname;
    let below = move |part: &'static str| {
        Memo::new(move |_| path.get().starts_with(&format!("{}/{part}", routes::BASE)))
    };
    let (on_devices, on_archive, on_audit) = (below("devices"), below("archive"), below("audit"));
    // A job is scheduled on a page of its own.
    let (jobs, schedule) = (below("jobs"), below("schedule"));
    let (written, configure) = (below("configurations"), below("configure"));
    let on_configurations = Memo::new(move |_| written.get() || configure.get());
    let on_jobs = Memo::new(move |_| jobs.get() || schedule.get());
    let (on_operations, on_transfers, on_limits) =
        (below("operations"), below("transfers"), below("limits"));
    let current = move |yes: bool| yes.then_some("page");
    view! {
        <nav class="nav" aria-label=tr!(common.navigation)>
            <a href=routes::overview() aria-current=move || {
                current(path.get().trim_end_matches('/') == routes::BASE)
            }>
                <IconView icon=Icon::Overview/>
                <span>{tr!(common.nav_overview)}</span>
            </a>
            <h2>{tr!(common.nav_fleet)}</h2>
            <a href=routes::devices(&DeviceFilter::default()) aria-current=move || current(on_devices.get())>
                <IconView icon=Icon::Device/>
                <span>{tr!(common.nav_devices)}</span>
            </a>
            <a href=routes::archive(&ArchiveFilter::default()) aria-current=move || current(on_archive.get())>
                <IconView icon=Icon::Archive/>
                <span>{tr!(common.nav_archive)}</span>
            </a>
            <a href=routes::configurations() aria-current=move || current(on_configurations.get())>
                <IconView icon=Icon::Layers/>
                <span>{tr!(common.nav_configurations)}</span>
            </a>
            <a href=routes::jobs(&JobFilter::default()) aria-current=move || current(on_jobs.get())>
                <IconView icon=Icon::Clock/>
                <span>{tr!(common.nav_jobs)}</span>
            </a>
            <h2>{tr!(common.nav_hub)}</h2>
            <a href=routes::audit(&AuditFilter::default()) aria-current=move || current(on_audit.get())>
                <IconView icon=Icon::Record/>
                <span>{tr!(common.nav_audit)}</span>
            </a>
            <a href=routes::operations(&OperationsFilter::default()) aria-current=move || current(on_operations.get())>
                <IconView icon=Icon::Shield/>
                <span>{tr!(common.nav_operations)}</span>
            </a>
            <a href=routes::transfers("") aria-current=move || current(on_transfers.get())>
                <IconView icon=Icon::Transfer/>
                <span>{tr!(common.nav_transfers)}</span>
            </a>
            <a href=routes::limits() aria-current=move || current(on_limits.get())>
                <IconView icon=Icon::Columns/>
                <span>{tr!(common.nav_limits)}</span>
            </a>
        </nav>
    }
}

#[component]
fn FindDevice() -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let navigate = use_navigate();
    view! {
        <form
            class="find"
            role="search"
            on:submit=move |event| {
                event.prevent_default();
                let search = typed.get_untracked().trim().to_owned();
                let filter = DeviceFilter { search, ..Default::default() };
                navigate(&routes::devices(&filter), routes::to_screen());
                typed.set(String::new());
            }
        >
            <IconView icon=Icon::Search/>
            <input
                type="search"
                aria-label=tr!(common.go_to_device_hint)
                placeholder=tr!(common.go_to_device)
                autocomplete="off"
                spellcheck="false"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </form>
    }
}

#[component]
fn HubState() -> impl IntoView {
    let tone = Signal::derive(|| {
        if connectivity::online() {
            Tone::Ok
        } else {
            Tone::Bad
        }
    });
    let text = Signal::derive(|| {
        (if connectivity::online() {
            t().common.live
        } else {
            t().common.offline
        })
        .to_owned()
    });
    view! { <span role="status"><Badge tone text/></span> }
}

#[component]
fn OfflineNotice() -> impl IntoView {
    view! {
        {move || (!connectivity::online()).then(|| view! {
            <div class="notice bad" role="alert">
                <IconView icon=Icon::Offline/>
                <div>{tr!(common.offline_explained)}</div>
            </div>
        })}
    }
}

#[component]
fn Settings() -> impl IntoView {
    let chosen = preferences();
    let (theme, language, zone) = (chosen.theme, chosen.language, chosen.zone);
    let words = |read: fn(&'static crate::i18n::Texts) -> &'static str| {
        Signal::derive(move || read(t()).to_owned())
    };

    let theme_read = theme.clone();
    let theme_value = Signal::derive(move || match theme_read.get() {
        Theme::System => "system".to_owned(),
        Theme::Light => "light".to_owned(),
        Theme::Dark => "dark".to_owned(),
    });
    let language_read = language.clone();
    let language_value = Signal::derive(move || language_read.get().tag().to_owned());
    let zone_read = zone.clone();
    let zone_value = Signal::derive(move || {
        (if zone_read.get() == Zone::Utc {
            "utc"
        } else {
            "local"
        })
        .to_owned()
    });
    view! {
        <details class="menu">
            <summary class="btn quiet icon-only" aria-label=tr!(common.settings) title=tr!(common.settings)>
                <IconView icon=Icon::Settings/>
            </summary>
            <div class="menu-body">
                <div class="menu-row">
                    <span>{tr!(common.theme)}</span>
                    <Segmented
                        label=words(|t| t.common.theme)
                        value=theme_value
                        on_change=move |name: String| theme.set(match name.as_str() {
                            "light" => Theme::Light,
                            "dark" => Theme::Dark,
                            _ => Theme::System,
                        })
                        options=vec![
                            ("system", words(|t| t.common.theme_system)),
                            ("light", words(|t| t.common.theme_light)),
                            ("dark", words(|t| t.common.theme_dark)),
                        ]
                    />
                </div>
                <div class="menu-row">
                    <span>{tr!(common.language)}</span>
                    <Segmented
                        label=words(|t| t.common.language)
                        value=language_value
                        on_change=move |tag: String| {
                            language.set(if tag == "ko" { Language::Korean } else { Language::English });
                        }
                        options=vec![
                            ("en", words(|t| t.common.language_english)),
                            ("ko", words(|t| t.common.language_korean)),
                        ]
                    />
                </div>
                <div class="menu-row">
                    <span>{tr!(common.time_zone)}</span>
                    <Segmented
                        label=words(|t| t.common.time_zone)
                        value=zone_value
                        on_change=move |name: String| {
                            zone.set(if name == "utc" { Zone::Utc } else { Zone::Local });
                        }
                        options=vec![
                            ("local", words(|t| t.common.local_time)),
                            ("utc", words(|t| t.common.utc)),
                        ]
                    />
                </div>
            </div>
        </details>
    }
}

#[component]
fn Account(session: Session) -> impl IntoView {
    let role = session.role.clone();
    let role_words = move || {
        let common = &t().common;
        let name = match role.as_str() {
            "admin" => common.role_admin,
            "supervisor" => common.role_supervisor,
            "operator" => common.role_operator,
            "viewer" => common.role_viewer,
            _ => common.unknown,
        };
        fill(common.role_of, &[("role", name)])
    };
    let leave = move |_| {
        spawn_local(async move {
            match session_api::sign_out().await {
                Ok(()) => session::state().set(SessionState::SignedOut { expired: false }),
                Err(error) => toast::failed_call(&error),
            }
        });
    };
    view! {
        <details class="menu">
            <summary class="btn quiet" aria-label=tr!(common.account)>
                <IconView icon=Icon::Person/>
                <span>{session.name.clone()}</span>
            </summary>
            <div class="menu-body narrow">
                <div class="menu-who"><b>{session.name}</b><span class="dim">{role_words}</span></div>
                <button type="button" class="btn" on:click=leave>{tr!(common.sign_out)}</button>
            </div>
        </details>
    }
}
