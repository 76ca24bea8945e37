//! Twins of a shard: stored documents, service and device writes (`service.md` §6, `device.md` §5).

use super::identity::{IdentityRow, check_etag};
use super::{Context, Registry, messages, record};
use crate::configuration::marks;
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::ConnectionId;
use crate::ipc::audit::AuditEntry;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::registry::{Document, RegistryReply, ReportTwin, WriteTwin};
use crate::json;
use crate::reading;
use crate::sql::Sql;
use crate::twin::etag::etag_text;
use crate::twin::{Twin, TwinChange, TwinPatch, UPDATE_TWIN, model_change};
use serde_json::{Map, Value};

/// Longest reported patch that is parsed; the section limit is far below.
const MAX_PATCH_BYTES: usize = 262_144;

pub(super) fn load(sql: &dyn Sql, identity: &Identity) -> Result<Option<Twin>, HubError> {
    let rows = sql.query(
        "SELECT etag, version, json(tags), json(desired), json(reported), json(configurations) FROM twin \
         WHERE device_id = ? AND module_id = ?",
        &[
            identity.device.as_str().into(),
            identity.module_key().into(),
        ],
    )?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    fn document<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, HubError> {
        reading::from_str(text).map_err(|error| HubError::internal(format!("stored twin: {error}")))
    }
    Ok(Some(Twin {
        etag: row.integer(0).map_or(0, i64::unsigned_abs),
        version: row.integer(1).map_or(0, i64::unsigned_abs),
        tags: document(row.required_text(2)?)?,
        desired: document(row.required_text(3)?)?,
        reported: document(row.required_text(4)?)?,
        configurations: document(row.text(5).unwrap_or("{}"))?,
    }))
}

pub(super) fn store(
    context: &Context<'_>,
    identity: &Identity,
    twin: &Twin,
) -> Result<(), HubError> {
    context.changed(&identity.device, identity.module_key());
    context.sql.execute(
        "INSERT INTO twin (device_id, module_id, etag, version, tags, desired, reported, \
         configurations) VALUES (?, ?, ?, ?, jsonb(?), jsonb(?), jsonb(?), jsonb(?)) \
         ON CONFLICT (device_id, module_id) DO UPDATE SET etag = excluded.etag, \
         version = excluded.version, tags = excluded.tags, desired = excluded.desired, \
         reported = excluded.reported, configurations = excluded.configurations",
        &[
            identity.device.as_str().into(),
            identity.module_key().into(),
            twin.etag.into(),
            twin.version.into(),
            text(&twin.tags)?.into(),
            text(&twin.desired)?.into(),
            text(&twin.reported)?.into(),
            marks_text(&twin.configurations)?.into(),
        ],
    )
}

/// Nothing is stored of a twin that is nobody's target.
fn marks_text(marks: &Map<String, Value>) -> Result<Option<String>, HubError> {
    (!marks.is_empty()).then(|| text(marks)).transpose()
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::internal(error.to_string()))
}

/// Writes only which configurations a twin is a target of; no version moves.
pub(super) fn store_marks(
    context: &Context<'_>,
    identity: &Identity,
    marks: &Map<String, Value>,
) -> Result<(), HubError> {
    context.changed(&identity.device, identity.module_key());
    context.sql.execute(
        "UPDATE twin SET configurations = jsonb(?) WHERE device_id = ? AND module_id = ?",
        &[
            marks_text(marks)?.into(),
            identity.device.as_str().into(),
            identity.module_key().into(),
        ],
    )
}

pub(super) fn require(sql: &dyn Sql, identity: &Identity) -> Result<Twin, HubError> {
    load(sql, identity)?.ok_or_else(|| HubError::device_not_found(&identity.device))
}

/// The whole twin document of REST (`service.md` §6.1).
pub(super) fn document(
    sql: &dyn Sql,
    row: &IdentityRow,
    twin: &Twin,
) -> Result<Document, HubError> {
    let pending = messages::pending_count(sql, &row.identity)?;
    Ok(Document {
        etag: twin.etag_text(),
        body: body(row, twin, pending),
        warning: None,
    })
}

