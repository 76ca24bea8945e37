//! How to connect a first device, ready to copy. The placeholders are the hub's own values where
//! the console knows them; a key is never put into a snippet.

use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::field::Segmented;
use crate::i18n::{tr, wording};
use crate::reactive::{RwSignal, memo};
use leptos::prelude::*;

const PYTHON: &str = r#"import json, time
from azure.iot.device import IoTHubDeviceClient, Message

client = IoTHubDeviceClient.create_from_connection_string(
    "{connection}",
    websockets=True,
    server_verification_cert=open("ca.pem").read(),
)
client.connect()
while True:
    message = Message(json.dumps({"temperature": 21.5}))
    message.content_type, message.content_encoding = "application/json", "utf-8"
    client.send_message(message)
    time.sleep(2)"#;

const NODE: &str = r#"const { readFileSync } = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const { MqttWs } = require('azure-iot-device-mqtt');

const client = Client.fromConnectionString('{connection}', MqttWs);
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

const SIMULATOR: &str =
    r#"device-sim run --connection-string "{service}" --url {url} --devices 20 --create"#;

/// Install and run lines of one language.
fn snippet(language: &str, host_name: &str) -> (&'static str, String) {
    let connection = format!("HostName={host_name};DeviceId=…;SharedAccessKey=…");
    let service = format!("HostName={host_name};SharedAccessKeyName=iothubowner;SharedAccessKey=…");
    let origin = window().location().origin().unwrap_or_default();
    match language {
        "node" => (
            "npm install azure-iot-device azure-iot-device-mqtt",
            NODE.replace("{connection}", &connection),
        ),
        "simulator" => (
            "cargo build --release -p device-sim",
            SIMULATOR
                .replace("{service}", &service)
                .replace("{url}", &origin),
        ),
        _ => (
            "pip install azure-iot-device",
            PYTHON.replace("{connection}", &connection),
        ),
    }
}

/// The snippets with a language switch.
#[component]
pub fn Snippets(
    /// Name that devices connect to.
    #[prop(into)]
    host_name: Signal<String>,
) -> impl IntoView {
    let language = RwSignal::new("python".to_owned());
    let shown = memo(move || {
        let (install, run) = snippet(&language.get(), &host_name.get());
        (install.to_owned(), run)
    });
    let fixed = |name: &'static str| Signal::stored(name.to_owned());
    view! {
        <div class="snippets">
            <Segmented
                label=wording(|t| t.overview.snippet_language)
                value=language
                on_change=move |name: String| language.set(name)
                options=vec![
                    ("python", fixed("Python")),
                    ("node", fixed("Node.js")),
                    ("simulator", wording(|t| t.overview.snippet_simulator)),
                ]
            />
            <Command title=wording(|t| t.overview.start_step_install) text=Signal::derive(move || shown.get().0)/>
            <Command title=wording(|t| t.overview.start_step_run) text=Signal::derive(move || shown.get().1)/>
            <p class="dim">{tr!(overview.start_note)}</p>
        </div>
    }
}

/// Lines to copy.
#[component]
pub fn Command(
    /// What they are, for assistive technology.
    title: Signal<String>,
    /// The lines.
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="command">
            <pre tabindex="0" aria-label=move || title.get()><code>{move || text.get()}</code></pre>
            <CopyButton text label=wording(|t| t.common.copy) icon_only=true weight=Weight::Quiet/>
        </div>
    }
}
