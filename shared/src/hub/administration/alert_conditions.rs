//! What shards have seen and what becomes of it: a row for each rule and device, driven by
//! `alert::engine` (`device-management.md` §5).
//!
//! A row is there while something is so, and for half an hour after its alert; the object's
//! alarm looks at what is due, and a hub where nothing is wrong has none.

use super::{Hub, alerts};
use crate::alert::engine::{Condition, GROUP_SECONDS, Group, GroupSize, Standing, Step};
use crate::alert::rule::RuleSettings;
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ipc::alert::RaiseAlert;
use crate::ipc::hub::HubResult;
use crate::query::quoted;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;

/// `subject` names a device, a job or something else; `grp` is a tag and its value, as
/// `site=s1`. `alert` is the number of the alert, of the device's own or of its group's.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE alert_condition (
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        grp TEXT NOT NULL,
        is_so INTEGER NOT NULL,
        since INTEGER NOT NULL,
        grouped INTEGER NOT NULL DEFAULT 0,
        alert INTEGER,
        is_open INTEGER NOT NULL DEFAULT 0,
        opened TEXT NOT NULL DEFAULT '',
        due INTEGER,
        report TEXT NOT NULL,
        PRIMARY KEY (rule, subject)
    ) WITHOUT ROWID",
    "CREATE INDEX alert_condition_due ON alert_condition (due) WHERE due IS NOT NULL",
    "CREATE INDEX alert_condition_group ON alert_condition (rule, grp, since)",
    "ALTER TABLE alert ADD COLUMN grp TEXT",
    "ALTER TABLE alert ADD COLUMN flapping INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE alert ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE alert ADD COLUMN born INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX alert_revision ON alert (revision)",
];

const COLUMNS: &str = "rule, subject, grp, is_so, since, grouped, alert, is_open, opened, report";

/// Rows that one alarm looks at.
const MOST_DUE: u64 = 500;
/// How long the shards have to count a group.
const COUNT_SECONDS: i64 = 5;
/// How long a group is as large as it was.
const SIZE_SECONDS: i64 = 300;
/// A row.
struct Stored {
    rule: String,
    subject: String,
    group: String,
    alert: Option<u64>,
    condition: Condition,
    report: RaiseAlert,
}

impl Stored {
    fn read(row: &Row) -> Result<Self, HubError> {
        let text = |column: usize| row.required_text(column).map(str::to_owned);
        let report = crate::reading::from_str(row.required_text(9)?)
            .map_err(|error| HubError::internal(format!("a stored report: {error}")))?;
        let opened = row.required_text(8)?.split(' ');
        let opened = opened.filter_map(|time| time.parse().ok());
        let standing = match (row.integer(5), row.integer(7)) {
            (Some(1), _) => Standing::Grouped,
            (_, Some(1)) => Standing::Alerted,
            _ => Standing::Quiet,
        };
        Ok(Self {
            rule: text(0)?,
            subject: text(1)?,
            group: text(2)?,
            alert: row.integer(6).map(i64::unsigned_abs),
            condition: Condition {
                is_so: row.integer(3) == Some(1),
                since: Timestamp::from_milliseconds(row.integer(4).unwrap_or(0)),
                standing,
                opened: opened.map(Timestamp::from_milliseconds).collect(),
            },
            report,
        })
    }

    fn find(rule: &str, subject: &str, sql: &dyn Sql) -> Result<Option<Self>, HubError> {
        let statement =
            format!("SELECT {COLUMNS} FROM alert_condition WHERE rule = ? AND subject = ?");
        let rows = sql.query(&statement, &[rule.into(), subject.into()])?;
        rows.first().map(Self::read).transpose()
    }

    fn store(&self, due: Option<Timestamp>, sql: &dyn Sql) -> Result<(), HubError> {
        let opened = self.condition.opened.iter();
        let opened: Vec<String> = opened.map(|at| at.milliseconds().to_string()).collect();
        let report = serde_json::to_string(&self.report)
            .map_err(|error| HubError::internal(error.to_string()))?;
        sql.execute(
            &format!(
                "INSERT INTO alert_condition ({COLUMNS}, due) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                 ON CONFLICT (rule, subject) DO UPDATE SET grp = excluded.grp, \
                 is_so = excluded.is_so, since = excluded.since, grouped = excluded.grouped, \
                 alert = excluded.alert, is_open = excluded.is_open, opened = excluded.opened, \
                 report = excluded.report, due = excluded.due"
            ),
            &[
                self.rule.as_str().into(),
                self.subject.as_str().into(),
                self.group.as_str().into(),
                self.condition.is_so.into(),
                self.condition.since.milliseconds().into(),
                (self.condition.standing == Standing::Grouped).into(),
                self.alert.into(),
                (self.condition.standing == Standing::Alerted).into(),
                opened.join(" ").into(),
                report.into(),
                due.map(Timestamp::milliseconds).into(),
            ],
        )
    }