/// The body of that document, for who knows how many messages are pending.
pub(super) fn body(row: &IdentityRow, twin: &Twin, pending: i64) -> Value {
    let mut body = Map::new();
    members(
        row,
        twin.etag,
        twin.version,
        pending,
        &mut |name, member| {
            let value = match member {
                Member::Plain(value) => value,
                Member::Tags => Value::Object(twin.tags.clone()),
                Member::Properties => twin.properties(),
                Member::Configurations if twin.configurations.is_empty() => return,
                Member::Configurations => marks::shown(&twin.configurations),
            };
            body.insert(name.to_owned(), value);
        },
    );
    Value::Object(body)
}

/// What a member of the document holds.
pub(super) enum Member {
    Plain(Value),
    /// What the twin holds, parsed or not.
    Tags,
    Properties,
    Configurations,
}

/// The members of the document, in their order.
pub(super) fn members(
    row: &IdentityRow,
    etag: u64,
    version: u64,
    pending: i64,
    put: &mut dyn FnMut(&'static str, Member),
) {
    let mut plain = |name, value| put(name, Member::Plain(value));
    let unset =
        |time: Option<crate::time::Timestamp>| json!(time.unwrap_or(crate::time::Timestamp::UNSET));
    plain("deviceId", json!(row.identity.device));
    if let Some(module) = &row.identity.module {
        plain("moduleId", json!(module));
    }
    plain("etag", json!(etag_text(etag)));
    plain("deviceEtag", json!(row.etag_text()));
    plain("status", json!(row.status()));
    if let Some(reason) = &row.status_reason {
        plain("statusReason", json!(reason));
    }
    plain("statusUpdateTime", unset(row.status_updated));
    plain("connectionState", json!(row.connection_state()));
    plain("lastActivityTime", unset(row.last_activity));
    plain("cloudToDeviceMessageCount", json!(pending));
    plain("authenticationType", json!(row.authentication.kind));
    plain("x509Thumbprint", row.authentication.thumbprints());
    plain("modelId", json!(row.model_id.as_deref().unwrap_or("")));
    plain("version", json!(version));
    put("tags", Member::Tags);
    put("properties", Member::Properties);
    put("configurations", Member::Configurations);
    let mut plain = |name, value| put(name, Member::Plain(value));
    plain("capabilities", json!({ "iotEdge": row.iot_edge }));
    if let Some(scope) = &row.device_scope {
        plain("deviceScope", json!(scope));
    }
    if let Some(scope) = &row.parent_scope {
        plain("parentScopes", json!([scope]));
    }
}

pub(super) fn get(
    identity: &Identity,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let row = IdentityRow::require(context.sql, identity)?;
    let twin = require(context.sql, identity)?;
    Ok(RegistryReply::Twin(document(context.sql, &row, &twin)?))
}

pub(super) fn device_view(
    identity: &Identity,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    Ok(RegistryReply::DeviceTwin(
        require(context.sql, identity)?.device_view(),
    ))
}

/// The twin as conditions and enrichments of routes see it; `Null` if there is none.
pub(super) fn sender_view(identity: &Identity, sql: &dyn Sql) -> Result<Value, HubError> {
    Ok(load(sql, identity)?.map_or(
        Value::Null,
        |twin| json!({ "tags": twin.tags, "properties": twin.properties() }),
    ))
}

/// How a service writes a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceWrite {
    Patch,
    Replace,
    /// A patch that leads to a version of before.
    Revert,
}

impl ServiceWrite {
    /// As the record calls it.
    fn action(self) -> &'static str {
        match self {
            Self::Patch => "updateTwin",
            Self::Replace => "replaceTwin",
            Self::Revert => "revertTwin",
        }
    }
}

/// Notes for the record what a write of the service was about.
fn record_write(
    before: &Twin,
    after: &Twin,
    patch: &TwinPatch,
    identity: &Identity,
    write: ServiceWrite,
    context: &mut Context<'_>,
) {
    let replace = write == ServiceWrite::Replace;
    context.record(|| AuditEntry {
        action: write.action().to_owned(),
        target: Some(identity.clone()),
        result: record::OK.to_owned(),
        before: record::twin_parts(before, patch, replace),
        after: record::twin_parts(after, patch, replace),
    });
}

