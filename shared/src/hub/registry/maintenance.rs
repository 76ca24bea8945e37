//! Maintenance policies in a shard: what they say of a device (`device-management.md` §4.3).

use super::identity::IdentityRow;
use super::{Context, Registry, record, twins};
use crate::configuration::Configuration;
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::audit::AuditEntry;
use crate::ipc::hub::Settings;
use crate::ipc::registry::{ExplainMaintenance, Locate, RegistryReply};
use crate::json;
use crate::maintenance::{Disruption, Hold, Policies, Step, Verdict, Wish};
use crate::twin::Twin;
use serde_json::Value;

/// The policies of the settings.
pub(super) fn read(settings: Option<&Settings>) -> Policies {
    let documents = settings.map(|settings| settings.maintenance.as_slice());
    Policies::read(documents.unwrap_or_default())
}

/// What the settings know of disruptive steps.
pub(super) fn disruptions(settings: Option<&Settings>) -> Vec<Disruption> {
    settings.map_or_else(Vec::new, |settings| settings.disruptions.clone())
}

impl Registry {
    /// Takes the policies of new settings; devices that are held are looked at again.
    pub(super) fn take_policies(&mut self) {
        self.disruptions = disruptions(self.settings.as_ref());
        let policies = read(self.settings.as_ref());
        if *self.maintenance == policies {
            return;
        }
        self.maintenance = policies.into();
        for job in self.jobs.known.values_mut() {
            job.look_again = true;
        }
    }

    /// Whether a step may reach a device now, and the places that it needs if it may go.
    pub(super) fn judge_step(
        &self,
        step: &Step<'_>,
        is_overridden: bool,
        row: &IdentityRow,
        twin: Option<&Twin>,
        context: &Context<'_>,
    ) -> Result<(Verdict, Vec<Wish>), HubError> {
        let may_go = (Verdict::Go, Vec::new());
        // Most steps are nobody's business, and need no twin.
        if !step.is_disruptive && !self.maintenance.name_step(step) {
            return Ok(may_go);
        }
        let body = match twin {
            Some(twin) => twins::body(row, twin, 0),
            None => match twins::load(context.sql, &row.identity)? {
                Some(twin) => twins::body(row, &twin, 0),
                None => return Ok(may_go),
            },
        };
        let zones = self.zones.as_ref();
        let verdict = self
            .maintenance
            .decide(step, &body, is_overridden, context.now, zones);
        let wishes = match verdict {
            Verdict::Go if !is_overridden => self.maintenance.wishes(step, &body),
            _ => Vec::new(),
        };
        Ok((verdict, wishes))
    }

    /// Takes those out that a device does not have yet, and must not get now. The next write of
    /// its twin, or the next pass, looks again.
    pub(super) fn leave_out_held(
        &self,
        matching: &mut Vec<&Configuration>,
        row: &IdentityRow,
        twin: &Twin,
        context: &Context<'_>,
    ) -> Result<(), HubError> {
        let is_new = |configuration: &Configuration| {
            configuration.is_disruptive && !twin.configurations.contains_key(&configuration.id)
        };
        if !matching.iter().any(|configuration| is_new(configuration)) {
            return Ok(());
        }
        let step = Step::disruptive_configuration();
        let (verdict, _) = self.judge_step(&step, false, row, Some(twin), context)?;
        if verdict != Verdict::Go {
            matching.retain(|configuration| !is_new(configuration));
        }
        Ok(())
    }

    /// Whether a direct method may be called: only those that a policy names are held, and
    /// those that disrupt a device which must not be touched.
    pub(super) fn judge_method(
        &self,
        locate: &Locate,
        row: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let step = Step::method(&locate.method, &self.disruptions);
        let is_overridden = locate.overrides.is_some();
        // `*` in a policy is about jobs.
        let is_named = self.maintenance.name_method(&locate.method);
        if row.identity.module.is_some() || !(is_named || step.is_disruptive) {
            return Ok(());
        }
        let (verdict, _) = self.judge_step(&step, is_overridden, row, None, context)?;
        match verdict {
            Verdict::Hold(hold) | Verdict::Fail(hold) if is_named || hold.is_interlock() => {
                return Err(held(&hold));
            }
            _ => {}
        }
        if let Some(reason) = &locate.overrides {
            context.record(|| AuditEntry {
                action: "overrideMaintenance".to_owned(),
                target: Some(row.identity.clone()),
                result: record::OK.to_owned(),
                before: Value::Null,
                after: json!({ "methodName": locate.method, "reason": reason }),
            });
        }
        Ok(())
    }

    /// What the policies say of a method for a device now.
    pub(super) fn explain_maintenance(
        &self,
        explain: &ExplainMaintenance,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(explain.device.clone());
        let row = IdentityRow::require(context.sql, &identity)?;
        let step = Step::method(&explain.method, &self.disruptions);
        let (verdict, _) = self.judge_step(&step, false, &row, None, context)?;
        let (word, hold) = match verdict {
            Verdict::Go => ("go", Value::Null),
            Verdict::Hold(hold) => ("hold", hold.document(context.now)),
            Verdict::Fail(hold) => ("fail", hold.document(context.now)),
        };
        Ok(RegistryReply::Explained(json!({
            "deviceId": explain.device,
            "methodName": explain.method,
            "isDisruptive": step.is_disruptive,
            "verdict": word,
            "hold": hold,
        })))
    }
}

/// What a caller is told whose direct method is held.
fn held(hold: &Hold) -> HubError {
    let text = if hold.is_interlock() {
        format!("Blocked by {}: {}", hold.gate, hold.reason)
    } else {
        format!(
            "Held by policy {} gate {}: {}",
            hold.policy, hold.gate, hold.reason
        )
    };
    HubError::new(ErrorCode::OperationNotAllowedInCurrentState, text)
}
