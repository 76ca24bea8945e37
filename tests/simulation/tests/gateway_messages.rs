//! Cloud-to-device messages and direct methods on the wire (`device.md` §4, §6).

use serde_json::json;
use shared::http::Method;
use shared::mqtt::encode;
use simulation::device::Habits;
use simulation::operator::Reply;
use simulation::packets::{ConnectFields, Message, Owned, Wire};
use simulation::{Faults, Simulation};
use std::cell::RefCell;
use std::rc::Rc;

fn hub() -> (Simulation, ConnectFields) {
    let mut simulation = Simulation::new(3, Faults::none());
    let device = simulation.create_device("pump-1", Habits::default());
    let key = simulation.world().devices[device].key.clone();
    let fields = ConnectFields::new(&simulation, "pump-1", &key);
    (simulation, fields)
}

const C2D: &str = "devices/pump-1/messages/devicebound/#";

fn send(simulation: &mut Simulation, mid: &str) {
    let (operator, mid) = (simulation.operator(), mid.to_owned());
    let reply = simulation.finish(async move {
        operator
            .send_message(
                "pump-1",
                &mid,
                &[("iothub-ack", "full"), ("iothub-app-k", "v")],
            )
            .await
    });
    assert_eq!(reply.status, 204, "{reply:?}");
    simulation.run(50);
}

fn outcomes(simulation: &mut Simulation) -> Vec<String> {
    let operator = simulation.operator();
    simulation.finish(async move {
        let mut outcomes = Vec::new();
        loop {
            let reply = operator.get("/messages/serviceBound/feedback").await;
            if reply.status == 204 {
                return outcomes;
            }
            for record in reply.body.as_array().unwrap() {
                let text = |name: &str| record[name].as_str().unwrap().to_owned();
                outcomes.push(format!(
                    "{} {}",
                    text("originalMessageId"),
                    text("statusCode")
                ));
            }
            let token = reply.header("etag").unwrap().trim_matches('"').to_owned();
            let target = format!("/messages/serviceBound/feedback/{token}");
            let settled = operator
                .send(Method::Delete, &target, &[], Vec::new())
                .await;
            assert_eq!(settled.status, 204, "{settled:?}");
        }
    })
}

fn is(message: &Message, mid: &str, dup: bool) {
    assert!(
        message.topic.contains(&format!("%24.mid={mid}")),
        "{} is not {mid}",
        message.topic
    );
    assert_eq!(message.dup, dup, "{mid}");
}

#[test]
fn puback_completes_and_unacknowledged_messages_come_again_first_with_dup() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    send(&mut simulation, "m1");
    send(&mut simulation, "m2");
    let first = wire.message(&simulation);
    is(&first, "m1", false);
    assert_eq!(
        (first.qos, first.payload.as_slice()),
        (1, b"do it".as_slice())
    );
    assert!(
        first
            .topic
            .starts_with("devices/pump-1/messages/devicebound/")
    );
    assert!(
        first
            .topic
            .contains("%24.to=%2Fdevices%2Fpump-1%2Fmessages%2Fdevicebound")
    );
    assert!(
        first.topic.contains("iothub-ack=full") && first.topic.ends_with("k=v"),
        "{}",
        first.topic
    );
    let second = wire.message(&simulation);
    assert_ne!(first.packet_id, second.packet_id);
    wire.write(&mut simulation, |out| {
        encode::puback(out, first.packet_id.unwrap())
    });
    assert_eq!(outcomes(&mut simulation), ["m1 Success"]);
    wire.drop_network(&mut simulation, true);
    send(&mut simulation, "m3");
    let (mut wire, present) = Wire::connected(&mut simulation, &fields);
    assert!(present);
    is(&wire.message(&simulation), "m2", true);
    is(&wire.message(&simulation), "m3", false);
    assert_eq!(wire.next(&simulation), None);
}

#[test]
fn qos_0_completes_when_written() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[(C2D, 0)]);
    send(&mut simulation, "m1");
    let message = wire.message(&simulation);
    assert_eq!((message.qos, message.packet_id), (0, None));
    assert_eq!(outcomes(&mut simulation), ["m1 Success"]);
}

