//! A shard's part of a fleet's progress (`device-management.md` §3.7): slices of a scan in
//! order of id, over the rows of this very moment.
//!
//! Of each twin only what stands around the status is read, and the whole of it only where
//! a condition asks for that. A slice is bounded like that of a query.

use super::identity::COLUMNS;
use super::query::{BATCH, TABLES, columns, read_document};
use super::{Context, Registry};
use crate::error::HubError;
use crate::ipc::registry::RegistryReply;
use crate::pattern::check;
use crate::pattern::standing::{Facts, depends_on_call, standing};
use crate::pattern::totals::{MAX_PATTERNS_AT_ONCE, RollUp, Totals};
use crate::pattern::{Pattern, Trigger, wire};
use crate::query::plan::prefilter;
use crate::query::{Sections, SortValue, matches};
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde_json::Value;

/// Finds the calls of a device's methods in the record.
pub(super) const CALLS: &str =
    "CREATE INDEX audit_call ON audit (device_id, number) WHERE action = 'invokeMethod'";
/// So many last calls of a device are looked through for those of one method.
const MOST_CALLS: u32 = 50;
/// Looks at so many twins, once for each pattern, in one slice.
const SLICE: usize = 2_000;
/// Columns before those of the patterns.
const OWN_COLUMNS: usize = 2;
/// For each pattern.
const COLUMNS_OF_PATTERN: usize = 2;

impl Registry {
    /// Adds up on.
    pub(super) fn roll_up(
        &self,
        ask: &RollUp,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let query = ask.query()?;
        let documents = ask.patterns.iter().take(MAX_PATTERNS_AT_ONCE);
        let patterns: Vec<Pattern> = documents.map(check::read).collect::<Result<_, _>>()?;
        let reads_documents = query.condition.is_some() || query.group_by.is_some();
        let (prefix, first) = if reads_documents {
            // Those of the identity, and the seven of the twin.
            let width = COLUMNS.split(", ").count() + 7;
            (format!("{}, ", columns(Sections::to_scan(&query))), width)
        } else {
            (String::new(), 0)
        };
        let facts: String = patterns.iter().map(columns_of).collect();
        let mut statement = format!(
            "SELECT {prefix}identity.device_id, \
             CASE WHEN identity.gateway IS NULL THEN NULL ELSE identity.state_updated END{facts} \
             FROM {TABLES} WHERE identity.module_id = '' AND identity.device_id > ?"
        );
        let mut conditions: Vec<SqlValue> = Vec::new();
        if let Some(prefilter) = prefilter(query.condition.as_ref(), &self.indexed) {
            statement.push_str(" AND ");
            statement.push_str(&prefilter.sql);
            conditions = prefilter.parameters;
        }
        statement.push_str(" ORDER BY identity.device_id LIMIT ?");

        let mut totals = vec![Totals::default(); patterns.len()];
        let mut scanned_to = None;
        let slice = SLICE / patterns.len().max(1);
        let mut scanned = 0;
        let mut after = ask.after.clone().unwrap_or_default();
        loop {
            let mut parameters: Vec<SqlValue> = vec![after.into()];
            parameters.extend(conditions.iter().cloned());
            parameters.push(i64::from(BATCH).into());
            let rows = context.sql.query(&statement, &parameters)?;
            for row in &rows {
                let mut key = None;
                if reads_documents {
                    let (_, document) = read_document(row)?;
                    if !matches(query.condition.as_ref(), &document) {
                        continue;
                    }
                    key = query
                        .group_by
                        .as_ref()
                        .map(|path| SortValue::of(path, &document));
                }
                let mut sight = Sight {
                    patterns: &patterns,
                    now: ask.as_of,
                    totals: &mut totals,
                    sql: context.sql,
                };
                sight.note(row, first, key)?;
            }
            scanned += rows.len();
            let batch = usize::try_from(BATCH).unwrap_or(usize::MAX);
            let last = rows.last().filter(|_| rows.len() >= batch);
            let Some(last) = last else { break };
            after = last.required_text(first)?.to_owned();
            if scanned >= slice {
                scanned_to = Some(after);
                break;
            }
        }
        let part = wire::write(&totals, scanned_to.as_deref());
        Ok(RegistryReply::RollUpPart(part))
    }
}

/// What a pattern reads of a twin: around the status with its times, and what is desired with
/// its time. Several paths make an array, so that a text cannot pass for an object.
fn columns_of(pattern: &Pattern) -> String {
    let (area, _) = pattern.status_place();
    let pair = |column: &str, names: &[&str]| {
        let names: String = names.iter().map(|name| format!(".\"{name}\"")).collect();
        format!("json_extract(twin.{column}, '$.properties{names}', '$.metadata{names}')")
    };
    let desired = match &pattern.trigger {
        Trigger::Method(_) => "NULL".to_owned(),
        Trigger::Desired { path, .. } => pair("desired", &path.split('.').collect::<Vec<_>>()),
    };
    format!(", {}, {desired}", pair("reported", &area))
}

/// What devices are looked at with.
struct Sight<'a> {
    patterns: &'a [Pattern],
    now: Timestamp,
    totals: &'a mut [Totals],
    sql: &'a dyn Sql,
}

impl Sight<'_> {
    /// Takes the device of a row in, whose own columns begin at `first`.
    fn note(&mut self, row: &Row, first: usize, key: Option<SortValue>) -> Result<(), HubError> {
        let device = row.required_text(first)?;
        let connected_since = row.integer(first + 1).map(Timestamp::from_milliseconds);
        let all = self.patterns.iter().zip(self.totals.iter_mut());
        for (number, (pattern, totals)) in all.enumerate() {
            let column = first + OWN_COLUMNS + number * COLUMNS_OF_PATTERN;
            let (reported, desired) = (pair(row, column)?, pair(row, column + 1)?);
            let mut facts = Facts {
                area: at(&reported, 0),
                area_times: at(&reported, 1),
                desired: at(&desired, 0),
                desired_times: at(&desired, 1),
                connected_since,
                called: None,
            };
            if let Trigger::Method(method) = &pattern.trigger
                && depends_on_call(pattern, facts.area)
            {
                facts.called = last_call(self.sql, device, method)?;
            }
            totals.note(device, key.clone(), &standing(pattern, &facts, self.now))?;
        }
        Ok(())
    }
}

/// When a method of a device was last called by somebody; jobs keep their calls elsewhere.
fn last_call(sql: &dyn Sql, device: &str, method: &str) -> Result<Option<Timestamp>, HubError> {
    let rows = sql.query(
        "SELECT at FROM (SELECT at, record, number FROM audit WHERE action = 'invokeMethod' \
         AND device_id = ? ORDER BY number DESC LIMIT ?) \
         WHERE json_extract(record, '$.after.methodName') = ? ORDER BY number DESC LIMIT 1",
        &[device.into(), i64::from(MOST_CALLS).into(), method.into()],
    )?;
    let at = rows.first().and_then(|row| row.integer(0));
    Ok(at.map(Timestamp::from_milliseconds))
}

fn pair(row: &Row, column: usize) -> Result<Value, HubError> {
    match row.text(column) {
        // Most twins have nothing of most patterns.
        None | Some("[null,null]") => Ok(Value::Null),
        Some(text) => serde_json::from_str(text)
            .map_err(|error| HubError::internal(format!("stored twin: {error}"))),
    }
}

fn at(pair: &Value, place: usize) -> &Value {
    pair.get(place).unwrap_or(&Value::Null)
}
