//! Programs to copy: a first device, a first back end. The hub's own values stand in them where
//! they are known; a key never does.

/// Who a program speaks as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A device.
    Device,
    /// A back end.
    Service,
}

impl Side {
    /// What there is a program in, by its name in addresses; the first one is shown.
    pub fn languages(self) -> &'static [&'static str] {
        match self {
            Self::Device => &["python", "node", "c", "simulator"],
            Self::Service => &["python", "node", "curl", "az"],
        }
    }

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Service => "service",
        }
    }

    /// The inverse of [`Side::name`]; a device for all other words.
    pub fn named(name: &str) -> Self {
        match name {
            "service" => Self::Service,
            _ => Self::Device,
        }
    }

    /// The language of a name, or the first one.
    pub fn language(self, name: &str) -> &'static str {
        let all = self.languages();
        let found = all.iter().find(|known| **known == name);
        found.or(all.first()).copied().unwrap_or_default()
    }
}

const DEVICE_PYTHON: &str = r#"import json, time
from azure.iot.device import IoTHubDeviceClient, Message

client = IoTHubDeviceClient.create_from_connection_string(
    "{device}",
    websockets=True,
    server_verification_cert=open("ca.pem").read(),
)
client.connect()
while True:
    message = Message(json.dumps({"temperature": 21.5}))
    message.content_type, message.content_encoding = "application/json", "utf-8"
    client.send_message(message)
    time.sleep(2)"#;

const DEVICE_NODE: &str = r#"const { readFileSync } = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const { MqttWs } = require('azure-iot-device-mqtt');

const client = Client.fromConnectionString('{device}', MqttWs);
(async () => {
  await client.setOptions({ ca: readFileSync('ca.pem', 'utf8') });
  await client.open();
  setInterval(() => {
    const message = new Message(JSON.stringify({ temperature: 21.5 }));
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    client.sendEvent(message, (error) => error && console.error(error));
  }, 2000);
})();"#;

const DEVICE_C: &str = r#"#include "iothub.h"
#include "iothub_client_options.h"
#include "iothub_device_client_ll.h"
#include "iothubtransportmqtt_websockets.h"

/* ca: the text of ca.pem */
void run(const char *ca) {
    IoTHub_Init();
    IOTHUB_DEVICE_CLIENT_LL_HANDLE client = IoTHubDeviceClient_LL_CreateFromConnectionString(
        "{device}", MQTT_WebSocket_Protocol);
    IoTHubDeviceClient_LL_SetOption(client, OPTION_TRUSTED_CERT, ca);
    IOTHUB_MESSAGE_HANDLE message = IoTHubMessage_CreateFromString("{\"temperature\": 21.5}");
    IoTHubDeviceClient_LL_SendEventAsync(client, message, NULL, NULL);
    IoTHubMessage_Destroy(message);
    for (;;) IoTHubDeviceClient_LL_DoWork(client);
}"#;

const SIMULATOR: &str =
    r#"device-sim run --connection-string "{service}" --url {origin} --devices 20 --create"#;

const SERVICE_PYTHON: &str = r#"from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import Twin, TwinProperties

registry = IoTHubRegistryManager.from_connection_string(
    "{service_here}"
)
print([device.device_id for device in registry.get_devices(10)])
registry.update_twin("my-first-device", Twin(properties=TwinProperties(desired={"interval": 9})))"#;

const SERVICE_NODE: &str = r#"const { Registry } = require('azure-iothub');

const registry = Registry.fromConnectionString(
  '{service}'
);
registry.list().then((answer) => console.log(answer.responseBody.map((device) => device.deviceId)));"#;

const SERVICE_CURL: &str = r#"curl -X POST "{origin}/devices/query?api-version=2021-04-12" \
  -H "Authorization: $TOKEN" -H "Content-Type: application/json" \
  -d '{"query":"SELECT * FROM devices"}'"#;

const SERVICE_AZ: &str = r#"az iot hub query --login "{service}" \
  --query-command "SELECT * FROM devices""#;

/// What is known of the hub.
#[derive(Debug, Clone, Copy)]
pub struct Hub<'a> {
    /// The name in connection strings.
    pub name: &'a str,
    /// Where the console comes from, such as `https://localhost:8443`.
    pub origin: &'a str,
}

