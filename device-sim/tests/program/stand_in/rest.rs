//! Identities and tags over HTTP/1.1.

use super::{Device, HOST_NAME, OWNER_KEY, StandIn};
use serde_json::{Value, json};
use shared::auth::{Rights, SasToken, SharedAccessPolicy};
use shared::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_milliseconds(i64::try_from(since.as_millis()).unwrap())
}

/// Serves one kept-alive connection.
pub async fn serve(hub: &StandIn, mut stream: TcpStream) {
    let mut received = Vec::new();
    loop {
        let head_end = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8(received[..head_end].to_vec()).unwrap();
        let header = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        let length: usize = header("content-length").map_or(0, |(_, value)| value.parse().unwrap());
        while received.len() < head_end + length {
            assert_ne!(
                stream.read_buf(&mut received).await.unwrap(),
                0,
                "the body is cut"
            );
        }
        let body =
            serde_json::from_slice(&received[head_end..head_end + length]).unwrap_or(Value::Null);
        received.drain(..head_end + length);
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        assert!(target.contains("api-version="), "{target}");
        let path = target.split('?').next().unwrap();
        let authorised = header("authorization").is_some_and(|(_, token)| is_owner(token, path));
        let (status, answer) = if authorised {
            answer(hub, method, path, header("if-match").is_some(), body)
        } else {
            (
                401,
                json!({"Message": "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"}),
            )
        };
        let text = if status == 204 {
            String::new()
        } else {
            answer.to_string()
        };
        let response = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn is_owner(token: &str, path: &str) -> bool {
    let policy = SharedAccessPolicy {
        name: "iothubowner".to_owned(),
        primary_key: OWNER_KEY.to_owned(),
        secondary_key: OWNER_KEY.to_owned(),
        rights: Rights::REGISTRY_WRITE
            .with(Rights::SERVICE_CONNECT)
            .with(Rights::DEVICE_CONNECT),
    };
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    SasToken::parse(token).is_ok_and(|token| {
        token
            .verify_service(&policy, &[HOST_NAME], &segments, now())
            .is_ok()
    })
}

fn answer(
    hub: &StandIn,
    method: &str,
    path: &str,
    has_if_match: bool,
    body: Value,
) -> (u16, Value) {
    let mut state = hub.state();
    let identity = |id: &str, key: &str| {
        json!({"deviceId": id, "authentication": {"type": "sas",
            "symmetricKey": {"primaryKey": key, "secondaryKey": key}}})
    };
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        ("PUT", ["devices", id]) => {
            if state.devices.contains_key(*id) {
                return (409, json!({"Message": "ErrorCode:DeviceAlreadyExists;"}));
            }
            let key = body["authentication"]["symmetricKey"]["primaryKey"]
                .as_str()
                .unwrap()
                .to_owned();
            let device = Device {
                desired: json!({}),
                desired_version: 1,
                reported: json!({}),
                reported_version: 1,
                key: key.clone(),
                ..Device::default()
            };
            state.devices.insert((*id).to_owned(), device);
            (200, identity(id, &key))
        }
        ("GET", ["devices", id]) => match state.devices.get(*id) {
            Some(device) => (200, identity(id, &device.key)),
            None => (
                404,
                json!({"Message": format!("ErrorCode:DeviceNotFound;{id}")}),
            ),
        },
        ("DELETE", ["devices", id]) => {
            assert!(has_if_match);
            state.devices.remove(*id);
            state.deleted.push((*id).to_owned());
            (204, Value::Null)
        }
        ("PATCH", ["twins", id]) => {
            state.devices.get_mut(*id).unwrap().tags = body["tags"].clone();
            (200, json!({}))
        }
        _ => (404, json!({"Message": "ErrorCode:GenericNotFound;"})),
    }
}
