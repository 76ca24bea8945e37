//! Adding a tile and changing one: the condition is counted while it is written, and the hub's
//! complaints about it show where in it they are.

use super::tile::severity_words;
use crate::api::{ApiError, groups as api};
use crate::components::dialog::FormDialog;
use crate::components::field::{AreaField, SelectField, TextField};
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::components::typing::settled;
use crate::i18n::{count, fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::group::{Draft, Fault, Group, NameProblem, Severity, fault, name_problem};
use crate::reactive::{Callback, RwSignal, derive, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The form and what is written in it.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    open: RwSignal<bool>,
    /// The group as it was; without a name for a new one.
    base: RwSignal<Group>,
    name: RwSignal<String>,
    condition: RwSignal<String>,
    /// The hub's word.
    severity: RwSignal<String>,
    description: RwSignal<String>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Editing {
    /// Nothing open.
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            base: RwSignal::new(Group::default()),
            name: RwSignal::new(String::new()),
            condition: RwSignal::new(String::new()),
            severity: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    /// Begins a new tile.
    pub fn create(self) {
        self.edit(Group::default());
    }

    /// Begins to change one.
    pub fn edit(self, group: Group) {
        let severity = group.severity().unwrap_or(Severity::Warning);
        self.severity.set(severity.name().to_owned());
        self.name.set(group.id.clone());
        self.condition.set(group.condition.clone());
        self.description
            .set(group.description.clone().unwrap_or_default());
        self.base.set(group);
        self.failure.set(None);
        self.open.set(true);
    }

    fn is_new(self) -> bool {
        self.base.with(|base| base.id.is_empty())
    }

    fn draft(self) -> Draft {
        Draft {
            id: self.name.with_untracked(|name| name.trim().to_owned()),
            condition: self.condition.get_untracked(),
            severity: self
                .severity
                .with_untracked(|name| Severity::from_name(name))
                .unwrap_or(Severity::Warning),
            description: self.description.get_untracked(),
        }
    }

    fn name_problem(self, taken: &[String]) -> Option<NameProblem> {
        if !self.is_new() {
            return None;
        }
        self.name.with(|name| name_problem(name.trim(), taken))
    }
}

/// The dialog.
#[component]
pub(super) fn Form(
    /// What is written.
    editing: Editing,
    /// Names of all groups.
    taken: Signal<Vec<String>>,
    /// Called after a tile was saved.
    on_done: Callback<()>,
) -> impl IntoView {
    let asked = settled(editing.open, editing.condition);
    let counted = live(move || asked.get(), None, api::count_written);
    // What was refused is being mended.
    effect(move |before: Option<()>| {
        editing.condition.track();
        if before.is_some() {
            editing.failure.set(None);
        }
    });
    let complaint = derive(move || {
        let refused = editing.failure.with(|error| fault_of(error.as_ref(), 0));
        let counting = || {
            counted
                .fresh
                .error
                .with(|error| fault_of(error.as_ref(), 1))
        };
        let Fault {
            line,
            column,
            reason,
        } = refused.or_else(counting)?;
        Some(fill(
            t().common.json_error,
            &[
                ("line", &line.to_string()),
                ("column", &column.to_string()),
                ("message", &reason),
            ],
        ))
    });
    let name_error = derive(move || {
        let words = &t().issues;
        match taken.with(|taken| editing.name_problem(taken))? {
            NameProblem::Empty => None,
            NameProblem::Illegal => Some(words.name_illegal.to_owned()),
            NameProblem::Taken => Some(words.name_taken.to_owned()),
        }
    });
    let incomplete = derive(move || {
        editing.busy.get()
            || complaint.with(Option::is_some)
            || editing.condition.with(|text| text.trim().is_empty())
            || taken.with(|taken| editing.name_problem(taken)).is_some()
    });
    // What the place in the condition tells is not told twice.
    let failure = derive(move || {
        let told = editing.failure.with(|error| fault_of(error.as_ref(), 0));
        editing.failure.get().filter(|_| told.is_none())
    });
    let title = derive(move || {
        if editing.is_new() {
            return t().issues.create_title.to_owned();
        }
        let id = editing.base.with(|base| base.id.clone());
        fill(t().issues.edit_title, &[("id", &id)])
    });
    let send = move |()| save(editing, on_done);
    view! {
        <FormDialog open=editing.open title action=wording(word!(issues.save)) disabled=incomplete on_send=send>
            <div class="field-row">
                {untrack(|| editing.is_new()).then(|| view! {
                    <TextField
                        label=wording(word!(issues.name))
                        hint=wording(word!(issues.name_hint))
                        value=editing.name
                        error=name_error
                        mono=true
                        first=true
                    />
                })}
                <SelectField
                    label=wording(word!(issues.severity))
                    value=editing.severity
                    on_change=move |name: String| editing.severity.set(name)
                    options=Severity::ALL
                        .into_iter()
                        .map(|severity| (
                            severity.name(),
                            derive(move || severity_words(severity).to_owned()),
                        ))
                        .collect()
                />
            </div>
            <AreaField
                label=wording(word!(issues.condition))
                hint=wording(word!(issues.condition_hint))
                value=editing.condition
                error=complaint
                rows=3
                mono=true
            />
            <p class="picks" role="status">{move || complaint.with(Option::is_none).then(|| preview(asked, counted))}</p>
            <AreaField
                label=wording(word!(issues.description))
                hint=wording(word!(issues.description_hint))
                value=editing.description
                rows=2
            />
            <ErrorNote error=failure/>
            {move || editing.failure.with(|error| error.as_ref().and_then(ApiError::status) == Some(412)).then(|| view! {
                <p>{tr!(issues.conflict)}</p>
            })}
        </FormDialog>
    }
}

fn preview(asked: RwSignal<String>, counted: Live<Option<u64>>) -> String {
    let words = &t().issues;
    if asked.with(String::is_empty) {
        return words.preview_empty.to_owned();
    }
    match (
        counted.fresh.error.with(Option::is_some),
        counted.data.get(),
    ) {
        (true, _) => words.preview_failed.to_owned(),
        (false, Some(Some(n))) => count(n, words.preview_one, words.preview_other),
        (false, _) => words.preview_counting.to_owned(),
    }
}

fn fault_of(error: Option<&ApiError>, lines_before: u32) -> Option<Fault> {
    match error? {
        ApiError::Refused { text, .. } => fault(text, lines_before),
        _ => None,
    }
}

fn save(editing: Editing, on_done: Callback<()>) {
    editing.busy.set(true);
    editing.failure.set(None);
    let draft = editing.draft();
    let base = editing.base.get_untracked();
    spawn_local(async move {
        let outcome = if base.id.is_empty() {
            create(&draft).await
        } else {
            api::put(&draft, Some(&base.etag)).await
        };
        let _ = editing.busy.try_set(false);
        match outcome {
            Ok(()) => {
                let _ = editing.open.try_set(false);
                toast::success(fill(t_once().issues.saved, &[("id", &draft.id)]));
                on_done.try_run(());
            }
            Err(error) => {
                let _ = editing.failure.try_set(Some(error));
            }
        }
    });
}

/// Makes a group, and no other one's: a name that somebody took meanwhile is refused.
async fn create(draft: &Draft) -> Result<(), ApiError> {
    let known = api::list().await?;
    if known.iter().any(|group| group.id == draft.id) {
        return Err(ApiError::Refused {
            status: 409,
            code: None,
            text: t_once().issues.name_taken.to_owned(),
            tracking_id: None,
        });
    }
    api::put(draft, None).await
}
