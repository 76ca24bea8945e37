//! The head of the device page: which device, how it is, and what is done most often.

use super::Shared;
use super::retire::RetireDevice;
use crate::components::badge::{ConnectionBadge, StatusBadge};
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::page_title::PageTitle;
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::connection_string::device_connection_string;
use crate::logic::time;
use crate::logic::url_state::DeviceFilter;
use crate::pages::devices::{DeleteDevice, DisableDevice, Target, enable};
use crate::reactive::{Callback, RwSignal, derive, memo};
use crate::routes;
use crate::session::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The head.
#[component]
pub fn Header(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let Shared {
        id,
        identity,
        connection,
        host_name,
    } = shared;
    let disabling = RwSignal::new(None::<Target>);
    let deleting = RwSignal::new(None::<Target>);
    let retiring = RwSignal::new(false);
    let enabled = derive(move || {
        identity
            .data
            .with(|i| i.as_ref().is_none_or(|i| i.enabled()))
    });
    let reason = memo(move || {
        identity.data.with(|i| {
            i.as_ref()
                .map(|i| i.text("statusReason"))
                .unwrap_or_default()
        })
    });
    let state = derive(move || {
        let live = connection
            .data
            .with(|c| c.as_ref().map(|c| c.connection_state.clone()));
        live.or_else(|| {
            identity
                .data
                .with(|i| i.as_ref().map(|i| i.text("connectionState")))
        })
        .unwrap_or_default()
    });
    let since = derive(move || {
        connection
            .data
            .with(|c| c.as_ref().and_then(|c| c.since.clone()))
    });
    let seen = derive(move || {
        since.get().as_deref().and_then(time::parse).is_some()
            || identity.data.with(|i| {
                i.as_ref()
                    .is_some_and(|i| time::parse(&i.text("connectionStateUpdatedTime")).is_some())
            })
    });
    let connection_string = memo(move || {
        let key = identity
            .data
            .with(|i| i.as_ref().and_then(|i| i.key("primaryKey")))?;
        let host = host_name.data.get()?;
        Some(id.with_value(|id| device_connection_string(&host, id, &key)))
    });
    let navigate = use_navigate();
    let left = Callback::new(move |()| {
        navigate(
            &routes::devices(&DeviceFilter::default()),
            routes::to_screen(),
        )
    });
    let changed = Callback::new(move |()| {
        identity.refresh();
        connection.refresh();
    });
    view! {
        <PageTitle text=derive(move || id.get_value())/>
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(devices.title)>
                    <a href=routes::devices(&DeviceFilter::default())>{tr!(devices.title)}</a>
                </nav>
                <div class="device-name">
                    <h1 class="mono">{id.get_value()}</h1>
                    <CopyButton text=derive(move || id.get_value()) label=wording(word!(device.copy_id)) icon_only=true weight=Weight::Quiet/>
                    <span role="status"><ConnectionBadge state seen/></span>
                    {move || (!enabled.get()).then(|| view! { <StatusBadge enabled/> })}
                    <span class="dim">{move || seen.get().then(|| view! { <Ago at=since/> })}</span>
                </div>
            </div>
            <div class="actions">
                {move || match connection_string.get() {
                    Some(text) => view! {
                        <CopyButton text=Signal::stored(text) label=wording(word!(device.copy_connection_string))/>
                    }
                    .into_any(),
                    None => view! {
                        <Button
                            label=wording(word!(device.copy_connection_string))
                            described=wording(word!(device.no_key_to_copy))
                            icon=Icon::Copy
                            disabled=Signal::stored(true)
                            on_press=|()| ()
                        />
                    }
                    .into_any(),
                }}
                <Button
                    label=derive(move || (if enabled.get() { t().devices.disable } else { t().devices.enable }).to_owned())
                    permission=Permission::DevicesWrite
                    on_press=move |()| {
                        if enabled.get_untracked() {
                            disabling.set(Some(Target { id: id.get_value() }));
                        } else {
                            enable(id.get_value(), changed);
                        }
                    }
                />
                <Button
                    label=wording(word!(retirement.retire))
                    weight=Weight::Danger
                    permission=Permission::DevicesDelete
                    obstacle=derive(move || {
                        reason.with(|reason| reason.starts_with("retired: "))
                            .then(|| t().retirement.already.to_owned())
                    })
                    on_press=move |()| retiring.set(true)
                />
                <Button
                    label=wording(word!(devices.delete))
                    weight=Weight::Danger
                    permission=Permission::DevicesDelete
                    on_press=move |()| deleting.set(Some(Target { id: id.get_value() }))
                />
            </div>
        </div>
        {move || (!enabled.get()).then(|| view! {
            <div class="notice warn" role="status">
                <IconView icon=Icon::Warning/>
                <div>
                    <b>{tr!(device.disabled_notice)}</b>
                    " "
                    {move || (!reason.get().is_empty()).then(|| fill(t().device.disabled_reason, &[("reason", &reason.get())]))}
                </div>
            </div>
        })}
        <DisableDevice target=disabling on_done=changed/>
        <DeleteDevice target=deleting on_done=left/>
        <RetireDevice shared open=retiring/>
    }
}
