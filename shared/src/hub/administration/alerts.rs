//! Alerts as the hub object keeps them (`device-management.md` §5).
//!
//! One alert of a rule is open for a device or job; what happens again makes its count grow.

use super::Hub;
use super::scheduled_jobs::{Phase, ScheduledJob};
use crate::alert::Rule;
use crate::error::{ErrorCode, HubError};
use crate::ipc::alert::{AlertChange, AlertReport, ListAlerts, RaiseAlert};
use crate::ipc::hub::{HubReply, HubResult};
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde_json::{Value, json};

pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE alert (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        rule TEXT NOT NULL,
        severity TEXT NOT NULL,
        attention INTEGER NOT NULL,
        device TEXT,
        job TEXT,
        state TEXT NOT NULL,
        until INTEGER,
        opened INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        count INTEGER NOT NULL DEFAULT 1,
        summary TEXT NOT NULL,
        hint TEXT,
        handled_by TEXT,
        handled INTEGER
    )",
    "CREATE INDEX alert_unresolved ON alert (rule, device, job) WHERE state <> 'resolved'",
];

/// What an alert is about besides devices and jobs, as `kind/name`; and which reports of
/// other objects were heard.
pub(super) const REPORTED: &[&str] = &[
    "ALTER TABLE alert ADD COLUMN other TEXT",
    "CREATE TABLE origin (name TEXT PRIMARY KEY, high_water INTEGER NOT NULL) WITHOUT ROWID",
];

/// How long an alert that is resolved can be seen.
const HISTORY_SECONDS: i64 = 30 * 24 * 3600;
/// Alerts that are kept; beyond them the oldest go, those that are resolved first.
const MOST: u64 = 10_000;
/// What a person said counts only so long.
const STATE: &str = "iif(until <= ?, 'open', state)";

/// Takes what another object has seen. A report that comes again, or behind a newer one,
/// changes nothing.
pub(super) fn report(now: Timestamp, report: &AlertReport, sql: &dyn Sql) -> Result<(), HubError> {
    let origin = || report.origin.as_str().into();
    let rows = sql.query("SELECT high_water FROM origin WHERE name = ?", &[origin()])?;
    let heard = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let heard = heard.unsigned_abs();
    let fresh = || report.alerts.iter().filter(|(number, _)| *number > heard);
    let Some((newest, _)) = fresh().next_back() else {
        return Ok(());
    };
    sql.transaction(&mut || {
        for alert in fresh().flat_map(|(_, alerts)| alerts) {
            raise(now, alert, sql)?;
        }
        sql.execute(
            "INSERT INTO origin (name, high_water) VALUES (?, ?) \
             ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water",
            &[origin(), (*newest).into()],
        )
    })
}

/// Raises an alert, counts one that is there, or settles it.
pub(super) fn raise(now: Timestamp, raise: &RaiseAlert, sql: &dyn Sql) -> Result<(), HubError> {
    let text = |text: &Option<String>| -> SqlValue { text.clone().into() };
    let device = raise
        .device
        .as_ref()
        .map(|device| device.as_str().to_owned());
    let other = raise.other.as_ref();
    let other = other.map(|(kind, name)| format!("{kind}/{name}"));
    if raise.cleared {
        return settle(now, &raise.rule, &device, &raise.job, &other, sql);
    }
    let known = sql.query(
        "UPDATE alert SET count = count + 1, seen = ?, summary = ?, hint = ? \
         WHERE rule = ? AND device IS ? AND job IS ? AND other IS ? AND state <> 'resolved' \
         RETURNING number",
        &[
            now.milliseconds().into(),
            raise.summary.as_str().into(),
            text(&raise.hint),
            raise.rule.name().into(),
            text(&device),
            text(&raise.job),
            text(&other),
        ],
    )?;
    if !known.is_empty() {
        return Ok(());
    }
    let severity = raise.rule.severity();
    sql.execute(
        "INSERT INTO alert (rule, severity, attention, device, job, other, state, opened, \
         seen, summary, hint) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?)",
        &[
            raise.rule.name().into(),
            severity.name().into(),
            severity.needs_attention().into(),
            device.into(),
            text(&raise.job),
            other.into(),
            now.milliseconds().into(),
            now.milliseconds().into(),
            raise.summary.as_str().into(),
            text(&raise.hint),
        ],
    )?;
    sql.execute(
        "DELETE FROM alert WHERE state = 'resolved' AND handled < ?",
        &[now.plus_seconds(-HISTORY_SECONDS).milliseconds().into()],
    )?;
    sql.execute(
        "DELETE FROM alert WHERE number IN (SELECT number FROM alert \
         ORDER BY state = 'resolved', number DESC LIMIT -1 OFFSET ?)",
        &[MOST.into()],
    )
}

