//! Alerts as the hub object keeps them (`device-management.md` §5).
//!
//! One alert of a rule is open for a device or job; what happens again makes its count grow.

use super::scheduled_jobs::{Phase, ScheduledJob};
use super::{Hub, alert_conditions};
use crate::alert::rule::{self, RuleSettings};
use crate::alert::{Rule, UNRESOLVED};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::Effects;
use crate::ipc::alert::{AlertChange, AlertReport, ListAlerts, RaiseAlert};
use crate::ipc::hub::{HubReply, HubResult};
use crate::json;
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// When what a person said is over.
pub(super) const PAUSES: &str = "CREATE INDEX alert_until ON alert (until) WHERE until IS NOT NULL";

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
/// Devices that an alert of a group names.
const MEMBERS: i64 = 20;
/// What a person said counts only so long.
const STATE: &str = "iif(until <= ?, 'open', state)";

/// The number of the last change of an alert.
const NEXT: &str = "(SELECT coalesce(max(revision), 0) + 1 FROM alert)";

/// Alert rules as they are set.
pub(super) fn stored_rules(sql: &dyn Sql) -> Result<Vec<Value>, HubError> {
    let rows = sql.query(
        "SELECT json_extract(document, '$.alert_rules') FROM settings LIMIT 1",
        &[],
    )?;
    let text = rows.first().and_then(|row| row.text(0)).unwrap_or("[]");
    serde_json::from_str(text).map_err(|error| HubError::internal(format!("alert rules: {error}")))
}

/// What an alert is about, as one text.
pub(super) fn subject(raised: &RaiseAlert) -> String {
    match (&raised.device, &raised.job, &raised.other) {
        (Some(device), ..) => format!("device/{device}"),
        (_, Some(job), _) => format!("job/{job}"),
        (.., Some((kind, name))) => format!("{kind}/{name}"),
        (None, None, None) => String::new(),
    }
}

/// Takes what another object has seen. A report that comes again, or behind a newer one,
/// changes nothing.
pub(super) fn report(
    now: Timestamp,
    report: &AlertReport,
    sql: &dyn Sql,
    effects: &mut Effects<HubResult>,
) -> Result<(), HubError> {
    let origin = || report.origin.as_str().into();
    let rows = sql.query("SELECT high_water FROM origin WHERE name = ?", &[origin()])?;
    let heard = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let heard = heard.unsigned_abs();
    let fresh = || report.alerts.iter().filter(|(number, _)| *number > heard);
    let Some((newest, _)) = fresh().next_back() else {
        return Ok(());
    };
    let rules = stored_rules(sql)?;
    sql.transaction(&mut || {
        for (_, alerts) in fresh() {
            for alert in alerts.read()? {
                take(now, &alert, &rules, sql)?;
            }
        }
        sql.execute(
            "INSERT INTO origin (name, high_water) VALUES (?, ?) \
             ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water",
            &[origin(), (*newest).into()],
        )
    })?;
    alert_conditions::arm(now, sql, effects)
}

/// Raises an alert, counts one that is there, or settles it.
pub(super) fn raise(now: Timestamp, raised: &RaiseAlert, sql: &dyn Sql) -> Result<(), HubError> {
    take(now, raised, &stored_rules(sql)?, sql)
}

fn take(
    now: Timestamp,
    raised: &RaiseAlert,
    rules: &[Value],
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let Some(rule) = rule::find(rules, raised.rule.name()) else {
        // It was deleted meanwhile.
        return Ok(());
    };
    if !rule.enabled {
        return Ok(());
    }
    if rule.for_seconds > 0 || !rule.rule.is_event() {
        return alert_conditions::hear(now, raised, &rule, sql);
    }
    let (device, job, other) = about(raised);
    let key = || -> [SqlValue; 4] {
        [
            raised.rule.name().into(),
            device.clone().into(),
            job.clone().into(),
            other.clone().into(),
        ]
    };
    let rows = sql.query(
        "SELECT number FROM alert WHERE rule = ? AND device IS ? AND job IS ? AND other IS ? \
         AND state <> 'resolved' LIMIT 1",
        &key(),
    )?;
    let known = rows.first().and_then(|row| row.integer(0));
    match (known.map(i64::unsigned_abs), raised.cleared) {
        (Some(number), true) => resolve(now, number, "auto", sql),
        (None, true) => Ok(()),
        (known, false) => open(now, raised, &rule, known, false, sql).map(|_| ()),
    }
}