/// What to install, and what to run then.
pub fn snippet(side: Side, language: &str, hub: Hub<'_>) -> (&'static str, String) {
    let (install, run) = match (side, side.language(language)) {
        (Side::Device, "node") => (
            "npm install azure-iot-device azure-iot-device-mqtt",
            DEVICE_NODE,
        ),
        (Side::Device, "c") => (
            "sudo apt-get install -y cmake git libcurl4-openssl-dev libssl-dev uuid-dev\ngit clone --recursive https://github.com/Azure/azure-iot-sdk-c",
            DEVICE_C,
        ),
        (Side::Device, "simulator") => ("cargo build --release -p device-sim", SIMULATOR),
        (Side::Device, _) => ("pip install azure-iot-device", DEVICE_PYTHON),
        (Side::Service, "node") => (
            "npm install azure-iothub\nexport NODE_EXTRA_CA_CERTS=ca.pem",
            SERVICE_NODE,
        ),
        (Side::Service, "curl") => (
            "export TOKEN=\"Bearer skerry_…\"  # or SharedAccessSignature …",
            SERVICE_CURL,
        ),
        (Side::Service, "az") => (
            "az extension add --name azure-iot\nexport REQUESTS_CA_BUNDLE=ca.pem",
            SERVICE_AZ,
        ),
        (Side::Service, _) => (
            "pip install azure-iot-hub six\nexport REQUESTS_CA_BUNDLE=ca.pem",
            SERVICE_PYTHON,
        ),
    };
    let of_policy =
        |host: &str| format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey=…");
    let device = format!("HostName={};DeviceId=…;SharedAccessKey=…", hub.name);
    let run = run
        .replace("{device}", &device)
        .replace("{service}", &of_policy(hub.name))
        .replace("{service_here}", &of_policy(&with_port(hub)))
        .replace("{origin}", hub.origin);
    (install, run)
}

/// The name with the port of TLS, for clients that take one there: only where the console itself
/// comes over TLS is it known which.
fn with_port(hub: Hub<'_>) -> String {
    let host = hub.origin.strip_prefix("https://");
    match host.and_then(|host| host.rsplit_once(':')) {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{}:{port}", hub.name)
        }
        _ => hub.name.to_owned(),
    }
}

/// Where the hub is reached, as seen from its console: what for, and the address.
pub fn endpoints(origin: &str) -> [(Endpoint, String); 7] {
    // `http` becomes `ws`, `https` becomes `wss`.
    let socket = origin.replacen("http", "ws", 1);
    [
        (Endpoint::Devices, format!("{socket}/$iothub/websocket")),
        (Endpoint::Rest, origin.to_owned()),
        (
            Endpoint::EventStream,
            format!("{origin}/api/v1/events/stream"),
        ),
        (Endpoint::EventSocket, format!("{socket}/api/v1/events/ws")),
        (Endpoint::Blobs, format!("{origin}/blobs/")),
        (Endpoint::Metrics, format!("{origin}/metrics")),
        (Endpoint::Document, format!("{origin}/console/openapi.json")),
    ]
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Devices, by MQTT over WebSocket.
    Devices,
    /// Back ends, and devices over HTTPS.
    Rest,
    /// Events as server-sent events.
    EventStream,
    /// Events over a WebSocket.
    EventSocket,
    /// The blob store.
    Blobs,
    /// Metrics for Prometheus.
    Metrics,
    /// The OpenAPI document.
    Document,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: Hub<'static> = Hub {
        name: "hub.example",
        origin: "https://hub.example:8443",
    };

    #[test]
    fn every_program_names_the_hub_and_no_placeholder_stays() {
        for side in [Side::Device, Side::Service] {
            for language in side.languages() {
                let (install, run) = snippet(side, language, HUB);
                assert!(!install.is_empty());
                assert!(run.contains("hub.example"), "{language}: {run}");
                for place in ["{device}", "{service", "{origin}"] {
                    assert!(!run.contains(place), "{language} keeps {place}");
                }
                // A key is for whoever runs it to put in.
                let keys = run.matches("SharedAccessKey=").count();
                assert_eq!(keys, run.matches("SharedAccessKey=…").count(), "{language}");
            }
            assert_eq!(Side::named(side.name()), side);
            assert_eq!(side.language("cobol"), "python");
        }
    }

    #[test]
    fn only_clients_that_take_a_port_get_one() {
        let (_, python) = snippet(Side::Service, "python", HUB);
        assert!(python.contains("HostName=hub.example:8443;"));
        let (_, node) = snippet(Side::Service, "node", HUB);
        assert!(node.contains("HostName=hub.example;"));
        let plain = Hub {
            origin: "http://127.0.0.1:8787",
            ..HUB
        };
        let (_, python) = snippet(Side::Service, "python", plain);
        assert!(python.contains("HostName=hub.example;"));
    }

    #[test]
    fn sockets_are_as_secure_as_the_page() {
        let of = |origin| endpoints(origin)[0].1.clone();
        assert_eq!(
            of("http://127.0.0.1:8787"),
            "ws://127.0.0.1:8787/$iothub/websocket"
        );
        assert_eq!(of("https://a.http.b"), "wss://a.http.b/$iothub/websocket");
    }
}
