//! Fleet figures, the device list and single identities (`service.md §4`).

use super::ApiError;
use super::client::{Answer, hub, own};
use super::developers;
use super::query;
use crate::logic::json_document::{part, whole, words, words_if_any};
use crate::logic::query_result::cell;
use crate::logic::sparse_rows::Keyed;
use crate::logic::url_state::{DeviceFilter, encode, write_query};
use gloo_net::http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::http::cursor::encode_id;
use shared::query::quoted;

/// Twins that are looked at for paths of columns.
const SAMPLE: usize = 20;

/// `GET /api/v1/overview`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Overview {
    /// Device counts.
    pub devices: DeviceCounts,
    /// Event counts.
    pub events: EventCounts,
    /// The hub itself.
    pub hub: HubInfo,
}

/// Device counts of the overview.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceCounts {
    /// All identities.
    pub total: u64,
    /// Those that may connect.
    pub enabled: u64,
    /// Those that may not.
    pub disabled: u64,
    /// Connected now.
    pub connected: u64,
    /// Registered but never seen.
    pub never_connected: u64,
}

/// Event counts of the overview.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventCounts {
    /// Events stored so far.
    pub total: u64,
    /// Rate over the last seconds.
    pub per_second: f64,
}

/// The hub's own description.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubInfo {
    /// Name that devices connect to.
    pub host_name: String,
    /// Version of the hub.
    #[serde(default)]
    pub version: String,
    /// Registry shards.
    #[serde(default)]
    pub shards: u32,
    /// Gateways.
    #[serde(default)]
    pub gateways: u32,
    /// Event partitions.
    #[serde(default)]
    pub partitions: u32,
}

/// A row of the device list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub struct DeviceRow {
    /// Identity.
    pub device_id: String,
    /// `enabled` or `disabled`.
    pub status: String,
    /// Why it is disabled.
    pub status_reason: Option<String>,
    /// `Connected` or `Disconnected`.
    pub connection_state: String,
    /// Since when.
    pub connection_state_updated_time: Option<String>,
    /// Last message, connection or method answer.
    pub last_activity_time: Option<String>,
    /// Messages waiting for the device.
    pub cloud_to_device_message_count: u64,
    /// `sas`, `selfSigned` or `certificateAuthority`.
    pub authentication_type: String,
    /// Twin tags.
    pub tags: Value,
    /// Twin properties, if they were asked for.
    pub properties: Value,
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for DeviceRow {
    fn from(row: Value) -> Self {
        Self {
            device_id: words(&row, "deviceId"),
            status: words(&row, "status"),
            status_reason: words_if_any(&row, "statusReason"),
            connection_state: words(&row, "connectionState"),
            connection_state_updated_time: words_if_any(&row, "connectionStateUpdatedTime"),
            last_activity_time: words_if_any(&row, "lastActivityTime"),
            cloud_to_device_message_count: whole(&row, "cloudToDeviceMessageCount").unwrap_or(0),
            authentication_type: words(&row, "authenticationType"),
            tags: part(&row, "tags"),
            properties: part(&row, "properties"),
        }
    }
}

impl Keyed for DeviceRow {
    fn key(&self) -> &str {
        &self.device_id
    }
}

impl DeviceRow {
    /// The value at a path of the twin as text.
    pub fn text_at(&self, path: &str) -> String {
        match path.split_once('.') {
            Some(("tags", rest)) => cell(&self.tags, rest),
            Some(("properties", rest)) => cell(&self.properties, rest),
            _ => String::new(),
        }
    }
}

/// Rows of the device list behind an id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DevicePage<T = DeviceRow> {
    /// Rows of this page.
    pub items: Vec<T>,
    /// How many devices match in all.
    #[serde(default)]
    pub total: u64,
    /// How many of them are not behind the id.
    #[serde(default)]
    pub before: u64,
}

/// A device identity (`service.md §4.2`). Fields the console does not show stay in `raw` so that
/// a replace sends them back unchanged.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The whole object.
    pub raw: Value,
    /// Entity tag for the next write.
    pub etag: String,
}

impl Identity {
    pub(super) fn new(answer: Answer<Value>) -> Self {
        let body_tag = answer
            .value
            .get("etag")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let etag = answer.etag.or(body_tag).unwrap_or_else(|| "*".to_owned());
        Self {
            raw: answer.value,
            etag,
        }
    }