/// Device, job, and what else an alert is about.
fn about(raised: &RaiseAlert) -> (Option<String>, Option<String>, Option<String>) {
    let other = raised.other.as_ref();
    (
        raised.device.as_ref().map(ToString::to_string),
        raised.job.clone(),
        other.map(|(kind, name)| format!("{kind}/{name}")),
    )
}

/// Opens an alert, or the one that is back; its number.
pub(super) fn open(
    now: Timestamp,
    raised: &RaiseAlert,
    rule: &RuleSettings,
    again: Option<u64>,
    flapping: bool,
    sql: &dyn Sql,
) -> Result<u64, HubError> {
    let text = |text: &Option<String>| -> SqlValue { text.clone().into() };
    let needs_attention = rule.severity.needs_attention();
    if let Some(number) = again {
        // Whoever looks after it still does.
        let statement = format!(
            "UPDATE alert SET count = count + 1, seen = ?, summary = ?, hint = ?, flapping = ?, \
             attention = ?, until = iif(state = 'resolved', NULL, until), \
             handled_by = iif(state = 'resolved', NULL, handled_by), \
             born = iif(state = 'resolved', {NEXT}, born), \
             state = iif(state = 'resolved', 'open', state), revision = {NEXT} \
             WHERE number = ? RETURNING number"
        );
        let found = sql.query(
            &statement,
            &[
                now.milliseconds().into(),
                raised.summary.as_str().into(),
                text(&raised.hint),
                flapping.into(),
                needs_attention.into(),
                number.into(),
            ],
        )?;
        if !found.is_empty() {
            return Ok(number);
        }
    }
    let (device, job, other) = about(raised);
    let group = raised.group.as_ref();
    let group = group.map(|(tag, value)| format!("{tag}={value}"));
    let is_grouped = device.is_none() && job.is_none() && other.is_none();
    let statement = format!(
        "INSERT INTO alert (rule, severity, attention, device, job, other, grp, state, opened, \
         seen, summary, hint, revision, born) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, {NEXT}, {NEXT}) RETURNING number"
    );
    let rows = sql.query(
        &statement,
        &[
            raised.rule.name().into(),
            rule.severity.name().into(),
            needs_attention.into(),
            device.into(),
            job.into(),
            other.into(),
            group.or(is_grouped.then(String::new)).into(),
            now.milliseconds().into(),
            now.milliseconds().into(),
            raised.summary.as_str().into(),
            text(&raised.hint),
        ],
    )?;
    let number = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    sql.execute(
        "DELETE FROM alert WHERE state = 'resolved' AND handled < ?",
        &[now.plus_seconds(-HISTORY_SECONDS).milliseconds().into()],
    )?;
    sql.execute(
        "DELETE FROM alert WHERE number IN (SELECT number FROM alert \
         ORDER BY state = 'resolved', number DESC LIMIT -1 OFFSET ?)",
        &[MOST.into()],
    )?;
    Ok(number.unsigned_abs())
}

/// Notes that an alert was seen again, and whether it needs a person now.
pub(super) fn note(
    now: Timestamp,
    number: u64,
    needs_attention: bool,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let statement = format!(
        "UPDATE alert SET seen = ?, attention = ?, revision = {NEXT} \
         WHERE number = ? AND state <> 'resolved'"
    );
    sql.execute(
        &statement,
        &[
            now.milliseconds().into(),
            needs_attention.into(),
            number.into(),
        ],
    )
}

/// What an alert was about is over.
pub(super) fn resolve(
    now: Timestamp,
    number: u64,
    by: &str,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    settled(now, by, "number = ?", number.into(), sql)
}

/// A rule counts no more.
pub(super) fn settle_rule(now: Timestamp, rule: &str, sql: &dyn Sql) -> Result<(), HubError> {
    settled(now, "auto", "rule = ?", rule.into(), sql)
}

fn settled(
    now: Timestamp,
    by: &str,
    which: &str,
    value: SqlValue,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let statement = format!(
        "UPDATE alert SET state = 'resolved', attention = 0, until = NULL, flapping = 0, handled_by = ?, \
         handled = ?, revision = {NEXT} WHERE {which} AND state <> 'resolved'"
    );
    sql.execute(&statement, &[by.into(), now.milliseconds().into(), value])
}

