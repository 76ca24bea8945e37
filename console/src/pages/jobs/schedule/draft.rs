//! What is written into the steps so far, and what is wrong with it. Condition, action and step
//! stand in the address; the rest lives as long as the page.

use crate::api::jobs::Job;
use crate::api::query::Target;
use crate::clock;
use crate::components::json_editor::parsed;
use crate::i18n::t;
use crate::live::Live;
use crate::logic::device_rules::is_method_name;
use crate::logic::job_order::{
    Deed, Order, PatchProblem, Waves, check_patch, condition, is_job_id, lifetime, lifetime_words,
    may_start, new_id, read_waves, share, whole,
};
use crate::logic::json_document::pretty;
use crate::logic::time;
use crate::reactive::{Memo, RwSignal};
use serde_json::{Value, json};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Step {
    /// Which devices.
    Target,
    /// What is done to them.
    Action,
    /// When and how fast.
    Time,
    /// All of it.
    Review,
}

impl Step {
    /// All steps in their order.
    pub const ALL: [Self; 4] = [Self::Target, Self::Action, Self::Time, Self::Review];

    /// Its name in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Action => "action",
            Self::Time => "time",
            Self::Review => "review",
        }
    }
}

/// All fields.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The condition in the address.
    pub condition: Memo<String>,
    /// Whom it picks now; `None` without a condition.
    pub target: Live<Option<Target>>,
    /// Whether twins are changed; else a method is called.
    pub writes_twins: RwSignal<bool>,
    /// The patch.
    pub patch: RwSignal<String>,
    /// The method.
    pub method: RwSignal<String>,
    /// What it is given.
    pub payload: RwSignal<String>,
    /// Seconds for its answer.
    pub response: RwSignal<String>,
    /// Seconds for a device to connect.
    pub connect: RwSignal<String>,
    /// The job's id.
    pub id: RwSignal<String>,
    /// Whether it starts later.
    pub later: RwSignal<bool>,
    /// When, as the hub takes it.
    pub start: RwSignal<String>,
    /// How long it may take.
    pub amount: RwSignal<String>,
    /// In which unit.
    pub unit: RwSignal<String>,
    /// Whether it goes in waves.
    pub in_waves: RwSignal<bool>,
    /// Where waves end.
    pub shares: RwSignal<String>,
    /// Which share of a wave must succeed.
    pub success: RwSignal<String>,
    /// Minutes between waves.
    pub pause: RwSignal<String>,
    /// The share of failures that stops the job.
    pub stop_at: RwSignal<String>,
    /// How many must have ended before that.
    pub stop_least: RwSignal<String>,
    /// Why maintenance policies are not asked; empty: they are.
    pub why: RwSignal<String>,
}

impl Draft {
    /// An empty one.
    pub fn new(condition: Memo<String>, target: Live<Option<Target>>) -> Self {
        let text = |value: &str| RwSignal::new(value.to_owned());
        Self {
            condition,
            target,
            writes_twins: RwSignal::new(true),
            patch: text("{\n  \"properties\": {\n    \"desired\": {}\n  }\n}"),
            method: text(""),
            payload: text(""),
            response: text("30"),
            connect: text("0"),
            id: RwSignal::new(new_id(clock::now_once())),
            later: RwSignal::new(false),
            start: text(""),
            amount: text("1"),
            unit: text("hours"),
            in_waves: RwSignal::new(false),
            why: text(""),
            shares: text("5, 25, 100"),
            success: text("95"),
            pause: text("10"),
            stop_at: text("10"),
            stop_least: text("10"),
        }
    }

    /// Takes over what another job did; its time and waves are not told by the hub.
    pub fn copy(self, job: &Job) {
        self.writes_twins.set(job.writes_twins());
        if job.writes_twins() {
            let mut patch = job.update_twin.clone();
            if let Value::Object(members) = &mut patch {
                members.retain(|name, _| matches!(name.as_str(), "tags" | "properties"));
            }
            self.patch.set(pretty(&patch));
        } else {
            let call = &job.cloud_to_device_method;
            let number = |name: &str, default: u64| {
                let given = call.get(name).and_then(Value::as_u64);
                given.unwrap_or(default).to_string()
            };
            self.method.set(job.method().to_owned());
            self.payload.set(match call.get("payload") {
                None | Some(Value::Null) => String::new(),
                Some(payload) => pretty(payload),
            });
            self.response.set(number("responseTimeoutInSeconds", 30));
            self.connect.set(number("connectTimeoutInSeconds", 0));
        }
        let (n, unit) = lifetime_words(job.max_execution_time_in_seconds);
        self.amount.set(n.to_string());
        self.unit.set(unit.to_owned());
    }

    /// What stands against going on behind a step. Tracked.
    pub fn problem(self, step: Step) -> Option<String> {
        match step {
            Step::Target => self.target_problem(),
            Step::Action => self.action_problem(),
            Step::Time => self.time_problem(),
            Step::Review => None,
        }
    }

