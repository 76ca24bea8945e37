//! Keys and connection strings of a device: masked until asked for, copied without being shown.

use super::Shared;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::connection_string::{device_connection_string, mask};
use crate::reactive::{RwSignal, derive, memo, part};
use crate::session::{Permission, may};
use leptos::prelude::*;

/// What the device signs with.
#[component]
pub fn Keys(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let Shared {
        id,
        identity,
        host_name,
        ..
    } = shared;
    let kind = memo(move || {
        identity.data.with(|i| {
            i.as_ref()
                .map(|i| i.authentication_type())
                .unwrap_or_default()
        })
    });
    let key = move |which: &'static str| {
        derive(move || {
            identity
                .data
                .with(|i| i.as_ref().and_then(|i| i.key(which)))
        })
    };
    let connection = move |which: &'static str| {
        derive(move || {
            let key = key(which).get()?;
            let host = host_name.data.get()?;
            Some(id.with_value(|id| device_connection_string(&host, id, &key)))
        })
    };
    let kind_words = move || {
        let words = &t().device;
        match kind.get().as_str() {
            "selfSigned" => words.authentication_self_signed,
            "certificateAuthority" => words.authentication_ca,
            _ => words.authentication_sas,
        }
    };
    let thumbprints = move || {
        identity.data.with(|i| {
            let prints = i.as_ref()?.raw.pointer("/authentication/x509Thumbprint")?;
            let all: Vec<String> = ["primaryThumbprint", "secondaryThumbprint"]
                .into_iter()
                .filter_map(|name| prints.get(name)?.as_str().map(str::to_owned))
                .collect();
            (!all.is_empty()).then_some(all)
        })
    };
    view! {
        <dl class="kv">
            <dt>{tr!(device.authentication)}</dt>
            <dd>{part(kind_words)}</dd>
            {move || thumbprints().map(|all| view! {
                <dt>{tr!(device.thumbprints)}</dt>
                <dd>{all.into_iter().map(|print| view! { <div><code class="wrap">{print}</code></div> }).collect_view()}</dd>
            })}
        </dl>
        {move || match (kind.get().as_str(), may(Permission::KeysRead) || key("primaryKey").get().is_some()) {
            ("sas", true) => view! {
                <Secret name=wording(word!(devices.primary_key)) value=key("primaryKey")/>
                <Secret name=wording(word!(devices.secondary_key)) value=key("secondaryKey")/>
                <Secret name=wording(word!(device.primary_connection)) value=connection("primaryKey")/>
                <Secret name=wording(word!(device.secondary_connection)) value=connection("secondaryKey")/>
            }
            .into_any(),
            ("sas", false) => view! { <p class="dim">{tr!(device.keys_hidden)}</p> }.into_any(),
            _ => ().into_any(),
        }}
    }
}

/// A text that is masked until asked for, and copied without being shown.
#[component]
pub fn Secret(
    /// Its name.
    name: Signal<String>,
    /// The text, if there is one.
    value: Signal<Option<String>>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let spoken =
        move |text: fn() -> &'static str| derive(move || fill(text(), &[("key", &name.get())]));
    let toggle = derive(move || {
        (if shown.get() {
            t().device.hide
        } else {
            t().device.reveal
        })
        .to_owned()
    });
    let toggle_spoken = derive(move || {
        let text = if shown.get() {
            t().device.hide_key
        } else {
            t().device.reveal_key
        };
        fill(text, &[("key", &name.get())])
    });
    view! {
        <div class="secret">
            <span class="field-label">{move || name.get()}</span>
            <div class="command">
                <code class="wrap" class:masked=move || !shown.get()>
                    {move || match (value.get(), shown.get()) {
                        (None, _) => "–".to_owned(),
                        (Some(text), true) => text,
                        (Some(text), false) => mask(&text),
                    }}
                </code>
                <Button label=toggle described=toggle_spoken weight=Weight::Quiet
                    disabled=derive(move || value.get().is_none())
                    on_press=move |()| shown.update(|s| *s = !*s)/>
                <CopyButton text=derive(move || value.get().unwrap_or_default())
                    label=spoken(|| t().device.copy_key) icon_only=true weight=Weight::Quiet/>
            </div>
        </div>
    }
}
