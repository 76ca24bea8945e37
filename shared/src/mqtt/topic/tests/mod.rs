//! Topics of devices; filters and topics of the hub have files of their own.

mod delivery;
mod subscriptions;

use super::*;
use crate::ids::{DeviceId, ModuleId};
use crate::mqtt::packet::{Limits, Packet, Publish};
use crate::mqtt::property_bag;
use crate::mqtt::{decode, encode};
use proptest::prelude::*;

fn device(id: &str) -> Identity {
    Identity::device(DeviceId::parse(id).unwrap())
}

fn module(device: &str, module: &str) -> Identity {
    Identity {
        device: DeviceId::parse(device).unwrap(),
        module: Some(ModuleId::parse(module).unwrap()),
    }
}

#[test]
fn telemetry_in_every_spelling() {
    let telemetry = |bag| Ok(DeviceTopic::Telemetry { bag });
    for (topic, bag) in [
        ("devices/dev1/messages/events", ""),
        ("devices/dev1/messages/events/", ""),
        ("devices/dev1/messages/events/a=1", "a=1"),
        ("devices/dev1/messages/events/a=1/", "a=1"),
        (
            "devices/dev1/messages/events/$.ct=application/json",
            "$.ct=application/json",
        ),
        ("devices/dev1/messages/events/?a=1", "?a=1"),
    ] {
        assert_eq!(
            parse_publish(topic, &device("dev1")),
            telemetry(bag),
            "{topic}"
        );
    }
    assert_eq!(
        parse_publish(
            "devices/dev1/modules/m/messages/events/%24.on=out/",
            &module("dev1", "m")
        ),
        telemetry("%24.on=out")
    );
}

#[test]
fn telemetry_of_somebody_else_is_refused() {
    for (topic, identity) in [
        ("devices/dev2/messages/events/", device("dev1")),
        ("devices/Dev1/messages/events/", device("dev1")),
        ("devices/dev1/modules/m/messages/events/", device("dev1")),
        ("devices/dev1/messages/events/", module("dev1", "m")),
        (
            "devices/dev1/modules/n/messages/events/",
            module("dev1", "m"),
        ),
        ("devices/dev11/messages/events/", device("dev1")),
        ("devices/d%231/messages/events/", device("d#1")),
    ] {
        assert_eq!(
            parse_publish(topic, &identity),
            Err(TopicError::OtherIdentity),
            "{topic}"
        );
    }
}

#[test]
fn unknown_topics_are_refused() {
    assert_eq!(
        parse_publish("devices/dev1/m/messages/events/", &module("dev1", "m")),
        Err(TopicError::Unknown)
    );
    for (topic, error) in [
        ("foo/bar", TopicError::Unknown),
        ("devices/dev1", TopicError::Unknown),
        ("devices/dev1/messages/eventsX", TopicError::Unknown),
        ("devices/dev1/messages/devicebound/", TopicError::Unknown),
        ("/devices/dev1/messages/events/", TopicError::Unknown),
        ("$iothub/twin/get/?$rid=1", TopicError::UnknownIotHubTopic),
        ("$iothub/twin/GET", TopicError::UnknownIotHubTopic),
        ("$iothub/twin/GET/x?$rid=1", TopicError::UnknownIotHubTopic),
        (
            "$iothub/methods/POST/x/?$rid=1",
            TopicError::UnknownIotHubTopic,
        ),
        (
            "$iothub/twin/PATCH/properties/desired/?$rid=1",
            TopicError::DesiredIsReadOnly,
        ),
        (
            "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x",
            TopicError::Version,
        ),
        (
            "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=+1",
            TopicError::Version,
        ),
        (
            "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=",
            TopicError::Version,
        ),
        ("$iothub/methods/res/200", TopicError::MethodResponse),
        ("$iothub/methods/res/x/?$rid=1", TopicError::MethodResponse),
        ("$iothub/methods/res/+5/?$rid=1", TopicError::MethodResponse),
        (
            "$iothub/methods/res/2147483648/?$rid=1",
            TopicError::MethodResponse,
        ),
        ("$iothub/methods/res/200/?$rid=", TopicError::MethodResponse),
        ("$iothub/methods/res/200/?rid=1", TopicError::MethodResponse),
    ] {
        assert_eq!(parse_publish(topic, &device("dev1")), Err(error), "{topic}");
    }
    let long = format!("$iothub/twin/GET/?$rid={}", "r".repeat(1025));
    assert_eq!(
        parse_publish(&long, &device("dev1")),
        Err(TopicError::RequestIdTooLong)
    );
    assert!(parse_publish(&long[..long.len() - 1], &device("dev1")).is_ok());
}