    fn forget(&self, sql: &dyn Sql) -> Result<(), HubError> {
        sql.execute(
            "DELETE FROM alert_condition WHERE rule = ? AND subject = ?",
            &[self.rule.as_str().into(), self.subject.as_str().into()],
        )
    }
}

/// Something is so, or is over: the row that says so, and when to look at it.
pub(super) fn hear(
    now: Timestamp,
    heard: &RaiseAlert,
    rule: &RuleSettings,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let name = rule.rule.name();
    let subject = alerts::subject(heard);
    // A shard's clock may be ahead; what it has seen is not in the future.
    let at = heard.at.map_or(now, |at| at.min(now));
    let known = Stored::find(name, &subject, sql)?;
    let mut stored = match known {
        Some(stored) => stored,
        None if heard.cleared => return Ok(()),
        None => Stored {
            rule: name.to_owned(),
            subject,
            group: String::new(),
            alert: None,
            condition: Condition::new(at),
            report: heard.clone(),
        },
    };
    stored.condition.hear(!heard.cleared, at);
    if !heard.cleared {
        let group = heard.group.as_ref();
        stored.group = group.map_or(String::new(), |(tag, value)| format!("{tag}={value}"));
        stored.report = heard.clone();
    }
    if let (Standing::Alerted, Some(number)) = (stored.condition.standing, stored.alert) {
        // What recovers needs nobody, unless it will not last.
        let is_needed = stored.condition.is_so || stored.condition.is_flapping();
        alerts::note(
            now,
            number,
            is_needed && rule.severity.needs_attention(),
            sql,
        )?;
    }
    let due = stored.condition.due(rule.for_seconds);
    let is_nothing = |condition: &Condition| {
        !condition.is_so && condition.standing == Standing::Quiet && condition.opened.is_empty()
    };
    if is_nothing(&stored.condition) {
        return stored.forget(sql);
    }
    stored.store(due, sql)
}

/// Something will be so from a moment on, which may lie ahead: nobody has to tell again. What
/// was known of it before counts no more.
pub(super) fn foresee(
    now: Timestamp,
    report: RaiseAlert,
    from: Timestamp,
    rule: &RuleSettings,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    forget(now, &report, sql)?;
    let stored = Stored {
        rule: rule.rule.name().to_owned(),
        subject: alerts::subject(&report),
        group: String::new(),
        alert: None,
        condition: Condition::new(from),
        report,
    };
    stored.store(stored.condition.due(rule.for_seconds), sql)
}

/// Whether something is known of what a report is about.
pub(super) fn is_known(report: &RaiseAlert, sql: &dyn Sql) -> Result<bool, HubError> {
    Ok(Stored::find(report.rule.name(), &alerts::subject(report), sql)?.is_some())
}

/// What a report is about is gone: its alert is over.
pub(super) fn forget(now: Timestamp, report: &RaiseAlert, sql: &dyn Sql) -> Result<(), HubError> {
    let Some(known) = Stored::find(report.rule.name(), &alerts::subject(report), sql)? else {
        return Ok(());
    };
    if let Some(number) = known.alert {
        alerts::resolve(now, number, "auto", sql)?;
    }
    known.forget(sql)
}

/// A rule counts no more: what it has seen is forgotten.
pub(super) fn forget_rule(now: Timestamp, rule: &str, sql: &dyn Sql) -> Result<(), HubError> {
    sql.execute("DELETE FROM alert_condition WHERE rule = ?", &[rule.into()])?;
    alerts::settle_rule(now, rule, sql)
}

