//! Devices' credentials, and what they ask over HTTPS (`device.md` §2.3, §7).

use super::identity::IdentityRow;
use super::messages::{MessageRow, pending};
use super::{Context, Registry, feedback};
use crate::auth::{ClientCertificate, ConnectionAuth, MatchedKey, SasToken};
use crate::error::{ErrorCode, HubError};
use crate::hub::counters::Counter;
use crate::ipc::registry::{AsDevice, DeviceAuthorization, DeviceOperation, RegistryReply};
use crate::time::Timestamp;

/// How long an HTTPS receiver holds a message.
const LOCK_MILLISECONDS: i64 = 60_000;

/// A token or certificate that was found good.
pub(super) struct Credential {
    /// JSON text for `iothub-connection-auth-method`.
    pub auth_method: String,
    /// When it ends, skew included.
    pub expires: Timestamp,
    /// `primaryKey`, `secondaryKey`, `certificate` or the policy's name, for people.
    pub name: String,
}

impl Registry {
    /// Checks a SAS token of a device, a module or a policy against a stored identity.
    pub(super) fn check_token(
        &self,
        row: &IdentityRow,
        host_name: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Credential, HubError> {
        let refused = |text: String| HubError::new(ErrorCode::IotHubUnauthorized, text);
        let token = SasToken::parse(token).map_err(|refusal| refused(refusal.to_string()))?;
        let names = [host_name];
        let (auth, name) = match token.policy_name() {
            None => {
                let Some(keys) = &row.authentication.keys else {
                    return Err(refused("the identity has no symmetric keys".to_owned()));
                };
                let matched = token
                    .verify_device(keys, &names, &row.identity, now)
                    .map_err(|refusal| refused(refusal.to_string()))?;
                let auth = match row.identity.module {
                    None => ConnectionAuth::DeviceSas,
                    Some(_) => ConnectionAuth::ModuleSas,
                };
                let name = match matched {
                    MatchedKey::Primary => "primaryKey",
                    MatchedKey::Secondary => "secondaryKey",
                };
                (auth, name.to_owned())
            }
            Some(wanted) => {
                let policy = self
                    .settings()?
                    .policies
                    .iter()
                    .find(|policy| policy.name == wanted)
                    .ok_or_else(|| refused("the token names no policy of this hub".to_owned()))?;
                token
                    .verify_policy(policy, &names, &row.identity, now)
                    .map_err(|refusal| refused(refusal.to_string()))?;
                (ConnectionAuth::HubSas, format!("policy {wanted}"))
            }
        };
        Ok(Credential {
            auth_method: auth.method_text().to_owned(),
            expires: token.valid_until(),
            name,
        })
    }

    pub(super) fn as_device(
        &mut self,
        request: &AsDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let unauthorized = || HubError::new(ErrorCode::IotHubUnauthorized, "Unauthorized");
        let row = IdentityRow::load(context.sql, &request.identity)?.ok_or_else(unauthorized)?;
        let certificate = request.certificate.as_deref();
        let certificate = certificate.and_then(ClientCertificate::from_text);
        let checked = match (&request.authorization, &certificate) {
            (Some(token), _) => {
                let host_name = token_host(token).ok_or_else(unauthorized)?;
                if !self.settings()?.answers_to(&host_name) {
                    return Err(unauthorized());
                }
                self.check_token(&row, &host_name, token, context.now)
            }
            (None, Some(certificate)) => {
                self.check_certificate(&row, certificate, context.sql, context.now)
            }
            (None, None) => return Err(unauthorized()),
        };
        let credential = checked.map_err(|error| {
            if error.code == ErrorCode::IotHubUnauthorized {
                unauthorized()
            } else {
                error
            }
        })?;
        if !self.is_enabled(&row, context)? {
            // As Azure does: a disabled device looks missing over HTTPS (§7).
            return Err(HubError::device_not_found(&request.identity.device));
        }
        self.said_over_https(&row, context)?;
        if request.identity.module.is_some()
            && !matches!(request.operation, DeviceOperation::Authorize)
        {
            return Ok(RegistryReply::Received(None));
        }
        match &request.operation {
            DeviceOperation::Authorize => Ok(RegistryReply::Authorized(DeviceAuthorization {
                generation_id: row.generation_id,
                auth_method: credential.auth_method,
                model_id: row.model_id,
            })),
            DeviceOperation::Receive => lock_next(&row, &request.entropy, context),
            DeviceOperation::Complete(lock) => {
                let message = locked(&row, lock, context)?;
                self.finish_message(&message, &row, feedback::Outcome::Success, context)?;
                Ok(RegistryReply::Done)
            }
            DeviceOperation::Reject(lock) => {
                let message = locked(&row, lock, context)?;
                self.finish_message(&message, &row, feedback::Outcome::Rejected, context)?;
                Ok(RegistryReply::Done)
            }
            DeviceOperation::Abandon(lock) => {
                let message = locked(&row, lock, context)?;
                self.abandon(message, &row, context)?;
                Ok(RegistryReply::Done)
            }
            DeviceOperation::BeginUpload(blob) => {
                self.begin_upload(&row, blob, &request.entropy, context)
            }
            DeviceOperation::EndUpload(end) => self.end_upload(&row, end, context),
        }
    }

    /// Gives a message back; too often, and it is given up.
    fn abandon(
        &mut self,
        mut message: MessageRow,
        row: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let most = i64::from(self.settings()?.cloud_to_device.max_delivery_count);
        message.delivery_count += 1;
        if message.delivery_count >= most {
            let outcome = feedback::Outcome::DeliveryCountExceeded;
            return self.finish_message(&message, row, outcome, context);
        }
        self.counters.add(Counter::Abandoned, 1, context.now);
        context.sql.execute(
            "UPDATE message SET delivery_count = delivery_count + 1, lock_token = NULL, \
             locked_until = NULL WHERE device_id = ? AND sequence = ?",
            &[message.device.as_str().into(), message.sequence.into()],
        )?;
        // The device may also be connected over MQTT.
        self.push_deliveries(row, context)
    }
}

/// The host part of a token's `sr`: over HTTPS nothing else names the hub.
fn token_host(token: &str) -> Option<String> {
    let raw = token.split(['&', ' ']).find_map(|field| {
        let (name, value) = field.split_once('=')?;
        name.eq_ignore_ascii_case("sr").then_some(value)
    })?;
    let end = raw
        .find('/')
        .into_iter()
        .chain(raw.to_ascii_lowercase().find("%2f"))
        .min();
    let host = raw.get(..end.unwrap_or(raw.len()))?;
    Some(host.replace("%3A", ":").replace("%3a", ":"))
}

fn lock_next(
    row: &IdentityRow,
    entropy: &[u8],
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let token = guid(entropy)?;
    for message in pending(context.sql, &row.identity.device, context.now)? {
        let in_session = row.is_connected() && message.sent_epoch == Some(row.epoch);
        if in_session || message.is_locked(context.now) {
            continue;
        }
        let unlocked = context.now.plus_milliseconds(LOCK_MILLISECONDS);
        // Then the message is free for a session of the device again.
        context.effects.alarm_at(unlocked);
        let until = unlocked.milliseconds();
        context.sql.execute(
            "UPDATE message SET lock_token = ?, locked_until = ? \
             WHERE device_id = ? AND sequence = ?",
            &[
                token.as_str().into(),
                until.into(),
                message.device.as_str().into(),
                message.sequence.into(),
            ],
        )?;
        return Ok(message.received(token));
    }
    Ok(RegistryReply::Received(None))
}

fn locked(row: &IdentityRow, lock: &str, context: &Context<'_>) -> Result<MessageRow, HubError> {
    pending(context.sql, &row.identity.device, context.now)?
        .into_iter()
        .find(|message| {
            message.lock_token.as_deref() == Some(lock) && message.is_locked(context.now)
        })
        .ok_or_else(|| {
            HubError::new(
                ErrorCode::DeviceMessageLockLost,
                "The lock token is unknown or has expired; receive the message again.",
            )
        })
}

/// A GUID from random bytes.
pub(super) fn guid(entropy: &[u8]) -> Result<String, HubError> {
    let bytes: [u8; 16] = entropy
        .get(..16)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| HubError::internal("too few random bytes for a GUID"))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    Ok([
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-"))
}
