//! Topics of the hub, written and read.

use super::super::*;
use super::device;
use crate::ids::DeviceId;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};

#[test]
fn topics_for_devices_are_spelt_exactly() {
    assert_eq!(
        twin_response_topic(200, "a-1", None),
        "$iothub/twin/res/200/?$rid=a-1"
    );
    assert_eq!(
        twin_response_topic(204, "7", Some(9)),
        "$iothub/twin/res/204/?$rid=7&$version=9"
    );
    assert_eq!(
        desired_topic(5),
        "$iothub/twin/PATCH/properties/desired/?$version=5"
    );
    assert_eq!(
        method_call_topic("reboot", "1f"),
        "$iothub/methods/POST/reboot/?$rid=1f"
    );

    let x = DeviceId::parse("x").unwrap();
    assert_eq!(
        devicebound_topic(&x, &MessageProperties::default(), None).unwrap(),
        "devices/x/messages/devicebound/%24.to=%2Fdevices%2Fx%2Fmessages%2Fdevicebound"
    );
    let mut properties = MessageProperties::default();
    properties.set_application("bbb", "b b+");
    properties.set_application("iothub-ack", "none");
    properties.set(SystemProperty::ContentEncoding, "utf-8");
    properties.set(
        SystemProperty::AbsoluteExpiryTime,
        "2024-01-01T00:00:00.0000000Z",
    );
    properties.set(SystemProperty::ContentType, "text/plain; charset=UTF-8");
    properties.set(SystemProperty::UserId, "");
    properties.set(SystemProperty::To, "/devices/x/messages/deviceBound");
    properties.set(SystemProperty::MessageId, "m1");
    properties.set(SystemProperty::InterfaceId, "urn:x");
    assert_eq!(
        devicebound_topic(&x, &properties, Some("full")).unwrap(),
        "devices/x/messages/devicebound/%24.mid=m1&%24.to=%2Fdevices%2Fx%2Fmessages%2FdeviceBound\
         &%24.exp=2024-01-01T00%3A00%3A00.0000000Z&%24.ct=text%2Fplain%3B%20charset%3DUTF-8\
         &%24.ce=utf-8&iothub-ack=full&bbb=b%20b%2B"
    );
    properties.set_application("big", " ".repeat(22_000));
    assert_eq!(devicebound_topic(&x, &properties, None), Err(TopicTooLong));
}

#[test]
fn clients_read_what_the_hub_writes() {
    let dev1 = device("dev1");
    let read = |topic: &str| parse_delivery(topic, &dev1).map(|topic| format!("{topic:?}"));
    assert_eq!(
        parse_delivery(&twin_response_topic(204, "7", Some(9)), &dev1),
        Some(HubTopic::TwinResponse {
            status: 204,
            request_id: "7",
            version: Some(9)
        })
    );
    assert_eq!(
        parse_delivery(&twin_response_topic(429, "x/y", None), &dev1),
        Some(HubTopic::TwinResponse {
            status: 429,
            request_id: "x/y",
            version: None
        })
    );
    assert_eq!(
        parse_delivery(&desired_topic(5), &dev1),
        Some(HubTopic::DesiredProperties { version: 5 })
    );
    assert_eq!(
        parse_delivery(&method_call_topic("reboot", "1f"), &dev1),
        Some(HubTopic::MethodCall {
            name: "reboot",
            request_id: "1f"
        })
    );
    assert_eq!(
        parse_delivery("devices/dev1/messages/devicebound/a=1", &dev1),
        Some(HubTopic::CloudToDevice { bag: "a=1" })
    );
    for topic in [
        "devices/dev2/messages/devicebound/a=1",
        "devices/dev1/messages/events/",
        "$iothub/twin/res/abc/?$rid=1",
        "$iothub/twin/res/200/",
        "$iothub/twin/PATCH/properties/desired/",
        "$iothub/methods/POST/reboot/",
        "foo",
    ] {
        assert_eq!(read(topic), None, "{topic}");
    }
}
