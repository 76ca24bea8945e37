//! The past of twins: each accepted change with who, when and why, for as long and as many
//! as the settings say.
//!
//! The twin's own row has the newest document; a change is stored as the way back from it,
//! so that the oldest can go at any time and nothing has to be stored whole. Rows are slots
//! that newer changes write over: a change costs one row write, and the limit of changes no
//! deletion. Changes are never joined, since a version that was told to somebody must be
//! found. `$metadata` is not kept. Nothing here may refuse a write.

use super::identity::{IdentityRow, check_etag};
use super::twins::ServiceWrite;
use super::{Context, Registry, twins};
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::registry::{ReadHistory, RegistryReply, RegistryRequest, RevertTwin};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::twin::difference::{DESIRED, SECTIONS, TAGS, Undo};
use crate::twin::{Twin, TwinPatch};
use serde_json::{Map, Value};

/// One slot holds the change that led to `version`.
pub(super) const SCHEMA: &str = "CREATE TABLE twin_history (
    device_id TEXT NOT NULL,
    module_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    origin TEXT NOT NULL,
    actor TEXT,
    sections INTEGER NOT NULL,
    undo TEXT NOT NULL,
    PRIMARY KEY (device_id, module_id, slot)
) WITHOUT ROWID";

/// Rows that one step of the sweep looks at.
const STEP: usize = 500;
/// Between two sweeps, and between two steps of one.
const SWEEP_SECONDS: i64 = 6 * 3_600;
const STEP_SECONDS: i64 = 1;

/// How far the sweep over old changes has come, and when the next one begins.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    after: Option<(String, String, i64)>,
    due: Option<Timestamp>,
}

/// Why a request changes twins, in a word.
pub(super) fn origin(request: &RegistryRequest) -> &'static str {
    use RegistryRequest as Request;
    match request {
        Request::WriteTwin(_) => "service",
        Request::RevertTwin(_) => "revert",
        Request::ReportTwin(_) => "device",
        Request::ApplyItems(_) => "bulk",
        Request::ImportItems(_) => "import",
        Request::Succeed(_) => "retirement",
        _ => "hub",
    }
}

/// One kept change.
struct Change {
    version: u64,
    at: Timestamp,
    origin: String,
    actor: Option<String>,
    undo: Undo,
}

/// The kept changes, newest first, without a gap from the present twin on.
fn changes(
    sql: &dyn Sql,
    identity: &Identity,
    twin: &Twin,
    oldest: Timestamp,
    most: u64,
) -> Result<Vec<Change>, HubError> {
    let rows = sql.query(
        "SELECT version, at, origin, actor, sections, undo FROM twin_history \
         WHERE device_id = ? AND module_id = ? ORDER BY version DESC",
        &[
            identity.device.as_str().into(),
            identity.module_key().into(),
        ],
    )?;
    let mut changes = Vec::new();
    let mut expected = twin.version;
    for row in rows {
        let version = row.integer(0).map_or(0, i64::unsigned_abs);
        let at = Timestamp::from_milliseconds(row.integer(1).unwrap_or(0));
        // A change that was not kept, or is not to be shown any more, hides what is older.
        if version != expected || at < oldest || twin.version.saturating_sub(version) >= most {
            break;
        }
        expected = expected.saturating_sub(1);
        changes.push(Change {
            version,
            at,
            origin: row.required_text(2)?.to_owned(),
            actor: row.text(3).map(str::to_owned),
            undo: Undo {
                sections: row.integer(4).unwrap_or(0),
                patch: serde_json::from_str(row.required_text(5)?)
                    .map_err(|error| HubError::internal(format!("stored history: {error}")))?,
            },
        });
    }
    Ok(changes)
}

