//! Modules tab: the programs on a device that have an identity of their own. The address says
//! which one shows its keys and whether the dialog for a new one is open.

use super::Shared;
use super::keys::Secret;
use super::module_create::CreateModule;
use super::module_delete::DeleteModule;
use crate::api::devices::Identity;
use crate::api::modules as api;
use crate::components::badge::{Badge, ConnectionBadge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::connection_string::module_connection_string;
use crate::logic::device_rules::is_system_module;
use crate::logic::time;
use crate::logic::url_state::{query_value, with_value};
use crate::reactive::{Callback, For, Memo, RwSignal, derive, effect, memo, part};
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

/// Columns of the table.
const COLUMNS: &str = "6";

/// What the rows share.
#[derive(Clone, Copy)]
struct Rows {
    shared: Shared,
    open: Memo<String>,
    pick: Callback<String>,
    deleting: RwSignal<Option<Identity>>,
}

/// The tab.
#[component]
pub fn ModulesTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let id = shared.id;
    let all = live(
        move || id.get_value(),
        Some(Duration::from_secs(5)),
        |id| async move { api::list(&id).await },
    );
    let search = use_location().search;
    let navigate = use_navigate();
    let write = Callback::new(move |(name, value): (&'static str, String)| {
        let next = with_value(&search.get_untracked(), name, &value);
        let here = id.with_value(|id| routes::device(id, Tab::Modules));
        navigate(&format!("{here}{next}"), routes::same_screen());
    });
    let creating = RwSignal::new(false);
    // `?create=1` in the address and the open dialog are one state, in both directions.
    effect(move |_| {
        let wanted = query_value(&search.get(), "create").is_some();
        if creating.get_untracked() != wanted {
            creating.set(wanted);
        }
    });
    effect(move |_| {
        let open = creating.get();
        if open != query_value(&search.get_untracked(), "create").is_some() {
            write.run(("create", (if open { "1" } else { "" }).to_owned()));
        }
    });
    let rows = Rows {
        shared,
        open: memo(move || query_value(&search.get(), "module").unwrap_or_default()),
        pick: Callback::new(move |module| write.run(("module", module))),
        deleting: RwSignal::new(None),
    };
    let add = move || {
        view! {
            <Button
                label=wording(word!(modules.add))
                icon=Icon::Plus
                permission=Permission::DevicesWrite
                on_press=move |()| creating.set(true)
            />
        }
    };
    view! {
        <section class="card" aria-labelledby="modules-title">
            <header>
                <div class="grow">
                    <h2 id="modules-title">{tr!(modules.title)}</h2>
                    <p class="sub">{tr!(modules.explained)}</p>
                </div>
                {add()}
            </header>
            {live_view(all, 3, move |found| listed(found, rows))}
        </section>
        <CreateModule shared open=creating on_created=move |()| all.refresh()/>
        <DeleteModule shared target=rows.deleting on_done=move |()| left(all, rows)/>
    }
}

fn left(all: Live<Vec<Identity>>, rows: Rows) {
    rows.pick.run(String::new());
    all.refresh();
}

