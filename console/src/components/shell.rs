//! The frame around every screen: top bar, navigation, settings, account.

use crate::api::alerts;
use crate::api::session::{self as session_api, Session};
use crate::components::badge::{Badge, Tone};
use crate::components::field::Segmented;
use crate::components::icon::{Icon, IconView, Mark};
use crate::components::palette::Palette;
use crate::components::password::PasswordDialog;
use crate::components::question::Question;
use crate::components::screens::{Part, SCREENS, Screen};
use crate::components::shortcuts::Shortcuts;
use crate::components::toast;
use crate::connectivity;
use crate::i18n::{Language, Word, count as counted, fill, shown, t, tr, word};
use crate::live::live;
use crate::logic::url_state::DeviceFilter;
use crate::preferences::{Theme, Zone, preferences};
use crate::reactive::{RwSignal, derive, memo, part};
use crate::routes;
use crate::session::{self, SessionState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

/// Between two looks at how many alerts need a person.
const WAITING_PERIOD: Duration = Duration::from_secs(10);

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
        <Palette/>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let path = use_location().pathname;
    let part = move |part: Part| {
        let screens = SCREENS.iter().filter(move |screen| screen.part == part);
        screens.map(move |screen| link(screen, path)).collect_view()
    };
    view! {
        <nav class="nav" aria-label=tr!(common.navigation)>
            {part(Part::Top)}
            <h2>{tr!(common.nav_fleet)}</h2>
            {part(Part::Fleet)}
            <h2>{tr!(common.nav_hub)}</h2>
            {part(Part::Hub)}
        </nav>
    }
}

fn link(screen: &'static Screen, path: Memo<String>) -> impl IntoView {
    let current = memo(move || path.with(|path| screen.shows(path)));
    let counts = screen.icon == Icon::Bell;
    view! {
        <a href=(screen.address)() aria-current=move || current.get().then_some("page")>
            <IconView icon=screen.icon/>
            <span>{shown(screen.name)}</span>
            {counts.then(|| view! { <Waiting/> })}
        </a>
    }
}

/// How many alerts need a person.
#[component]
fn Waiting() -> impl IntoView {
    let waiting = live(|| (), Some(WAITING_PERIOD), |()| alerts::attention());
    let known = memo(move || waiting.data.get().filter(|(count, _)| *count > 0));
    view! {
        {move || known.get().map(|(count, more)| {
            let words = counted(count as u64, t().alerts.waiting_one, t().alerts.waiting_other);
            let title = words.clone();
            let figure = format!("{count}{}", if more { "+" } else { "" });
            view! {
                <span class="nav-count" title=title>
                    <span class="visually-hidden">{words}</span>
                    <span aria-hidden="true">{figure}</span>
                </span>
            }
        })}
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
    let tone = derive(|| {
        if connectivity::online() {
            Tone::Ok
        } else {
            Tone::Bad
        }
    });
    let text = derive(|| {
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
    let words = |read: Word| derive(move || read.of(t()).to_owned());

    let theme_read = theme.clone();
    let theme_value = derive(move || match theme_read.get() {
        Theme::System => "system".to_owned(),
        Theme::Light => "light".to_owned(),
        Theme::Dark => "dark".to_owned(),
        Theme::Contrast => "contrast".to_owned(),
    });
    let language_read = language.clone();
    let language_value = derive(move || language_read.get().tag().to_owned());
    let zone_read = zone.clone();
    let zone_value = derive(move || {
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
                        label=words(word!(common.theme))
                        value=theme_value
                        on_change=move |name: String| theme.set(match name.as_str() {
                            "light" => Theme::Light,
                            "dark" => Theme::Dark,
                            "contrast" => Theme::Contrast,
                            _ => Theme::System,
                        })
                        options=vec![
                            ("system", words(word!(common.theme_system))),
                            ("light", words(word!(common.theme_light))),
                            ("dark", words(word!(common.theme_dark))),
                            ("contrast", words(word!(common.theme_contrast))),
                        ]
                    />
                </div>
                <div class="menu-row">
                    <span>{tr!(common.language)}</span>
                    <Segmented
                        label=words(word!(common.language))
                        value=language_value
                        on_change=move |tag: String| {
                            language.set(if tag == "ko" { Language::Korean } else { Language::English });
                        }
                        options=vec![
                            ("en", words(word!(common.language_english))),
                            ("ko", words(word!(common.language_korean))),
                        ]
                    />
                </div>
                <div class="menu-row">
                    <span>{tr!(common.time_zone)}</span>
                    <Segmented
                        label=words(word!(common.time_zone))
                        value=zone_value
                        on_change=move |name: String| {
                            zone.set(if name == "utc" { Zone::Utc } else { Zone::Local });
                        }
                        options=vec![
                            ("local", words(word!(common.local_time))),
                            ("utc", words(word!(common.utc))),
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
    let changing = Question::new();
    let has_account = session.has_account;
    let scope = session.scope.clone();
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
                <div class="menu-who"><b>{session.name}</b><span class="dim">{part(role_words)}</span></div>
                {scope.map(|scope| view! {
                    <div class="menu-who"><span class="dim">{tr!(common.scoped)}</span><code class="wrap">{scope}</code></div>
                })}
                {has_account.then(|| view! {
                    <button type="button" class="btn" on:click=move |_| changing.ask()>{tr!(common.change_password)}</button>
                })}
                <button type="button" class="btn" on:click=leave>{tr!(common.sign_out)}</button>
            </div>
        </details>
        <PasswordDialog question=changing/>
    }
}
