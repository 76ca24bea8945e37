//! The hub's configurations (`service.md` §11.2): kept here, evaluated by the shards.
//!
//! Every change that may change a twin is pushed to all shards before it is answered; each
//! shard has the whole set, which is therefore bounded. Preconditions and limits are decided
//! here.

use super::pushes::note_push;
use super::{Hub, check_precondition, maintenance};
use crate::configuration::check_id;
use crate::configuration::content::{self, Family};
use crate::configuration::document;
use crate::configuration::target::Target;
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::{ApplyConfigurations, Precondition};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::writing::JsonText;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// `configuration_set` has one row: the version of the whole set, which also numbers etags, so
/// that none comes twice.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE configuration (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE configuration_set (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        version INTEGER NOT NULL
    )",
];

/// Kind of object in `push` rows: shards that have not confirmed the newest set.
pub(super) const PUSH: &str = "configurations";
/// Configurations of a hub.
const MAX_CONFIGURATIONS: usize = 100;
/// All documents together, in bytes: every shard gets and keeps them all.
const MAX_BYTES: usize = 1024 * 1024;
/// Largest priority: a 32-bit number in clients.
const MAX_PRIORITY: i64 = 2_147_483_647;

/// The stored documents in order of id, or one of them.
pub(super) fn list(sql: &dyn Sql, id: Option<&str>) -> Result<Vec<Value>, HubError> {
    let id = id.map(str::to_owned);
    let rows = sql.query(
        "SELECT document FROM configuration WHERE ? IS NULL OR id = ? ORDER BY id",
        &[id.clone().into(), id.into()],
    )?;
    let documents = rows.iter().map(|row| {
        serde_json::from_str(row.required_text(0)?)
            .map_err(|error| HubError::internal(format!("stored configuration: {error}")))
    });
    documents.collect()
}

/// The whole set for shards, with what policies want in desired properties.
pub(super) fn evaluated(
    sql: &dyn Sql,
    policies: &[Value],
) -> Result<ApplyConfigurations, HubError> {
    let configurations = list(sql, None)?;
    let configurations = configurations.iter().map(document::evaluated);
    let pushed = policies.iter().filter_map(maintenance::as_configuration);
    Ok(ApplyConfigurations {
        version: version(sql)?,
        configurations: configurations.chain(pushed).collect(),
    })
}

/// The name in a document.
pub(super) fn id_of(document: &Value) -> &str {
    text(document, "id")
}