#[test]
fn twin_requests() {
    let parse = |topic| parse_publish(topic, &module("dev1", "m")).unwrap();
    assert_eq!(
        parse("$iothub/twin/GET/?$rid=a%20b"),
        DeviceTopic::TwinGet {
            request_id: Some("a%20b")
        }
    );
    assert_eq!(
        parse("$iothub/twin/GET/?x=1&$rid=7=8"),
        DeviceTopic::TwinGet {
            request_id: Some("7=8")
        }
    );
    assert_eq!(
        parse("$iothub/twin/GET/"),
        DeviceTopic::TwinGet { request_id: None }
    );
    assert_eq!(
        parse("$iothub/twin/GET/?"),
        DeviceTopic::TwinGet { request_id: None }
    );
    assert_eq!(
        parse("$iothub/twin/PATCH/properties/reported/?$rid=5&$version=12"),
        DeviceTopic::TwinReport {
            request_id: Some("5"),
            version: Some(12)
        }
    );
    assert_eq!(
        parse("$iothub/twin/PATCH/properties/reported/"),
        DeviceTopic::TwinReport {
            request_id: None,
            version: None
        }
    );
}

#[test]
fn method_responses_take_any_32_bit_status() {
    for (text, status) in [
        ("200", 200),
        ("-1", -1),
        ("0", 0),
        ("2147483647", i32::MAX),
        ("-2147483648", i32::MIN),
    ] {
        let topic = format!("$iothub/methods/res/{text}/?$rid=1f&x=y");
        assert_eq!(
            parse_publish(&topic, &device("dev1")),
            Ok(DeviceTopic::MethodResponse {
                status,
                request_id: "1f"
            })
        );
    }
}

#[test]
fn reading_telemetry_allocates_nothing() {
    let identity = device("dev1");
    let topic = "devices/dev1/messages/events/%24.mid=mid%201&%24.ct=application%2Fjson\
                 &%24.ce=utf-8&a%20b=x%2Fy%C3%A9%FF&long-unescaped-name=value&%24.unknown-system-key=1/";
    let mut bytes = Vec::new();
    let message = Publish {
        topic,
        payload: &[b'x'; 100],
        qos: 1,
        packet_id: Some(7),
        retain: false,
        dup: false,
    };
    encode::publish(&mut bytes, &message).unwrap();
    let mut size = 0;
    let counted = allocation_counter::measure(|| {
        let Ok(Some((Packet::Publish(message), _))) = decode(&bytes, &Limits::HUB) else {
            return;
        };
        let Ok(DeviceTopic::Telemetry { bag }) = parse_publish(message.topic, &identity) else {
            return;
        };
        size = property_bag::measure(bag).unwrap_or(0);
    });
    assert!(size > 0, "the message was not read to its end");
    assert_eq!(counted.count_total, 0);
}

proptest! {
    #[test]
    fn the_short_way_agrees_with_the_contracts_pattern(
        topic in "(devices/){0,2}(dev1|dev2|)/?((modules/)?(m|n|)/?)?(messages/){0,2}(events|event)?(/?(a=1|/|\\?)){0,3}",
        as_module in any::<bool>(),
    ) {
        let identity = if as_module { module("dev1", "m") } else { device("dev1") };
        let expected = by_segments(&topic).filter(|(device, module, _)| {
            *device == "dev1" && *module == identity.module.as_ref().map(ModuleId::as_str)
        });
        match parse_publish(&topic, &identity) {
            Ok(DeviceTopic::Telemetry { bag }) => {
                prop_assert_eq!(expected.map(|(.., bag)| bag.to_owned()), Some(bag.to_owned()));
            }
            _ => prop_assert!(expected.is_none(), "{topic}"),
        }
    }

    #[test]
    fn no_topic_makes_a_parser_panic(topic in "(\\$iothub/|methods/|res/|twin/|GET/|\\?|\\$rid=|&|-|é|[0-9]{1,12}|.){0,12}") {
        let _ = parse_publish(&topic, &device("dev1"));
        let _ = parse_delivery(&topic, &device("dev1"));
        let _ = parse_filter(&topic, &device("dev1"));
    }
}

/// The pattern of `device.md` §3.1, written a second time, segment by segment.
fn by_segments(topic: &str) -> Option<(&str, Option<&str>, String)> {
    let parts: Vec<&str> = topic.split('/').collect();
    let (device, module, rest) = match parts.as_slice() {
        [
            "devices",
            device,
            "modules",
            module,
            "messages",
            "events",
            rest @ ..,
        ] => (*device, Some(*module), rest),
        ["devices", device, "messages", "events", rest @ ..] => (*device, None, rest),
        _ => return None,
    };
    if device.is_empty() || module == Some("") {
        return None;
    }
    let bag = rest.join("/");
    Some((
        device,
        module,
        bag.strip_suffix('/').unwrap_or(&bag).to_owned(),
    ))
}
