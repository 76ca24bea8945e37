//! Making an alert rule and changing one. A condition of one's own is tried on the fleet while
//! it is written: how many devices it would be about now.

use super::words;
use crate::api::{ApiError, alerts as api, groups};
use crate::components::dialog::FormDialog;
use crate::components::field::{AreaField, SelectField, TextField};
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::components::typing::settled;
use crate::i18n::{Word, count, fill, t, t_once, word, wording};
use crate::live::{Live, live};
use crate::logic::alert_rule::{Draft, NUMBERS, is_custom, number, typed};
use crate::logic::json_document::text;
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

/// The form and what is written in it.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    open: RwSignal<bool>,
    /// The rule as it was; without an id for a new one.
    base: RwSignal<Value>,
    id: RwSignal<String>,
    enabled: RwSignal<bool>,
    severity: RwSignal<String>,
    group_by: RwSignal<String>,
    condition: RwSignal<String>,
    summary: RwSignal<String>,
    numbers: [RwSignal<String>; NUMBERS.len()],
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Editing {
    /// Nothing open.
    pub fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            open: RwSignal::new(false),
            base: RwSignal::new(Value::Null),
            id: empty(),
            enabled: RwSignal::new(true),
            severity: empty(),
            group_by: empty(),
            condition: empty(),
            summary: empty(),
            numbers: std::array::from_fn(|_| empty()),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    /// Begins a new rule.
    pub fn create(self) {
        self.edit(&json!({
            "type": "query", "enabled": true, "severity": "warning", "forSeconds": 120,
            "groupBy": "site",
        }));
    }

    /// Begins to change one.
    pub fn edit(self, rule: &Value) {
        let own = |name: &str| text(rule, name).to_owned();
        self.id.set(own("id"));
        self.enabled
            .set(rule.get("enabled").and_then(Value::as_bool) != Some(false));
        self.severity.set(own("severity"));
        self.group_by.set(own("groupBy"));
        self.condition.set(own("condition"));
        self.summary.set(own("summary"));
        for (value, name) in self.numbers.into_iter().zip(NUMBERS) {
            value.set(number(rule, name).unwrap_or_default());
        }
        self.base.set(rule.clone());
        self.failure.set(None);
        self.open.set(true);
    }

    fn is_new(self) -> bool {
        self.base.with(|base| text(base, "id").is_empty())
    }

    fn draft(self) -> Draft {
        let base = self.base.get();
        let numbers = self.numbers.into_iter().zip(NUMBERS);
        let own = numbers.filter(|(_, name)| number(&base, name).is_some());
        Draft {
            id: self.id.get().trim().to_owned(),
            enabled: self.enabled.get(),
            severity: self.severity.get(),
            group_by: self.group_by.get(),
            condition: is_custom(&base).then(|| self.condition.get()),
            summary: self.summary.get(),
            numbers: own.map(|(value, name)| (name, value.get())).collect(),
        }
    }

    /// What is wrong with a new name. Tracked.
    fn name_problem(self, taken: Signal<Vec<String>>) -> Option<&'static str> {
        if !self.is_new() {
            return None;
        }
        let id = self.id.get();
        let id = id.trim();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.len() > 64 || !id.bytes().all(legal) {
            Some(t().alerts.name_illegal)
        } else if taken.with(|taken| taken.iter().any(|known| known == id)) {
            Some(t().alerts.name_taken)
        } else {
            None
        }
    }
}

/// The words for a number.
fn number_words(name: &str) -> Word {
    match name {
        "heartbeatSeconds" => word!(alerts.heartbeat_seconds),
        "failures" => word!(alerts.failures),
        "windowSeconds" => word!(alerts.window_seconds),
        "objectBytes" => word!(alerts.object_bytes),
        _ => word!(alerts.for_seconds),
    }
}

