//! The device page: header, tabs in the address, one module per tab. Everything about one device
//! is built anew when the address names another, so that nothing leaks between devices.

mod configuration;
mod dead_letters;
mod doctor;
mod header;
mod history;
mod history_version;
mod identity;
mod keys;
mod messages;
mod methods;
mod module_create;
mod module_delete;
mod modules;
mod queue;
mod retire;
mod telemetry;
mod telemetry_chart;
mod timeline;
mod twin;
mod twin_conflict;
mod twin_editor;
mod twin_reported;
mod twin_review;

use crate::api::devices::{self as api, Connection, Identity};
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::{Live, PERIOD, live};
use crate::logic::url_state::DeviceFilter;
use crate::pages::not_found::NotFound;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::time::Duration;

/// What all tabs of one device share.
#[derive(Clone, Copy)]
pub struct Shared {
    /// The device's id.
    pub id: StoredValue<String>,
    /// Its identity.
    pub identity: Live<Identity>,
    /// How it is connected.
    pub connection: Live<Connection>,
    /// The name devices connect to.
    pub host_name: Live<String>,
}

impl Shared {
    /// Whether the device is connected; tracked.
    pub fn connected(&self) -> bool {
        self.connection.data.with(|c| {
            c.as_ref()
                .is_some_and(|c| c.connection_state.eq_ignore_ascii_case("connected"))
        })
    }
}

/// The page.
#[component]
pub fn DevicePage() -> impl IntoView {
    let path = use_location().pathname;
    let read = memo(move || routes::read_device(&path.get()));
    let id = memo(move || read.get().map(|(id, _)| id));
    let tab = memo(move || read.get().and_then(|(_, tab)| tab));
    part(move || match id.get() {
        Some(id) => view! { <OneDevice id tab/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    })
}

#[component]
fn OneDevice(id: String, tab: Memo<Option<Tab>>) -> impl IntoView {
    let id = StoredValue::new(id);
    let identity = live(
        move || id.get_value(),
        Some(Duration::from_secs(10)),
        |id| async move { api::identity(&id).await },
    );
    let connection = live(
        move || id.get_value(),
        Some(PERIOD),
        |id| async move { api::connection(&id).await },
    );
    let host_name = live(|| (), None, |()| api::host_name());
    let shared = Shared {
        id,
        identity,
        connection,
        host_name,
    };
    let gone = memo(move || {
        identity
            .fresh
            .error
            .with(|e| e.as_ref().and_then(|e| e.status()) == Some(404))
    });
    part(move || {
        if gone.get() {
            return view! { <Gone id=id.get_value()/> }.into_any();
        }
        view! {
            {live_view(identity, 8, move |_| view! {
                <header::Header shared/>
                <Tabs id tab/>
                {move || match tab.get() {
                    Some(Tab::Identity) => view! { <identity::IdentityTab shared/> }.into_any(),
                    Some(Tab::Twin) => view! { <twin::TwinTab shared/> }.into_any(),
                    Some(Tab::Telemetry) => view! { <telemetry::TelemetryTab shared/> }.into_any(),
                    Some(Tab::Methods) => view! { <methods::MethodsTab shared/> }.into_any(),
                    Some(Tab::Messages) => view! { <messages::MessagesTab shared/> }.into_any(),
                    Some(Tab::Configuration) => view! { <configuration::ConfigurationTab shared/> }.into_any(),
                    Some(Tab::History) => view! { <history::HistoryTab shared/> }.into_any(),
                    Some(Tab::Modules) => view! { <modules::ModulesTab shared/> }.into_any(),
                    Some(Tab::Timeline) => view! { <timeline::TimelineTab shared/> }.into_any(),
                    None => view! { <NotFound/> }.into_any(),
                }}
            })}
        }
        .into_any()
    })
}

#[component]
fn Tabs(id: StoredValue<String>, tab: Memo<Option<Tab>>) -> impl IntoView {
    let links = Tab::ALL
        .into_iter()
        .map(|one| {
            let words = move || {
                let words = &t().device;
                match one {
                    Tab::Identity => words.tab_identity,
                    Tab::Twin => words.tab_twin,
                    Tab::Telemetry => words.tab_telemetry,
                    Tab::Methods => words.tab_methods,
                    Tab::Messages => words.tab_messages,
                    Tab::Modules => words.tab_modules,
                    Tab::Configuration => words.tab_configuration,
                    Tab::History => words.tab_history,
                    Tab::Timeline => words.tab_timeline,
                }
            };
            view! {
                <a
                    href=id.with_value(|id| routes::device(id, one))
                    aria-current=move || (tab.get() == Some(one)).then_some("page")
                >
                    {part(words)}
                </a>
            }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label=tr!(device.tabs)>{links}</nav> }
}

#[component]
fn Gone(id: String) -> impl IntoView {
    let title = derive(move || fill(t().device.not_found_title, &[("id", &id)]));
    view! {
        <PageTitle text=title/>
        <h1 class="visually-hidden">{move || title.get()}</h1>
        <section class="card">
            <EmptyState icon=Icon::Device title text=wording(word!(device.not_found_text))>
                <a class="btn" href=routes::devices(&DeviceFilter::default())>{tr!(device.to_list)}</a>
            </EmptyState>
        </section>
    }
}
