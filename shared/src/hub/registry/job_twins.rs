//! Twin-update jobs: the patch, device by device (`device-management.md` §1.3.2).
//!
//! A device costs one row of its twin and one of the job; everything else is done for many
//! at once. Both rows are written in one transaction, so no crash makes an update come twice.

use super::identity::{COLUMNS, IdentityRow};
use super::job_patterns::touched_state;
use super::job_rows::{JobRow, State};
use super::{Context, Registry, query};
use crate::error::HubError;
use crate::ids::DeviceId;
use crate::ipc::audit::AuditEntry;
use crate::json;
use crate::sql::{Row, Sql, SqlValue};
use crate::twin::TwinPatch;
use serde_json::Value;

/// Devices of one step: some tens of milliseconds.
const STEP: u32 = 200;

impl Registry {
    /// Patches the twins of some devices.
    pub(super) fn update_twins(
        &mut self,
        job: &JobRow,
        most: u32,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let most = most.min(STEP);
        let rows = self.pending_rows(job, None, most, true, context.sql)?;
        let last = match rows.last() {
            Some(row) => pending(row)?.id,
            None => String::new(),
        };
        self.update_rows(job, &rows, context)?;
        let known = self.known(job.number, context.sql)?;
        known.is_scanned = rows.len() < usize::try_from(most).unwrap_or(0);
        known.scanned_to = last;
        Ok(())
    }

    /// Looks at one device that a policy holds, and patches its twin if it may.
    pub(super) fn update_held_twin(
        &mut self,
        job: &JobRow,
        device: &str,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let rows = self.pending_rows(job, Some(device), 1, true, context.sql)?;
        self.update_rows(job, &rows, context)
    }

    fn update_rows(
        &mut self,
        job: &JobRow,
        rows: &[Row],
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let patch = TwinPatch::parse(&job.chosen.order.body)?;
        let mut written: Vec<(String, usize)> = Vec::new();
        for row in rows {
            let device = pending(row)?;
            match self.update_twin(job, row, &device, &patch, context)? {
                Ok(true) => written.push((device.id, device.wave)),
                Ok(false) => {}
                Err((code, text)) => {
                    let one = [(device.id, device.wave)];
                    self.end_devices(
                        job.number,
                        &one,
                        State::Failed,
                        Some((&code, &text)),
                        context,
                    )?;
                }
            }
        }
        let state = touched_state(job);
        self.jobs.awaits_patterns |= state == State::Running;
        self.end_devices(job.number, &written, state, None, context)?;
        self.jobs.pace.touched(written.len(), context.now);
        if written.is_empty() {
            return Ok(());
        }
        // One record for all of them: the rows of the job tell of each device.
        let devices: Vec<&str> = written.iter().map(|(device, _)| device.as_str()).collect();
        let entry = AuditEntry {
            action: "updateTwin".to_owned(),
            target: None,
            result: super::record::OK.to_owned(),
            before: Value::Null,
            after: json!({ "jobId": job.chosen.order.id, "deviceIds": devices }),
        };
        context
            .entries
            .push((Some(job.chosen.cause.clone()), entry));
        Ok(())
    }

    /// Whether the device was touched, and not held; or why its part has failed.
    #[allow(clippy::type_complexity)] // an error of the device within one of the storage
    fn update_twin(
        &mut self,
        job: &JobRow,
        row: &Row,
        device: &Pending,
        patch: &TwinPatch,
        context: &mut Context<'_>,
    ) -> Result<Result<bool, (String, String)>, HubError> {
        let refuse = |code: &str, text: &str| Ok(Err((code.to_owned(), text.to_owned())));
        if row.text(0).is_none() {
            return refuse("DeviceNotFound", "The device was deleted.");
        }
        let identity = IdentityRow::read(row)?;
        if !identity.enabled {
            return refuse("DeviceDisabled", "The device is disabled.");
        }
        let mut twin = query::read_twin(row, 3)?;
        if !self.may_be_touched(job, device, &identity, Some(&twin), context)? {
            return Ok(Ok(false));
        }
        let before = twin.tags.clone();
        let change = match twin.patch_service(patch, context.now) {
            Ok(change) => change,
            Err(error) => return refuse(error.code.name(), &error.message),
        };
        // What follows is on behalf of whoever made the job.
        let cause = &job.chosen.cause;
        let mut inner = Context::new(
            context.now,
            context.sql,
            &mut *context.effects,
            Some(cause),
            &self.changes,
        );
        inner.origin = "job";
        if let Err(error) = self.judge_tags(&identity.identity, &before, &twin.tags, &mut inner) {
            return refuse(error.code.name(), &error.message);
        }
        self.keep_interval(&identity.identity, &before, &twin.tags, &mut inner)?;
        self.keep_twin(&identity, &twin, &change, &mut inner)?;
        self.configure(&identity, &twin, &mut inner)?;
        let (wrote_outbox, entries, alerts) = (inner.wrote_outbox, inner.entries, inner.alerts);
        context.wrote_outbox |= wrote_outbox;
        context.alerts.extend(alerts);
        let entries = entries.into_iter();
        context
            .entries
            .extend(entries.map(|(own, entry)| (own.or_else(|| Some(cause.clone())), entry)));
        Ok(Ok(true))
    }

    /// Pending rows of open waves behind those that were looked at, or the one of a device: the
    /// identity's columns, then device, wave and hold, then the twin, if it is wanted.
    pub(super) fn pending_rows(
        &mut self,
        job: &JobRow,
        device: Option<&str>,
        limit: u32,
        with_twin: bool,
        sql: &dyn Sql,
    ) -> Result<Vec<Row>, HubError> {
        let (twin, join) = if with_twin {
            (
                format!(", {}", query::twin_columns(query::TWIN_ALONE)),
                "LEFT JOIN twin ON twin.device_id = job_device.device_id AND twin.module_id = ''",
            )
        } else {
            (String::new(), "")
        };
        let statement = format!(
            "SELECT {}, job_device.device_id, job_device.wave, job_device.hold{twin} FROM job_device \
             LEFT JOIN identity ON identity.device_id = job_device.device_id \
             AND identity.module_id = '' {join} \
             WHERE job_device.job = ? AND job_device.device_id > ? \
             AND job_device.device_id = coalesce(?, job_device.device_id) \
             AND job_device.status = 'pending' AND job_device.wave <= ? \
             ORDER BY job_device.device_id LIMIT ?",
            query::identity_columns()
        );
        let after = match device {
            Some(_) => "",
            None => self.known(job.number, sql)?.scanned_to.as_str(),
        };
        let parameters: [SqlValue; 5] = [
            job.number.into(),
            after.into(),
            device.map(str::to_owned).into(),
            job.wave.into(),
            i64::from(limit).into(),
        ];
        sql.query(&statement, &parameters)
    }
}

/// A row that waits for its device.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: String,
    pub(super) wave: usize,
    /// Why a policy holds it.
    pub(super) hold: Option<String>,
}

/// Device, wave and hold of a pending row.
pub(super) fn pending(row: &Row) -> Result<Pending, HubError> {
    let width = COLUMNS.split(", ").count();
    let device = DeviceId::parse(row.required_text(width)?)
        .map_err(|error| HubError::internal(format!("a stored device id: {error}")))?;
    let wave = usize::try_from(row.integer(width + 1).unwrap_or(0)).unwrap_or(0);
    Ok(Pending {
        id: device.as_str().to_owned(),
        wave,
        hold: row.text(width + 2).map(str::to_owned),
    })
}
