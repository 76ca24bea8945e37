//! Alert rules in a shard (`device-management.md` §5): read once from the settings, and judged
//! wherever a twin changes.
//!
//! Conditions that somebody wrote are judged behind every write of what they may read, and by
//! the passes over all twins; how far devices are with what they were asked to do, only where
//! they report it. A hub without conditions pays nothing for them.

use super::configurations::load_whole;
use super::job_patterns::standing_of;
use super::signals::{Says, spell};
use super::{Context, Registry};
use crate::alert::Rule;
use crate::alert::rule::{self, RuleSettings};
use crate::error::HubError;
use crate::ids::{DeviceId, Identity};
use crate::ipc::hub::Settings;
use crate::pattern::{self, Pattern, Phase, builtin};
use crate::query::ast::Expression;
use crate::query::{matches, parse_condition};
use crate::time::Timestamp;
use serde_json::Value;
use std::rc::Rc;

/// The rules that shards look after.
#[derive(Debug)]
pub(super) struct Rules {
    /// Rules and patterns as they are stored.
    stored: (Vec<Value>, Vec<Value>),
    /// `heartbeatMissed`
    pub(super) heartbeat: RuleSettings,
    /// `reconnectFailing`
    pub(super) logins: RuleSettings,
    /// `operationFailed`
    operations: RuleSettings,
    /// Patterns whose ends that is about.
    patterns: Vec<Pattern>,
    /// Conditions that somebody wrote.
    queries: Vec<(RuleSettings, Expression)>,
}

impl Rules {
    /// Those of the settings. A document that only a newer hub understands is none.
    pub(super) fn read(settings: Option<&Settings>) -> Self {
        let stored = settings.map_or(&[][..], |settings| &settings.alert_rules);
        let known = |rule: Rule| {
            let found = rule::find(stored, rule.name());
            found.unwrap_or_else(|| RuleSettings::of(rule))
        };
        let mut queries = Vec::new();
        for document in stored {
            let Some(rule) = rule::find(stored, rule::id_of(document)) else {
                continue;
            };
            let condition = rule.condition.as_deref().map(parse_condition);
            if let (true, Some(Ok(condition))) = (rule.enabled, condition) {
                queries.push((rule, condition));
            }
        }
        let own = settings.map_or(&[][..], |settings| &settings.patterns);
        let mut patterns: Vec<Pattern> = own
            .iter()
            .filter_map(|document| pattern::check::read(document).ok())
            .collect();
        for id in builtin::IDS {
            if !patterns.iter().any(|known| known.id == id) {
                patterns.extend(builtin::pattern(id));
            }
        }
        Self {
            stored: (stored.to_vec(), own.to_vec()),
            heartbeat: known(Rule::HEARTBEAT_MISSED),
            logins: known(Rule::RECONNECT_FAILING),
            operations: known(Rule::OPERATION_FAILED),
            patterns,
            queries,
        }
    }

    fn all(&self) -> impl Iterator<Item = &RuleSettings> {
        let queries = self.queries.iter().map(|(rule, _)| rule);
        [&self.heartbeat, &self.logins, &self.operations]
            .into_iter()
            .chain(queries)
    }

    fn enabled(&self) -> impl Iterator<Item = &Rule> {
        let enabled = self.all().filter(|rule| rule.enabled);
        enabled.map(|rule| &rule.rule)
    }

    /// The tag by which one of them groups devices.
    pub(super) fn group_by(&self, rule: &Rule) -> Option<&str> {
        let found = self.all().find(|known| known.rule == *rule)?;
        Some(&found.group_by)
    }

    /// Whether there are conditions to judge.
    pub(super) fn have_conditions(&self) -> bool {
        !self.queries.is_empty()
    }

    /// Whether a reported patch may say how far a device is with something.
    fn are_about(&self, patch: &Value) -> bool {
        let Some(patch) = patch.as_object() else {
            return false;
        };
        let mut patterns = self.patterns.iter();
        self.operations.enabled
            && patterns.any(|pattern| {
                let first = pattern.status_path.split('.').next();
                first.is_some_and(|first| patch.contains_key(first))
            })
    }
}

fn nothing() -> Result<Says, HubError> {
    Ok((String::new(), None))
}

