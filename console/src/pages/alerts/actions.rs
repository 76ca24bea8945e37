//! What a person does about an alert: looks after it, snoozes it, says that it is done.

use crate::api::alerts::{self as api, Change};
use crate::clock;
use crate::components::dialog::Confirm;
use crate::components::field::SelectField;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::logic::time;
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// How long an alert can be snoozed, in hours; the first is offered.
const HOURS: [(&str, f64); 4] = [("1h", 1.0), ("4h", 4.0), ("1d", 24.0), ("1w", 168.0)];

/// The questions and the alert that they are about.
#[derive(Clone, Copy)]
pub(super) struct Acting {
    id: RwSignal<String>,
    snooze: Question,
    resolve: Question,
    on_done: Callback<()>,
}

impl Acting {
    /// Nothing asked; `on_done` is called after a change.
    pub fn new(on_done: Callback<()>) -> Self {
        Self {
            id: RwSignal::new(String::new()),
            snooze: Question::new(),
            resolve: Question::new(),
            on_done,
        }
    }

    /// Asks for how long.
    pub fn snooze(self, id: &str) {
        self.id.set(id.to_owned());
        self.snooze.ask();
    }

    /// Asks whether it is done.
    pub fn resolve(self, id: &str) {
        self.id.set(id.to_owned());
        self.resolve.ask();
    }

    fn send(self, question: Question, change: Change, done: fn() -> &'static str) {
        if !question.begin() {
            return;
        }
        let id = self.id.get_untracked();
        spawn_local(async move {
            if question.settle(api::change(&id, &change).await).is_some() {
                toast::success(fill(done(), &[("id", &id)]));
                self.on_done.try_run(());
            }
        });
    }
}

/// Somebody looks after an alert. Nothing is lost by it, so nobody is asked.
pub(super) fn acknowledge(acting: Acting, id: &str) {
    let id = id.to_owned();
    spawn_local(async move {
        match api::change(&id, &Change::Acknowledge).await {
            Ok(_) => {
                toast::success(fill(t_once().alerts.acknowledged, &[("id", &id)]));
                acting.on_done.try_run(());
            }
            Err(error) => toast::failed_call(&error),
        }
    });
}

/// The dialogs.
#[component]
pub(super) fn Questions(
    /// What is asked.
    acting: Acting,
) -> impl IntoView {
    let Acting {
        id,
        snooze,
        resolve,
        ..
    } = acting;
    let pause = RwSignal::new(HOURS[0].0.to_owned());
    let titled =
        move |text: fn() -> &'static str| derive(move || fill(text(), &[("id", &id.get())]));
    let send_snooze = move |()| {
        let chosen = pause.get_untracked();
        let hours = HOURS.iter().find(|(name, _)| *name == chosen);
        let hours = hours.map_or(HOURS[0].1, |(_, hours)| *hours);
        let until = time::timestamp(clock::now_once() + hours * 3_600_000.0);
        acting.send(snooze, Change::Snooze(until), || t_once().alerts.snoozed);
    };
    view! {
        <Confirm
            open=snooze.open
            title=titled(|| t().alerts.snooze_title)
            text=wording(word!(alerts.snooze_text))
            action=wording(word!(alerts.snooze))
            harmless=true
            keeps_focus=true
            busy=snooze.busy
            on_confirm=send_snooze
        >
            <SelectField
                label=wording(word!(alerts.snooze_for))
                value=pause
                on_change=move |name: String| pause.set(name)
                first=true
                options=vec![
                    (HOURS[0].0, wording(word!(alerts.hour_1))),
                    (HOURS[1].0, wording(word!(alerts.hour_4))),
                    (HOURS[2].0, wording(word!(alerts.day_1))),
                    (HOURS[3].0, wording(word!(alerts.week_1))),
                ]
            />
            <ErrorNote error=snooze.failure/>
        </Confirm>
        <Confirm
            open=resolve.open
            title=titled(|| t().alerts.resolve_title)
            text=wording(word!(alerts.resolve_text))
            action=wording(word!(alerts.resolve))
            harmless=true
            busy=resolve.busy
            on_confirm=move |()| acting.send(resolve, Change::Resolve, || t_once().alerts.resolved)
        >
            <ErrorNote error=resolve.failure/>
        </Confirm>
    }
}
