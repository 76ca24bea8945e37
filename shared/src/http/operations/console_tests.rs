use super::*;
use crate::http::fake::{FakeHub, SHARDS, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::registry::{DevicePage, Statistics};

fn get(hub: &FakeHub, target: &str) -> Response {
    block_on(handle(
        hub,
        request(Method::Get, target).with("authorization", &hub.token("iothubowner")),
    ))
}

/// A hub with these devices, placed as the layout says.
fn with_devices(count: usize) -> FakeHub {
    FakeHub::new().registry_answers(move |shard, request| {
        let RegistryRequest::BrowseDevices(browse) = request else {
            panic!("unexpected {request:?}")
        };
        let layout = FakeHub::new().layout();
        let own: Vec<String> = (0..count)
            .map(|number| format!("device-{number:03}"))
            .filter(|id| layout.shard_of(&DeviceId::parse(id).unwrap()) == shard)
            .collect();
        let behind: Vec<&String> = own
            .iter()
            .filter(|id| browse.after.as_ref().is_none_or(|after| *id > after))
            .collect();
        let top = browse.top as usize;
        Ok(RegistryReply::DevicePage(DevicePage {
            items: behind
                .iter()
                .take(top)
                .map(|id| json!({ "deviceId": id }))
                .collect(),
            more: behind.len() > top,
            total: own.len() as u64,
            before: (own.len() - behind.len()) as u64,
        }))
    })
}

#[test]
fn the_list_pages_through_all_shards_in_order_of_id() {
    for (count, top) in [(0, 5), (1, 1), (10, 5), (23, 7), (23, 200)] {
        let hub = with_devices(count);
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = get(&hub, &format!("/api/v1/devices?top={top}&cursor={cursor}")).value();
            assert_eq!(page["total"], count);
            assert_eq!(page["before"], ids.len());
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= top);
            ids.extend(items.iter().map(|item| id_of(item).to_owned()));
            match page["cursor"].as_str() {
                Some(next) => {
                    assert_eq!(items.len(), top, "only the last page may be short");
                    cursor = next.to_owned();
                }
                None => break,
            }
        }
        assert_eq!(
            ids,
            (0..count)
                .map(|number| format!("device-{number:03}"))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn who_reads_on_needs_no_counts() {
    let hub = with_devices(3);
    let page = get(&hub, "/api/v1/devices?top=2&count=false").value();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    assert!(page.get("total").is_none() && page.get("before").is_none());
    let asked = hub.asked_registry.borrow();
    assert!(asked.iter().all(|(_, request)| matches!(
        request,
        RegistryRequest::BrowseDevices(browse) if browse.uncounted
    )));
}

#[test]
fn filters_reach_the_shards_and_nonsense_does_not() {
    let hub = with_devices(1);
    get(
        &hub,
        "/api/v1/devices?search=pump&status=disabled&connectionState=Connected",
    );
    let asked = hub.asked_registry.borrow();
    assert_eq!(asked.len(), usize::from(SHARDS));
    for (_, request) in asked.iter() {
        let RegistryRequest::BrowseDevices(browse) = request else {
            panic!()
        };
        assert_eq!(browse.search.as_deref(), Some("pump"));
        assert_eq!(
            (browse.status.as_deref(), browse.connected, browse.top),
            (Some("disabled"), Some(true), 50)
        );
    }
    drop(asked);
    for query in [
        "status=on",
        "connectionState=maybe",
        "top=0",
        "top=201",
        "cursor=*",
        &format!("search={}", "s".repeat(129)),
    ] {
        assert_eq!(
            get(&hub, &format!("/api/v1/devices?{query}")).status,
            400,
            "{query}"
        );
    }
}

#[test]
fn the_overview_sums_shards_and_partitions() {
    let hub = FakeHub::new().registry_answers(|shard, request| {
        assert!(matches!(request, RegistryRequest::Statistics));
        let one = u64::from(shard) + 1;
        Ok(RegistryReply::Statistics(Statistics {
            total: 10 * one,
            enabled: 9 * one,
            disabled: one,
            connected: one,
            never_connected: 2 * one,
        }))
    });
    // Ten o'clock is "now": 20 old events and 30 within the last ten seconds.
    for number in 0..20 {
        hub.store(0, -100, json!(number));
    }
    for number in 0..30 {
        hub.store(u16::try_from(number % 2).unwrap(), -5, json!(number));
    }
    let overview = get(&hub, "/api/v1/overview").value();
    assert_eq!(
        overview["devices"],
        json!({"total": 60, "enabled": 54, "disabled": 6, "connected": 6, "neverConnected": 12})
    );
    assert_eq!(overview["events"], json!({"total": 50, "perSecond": 3.0}));
    assert_eq!(
        overview["hub"],
        json!({"hostName": "hub.example", "version": VERSION, "shards": 3, "gateways": 2, "partitions": 3})
    );
    assert_eq!(overview["time"], "2026-03-01T10:00:00.0000000Z");
}

#[test]
fn health_is_for_everybody_even_before_set_up() {
    let mut hub = FakeHub::new();
    hub.settings = None;
    let response = block_on(handle(&hub, request(Method::Get, "/api/v1/health")));
    assert_eq!(
        (response.status, response.value()),
        (200, json!({"status": "ok", "version": VERSION}))
    );
    let refused = block_on(handle(&hub, request(Method::Get, "/api/v1/hub")));
    assert_eq!(
        (refused.status, refused.header("iothub-errorcode")),
        (503, Some("ServiceUnavailable"))
    );
    assert!(refused.text().contains("/api/v1/bootstrap"));
}

#[test]
fn a_devices_facts_come_from_its_shard() {
    let hub = FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::GetConnection(identity) => {
            let mut facts = json!({"connectionState": "Connected"});
            if let Some(module) = identity.module {
                facts["moduleId"] = json!(module);
            }
            Ok(RegistryReply::Connection(facts))
        }
        RegistryRequest::ListMessages(_) => Ok(RegistryReply::MessageList(vec![
            json!({"sequenceNumber": 1}),
        ])),
        other => panic!("unexpected {other:?}"),
    });
    assert_eq!(
        get(&hub, "/api/v1/devices/d/connection").value(),
        json!({"connectionState": "Connected"})
    );
    assert_eq!(
        get(&hub, "/api/v1/devices/d/modules/m/connection").value(),
        json!({"connectionState": "Connected", "moduleId": "m"})
    );
    assert_eq!(
        get(&hub, "/api/v1/devices/d/c2d").value(),
        json!({"items": [{"sequenceNumber": 1}]})
    );
    let shard = hub.layout().shard_of(&DeviceId::parse("d").unwrap());
    assert!(
        hub.asked_registry
            .borrow()
            .iter()
            .all(|(asked, _)| *asked == shard)
    );
}
