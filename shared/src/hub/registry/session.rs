//! Sessions: who is connected where, what it subscribed to, who was there before
//! (`device.md` §2).

use super::client_certificates::CREDENTIAL;
use super::identity::IdentityRow;
use super::messages::take_deliveries;
use super::{Context, Registry};
use crate::auth::ClientCertificate;
use crate::doctor::diagnosis;
use crate::doctor::ends::{self, End};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::{Effects, Token};
use crate::ids::Identity;
use crate::ipc::ConnectionId;
use crate::ipc::registry::{
    ConnectRequest, Connected, Disconnected, Locate, Location, Refused, RegistryReply,
    RegistryResult, UpdateSession,
};
use crate::json;
use crate::mqtt::topic::Subscriptions;
use crate::reading;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Messages in flight to one device; C# acknowledges strictly in order, so few suffice
/// (`device.md` §4.2).
pub const DELIVERY_WINDOW: usize = 10;
/// Callers that may wait for one shard's devices to come online.
const MAX_WAITING: usize = 1_000;

/// A caller that waits for a device to be online and to take methods.
#[derive(Debug)]
pub(super) struct Waiting {
    token: Token,
    identity: Identity,
    until: Timestamp,
}

/// Facts about the newest session, for people.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SessionFacts {
    pub since: Option<Timestamp>,
    pub keep_alive_seconds: u16,
    pub client_type: Option<String>,
    pub api_version: Option<String>,
    pub token_expiry: Option<Timestamp>,
    pub credential: Option<String>,
    /// SHA-256 of the last client certificate.
    pub certificate: Option<String>,
    pub last_disconnect_reason: Option<String>,
    pub last_disconnect_time: Option<Timestamp>,
}

/// Stored filters as a set.
pub(super) fn subscriptions(stored: &str) -> Subscriptions {
    reading::from_str(stored).unwrap_or_default()
}

/// Why and when the last session of an identity ended, for people.
pub(super) fn last_end(row: &IdentityRow) -> Option<(String, Timestamp)> {
    let facts = facts(row);
    Some((facts.last_disconnect_reason?, facts.last_disconnect_time?))
}

pub(super) fn facts(row: &IdentityRow) -> SessionFacts {
    reading::from_str(&row.session).unwrap_or_default()
}

/// SHA-256 of the client certificate that the identity showed last.
pub(super) fn last_certificate(row: &IdentityRow) -> Option<String> {
    facts(row).certificate
}

/// Until when the certificate counts by which the identity logged in last; `None` if it was a
/// token.
pub(super) fn certificate_ends(row: &IdentityRow) -> Option<Timestamp> {
    let facts = facts(row);
    let is_certificate = facts.credential.as_deref() == Some(CREDENTIAL);
    facts.token_expiry.filter(|_| is_certificate)
}

fn text<T: Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::internal(error.to_string()))
}

/// CONNACK codes of `device.md` §2.4.
const SERVER_UNAVAILABLE: u8 = 3;
pub(super) const NOT_AUTHORIZED: u8 = 5;

fn refuse(code: u8, reason: impl Into<String>) -> Result<RegistryReply, HubError> {
    Ok(RegistryReply::Refused(Refused {
        code,
        reason: reason.into(),
    }))
}

