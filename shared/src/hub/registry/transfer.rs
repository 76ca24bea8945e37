//! A shard's part of import and export jobs (`service.md` §5).
//!
//! A part of a file is applied once, however often it comes: in the transaction of the items
//! the shard notes how far the file went, and what was refused.

use super::identity::IdentityRow;
use super::{Context, Registry, query};
use crate::error::{ErrorCode, HubError};
use crate::ipc::registry::{ExportLines, ImportItems, Lines, RegistryReply};
use crate::json;
use crate::query::DocumentKey;
use crate::reading;
use crate::sql::Row;
use crate::twin::etag::etag_text;
use crate::twin::stored::ObjectText;
use serde_json::value::RawValue;

/// How far the newest import has come here: one row.
pub(super) const SCHEMA: &str = "CREATE TABLE imported (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    job INTEGER NOT NULL,
    position INTEGER NOT NULL,
    refusals TEXT NOT NULL
)";

/// Rows of one statement, which are all in memory at once.
const BATCH: u32 = 100;
/// A page ends behind the batch that makes it this large.
const PAGE_BYTES: usize = 256 * 1024;

impl Registry {
    /// Applies a part of a file, or says again what came of it.
    pub(super) fn import_items(
        &mut self,
        import: ImportItems,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let sql = context.sql;
        let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (job, end) = (integer(import.job), integer(import.end));
        let rows = sql.query("SELECT job, position, refusals FROM imported", &[])?;
        if let Some(row) = rows.first() {
            let known = (row.integer(0).unwrap_or(0), row.integer(1).unwrap_or(0));
            if known == (job, end) {
                let refusals = reading::from_str(row.required_text(2)?)
                    .map_err(|error| HubError::internal(format!("stored refusals: {error}")))?;
                return Ok(RegistryReply::Refusals(refusals));
            }
            if known > (job, end) {
                return Err(HubError::new(
                    ErrorCode::GenericConflict,
                    "This part of the file was imported long ago.",
                ));
            }
        }
        let mut refusals = Vec::new();
        if let RegistryReply::Outcomes(outcomes) = self.apply_items(import.apply, context) {
            for (place, outcome) in outcomes.into_iter().enumerate() {
                if let Err(error) = outcome {
                    refusals.push((place, error));
                }
            }
        }
        let text = serde_json::to_string(&refusals)
            .map_err(|error| HubError::internal(error.to_string()))?;
        sql.execute(
            "INSERT INTO imported (id, job, position, refusals) VALUES (0, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET job = excluded.job, position = excluded.position, \
             refusals = excluded.refusals",
            &[job.into(), end.into(), text.into()],
        )?;
        Ok(RegistryReply::Refusals(refusals))
    }
}

/// A page of identities as lines, devices before their modules.
pub(super) fn export(
    wanted: &ExportLines,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let mut lines = Lines::default();
    let mut bytes = 0;
    let mut after = wanted.after.clone();
    loop {
        let (device, module) = after.take().unwrap_or_default();
        let key = DocumentKey { device, module };
        let rows = query::rows_behind(context.sql, query::TWIN_ALONE, &key, BATCH)?;
        for row in &rows {
            let identity = IdentityRow::read(row)?;
            let line = line(&identity, row, wanted.with_keys)?;
            bytes += line.get().len();
            lines.lines.push(line);
            lines.count += u64::from(identity.identity.module.is_none());
            after = Some((
                identity.identity.device.to_string(),
                identity.identity.module_key().to_owned(),
            ));
        }
        if rows.len() < usize::try_from(BATCH).unwrap_or(0) {
            return Ok(RegistryReply::Lines(lines));
        }
        if bytes >= PAGE_BYTES {
            lines.last = after;
            return Ok(RegistryReply::Lines(lines));
        }
    }
}

fn line(identity: &IdentityRow, row: &Row, with_keys: bool) -> Result<Box<RawValue>, HubError> {
    let (etag, _, twin) = query::read_stored_twin(row)?;
    let mut line = ObjectText::new();
    let is_module = identity.identity.module.is_some();
    line.member("id", &json!(identity.identity.device));
    if let Some(module) = &identity.identity.module {
        line.member("moduleId", &json!(module));
        line.member("managedBy", &json!(identity.managed_by));
        if module.as_str().starts_with('$') {
            // It comes with its device; only its twin can be brought back.
            line.member("importMode", &json!("updateTwin"));
        }
    }
    line.member("eTag", &json!(identity.etag_text()));
    if !is_module {
        line.member("status", &json!(identity.status()));
        line.member("statusReason", &json!(identity.status_reason));
    }
    let mut authentication = identity.authentication.document();
    if !with_keys && let Some(keys) = authentication.get_mut("symmetricKey") {
        *keys = json!({ "primaryKey": null, "secondaryKey": null });
    }
    line.member("authentication", &authentication);
    line.member("twinETag", &json!(etag_text(etag)));
    line.text("tags", twin.tags);
    line.text("properties", &twin.properties()?);
    if !is_module {
        line.member("capabilities", &json!({ "iotEdge": identity.iot_edge }));
    }
    if let Some(scope) = &identity.device_scope {
        line.member("deviceScope", &json!(scope));
    }
    if let Some(scope) = &identity.parent_scope {
        line.member("parentScopes", &json!([scope]));
    }
    line.finish()
}
