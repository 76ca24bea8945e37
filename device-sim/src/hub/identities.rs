//! Device identities over REST: create, read keys, tag, delete (`service.md` §4, §6).
//!
//! Never overwrites a device that exists already: its key is read instead, and only what
//! this run created is deleted at its end.

use crate::error::SimError;
use crate::hub::access::HubAccess;
use crate::hub::dial::Dialer;
use crate::hub::rest::{API_VERSION, RestClient};
use serde_json::{Value, json};
use shared::percent::encode;
use shared::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// Calls in flight at once.
const CONCURRENCY: usize = 16;

/// What is wanted for one device.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The device id.
    pub device_id: String,
    /// Tags for its twin; none leaves the twin alone.
    pub tags: Option<Value>,
}

/// A device that can connect.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The device id.
    pub device_id: String,
    /// Its primary key, base64.
    pub key: String,
    /// Whether this run created it.
    pub created: bool,
}

/// How keys are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Create what is missing, with keys derived from the policy key.
    Create,
    /// Read the keys of devices that must exist.
    Read,
}

/// Makes or reads all identities, in the order of `wanted`; `advanced` is called per device done.
pub async fn prepare(
    dialer: &Dialer,
    access: &HubAccess,
    wanted: Vec<Wanted>,
    source: Source,
    now: fn() -> Timestamp,
    advanced: Arc<dyn Fn() + Send + Sync>,
) -> Result<Vec<Credential>, SimError> {
    let wanted = Arc::new(wanted);
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..CONCURRENCY.min(wanted.len()) {
        let (wanted, next, advanced) = (wanted.clone(), next.clone(), advanced.clone());
        let (access, mut client) = (
            access.clone(),
            RestClient::new(dialer.clone(), access.clone()),
        );
        workers.spawn(async move {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = wanted.get(index) else {
                    return Ok::<_, SimError>(done);
                };
                let credential = match source {
                    Source::Create => create(&mut client, &access, one, now).await?,
                    Source::Read => read(&mut client, &one.device_id, now).await?,
                };
                done.push((index, credential));
                advanced();
            }
        });
    }
    let mut all = Vec::with_capacity(wanted.len());
    while let Some(outcome) = workers.join_next().await {
        all.extend(
            outcome
                .map_err(|error| SimError::Network(format!("a worker ended early: {error}")))??,
        );
    }
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, credential)| credential).collect())
}

async fn create(
    client: &mut RestClient,
    access: &HubAccess,
    wanted: &Wanted,
    now: fn() -> Timestamp,
) -> Result<Credential, SimError> {
    let device_id = &wanted.device_id;
    let key = access.derived_device_key(device_id, "primary")?;
    let body = json!({"deviceId": device_id, "status": "enabled", "authentication": {"type": "sas", "symmetricKey":
        {"primaryKey": key, "secondaryKey": access.derived_device_key(device_id, "secondary")?}}});
    let path = identity_path(device_id);
    let answer = client.call(now(), "PUT", &path, None, Some(&body)).await?;
    let credential = match answer.status {
        200 | 201 => Credential {
            device_id: device_id.clone(),
            key,
            created: true,
        },
        409 => read(client, device_id, now).await?,
        _ => return Err(answer.refusal(&format!("device {device_id} was not created"))),
    };
    if let Some(tags) = &wanted.tags {
        let path = format!("/twins/{}?api-version={API_VERSION}", encode(device_id));
        let answer = client
            .call(now(), "PATCH", &path, None, Some(&json!({"tags": tags})))
            .await?;
        if answer.status != 200 {
            return Err(answer.refusal(&format!("the tags of {device_id} were not set")));
        }
    }
    Ok(credential)
}

async fn read(
    client: &mut RestClient,
    device_id: &str,
    now: fn() -> Timestamp,
) -> Result<Credential, SimError> {
    let answer = client
        .call(now(), "GET", &identity_path(device_id), None, None)
        .await?;
    if answer.status == 404 {
        return Err(SimError::Refused(format!(
            "device {device_id} does not exist; add --create to make it"
        )));
    }
    if answer.status != 200 {
        return Err(answer.refusal(&format!("the key of {device_id} cannot be read")));
    }
    match answer
        .body
        .pointer("/authentication/symmetricKey/primaryKey")
        .and_then(Value::as_str)
    {
        Some(key) if !key.is_empty() => Ok(Credential {
            device_id: device_id.to_owned(),
            key: key.to_owned(),
            created: false,
        }),
        _ => Err(SimError::Refused(format!(
            "device {device_id} has no symmetric key (X.509?); choose another --prefix, the simulator signs with keys"
        ))),
    }
}

/// Deletes devices; one that is gone already counts as deleted.
pub async fn delete(
    dialer: &Dialer,
    access: &HubAccess,
    device_ids: Vec<String>,
    now: fn() -> Timestamp,
    advanced: Arc<dyn Fn() + Send + Sync>,
) -> Result<(), SimError> {
    let device_ids = Arc::new(device_ids);
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..CONCURRENCY.min(device_ids.len()) {
        let (device_ids, next, advanced) = (device_ids.clone(), next.clone(), advanced.clone());
        let mut client = RestClient::new(dialer.clone(), access.clone());
        workers.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(device_id) = device_ids.get(index) else {
                    return Ok::<_, SimError>(());
                };
                let answer = client
                    .call(now(), "DELETE", &identity_path(device_id), Some("*"), None)
                    .await?;
                if !matches!(answer.status, 200 | 204 | 404) {
                    return Err(answer.refusal(&format!("device {device_id} was not deleted")));
                }
                advanced();
            }
        });
    }
    while let Some(outcome) = workers.join_next().await {
        outcome.map_err(|error| SimError::Network(format!("a worker ended early: {error}")))??;
    }
    Ok(())
}

fn identity_path(device_id: &str) -> String {
    format!("/devices/{}?api-version={API_VERSION}", encode(device_id))
}
