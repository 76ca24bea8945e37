use super::*;
use crate::http::fake::{FakeHub, PARTITIONS, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::registry::Statistics;

#[test]
fn prometheus_names_are_words_of_small_letters() {
    for (name, counts, written) in [
        (
            "d2c.telemetry.ingress.allProtocol",
            true,
            "iothub_d2c_telemetry_ingress_all_protocol_total",
        ),
        (
            "C2DMessagesExpired",
            true,
            "iothub_c2d_messages_expired_total",
        ),
        (
            "c2d.twin.read.size",
            true,
            "iothub_c2d_twin_read_size_total",
        ),
        ("totalDeviceCount", false, "iothub_total_device_count"),
        (
            "EventGridDeliveries",
            true,
            "iothub_event_grid_deliveries_total",
        ),
        (
            "RoutingDataSizeInBytesDelivered",
            true,
            "iothub_routing_data_size_in_bytes_delivered_total",
        ),
    ] {
        assert_eq!(prometheus_name(name, counts), written);
    }
}

/// Every object has counted two methods and written ten rows.
fn hub() -> FakeHub {
    let report = || {
        json!({
            "counters": { "c2d.methods.success": 2 },
            "rowsWritten": 10,
            "bytes": 4096,
            "configurations": 1,
            "sockets": 3,
            "mostSockets": 5,
        })
    };
    let hub = FakeHub::new()
        .registry_answers(move |_, request| {
            Ok(match request {
                RegistryRequest::Report => RegistryReply::Explained(report()),
                RegistryRequest::Statistics => RegistryReply::Statistics(Statistics {
                    total: 4,
                    connected: 1,
                    ..Statistics::default()
                }),
                other => panic!("{other:?}"),
            })
        })
        .gateway_answers(move |_, _| {
            let mut report = report();
            report["throttles"] = json!({ "newConnections": [7, 2, 9] });
            Ok(GatewayReply::Report(report))
        })
        .hub_answers(move |_| Ok(HubReply::Report(report())));
    // One of yesterday, two of today.
    hub.store(0, -11 * 3600, json!("old"));
    hub.store(0, 0, json!("new"));
    hub.store(2, 1, json!("new"));
    hub
}

fn get(hub: &FakeHub, path: &str) -> Response {
    let request = request(Method::Get, path).with("authorization", &hub.token("service"));
    let response = block_on(handle(hub, request));
    assert_eq!(response.status, 200, "{}", response.text());
    response
}

#[test]
fn what_objects_counted_adds_up_under_azures_names() {
    let hub = hub();
    let body = get(&hub, "/api/v1/metrics").value();
    let metrics = body["metrics"].as_array().unwrap();
    let value = |name: &str| {
        let found = metrics.iter().filter(|metric| metric["name"] == name);
        let found: Vec<&Value> = found.collect();
        assert_eq!(found.len(), 1, "{name}");
        (
            found[0]["value"].as_u64().unwrap(),
            found[0]["type"].clone(),
        )
    };
    // Two gateways, three shards, the hub object.
    assert_eq!(value("c2d.methods.success"), (12, json!("counter")));
    assert_eq!(value("c2d.methods.failure"), (0, json!("counter")));
    // Three in the logs; each of three partitions tells of ten elsewhere, and of two endpoints.
    assert_eq!(value("d2c.telemetry.ingress.success").0, 33);
    assert_eq!(value("d2c.telemetry.egress.success").0, 3 + 3 * 7);
    assert_eq!(value("d2c.telemetry.egress.orphaned").0, 12);
    assert_eq!(value("d2c.telemetry.egress.fallback").0, 0);
    assert_eq!(value("d2c.telemetry.egress.invalid").0, 9);
    assert_eq!(value("d2c.endpoints.egress.storage.bytes").0, 2_100);
    assert_eq!(value("EventGridDeliveries").0, 6);
    assert_eq!(value("dailyMessageQuotaUsed"), (2, json!("gauge")));
    assert_eq!(value("totalDeviceCount"), (12, json!("gauge")));
    let text = get(&hub, "/metrics").text();
    assert!(text.contains(
        "# TYPE iothub_c2d_methods_success_total counter\niothub_c2d_methods_success_total 12\n"
    ));
    assert!(
        text.contains(
            "# TYPE iothub_connected_device_count gauge\niothub_connected_device_count 3\n"
        )
    );
    assert_eq!(text.lines().count(), 2 * metrics.len());
}

#[test]
fn usage_tells_limits_and_who_met_them() {
    let hub = hub();
    hub.throttles.borrow_mut().note_refused("policy:greedy");
    hub.throttles.borrow_mut().note_refused("policy:greedy");
    let usage = get(&hub, "/api/v1/usage").value();
    assert_eq!(
        usage["refusedCallers"],
        json!([{ "caller": "policy:greedy", "refused": 2 }])
    );
    let connections = &usage["throttles"]["newConnections"];
    assert_eq!(connections["perMinute"], 360_000);
    assert_eq!(
        (&connections["lastMinute"], &connections["refusedLastHour"]),
        (&json!(14), &json!(4))
    );
    assert_eq!(
        usage["messages"],
        json!({ "today": 2, "dailyQuota": 300_000_000 })
    );
    assert_eq!(usage["rowsWritten"], 60);
    let objects = usage["storage"]["objects"].as_object().unwrap();
    assert_eq!(objects.len(), 6 + usize::from(PARTITIONS));
    assert_eq!(usage["storage"]["bytes"], 6 * 4096);
}
