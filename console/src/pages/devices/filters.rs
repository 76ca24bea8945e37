//! The filter bar of the device list. The address is the state; this only writes it.

use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::{Icon, IconView};
use crate::i18n::{tr, wording};
use crate::logic::url_state::DeviceFilter;
use crate::reactive::Memo;
use leptos::prelude::*;
use std::time::Duration;

/// A pause in typing after which the filter is applied.
const TYPING: Duration = Duration::from_millis(250);

/// The bar.
#[component]
pub fn Filters(
    /// The filter of the address.
    filter: Memo<DeviceFilter>,
    /// Writes a new one.
    change: Callback<DeviceFilter>,
    /// What stands at the other end of the bar.
    children: Children,
) -> impl IntoView {
    let apply = move |set: Box<dyn Fn(&mut DeviceFilter)>| {
        let mut next = filter.get_untracked();
        set(&mut next);
        if next != filter.get_untracked() {
            change.run(next);
        }
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |text: String| {
        if let Some(running) = timer.get_value() {
            running.clear();
        }
        let later = set_timeout_with_handle(
            move || apply(Box::new(move |f| f.search = text.trim().to_owned())),
            TYPING,
        );
        timer.set_value(later.ok());
    };
    on_cleanup(move || {
        if let Some(running) = timer.try_get_value().flatten() {
            running.clear();
        }
    });
    let any = || wording(|t| t.devices.any);
    view! {
        <div class="filter" role="search" aria-label=tr!(devices.filters)>
            <div class="input-with-icon">
                <IconView icon=Icon::Search/>
                <input
                    type="search"
                    class="input mono"
                    data-filter=""
                    aria-label=tr!(devices.search)
                    placeholder=tr!(devices.search)
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || filter.with(|f| f.search.clone())
                    on:input=move |event| typed(event_target_value(&event))
                />
            </div>
            <SelectField
                inline=true
                label=wording(|t| t.devices.connection)
                value=Signal::derive(move || filter.with(|f| f.connection.clone()))
                on_change=move |value: String| apply(Box::new(move |f| f.connection.clone_from(&value)))
                options=vec![
                    ("", any()),
                    ("connected", wording(|t| t.common.connected)),
                    ("disconnected", wording(|t| t.common.disconnected)),
                ]
            />
            <SelectField
                inline=true
                label=wording(|t| t.devices.status)
                value=Signal::derive(move || filter.with(|f| f.status.clone()))
                on_change=move |value: String| apply(Box::new(move |f| f.status.clone_from(&value)))
                options=vec![
                    ("", any()),
                    ("enabled", wording(|t| t.common.enabled)),
                    ("disabled", wording(|t| t.common.disabled)),
                ]
            />
            {move || filter.with(DeviceFilter::narrows).then(|| view! {
                <Button
                    label=wording(|t| t.devices.clear)
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(DeviceFilter::default())
                />
            })}
            {children()}
        </div>
        {move || {
            let condition = filter.with(|f| f.condition.clone());
            (!condition.is_empty()).then(|| view! {
                <div class="notice flush" role="note">
                    <IconView icon=Icon::Search/>
                    <div class="grow">
                        {tr!(devices.condition)} " " <code>{condition}</code>
                    </div>
                    <Button
                        label=wording(|t| t.devices.condition_remove)
                        weight=Weight::Quiet
                        on_press=move |()| apply(Box::new(move |f| f.condition.clear()))
                    />
                </div>
            })
        }}
    }
}
