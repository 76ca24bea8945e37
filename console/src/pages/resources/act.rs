//! The question before something is done with a document.

use super::definition::{Act, Resource, Text};
use super::table::{id_of, label_of};
use crate::api::resources as api;
use crate::components::dialog::Confirm;
use crate::components::field::AreaField;
use crate::components::json_view::JsonView;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{Word, fill, t, t_once, tr, word, wording};
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

/// What is asked, and about which document.
#[derive(Clone, Copy)]
pub(super) struct Acting {
    question: Question,
    asked: RwSignal<Option<&'static Act>>,
    document: RwSignal<Value>,
    note: RwSignal<String>,
}

impl Acting {
    pub(super) fn new() -> Self {
        Self {
            question: Question::new(),
            asked: RwSignal::new(None),
            document: RwSignal::new(Value::Null),
            note: RwSignal::new(String::new()),
        }
    }

    pub(super) fn ask(self, act: &'static Act, document: Value) {
        self.note.set(String::new());
        self.document.set(document);
        self.asked.set(Some(act));
        self.question.ask();
    }

    fn words(self, resource: &'static Resource, read: fn(&Act) -> Word) -> Signal<String> {
        derive(move || {
            let id = self.document.with(|document| label_of(resource, document));
            let words = self.asked.get().map_or("", |act| read(act).of(t()));
            fill(words, &[("id", &id)])
        })
    }
}

#[component]
pub(super) fn ActDialog(
    /// Of which kind.
    resource: &'static Resource,
    /// What is asked.
    acting: Acting,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let Acting {
        question,
        asked,
        document,
        note,
    } = acting;
    let written = move || {
        asked
            .get()
            .and_then(|act| act.body)
            .and_then(|(_, text)| match text {
                Text::Fixed(_) => None,
                Text::Written(name) => Some(name),
            })
    };
    let confirm = move |()| {
        let Some(act) = asked.get_untracked() else {
            return;
        };
        if !question.begin() {
            return;
        }
        let known = document.get_untracked();
        let (id, label) = (id_of(resource, &known), label_of(resource, &known));
        let mut path = if resource.is_single {
            resource.path.to_owned()
        } else {
            api::place(resource.path, &id)
        };
        path.push_str(act.suffix);
        let body = act.body.map(|(name, text)| {
            let written = note.get_untracked();
            let mut body = json!({});
            match text {
                Text::Fixed(text) => body[name] = json!(text),
                Text::Written(_) if written.trim().is_empty() => {}
                Text::Written(_) => body[name] = json!(written),
            }
            body
        });
        spawn_local(async move {
            let done = api::change((act.method)(), &path, Some(&known), body.as_ref()).await;
            if question.settle(done).is_some() {
                toast::success(fill(act.done.of(t_once()), &[("id", &label)]));
                on_done.try_run(());
            }
        });
    };
    let shows_request = move || document.with(|document| document.get("request").cloned());
    view! {
        {move || asked.get().map(|act| view! {
            <Confirm
                open=question.open
                title=acting.words(resource, |act| act.title)
                text=acting.words(resource, |act| act.text)
                action=acting.words(resource, |act| act.name)
                harmless=act.is_harmless
                busy=question.busy
                on_confirm=confirm
            >
                {move || shows_request().map(|request| view! {
                    <JsonView label=wording(word!(resources.request)) value=Signal::stored(readable(request))/>
                })}
                {move || written().map(|name| view! { <AreaField label=wording(name) value=note rows=3/> })}
                <ErrorNote error=question.failure/>
                {move || (question.failure.with(|e| e.as_ref().and_then(|e| e.status())) == Some(412)).then(|| view! {
                    <p class="sub">{tr!(resources.conflict)}</p>
                })}
            </Confirm>
        })}
    }
}

/// A recorded request with its body as JSON, if it is some, in place of a text.
fn readable(mut request: Value) -> Value {
    let body = request.get("body").and_then(Value::as_str);
    if let Some(body) = body.and_then(|body| serde_json::from_str::<Value>(body).ok()) {
        request["body"] = body;
    }
    request
}
