//! What the hub object writes into the record of changes.

use super::access;
use super::alerts;
use super::certificates;
use super::configurations;
use super::device_groups;
use super::maintenance;
use super::patterns;
use super::policies;
use super::scheduled_jobs;
use crate::alert::rule;
use crate::error::HubError;
use crate::hub::audit;
use crate::ipc::access::AccessVerb;
use crate::ipc::alert::AlertChange;
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::hub::{CertificateChange, HubRequest, PolicyChange, Settings};
use crate::ipc::scheduled_job::JobChange;
use crate::json;
use crate::routing;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// A request whose outcome is to be recorded.
pub(super) struct Recorded {
    action: String,
    kind: Kind,
    name: String,
    before: Value,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Routing,
    ConsumerGroup,
    Job(Value),
    ScheduledJob,
    Certificate,
    TagSchema,
    MaintenancePolicy,
    AlertRule,
    DeviceGroup,
    Throttles,
    QueryIndexes,
    /// Whether other content was given, which changes nothing.
    Configuration(bool),
    TwinHistory,
    Messaging,
    FileUpload,
    Pattern,
    Alert(u64, Timestamp),
    /// Of this kind.
    Access(&'static str),
    ApprovalThreshold,
    Policy,
}

impl Recorded {
    /// What is there before the request is carried out; `None` for one that changes nothing.
    pub(super) fn before(
        now: Timestamp,
        request: &HubRequest,
        settings: Option<&Settings>,
        sql: &dyn Sql,
    ) -> Result<Option<Self>, HubError> {
        let (action, kind, name) = match request {
            HubRequest::PutRouting(change) => {
                (change.action.as_str(), Kind::Routing, change.name.as_str())
            }
            HubRequest::PutConsumerGroup(name) => {
                ("putConsumerGroup", Kind::ConsumerGroup, name.as_str())
            }
            HubRequest::DeleteConsumerGroup(name) => {
                ("deleteConsumerGroup", Kind::ConsumerGroup, name.as_str())
            }
            HubRequest::CreateTransfer { id, order } => (
                "createJob",
                // The places are secrets.
                Kind::Job(json!({ "type": order.direction, "blob": order.devices_blob })),
                id.as_str(),
            ),
            HubRequest::CancelTransfer(id) => ("cancelJob", Kind::Job(json!({})), id.as_str()),
            HubRequest::CreateScheduledJob(order) => {
                ("createJob", Kind::ScheduledJob, order.id.as_str())
            }
            HubRequest::ChangeScheduledJob(id, change) => {
                let action = match change {
                    JobChange::Cancel { .. } => "cancelJob",
                    JobChange::Pause => "pauseJob",
                    JobChange::Resume => "resumeJob",
                    JobChange::Retry => "retryJob",
                };
                (action, Kind::ScheduledJob, id.as_str())
            }
            HubRequest::ChangeCertificate(change) => {
                let action = match change.change {
                    CertificateChange::Put(_) => "putCertificate",
                    CertificateChange::Challenge(_) => "generateVerificationCode",
                    CertificateChange::Verified => "verifyCertificate",
                    CertificateChange::Delete => "deleteCertificate",
                };
                (action, Kind::Certificate, change.name.as_str())
            }
            HubRequest::PutTagSchema(..) => ("putTagSchema", Kind::TagSchema, ""),
            HubRequest::DeleteTagSchema(_) => ("deleteTagSchema", Kind::TagSchema, ""),
            HubRequest::PutMaintenancePolicy(document, _) => (
                "putMaintenancePolicy",
                Kind::MaintenancePolicy,
                maintenance::id_of(document),
            ),
            HubRequest::DeleteMaintenancePolicy(id, _) => (
                "deleteMaintenancePolicy",
                Kind::MaintenancePolicy,
                id.as_str(),
            ),
            HubRequest::PutAlertRule(document, _) => {
                ("putAlertRule", Kind::AlertRule, rule::id_of(document))
            }
            HubRequest::DeleteAlertRule(id, _) => ("deleteAlertRule", Kind::AlertRule, id.as_str()),
            HubRequest::PutDeviceGroup(group, _) => {
                ("putDeviceGroup", Kind::DeviceGroup, group.id.as_str())
            }
            HubRequest::DeleteDeviceGroup(id, _) => {
                ("deleteDeviceGroup", Kind::DeviceGroup, id.as_str())
            }
            HubRequest::PutThrottles(_) => ("putThrottles", Kind::Throttles, ""),
            HubRequest::PutQueryIndexes(_) => ("putQueryIndexes", Kind::QueryIndexes, ""),
            HubRequest::PutConfiguration(given, _) => (
                "putConfiguration",
                Kind::Configuration(configurations::gives_other_content(sql, given)?),
                configurations::id_of(given),
            ),
            HubRequest::DeleteConfiguration(id, _) => (
                "deleteConfiguration",
                Kind::Configuration(false),
                id.as_str(),
            ),
            HubRequest::PutMessaging(..) => ("putMessaging", Kind::Messaging, ""),
            HubRequest::PutTwinHistory(_) => ("putTwinHistory", Kind::TwinHistory, ""),
            HubRequest::PutFileUpload(_) => ("putFileUpload", Kind::FileUpload, ""),
            HubRequest::PutPattern(pattern, _) => {
                ("putPattern", Kind::Pattern, patterns::id_of(pattern))
            }
            HubRequest::DeletePattern(id, _) => ("deletePattern", Kind::Pattern, id.as_str()),
            HubRequest::ChangeAlert(number, change) => {
                let action = match change {
                    AlertChange::Acknowledge(_) => "acknowledgeAlert",
                    AlertChange::Snooze(_) => "snoozeAlert",
                    AlertChange::Resolve => "resolveAlert",
                };
                (action, Kind::Alert(*number, now), "")
            }
            HubRequest::Access(AccessVerb::PutThreshold, ..) => {
                ("putApprovalThreshold", Kind::ApprovalThreshold, "")
            }
            HubRequest::Access(verb, asked, _) => {
                let Some(action) = verb.action() else {
                    return Ok(None);
                };
                let id = asked.get("id").and_then(Value::as_str);
                (action, Kind::Access(verb.kind()), id.unwrap_or_default())
            }
            HubRequest::ChangePolicy(name, change) => {
                let action = match change {
                    PolicyChange::Put(..) => "putPolicy",
                    PolicyChange::Regenerate(..) => "regeneratePolicyKey",
                    PolicyChange::Delete => "deletePolicy",
                };
                (action, Kind::Policy, name.as_str())
            }
            _ => return Ok(None),
        };
        let mut recorded = Self {
            action: action.to_owned(),
            kind,
            name: name.to_owned(),
            before: Value::Null,
        };
        recorded.before = recorded.document(settings, sql)?;
        Ok(Some(recorded))
    }

