//! The dialog in which a document is made or changed.

use super::definition::{Field, Input, Resource};
use super::table::id_of;
use crate::api::resources as api;
use crate::components::dialog::FormDialog;
use crate::components::field::{AreaField, SelectField, TextField};
use crate::components::json_editor::JsonEditor;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::form_values::{document_of, read, text_of};
use crate::logic::json_document::text;
use crate::reactive::{Callback, RwSignal, derive, memo};
use gloo_net::http::Method;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// What is typed in a form, and what it is about.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    resource: &'static Resource,
    question: Question,
    /// The document as it was; none for a new one.
    before: RwSignal<Option<Value>>,
    texts: StoredValue<Vec<RwSignal<String>>>,
}

impl Editing {
    pub(super) fn new(resource: &'static Resource) -> Self {
        let fields = fields(resource);
        Self {
            resource,
            question: Question::new(),
            before: RwSignal::new(None),
            texts: StoredValue::new(
                fields
                    .iter()
                    .map(|_| RwSignal::new(String::new()))
                    .collect(),
            ),
        }
    }

    /// Opens the form empty.
    pub(super) fn create(self) {
        for (field, text) in fields(self.resource).iter().zip(self.texts.get_value()) {
            text.set(field.first.to_owned());
        }
        self.before.set(None);
        self.question.ask();
    }

    /// Opens it with what is there.
    pub(super) fn edit(self, document: Value) {
        for (field, text) in fields(self.resource).iter().zip(self.texts.get_value()) {
            text.set(text_of(&document, (field.place, field.kind)));
        }
        self.before.set(Some(document));
        self.question.ask();
    }

    /// Whether a field is asked for; tracked.
    fn wants(self, field: &Field) -> bool {
        !field.only_new || self.before.with(Option::is_none)
    }

    /// The document as it is typed; tracked.
    fn document(self) -> Result<Value, usize> {
        let typed = fields(self.resource).iter().zip(self.texts.get_value());
        let typed = typed.filter(|(field, _)| self.wants(field));
        let typed: Vec<_> = typed
            .map(|(field, text)| ((field.place, field.kind), text.get()))
            .collect();
        document_of(&typed)
    }

    /// Where it goes.
    fn target(self, document: &Value) -> (Method, String) {
        let resource = self.resource;
        let posts = resource.form.as_ref().is_some_and(|form| form.posts);
        let known = self.before.get_untracked();
        if resource.is_single {
            return (Method::PUT, resource.path.to_owned());
        }
        match known {
            Some(known) => (
                Method::PUT,
                api::place(resource.path, &id_of(resource, &known)),
            ),
            None if posts => (Method::POST, resource.path.to_owned()),
            None => (
                Method::PUT,
                api::place(resource.path, &id_of(resource, document)),
            ),
        }
    }
}

fn fields(resource: &Resource) -> &'static [Field] {
    resource.form.as_ref().map_or(&[], |form| form.fields)
}

#[component]
pub(super) fn FormOf(
    /// Of which kind.
    resource: &'static Resource,
    /// What is typed.
    editing: Editing,
    /// Takes what the hub shows this once.
    revealed: RwSignal<String>,
    /// Called when it is stored.
    on_done: Callback<()>,
) -> impl IntoView {
    let Question {
        open,
        busy,
        failure,
    } = editing.question;
    let wrong = memo(move || editing.document().err());
    let title = derive(move || match editing.before.get() {
        Some(known) if !resource.is_single => {
            fill(t().resources.change, &[("id", &id_of(resource, &known))])
        }
        None if !resource.is_single => {
            let add = resource.form.as_ref().and_then(|form| form.add);
            add.map_or_else(String::new, |add| add.of(t()).to_owned())
        }
        _ => resource.title.of(t()).to_owned(),
    });
    let send = move |()| {
        let Ok(document) = editing.document() else {
            return;
        };
        if !editing.question.begin() {
            return;
        }
        let (method, path) = editing.target(&document);
        let before = editing.before.get_untracked();
        spawn_local(async move {
            let sent = api::change(method, &path, before.as_ref(), Some(&document)).await;
            if let Some(answer) = editing.question.settle(sent) {
                let reveals = resource.form.as_ref().and_then(|form| form.reveals);
                let _ = revealed.try_set(
                    reveals.map_or_else(String::new, |name| text(&answer, name).to_owned()),
                );
                toast::success(t_once().resources.stored.to_owned());
                on_done.try_run(());
            }
        });
    };
    view! {
        <FormDialog
            open
            title
            action=wording(word!(resources.store))
            disabled=derive(move || busy.get() || wrong.get().is_some())
            on_send=send
        >
            {move || {
                let all = fields(resource).iter().zip(editing.texts.get_value());
                all.filter(|(field, _)| editing.wants(field)).map(|(field, text)| input(field, text)).collect_view()
            }}
            <ErrorNote error=failure/>
            {move || (failure.with(|error| error.as_ref().and_then(|error| error.status())) == Some(412)).then(|| view! {
                <p class="sub">{tr!(resources.conflict)}</p>
            })}
        </FormDialog>
    }
}

fn input(field: &'static Field, text: RwSignal<String>) -> AnyView {
    let label = wording(field.name);
    let hint = derive(move || {
        field
            .hint
            .map_or_else(String::new, |hint| hint.of(t()).to_owned())
    });
    let unfit = derive(move || {
        let fits = read(field.kind, &text.get()).is_ok();
        (!fits).then(|| t().resources.number_wanted.to_owned())
    });
    match field.input {
        Input::Line => view! { <TextField label hint value=text error=unfit/> }.into_any(),
        Input::Code => view! { <TextField label hint value=text mono=true/> }.into_any(),
        Input::Secret => view! { <TextField label hint value=text kind="password"/> }.into_any(),
        Input::Area => view! { <AreaField label hint value=text rows=8 mono=true/> }.into_any(),
        Input::Json => {
            view! { <JsonEditor label hint text rows=16 visible_label=true/> }.into_any()
        }
        Input::Choice(choices) => {
            let options: Vec<_> = choices
                .iter()
                .map(|(name, words)| (*name, wording(*words)))
                .collect();
            let chosen = move |chosen: String| text.set(chosen);
            view! { <SelectField label value=text on_change=chosen options/> }.into_any()
        }
    }
}