/// When the next row is due.
fn next_due(sql: &dyn Sql) -> Result<Option<Timestamp>, HubError> {
    let rows = sql.query(
        "SELECT min(due) FROM alert_condition WHERE due IS NOT NULL",
        &[],
    )?;
    let at = rows.first().and_then(|row| row.integer(0));
    Ok(at.map(Timestamp::from_milliseconds))
}

/// Has somebody look when the next row is due.
pub(super) fn arm(
    now: Timestamp,
    sql: &dyn Sql,
    effects: &mut Effects<HubResult>,
) -> Result<(), HubError> {
    if let Some(at) = next_due(sql)? {
        effects.alarm_at(at.max(now.plus_milliseconds(100)));
    }
    Ok(())
}

/// After a change that may have brought conditions: as [`arm`], behind a reply.
pub(super) fn armed(
    now: Timestamp,
    result: HubResult,
    sql: &dyn Sql,
    effects: &mut Effects<HubResult>,
) -> HubResult {
    let reply = result?;
    arm(now, sql, effects)?;
    Ok(reply)
}

/// The alert of a group that is open.
fn group_alert(rule: &str, group: &str, sql: &dyn Sql) -> Result<Option<u64>, HubError> {
    let rows = sql.query(
        "SELECT number FROM alert WHERE rule = ? AND grp = ? AND device IS NULL \
         AND job IS NULL AND state <> 'resolved' LIMIT 1",
        &[rule.into(), group.into()],
    )?;
    let number = rows.first().and_then(|row| row.integer(0));
    Ok(number.map(i64::unsigned_abs))
}

/// Devices of a group that began to fail within the time: before this one, or after.
fn failing(stored: &Stored, sql: &dyn Sql) -> Result<u64, HubError> {
    let since = stored.condition.since;
    let count = |from: Timestamp, to: Timestamp| -> Result<u64, HubError> {
        let rows = sql.query(
            "SELECT count(*) FROM alert_condition WHERE rule = ? AND grp = ? AND is_so = 1 \
             AND since BETWEEN ? AND ?",
            &[
                stored.rule.as_str().into(),
                stored.group.as_str().into(),
                from.milliseconds().into(),
                to.milliseconds().into(),
            ],
        )?;
        let count = rows.first().and_then(|row| row.integer(0));
        Ok(count.unwrap_or(0).unsigned_abs())
    };
    let before = count(since.plus_seconds(-GROUP_SECONDS), since)?;
    Ok(before.max(count(since, since.plus_seconds(GROUP_SECONDS))?))
}

impl Hub {
    /// Looks at what is due.
    pub(super) fn look_at_conditions(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM alert_condition WHERE due <= ? ORDER BY due, subject LIMIT ?"
        );
        let rows = sql.query(&statement, &[now.milliseconds().into(), MOST_DUE.into()])?;
        if !rows.is_empty() {
            let rules = alerts::stored_rules(sql)?;
            let mut wanted = Vec::new();
            sql.transaction(&mut || {
                for row in &rows {
                    let stored = Stored::read(row)?;
                    let rule = crate::alert::rule::find(&rules, &stored.rule);
                    match rule.filter(|rule| rule.enabled) {
                        Some(rule) => self.look_at(now, stored, &rule, &mut wanted, sql)?,
                        None => stored.forget(sql)?,
                    }
                }
                Ok(())
            })?;
            for group in wanted {
                self.count_group(now, &group, effects);
            }
        }
        arm(now, sql, effects)
    }

    fn look_at(
        &self,
        now: Timestamp,
        known: Stored,
        rule: &RuleSettings,
        wanted: &mut Vec<String>,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        // A row that was read before may have joined its group since.
        let Some(mut stored) = Stored::find(&known.rule, &known.subject, sql)? else {
            return Ok(());
        };
        let alerted = group_alert(&stored.rule, &stored.group, sql)?;
        let group = Group {
            is_alerted: alerted.is_some(),
            failing: failing(&stored, sql)?,
            size: self.size_of(now, &stored.group),
        };
        let step = stored.condition.step(rule.for_seconds, now, || group);
        match step {
            Step::Wait(_) | Step::Rest => {}
            Step::Count => {
                wanted.push(stored.group.clone());
                return stored.store(Some(now.plus_seconds(COUNT_SECONDS)), sql);
            }
            Step::Open => {
                let again = stored.alert.filter(|_| stored.condition.is_back(now));
                stored.condition.note_opened(now);
                let flapping = stored.condition.is_flapping();
                let number = alerts::open(now, &stored.report, rule, again, flapping, sql)?;
                stored.alert = Some(number);
            }
            Step::Join => {
                stored.alert = alerted;
                stored.condition.standing = Standing::Grouped;
                if let Some(number) = alerted {
                    alerts::note(now, number, rule.severity.needs_attention(), sql)?;
                }
            }
            Step::Gather => return gather(now, &stored, rule, sql),
            Step::Resolve => {
                if let Some(number) = stored.alert {
                    alerts::resolve(now, number, "auto", sql)?;
                }
                stored.condition.standing = Standing::Quiet;
            }
            Step::Leave => {
                stored.forget(sql)?;
                return leave(now, stored.alert, sql);
            }
            Step::Forget => return stored.forget(sql),
        }
        stored.store(stored.condition.due(rule.for_seconds), sql)
    }

    fn size_of(&self, now: Timestamp, group: &str) -> GroupSize {
        if group.is_empty() {
            return GroupSize::Unknowable;
        }
        let count = self.counts.of(&members(group));
        let Some(count) = count.filter(|count| count.asked.plus_seconds(SIZE_SECONDS) > now) else {
            return GroupSize::Unknown;
        };
        match count.total() {
            Some(devices) => GroupSize::Known(devices),
            None if count.asked.plus_seconds(COUNT_SECONDS) > now => GroupSize::Unknown,
            // Not every shard could be asked: an alert must not wait for that.
            None => GroupSize::Unknowable,
        }
    }

    /// Has all shards count a group.
    fn count_group(&mut self, now: Timestamp, group: &str, effects: &mut Effects<HubResult>) {
        let query = members(group);
        let counted = self.counts.of(&query);
        if counted.is_none_or(|count| count.asked.plus_seconds(COUNT_SECONDS) <= now) {
            self.count(now, &query, effects);
        }
    }
}

