//! What is written into the form, what is wrong with it, and what the hub says about its
//! condition and queries while they are typed.

use crate::api::configurations::{self as api, Configuration, Verdict};
use crate::components::json_editor::parsed;
use crate::components::pairs::Pairs;
use crate::i18n::{fill, t};
use crate::live::{Live, live};
use crate::logic::configuration::{
    ContentProblem, Settings, check_content, is_configuration_id, priority,
};
use crate::logic::json_document::pretty;
use crate::reactive::{RwSignal, effect};
use leptos::prelude::*;
use serde_json::Value;
use shared::ordered::OrderedMap;
use std::time::Duration;

/// A pause in typing after which the hub is asked.
const TYPING: Duration = Duration::from_millis(400);

const FIRST_CONTENT: &str =
    "{\n  \"deviceContent\": {\n    \"properties.desired.settings\": {\n      \n    }\n  }\n}";

/// The fields.
#[derive(Clone, Copy)]
pub struct Draft {
    /// What is edited; `None` for a new one.
    pub base: StoredValue<Option<Configuration>>,
    /// Its id.
    pub id: RwSignal<String>,
    /// A whole number.
    pub priority: RwSignal<String>,
    /// Whom it is about.
    pub condition: RwSignal<String>,
    /// What it writes, as text.
    pub content: RwSignal<String>,
    /// For people.
    pub labels: Pairs,
    /// Queries by name.
    pub metrics: Pairs,
    /// What the hub says about condition and queries.
    pub verdict: Live<Verdict>,
}

impl Draft {
    /// Fields of one that exists, or of a new one.
    pub fn new(base: Option<Configuration>) -> Self {
        let settings = base.as_ref().map_or_else(
            || Settings {
                priority: 10,
                ..Settings::default()
            },
            Configuration::settings,
        );
        let condition = RwSignal::new(settings.condition);
        let metrics = Pairs::new(&settings.metrics);
        let asked = debounced(condition, metrics);
        let verdict = live(
            move || asked.get(),
            None,
            |(condition, metrics)| async move { api::test(&condition, &metrics).await },
        );
        let content = base
            .as_ref()
            .map_or_else(|| FIRST_CONTENT.to_owned(), |one| pretty(&one.content));
        Self {
            id: RwSignal::new(base.as_ref().map(|one| one.id.clone()).unwrap_or_default()),
            priority: RwSignal::new(settings.priority.to_string()),
            condition,
            content: RwSignal::new(content),
            labels: Pairs::new(&settings.labels),
            metrics,
            verdict,
            base: StoredValue::new(base),
        }
    }

    /// Whether it is made and not changed.
    pub fn is_new(self) -> bool {
        self.base.with_value(Option::is_none)
    }

    /// What is wrong with the id. Tracked.
    pub fn id_problem(self) -> Option<String> {
        let wrong = self
            .id
            .with(|id| !id.is_empty() && !is_configuration_id(id));
        wrong.then(|| t().configurations.id_wrong.to_owned())
    }

    /// What is wrong with the priority. Tracked.
    pub fn priority_problem(self) -> Option<String> {
        let wrong = self.priority.with(|text| priority(text).is_none());
        wrong.then(|| t().configurations.priority_wrong.to_owned())
    }

    /// What is wrong with the condition, in the hub's words. Tracked.
    pub fn condition_problem(self) -> Option<String> {
        self.verdict.data.with(|verdict| {
            verdict
                .as_ref()
                .and_then(|verdict| verdict.target_condition_error.clone())
        })
    }

    /// What is wrong with the first bad query, in the hub's words. Tracked.
    pub fn metric_problem(self) -> Option<String> {
        let first = self.verdict.data.with(|verdict| {
            let errors = &verdict.as_ref()?.custom_metric_query_errors;
            let (name, why) = errors.iter().next()?;
            Some((name.clone(), why.clone()))
        });
        first.map(|(name, why)| {
            fill(
                t().configurations.metric_wrong,
                &[("name", &name), ("why", &why)],
            )
        })
    }

    /// What is wrong with the meaning of the content; that it is no JSON is the editor's own
    /// complaint. Tracked.
    pub fn content_problem(self) -> Option<String> {
        let words = &t().configurations;
        let content = self.content.with(|text| parsed(text, false)).ok()??;
        let problem = match check_content(&content)? {
            ContentProblem::Family => words.content_family,
            ContentProblem::Key => words.content_key,
            ContentProblem::Empty => words.content_empty,
        };
        Some(problem.to_owned())
    }

    /// The content, if it can be read. Tracked.
    pub fn content_value(self) -> Option<Value> {
        self.content.with(|text| parsed(text, false)).ok()?
    }

    /// What may be changed, as it is written now. Tracked.
    pub fn settings(self) -> Settings {
        Settings {
            priority: self.priority.with(|text| priority(text)).unwrap_or(0),
            condition: self.condition.with(|text| text.trim().to_owned()),
            labels: self.labels.held(),
            metrics: self.metrics.held(),
        }
    }

    /// Why it cannot be saved. Tracked.
    pub fn obstacle(self) -> Option<String> {
        let words = &t().configurations;
        let wrong = self.priority_problem().is_some()
            || self.condition_problem().is_some()
            || self.metric_problem().is_some();
        if self.is_new() {
            if self.id.with(|id| !is_configuration_id(id)) {
                return Some(words.id_wrong.to_owned());
            }
            if self.content_value().is_none() {
                return Some(words.not_json.to_owned());
            }
            if let Some(problem) = self.content_problem() {
                return Some(problem);
            }
        }
        if wrong {
            return Some(words.correct_first.to_owned());
        }
        let same = self.base.with_value(|base| {
            base.as_ref()
                .is_some_and(|one| one.settings() == self.settings())
        });
        same.then(|| words.no_change.to_owned())
    }

    /// The body of the request.
    pub fn body(self) -> Value {
        let (schema, content) = self.base.with_value(|base| match base {
            Some(one) => (one.schema_version.clone(), one.content.clone()),
            None => (None, Value::Null),
        });
        let content = if self.is_new() {
            self.content_value().unwrap_or(Value::Null)
        } else {
            content
        };
        let id = self.id.get();
        self.settings().body(&id, schema.as_deref(), &content)
    }
}

/// What is asked about, once typing has paused.
fn debounced(
    condition: RwSignal<String>,
    metrics: Pairs,
) -> RwSignal<(String, OrderedMap<String, String>)> {
    let asked = RwSignal::new((
        condition.with_untracked(|text| text.trim().to_owned()),
        untrack(|| metrics.held()),
    ));
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop_timer = move || {
        if let Some(running) = timer.try_get_value().flatten() {
            running.clear();
        }
    };
    on_cleanup(stop_timer);
    effect(move |before: Option<()>| {
        let now = (
            condition.with(|text| text.trim().to_owned()),
            metrics.held(),
        );
        if before.is_some() {
            stop_timer();
            let later = set_timeout_with_handle(
                move || {
                    let _ = asked.try_set(now);
                },
                TYPING,
            );
            timer.set_value(later.ok());
        }
    });
    asked
}
