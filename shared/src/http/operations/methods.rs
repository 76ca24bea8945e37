//! Direct methods (`service.md` §7).
//!
//! A call asks the device's shard where it is, waiting for it to come if the caller wants
//! to, and then that gateway. A place that is out of date is looked up once more.

use super::{Failure, alerts, ask_shard, maintenance, settings, unexpected};
use crate::alert::Rule;
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::error::Envelope;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::ids::Identity;
use crate::ipc::alert::RaiseAlert;
use crate::ipc::gateway::{GatewayReply, GatewayRequest, InvokeMethod};
use crate::ipc::registry::{Locate, Location, RegistryReply, RegistryRequest};
use crate::json;
use crate::maintenance::Step;
use crate::time::Timestamp;
use serde_json::Value;

/// Largest payload, as JSON text.
const MAX_PAYLOAD_BYTES: usize = 128 * 1024;
/// Longest method name.
const MAX_NAME_LENGTH: usize = 128;
const DEFAULT_RESPONSE_SECONDS: i64 = 30;

/// A checked call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    method: String,
    payload: String,
    response_seconds: i64,
    connect_seconds: i64,
    /// Why maintenance policies are not asked.
    overrides: Option<String>,
}

/// `POST /twins/{id}/methods`
pub async fn invoke<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    identity: Identity,
) -> Result<Response, Failure> {
    let mut call = Call::parse(&request.body)?;
    call.overrides = maintenance::overriding(request, caller)?;
    permit_method(backend, caller, &call.method).await?;
    let (status, payload) = call_device(backend, identity, call).await?;
    Ok(Response::json(
        200,
        &json!({ "status": status, "payload": payload }),
    ))
}

/// A method that puts its device out of service takes more than one that does not.
pub(super) async fn permit_method<B: Backend>(
    backend: &B,
    caller: &Caller,
    method: &str,
) -> Result<(), HubError> {
    if caller.can(Action::RunDisruptiveJobs) {
        return Ok(());
    }
    let known = settings(backend).await?;
    if Step::method(method, &known.disruptions).is_disruptive {
        caller.permit(Action::RunDisruptiveJobs)?;
    }
    Ok(())
}

/// Calls a device: the status and the payload of its answer.
pub(super) async fn call_device<B: Backend>(
    backend: &B,
    identity: Identity,
    call: Call,
) -> Result<(i32, Value), Failure> {
    let now = backend.now();
    let until = now.plus_seconds(call.connect_seconds);
    // The response timeout covers the whole call, waiting for the connection included.
    let deadline = now.plus_seconds(call.response_seconds);
    let mut invocation = InvokeMethod {
        connection: crate::ipc::ConnectionId(String::new()),
        identity,
        method: call.method,
        payload: call.payload,
        deadline,
    };
    for attempt in 0..2 {
        let place = locate(backend, &invocation, until, &call.overrides).await;
        if let (Some(reason), 0) = (&call.overrides, attempt) {
            tell_of_override(backend, &invocation, reason, place.as_ref().err()).await;
        }
        let place = place?;
        invocation.connection = place.connection;
        let asked = GatewayRequest::InvokeMethod(invocation.clone());
        match backend
            .gateway(place.gateway, asked)
            .await
            .map_err(method_failure)?
        {
            GatewayReply::MethodResult { status, payload } => {
                return Ok((status, payload));
            }
            GatewayReply::Gone => {}
            GatewayReply::Done | GatewayReply::Report(_) | GatewayReply::LastMessages(_) => {
                return Err(unexpected("the gateway"));
            }
        }
    }
    Err(method_failure(HubError::new(
        ErrorCode::DeviceNotOnline,
        "",
    )))
}

/// Somebody wants a step in spite of the policies; the only thing that refuses it then is what
/// keeps people safe.
async fn tell_of_override<B: Backend>(
    backend: &B,
    call: &InvokeMethod,
    reason: &str,
    refused: Option<&Failure>,
) {
    let (device, method) = (&call.identity.device, &call.method);
    let (rule, summary) = match refused.map(|failure| failure.error.code) {
        None => (
            Rule::OVERRIDE_USED,
            format!("{method} was called on {device} with an override of maintenance policies."),
        ),
        Some(ErrorCode::OperationNotAllowedInCurrentState) => (
            Rule::SAFETY_BLOCKED,
            format!("{method} on {device} was refused: its safety interlock is on."),
        ),
        Some(_) => return,
    };
    let alert = RaiseAlert::new(rule, summary)
        .of_device(device.clone())
        .hint(reason);
    alerts::raise(backend, alert).await;
}