    /// What it is about as it is; of a consumer group the name.
    fn document(&self, settings: Option<&Settings>, sql: &dyn Sql) -> Result<Value, HubError> {
        Ok(match &self.kind {
            Kind::Certificate => certificates::summary(sql, &self.name)?,
            Kind::Routing => settings.map_or(Value::Null, |settings| {
                routing::document::summary(settings, &self.action, &self.name)
            }),
            Kind::ConsumerGroup => json!({ "name": self.name }),
            Kind::Job(what) => json!({ "jobId": self.name, "order": what }),
            Kind::ScheduledJob => scheduled_jobs::summary(&self.name, sql)?,
            Kind::TagSchema => settings.map_or(Value::Null, |known| json!(known.tag_schema)),
            Kind::MaintenancePolicy => settings
                .and_then(|known| maintenance::find(&known.maintenance, &self.name))
                .cloned()
                .unwrap_or(Value::Null),
            Kind::AlertRule => settings
                .and_then(|known| {
                    let mut rules = known.alert_rules.iter();
                    rules.find(|known| rule::id_of(known) == self.name).cloned()
                })
                .unwrap_or(Value::Null),
            Kind::DeviceGroup => {
                let groups = device_groups::list(sql, Some(&self.name))?;
                groups.first().map_or(Value::Null, |group| json!(group))
            }
            Kind::QueryIndexes => {
                settings.map_or(Value::Null, |settings| json!(settings.query_indexes))
            }
            Kind::Configuration(_) => {
                let known = configurations::list(sql, Some(&self.name))?;
                known.into_iter().next().unwrap_or(Value::Null)
            }
            Kind::TwinHistory => settings.map_or(Value::Null, |known| json!(known.twin_history)),
            Kind::Messaging => settings.map_or(
                Value::Null,
                |known| json!({ "events": known.retention, "cloudToDevice": known.cloud_to_device }),
            ),
            Kind::FileUpload => settings.map_or(Value::Null, |known| json!(known.file_upload)),
            Kind::Pattern => {
                let known = patterns::list(sql, Some(&self.name))?;
                known.into_iter().next().unwrap_or(Value::Null)
            }
            Kind::Alert(number, now) => alerts::find(*now, *number, sql)?.unwrap_or(Value::Null),
            Kind::Access(kind) => access::summary(sql, kind, &self.name)?,
            Kind::ApprovalThreshold => {
                settings.map_or(Value::Null, |known| json!(known.access.approval_threshold))
            }
            Kind::Policy => settings.map_or(Value::Null, |known| policies::summary(known, &self.name)),
            Kind::Throttles => settings.map_or(Value::Null, |settings| json!(settings.throttles)),
        })
    }

    /// Writes the record, with what is there now.
    pub(super) fn write(
        self,
        now: Timestamp,
        cause: &Cause,
        error: Option<&HubError>,
        settings: Option<&Settings>,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let mut after = match error {
            Some(_) => Value::Null,
            None => self.document(settings, sql)?,
        };
        if let (Kind::Configuration(true), Value::Object(after)) = (&self.kind, &mut after) {
            let warning = "the content cannot be changed any more; the new one was ignored";
            after.insert("warning".to_owned(), json!(warning));
        }
        let entry = AuditEntry {
            action: self.action.to_owned(),
            target: None,
            result: error.map_or("ok", |error| error.code.name()).to_owned(),
            before: self.before,
            after,
        };
        audit::append(sql, now, &[(cause, &entry)])
    }
}
