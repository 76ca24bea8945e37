//! Creating a module: its id, and then the connection string to hand over.

use super::Shared;
use super::keys::Secret;
use crate::api::ApiError;
use crate::api::devices::Identity;
use crate::api::modules as api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, FormFoot};
use crate::components::field::TextField;
use crate::components::state_view::ErrorNote;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::connection_string::module_connection_string;
use crate::logic::device_rules::{IdProblem, check_device_id, is_system_module};
use crate::pages::devices::id_problem;
use crate::reactive::{Callback, RwSignal, derive, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The dialog.
#[component]
pub fn CreateModule(
    /// The device.
    shared: Shared,
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Called after a module was created.
    #[prop(into)]
    on_created: Callback<()>,
) -> impl IntoView {
    let created = RwSignal::new(None::<Identity>);
    effect(move |_| {
        if open.get() {
            created.set(None);
        }
    });
    let title = derive(move || {
        created.with(|created| match created {
            Some(module) => fill(
                t().devices.created_title,
                &[("id", &module.text("moduleId"))],
            ),
            None => shared
                .id
                .with_value(|id| fill(t().modules.create_title, &[("device", id)])),
        })
    });
    view! {
        <Dialog open title>
            {move || match created.get() {
                None => view! { <Form shared open created on_created/> }.into_any(),
                Some(module) => view! { <Ready shared open module/> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Form(
    shared: Shared,
    open: RwSignal<bool>,
    created: RwSignal<Option<Identity>>,
    on_created: Callback<()>,
) -> impl IntoView {
    let id = RwSignal::new(String::new());
    let managed_by = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let taken = RwSignal::new(None::<String>);
    let usable = |id: &str| check_device_id(id).is_ok() && !is_system_module(id);
    let id_error = derive(move || {
        let words = &t().modules;
        let name = id.get();
        if is_system_module(&name) {
            return Some(words.id_system.to_owned());
        }
        if taken.with(|taken| taken.as_ref() == Some(&name)) {
            return Some(words.id_taken.to_owned());
        }
        match check_device_id(&name).err()? {
            IdProblem::Empty => tried.get().then(|| words.id_empty.to_owned()),
            problem => Some(id_problem(problem)),
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let (module, by) = (id.get_untracked(), managed_by.get_untracked());
        if !usable(&module) || busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        let device = shared.id.get_value();
        spawn_local(async move {
            let outcome = api::create(&device, &module, by.trim()).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(identity) => {
                    let _ = created.try_set(Some(identity));
                    on_created.try_run(());
                }
                Err(error) if error.status() == Some(409) => {
                    let _ = taken.try_set(Some(module));
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
                label=wording(word!(modules.create_id))
                hint=wording(word!(devices.create_id_hint))
                value=id
                error=id_error
                mono=true
                first=true
            />
            <TextField
                label=wording(word!(modules.create_managed))
                hint=wording(word!(modules.create_managed_hint))
                value=managed_by
            />
            <ErrorNote error=failure/>
            <FormFoot open action=wording(word!(devices.create_submit)) disabled=busy/>
        </form>
    }
}

#[component]
fn Ready(shared: Shared, open: RwSignal<bool>, module: Identity) -> impl IntoView {
    let connection = derive(move || {
        let key = module.key("primaryKey")?;
        let host = shared.host_name.data.get()?;
        let device = shared.id.get_value();
        let id = module.text("moduleId");
        Some(module_connection_string(&host, &device, &id, &key))
    });
    view! {
        <div class="dialog-body">
            {move || connection.with(Option::is_some).then(|| view! {
                <p role="status">{tr!(modules.created_text)}</p>
                <Secret name=wording(word!(devices.connection_string)) value=connection/>
            })}
            <footer class="dialog-foot">
                <Button label=wording(word!(modules.done)) weight=Weight::Primary on_press=move |()| open.set(false)/>
            </footer>
        </div>
    }
}
