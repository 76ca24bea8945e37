//! Archived devices: one immutable document each, with its checksum
//! (`device-management.md` §7.1).
//!
//! A document holds no key. It is never changed; erasing leaves a tombstone.

use super::identity::IdentityRow;
use super::put::Put;
use super::wanted::Wanted;
use super::{Context, Registry, record, twins};
use crate::auth::signature::sha256_hex;
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::audit::AuditEntry;
use crate::ipc::registry::{
    ArchivePage, ArchivedDevice, IDENTITY_ENTROPY, ListArchive, Precondition, RegistryReply,
    Restore, Retire,
};
use crate::json;
use crate::query::{matches, parse_condition};
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::twin::TwinPatch;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// Archived devices; a tombstone has no document.
pub(super) const SCHEMA: &str = "CREATE TABLE archive (
    device_id TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    document TEXT,
    sha256 TEXT NOT NULL,
    erased INTEGER,
    PRIMARY KEY (device_id, generation_id)
) WITHOUT ROWID";

/// Most entries of one page.
const MAX_TOP: u32 = 100;
/// Rows of one statement: they are all in memory at once.
const BATCH: usize = 51;
/// Bytes of documents that one call reads, about, so that devices never wait long.
const MAX_BYTES: usize = 4_000_000;
/// Rows that one call reads.
const MAX_ROWS: usize = 1_000;

/// Writes the document of a device and its modules; its checksum.
pub(super) fn write(
    retire: &Retire,
    members: &[IdentityRow],
    purged: u64,
    context: &mut Context<'_>,
) -> Result<String, HubError> {
    let mut device = None;
    let mut modules = Vec::new();
    for row in members {
        let twin = twins::require(context.sql, &row.identity)?;
        let part = json!({
            "generationId": row.generation_id,
            "authenticationType": row.authentication.kind,
            "x509Thumbprint": row.authentication.thumbprints(),
            "lastActivityTime": row.last_activity,
            "connectionStateUpdatedTime": row.state_updated,
            "twin": twins::document(context.sql, row, &twin)?.body,
        });
        match &row.identity.module {
            None => device = Some((row, part)),
            Some(module) => modules.push(with(part, "moduleId", json!(module))),
        }
    }
    let Some((row, part)) = device else {
        return Err(HubError::device_not_found(&retire.device));
    };
    let mut document = with(part, "deviceId", json!(retire.device));
    for (name, value) in [
        ("status", json!(row.status())),
        ("statusReason", json!(row.status_reason)),
        ("capabilities", json!({ "iotEdge": row.iot_edge })),
        ("modules", Value::Array(modules)),
        ("purgedMessages", json!(purged)),
        ("mode", json!(retire.mode.name())),
        ("reason", json!(retire.reason.name())),
        ("replacementId", json!(retire.replacement)),
        ("retiredTime", json!(context.now)),
        ("actor", json!(context.cause.map(|cause| &cause.actor))),
    ] {
        document = with(document, name, value);
    }
    let text = document.json_text();
    let sum = sha256_hex(text.as_bytes());
    context.sql.execute(
        "INSERT INTO archive (device_id, generation_id, at, document, sha256) \
         VALUES (?, ?, ?, ?, ?)",
        &[
            retire.device.as_str().into(),
            row.generation_id.as_str().into(),
            context.now.milliseconds().into(),
            text.into(),
            sum.as_str().into(),
        ],
    )?;
    Ok(sum)
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut document {
        members.insert(name.to_owned(), value);
    }
    document
}

/// A member; null if there is none.
fn part<'a>(document: &'a Value, name: &str) -> &'a Value {
    document.get(name).unwrap_or(&Value::Null)
}

const COLUMNS: &str = "device_id, generation_id, at, document, sha256, erased";

fn entry(row: &Row) -> Result<Value, HubError> {
    let time = |column: usize| row.integer(column).map(Timestamp::from_milliseconds);
    let document: Value = match row.text(3) {
        None => Value::Null,
        Some(text) => serde_json::from_str(text)
            .map_err(|error| HubError::internal(format!("an archived device: {error}")))?,
    };
    Ok(json!({
        "deviceId": row.required_text(0)?,
        "generationId": row.required_text(1)?,
        "archivedTime": time(2),
        "sha256": row.required_text(4)?,
        "intact": row.text(3).map(|text| Some(sha256_hex(text.as_bytes()).as_str()) == row.text(4)),
        "erasedTime": time(5),
        "document": document,
    }))
}

/// Entries in order of id and generation, as far as one call goes.
pub(super) fn list(sql: &dyn Sql, list: &ListArchive) -> Result<RegistryReply, HubError> {
    let top = usize::try_from(list.top.clamp(1, MAX_TOP)).unwrap_or(1);
    let condition = list.condition.as_deref().map(parse_condition).transpose()?;
    let mut page = ArchivePage::default();
    let mut after = list.after.clone();
    let (mut scanned, mut bytes) = (0, 0);
    loop {
        let rows = rows(sql, list.device.as_ref(), after.as_ref())?;
        for row in &rows {
            let entry = entry(row)?;
            bytes += row.text(3).map_or(0, str::len);
            scanned += 1;
            if condition.is_none() || matches(condition.as_ref(), &searched(&entry)) {
                if page.items.len() == top {
                    page.scanned_to = after;
                    return Ok(RegistryReply::ArchivePage(page));
                }
                page.items.push(entry);
            }
            after = Some(ArchivedDevice {
                device_id: DeviceId::parse(row.required_text(0)?)
                    .map_err(|error| HubError::internal(error.to_string()))?,
                generation_id: row.required_text(1)?.to_owned(),
            });
            if scanned >= MAX_ROWS || bytes >= MAX_BYTES {
                page.scanned_to = after;
                return Ok(RegistryReply::ArchivePage(page));
            }
        }
        if rows.len() < BATCH {
            return Ok(RegistryReply::ArchivePage(page));
        }
    }
}

