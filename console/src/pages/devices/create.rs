//! Creating one device: its id, its keys, and then the connection string to hand over.

use crate::api::ApiError;
use crate::api::devices::{self as api, Identity};
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::dialog::{Dialog, FormFoot};
use crate::components::field::TextField;
use crate::components::state_view::ErrorNote;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::connection_string::device_connection_string;
use crate::logic::device_rules::{IdProblem, check_device_id, is_device_key};
use crate::reactive::{Callback, RwSignal, derive, effect};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The dialog.
#[component]
pub fn CreateDevice(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Called after a device was created.
    #[prop(into)]
    on_created: Callback<()>,
) -> impl IntoView {
    let created = RwSignal::new(None::<(Identity, String)>);
    effect(move |_| {
        if open.get() {
            created.set(None);
        }
    });
    let title = derive(move || {
        created.with(|c| match c {
            Some((identity, _)) => fill(
                t().devices.created_title,
                &[("id", &identity.text("deviceId"))],
            ),
            None => t().devices.create_title.to_owned(),
        })
    });
    view! {
        <Dialog open title>
            {move || match created.get() {
                None => view! { <Form open created on_created/> }.into_any(),
                Some((identity, host)) => view! { <Ready identity host created/> }.into_any(),
            }}
        </Dialog>
    }
}

/// What is wrong with an id, in words. Tracked.
pub fn id_problem(problem: IdProblem) -> String {
    let words = &t().devices;
    match problem {
        IdProblem::Empty => words.id_empty.to_owned(),
        IdProblem::TooLong => words.id_too_long.to_owned(),
        IdProblem::Dots => words.id_dots.to_owned(),
        IdProblem::Character(character) => {
            fill(words.id_character, &[("character", &character.to_string())])
        }
    }
}

#[component]
fn Form(
    open: RwSignal<bool>,
    created: RwSignal<Option<(Identity, String)>>,
    on_created: Callback<()>,
) -> impl IntoView {
    let id = RwSignal::new(String::new());
    let own_keys = RwSignal::new(false);
    let primary = RwSignal::new(String::new());
    let secondary = RwSignal::new(String::new());
    let enabled = RwSignal::new(true);
    let tried = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);

    let id_error = derive(move || {
        let problem = id.with(|id| check_device_id(id)).err()?;
        (tried.get() || problem != IdProblem::Empty).then(|| id_problem(problem))
    });
    let key_error = move |key: RwSignal<String>| {
        derive(move || {
            let bad = tried.get() && own_keys.get() && !key.with(|k| is_device_key(k));
            bad.then(|| t().devices.key_invalid.to_owned())
        })
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let (name, own) = (id.get_untracked(), own_keys.get_untracked());
        let (one, two) = (primary.get_untracked(), secondary.get_untracked());
        let keys_fit = !own || (is_device_key(&one) && is_device_key(&two));
        if check_device_id(&name).is_err() || !keys_fit || busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        let may_connect = enabled.get_untracked();
        spawn_local(async move {
            let keys = own.then_some((one.as_str(), two.as_str()));
            let outcome = api::create(&name, keys, may_connect).await;
            // The host name only fills the connection string; without it the dialog still ends well.
            let host = match &outcome {
                Ok(_) => api::host_name().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            let _ = busy.try_set(false);
            match outcome {
                Ok(identity) => {
                    let _ = created.try_set(Some((identity, host)));
                    on_created.try_run(());
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <form class="dialog-body" on:submit=submit>
            <TextField
                label=wording(word!(devices.create_id))
                hint=wording(word!(devices.create_id_hint))
                value=id
                error=id_error
                mono=true
                first=true
            />
            <fieldset class="choices">
                <legend class="field-label">{tr!(devices.create_keys)}</legend>
                <label class="choice">
                    <input type="radio" name="keys" checked=true on:change=move |_| own_keys.set(false)/>
                    <span><b>{tr!(devices.keys_generate)}</b><span class="dim">{tr!(devices.keys_generate_hint)}</span></span>
                </label>
                <label class="choice">
                    <input type="radio" name="keys" on:change=move |_| own_keys.set(true)/>
                    <span><b>{tr!(devices.keys_own)}</b><span class="dim">{tr!(devices.keys_own_hint)}</span></span>
                </label>
            </fieldset>
            <Show when=move || own_keys.get()>
                <TextField label=wording(word!(devices.primary_key)) value=primary error=key_error(primary) mono=true/>
                <TextField label=wording(word!(devices.secondary_key)) value=secondary error=key_error(secondary) mono=true/>
            </Show>
            <label class="check">
                <input type="checkbox" prop:checked=move || enabled.get() on:change=move |event| enabled.set(event_target_checked(&event))/>
                <span>{tr!(devices.create_enabled)}</span>
            </label>
            <ErrorNote error=failure/>
            <FormFoot open action=wording(word!(devices.create_submit)) disabled=busy/>
        </form>
    }
}

#[component]
fn Ready(
    identity: Identity,
    host: String,
    created: RwSignal<Option<(Identity, String)>>,
) -> impl IntoView {
    let id = identity.text("deviceId");
    let connection = identity
        .key("primaryKey")
        .filter(|_| !host.is_empty())
        .map(|key| device_connection_string(&host, &id, &key));
    let href = routes::device(&id, Tab::Identity);
    view! {
        <div class="dialog-body">
            {connection.map(|text| view! {
                <p role="status">{tr!(devices.created_text)}</p>
                <div class="field">
                    <span class="field-label">{tr!(devices.connection_string)}</span>
                    <div class="command">
                        <code class="wrap">{text.clone()}</code>
                        <CopyButton text=Signal::stored(text) label=wording(word!(device.copy_connection_string)) icon_only=true weight=Weight::Quiet/>
                    </div>
                </div>
            })}
            <footer class="dialog-foot">
                <Button label=wording(word!(devices.add_another)) on_press=move |()| created.set(None)/>
                <a class="btn primary" data-first="" href=href>{tr!(devices.open_device)}</a>
            </footer>
        </div>
    }
}