/// The twin as it was.
fn twin_at(present: &Twin, changes: &[Change], version: u64) -> Result<Twin, HubError> {
    let mut twin = present.clone();
    for change in changes {
        if change.version <= version {
            break;
        }
        twin.undo(&change.undo);
    }
    if twin.version == version {
        return Ok(twin);
    }
    let oldest = changes
        .last()
        .map_or(present.version, |change| change.version.saturating_sub(1));
    Err(HubError::new(
        ErrorCode::GenericNotFound,
        format!(
            "Version {version} of this twin is not kept; there are {oldest} to {}.",
            present.version
        ),
    ))
}

/// A past twin as REST shows it: without `$metadata`, which is not kept.
fn document(identity: &Identity, twin: &Twin) -> Value {
    let mut body = Map::new();
    body.insert("deviceId".into(), json!(identity.device));
    if let Some(module) = &identity.module {
        body.insert("moduleId".into(), json!(module));
    }
    body.insert("etag".into(), json!(twin.etag_text()));
    body.insert("version".into(), json!(twin.version));
    body.insert("tags".into(), json!(twin.tags));
    body.insert("properties".into(), twin.device_view());
    Value::Object(body)
}

impl Registry {
    /// Keeps an accepted change in one row.
    pub(super) fn keep_change(
        &self,
        identity: &Identity,
        twin: &Twin,
        undo: &Undo,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let Some(kept) = self.settings.as_ref().map(|known| known.twin_history) else {
            return Ok(());
        };
        if !kept.is_on() {
            return Ok(());
        }
        let (origin, actor) = match &context.configured_by {
            Some(name) => ("configuration", Some(name.clone())),
            None => (
                context.origin,
                context.cause.map(|cause| cause.actor.clone()),
            ),
        };
        let patch = serde_json::to_string(&undo.patch)
            .map_err(|error| HubError::internal(error.to_string()))?;
        context.sql.execute(
            "INSERT INTO twin_history \
             (device_id, module_id, slot, version, at, origin, actor, sections, undo) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (device_id, module_id, slot) DO UPDATE SET version = excluded.version, \
             at = excluded.at, origin = excluded.origin, actor = excluded.actor, \
             sections = excluded.sections, undo = excluded.undo",
            &[
                identity.device.as_str().into(),
                identity.module_key().into(),
                twin.version.checked_rem(kept.changes).unwrap_or(0).into(),
                twin.version.into(),
                context.now.milliseconds().into(),
                origin.into(),
                actor.into(),
                undo.sections.into(),
                patch.into(),
            ],
        )?;
        context
            .effects
            .alarm_at(context.now.plus_seconds(SWEEP_SECONDS));
        Ok(())
    }

    /// What of a twin's past may be shown.
    fn past(
        &self,
        identity: &Identity,
        twin: &Twin,
        context: &Context<'_>,
    ) -> Result<Vec<Change>, HubError> {
        let kept = self.settings()?.twin_history;
        let oldest = context.now.plus_seconds(-seconds(kept.seconds));
        changes(context.sql, identity, twin, oldest, kept.changes)
    }

    /// Changes, a past document, or a difference.
    pub(super) fn read_history(
        &self,
        wanted: &ReadHistory,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let mut twin = twins::require(context.sql, &wanted.identity)?;
        let changes = self.past(&wanted.identity, &twin, context)?;
        if let Some(version) = wanted.version {
            let then = twin_at(&twin, &changes, version)?;
            let Some(against) = wanted.against else {
                return Ok(RegistryReply::History(document(&wanted.identity, &then)));
            };
            let from = twin_at(&twin, &changes, against)?;
            let patch = from.difference(&then, wanted.sections);
            return Ok(RegistryReply::History(
                json!({ "from": against, "to": version, "patch": patch }),
            ));
        }
        let mut items = Vec::new();
        let mut next = None;
        for change in &changes {
            let after = twin.clone();
            twin.undo(&change.undo);
            let fits = change.undo.sections & wanted.sections != 0
                && wanted.before.is_none_or(|before| change.version < before)
                && wanted.from.is_none_or(|from| change.at >= from)
                && wanted.to.is_none_or(|to| change.at < to);
            if !fits {
                continue;
            }
            if items.len() == wanted.top {
                next = Some(change.version.saturating_add(1));
                break;
            }
            items.push(entry(change, &twin, &after));
        }
        Ok(RegistryReply::History(
            json!({ "items": items, "before": next }),
        ))
    }