impl Registry {
    pub(super) fn write_twin(
        &mut self,
        write: &WriteTwin,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let row = IdentityRow::require(context.sql, &write.identity)?;
        let twin = require(context.sql, &write.identity)?;
        check_etag(&write.precondition, &twin.etag_text())?;
        let patch = TwinPatch::parse(&write.body)?;
        let how = if write.replace {
            ServiceWrite::Replace
        } else {
            ServiceWrite::Patch
        };
        let twin = self.write_service(&row, twin, &patch, how, context)?;
        let mut document = document(context.sql, &row, &twin)?;
        document.warning = context.warning.take();
        Ok(RegistryReply::Twin(document))
    }

    /// A write of a service, wherever it comes from: judged by the schema, stored, recorded,
    /// and evaluated by the configurations. The twin as it is then.
    pub(super) fn write_service(
        &mut self,
        row: &IdentityRow,
        mut twin: Twin,
        patch: &TwinPatch,
        how: ServiceWrite,
        context: &mut Context<'_>,
    ) -> Result<Twin, HubError> {
        let before = twin.clone();
        let change = match how {
            ServiceWrite::Replace => twin.replace_service(patch, &row.identity, context.now)?,
            ServiceWrite::Patch | ServiceWrite::Revert => twin.patch_service(patch, context.now)?,
        };
        self.judge_tags(&row.identity, &before.tags, &twin.tags, context)?;
        self.keep_interval(&row.identity, &before.tags, &twin.tags, context)?;
        self.keep_twin(row, &twin, &change, context)?;
        record_write(&before, &twin, patch, &row.identity, how, context);
        if self.configure(row, &twin, context)? {
            return require(context.sql, &row.identity);
        }
        Ok(twin)
    }

    pub(super) fn report_twin(
        &mut self,
        report: &ReportTwin,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        if report.patch.len() > MAX_PATCH_BYTES {
            return Err(HubError::new(
                ErrorCode::MessageTooLarge,
                "The reported patch is too large.",
            ));
        }
        let patch: Value = serde_json::from_str(&report.patch).map_err(|error| {
            HubError::new(
                ErrorCode::IotHubFormatError,
                format!("The reported patch is not JSON: {error}"),
            )
        })?;
        let row = IdentityRow::require(context.sql, &report.identity)?;
        let mut twin = require(context.sql, &report.identity)?;
        let change = twin.patch_reported(&patch, report.version, context.now)?;
        self.keep_twin(&row, &twin, &change, context)?;
        self.configure(&row, &twin, context)?;
        self.judge_report(&row.identity, &patch, context)?;
        Ok(RegistryReply::Reported {
            version: twin.reported.version,
        })
    }

    /// Stores a changed twin, tells the device and the event log.
    pub(super) fn keep_twin(
        &mut self,
        row: &IdentityRow,
        twin: &Twin,
        change: &TwinChange,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if !change.changed {
            return Ok(());
        }
        store(context, &row.identity, twin)?;
        self.jobs_hear_of_twin(row, context);
        self.keep_change(&row.identity, twin, &change.undo, context)?;
        self.emit(
            &row.identity,
            "twinChangeEvents",
            "twinChangeNotification",
            change.event_op,
            &|| change.event_body.clone(),
            context,
        )?;
        if row.model_id.is_some() {
            self.emit(
                &row.identity,
                "digitalTwinChangeEvents",
                "digitalTwinChangeNotification",
                UPDATE_TWIN,
                &|| Value::Array(model_change::json_patch(change)),
                context,
            )?;
        }
        if let (Some(push), Some(gateway), Some(connection)) =
            (&change.desired_push, row.gateway, &row.connection)
            && super::session::subscriptions(&row.subscriptions).wants_desired()
        {
            let request = GatewayRequest::DesiredChanged {
                connection: ConnectionId(connection.clone()),
                version: twin.desired.version,
                body: push.clone(),
            };
            self.tell(gateway, request, context);
        }
        Ok(())
    }
}