impl Registry {
    pub(super) fn connect(
        &mut self,
        request: &ConnectRequest,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        if !self.settings()?.answers_to(&request.host_name) {
            return refuse(
                NOT_AUTHORIZED,
                format!("{:?} is not a name of this hub", request.host_name),
            );
        }
        let Some(mut row) = IdentityRow::load(context.sql, &request.identity)? else {
            return refuse(NOT_AUTHORIZED, "no such identity");
        };
        // A token decides if there is one: the device may have shown a certificate for TLS only.
        let password = request.password.as_deref().filter(|text| !text.is_empty());
        let certificate = request.certificate.as_deref();
        let certificate = certificate.and_then(ClientCertificate::from_text);
        let checked = match (password, &certificate) {
            (Some(token), _) => self.check_token(&row, &request.host_name, token, context.now),
            (None, Some(certificate)) => {
                self.check_certificate(&row, certificate, context.sql, context.now)
            }
            (None, None) => return refuse(NOT_AUTHORIZED, "neither password nor certificate"),
        };
        let credential = match checked {
            Ok(credential) => credential,
            Err(error) => return refuse(NOT_AUTHORIZED, error.message),
        };
        if !self.is_enabled(&row, context)? {
            return refuse(SERVER_UNAVAILABLE, diagnosis::DISABLED);
        }

        if self.is_outdated(request) {
            return refuse(SERVER_UNAVAILABLE, diagnosis::RESTARTED);
        }
        let mut closes = None;
        if let (Some(gateway), Some(connection)) = (row.gateway, &row.connection)
            && *connection != request.connection.0
        {
            Self::close(gateway, connection, "takenOver", context)?;
            closes = Some(self.end_noted(&row, "takenOver", "", context)?);
        }
        let was_connected = row.is_connected();
        let kept = !request.clean_session && row.persistent;
        let subscriptions = if kept {
            subscriptions(&row.subscriptions)
        } else {
            Subscriptions::new()
        };
        let session_present = kept && !subscriptions.is_empty();
        if request.clean_session && request.identity.module.is_none() {
            // A clean session also forgets what was queued for the old one (§2.5).
            self.purge_messages(&request.identity.device, context)?;
        }
        let mut facts = facts(&row);
        facts.since = Some(context.now);
        facts.keep_alive_seconds = request.keep_alive;
        facts.client_type.clone_from(&request.client_type);
        facts.api_version.clone_from(&request.api_version);
        // Only then there is something to find out, or to take back.
        let judge = [facts.credential.as_deref(), Some(&*credential.name)]
            .contains(&Some(CREDENTIAL))
            && request.identity.module.is_none();
        facts.token_expiry = Some(credential.expires);
        facts.credential = Some(credential.name.to_owned());
        if password.is_none() {
            facts.certificate = certificate.map(|shown| shown.sha256);
        }
        row.epoch += 1;
        row.gateway = Some(request.gateway);
        row.connection = Some(request.connection.0.clone());
        row.persistent = !request.clean_session;
        row.subscriptions = text(&subscriptions)?;
        if request.model_id.is_some() {
            row.model_id.clone_from(&request.model_id);
        }
        context.changed(&row.identity.device, row.identity.module_key());
        context.sql.execute(
            "UPDATE identity SET epoch = ?, gateway = ?, connection = ?, state_updated = ?, \
             last_activity = ?, persistent = ?, subscriptions = ?, session = ?, model_id = ?, \
             census = ?, closes = coalesce(?, closes) \
             WHERE device_id = ? AND module_id = ?",
            &[
                row.epoch.into(),
                i64::from(request.gateway).into(),
                request.connection.0.as_str().into(),
                context.now.milliseconds().into(),
                context.now.milliseconds().into(),
                row.persistent.into(),
                row.subscriptions.as_str().into(),
                text(&facts)?.into(),
                row.model_id.clone().into(),
                request.census.into(),
                closes.into(),
                request.identity.device.as_str().into(),
                request.identity.module_key().into(),
            ],
        )?;
        if !was_connected {
            self.emit_connection_state(&row, "deviceConnected", context)?;
        }
        let deliveries = if subscriptions.devicebound_qos().is_some() {
            take_deliveries(context.sql, &row, DELIVERY_WINDOW, context.now)?
        } else {
            Vec::new()
        };
        self.answer_waiting(&row, context);
        self.jobs_hear_of(&row, context);
        self.device_connected(&row, context)?;
        if judge {
            self.judge_certificate(&request.identity.device, context)?;
        }
        Ok(RegistryReply::Connected(Box::new(Connected {
            epoch: row.epoch.unsigned_abs(),
            session_present,
            subscriptions: subscriptions.into(),
            generation_id: row.generation_id.clone(),
            auth_method: credential.auth_method,
            expires: Some(credential.expires),
            deliveries,
        })))
    }

    /// A module is enabled when its device is.
    pub(super) fn is_enabled(
        &self,
        row: &IdentityRow,
        context: &Context<'_>,
    ) -> Result<bool, HubError> {
        if row.identity.module.is_none() {
            return Ok(row.enabled);
        }
        let device = Identity::device(row.identity.device.clone());
        Ok(IdentityRow::load(context.sql, &device)?.is_some_and(|device| device.enabled))
    }