    fn target_problem(self) -> Option<String> {
        let words = &t().schedule;
        if self.condition.with(String::is_empty) {
            return Some(words.condition_missing.to_owned());
        }
        self.target
            .fresh
            .error
            .with(Option::is_some)
            .then(|| words.condition_wrong.to_owned())
    }

    /// What is wrong with the patch. Tracked.
    pub fn patch_problem(self) -> Option<String> {
        let words = &t().schedule;
        let patch = self.patch.with(|text| parsed(text, false));
        match patch.ok().flatten().as_ref().map(check_patch) {
            None => Some(words.not_json),
            Some(Some(PatchProblem::Empty)) => Some(words.patch_empty),
            Some(Some(PatchProblem::Foreign)) => Some(words.patch_foreign),
            Some(None) => None,
        }
        .map(str::to_owned)
    }

    fn action_problem(self) -> Option<String> {
        let words = &t().schedule;
        if self.writes_twins.get() {
            return self.patch_problem();
        }
        let problem = if !self.method.with(|name| is_method_name(name)) {
            words.method_missing
        } else if self.payload.with(|text| parsed(text, true).is_err()) {
            words.not_json
        } else if self.timeouts().is_none() {
            words.numbers_wrong
        } else {
            return None;
        };
        Some(problem.to_owned())
    }

    /// Seconds for the answer and to connect. Tracked.
    pub fn timeouts(self) -> Option<(u32, u32)> {
        let response = self.response.with(|text| whole(text, 5, 300))?;
        let connect = self.connect.with(|text| whole(text, 0, 300))?;
        (connect <= response).then_some((response, connect))
    }

    /// Seconds that it may take. Tracked.
    pub fn lifetime(self) -> Option<u64> {
        self.amount
            .with(|amount| self.unit.with(|unit| lifetime(amount, unit)))
    }

    /// Whether the start is missing or out of range. Tracked.
    pub fn start_is_wrong(self) -> bool {
        self.later.get()
            && !self
                .start
                .with(|text| time::parse(text))
                .is_some_and(|at| may_start(at, clock::now_once()))
    }

    /// Minutes between waves; `None` if they are wrong, `Some(None)` if somebody goes on by
    /// hand. Tracked.
    pub fn pause_minutes(self) -> Option<Option<u32>> {
        self.pause.with(|text| match text.trim() {
            "" => Some(None),
            text => whole(text, 0, 10_080).map(Some),
        })
    }

    /// When failures stop the job; `None` if that is wrong, `Some(None)` if never. Tracked.
    pub fn stop_rule(self) -> Option<Option<(f64, u32)>> {
        if self.stop_at.with(|text| text.trim().is_empty()) {
            return Some(None);
        }
        let percent = self.stop_at.with(|text| share(text))?;
        let least = self.stop_least.with(|text| whole(text, 1, 1_000_000))?;
        Some(Some((percent, least)))
    }

    fn time_problem(self) -> Option<String> {
        let words = &t().schedule;
        let problem = if !self.id.with(|id| is_job_id(id)) {
            words.name_wrong
        } else if self.start_is_wrong() {
            words.start_wrong
        } else if self.lifetime().is_none() {
            words.lifetime_wrong
        } else if self.in_waves.get() && self.waves().is_none() {
            words.shares_wrong
        } else {
            return None;
        };
        Some(problem.to_owned())
    }

    fn waves(self) -> Option<Waves> {
        Some(Waves {
            shares: self.shares.with(|text| read_waves(text))?,
            success: self.success.with(|text| share(text))?,
            pause: self.pause_minutes()?,
            stop: self.stop_rule()?,
        })
    }

    /// The job, if every step is right. Tracked.
    pub fn order(self) -> Option<Order> {
        let deed = if self.writes_twins.get() {
            Deed::Patch(self.patch.with(|text| parsed(text, false)).ok()??)
        } else {
            let (response, connect) = self.timeouts()?;
            Deed::Method {
                name: self.method.get(),
                payload: self.payload.with(|text| parsed(text, true)).ok()?,
                response,
                connect,
            }
        };
        let waves = if self.in_waves.get() {
            Some(self.waves()?)
        } else {
            None
        };
        Some(Order {
            deed,
            condition: self.condition.with(|text| condition(text).to_owned()),
            start: self
                .later
                .get()
                .then(|| self.start.with(|text| time::parse(text)))
                .flatten(),
            lifetime: self.lifetime()?,
            waves,
        })
    }

    /// The patch, if it can be read. Tracked.
    pub fn patch_value(self) -> Value {
        let patch = self.patch.with(|text| parsed(text, false));
        patch.ok().flatten().unwrap_or_else(|| json!({}))
    }
}
