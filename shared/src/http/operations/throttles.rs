//! How often operations may run: reading and changing it (`service.md` §16).

use super::{Failure, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::ipc::hub::{HubReply, HubRequest, Settings, ThrottleOverride, ThrottleSettings};
use crate::json;
use crate::throttle::{self, OperationClass};
use serde_json::{Map, Value};

/// `GET /api/v1/throttles`
pub async fn get<B: Backend>(backend: &B) -> Result<Response, Failure> {
    // From the hub object itself: the mirror may not have seen the latest change.
    answer(backend, backend.hub(HubRequest::GetSettings).await?)
}

/// `PUT /api/v1/throttles`: replaces units and overrides
pub async fn put<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let throttles = read(&request.body)?;
    answer(
        backend,
        backend.hub(HubRequest::PutThrottles(throttles)).await?,
    )
}

fn answer<B: Backend>(backend: &B, reply: HubReply) -> Result<Response, Failure> {
    let HubReply::Settings(settings) = reply else {
        return Err(unexpected("the hub"));
    };
    Ok(Response::json(200, &document(backend, &settings)))
}

fn document<B: Backend>(backend: &B, settings: &Settings) -> Value {
    let own = backend.throttles();
    let mut own = own.borrow_mut();
    own.configure(settings.version, &settings.throttles, 1);
    let mut overrides = Map::new();
    let mut rates = Map::new();
    for class in OperationClass::ALL {
        let limit = throttle::limit(&settings.throttles, class);
        let mut rate = json!({ "perMinute": limit.per_minute, "burst": limit.burst });
        let named = |other: &ThrottleOverride| other.class == class.name();
        if settings.throttles.overrides.iter().any(named) {
            overrides.insert(class.name().to_owned(), rate.clone());
        }
        // Connections are counted by the gateways alone, devices of jobs by the shards.
        if let (Value::Object(rate), Some(bucket)) = (&mut rate, own.bucket(class))
            && class != OperationClass::NewConnections
            && class != OperationClass::JobDeviceOperations
        {
            rate.insert("available".into(), json!(bucket.available(backend.now())));
            rate.insert("refused".into(), json!(bucket.refused()));
        }
        rates.insert(class.name().to_owned(), rate);
    }
    json!({
        "units": settings.throttles.units,
        "overrides": overrides,
        "rates": rates,
    })
}

/// `{"units":2,"overrides":{"queries":{"perMinute":60,"burst":10}}}`
fn read(body: &[u8]) -> Result<ThrottleSettings, HubError> {
    let body = json::parse_object(body)?;
    let units = match json::member(&body, "units") {
        Some(_) => whole(&body, "units")?,
        None => 1,
    };
    let overrides = match json::member(&body, "overrides") {
        None => Vec::new(),
        Some(Value::Object(overrides)) => overrides
            .iter()
            .map(|(class, limit)| {
                let Value::Object(limit) = limit else {
                    return Err(HubError::invalid(format!(
                        "{class} must be an object with perMinute and burst."
                    )));
                };
                Ok(ThrottleOverride {
                    class: class.clone(),
                    per_minute: whole(limit, "perMinute")?,
                    burst: whole(limit, "burst")?,
                })
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(HubError::invalid("overrides must be an object.")),
    };
    Ok(ThrottleSettings { units, overrides })
}

/// What is missing or negative becomes zero, which no rate may be.
fn whole(object: &Object, name: &str) -> Result<u64, HubError> {
    let number = json::whole_member(object, name)?.unwrap_or(0);
    Ok(u64::try_from(number).unwrap_or(0))
}
