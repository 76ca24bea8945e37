//! Places in groups of which few devices may be out of service at a time: who is done with
//! theirs, and how large a group is (`device-management.md` §4.2).
//!
//! The hub object gives places; here is what only a shard knows. A device is done when its
//! pattern says so, or, without one, when its part of the job has ended.

use super::job_patterns::{Progress, progress};
use super::job_rows::JobRow;
use super::{Context, Registry};
use crate::error::HubError;
use crate::ids::{DeviceId, Identity};
use crate::ipc::query::QueryScan;
use crate::ipc::registry::RegistryReply;
use crate::ipc::scheduled_job::{HeldPlace, JobPart, Places};
use crate::maintenance::Wish;
use crate::time::Timestamp;

impl Registry {
    /// Touches devices that got their place, before the step itself.
    pub(super) fn take_places(
        &mut self,
        job: u64,
        places: &Places,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let granted = places.granted.iter().cloned();
        self.jobs.granted = granted.map(|device| (job, device)).collect();
        for device in &places.granted {
            let Ok(device) = DeviceId::parse(device) else {
                continue;
            };
            let identity = Identity::device(device);
            if let Some(row) = super::identity::IdentityRow::load(context.sql, &identity)? {
                self.call_for_jobs(&row, context)?;
            }
        }
        Ok(())
    }

    /// What the hub object wants to know of places, after the step.
    pub(super) fn tell_of_places(
        &mut self,
        job: u64,
        places: Option<&Places>,
        part: &mut JobPart,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        self.jobs.granted.clear();
        for (of, device, wishes) in std::mem::take(&mut self.jobs.wishes) {
            if of == job {
                part.wishes.push((device, wishes));
            } else {
                self.jobs.wishes.push((of, device, wishes));
            }
        }
        let Some(places) = places else {
            return Ok(());
        };
        for held in &places.held {
            if !is_at_work(held, context)? {
                part.left.push(held.device.clone());
            }
        }
        for wish in &places.counted {
            part.sizes
                .push((wish.key.clone(), self.size_of(wish, context)?));
        }
        Ok(())
    }

    /// Devices of this shard that are in a group.
    fn size_of(&mut self, wish: &Wish, context: &mut Context<'_>) -> Result<u64, HubError> {
        let condition = match wish.condition.as_str() {
            "" => String::new(),
            condition => format!(" WHERE {condition}"),
        };
        let mut scan = QueryScan {
            text: format!("SELECT deviceId FROM devices{condition}"),
            explain: true,
            ..QueryScan::default()
        };
        let mut size = 0;
        loop {
            let RegistryReply::QueryPart(part) = self.scan(&scan, context)? else {
                return Err(HubError::internal("a scan found no part of a query"));
            };
            size += part.matched;
            match part.scanned_to {
                Some(key) => scan.after = Some(key),
                None => return Ok(size),
            }
        }
    }
}

/// Whether a device that holds a place is not done yet.
fn is_at_work(held: &HeldPlace, context: &Context<'_>) -> Result<bool, HubError> {
    let rows = context.sql.query(
        "SELECT status, updated FROM job_device WHERE job = ? AND device_id = ?",
        &[held.job.into(), held.device.as_str().into()],
    )?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    match row.text(0) {
        Some("running") => return Ok(true),
        Some("completed") => {}
        // It was not touched, or nothing came of it.
        _ => return Ok(false),
    }
    let Some(job) = JobRow::load(context.sql, held.job)? else {
        return Ok(false);
    };
    let Some(pattern) = &job.chosen.order.pattern else {
        return Ok(false);
    };
    let touched = Timestamp::from_milliseconds(row.integer(1).unwrap_or(0));
    Ok(progress(pattern, &held.device, touched, context)? == Progress::AtWork)
}