fn rows(
    sql: &dyn Sql,
    only: Option<&DeviceId>,
    after: Option<&ArchivedDevice>,
) -> Result<Vec<Row>, HubError> {
    let only = only.map(|device| device.as_str().to_owned());
    let (device, generation) = after.map_or(("", ""), |place| {
        (place.device_id.as_str(), place.generation_id.as_str())
    });
    sql.query(
        &format!(
            "SELECT {COLUMNS} FROM archive WHERE (device_id, generation_id) > (?, ?) \
             AND (? IS NULL OR device_id = ?) ORDER BY device_id, generation_id LIMIT {BATCH}"
        ),
        &[
            device.into(),
            generation.into(),
            only.clone().into(),
            only.into(),
        ],
    )
}

/// What a condition is about: the last twin of the device, and besides it what else the
/// document and the entry tell. A tombstone has nothing but its names.
fn searched(entry: &Value) -> Value {
    let document = part(entry, "document");
    let mut all = Map::new();
    for source in [entry, document, part(document, "twin")] {
        for (name, value) in source.as_object().into_iter().flatten() {
            if name != "document" && name != "twin" {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(all)
}

fn find(sql: &dyn Sql, wanted: &ArchivedDevice) -> Result<Row, HubError> {
    let rows = sql.query(
        &format!("SELECT {COLUMNS} FROM archive WHERE device_id = ? AND generation_id = ?"),
        &[
            wanted.device_id.as_str().into(),
            wanted.generation_id.as_str().into(),
        ],
    )?;
    rows.into_iter().next().ok_or_else(|| {
        HubError::new(
            ErrorCode::DeviceNotFound,
            format!(
                "{} of generation {} is not in the archive.",
                wanted.device_id, wanted.generation_id
            ),
        )
    })
}

pub(super) fn get(sql: &dyn Sql, wanted: &ArchivedDevice) -> Result<RegistryReply, HubError> {
    Ok(RegistryReply::Archived(entry(&find(sql, wanted)?)?))
}

impl Registry {
    /// Creates the device again: disabled, with new credentials, and the twin that it had.
    pub(super) fn restore(
        &mut self,
        restore: &Restore,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let row = find(context.sql, &restore.from)?;
        let archived = entry(&row)?;
        if *part(&archived, "intact") != json!(true) {
            return Err(HubError::new(
                ErrorCode::GenericConflict,
                "The archived document is erased or does not match its checksum.",
            ));
        }
        let document = part(&archived, "document");
        let identity = Identity::device(restore.from.device_id.clone());
        let mut body = Map::new();
        body.insert("status".into(), json!("disabled"));
        let reason = format!("restored from generation {}", restore.from.generation_id);
        body.insert("statusReason".into(), json!(reason));
        body.insert(
            "capabilities".into(),
            part(document, "capabilities").clone(),
        );
        let mut entropy = restore.entropy.chunks(IDENTITY_ENTROPY);
        let mut next = || entropy.next().unwrap_or_default();
        let restored = self.create_again(&identity, &body, document, next(), context)?;
        for module in part(document, "modules").as_array().into_iter().flatten() {
            let name = part(module, "moduleId").as_str().unwrap_or_default();
            // System modules came with their device.
            if name.starts_with('$') {
                continue;
            }
            let Ok(id) = ModuleId::parse(name) else {
                continue;
            };
            let identity = Identity {
                device: restore.from.device_id.clone(),
                module: Some(id),
            };
            self.create_again(&identity, &Map::new(), module, next(), context)?;
        }
        let mut answer = restored.document(context.sql)?;
        answer.warning = context.warning.take();
        Ok(RegistryReply::Device(answer))
    }

    fn create_again(
        &mut self,
        identity: &Identity,
        body: &Map<String, Value>,
        archived: &Value,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<IdentityRow, HubError> {
        let twin = TwinPatch::parse(part(archived, "twin"))?;
        let put = Put {
            identity: identity.clone(),
            precondition: &Precondition::None,
            wanted: Wanted::parse(identity, body, entropy)?,
            twin: Some(&twin),
            entropy,
        };
        self.put(put, context)
    }
}

/// Removes the document; that there was one, and its checksum, stay.
pub(super) fn erase(
    wanted: &ArchivedDevice,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    find(context.sql, wanted)?;
    context.sql.execute(
        "UPDATE archive SET document = NULL, erased = coalesce(erased, ?) \
         WHERE device_id = ? AND generation_id = ?",
        &[
            context.now.milliseconds().into(),
            wanted.device_id.as_str().into(),
            wanted.generation_id.as_str().into(),
        ],
    )?;
    context.record(|| AuditEntry {
        action: "eraseArchivedDevice".to_owned(),
        target: Some(Identity::device(wanted.device_id.clone())),
        result: record::OK.to_owned(),
        before: json!({ "generationId": wanted.generation_id }),
        after: Value::Null,
    });
    Ok(RegistryReply::Done)
}