    /// A text field of the object; empty if absent or null.
    pub fn text(&self, name: &str) -> String {
        self.raw
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether the device may connect.
    pub fn enabled(&self) -> bool {
        self.text("status") != "disabled"
    }

    /// `primaryKey` or `secondaryKey`, if the device signs with keys and this role may read them.
    pub fn key(&self, which: &str) -> Option<String> {
        let key = self
            .raw
            .pointer("/authentication/symmetricKey")?
            .get(which)?
            .as_str()?;
        (!key.is_empty()).then(|| key.to_owned())
    }

    /// `sas`, `selfSigned` or `certificateAuthority`.
    pub fn authentication_type(&self) -> String {
        self.raw
            .pointer("/authentication/type")
            .and_then(Value::as_str)
            .unwrap_or("sas")
            .to_owned()
    }
}

/// `GET /api/v1/devices/{id}/connection`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Connection {
    /// `Connected` or `Disconnected`.
    pub connection_state: String,
    /// Since when.
    pub since: Option<String>,
    /// Gateway that holds the socket.
    pub gateway: Option<Value>,
    /// Keep-alive asked for by the device.
    pub keep_alive_seconds: Option<u64>,
    /// Library the device named.
    pub client_type: Option<String>,
    /// Protocol in use.
    pub protocol: Option<String>,
    /// When its token ends.
    pub token_expiry: Option<Value>,
    /// Whether the session started empty.
    pub clean_session: Option<bool>,
    /// Topic filters it holds.
    pub subscriptions: Vec<String>,
    /// Why the last connection ended.
    pub last_disconnect_reason: Option<String>,
    /// When the last connection ended.
    pub last_disconnect_time: Option<String>,
    /// What the doctor says, the gravest first.
    pub diagnosis: Vec<Value>,
    /// How the last sessions ended, the newest first.
    pub last_closes: Vec<Value>,
}

/// Fleet figures.
pub async fn overview() -> Result<Overview, ApiError> {
    own(Method::GET, "/overview").read().await.map(|a| a.value)
}

/// The name that devices connect to.
pub async fn host_name() -> Result<String, ApiError> {
    developers::names().await.map(|names| names.host_name)
}

/// The first few devices of a filter.
pub async fn first(filter: DeviceFilter, most: usize) -> Result<DevicePage, ApiError> {
    let whole = !filter.condition.is_empty();
    let asked = Asked {
        filter,
        whole,
        order: String::new(),
    };
    behind(&asked, "", most, None).await
}

/// Which devices, and what of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub filter: DeviceFilter,
    /// Whether more is needed than the plain list has: a condition, or properties. A query tells
    /// that, which costs the hub more.
    pub whole: bool,
    /// The end of a query that puts them into another order than that of ids.
    pub order: String,
}

/// Devices behind an id in the order of ids, which need not be one of a device. `known`: how many
/// are not behind it and how many there are, where that need not be asked anew.
pub async fn behind<T: DeserializeOwned>(
    asked: &Asked,
    id: &str,
    most: usize,
    known: Option<(u64, u64)>,
) -> Result<DevicePage<T>, ApiError> {
    let filter = &asked.filter;
    if asked.whole {
        return queried(filter, id, most, known).await;
    }
    let query = write_query([
        ("search", filter.search.clone()),
        ("status", filter.status.clone()),
        ("connectionState", filter.connection.clone()),
        ("top", most.to_string()),
        ("cursor", encode_id(id)),
        ("count", known.map_or("", |_| "false").to_owned()),
    ]);
    let call = own(Method::GET, &format!("/devices{query}"));
    let mut page: DevicePage<T> = call.read().await?.value;
    if let Some((before, total)) = known {
        (page.before, page.total) = (before, total);
    }
    Ok(page)
}

/// What a row of the list shows, as a query names it.
const COLUMNS: &str = "deviceId, status, statusReason, connectionState, \
    connectionStateUpdatedTime, lastActivityTime, cloudToDeviceMessageCount, authenticationType, \
    tags, properties";

