//! The same query as a back end asks it, ready to copy. A key is never put into it.

use crate::components::field::Segmented;
use crate::i18n::{tr, word, wording};
use crate::pages::snippets::Command;
use crate::reactive::{Memo, RwSignal, derive};
use leptos::prelude::*;
use serde_json::json;

const REST: &str = r#"curl -X POST "{origin}/devices/query?api-version=2021-04-12" \
  -H "Authorization: $TOKEN" -H "Content-Type: application/json" \
  -d '{body}'"#;

const PYTHON: &str = r#"from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import QuerySpecification

registry = IoTHubRegistryManager.from_connection_string(CONNECTION_STRING)
page = registry.query_iot_hub(QuerySpecification(query={text}), None, 100)
for twin in page.items:
    print(twin)"#;

const NODE: &str = r#"const { Registry } = require('azure-iothub');

const registry = Registry.fromConnectionString(CONNECTION_STRING);
const query = registry.createQuery({text}, 100);
const { result } = await query.nextAsTwin();
console.log(result);"#;

fn snippet(language: &str, text: &str) -> String {
    let quoted = json!(text).to_string();
    match language {
        "python" => PYTHON.replace("{text}", &quoted),
        "node" => NODE.replace("{text}", &quoted),
        _ => {
            let origin = window().location().origin().unwrap_or_default();
            let body = json!({ "query": text }).to_string();
            // An apostrophe ends a word of the shell.
            let body = body.replace('\'', "'\"'\"'");
            REST.replace("{origin}", &origin).replace("{body}", &body)
        }
    }
}

/// The snippet.
#[component]
pub(super) fn SameCall(text: Memo<String>) -> impl IntoView {
    let language = RwSignal::new("rest".to_owned());
    let fixed = |name: &'static str| Signal::stored(name.to_owned());
    let code = derive(move || text.with(|text| snippet(&language.get(), text)));
    view! {
        <details class="card same-call">
            <summary>{tr!(query.call)}</summary>
            <div class="body">
                <div class="snippets">
                    <Segmented
                        label=wording(word!(query.call_language))
                        value=language
                        on_change=move |name: String| language.set(name)
                        options=vec![
                            ("rest", fixed("REST")),
                            ("python", fixed("Python")),
                            ("node", fixed("Node.js")),
                        ]
                    />
                    <Command title=wording(word!(query.call)) text=code/>
                </div>
            </div>
        </details>
    }
}