async fn locate<B: Backend>(
    backend: &B,
    call: &InvokeMethod,
    until: Timestamp,
    overrides: &Option<String>,
) -> Result<Location, Failure> {
    let locate = RegistryRequest::Locate(Locate {
        identity: call.identity.clone(),
        until,
        method: call.method.clone(),
        overrides: overrides.clone(),
    });
    match ask_shard(backend, &call.identity.device, locate)
        .await
        .map_err(method_failure)?
    {
        RegistryReply::Location(place) => Ok(place),
        _ => Err(unexpected("the registry")),
    }
}

/// Errors of the call itself have fixed texts and the nested envelope; all others, such as
/// an unknown device, are classic.
fn method_failure(mut error: HubError) -> Failure {
    let text = match error.code {
        ErrorCode::DeviceNotOnline => "Timed out waiting for device to connect.",
        ErrorCode::GatewayTimeout => "Timed out waiting for the response from device.",
        ErrorCode::DeviceConnectionClosedRemotely => {
            "The device closed its connection before it answered."
        }
        ErrorCode::DeviceMaximumInflightMethodExceeded => {
            "The device has too many direct methods in flight; wait for some to end."
        }
        ErrorCode::OperationNotAllowedInCurrentState => {
            return Failure {
                error,
                envelope: Envelope::Held,
            };
        }
        _ => return error.into(),
    };
    error.message = text.to_owned();
    Failure {
        error,
        envelope: Envelope::Nested,
    }
}

impl Call {
    fn parse(body: &[u8]) -> Result<Self, HubError> {
        Self::read(&json::parse_object(body)?)
    }

    fn read(body: &Object) -> Result<Self, HubError> {
        let method = json::text_member(body, "methodName")?.unwrap_or_default();
        let seconds = |name: &str| json::whole_member(body, name);
        let payload = json::raw_member(body, "payload");
        let response = match seconds("responseTimeoutInSeconds")? {
            None => seconds("timeoutInSeconds")?,
            given => given,
        };
        let payload = payload.map(Value::to_string).unwrap_or_default();
        Self::new(
            method,
            payload,
            response,
            seconds("connectTimeoutInSeconds")?,
        )
    }

    /// A call, checked in the order of the contract's table.
    pub(super) fn new(
        method: &str,
        payload: String,
        response: Option<i64>,
        connect: Option<i64>,
    ) -> Result<Self, HubError> {
        if method.is_empty() {
            return Err(HubError::invalid("methodName is required."));
        }
        if method.len() > MAX_NAME_LENGTH || !method.bytes().all(is_name_byte) {
            return Err(HubError::invalid(format!(
                "methodName has at most {MAX_NAME_LENGTH} printable ASCII characters, without space and \
                 $ ( ) < > @ , ; : \\ \" / [ ] ? = {{ }} # +."
            )));
        }
        let response_seconds =
            within("responseTimeoutInSeconds", response, 5)?.unwrap_or(DEFAULT_RESPONSE_SECONDS);
        let connect_seconds = within("connectTimeoutInSeconds", connect, 0)?.unwrap_or(0);
        if connect_seconds > response_seconds {
            return Err(HubError::invalid(format!(
                "Device connection timeout {connect_seconds} s cannot be longer than an overall call \
                 timeout {response_seconds} s"
            )));
        }
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(HubError::new(
                ErrorCode::MessageTooLarge,
                format!("The payload of a method may have at most {MAX_PAYLOAD_BYTES} bytes."),
            ));
        }
        Ok(Self {
            method: method.to_owned(),
            payload,
            response_seconds,
            connect_seconds,
            overrides: None,
        })
    }
}

/// The call of a job, checked, with the names of its members as documented.
pub fn job_body(body: &Object) -> Result<Value, HubError> {
    let call = Call::read(body)?;
    let mut read = json!({
        "methodName": call.method,
        "responseTimeoutInSeconds": call.response_seconds,
        "connectTimeoutInSeconds": call.connect_seconds,
    });
    if let (Some(payload), Value::Object(read)) = (json::raw_member(body, "payload"), &mut read) {
        read.insert("payload".to_owned(), payload.clone());
    }
    Ok(read)
}

fn within(name: &str, seconds: Option<i64>, least: i64) -> Result<Option<i64>, HubError> {
    match seconds {
        Some(value) if !(least..=300).contains(&value) => Err(HubError::invalid(format!(
            "{name} must be within [{least}; 300]."
        ))),
        other => Ok(other),
    }
}

/// `device.md` §6; `#` and `+` are added since they cannot stand in a topic.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"$()<>@,;:\\\"/[]?={}#+".contains(&byte)
}

#[cfg(test)]
#[path = "methods_tests.rs"]
mod tests;