/// Whether a write names other content than is there, which is ignored.
pub(super) fn gives_other_content(sql: &dyn Sql, given: &Value) -> Result<bool, HubError> {
    let content = given.get("content").filter(|content| !content.is_null());
    let known = list(sql, Some(id_of(given)))?;
    Ok(match (content, known.first()) {
        (Some(content), Some(known)) => known.get("content") != Some(content),
        _ => false,
    })
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn version(sql: &dyn Sql) -> Result<u64, HubError> {
    let rows = sql.query("SELECT version FROM configuration_set", &[])?;
    let version = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    Ok(version.unsigned_abs())
}

fn not_found(id: &str) -> HubError {
    HubError::new(
        ErrorCode::ConfigurationNotFound,
        format!("There is no configuration {id}."),
    )
}

impl Hub {
    /// `given`: `id`, `schemaVersion`, `labels`, `content`, `targetCondition`, `priority` and
    /// `metrics` as the back end wrote them, of the right types.
    pub(super) fn put_configuration(
        &mut self,
        now: Timestamp,
        given: &Value,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let id = id_of(given);
        check_id(id)?;
        let known = list(sql, None)?;
        let existing = known.iter().find(|document| id_of(document) == id);
        match (existing, precondition) {
            (None, Precondition::None) if known.len() >= MAX_CONFIGURATIONS => {
                return Err(HubError::new(
                    ErrorCode::ConfigurationCountLimitExceeded,
                    format!(
                        "A hub has at most {MAX_CONFIGURATIONS} configurations; delete one first."
                    ),
                ));
            }
            (None, Precondition::None) => {}
            (None, _) => return Err(not_found(id)),
            (Some(_), Precondition::None) => {
                return Err(HubError::new(
                    ErrorCode::ConfigurationAlreadyExists,
                    format!("Configuration with id '{id}' already exists."),
                ));
            }
            (Some(existing), precondition) => {
                check_precondition(precondition, Some(text(existing, "etag")))?;
            }
        }
        let next = version(sql)? + 1;
        let document = self.composed(now, given, existing, next)?;
        let written = document.json_text();
        let others = known.iter().filter(|other| id_of(other) != id);
        let others: usize = others.map(|other| other.json_text().len()).sum();
        if others + written.len() > MAX_BYTES {
            return Err(HubError::new(
                ErrorCode::ConfigurationCountLimitExceeded,
                format!("All configurations together may have {MAX_BYTES} bytes."),
            ));
        }
        let is_evaluated_anew =
            existing.and_then(|known| known.get("revision")) != document.get("revision");
        let id = id.to_owned();
        self.keep_set(sql, next, is_evaluated_anew, &|| {
            sql.execute(
                "INSERT INTO configuration (id, document) VALUES (?, ?) \
                 ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                &[id.as_str().into(), written.as_str().into()],
            )
        })?;
        Ok(HubReply::Configurations(vec![document]))
    }

    /// The document that a write leaves. Content stays what it was at first.
    fn composed(
        &self,
        now: Timestamp,
        given: &Value,
        existing: Option<&Value>,
        next: u64,
    ) -> Result<Value, HubError> {
        let field = |name: &str| given.get(name).cloned().unwrap_or_default();
        let before = |name: &str| existing.and_then(|existing| existing.get(name)).cloned();
        let content = before("content").unwrap_or_else(|| field("content"));
        let (family, _): (Family, _) = content::read(&content)?;
        let condition = text(given, "targetCondition");
        Target::read(family, condition)?;
        let priority = given.get("priority").and_then(Value::as_i64).unwrap_or(0);
        if !(0..=MAX_PRIORITY).contains(&priority) {
            return Err(HubError::invalid(format!(
                "priority must be a whole number from 0 to {MAX_PRIORITY}."
            )));
        }
        let empty = Map::new();
        let queries = given.pointer("/metrics/queries").and_then(Value::as_object);
        document::check_metrics(queries.unwrap_or(&empty))?;
        let is_the_same = before("priority") == Some(json!(priority))
            && before("targetCondition") == Some(json!(condition))
            && existing.map(document::is_disruptive) == Some(document::is_disruptive(given));
        let revision = before("revision").filter(|_| is_the_same);
        Ok(json!({
            "id": field("id"),
            "schemaVersion": field("schemaVersion"),
            "labels": field("labels"),
            "content": content,
            "targetCondition": condition,
            "createdTimeUtc": before("createdTimeUtc").unwrap_or_else(|| json!(now)),
            "lastUpdatedTimeUtc": now,
            "priority": priority,
            "metrics": { "queries": queries.unwrap_or(&empty) },
            "etag": STANDARD.encode(next.to_string()),
            "revision": revision.unwrap_or_else(|| json!(next)),
        }))
    }

    pub(super) fn delete_configuration(
        &mut self,
        id: &str,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let known = list(sql, Some(id))?;
        let known = known.first().ok_or_else(|| not_found(id))?;
        check_precondition(precondition, Some(text(known, "etag")))?;
        let next = version(sql)? + 1;
        self.keep_set(sql, next, true, &|| {
            sql.execute("DELETE FROM configuration WHERE id = ?", &[id.into()])
        })?;
        Ok(HubReply::Done)
    }

    /// Writes a change of the set, and that every shard has to hear of it.
    pub(super) fn keep_set(
        &self,
        sql: &dyn Sql,
        version: u64,
        push: bool,
        write: &dyn Fn() -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        let shards = self.required()?.layout.shards;
        sql.transaction(&mut || {
            write()?;
            sql.execute(
                "INSERT INTO configuration_set (id, version) VALUES (0, ?) \
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version",
                &[version.into()],
            )?;
            for shard in 0..if push { shards } else { 0 } {
                note_push(sql, &format!("{PUSH}/{shard}"))?;
            }
            Ok(())
        })
    }
}
