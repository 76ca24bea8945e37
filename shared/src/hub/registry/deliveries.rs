//! Cloud-to-device messages on their way to a gateway (`device.md` §4.2).
//!
//! A message is marked as sent in the block that sends it, so a call that gets lost would
//! leave it marked and undelivered. The shard therefore remembers calls under way, and after
//! a lost one, or a crash, offers every unacknowledged message once more; gateways drop what
//! they have sent already.

use super::identity::IdentityRow;
use super::messages::{pending, take_deliveries};
use super::session::subscriptions;
use super::{Context, DELIVERY_WINDOW, Registry};
use crate::error::HubError;
use crate::hub::effects::{Call, Correlation, Outgoing};
use crate::ids::{DeviceId, Identity};
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::registry::Delivery;
use crate::ipc::{Address, ConnectionId};

/// When unanswered deliveries are looked at again.
const RETRY_MILLISECONDS: i64 = 5_000;
/// Devices looked at in one alarm; the rest follows with the next one.
const BATCH: i64 = 200;

impl Registry {
    /// Sends what may be sent now to a connected device that subscribed.
    pub(super) fn push_deliveries(
        &mut self,
        row: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if !row.is_connected()
            || subscriptions(&row.subscriptions)
                .devicebound_qos()
                .is_none()
        {
            return Ok(());
        }
        let deliveries = take_deliveries(context.sql, row, DELIVERY_WINDOW, context.now)?;
        self.deliver(row, deliveries, context);
        Ok(())
    }

    fn deliver(&mut self, row: &IdentityRow, deliveries: Vec<Delivery>, context: &mut Context<'_>) {
        let (Some(gateway), Some(connection)) = (row.gateway, &row.connection) else {
            return;
        };
        if deliveries.is_empty() {
            return;
        }
        let connection = ConnectionId(connection.clone());
        self.correlations += 1;
        self.delivering.insert(self.correlations);
        context.effects.calls.push(Call {
            to: Address::Gateway(gateway),
            request: Outgoing::Gateway(GatewayRequest::Deliver {
                connection,
                deliveries,
            }),
            correlation: self.correlations,
        });
        // Should this object die before the answer comes, the alarm offers them again.
        context
            .effects
            .alarm_at(context.now.plus_milliseconds(RETRY_MILLISECONDS));
    }

    /// Takes the outcome of a call made by [`Registry::push_deliveries`]; `false` if it is
    /// none of those.
    pub(super) fn delivery_finished(&mut self, correlation: Correlation, delivered: bool) -> bool {
        if !self.delivering.remove(&correlation) {
            return false;
        }
        if !delivered {
            self.unsure = true;
            self.swept_to = None;
        }
        true
    }

    /// Sends connected devices what has become free, and once more what may have got lost.
    pub(super) fn deliver_again(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        let now = context.now.milliseconds();
        let after = self.swept_to.take().unwrap_or_default();
        let devices = context.sql.query(
            "SELECT DISTINCT message.device_id FROM message JOIN identity \
             ON identity.device_id = message.device_id AND identity.module_id = '' \
             WHERE message.device_id > ? AND gateway IS NOT NULL AND expires > ? \
             AND (CASE WHEN sent_epoch IS epoch THEN ? \
             ELSE locked_until IS NULL OR locked_until <= ? END) \
             ORDER BY message.device_id LIMIT ?",
            &[
                after.into(),
                now.into(),
                self.unsure.into(),
                now.into(),
                BATCH.into(),
            ],
        )?;
        for device in &devices {
            let Ok(device) = DeviceId::parse(device.required_text(0)?) else {
                continue;
            };
            let Some(row) = IdentityRow::load(context.sql, &Identity::device(device))? else {
                continue;
            };
            if self.unsure {
                self.offer_sent(&row, context)?;
            }
            self.push_deliveries(&row, context)?;
        }
        if i64::try_from(devices.len()).unwrap_or(BATCH) < BATCH {
            self.unsure = false;
        } else {
            self.swept_to = devices
                .last()
                .and_then(|row| row.text(0))
                .map(str::to_owned);
            context.effects.alarm_at(context.now.plus_seconds(1));
        }
        Ok(())
    }

    /// Sends every message of this session that was not acknowledged, again.
    fn offer_sent(&mut self, row: &IdentityRow, context: &mut Context<'_>) -> Result<(), HubError> {
        if subscriptions(&row.subscriptions)
            .devicebound_qos()
            .is_none()
        {
            return Ok(());
        }
        let mut deliveries = Vec::new();
        for message in pending(context.sql, &row.identity.device, context.now)? {
            if message.sent_epoch == Some(row.epoch) {
                deliveries.push(message.delivery()?);
            }
        }
        self.deliver(row, deliveries, context);
        Ok(())
    }
}