/// What an alert was about is over.
fn settle(
    now: Timestamp,
    rule: &Rule,
    device: &Option<String>,
    job: &Option<String>,
    other: &Option<String>,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    sql.execute(
        "UPDATE alert SET state = 'resolved', until = NULL, handled_by = 'auto', handled = ? \
         WHERE rule = ? AND device IS ? AND job IS ? AND other IS ? AND state <> 'resolved'",
        &[
            now.milliseconds().into(),
            rule.name().into(),
            device.clone().into(),
            job.clone().into(),
            other.clone().into(),
        ],
    )
}

pub(super) fn list(now: Timestamp, wanted: &ListAlerts, sql: &dyn Sql) -> HubResult {
    let mut statement = format!(
        "SELECT number, rule, severity, attention, device, job, {STATE}, until, opened, seen, \
         count, summary, hint, handled_by, handled, other FROM alert WHERE number < ?"
    );
    let mut parameters: Vec<SqlValue> = vec![
        now.milliseconds().into(),
        wanted.before.unwrap_or(1 << 52).into(),
    ];
    let mut only = |condition: &str, value: Option<SqlValue>| {
        if let Some(value) = value {
            statement.push_str(" AND ");
            statement.push_str(condition);
            parameters.push(value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(SqlValue::from);
    only("number = ?", wanted.id.map(SqlValue::from));
    only("severity = ?", text(&wanted.severity));
    only("rule = ?", text(&wanted.rule));
    only(
        "? IN (device, job, substr(other, instr(other, '/') + 1))",
        text(&wanted.subject),
    );
    only("attention = ?", wanted.attention.map(SqlValue::from));
    if wanted.state.is_some() {
        statement.push_str(&format!(" AND {STATE} = ?"));
        parameters.push(now.milliseconds().into());
        parameters.push(text(&wanted.state).unwrap_or(SqlValue::Null));
    }
    statement.push_str(" ORDER BY number DESC LIMIT ?");
    let limit = wanted.limit.max(1);
    parameters.push(i64::from(limit).saturating_add(1).into());
    let mut rows = sql.query(&statement, &parameters)?;
    let most = usize::try_from(limit).unwrap_or(1);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows
        .last()
        .filter(|_| more)
        .and_then(|row| row.integer(0))
        .map(i64::unsigned_abs);
    let alerts = rows.iter().map(document).collect();
    Ok(HubReply::Alerts(alerts, next))
}

/// An alert as REST shows it.
fn document(row: &Row) -> Value {
    let time = |column: usize| row.integer(column).map(Timestamp::from_milliseconds);
    let number = row.integer(0).unwrap_or(0);
    let (device, job) = (row.text(4), row.text(5));
    let state = row.text(6).unwrap_or_default();
    let mut alert = json!({
        "id": format!("a-{number}"),
        "rule": row.text(1),
        "severity": row.text(2),
        "attention": row.integer(3) == Some(1),
        "state": state,
        "openedAt": time(8),
        "lastSeenAt": time(9),
        "count": row.integer(10),
        "summary": row.text(11),
    });
    let Value::Object(members) = &mut alert else {
        return alert;
    };
    let (mut subject, mut links) = (json!({}), json!({}));
    for (id, name, link, path) in [
        (device, "deviceId", "device", "/api/v1/devices/"),
        (job, "jobId", "job", "/jobs/v2/"),
    ] {
        if let (Some(id), Value::Object(subject), Value::Object(links)) =
            (id, &mut subject, &mut links)
        {
            subject.insert(name.to_owned(), json!(id));
            let path = format!("{path}{}", crate::percent::encode(id));
            links.insert(link.to_owned(), json!(path));
        }
    }
    if let (Some((kind, name)), Value::Object(subject)) = (
        row.text(15).and_then(|other| other.split_once('/')),
        &mut subject,
    ) {
        subject.insert(kind.to_owned(), json!(name));
    }
    members.insert("subject".to_owned(), subject);
    members.insert("links".to_owned(), links);
    if let Some(hint) = row.text(12) {
        members.insert("hint".to_owned(), json!(hint));
    }
    if let Some(until) = time(7).filter(|_| state != "open") {
        members.insert("until".to_owned(), json!(until));
    }
    if let Some(by) = row.text(13).filter(|_| state != "open") {
        members.insert("handledBy".to_owned(), json!(by));
        members.insert("handledAt".to_owned(), json!(time(14)));
    }
    alert
}

/// One alert as REST shows it.
pub(super) fn find(now: Timestamp, number: u64, sql: &dyn Sql) -> Result<Option<Value>, HubError> {
    let wanted = ListAlerts {
        id: Some(number),
        limit: 1,
        ..ListAlerts::default()
    };
    match list(now, &wanted, sql)? {
        HubReply::Alerts(alerts, _) => Ok(alerts.into_iter().next()),
        _ => Ok(None),
    }
}

/// A person does something about an alert.
pub(super) fn change(
    now: Timestamp,
    number: u64,
    change: &AlertChange,
    by: &str,
    sql: &dyn Sql,
) -> HubResult {
    let (state, until) = match change {
        AlertChange::Acknowledge(until) => ("acknowledged", *until),
        AlertChange::Snooze(until) => ("snoozed", Some(*until)),
        AlertChange::Resolve => ("resolved", None),
    };
    let changed = sql.query(
        "UPDATE alert SET state = ?, until = ?, handled_by = ?, handled = ? \
         WHERE number = ? AND state <> 'resolved' RETURNING number",
        &[
            state.into(),
            until.map(Timestamp::milliseconds).into(),
            by.into(),
            now.milliseconds().into(),
            number.into(),
        ],
    )?;
    let found = find(now, number, sql)?.ok_or_else(|| {
        HubError::new(
            ErrorCode::GenericNotFound,
            format!("There is no alert a-{number}."),
        )
    })?;
    if changed.is_empty() {
        return Err(HubError::new(
            ErrorCode::OperationNotAllowedInCurrentState,
            "The alert is resolved already.",
        ));
    }
    Ok(HubReply::Alerts(vec![found], None))
}

impl Hub {
    /// Devices of a job were held until their time was over.
    pub(super) fn alert_of_holds(
        job: &ScheduledJob,
        before: &ScheduledJob,
        now: Timestamp,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let (expired, known) = (job.expired(), before.expired());
        if expired <= known {
            return Ok(());
        }
        let id = &job.order.id;
        let summary = format!(
            "Maintenance policies held {expired} devices of job {id} until their time was over."
        );
        let alert = RaiseAlert::new(Rule::HOLD_EXPIRED, summary)
            .of_job(id)
            .hint("See which gate holds them, then retry the job.");
        raise(now, &alert, sql)
    }

    /// A job went on: what its rollout needs of a person.
    pub(super) fn alert_of_job(
        job: &ScheduledJob,
        before: &ScheduledJob,
        now: Timestamp,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let id = &job.order.id;
        let alert = |rule: Rule, summary: String, hint: &str| {
            RaiseAlert::new(rule, summary).of_job(id).hint(hint)
        };
        let over = |rule: Rule| settle(now, &rule, &None, &Some(id.clone()), &None, sql);
        if let (Phase::Running, Phase::Stopping, Some(why)) =
            (before.phase, job.phase, &job.failure)
        {
            let alert = alert(
                Rule::JOB_ABORTED,
                format!("Job {id} has stopped itself. {why}"),
                "No further device is touched. See what failed, mend it, then retry the job.",
            );
            raise(now, &alert, sql)?;
        }
        let (waits, waited) = (job.awaits_person(), before.awaits_person());
        if waits && !waited {
            let alert = alert(
                Rule::ROLLOUT_PAUSED,
                format!("Wave {} of job {id} has succeeded.", job.wave + 1),
                "The next wave begins when somebody resumes the job.",
            );
            raise(now, &alert, sql)?;
        } else if waited && !waits {
            over(Rule::ROLLOUT_PAUSED)?;
        }
        if job.phase == Phase::Retrying {
            over(Rule::JOB_ABORTED)?;
            over(Rule::HOLD_EXPIRED)?;
        }
        Ok(())
    }
}
