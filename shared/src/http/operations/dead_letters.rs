//! Cloud-to-device messages that died, of a device (ours): looking at them, sending them
//! again, forgetting them.

use super::device_messages::as_response;
use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::ids::DeviceId;
use crate::ipc::registry::{
    AskDeadLetters, DeadLetterVerb as Verb, RegistryReply, RegistryRequest,
};
use crate::json;
use crate::time::Timestamp;

/// `GET` and `DELETE /api/v1/devices/{id}/dead-letters`, of all or of one behind them; `POST
/// …/{number}/resend`, perhaps with `{"expiryTime": "…"}`. One message comes as an HTTPS
/// device would get it.
pub async fn serve<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    number: Option<String>,
    verb: Verb,
) -> Result<Response, Failure> {
    let number = number.map(|text| {
        text.parse().map_err(|_no_number| {
            HubError::new(
                ErrorCode::GenericNotFound,
                "A dead letter is named by its sequence number, as in the list.",
            )
        })
    });
    let ask = AskDeadLetters {
        device: device.clone(),
        number: number.transpose()?,
        verb,
        expiry: expiry(request)?,
    };
    let is_one = ask.number.is_some();
    match ask_shard(backend, &device, RegistryRequest::DeadLetters(ask)).await? {
        RegistryReply::MessageList(items) => Ok(Response::json(200, &json!({ "items": items }))),
        RegistryReply::Received(Some(message)) => Ok(as_response(*message, &device)),
        RegistryReply::Queued { sequence_number } => {
            let new = json!({ "sequenceNumber": sequence_number });
            Ok(Response::json(200, &new))
        }
        RegistryReply::Purged(_) if is_one => Ok(Response::empty(204)),
        RegistryReply::Purged(count) => Ok(Response::json(200, &json!({ "deleted": count }))),
        _ => Err(unexpected("the registry")),
    }
}

/// When the message that is sent again is to expire.
fn expiry(request: &Request) -> Result<Option<Timestamp>, HubError> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let body = json::parse_object(&request.body)?;
    let Some(text) = json::text_member(&body, "expiryTime")? else {
        return Ok(None);
    };
    Timestamp::parse(text)
        .map(Some)
        .ok_or_else(|| HubError::invalid("expiryTime must be a time such as 2026-03-01T10:00:00Z."))
}
