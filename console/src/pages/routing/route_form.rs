//! Making a route and changing one. The condition is tried with a message while it is written.

use super::routes::source_words;
use crate::api::ApiError;
use crate::api::routing::{self as api, Routing};
use crate::components::dialog::FormDialog;
use crate::components::field::{AreaField, SelectField, TextField, unique_id};
use crate::components::json_editor::JsonEditor;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::components::typing::settled;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::json_document::text;
use crate::logic::route::{
    BUILT_IN, Outcome, SAMPLE, SOURCES, document, endpoint, endpoint_names, is_enabled, outcome,
    trial,
};
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The form and what is written in it.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    open: RwSignal<bool>,
    /// Whether there was no such route.
    new: RwSignal<bool>,
    name: RwSignal<String>,
    source: RwSignal<String>,
    condition: RwSignal<String>,
    endpoint: RwSignal<String>,
    enabled: RwSignal<bool>,
    sample: RwSignal<String>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Editing {
    /// Nothing open.
    pub fn new() -> Self {
        let holding = |text: &str| RwSignal::new(text.to_owned());
        Self {
            open: RwSignal::new(false),
            new: RwSignal::new(true),
            name: holding(""),
            source: holding(SOURCES[0]),
            condition: holding(""),
            endpoint: holding(BUILT_IN),
            enabled: RwSignal::new(true),
            sample: holding(SAMPLE),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    /// Begins a new route.
    pub fn create(self) {
        self.begin(&Value::Null);
    }

    /// Begins to change one.
    pub fn edit(self, route: &Value) {
        self.begin(route);
    }

    fn begin(self, route: &Value) {
        let source = match text(route, "source") {
            "" => SOURCES[0],
            source => source,
        };
        self.new.set(route.is_null());
        self.name.set(text(route, "name").to_owned());
        self.source.set(source.to_owned());
        self.condition.set(text(route, "condition").to_owned());
        self.endpoint.set(endpoint(route).to_owned());
        self.enabled.set(is_enabled(route));
        self.failure.set(None);
        self.open.set(true);
    }
}

/// The dialog.
#[component]
pub(super) fn RouteForm(
    /// What is written.
    editing: Editing,
    /// Everything about routes, as far as it is known.
    data: RwSignal<Option<Routing>>,
    /// Called after a route was saved.
    on_done: Callback<()>,
) -> impl IntoView {
    let condition = settled(editing.open, editing.condition);
    let sample = settled(editing.open, editing.sample);
    let tried = live(
        move || {
            let open = editing.open.get();
            open.then(|| trial(&editing.source.get(), &condition.get(), &sample.get()))
                .flatten()
                .map(|trial| trial.to_string())
        },
        None,
        |trial: Option<String>| async move {
            let Some(trial) = trial.and_then(|text| serde_json::from_str(&text).ok()) else {
                return Ok(None);
            };
            api::test(&trial).await.map(|answer| Some(outcome(&answer)))
        },
    );
    let complaint = derive(move || match tried.data.get().flatten()? {
        Outcome::Wrong(line, column, why) => Some(fill(
            t().common.json_error,
            &[
                ("line", &line.to_string()),
                ("column", &column.to_string()),
                ("message", &why),
            ],
        )),
        _ => None,
    });
    let title = derive(move || {
        if editing.new.get() {
            t().routing.create_title.to_owned()
        } else {
            fill(t().routing.edit_title, &[("name", &editing.name.get())])
        }
    });
    let incomplete = derive(move || {
        editing.busy.get()
            || editing.name.with(|name| name.trim().is_empty())
            || complaint.with(Option::is_some)
    });
    let send = move |()| save(editing, on_done);
    view! {
        <FormDialog open=editing.open title action=wording(word!(routing.save)) disabled=incomplete on_send=send>
            <Fields editing data complaint/>
            <JsonEditor
                label=wording(word!(routing.sample))
                hint=wording(word!(routing.sample_hint))
                text=editing.sample
                rows=5
                visible_label=true
            />
            <p class="picks" role="status">{move || verdict(tried)}</p>
            <ErrorNote error=editing.failure/>
        </FormDialog>
    }
}

#[component]
fn Fields(
    editing: Editing,
    data: RwSignal<Option<Routing>>,
    complaint: Signal<Option<String>>,
) -> impl IntoView {
    let new = editing.new.get_untracked();
    let id = unique_id("endpoint");
    let names = data.with_untracked(|routing| {
        let known = routing
            .as_ref()
            .map(|routing| endpoint_names(&routing.document));
        known.unwrap_or_else(|| vec![BUILT_IN.to_owned()])
    });
    let options = names
        .into_iter()
        .map(|name| {
            let value = name.clone();
            let known = name.clone();
            view! { <option value=value selected=move || editing.endpoint.get() == known>{name}</option> }
        })
        .collect_view();
    let on = derive(move || (if editing.enabled.get() { "on" } else { "off" }).to_owned());
    view! {
        {new.then(|| view! {
            <TextField label=wording(word!(routing.name)) value=editing.name mono=true first=true/>
        })}
        <div class="field-row">
            <SelectField
                label=wording(word!(routing.source))
                value=editing.source
                on_change=move |name: String| editing.source.set(name)
                first=!new
                options=SOURCES.map(|source| (source, wording(source_words(source)))).to_vec()
            />
            <div class="field">
                <label class="field-label" for=id.clone()>{tr!(routing.endpoint)}</label>
                <select id=id class="input select" on:change=move |event| editing.endpoint.set(event_target_value(&event))>
                    {options}
                </select>
            </div>
            <SelectField
                label=wording(word!(routing.enabled))
                value=on
                on_change=move |name: String| editing.enabled.set(name == "on")
                options=vec![("on", wording(word!(routing.yes))), ("off", wording(word!(routing.no)))]
            />
        </div>
        <AreaField
            label=wording(word!(routing.condition))
            hint=wording(word!(routing.condition_hint))
            value=editing.condition
            error=complaint
            rows=3
            mono=true
        />
    }
}

fn verdict(tried: Live<Option<Outcome>>) -> &'static str {
    let words = &t().routing;
    match tried.data.get() {
        None => words.trying,
        Some(None) => words.not_tried,
        Some(Some(Outcome::Takes)) => words.takes,
        Some(Some(Outcome::Leaves)) => words.leaves,
        Some(Some(Outcome::Undefined)) => words.undefined,
        Some(Some(Outcome::Wrong(..))) => "",
    }
}

fn save(editing: Editing, on_done: Callback<()>) {
    let name = editing.name.get_untracked().trim().to_owned();
    let route = document(
        &editing.source.get_untracked(),
        &editing.condition.get_untracked(),
        &editing.endpoint.get_untracked(),
        editing.enabled.get_untracked(),
    );
    editing.busy.set(true);
    editing.failure.set(None);
    spawn_local(async move {
        let outcome = api::put_route(&name, &route).await;
        let _ = editing.busy.try_set(false);
        match outcome {
            Ok(()) => {
                let _ = editing.open.try_set(false);
                toast::success(fill(t_once().routing.saved, &[("name", &name)]));
                on_done.try_run(());
            }
            Err(error) => {
                let _ = editing.failure.try_set(Some(error));
            }
        }
    });
}