#[test]
fn messages_from_before_the_first_subscription_are_delivered() {
    let (mut simulation, fields) = hub();
    send(&mut simulation, "m1");
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    assert_eq!(wire.next(&simulation), None, "not subscribed");
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    is(&wire.message(&simulation), "m1", false);
}

#[test]
fn ten_are_in_flight_and_each_puback_brings_the_next() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    for number in 1..=15 {
        send(&mut simulation, &format!("m{number}"));
    }
    let mut ids = Vec::new();
    for number in 1..=10 {
        let message = wire.message(&simulation);
        is(&message, &format!("m{number}&"), false);
        ids.push(message.packet_id.unwrap());
    }
    assert_eq!(wire.next(&simulation), None);
    for (number, id) in ids.into_iter().enumerate().take(5) {
        wire.write(&mut simulation, |out| encode::puback(out, id));
        is(
            &wire.message(&simulation),
            &format!("m{}&", number + 11),
            false,
        );
    }
    assert_eq!(wire.next(&simulation), None);
}

#[test]
fn unsubscribing_stops_delivery_and_keeps_the_queue() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    send(&mut simulation, "m1");
    is(&wire.message(&simulation), "m1", false);
    wire.write(&mut simulation, |out| {
        encode::unsubscribe(out, 9, &[C2D]).unwrap()
    });
    assert_eq!(wire.next(&simulation), Some(Owned::UnsubAck(9)));
    send(&mut simulation, "m2");
    simulation.run(60_000);
    assert_eq!(wire.next(&simulation), None);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    is(&wire.message(&simulation), "m1", true);
    is(&wire.message(&simulation), "m2", false);
}

#[test]
fn a_clean_session_discards_what_was_queued() {
    let (mut simulation, fields) = hub();
    send(&mut simulation, "m1");
    let clean = ConnectFields {
        clean_session: true,
        ..fields
    };
    let (mut wire, _) = Wire::connected(&mut simulation, &clean);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    assert_eq!(wire.next(&simulation), None);
    assert_eq!(outcomes(&mut simulation), ["m1 Purged"]);
}

#[test]
fn an_expired_message_is_not_delivered_and_the_sender_learns_it() {
    let (mut simulation, fields) = hub();
    let expiry = simulation.world().wall().plus_seconds(60).to_string();
    let operator = simulation.operator();
    let reply = simulation.finish(async move {
        let headers = [
            ("iothub-ack", "negative"),
            ("iothub-expiry", expiry.as_str()),
        ];
        operator.send_message("pump-1", "m1", &headers).await
    });
    assert_eq!(reply.status, 204);
    simulation.run(61_000);
    assert_eq!(outcomes(&mut simulation), ["m1 Expired"]);
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[(C2D, 1)]);
    assert_eq!(wire.next(&simulation), None);
}

/// Starts a method call; its answer appears in the cell.
fn call(
    simulation: &mut Simulation,
    number: i64,
    response: i64,
    connect: i64,
) -> Rc<RefCell<Option<Reply>>> {
    let answer = Rc::new(RefCell::new(None));
    let (operator, cell) = (simulation.operator(), answer.clone());
    simulation.spawn(async move {
        let reply = operator
            .call_method("pump-1", number, response, connect)
            .await;
        *cell.borrow_mut() = Some(reply);
    });
    simulation.run(50);
    answer
}

fn status(answer: &Rc<RefCell<Option<Reply>>>) -> Option<(u16, String)> {
    let answer = answer.borrow();
    let reply = answer.as_ref()?;
    Some((
        reply.status,
        reply
            .header("iothub-errorcode")
            .unwrap_or_default()
            .to_owned(),
    ))
}

fn request_id(message: &Message) -> String {
    message
        .topic
        .strip_prefix("$iothub/methods/POST/reboot/?$rid=")
        .expect("a method call")
        .to_owned()
}