    pub(super) fn disconnected(
        &mut self,
        report: &Disconnected,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let Some(row) = IdentityRow::load(context.sql, &report.identity)? else {
            return Ok(RegistryReply::Done);
        };
        let current = row.connection.as_ref() == Some(&report.connection.0)
            && report
                .epoch
                .is_none_or(|epoch| epoch == row.epoch.unsigned_abs());
        if current {
            let (reason, packet) = (&report.reason, &report.packet);
            let (activity, message) = (report.last_activity, report.last_message);
            self.end_session(row, reason, packet, activity, message, context)?;
        }
        Ok(RegistryReply::Done)
    }

    /// Writes that the session of an identity has ended. Where nobody knows when it last sent a
    /// message, that may have been a moment ago.
    pub(super) fn end_session(
        &mut self,
        mut row: IdentityRow,
        reason: &str,
        packet: &str,
        last_activity: Timestamp,
        last_message: Option<Timestamp>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let mut facts = facts(&row);
        let reason = match reason {
            // A gateway knows when a session's credentials end, and not what they are.
            "tokenExpired" if facts.credential.as_deref() == Some("certificate") => {
                "certificateExpired"
            }
            reason => reason,
        };
        let closes = self.end_noted(&row, reason, packet, context)?;
        facts.last_disconnect_reason = Some(reason.to_owned());
        facts.last_disconnect_time = Some(context.now);
        if !row.persistent {
            row.subscriptions = "[]".to_owned();
        }
        let last_activity = row.last_activity.map_or(last_activity, |known| {
            known.max(last_activity.min(context.now))
        });
        context.changed(&row.identity.device, row.identity.module_key());
        context.sql.execute(
            "UPDATE identity SET gateway = NULL, connection = NULL, state_updated = ?, \
             last_activity = ?, last_message = max(coalesce(last_message, 0), ?), \
             subscriptions = ?, session = ?, closes = ? \
             WHERE device_id = ? AND module_id = ?",
            &[
                context.now.milliseconds().into(),
                last_activity.milliseconds().into(),
                last_message
                    .map_or(context.now, |at| at.min(context.now))
                    .milliseconds()
                    .into(),
                row.subscriptions.as_str().into(),
                text(&facts)?.into(),
                closes.into(),
                row.identity.device.as_str().into(),
                row.identity.module_key().into(),
            ],
        )?;
        self.look_at_device_soon(&row.identity, context);
        self.emit_connection_state(&row, "deviceDisconnected", context)
    }

    /// Notes the end of a row's session where it is looked for, and returns the ends of its
    /// sessions with this one.
    fn end_noted(
        &mut self,
        row: &IdentityRow,
        reason: &str,
        packet: &str,
        context: &Context<'_>,
    ) -> Result<String, HubError> {
        let began = facts(row).since.unwrap_or(context.now);
        let end = End {
            time: context.now,
            reason,
            packet,
            seconds: context.now.seconds() - began.seconds(),
        };
        self.note_end(&row.identity, &end, context);
        Ok(ends::with(&closes(context.sql, &row.identity)?, &end))
    }

    pub(super) fn update_session(
        &mut self,
        update: &UpdateSession,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let row = IdentityRow::load(context.sql, &update.identity)?;
        let Some(mut row) = row.filter(|row| row.epoch.unsigned_abs() == update.epoch) else {
            return Ok(RegistryReply::Deliveries(Vec::new()));
        };
        let mut set = subscriptions(&row.subscriptions);
        for (filter, qos) in &update.subscribe {
            set.subscribe(filter, *qos, &update.identity);
        }
        for filter in &update.unsubscribe {
            set.unsubscribe(filter);
        }
        row.subscriptions = text(&set)?;
        context.sql.execute(
            "UPDATE identity SET subscriptions = ? WHERE device_id = ? AND module_id = ?",
            &[
                row.subscriptions.as_str().into(),
                update.identity.device.as_str().into(),
                update.identity.module_key().into(),
            ],
        )?;
        if set.devicebound_qos().is_none()
            && !update.unsubscribe.is_empty()
            && update.identity.module.is_none()
        {
            // What was sent and not acknowledged is free again; the impossible epoch still
            // says that it was sent before.
            context.sql.execute(
                "UPDATE message SET sent_epoch = -1 WHERE device_id = ? AND sent_epoch = ?",
                &[update.identity.device.as_str().into(), row.epoch.into()],
            )?;
        }
        let deliveries = if set.devicebound_qos().is_some() && !update.subscribe.is_empty() {
            take_deliveries(context.sql, &row, DELIVERY_WINDOW, context.now)?
        } else {
            Vec::new()
        };
        self.answer_waiting(&row, context);
        self.jobs_hear_of(&row, context);
        Ok(RegistryReply::Deliveries(deliveries))
    }