    /// Tags and desired properties become what they were, as a PATCH that says just that.
    pub(super) fn revert_twin(
        &mut self,
        revert: &RevertTwin,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = &revert.identity;
        let row = IdentityRow::require(context.sql, identity)?;
        let twin = twins::require(context.sql, identity)?;
        check_etag(&revert.precondition, &twin.etag_text())?;
        let changes = self.past(identity, &twin, context)?;
        let then = twin_at(&twin, &changes, revert.version)?;
        let mut wanted = twin.difference(&then, TAGS | DESIRED);
        let desired = wanted.remove("desired");
        let mut body = wanted;
        if let Some(desired) = desired {
            body.insert("properties".into(), json!({ "desired": desired }));
        }
        let patch = TwinPatch::parse(&Value::Object(body))?;
        let twin = self.write_service(&row, twin, &patch, ServiceWrite::Revert, context)?;
        let mut document = twins::document(context.sql, &row, &twin)?;
        document.warning = context.warning.take();
        Ok(RegistryReply::Twin(document))
    }

    /// Deletes changes that are too old, some rows in each step.
    pub(super) fn sweep_history(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        if self.history.due.is_some_and(|due| context.now < due) {
            return Ok(());
        }
        let Some(settings) = &self.settings else {
            return Ok(());
        };
        let kept = settings.twin_history;
        let oldest = if kept.is_on() {
            context.now.plus_seconds(-seconds(kept.seconds))
        } else {
            context.now.plus_milliseconds(1)
        };
        let (device, module, slot) = self.history.after.clone().unwrap_or_default();
        let rows = context.sql.query(
            &format!(
                "SELECT device_id, module_id, slot, at FROM twin_history \
                 WHERE (device_id, module_id, slot) > (?, ?, ?) \
                 ORDER BY device_id, module_id, slot LIMIT {STEP}"
            ),
            &[device.into(), module.into(), slot.into()],
        )?;
        for row in &rows {
            if row.integer(3).unwrap_or(0) < oldest.milliseconds() {
                context.sql.execute(
                    "DELETE FROM twin_history \
                     WHERE device_id = ? AND module_id = ? AND slot = ?",
                    &[
                        row.required_text(0)?.into(),
                        row.required_text(1)?.into(),
                        row.integer(2).unwrap_or(0).into(),
                    ],
                )?;
            }
        }
        let wait = match rows.last() {
            Some(last) if rows.len() == STEP => {
                self.history.after = Some((
                    last.required_text(0)?.to_owned(),
                    last.required_text(1)?.to_owned(),
                    last.integer(2).unwrap_or(0),
                ));
                STEP_SECONDS
            }
            _ => {
                let began_at_once = self.history.after.take().is_none();
                if rows.is_empty() && began_at_once {
                    // Nothing is kept; the next change sets the alarm.
                    self.history.due = None;
                    return Ok(());
                }
                SWEEP_SECONDS
            }
        };
        let due = context.now.plus_seconds(wait);
        self.history.due = Some(due);
        context.effects.alarm_at(due);
        Ok(())
    }
}

/// A change as REST shows it.
fn entry(change: &Change, before: &Twin, after: &Twin) -> Value {
    let sections: Vec<&str> = SECTIONS
        .iter()
        .filter(|(_, mark)| change.undo.sections & mark != 0)
        .map(|(name, _)| *name)
        .collect();
    json!({
        "version": change.version,
        "time": change.at,
        "cause": change.origin,
        "actor": change.actor,
        "sections": sections,
        "etag": after.etag_text(),
        "desiredVersion": after.desired.version,
        "reportedVersion": after.reported.version,
        "patch": before.difference(after, change.undo.sections),
    })
}

fn seconds(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 2_000)
}