fn listed(found: Memo<Vec<Identity>>, rows: Rows) -> impl IntoView {
    let names = memo(move || {
        found.with(|all| {
            all.iter()
                .map(|module| module.text("moduleId"))
                .collect::<Vec<_>>()
        })
    });
    part(move || {
        if names.with(Vec::is_empty) {
            return view! {
                <EmptyState
                    icon=Icon::Device
                    title=wording(word!(modules.empty_title))
                    text=wording(word!(modules.empty_text))
                />
            }
            .into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(modules.title)>
                <table class="records">
                    <thead>
                        <tr>
                            <th scope="col" class="grow">{tr!(modules.column_module)}</th>
                            <th scope="col">{tr!(modules.column_state)}</th>
                            <th scope="col">{tr!(modules.column_managed)}</th>
                            <th scope="col">{tr!(modules.column_type)}</th>
                            <th scope="col">{tr!(modules.column_activity)}</th>
                            <th scope="col" class="num"><span class="visually-hidden">{tr!(modules.column_actions)}</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || names.get() key=|name| name.clone() let(name)>
                            <Row name found rows/>
                        </For>
                    </tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

#[component]
fn Row(name: String, found: Memo<Vec<Identity>>, rows: Rows) -> impl IntoView {
    let wanted = name.clone();
    // Keeps the last state while the list lets go of it.
    let module = Memo::new(move |before: Option<&Option<Identity>>| {
        found
            .with(|all| all.iter().find(|m| m.text("moduleId") == wanted).cloned())
            .or_else(|| before.cloned().flatten())
    });
    let text = move |field: &'static str| {
        derive(move || module.with(|m| m.as_ref().map(|m| m.text(field)).unwrap_or_default()))
    };
    let state = text("connectionState");
    let seen = derive(move || {
        ["connectionStateUpdatedTime", "lastActivityTime"]
            .into_iter()
            .any(|field| time::parse(&text(field).get()).is_some())
    });
    let kind = memo(move || {
        module.with(|m| {
            m.as_ref()
                .map(Identity::authentication_type)
                .unwrap_or_default()
        })
    });
    let kind_words = move || {
        let words = &t().device;
        match kind.get().as_str() {
            "selfSigned" => words.authentication_self_signed,
            "certificateAuthority" => words.authentication_ca,
            "none" => t().modules.authentication_none,
            _ => words.authentication_sas,
        }
    };
    let system = is_system_module(&name);
    let module_id = StoredValue::new(name.clone());
    let connection = move |which: &'static str| {
        derive(move || {
            let key = module.with(|m| m.as_ref().and_then(|m| m.key(which)))?;
            let host = rows.shared.host_name.data.get()?;
            let device = rows.shared.id.get_value();
            Some(module_id.with_value(|id| module_connection_string(&host, &device, id, &key)))
        })
    };
    let primary = connection("primaryKey");
    let open = memo(move || module_id.with_value(|id| rows.open.with(|open| open == id)));
    let managed = text("managedBy");
    let named = move |words: fn() -> &'static str| {
        derive(move || module_id.with_value(|id| fill(words(), &[("id", id)])))
    };
    let obstacle = derive(move || system.then(|| t().modules.system_stays.to_owned()));
    view! {
        <tr class:open=move || open.get()>
            <th scope="row" class="grow">
                <button type="button" class="disclosure" data-row=""
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    on:click=move |_| rows.pick.run(if open.get_untracked() { String::new() } else { module_id.get_value() })>
                    <IconView icon=Icon::Right/>
                    <span class="mono">{name}</span>
                    <span class="visually-hidden">" " {move || named(|| t().modules.keys_of).get()}</span>
                </button>
                {system.then(|| view! {
                    " " <Badge tone=Signal::stored(Tone::Neutral) plain=true text=wording(word!(modules.system))/>
                })}
            </th>
            <td><ConnectionBadge state seen/></td>
            <td>{move || match managed.get() { none if none.is_empty() => "–".to_owned(), by => by }}</td>
            <td>{part(kind_words)}</td>
            <td class="dim"><Ago at=derive(move || Some(text("lastActivityTime").get()))/></td>
            <td class="num row-tools">
                {move || match primary.get() {
                    Some(text) => view! {
                        <CopyButton text=Signal::stored(text) label=named(|| t().modules.copy_connection) icon_only=true weight=Weight::Quiet/>
                    }
                    .into_any(),
                    None => view! {
                        <Button
                            label=named(|| t().modules.copy_connection)
                            icon=Icon::Copy
                            icon_only=true
                            weight=Weight::Quiet
                            obstacle=derive(|| Some(t().modules.no_key.to_owned()))
                            on_press=|()| ()
                        />
                    }
                    .into_any(),
                }}
                <Button
                    label=named(|| t().modules.delete_of)
                    icon=Icon::Delete
                    icon_only=true
                    weight=Weight::Quiet
                    permission=Permission::DevicesDelete
                    obstacle
                    on_press=move |()| rows.deleting.set(module.get_untracked())
                />
            </td>
        </tr>
        {move || open.get().then(|| view! {
            <tr class="record-detail">
                <td colspan=COLUMNS>
                    <div class="body module-keys">
                        {move || if primary.with(Option::is_some) {
                            view! {
                                <Secret name=wording(word!(device.primary_connection)) value=primary/>
                                <Secret name=wording(word!(device.secondary_connection)) value=connection("secondaryKey")/>
                            }
                            .into_any()
                        } else if kind.get() == "sas" {
                            view! { <p class="dim">{tr!(device.keys_hidden)}</p> }.into_any()
                        } else {
                            view! { <p class="dim">{tr!(modules.no_secrets)}</p> }.into_any()
                        }}
                    </div>
                </td>
            </tr>
        })}
    }
}