/// The dialog.
#[component]
pub(super) fn RuleForm(
    /// What is written.
    editing: Editing,
    /// Names of all rules.
    taken: Signal<Vec<String>>,
    /// Called after a rule was saved.
    on_done: Callback<()>,
) -> impl IntoView {
    let asked = settled(editing.open, editing.condition);
    let counted = live(move || asked.get(), None, groups::count_written);
    let title = derive(move || {
        let id = editing.base.with(|base| text(base, "id").to_owned());
        if id.is_empty() {
            t().alerts.create_title.to_owned()
        } else {
            fill(t().alerts.edit_title, &[("id", &id)])
        }
    });
    let incomplete = derive(move || {
        let draft = editing.draft();
        let no_condition = draft
            .condition
            .as_ref()
            .is_some_and(|condition| condition.trim().is_empty());
        editing.busy.get()
            || draft.id.is_empty()
            || no_condition
            || draft.document().is_none()
            || editing.name_problem(taken).is_some()
    });
    let send = move |()| save(editing, on_done);
    view! {
        <FormDialog open=editing.open title action=wording(word!(alerts.save)) disabled=incomplete on_send=send>
            <Fields editing taken asked counted/>
            <ErrorNote error=editing.failure/>
        </FormDialog>
    }
}

#[component]
fn Fields(
    editing: Editing,
    taken: Signal<Vec<String>>,
    asked: RwSignal<String>,
    counted: Live<Option<u64>>,
) -> impl IntoView {
    let base = editing.base.get_untracked();
    let custom = is_custom(&base);
    let new = text(&base, "id").is_empty();
    let numbers = editing
        .numbers
        .into_iter()
        .zip(NUMBERS)
        .filter(|(_, name)| number(&base, name).is_some())
        .map(|(value, name)| {
            let wrong = derive(move || {
                let wrong = value.with(|text| typed(text).is_none());
                wrong.then(|| t().alerts.number_wrong.to_owned())
            });
            view! { <TextField label=wording(number_words(name)) value error=wrong/> }
        })
        .collect_view();
    let on = derive(move || (if editing.enabled.get() { "on" } else { "off" }).to_owned());
    view! {
        {new.then(|| view! {
            <TextField
                label=wording(word!(alerts.name))
                hint=wording(word!(alerts.name_hint))
                value=editing.id
                error=derive(move || editing.name_problem(taken).map(str::to_owned))
                mono=true
                first=true
            />
        })}
        {custom.then(|| view! {
            <AreaField
                label=wording(word!(alerts.condition))
                hint=wording(word!(alerts.condition_hint))
                value=editing.condition
                rows=3
                mono=true
            />
            <p class="picks" role="status">{move || preview(asked, counted)}</p>
            <TextField
                label=wording(word!(alerts.summary))
                hint=wording(word!(alerts.summary_hint))
                value=editing.summary
            />
        })}
        <div class="field-row">
            <SelectField
                label=wording(word!(alerts.severity))
                value=editing.severity
                on_change=move |name: String| editing.severity.set(name)
                first=!new
                options=words::SEVERITIES
                    .map(|name| (name, derive(move || words::severity(name).to_owned())))
                    .to_vec()
            />
            <SelectField
                label=wording(word!(alerts.enabled))
                value=on
                on_change=move |name: String| editing.enabled.set(name == "on")
                options=vec![
                    ("on", wording(word!(alerts.enabled_yes))),
                    ("off", wording(word!(alerts.enabled_no))),
                ]
            />
        </div>
        <div class="field-row">{numbers}</div>
        <TextField
            label=wording(word!(alerts.group_by))
            hint=wording(word!(alerts.group_by_hint))
            value=editing.group_by
            mono=true
        />
    }
}

fn preview(asked: RwSignal<String>, counted: Live<Option<u64>>) -> String {
    let words = &t().alerts;
    if asked.with(String::is_empty) {
        return words.backtest_empty.to_owned();
    }
    match (
        counted.fresh.error.with(Option::is_some),
        counted.data.get(),
    ) {
        (true, _) => words.backtest_failed.to_owned(),
        (false, Some(Some(n))) => count(n, words.backtest_one, words.backtest_other),
        (false, _) => words.backtest_counting.to_owned(),
    }
}

fn save(editing: Editing, on_done: Callback<()>) {
    let draft = untrack(|| editing.draft());
    let Some(document) = draft.document() else {
        return;
    };
    editing.busy.set(true);
    editing.failure.set(None);
    spawn_local(async move {
        let outcome = api::put_rule(&draft.id, &document).await;
        let _ = editing.busy.try_set(false);
        match outcome {
            Ok(()) => {
                let _ = editing.open.try_set(false);
                toast::success(fill(t_once().alerts.saved, &[("id", &draft.id)]));
                on_done.try_run(());
            }
            Err(error) => {
                let _ = editing.failure.try_set(Some(error));
            }
        }
    });
}
