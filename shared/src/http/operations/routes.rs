//! Routes of hub-made events to the built-in endpoint (`query-routing-events.md` §3.1).
//!
//! So far only the condition `true`; telemetry reaches the endpoint without a route.

use super::{Failure, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::ipc::hub::{HubReply, HubRequest, Route};
use serde_json::{Value, json};

/// Sources whose events this hub makes.
const SOURCES: [&str; 4] = [
    "TwinChangeEvents",
    "DeviceLifecycleEvents",
    "DeviceConnectionStateEvents",
    "DeviceJobLifecycleEvents",
];
/// The endpoint that is always there.
const ENDPOINT: &str = "events";

/// `GET /api/v1/routes/{name}`; names are looked up case-insensitively
pub async fn get<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    // From the hub object itself: the mirror may not have seen the latest change.
    let HubReply::Settings(settings) = backend.hub(HubRequest::GetSettings).await? else {
        return Err(unexpected("the hub"));
    };
    let route = settings
        .routes
        .iter()
        .find(|route| route.name.eq_ignore_ascii_case(name));
    Ok(Response::json(
        200,
        &document(route.ok_or_else(|| not_found(name))?),
    ))
}

/// `PUT /api/v1/routes/{name}`: 201 for a new one, else 200
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    name: &str,
) -> Result<Response, Failure> {
    let route = read_route(&request.body, name)?;
    let answer = document(&route);
    match backend.hub(HubRequest::PutRoute(route)).await? {
        HubReply::Changed(is_new) => Ok(Response::json(if is_new { 201 } else { 200 }, &answer)),
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE /api/v1/routes/{name}`
pub async fn delete<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    match backend
        .hub(HubRequest::DeleteRoute(name.to_owned()))
        .await?
    {
        HubReply::Changed(true) => Ok(Response::empty(204)),
        HubReply::Changed(false) => Err(not_found(name).into()),
        _ => Err(unexpected("the hub")),
    }
}

fn not_found(name: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no route {name}."),
    )
}

fn document(route: &Route) -> Value {
    json!({
        "name": route.name,
        "source": route.source,
        "condition": route.condition,
        "endpointNames": [ENDPOINT],
        "isEnabled": route.is_enabled,
    })
}

fn read_route(body: &[u8], name: &str) -> Result<Route, HubError> {
    let legal = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !legal {
        return Err(HubError::invalid(
            "A route's name has 1 to 64 letters, digits, '.', '_' or '-'.",
        ));
    }
    let body = json::parse_object(body)?;
    if json::text_member(&body, "name")?.is_some_and(|named| !named.eq_ignore_ascii_case(name)) {
        return Err(HubError::invalid(
            "name in the body is not the name of the path.",
        ));
    }
    let given = json::text_member(&body, "source")?.unwrap_or_default();
    let source = SOURCES.iter().find(|source| source.eq_ignore_ascii_case(given)).ok_or_else(|| {
        HubError::invalid(format!(
            "source must be one of {}; telemetry reaches the built-in endpoint without a route.",
            SOURCES.join(", ")
        ))
    })?;
    if json::text_member(&body, "condition")?
        .is_some_and(|condition| !condition.trim().eq_ignore_ascii_case("true"))
    {
        return Err(HubError::invalid("Only the condition true is offered yet."));
    }
    match json::member(&body, "endpointNames") {
        None => {}
        Some(Value::Array(names)) if matches!(names.as_slice(), [Value::String(name)] if name == ENDPOINT) =>
            {}
        Some(_) => {
            return Err(HubError::invalid(
                "endpointNames must be [\"events\"]; other endpoints are not offered yet.",
            ));
        }
    }
    Ok(Route {
        name: name.to_owned(),
        source: (*source).to_owned(),
        condition: "true".to_owned(),
        is_enabled: json::flag_member(&body, "isEnabled")?.unwrap_or(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_defaults_and_the_documented_spelling_of_its_source() {
        let route = read_route(br#"{"source":"twinchangeevents"}"#, "r.1").unwrap();
        assert_eq!(
            document(&route),
            json!({"name":"r.1","source":"TwinChangeEvents","condition":"true","endpointNames":["events"],"isEnabled":true})
        );
        let off = br#"{"name":"R.1","source":"DeviceLifecycleEvents","condition":"TRUE","endpointNames":["events"],"isEnabled":false}"#;
        assert!(!read_route(off, "r.1").unwrap().is_enabled);
    }

    #[test]
    fn what_is_not_offered_is_said() {
        for (body, said) in [
            (r#"{"source":"DeviceMessages"}"#, "telemetry"),
            (
                r#"{"source":"TwinChangeEvents","condition":"a = 1"}"#,
                "condition",
            ),
            (
                r#"{"source":"TwinChangeEvents","endpointNames":["alarms"]}"#,
                "endpointNames",
            ),
            (
                r#"{"source":"TwinChangeEvents","endpointNames":[]}"#,
                "endpointNames",
            ),
            (r#"{"source":"TwinChangeEvents","name":"other"}"#, "path"),
        ] {
            let error = read_route(body.as_bytes(), "r").unwrap_err();
            assert!(error.message.contains(said), "{}", error.message);
        }
        assert!(read_route(br#"{"source":"TwinChangeEvents"}"#, "a b").is_err());
        assert!(read_route(br#"{"source":"TwinChangeEvents"}"#, &"a".repeat(65)).is_err());
    }
}
