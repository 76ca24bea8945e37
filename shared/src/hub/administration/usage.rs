//! What objects say they use, and whether that comes near to a limit (`device-management.md`
//! §5, `storageNearFull` and `quotaNear`).
//!
//! Objects tell now and then while they work; what was told last counts. Nobody is woken to be
//! asked.

use super::{Hub, alert_conditions, alerts};
use crate::alert::rule::{self, Rule, RuleSettings};
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ipc::alert::RaiseAlert;
use crate::ipc::hub::{HubResult, Usage};
use crate::sql::Sql;
use crate::throttle::daily_quota;
use crate::time::Timestamp;
use serde_json::Value;

/// What each object told last.
pub(super) const SCHEMA: &str = "CREATE TABLE usage (
    object TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    day INTEGER NOT NULL,
    messages INTEGER NOT NULL
) WITHOUT ROWID";

/// From which share of a limit on people hear of it, in percent.
const SHARE: u64 = 85;

fn is_near(used: u64, limit: u64) -> bool {
    used.saturating_mul(100) > limit.saturating_mul(SHARE)
}

fn quota_alert() -> RaiseAlert {
    RaiseAlert::new(Rule::QUOTA_NEAR, String::new()).of("quota", "messages")
}

fn enabled(rules: &[Value], rule: &Rule) -> Option<RuleSettings> {
    rule::find(rules, rule.name()).filter(|rule| rule.enabled)
}

impl Hub {
    /// An object tells what it uses.
    pub(super) fn hear_usage(
        &mut self,
        now: Timestamp,
        told: &Usage,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let own = Usage {
            object: "hub".to_owned(),
            bytes: sql.usage().1,
            ..Usage::default()
        };
        let rules = alerts::stored_rules(sql)?;
        let rule = enabled(&rules, &Rule::STORAGE_NEAR_FULL);
        sql.transaction(&mut || {
            for told in [told, &own] {
                sql.execute(
                    "INSERT INTO usage (object, bytes, day, messages) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (object) DO UPDATE SET bytes = excluded.bytes, \
                     day = excluded.day, messages = excluded.messages \
                     WHERE (bytes, day, messages) \
                     <> (excluded.bytes, excluded.day, excluded.messages)",
                    &[
                        told.object.as_str().into(),
                        told.bytes.into(),
                        told.day.into(),
                        told.messages.into(),
                    ],
                )?;
                if let Some(rule) = &rule {
                    judge_storage(now, told, rule, sql)?;
                }
            }
            Ok(())
        })?;
        self.judge_quota(now, sql, effects)?;
        alert_conditions::arm(now, sql, effects)
    }

    /// Whether the messages of a day come near to its quota. With the day the alert ends.
    pub(super) fn judge_quota(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let rules = alerts::stored_rules(sql)?;
        let (Some(settings), Some(rule)) = (&self.settings, enabled(&rules, &Rule::QUOTA_NEAR))
        else {
            return Ok(());
        };
        let day = now.day();
        let rows = sql.query(
            "SELECT sum(messages) FROM usage WHERE day = ?",
            &[day.into()],
        )?;
        let used = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
        let (used, quota) = (used.unsigned_abs(), daily_quota(&settings.throttles));
        let mut alert = quota_alert();
        if is_near(used, quota) {
            alert.summary = format!("{used} of the {quota} messages of the day are used up.");
            alert.hint = Some(
                "Find out who sends so much, or raise the number of units. The count begins anew \
                 at midnight UTC."
                    .to_owned(),
            );
            effects.alarm_at(Timestamp::of_day(day + 1));
        } else {
            alert.cleared = true;
        }
        alert_conditions::hear(now, &alert, &rule, sql)
    }
}

fn judge_storage(
    now: Timestamp,
    told: &Usage,
    rule: &RuleSettings,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let mut alert =
        RaiseAlert::new(Rule::STORAGE_NEAR_FULL, String::new()).of("object", &told.object);
    if is_near(told.bytes, rule.object_bytes) {
        alert.summary = format!(
            "{} holds {} of the {} bytes that it may hold.",
            told.object, told.bytes, rule.object_bytes
        );
        alert.hint = Some(
            "Shorten the retention of events, of records or of the twins' past, or delete devices \
             that are gone. Before it is full nothing is refused."
                .to_owned(),
        );
    } else {
        alert.cleared = true;
    }
    alert_conditions::hear(now, &alert, rule, sql)
}