impl Registry {
    /// Takes the rules of new settings: a pass over all twins judges them.
    pub(super) fn take_alert_rules(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        let rules = Rules::read(self.settings.as_ref());
        if rules.stored == self.rules.stored {
            return Ok(());
        }
        let before = self.rules.clone();
        for rule in before.enabled() {
            if rules.enabled().any(|known| known == rule) {
                continue;
            }
            // The hub object has forgotten it by itself.
            let delete = "DELETE FROM signal WHERE rule = ?";
            context.sql.execute(delete, &[rule.name().into()])?;
            if *rule == Rule::RECONNECT_FAILING {
                self.failed_logins.forget_all();
            }
        }
        self.changes.touch_all(rules.have_conditions());
        self.rules = Rc::new(rules);
        self.let_go(context)?;
        if self.rules.have_conditions() {
            self.begin_pass(context.now, context.effects);
        }
        context.effects.alarm_at(context.now.plus_seconds(1));
        Ok(())
    }

    /// Judges the conditions of devices whose documents this input has changed.
    pub(super) fn judge_touched(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        for device in self.changes.take_touched() {
            self.judge_conditions(&device, context)?;
        }
        Ok(())
    }

    /// Judges the conditions of a device.
    pub(super) fn judge_conditions(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let rules = self.rules.clone();
        if !rules.have_conditions() {
            return Ok(());
        }
        let identity = Identity::device(device.clone());
        let Some((_, _, document)) = load_whole(context.sql, &identity)? else {
            return Ok(());
        };
        for (rule, condition) in &rules.queries {
            let is_so =
                matches(Some(condition), &document) && !self.is_in_maintenance(device, context)?;
            let says = || {
                let text = rule.summary.as_deref();
                let text = text.unwrap_or_else(|| rule.rule.name());
                let hint = rule
                    .condition
                    .as_ref()
                    .map(|text| format!("It is so: {text}"));
                Ok((format!("{device}: {text}"), hint))
            };
            self.signal(&rule.rule, device, is_so, None, &says, context)?;
        }
        Ok(())
    }

    /// A device has reported something, maybe how far it is with what it was asked to do.
    pub(super) fn judge_report(
        &mut self,
        identity: &Identity,
        patch: &Value,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if identity.module.is_some() || !self.rules.are_about(patch) {
            return Ok(());
        }
        self.judge_operations(&identity.device, context)
    }

    /// Whether what a device was asked to do has failed, or does not come to an end; while it
    /// goes on, when to look again.
    pub(super) fn judge_operations(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let rules = self.rules.clone();
        let identity = Identity::device(device.clone());
        let Some((row, _, document)) = load_whole(context.sql, &identity)? else {
            return Ok(());
        };
        let connected_since = row.gateway.and(row.state_updated);
        let now = context.now;
        let mut due: Option<Timestamp> = None;
        let mut failed = None;
        for pattern in &rules.patterns {
            let standing = standing_of(pattern, &document, None, connected_since, now);
            if standing.phase == Phase::Failed || standing.stalled {
                failed = Some((pattern, standing));
            } else if let (true, Some(since)) = (standing.phase.is_in_progress(), standing.since) {
                let seconds = i64::try_from(pattern.timeout_seconds).unwrap_or(i64::MAX);
                due = due.into_iter().chain([since.plus_seconds(seconds)]).min();
            }
        }
        let is_so = failed.is_some() && rules.operations.enabled;
        let says = || {
            let Some((pattern, standing)) = &failed else {
                return nothing();
            };
            let id = &pattern.id;
            let phase = standing.phase.name();
            if standing.stalled {
                let timeout = i64::try_from(pattern.timeout_seconds).unwrap_or(i64::MAX);
                let timeout = spell(timeout);
                return Ok((
                    format!("{id} on {device} is {phase} for longer than {timeout}"),
                    Some("Look whether the device is reachable, then try again.".to_owned()),
                ));
            }
            Ok((
                format!("{id} on {device} has failed"),
                Some(format!(
                    "See properties.reported.{} and what stands beside it, then try again.",
                    pattern.status_path
                )),
            ))
        };
        self.signal(&Rule::OPERATION_FAILED, device, is_so, due, &says, context)?;
        Ok(())
    }
}
