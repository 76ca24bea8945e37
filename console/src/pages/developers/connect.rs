//! How the hub is reached: addresses, where connection strings are, programs to begin with. No key
//! is shown here.

use super::Addressed;
use crate::api::developers::{self as api, Names};
use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::field::Segmented;
use crate::components::state_view::live_view;
use crate::i18n::{Word, fill, shown, t, tr, word, wording};
use crate::live::live;
use crate::logic::snippet::{Endpoint, Side, endpoints};
use crate::logic::url_state::DeviceFilter;
use crate::pages::snippets::{SnippetsOf, origin};
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use leptos::prelude::*;

/// The tab.
pub(super) fn connect(addressed: Addressed) -> AnyView {
    let names = live(|| (), None, |()| api::names());
    view! {
        <section class="card" aria-labelledby="addresses-title">
            <header><h2 id="addresses-title">{tr!(developers.endpoints)}</h2></header>
            {live_view(names, 8, addresses)}
            <p class="card-note dim">{tr!(developers.endpoints_note)}</p>
        </section>
        <div class="g2 grid">
            <section class="card" aria-labelledby="credentials-title">
                <header><h2 id="credentials-title">{tr!(developers.credentials)}</h2></header>
                <ul class="ways">
                    {way(word!(developers.credentials_of_devices), word!(developers.to_devices), routes::devices(&DeviceFilter::default()))}
                    {way(word!(developers.credentials_of_back_ends), word!(developers.to_policies), routes::resources("access", "policies"))}
                    {way(word!(developers.credentials_of_scripts), word!(developers.to_tokens), routes::resources("access", "api-tokens"))}
                </ul>
            </section>
            <section class="card" aria-labelledby="authority-title">
                <header><h2 id="authority-title">{tr!(developers.authority)}</h2></header>
                <p class="body">{tr!(developers.authority_text)}</p>
            </section>
        </div>
        <section class="card" aria-labelledby="programs-title">
            <header class="wrap-row">
                <h2 id="programs-title">{tr!(developers.programs)}</h2>
                <span class="more">
                    <Segmented
                        label=wording(word!(developers.side))
                        value=derive(move || addressed.place.with(|place| place.side.name().to_owned()))
                        on_change=move |name: String| addressed.edit(|place| {
                            place.side = Side::named(&name);
                            place.language.clear();
                        })
                        options=vec![
                            ("device", wording(word!(developers.side_device))),
                            ("service", wording(word!(developers.side_service))),
                        ]
                    />
                </span>
            </header>
            <div class="body programs">
                <Programs addressed host_name=derive(move || {
                    names.data.with(|names| names.as_ref().map(|names| names.host_name.clone())).unwrap_or_else(|| "…".to_owned())
                })/>
            </div>
        </section>
    }
    .into_any()
}

fn addresses(names: Memo<Names>) -> AnyView {
    let host = derive(move || names.with(|names| names.host_name.clone()));
    let others = move || {
        names.with(|names| {
            let others = names
                .host_names
                .iter()
                .filter(|name| **name != names.host_name);
            others.cloned().collect::<Vec<_>>().join(", ")
        })
    };
    let rows = endpoints(&origin())
        .into_iter()
        .map(|(endpoint, address)| address_row(endpoint_words(endpoint), Signal::stored(address)));
    view! {
        <dl class="kv body addresses">
            {address_row(word!(developers.host_name), host)}
            {move || {
                let others = others();
                (!others.is_empty()).then(|| view! {
                    <dt>{tr!(developers.other_names)}</dt>
                    <dd class="mono">{others}</dd>
                })
            }}
            {rows.collect_view()}
        </dl>
    }
    .into_any()
}

fn address_row(name: Word, address: Signal<String>) -> AnyView {
    let label = derive(move || fill(t().developers.copy_named, &[("name", name.of(t()))]));
    view! {
        <dt>{shown(name)}</dt>
        <dd class="with-action">
            <code class="wrap">{move || address.get()}</code>
            <CopyButton text=address label icon_only=true weight=Weight::Quiet/>
        </dd>
    }
    .into_any()
}

fn endpoint_words(endpoint: Endpoint) -> Word {
    match endpoint {
        Endpoint::Devices => word!(developers.endpoint_devices),
        Endpoint::Rest => word!(developers.endpoint_rest),
        Endpoint::EventStream => word!(developers.endpoint_event_stream),
        Endpoint::EventSocket => word!(developers.endpoint_event_socket),
        Endpoint::Blobs => word!(developers.endpoint_blobs),
        Endpoint::Metrics => word!(developers.endpoint_metrics),
        Endpoint::Document => word!(developers.endpoint_document),
    }
}

fn way(words: Word, link: Word, href: String) -> AnyView {
    view! {
        <li>
            <span class="grow">{shown(words)}</span>
            <a href=href>{shown(link)}</a>
        </li>
    }
    .into_any()
}

#[component]
fn Programs(addressed: Addressed, host_name: Signal<String>) -> impl IntoView {
    let side = memo(move || addressed.place.with(|place| place.side));
    let language = derive(move || addressed.place.with(|place| place.language.clone()));
    let untested = memo(move || {
        let place = addressed.place.get();
        ["c", "az"].contains(&place.side.language(&place.language))
    });
    view! {
        {part(move || view! {
            <SnippetsOf
                side=side.get()
                host_name
                language
                on_change=move |name: String| addressed.edit(|place| place.language = name)
            />
        })}
        <p class="dim">{tr!(developers.no_key)} {move || untested.get().then(|| view! { " " {tr!(developers.not_tested)} })}</p>
    }
}