#[test]
fn a_method_call_gets_the_device_s_answer() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/methods/POST/#", 0)]);
    for (body, payload) in [
        (b"{\"ok\":true}".as_slice(), json!({ "ok": true })),
        (b"", json!(null)),
        (b"null", json!(null)),
    ] {
        let answer = call(&mut simulation, 5, 30, 0);
        let message = wire.message(&simulation);
        assert_eq!(
            (message.qos, message.payload.as_slice()),
            (0, b"{\"call\":5}".as_slice())
        );
        let topic = format!("$iothub/methods/res/-7/?$rid={}", request_id(&message));
        wire.publish(&mut simulation, &topic, body, Some(3));
        assert_eq!(wire.next(&simulation), Some(Owned::PubAck(3)));
        let reply = answer.borrow_mut().take().expect("answered");
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, json!({ "status": -7, "payload": payload }));
    }
}

#[test]
fn method_calls_fail_as_documented() {
    let (mut simulation, fields) = hub();
    let offline = call(&mut simulation, 1, 30, 0);
    assert_eq!(status(&offline), Some((404, "DeviceNotOnline".into())));
    let waits = call(&mut simulation, 2, 30, 5);
    assert_eq!(status(&waits), None);
    simulation.run(5_000);
    assert_eq!(status(&waits), Some((404, "DeviceNotOnline".into())));
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    let unsubscribed = call(&mut simulation, 3, 30, 0);
    assert_eq!(status(&unsubscribed), Some((404, "DeviceNotOnline".into())));
    let early = call(&mut simulation, 4, 5, 5);
    wire.subscribe(&mut simulation, &[("$iothub/methods/POST/#", 0)]);
    simulation.run(50);
    let message = wire.message(&simulation);
    simulation.run(5_000);
    assert_eq!(
        status(&early),
        Some((504, "GatewayTimeout".into())),
        "subscribed in time, never answered"
    );
    let next = call(&mut simulation, 5, 30, 0);
    let late = format!("$iothub/methods/res/200/?$rid={}", request_id(&message));
    wire.publish(&mut simulation, &late, b"{}", None);
    assert_eq!(status(&next), None, "a late answer is nobody's");
    wire.drop_network(&mut simulation, true);
    assert_eq!(
        status(&next),
        Some((404, "DeviceConnectionClosedRemotely".into()))
    );
}

#[test]
fn a_filter_for_one_method_takes_only_that() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/methods/POST/other/#", 0)]);
    let answer = call(&mut simulation, 1, 30, 0);
    assert_eq!(status(&answer), Some((404, "DeviceNotOnline".into())));
    assert_eq!(wire.next(&simulation), None);
}

#[test]
fn so_many_calls_are_in_flight_and_no_more() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/methods/POST/#", 0)]);
    let calls: Vec<_> = (0..64)
        .map(|number| call(&mut simulation, number, 60, 0))
        .collect();
    let refused = call(&mut simulation, 64, 60, 0);
    assert_eq!(
        status(&refused),
        Some((403, "DeviceMaximumInflightMethodExceeded".into()))
    );
    let mut ids: Vec<String> = (0..64)
        .map(|_| request_id(&wire.message(&simulation)))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 64);
    for id in ids.iter().rev() {
        wire.publish(
            &mut simulation,
            &format!("$iothub/methods/res/200/?$rid={id}"),
            b"",
            None,
        );
    }
    assert!(
        calls
            .iter()
            .all(|answer| status(answer) == Some((200, String::new())))
    );
}

#[test]
fn the_hub_remembers_request_ids_over_a_hibernation() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/methods/POST/#", 0)]);
    simulation.run(4_000);
    let first = call(&mut simulation, 1, 5, 0);
    let late = request_id(&wire.message(&simulation));
    // What was counted is written ten seconds later.
    simulation.run(19_000);
    assert_eq!(status(&first), Some((504, "GatewayTimeout".into())));
    let addresses: Vec<_> = simulation.world().nodes.keys().copied().collect();
    let evicted = addresses.into_iter().filter(|address| {
        matches!(address, shared::ipc::Address::Gateway(_))
            && simulation.world_mut().evict(*address)
    });
    assert!(evicted.count() > 0, "an idle gateway hibernates");
    let second = call(&mut simulation, 2, 30, 0);
    assert_ne!(request_id(&wire.message(&simulation)), late);
    wire.publish(
        &mut simulation,
        &format!("$iothub/methods/res/200/?$rid={late}"),
        b"",
        None,
    );
    assert_eq!(status(&second), None);
}
