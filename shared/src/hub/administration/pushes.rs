//! What the whole hub has to hear of: settings and configurations, sent to every object until
//! it has confirmed them.
//!
//! Who has not confirmed the newest is a row, written with the change. It must never say that
//! somebody has, before they answered.

use super::scheduled_jobs::{Phase, ScheduledJob};
use super::{Hub, configurations};
use crate::error::HubError;
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing};
use crate::hub::settings;
use crate::ipc::Address;
use crate::ipc::events::EventsRequest;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::{HubResult, Settings};
use crate::ipc::registry::RegistryRequest;
use crate::sql::Sql;
use crate::time::Timestamp;

impl Hub {
    /// Stores changed settings and notes that everybody has to hear of them.
    pub(super) fn change(
        &mut self,
        sql: &dyn Sql,
        edit: impl FnOnce(&mut Settings),
    ) -> Result<(), HubError> {
        let mut new = self.required()?.clone();
        edit(&mut new);
        new.version += 1;
        self.keep(sql, new)
    }

    pub(super) fn keep(&mut self, sql: &dyn Sql, new: Settings) -> Result<(), HubError> {
        let layout = new.layout;
        let mut kept = self.settings.clone();
        let throttles_change = kept
            .as_ref()
            .is_some_and(|kept| kept.throttles != new.throttles);
        let mut new = Some(new);
        sql.transaction(&mut || {
            if let Some(new) = new.take() {
                settings::store(&mut kept, new, sql)?;
            }
            for shard in 0..layout.shards {
                note_push(sql, &format!("registry/{shard}"))?;
            }
            for partition in 0..layout.partitions {
                note_push(sql, &format!("events/{partition}"))?;
            }
            // Gateways know nothing else of the settings, and have the default without a push.
            for gateway in 0..if throttles_change { layout.gateways } else { 0 } {
                note_push(sql, &format!("gateway/{gateway}"))?;
            }
            Ok(())
        })?;
        self.settings = kept;
        Ok(())
    }

    /// Sends the settings to everybody who has not confirmed them.
    pub(super) fn push(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let Some(settings) = &self.settings else {
            return Ok(());
        };
        // The same for every shard, and made for the first that needs it.
        let mut set = None;
        for row in sql.query("SELECT target FROM push ORDER BY target", &[])? {
            let target = row.required_text(0)?;
            let Some((kind, index)) = target.split_once('/') else {
                continue;
            };
            let Ok(index) = index.parse::<u16>() else {
                continue;
            };
            let document = settings.clone().without_grants();
            let (to, request) = if kind == "gateway" {
                let request = GatewayRequest::ApplyThrottles {
                    version: settings.version,
                    throttles: document.throttles,
                };
                (Address::Gateway(index), Outgoing::Gateway(request))
            } else if kind == "registry" {
                let request = RegistryRequest::ApplySettings(Box::new(document.without_secrets()));
                (Address::Registry(index), Outgoing::Registry(request))
            } else if kind == configurations::PUSH {
                let set = match &set {
                    Some(set) => set,
                    None => set.insert(configurations::evaluated(sql, &settings.maintenance)?),
                };
                let request = RegistryRequest::ApplyConfigurations(Box::new(set.clone()));
                (Address::Registry(index), Outgoing::Registry(request))
            } else {
                let document = Box::new(document.without_rules());
                let request = EventsRequest::ApplySettings(document);
                (Address::Events(index), Outgoing::Events(request))
            };
            self.correlations += 1;
            self.pushing.insert(self.correlations, target.to_owned());
            effects.calls.push(Call {
                to,
                request,
                correlation: self.correlations,
            });
        }
        if !self.pushing.is_empty() {
            effects.alarm_at(now.plus_seconds(5));
        }
        Ok(())
    }

    /// The outcome of a push.
    pub(super) fn pushed(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let Some(target) = self.pushing.remove(&correlation) else {
            return Ok(());
        };
        let newer_under_way = self.pushing.values().any(|other| *other == target);
        let stored = matches!(
            outcome,
            Outcome::Registry(Ok(_)) | Outcome::Events(Ok(_)) | Outcome::Gateway(Ok(_))
        );
        if stored && !newer_under_way {
            sql.execute("DELETE FROM push WHERE target = ?", &[target.into()])?;
        }
        if self.pushing.is_empty() {
            // Policies may hold other devices now.
            if !ScheduledJob::in_phases(&[Phase::Running], sql)?.is_empty() {
                self.jobs.hurry(now, effects);
            }
            for (token, reply) in std::mem::take(&mut self.waiting) {
                effects.replies.push((token, Ok(reply)));
            }
        }
        Ok(())
    }
}

/// Notes that an object has to hear of something.
pub(super) fn note_push(sql: &dyn Sql, target: &str) -> Result<(), HubError> {
    sql.execute(
        "INSERT INTO push (target) VALUES (?) ON CONFLICT DO NOTHING",
        &[target.into()],
    )
}