/// The same rows, told by a query.
async fn queried<T: DeserializeOwned>(
    filter: &DeviceFilter,
    id: &str,
    most: usize,
    known: Option<(u64, u64)>,
) -> Result<DevicePage<T>, ApiError> {
    let condition = filter.whole_condition();
    let id = quoted(id);
    let text = format!("SELECT {COLUMNS} FROM devices WHERE {condition} AND deviceId > {id}");
    let page: Answer<Vec<T>> = query::page(&text, most, None).await?;
    let count = async |condition: &str| {
        query::count(&format!(
            "SELECT COUNT() AS n FROM devices WHERE {condition}"
        ))
        .await
    };
    let (before, total) = match known {
        Some(known) => known,
        // The rows behind the id are all there: nothing is left to count but those before it.
        None if id == "''" && page.continuation.is_none() => (0, page.value.len() as u64),
        None if id == "''" => (0, count(&condition).await?),
        None => {
            let before = count(&format!("{condition} AND deviceId <= {id}")).await?;
            (before, count(&condition).await?)
        }
    };
    Ok(DevicePage {
        items: page.value,
        total,
        before,
    })
}

/// Devices in the order that was asked for, from where another answer ended, and how many there
/// are if this is the first one.
pub async fn ordered(
    asked: &Asked,
    most: usize,
    from: Option<&str>,
) -> Result<(Answer<Vec<DeviceRow>>, Option<u64>), ApiError> {
    let condition = asked.filter.whole_condition();
    let text = format!(
        "SELECT {COLUMNS} FROM devices WHERE {condition}{}",
        asked.order
    );
    let page: Answer<Vec<DeviceRow>> = query::page(&text, most, from).await?;
    let total = match (from, &page.continuation) {
        (Some(_), _) => None,
        (None, None) => Some(page.value.len() as u64),
        (None, Some(_)) => {
            let text = format!("SELECT COUNT() AS n FROM devices WHERE {condition}");
            Some(query::count(&text).await?)
        }
    };
    Ok((page, total))
}

/// A few whole twins, to see what there is in them.
pub async fn sample(filter: &DeviceFilter) -> Result<Vec<Value>, ApiError> {
    let condition = filter.whole_condition();
    let text = format!("SELECT * FROM devices WHERE {condition}");
    let page: Answer<Vec<Value>> = query::page(&text, SAMPLE, None).await?;
    Ok(page.value)
}

/// One identity with its keys.
pub async fn identity(id: &str) -> Result<Identity, ApiError> {
    hub(Method::GET, &path(id)).read().await.map(Identity::new)
}

/// Creates an identity; without keys the hub makes them (`service.md §4.2`).
pub async fn create(
    id: &str,
    keys: Option<(&str, &str)>,
    enabled: bool,
) -> Result<Identity, ApiError> {
    let (primary, secondary) = keys.unwrap_or(("", ""));
    let body = json!({
        "deviceId": id,
        "status": if enabled { "enabled" } else { "disabled" },
        "authentication": {
            "type": "sas",
            "symmetricKey": { "primaryKey": primary, "secondaryKey": secondary },
        },
    });
    hub(Method::PUT, &path(id))
        .json(&body)
        .read()
        .await
        .map(Identity::new)
}

/// Enables or disables: a full replace with the identity as it was read, guarded by its tag.
pub async fn set_status(
    identity: &Identity,
    enabled: bool,
    reason: Option<&str>,
) -> Result<Identity, ApiError> {
    let mut body = identity.raw.clone();
    if let Some(object) = body.as_object_mut() {
        object.insert(
            "status".to_owned(),
            json!(if enabled { "enabled" } else { "disabled" }),
        );
        object.insert("statusReason".to_owned(), json!(reason));
    }
    hub(Method::PUT, &path(&identity.text("deviceId")))
        .if_match(&identity.etag)
        .json(&body)
        .read()
        .await
        .map(Identity::new)
}

/// Deletes an identity with its twin and waiting messages.
pub async fn delete(id: &str, etag: &str) -> Result<(), ApiError> {
    hub(Method::DELETE, &path(id)).if_match(etag).done().await
}

/// How the device is connected, or why it last was not.
pub async fn connection(id: &str) -> Result<Connection, ApiError> {
    own(Method::GET, &format!("/devices/{}/connection", encode(id)))
        .read()
        .await
        .map(|a| a.value)
}

fn path(id: &str) -> String {
    format!("/devices/{}", encode(id))
}
