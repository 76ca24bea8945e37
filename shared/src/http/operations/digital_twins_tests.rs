use super::*;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::ConnectionId;
use crate::ipc::gateway::{GatewayReply, GatewayRequest};
use crate::ipc::registry::Location;
use crate::time::Timestamp;

fn twin(model: &str, properties: Value) -> Value {
    json!({ "deviceId": "d", "modelId": model, "properties": properties })
}

fn device() -> DeviceId {
    DeviceId::parse("d").unwrap()
}

#[test]
fn without_a_model_there_is_only_the_frame() {
    let twin = twin("", json!({ "desired": { "a": 1 }, "reported": { "b": 2 } }));
    assert_eq!(
        view(&device(), &twin),
        json!({ "$dtId": "d", "$metadata": { "$model": "" } })
    );
}

#[test]
fn a_model_shows_properties_components_and_what_was_acknowledged() {
    let time = "2026-03-01T10:00:00Z";
    let twin = twin(
        "dtmi:com:example:Pump;1",
        json!({
            "desired": {
                "speed": 5, "$version": 7,
                "motor": { "__t": "c", "limit": 9 },
                "$metadata": { "$lastUpdated": time, "speed": { "$lastUpdated": time, "$lastUpdatedVersion": 6 } },
            },
            "reported": {
                "speed": { "value": 4, "ac": 202, "av": 6, "ad": "slowly" },
                "serial": "x1",
                "motor": { "__t": "c", "heat": 40 },
                "$version": 3,
                "$metadata": { "$lastUpdated": time, "serial": { "$lastUpdated": time } },
            },
        }),
    );
    let view = view(&device(), &twin);
    assert_eq!(view["speed"], 4);
    assert_eq!(
        view["$metadata"]["speed"],
        json!({ "desiredValue": 5, "desiredVersion": 6, "ackCode": 202, "ackVersion": 6, "ackDescription": "slowly" })
    );
    assert_eq!(view["serial"], "x1");
    assert_eq!(view["$metadata"]["serial"]["lastUpdateTime"], time);
    assert_eq!(view["motor"]["heat"], 40);
    assert_eq!(
        view["motor"]["$metadata"]["limit"],
        json!({ "desiredValue": 9, "desiredVersion": 7 })
    );
    assert_eq!(view["$metadata"]["$model"], "dtmi:com:example:Pump;1");
    assert!(view["motor"].get("__t").is_none());
}

#[test]
fn a_json_patch_becomes_a_patch_of_desired_properties() {
    let twin = twin(
        "m",
        json!({ "desired": { "plain": { "a": 1 } }, "reported": {} }),
    );
    let patch = json!([
        { "op": "add", "path": "/speed", "value": 5 },
        { "op": "replace", "path": "/motor/limit", "value": 9 },
        { "op": "remove", "path": "/old" },
        { "op": "add", "path": "/fan", "value": { "on": true, "$metadata": {} } },
        { "op": "add", "path": "/plain/b~1c", "value": 2 },
    ]);
    assert_eq!(
        desired_patch(&patch, &twin).unwrap(),
        json!({
            "speed": 5,
            "motor": { "__t": "c", "limit": 9 },
            "old": null,
            "fan": { "on": true, "__t": "c" },
            "plain": { "b/c": 2 },
        })
    );
    for bad in [
        json!({}),
        json!([{ "op": "move", "path": "/a", "from": "/b" }]),
        json!([{ "op": "add", "path": "/a" }]),
        json!([{ "op": "add", "path": "a", "value": 1 }]),
        json!([{ "op": "add", "path": "/$dtId", "value": 1 }]),
        json!([{ "op": "add", "path": "/a//b", "value": 1 }]),
    ] {
        assert!(desired_patch(&bad, &twin).is_err(), "{bad}");
    }
}

#[test]
fn a_command_is_a_method_and_its_status_a_header() {
    let hub = FakeHub::new()
        .registry_answers(|_, _| {
            Ok(RegistryReply::Location(Location {
                gateway: 0,
                connection: ConnectionId("c".into()),
            }))
        })
        .gateway_answers(|_, _| {
            Ok(GatewayReply::MethodResult {
                status: 201,
                payload: json!({ "done": true }),
            })
        });
    let ask = |target: &str, body: &[u8]| {
        let mut request =
            request(Method::Post, target).with("authorization", &hub.token("service"));
        request.body = body.to_vec();
        block_on(handle(&hub, request))
    };
    let version = "api-version=2021-04-12";
    let response = ask(
        &format!(
            "/digitaltwins/d/components/motor/commands/start?{version}&responseTimeoutInSeconds=60"
        ),
        b"5",
    );
    assert_eq!(
        (response.status, response.value()),
        (200, json!({ "done": true }))
    );
    let status = response
        .headers
        .iter()
        .find(|(name, _)| name == "x-ms-command-statuscode");
    assert_eq!(status.map(|(_, value)| value.as_str()), Some("201"));
    ask(&format!("/digitaltwins/d/commands/stop?{version}"), b"");
    let asked: Vec<(String, String, Timestamp)> = hub
        .asked_gateway
        .borrow()
        .iter()
        .filter_map(|(_, request)| match request {
            GatewayRequest::InvokeMethod(call) => {
                Some((call.method.clone(), call.payload.clone(), call.deadline))
            }
            _ => None,
        })
        .collect();
    let now = hub.now.get();
    assert_eq!(
        asked,
        [
            ("motor*start".into(), "5".into(), now.plus_seconds(60)),
            ("stop".into(), String::new(), now.plus_seconds(30)),
        ]
    );
    let bad = ask(&format!("/digitaltwins/d/commands/stop?{version}"), b"{");
    assert_eq!(bad.status, 400);
}
