//! File uploads of devices that are open, and what back ends are told when they end
//! (`device.md` §7, `query-routing-events.md` §4.8).
//!
//! An upload is open from its beginning to its notification, or until its signed URL ends.
//! The shard knows nothing of the file itself: whoever asks has looked at it.

use super::device_plane::guid;
use super::identity::IdentityRow;
use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::ipc::registry::{EndUpload, OpenUpload, RegistryReply};
use crate::json;
use crate::time::Timestamp;
use crate::writing::JsonText;

/// One row for each upload while it is open; notifications wait as feedback does.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE upload (
        device_id TEXT NOT NULL,
        correlation TEXT NOT NULL,
        container TEXT NOT NULL,
        blob TEXT NOT NULL,
        expires INTEGER NOT NULL,
        PRIMARY KEY (device_id, correlation)
    ) WITHOUT ROWID",
    "CREATE TABLE file_notification (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        device_id TEXT NOT NULL,
        record TEXT NOT NULL,
        expires INTEGER NOT NULL,
        lock_token TEXT,
        locked_until INTEGER,
        delivery_count INTEGER NOT NULL DEFAULT 0
    )",
];

/// Uploads that a device may have open.
const MAX_OPEN: i64 = 10;

impl Registry {
    pub(super) fn begin_upload(
        &self,
        row: &IdentityRow,
        blob: &str,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let settings = &self.settings()?.file_upload;
        let device = row.identity.device.as_str();
        let open = context.sql.query(
            "SELECT count(*) FROM upload WHERE device_id = ? AND expires > ?",
            &[device.into(), context.now.milliseconds().into()],
        )?;
        if open.first().and_then(|row| row.integer(0)).unwrap_or(0) >= MAX_OPEN {
            return Err(HubError::new(
                ErrorCode::DeviceMaximumActiveFileUploadLimitExceeded,
                format!(
                    "The device has {MAX_OPEN} file uploads open; report the end of one, or wait until one expires."
                ),
            ));
        }
        // Whole seconds, as they stand in the signed URL.
        let seconds = context.now.seconds() + settings.sas_ttl_seconds;
        let upload = OpenUpload {
            correlation: format!("{seconds:x}-{}", guid(entropy)?),
            container: settings.container_name.clone(),
            blob: blob.to_owned(),
            expires: Timestamp::from_milliseconds(seconds * 1000),
        };
        context.sql.execute(
            "INSERT INTO upload (device_id, correlation, container, blob, expires) \
             VALUES (?, ?, ?, ?, ?)",
            &[
                device.into(),
                upload.correlation.as_str().into(),
                upload.container.as_str().into(),
                blob.into(),
                upload.expires.milliseconds().into(),
            ],
        )?;
        context.effects.alarm_at(upload.expires);
        Ok(RegistryReply::Upload(Box::new(upload)))
    }

    pub(super) fn end_upload(
        &self,
        row: &IdentityRow,
        end: &EndUpload,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let device = row.identity.device.as_str();
        let found = context.sql.query(
            "SELECT container, blob, expires FROM upload \
             WHERE device_id = ? AND correlation = ? AND expires > ?",
            &[
                device.into(),
                end.correlation.as_str().into(),
                context.now.milliseconds().into(),
            ],
        )?;
        let Some(found) = found.first() else {
            return Err(not_open(&end.correlation, context.now));
        };
        let settings = &self.settings()?.file_upload;
        if end.success && settings.notifications_enabled {
            let blob = found.required_text(1)?;
            let Some((uri, modified, size)) = &end.seen else {
                return Ok(RegistryReply::Upload(Box::new(OpenUpload {
                    correlation: end.correlation.clone(),
                    container: found.required_text(0)?.to_owned(),
                    blob: blob.to_owned(),
                    expires: Timestamp::from_milliseconds(found.integer(2).unwrap_or(0)),
                })));
            };
            let updated = modified.second_text().replace('Z', "+00:00");
            let record = json!({
                "deviceId": device,
                "blobUri": uri,
                "blobName": blob,
                "lastUpdatedTime": updated,
                "blobSizeInBytes": size,
                "enqueuedTimeUtc": context.now,
            });
            let expires = context.now.plus_seconds(settings.notification_ttl_seconds);
            context.effects.alarm_at(expires);
            context.sql.execute(
                "INSERT INTO file_notification (device_id, record, expires) VALUES (?, ?, ?)",
                &[
                    device.into(),
                    record.json_text().into(),
                    expires.milliseconds().into(),
                ],
            )?;
        }
        context.sql.execute(
            "DELETE FROM upload WHERE device_id = ? AND correlation = ?",
            &[device.into(), end.correlation.as_str().into()],
        )?;
        Ok(RegistryReply::Done)
    }
}

/// Characters of a GUID.
const GUID_LENGTH: usize = 36;

/// A correlation id begins with the second in which its upload ends, so that what was swept
/// can still be told from what never was. A GUID alone is no such id, though it begins with a
/// number, too.
fn not_open(correlation: &str, now: Timestamp) -> HubError {
    let ended = correlation
        .split_once('-')
        .filter(|(_, guid)| guid.len() == GUID_LENGTH)
        .and_then(|(seconds, _)| i64::from_str_radix(seconds, 16).ok());
    if ended.is_some_and(|seconds| seconds <= now.seconds()) {
        return HubError::new(
            ErrorCode::ExpiredFileUploadCorrelationId,
            "The time of this upload is over; begin a new one.",
        );
    }
    HubError::new(
        ErrorCode::InvalidFileUploadCorrelationId,
        "correlationId names no open upload of this device; it may have ended already.",
    )
}