/// The query for the devices of a group.
fn members(group: &str) -> String {
    let (tag, value) = group.split_once('=').unwrap_or_default();
    let value = quoted(value);
    format!("SELECT deviceId FROM devices WHERE tags.{tag} = {value}")
}

/// Opens an alert of a group; everybody in it who fails joins, and alerts of their own are over.
fn gather(
    now: Timestamp,
    stored: &Stored,
    rule: &RuleSettings,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let key = || [stored.rule.as_str().into(), stored.group.as_str().into()];
    let rows = sql.query(
        "SELECT alert FROM alert_condition WHERE rule = ? AND grp = ? AND is_open = 1",
        &key(),
    )?;
    let own: Vec<u64> = rows
        .iter()
        .filter_map(|row| row.integer(0).map(i64::unsigned_abs))
        .collect();
    let rows = sql.query(
        "SELECT count(*) FROM alert_condition WHERE rule = ? AND grp = ? AND is_so = 1",
        &key(),
    )?;
    let failing = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let place = match stored.group.split_once('=') {
        Some((tag, value)) => format!("of {tag} {value}"),
        None => "in no group".to_owned(),
    };
    let mut report = RaiseAlert::new(
        rule.rule.clone(),
        format!("{failing} devices {place}: {}", rule.rule.name()),
    );
    report.hint = Some(format!("For example: {}.", stored.report.summary));
    report.group.clone_from(&stored.report.group);
    let number = alerts::open(now, &report, rule, None, false, sql)?;
    sql.execute(
        "UPDATE alert_condition SET grouped = 1, is_open = 0, alert = ?, due = NULL \
         WHERE rule = ? AND grp = ? AND is_so = 1",
        &[
            number.into(),
            stored.rule.as_str().into(),
            stored.group.as_str().into(),
        ],
    )?;
    for other in own {
        alerts::resolve(now, other, &format!("a-{number}"), sql)?;
    }
    Ok(())
}

/// A member of a group is well again; with the last one the alert is over.
fn leave(now: Timestamp, alert: Option<u64>, sql: &dyn Sql) -> Result<(), HubError> {
    let Some(number) = alert else {
        return Ok(());
    };
    let rows = sql.query(
        "SELECT 1 FROM alert_condition WHERE alert = ? AND grouped = 1 LIMIT 1",
        &[number.into()],
    )?;
    if rows.is_empty() {
        alerts::resolve(now, number, "auto", sql)?;
    }
    Ok(())
}
