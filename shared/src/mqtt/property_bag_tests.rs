//! Bags from captures, from the contract, and made up.

use super::*;
use crate::ids::DeviceId;
use crate::mqtt::topic::devicebound_topic;
use proptest::prelude::*;

fn application(bag: &str) -> Vec<(String, String)> {
    let properties = parse(bag).unwrap();
    assert!(properties.system.is_empty(), "{properties:?}");
    properties.application
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

#[test]
fn reads_the_bag_captured_from_the_python_sdk() {
    let bag = "%24.mid=mid%201&%24.cid=c1&%24.ct=application%2Fjson&%24.ce=utf-8&%24.sub=comp&a%20b=x%2Fy%2Bz%26%3D";
    let properties = parse(bag).unwrap();
    assert_eq!(properties.get(SystemProperty::MessageId), Some("mid 1"));
    assert_eq!(properties.get(SystemProperty::CorrelationId), Some("c1"));
    assert_eq!(
        properties.get(SystemProperty::ContentType),
        Some("application/json")
    );
    assert_eq!(
        properties.get(SystemProperty::ContentEncoding),
        Some("utf-8")
    );
    assert_eq!(properties.get(SystemProperty::Subject), Some("comp"));
    assert_eq!(properties.application, pairs(&[("a b", "x/y+z&=")]));
    // Values of system properties, names and values of the others.
    assert_eq!(properties.property_size(), 5 + 2 + 16 + 5 + 4 + 3 + 7);
    assert_eq!(measure(bag), Ok(properties.property_size()));
}

#[test]
fn every_row_of_the_contracts_table() {
    assert_eq!(application(""), []);
    assert_eq!(application("a"), pairs(&[("a", "")]));
    assert_eq!(application("a="), pairs(&[("a", "")]));
    assert_eq!(application("a=b=c"), pairs(&[("a", "b=c")]));
    assert_eq!(application("a=1&b=2&a=3"), pairs(&[("a", "3"), ("b", "2")]));
    assert_eq!(application("?a=1"), pairs(&[("a", "1")]));
    assert_eq!(application("?"), []);
    assert_eq!(application("a+b=c+d"), pairs(&[("a+b", "c+d")]));
    for (bag, error) in [
        ("=v", InvalidBag::EmptyKey),
        ("a=1&=v", InvalidBag::EmptyKey),
        ("a=1&&b=2", InvalidBag::EmptyItem),
        ("&a=1", InvalidBag::EmptyItem),
        ("&", InvalidBag::EmptyItem),
        ("a=1&&", InvalidBag::EmptyItem),
    ] {
        assert_eq!(parse(bag), Err(error), "{bag}");
        assert_eq!(measure(bag), Err(error), "{bag}");
    }
    assert_eq!(application("a=1&"), pairs(&[("a", "1")]));
    let raw_slash = parse("$.ct=application/json").unwrap();
    assert_eq!(
        raw_slash.get(SystemProperty::ContentType),
        Some("application/json")
    );
}

#[test]
fn a_system_key_is_known_in_every_spelling() {
    for key in ["$.mid", "%24.mid", "%24%2emid", "$%2Emid", "%24.%6Did"] {
        let properties = parse(&format!("{key}=1&{key}=2")).unwrap();
        assert_eq!(
            properties.system,
            [(SystemProperty::MessageId, "2".to_owned())],
            "{key}"
        );
        assert!(properties.application.is_empty());
    }
    // Unknown ones are ordinary properties; case matters.
    assert_eq!(
        application("$.x=1&%24.MID=2"),
        pairs(&[("$.x", "1"), ("$.MID", "2")])
    );
    assert_eq!(
        application("%24.a-long-key-of-no-meaning=1&$=2"),
        pairs(&[("$.a-long-key-of-no-meaning", "1"), ("$", "2")])
    );
}

#[test]
fn a_device_cannot_forge_who_it_is() {
    let properties = parse("%24.cdid=other&$.cmid=m&a=1").unwrap();
    assert!(properties.system.is_empty());
    assert_eq!(properties.application, pairs(&[("a", "1")]));
    assert_eq!(measure("%24.cdid=other&$.cmid=m&a=1"), Ok(2));
}

#[test]
fn all_three_names_lead_back_to_the_property() {
    for &property in SystemProperty::ALL {
        assert_eq!(
            SystemProperty::from_bag_key(property.bag_key()),
            Some(property)
        );
        assert_eq!(
            SystemProperty::from_event_name(property.event_name()),
            Some(property)
        );
        if let Some(header) = property.header() {
            assert_eq!(
                SystemProperty::from_header(&header.to_uppercase()),
                Some(property)
            );
        }
        let json = serde_json::to_string(&property).unwrap();
        assert_eq!(json, format!("\"{}\"", property.event_name()));
        assert!(
            property.bag_key().len() <= 12,
            "system_key's buffer is too small"
        );
    }
    assert_eq!(SystemProperty::from_header("iothub-app-x"), None);
}

#[test]
fn json_leaves_empty_lists_out_and_reads_them_back() {
    let empty = MessageProperties::default();
    assert_eq!(serde_json::to_string(&empty).unwrap(), "{}");
    let properties = parse("%24.mid=1&k=v").unwrap();
    let json = serde_json::to_string(&properties).unwrap();
    assert_eq!(
        json,
        r#"{"system":[["message-id","1"]],"application":[["k","v"]]}"#
    );
    assert_eq!(
        serde_json::from_str::<MessageProperties>(&json).unwrap(),
        properties
    );
}

#[test]
fn message_ids_have_a_charset_and_a_length() {
    assert!(is_valid_message_id("aZ9-:.+%_#*?!(),=@;$'"));
    assert!(is_valid_message_id(&"a".repeat(128)));
    assert!(!is_valid_message_id(&"a".repeat(129)));
    for text in ["a b", "a/b", "ä", "a\"b", "a&b"] {
        assert!(!is_valid_message_id(text), "{text}");
    }
}

#[test]
fn a_bag_of_thousands_of_equal_and_different_names_is_read() {
    let bag: Vec<_> = (0..10_000)
        .map(|number| format!("k{}={number}", number % 5_000))
        .collect();
    let properties = parse(&bag.join("&")).unwrap();
    assert_eq!(properties.application.len(), 5_000);
    assert_eq!(properties.application("k7"), Some("5007"));
}

#[test]
fn setting_replaces() {
    let mut properties = parse("%24.mid=1&mqtt-dup=x").unwrap();
    properties.set(SystemProperty::MessageId, "2");
    properties.set_application("mqtt-dup", "true");
    properties.set_application("mqtt-retain", "true");
    assert_eq!(
        properties.system,
        [(SystemProperty::MessageId, "2".to_owned())]
    );
    assert_eq!(
        properties.application,
        pairs(&[("mqtt-dup", "true"), ("mqtt-retain", "true")])
    );
}

prop_compose! {
    fn any_properties()(
        system in prop::collection::btree_map(prop::sample::select(SystemProperty::ALL), ".{0,12}", 0..6),
        application in prop::collection::btree_map("[^\\x00$].{0,8}", ".{0,12}", 0..6),
    ) -> MessageProperties {
        MessageProperties {
            system: system.into_iter().collect(),
            application: application.into_iter().collect(),
        }
    }
}

proptest! {
    #[test]
    fn what_a_device_writes_the_hub_reads(properties in any_properties()) {
        let mut bag = String::new();
        properties.write_bag(&mut bag);
        prop_assert!(!bag.contains(['/', '+', '#', ' ']));
        prop_assert_eq!(measure(&bag), Ok(properties.property_size()));
        prop_assert_eq!(parse(&bag).unwrap(), properties);
    }

    #[test]
    fn checking_and_reading_agree(bag in "(\\$\\.|%24\\.|mid|ct|[a-c]|=|&|%2[0-9a-f]|%[c-f][0-9]|%|é|\\?){0,20}") {
        match (measure(&bag), parse(&bag)) {
            // Equal unless a name is given twice.
            (Ok(size), Ok(properties)) => prop_assert!(size >= properties.property_size()),
            (Err(one), Err(other)) => prop_assert_eq!(one, other),
            (one, other) => prop_assert!(false, "{one:?} but {other:?}"),
        }
    }

    #[test]
    fn what_the_hub_writes_a_client_reads(properties in any_properties()) {
        let device = DeviceId::parse("dev1").unwrap();
        let topic = devicebound_topic(&device, &properties, Some("full")).unwrap();
        let bag = topic.strip_prefix("devices/dev1/messages/devicebound/").unwrap();
        // One path segment, every item with '=', never an empty bag (rules 1, 2 and 5).
        prop_assert!(!bag.contains(['/', '+', ' ', '$']));
        prop_assert!(bag.split('&').all(|item| item.split('=').count() == 2));
        let read = parse(bag).unwrap();
        prop_assert!(read.get(SystemProperty::To).is_some_and(|to| !to.is_empty()));
        prop_assert_eq!(read.application("iothub-ack"), Some("full"));
        for (name, value) in &properties.application {
            if name != "iothub-ack" {
                prop_assert_eq!(read.application(name), Some(value.as_str()));
            }
        }
    }
}
