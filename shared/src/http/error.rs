//! Error envelopes and the headers that every answer carries (`service.md` §1, §12.1).
//!
//! Texts of 5xx errors are fixed here: what happened inside goes to the log under the
//! tracking id, never to a caller.

use super::backend::Backend;
use super::message::{JSON, Response};
use crate::error::{ErrorCode, HubError, tracking_id};
use crate::json;
use crate::time::Timestamp;
use crate::writing::JsonText;

/// The form of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `Message` with `ErrorCode:<Name>;<text>`: nearly everything.
    Classic,
    /// Number, text and tracking id as own members: newer paths.
    Flat,
    /// Classic around the flat form as a string: direct methods.
    Nested,
    /// As `Classic`, with status 409: of a method that a maintenance policy holds
    /// (`device-management.md` §4.3), whose code is 405 elsewhere.
    Held,
}

/// Names one request in answers and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// `x-ms-request-id`, a UUID.
    pub request_id: String,
    /// `<32 hex>-G:<n>-TimeStamp:MM/dd/yyyy HH:mm:ss`.
    pub tracking_id: String,
    /// When the request came.
    pub time: Timestamp,
}

impl Trace {
    /// A new one; both ids come from the same random bytes.
    pub fn new<B: Backend>(backend: &B) -> Self {
        let mut bytes = [0u8; 16];
        backend.random(&mut bytes);
        Self::from_bytes(bytes, backend.now())
    }

    fn from_bytes(bytes: [u8; 16], time: Timestamp) -> Self {
        let number = u128::from_be_bytes(bytes);
        Self {
            request_id: uuid(number),
            tracking_id: tracking_id(number, time),
            time,
        }
    }
}

/// A new UUID of version 4.
pub fn new_uuid<B: Backend>(backend: &B) -> String {
    let mut bytes = [0; 16];
    backend.random(&mut bytes);
    uuid(u128::from_be_bytes(bytes))
}

/// A random number as a UUID of version 4.
pub fn uuid(number: u128) -> String {
    let number = (number & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        (number >> 80) & 0xffff,
        (number >> 64) & 0xffff,
        (number >> 48) & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

/// The text that may leave the hub.
pub(super) fn public_text(error: &HubError) -> &str {
    match error.code {
        ErrorCode::ServerError => "InternalServerError",
        ErrorCode::GatewayTimeout => "Timed out waiting for the response from device.",
        _ => &error.message,
    }
}

/// Takes the reason out of refused credentials: it could tell whether a device or policy
/// exists (`service.md` §2.4). Only the sign-in itself explains what to do.
pub fn conceal(error: &mut HubError) {
    if matches!(
        error.code,
        ErrorCode::IotHubUnauthorizedAccess | ErrorCode::IotHubUnauthorized
    ) {
        error.message = "Unauthorized".to_owned();
    }
}

/// The error as a response; internal detail goes to [`Backend::report`].
pub fn respond<B: Backend>(
    backend: &B,
    error: &HubError,
    envelope: Envelope,
    trace: &Trace,
) -> Response {
    if error.code == ErrorCode::ServerError {
        backend.report(&format!("{} {error}", trace.tracking_id));
    }
    let text = public_text(error);
    let flat = json!({
        "errorCode": error.code.number(),
        "trackingId": trace.tracking_id,
        "message": text,
        "info": null,
        "timestampUtc": trace.time.to_string(),
    });
    let body = match envelope {
        Envelope::Classic | Envelope::Held => json!({
            "Message": format!("ErrorCode:{};{text}", error.code.name()),
            "ExceptionMessage": format!("Tracking ID:{}", trace.tracking_id),
        }),
        Envelope::Flat => flat,
        Envelope::Nested => json!({ "Message": flat.to_string(), "ExceptionMessage": "" }),
    };
    let status = match envelope {
        Envelope::Held => 409,
        _ => error.code.status(),
    };
    let response = Response::bytes(status, JSON, body.json_text().into_bytes())
        .with_header("iothub-errorcode", error.code.name());
    match error.code {
        // Clients repeat on their own only if told when (`service.md` §12.4).
        ErrorCode::ThrottlingException => {
            response.with_header("retry-after", error.retry_after.max(1).to_string())
        }
        ErrorCode::ServiceUnavailable => response.with_header("retry-after", "2"),
        _ => response,
    }
}

/// Adds what every answer carries.
pub fn finish(response: Response, trace: &Trace) -> Response {
    response
        .with_header("x-ms-request-id", trace.request_id.as_str())
        .with_header("cache-control", "no-store")
        .with_header("x-content-type-options", "nosniff")
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