pub(super) fn list(now: Timestamp, wanted: &ListAlerts, sql: &dyn Sql) -> HubResult {
    if let Some(rule) = &wanted.rule
        && rule::find(&stored_rules(sql)?, rule).is_none()
    {
        return Err(HubError::invalid(format!(
            "There is no alert rule {rule:?}; see GET /api/v1/alert-rules."
        )));
    }
    let mut statement = format!(
        "SELECT number, rule, severity, attention, device, job, {STATE}, until, opened, seen, \
         count, summary, hint, handled_by, handled, other, grp, flapping, revision, born \
         FROM alert WHERE number < ?"
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
        "? IN (device, job, substr(other, instr(other, '/') + 1), \
         substr(grp, instr(grp, '=') + 1))",
        text(&wanted.subject),
    );
    only("revision > ?", wanted.since.map(SqlValue::from));
    only("attention = ?", wanted.attention.map(SqlValue::from));
    if wanted.state.as_deref() == Some(UNRESOLVED) {
        statement.push_str(" AND state <> 'resolved'");
    } else if wanted.state.is_some() {
        statement.push_str(&format!(" AND {STATE} = ?"));
        parameters.push(now.milliseconds().into());
        parameters.push(text(&wanted.state).unwrap_or(SqlValue::Null));
    }
    if wanted.since == Some(0) {
        // Who begins to follow needs what is open, not what once was.
        statement.push_str(" AND state <> 'resolved'");
    }
    statement.push_str(match wanted.since {
        Some(_) => " ORDER BY revision, number LIMIT ?",
        None => " ORDER BY number DESC LIMIT ?",
    });
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
    let mut alerts: Vec<Value> = rows.iter().map(document).collect();
    for (row, alert) in rows.iter().zip(&mut alerts) {
        let (Some(number), Value::Object(alert)) = (row.integer(0), alert) else {
            continue;
        };
        if row.text(16).is_some() && row.text(4).is_none() {
            add_members(number, alert, sql)?;
        }
        if wanted.since.is_some() {
            alert.insert("revision".to_owned(), json!(row.integer(18)));
            alert.insert("born".to_owned(), json!(row.integer(19)));
        }
    }
    Ok(HubReply::Alerts(alerts, next))
}

/// How many devices an alert of a group is about, and some of them.
fn add_members(number: i64, alert: &mut Map<String, Value>, sql: &dyn Sql) -> Result<(), HubError> {
    let of_group = "FROM alert_condition WHERE alert = ? AND grouped = 1";
    let rows = sql.query(&format!("SELECT count(*) {of_group}"), &[number.into()])?;
    let count = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    alert.insert("deviceCount".to_owned(), json!(count));
    let statement = format!(
        "SELECT substr(subject, 8) {of_group} AND subject LIKE 'device/%' ORDER BY subject LIMIT ?"
    );
    let rows = sql.query(&statement, &[number.into(), MEMBERS.into()])?;
    let devices: Vec<Option<&str>> = rows.iter().map(|row| row.text(0)).collect();
    alert.insert("devices".to_owned(), json!(devices));
    Ok(())
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
    if let (Some((tag, value)), Value::Object(subject)) = (
        row.text(16).and_then(|group| group.split_once('=')),
        &mut subject,
    ) {
        subject.insert(tag.to_owned(), json!(value));
    }
    if row.integer(17) == Some(1) {
        members.insert("flapping".to_owned(), json!(true));
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
    let statement = format!(
        "UPDATE alert SET state = ?, until = ?, handled_by = ?, handled = ?, revision = {NEXT} \
         WHERE number = ? AND state <> 'resolved' RETURNING number"
    );
    let changed = sql.query(
        &statement,
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

/// Alerts whose snooze, or acknowledgement, is over are open again; answers when the next one
/// is. It is so without this, from its time on: this tells those who follow.
pub(super) fn end_pauses(now: Timestamp, sql: &dyn Sql) -> Result<Option<Timestamp>, HubError> {
    // One by one, since each change has a revision of its own.
    let statement = format!(
        "UPDATE alert SET state = 'open', until = NULL, handled_by = NULL, revision = {NEXT} \
         WHERE number = ?"
    );
    let over = "SELECT number FROM alert WHERE until <= ? ORDER BY until LIMIT 500";
    let over = sql.query(over, &[now.milliseconds().into()])?;
    sql.transaction(&mut || {
        for row in &over {
            sql.execute(&statement, &[row.integer(0).into()])?;
        }
        Ok(())
    })?;
    let rows = sql.query("SELECT min(until) FROM alert WHERE until IS NOT NULL", &[])?;
    let next = rows.first().and_then(|row| row.integer(0));
    Ok(next.map(Timestamp::from_milliseconds))
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
        let over = |rule: Rule| {
            let over = RaiseAlert::new(rule, String::new()).of_job(id).cleared();
            raise(now, &over, sql)
        };
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