    /// `query-routing-events.md` §4.4; the number is the session's epoch behind the time.
    fn emit_connection_state(
        &self,
        row: &IdentityRow,
        operation: &str,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let step = row.epoch * 2 + i64::from(operation == "deviceDisconnected");
        let number = format!("{:032X}{:032X}", context.now.ticks(), step);
        self.emit(
            &row.identity,
            "deviceConnectionStateEvents",
            "deviceConnectionStateNotification",
            operation,
            &|| json!({ "sequenceNumber": number }),
            context,
        )
    }

    pub(super) fn locate(
        &mut self,
        token: Token,
        locate: Locate,
        context: &mut Context<'_>,
    ) -> Result<Option<RegistryReply>, HubError> {
        let row = IdentityRow::require(context.sql, &locate.identity)?;
        self.judge_method(&locate, &row, context)?;
        if let Some(location) = method_location(&row) {
            return Ok(Some(RegistryReply::Location(location)));
        }
        if locate.until <= context.now {
            return Err(not_online());
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(HubError::new(
                ErrorCode::ThrottlingException,
                "Too many calls wait for devices to connect; try again in some seconds.",
            ));
        }
        self.waiting.push(Waiting {
            token,
            identity: locate.identity,
            until: locate.until,
        });
        Ok(None)
    }

    fn answer_waiting(&mut self, row: &IdentityRow, context: &mut Context<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let Some(location) = method_location(row) else {
            return;
        };
        let (ready, still) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.identity == row.identity);
        self.waiting = still;
        let ready: Vec<Waiting> = ready;
        for waiting in ready {
            let reply = RegistryReply::Location(location.clone());
            context.effects.replies.push((waiting.token, Ok(reply)));
        }
    }

    pub(super) fn expire_waiting(&mut self, now: Timestamp, effects: &mut Effects<RegistryResult>) {
        let (over, still): (Vec<Waiting>, Vec<Waiting>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.until <= now);
        self.waiting = still;
        for waiting in over {
            effects.replies.push((waiting.token, Err(not_online())));
        }
    }

    pub(super) fn arm_waiting(&self, effects: &mut Effects<RegistryResult>) {
        if let Some(first) = self.waiting.iter().map(|waiting| waiting.until).min() {
            effects.wake_at(first);
        }
    }
}

fn not_online() -> HubError {
    HubError::new(
        ErrorCode::DeviceNotOnline,
        "Timed out waiting for device to connect.",
    )
}

pub(super) fn method_location(row: &IdentityRow) -> Option<Location> {
    let (gateway, connection) = (row.gateway?, row.connection.clone()?);
    subscriptions(&row.subscriptions)
        .accepts_methods()
        .then_some(Location {
            gateway,
            connection: ConnectionId(connection),
        })
}

/// Remembers when devices were last heard; coarse, so that pings cost no writes.
pub(super) fn note_activity(
    entries: &[(Identity, Timestamp)],
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    for (identity, at) in entries {
        context.heard(identity);
        context.sql.execute(
            "UPDATE identity SET last_activity = max(coalesce(last_activity, 0), ?) \
             WHERE device_id = ? AND module_id = ?",
            &[
                at.min(&context.now).milliseconds().into(),
                identity.device.as_str().into(),
                identity.module_key().into(),
            ],
        )?;
    }
    Ok(RegistryReply::Done)
}

/// The last ends of an identity's sessions, as `doctor::ends` reads them.
pub(super) fn closes(sql: &dyn Sql, identity: &Identity) -> Result<String, HubError> {
    let rows = sql.query(
        "SELECT closes FROM identity WHERE device_id = ? AND module_id = ?",
        &[
            identity.device.as_str().into(),
            identity.module_key().into(),
        ],
    )?;
    let text = rows.first().and_then(|row| row.text(0));
    Ok(text.unwrap_or_default().to_owned())
}
