//! Changing limits: units, one class, and the way back. Each asks first.

use super::{class_words, rate_of};
use crate::api::throttles as api;
use crate::components::dialog::Confirm;
use crate::components::field::TextField;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::live::Live;
use crate::logic::limits::{Change, Limits, MOST_RATE, MOST_UNITS, typed};
use crate::logic::number::grouped;
use crate::reactive::{RwSignal, derive, effect};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The questions of the page.
#[derive(Clone, Copy)]
pub struct Changing {
    /// Other units.
    pub units: Question,
    /// Everything back.
    pub defaults: Question,
    set: Question,
    follow: Question,
    class: RwSignal<String>,
}

impl Changing {
    /// None asked.
    pub fn new() -> Self {
        Self {
            units: Question::new(),
            defaults: Question::new(),
            set: Question::new(),
            follow: Question::new(),
            class: RwSignal::new(String::new()),
        }
    }

    /// Asks for a limit of a class.
    pub fn set(self, class: String) {
        self.class.set(class);
        self.set.ask();
    }

    /// Asks whether a class follows the units again.
    pub fn follow(self, class: String) {
        self.class.set(class);
        self.follow.ask();
    }
}

/// The dialogs.
#[component]
pub fn Changes(
    /// The limits as they are.
    limits: Live<Limits>,
    /// What is asked.
    changing: Changing,
) -> impl IntoView {
    let Changing {
        units,
        defaults,
        set,
        follow,
        class,
    } = changing;
    let send = move |question: Question, change: Change| {
        if !question.begin() {
            return;
        }
        spawn_local(async move {
            if let Some(now) = question.settle(api::change(&change).await) {
                limits.put(now);
                toast::success(t_once().limits.done.to_owned());
            }
        });
    };
    let named = move |text: fn() -> &'static str| {
        derive(move || fill(text(), &[("class", &class_words(&class.get()))]))
    };
    let apply = wording(word!(limits.apply));
    let now = move || limits.data.get_untracked();

    let wanted_units = RwSignal::new(String::new());
    let (per_minute, burst) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    // A question begins with what stands there.
    effect(move |_| {
        if units.open.get() {
            wanted_units.set(now().map(|now| now.units.to_string()).unwrap_or_default());
        }
    });
    effect(move |_| {
        if set.open.get()
            && let Some(rate) = class.with(|class| rate_of(&now(), class))
        {
            per_minute.set(rate.per_minute.to_string());
            burst.set(rate.burst.to_string());
        }
    });
    let wrong = move |value: RwSignal<String>, most: u64, words: fn() -> &'static str| {
        derive(move || {
            let wrong = value.with(|text| typed(text, most)).is_none();
            wrong.then(|| words().to_owned())
        })
    };
    let send_units = move |()| {
        if let Some(n) = typed(&wanted_units.get_untracked(), MOST_UNITS) {
            send(units, Change::Units(n));
        }
    };
    let send_class = move |()| {
        let read = |value: RwSignal<String>| typed(&value.get_untracked(), MOST_RATE);
        if let (Some(per_minute), Some(burst)) = (read(per_minute), read(burst)) {
            let class = class.get_untracked();
            send(
                set,
                Change::Set {
                    class,
                    per_minute,
                    burst,
                },
            );
        }
    };
    let follow_text = derive(move || {
        let units = limits
            .data
            .with(|now| now.as_ref().map_or(1, |now| now.units));
        fill(t().limits.follow_text, &[("n", &grouped(units))])
    });
    view! {
        <Confirm
            open=units.open
            title=wording(word!(limits.units_title))
            text=wording(word!(limits.units_text))
            action=apply
            harmless=true
            busy=derive(move || units.busy.get() || wanted_units.with(|text| typed(text, MOST_UNITS)).is_none())
            on_confirm=send_units
        >
            <TextField
                label=wording(word!(limits.units_label))
                value=wanted_units
                error=wrong(wanted_units, MOST_UNITS, || t().limits.units_wrong)
                first=true
            />
            <ErrorNote error=units.failure/>
        </Confirm>
        <Confirm
            open=set.open
            title=named(|| t().limits.set_title)
            text=wording(word!(limits.set_text))
            action=apply
            harmless=true
            busy=derive(move || set.busy.get() || [per_minute, burst].iter().any(|n| n.with(|text| typed(text, MOST_RATE)).is_none()))
            on_confirm=send_class
        >
            <div class="field-row">
                <TextField
                    label=wording(word!(limits.set_minute))
                    value=per_minute
                    error=wrong(per_minute, MOST_RATE, || t().limits.set_wrong)
                    first=true
                />
                <TextField
                    label=wording(word!(limits.set_burst))
                    value=burst
                    error=wrong(burst, MOST_RATE, || t().limits.set_wrong)
                />
            </div>
            <ErrorNote error=set.failure/>
        </Confirm>
        <Confirm
            open=follow.open
            title=named(|| t().limits.follow_title)
            text=follow_text
            action=wording(word!(limits.follow))
            harmless=true
            busy=follow.busy
            on_confirm=move |()| send(follow, Change::Follow(class.get_untracked()))
        >
            <ErrorNote error=follow.failure/>
        </Confirm>
        <Confirm
            open=defaults.open
            title=wording(word!(limits.defaults_title))
            text=wording(word!(limits.defaults_text))
            action=wording(word!(limits.defaults))
            busy=defaults.busy
            on_confirm=move |()| send(defaults, Change::Defaults)
        >
            <ErrorNote error=defaults.failure/>
        </Confirm>
    }
}
