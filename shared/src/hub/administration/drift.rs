//! Whether configurations get through to the devices that they are for
//! (`device-management.md` §5, `configurationDrift`).
//!
//! A run every five minutes, as often as configurations are evaluated, and only while there are
//! any. It counts one query at a time, so that shards stay free for devices. Where a run stands
//! is in memory alone: one that is lost begins anew.

use super::{Hub, alert_conditions, alerts, configurations};
use crate::alert::rule::{self, Rule, RuleSettings};
use crate::configuration::document::system_queries;
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ipc::alert::RaiseAlert;
use crate::ipc::hub::HubResult;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Time between the beginnings of two runs.
const EVERY_SECONDS: i64 = 300;
/// How long after its last change a configuration may take to get through.
const GRACE_SECONDS: i64 = 3600;
/// The share that has to have it then, in percent.
const SHARE: u64 = 90;

/// The run under way, and what the one before has found.
#[derive(Debug, Default)]
pub(super) struct Drift {
    next: Option<Timestamp>,
    /// What is still to be counted; the last one is being counted.
    questions: Vec<Question>,
    judged: Vec<Judged>,
    /// Configurations of which error metrics counted something in the run before.
    failing: Vec<String>,
}

#[derive(Debug)]
struct Question {
    /// Its place in `judged`.
    configuration: usize,
    what: What,
    query: String,
}

#[derive(Debug)]
enum What {
    /// Devices that it is for and that do not have it.
    Waiting,
    /// Devices that have it, behind how many wait, and the query for those.
    Applied(u64, String),
    /// An error metric, by name.
    Errors(String),
}

#[derive(Debug)]
struct Judged {
    id: String,
    applied: String,
    /// Everything could be counted.
    is_known: bool,
    /// Too few devices have it: a summary and a hint.
    lags: Option<(String, String)>,
    /// The same of an error metric.
    fails: Option<(String, String)>,
}

/// What people hear of a configuration.
pub(super) fn alert_of(id: &str) -> RaiseAlert {
    RaiseAlert::new(Rule::CONFIGURATION_DRIFT, String::new()).of("configuration", id)
}

/// Whether a metric counts devices with which something went wrong.
fn counts_errors(name: &str) -> bool {
    let begins = |word: &str| {
        let begin = name.get(..word.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    begins("error") || begins("fail")
}

fn enabled_rule(sql: &dyn Sql) -> Result<Option<RuleSettings>, HubError> {
    let rules = alerts::stored_rules(sql)?;
    let rule = rule::find(&rules, Rule::CONFIGURATION_DRIFT.name());
    Ok(rule.filter(|rule| rule.enabled))
}

impl Drift {
    /// Sets out what a run has to count.
    fn begin(&mut self, now: Timestamp, documents: &[Value]) {
        self.judged.clear();
        for document in documents {
            let text = |name: &str| document.get(name).and_then(Value::as_str);
            let configuration = self.judged.len();
            let queries = system_queries(document);
            let applied = queries.get("appliedCount").and_then(Value::as_str);
            let applied = applied.unwrap_or_default().to_owned();
            let changed = text("lastUpdatedTimeUtc").and_then(Timestamp::parse);
            if changed.is_none_or(|at| at.plus_seconds(GRACE_SECONDS) <= now) {
                self.questions.push(Question {
                    configuration,
                    what: What::Waiting,
                    query: applied.replace("'Applied'", "'Targeted'"),
                });
            }
            let metrics = document.pointer("/metrics/queries");
            for (name, query) in metrics.and_then(Value::as_object).into_iter().flatten() {
                if let (true, Some(query)) = (counts_errors(name), query.as_str()) {
                    self.questions.push(Question {
                        configuration,
                        what: What::Errors(name.clone()),
                        query: query.to_owned(),
                    });
                }
            }
            self.judged.push(Judged {
                id: text("id").unwrap_or_default().to_owned(),
                applied,
                is_known: true,
                lags: None,
                fails: None,
            });
        }
    }

    /// Takes the number that a query has come to.
    fn take(&mut self, question: Question, count: Option<u64>) {
        let Some(judged) = self.judged.get_mut(question.configuration) else {
            return;
        };
        let id = &judged.id;
        match (question.what, count) {
            (_, None) => judged.is_known = false,
            (What::Errors(_) | What::Waiting, Some(0)) => {}
            (What::Errors(name), Some(count)) => {
                let summary =
                    format!("The metric {name} of the configuration {id} counts {count}.");
                judged.fails = Some((summary, format!("Look at: {}", question.query)));
            }
            (What::Waiting, Some(waiting)) => {
                let next = Question {
                    what: What::Applied(waiting, question.query),
                    query: judged.applied.clone(),
                    ..question
                };
                self.questions.push(next);
            }
            (What::Applied(waiting, query), Some(applied)) => {
                let targets = applied + waiting;
                if applied * 100 < targets * SHARE {
                    let summary = format!(
                        "{applied} of the {targets} devices that the configuration {id} is for have it."
                    );
                    let hint = format!(
                        "Its content does not fit into the twins of the others. Look at: {query}"
                    );
                    judged.lags = Some((summary, hint));
                }
            }
        }
    }
}

impl Hub {
    /// By alarm: begins a run that is due.
    pub(super) fn look_at_drift(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        if let Some(next) = self.drift.next.filter(|next| *next > now) {
            effects.alarm_at(next);
            return Ok(());
        }
        let documents = configurations::list(sql, None)?;
        if documents.is_empty() || enabled_rule(sql)?.is_none() {
            self.drift.next = None;
            return Ok(());
        }
        let next = now.plus_seconds(EVERY_SECONDS);
        self.drift.next = Some(next);
        effects.alarm_at(next);
        // A run that takes longer than the time between two goes on.
        if self.drift.questions.is_empty() {
            self.drift.begin(now, &documents);
            self.ask_of_drift(now, sql, effects)?;
        }
        Ok(())
    }

    fn ask_of_drift(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let next = self.drift.questions.last();
        match next.map(|question| question.query.clone()) {
            Some(query) => self.count(now, &query, effects),
            None => self.judge_drift(now, sql, effects)?,
        }
        Ok(())
    }

    /// A query was counted, perhaps the one that a run waits for.
    pub(super) fn drift_counted(
        &mut self,
        now: Timestamp,
        query: &str,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let asked = self.drift.questions.last();
        if asked.is_none_or(|asked| asked.query != query) || self.is_counting(query) {
            return Ok(());
        }
        let count = self.counts.of(query).and_then(|count| count.total());
        if let Some(question) = self.drift.questions.pop() {
            self.drift.take(question, count);
        }
        self.ask_of_drift(now, sql, effects)
    }

    /// The end of a run: what is wrong is so, and what is well is not.
    fn judge_drift(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let judged = std::mem::take(&mut self.drift.judged);
        let before = std::mem::take(&mut self.drift.failing);
        let Some(rule) = enabled_rule(sql)? else {
            return Ok(());
        };
        for judged in judged {
            if judged.fails.is_some() {
                self.drift.failing.push(judged.id.clone());
            }
            // One run may fall into the middle of a change.
            let lasting = judged.fails.filter(|_| before.contains(&judged.id));
            let mut alert = alert_of(&judged.id);
            match judged.lags.or(lasting) {
                Some((summary, hint)) => {
                    alert.summary = summary;
                    alert.hint = Some(hint);
                }
                // Of what could not be counted nothing is known.
                None if !judged.is_known => continue,
                None => alert.cleared = true,
            }
            alert_conditions::hear(now, &alert, &rule, sql)?;
        }
        alert_conditions::arm(now, sql, effects)
    }
}
