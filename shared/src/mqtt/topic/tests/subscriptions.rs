//! Filters and the set of them.

use super::super::*;
use super::{device, module};

#[test]
fn documented_filters_are_known_to_their_owner() {
    let dev1 = device("dev1");
    let cases = [
        (
            "devices/dev1/messages/devicebound/#",
            Some(Filter::Devicebound),
        ),
        (
            "devices/dev1/messages/devicebound",
            Some(Filter::Devicebound),
        ),
        ("$iothub/twin/res/#", Some(Filter::TwinResponses)),
        ("$iothub/twin/res", Some(Filter::TwinResponses)),
        (
            "$iothub/twin/PATCH/properties/desired/#",
            Some(Filter::DesiredProperties),
        ),
        (
            "$iothub/twin/PATCH/properties/desired",
            Some(Filter::DesiredProperties),
        ),
        ("$iothub/methods/POST/#", Some(Filter::Methods(None))),
        (
            "$iothub/methods/POST/reboot/#",
            Some(Filter::Methods(Some("reboot".into()))),
        ),
        ("$iothub/methods/POST/a/b/#", None),
        ("$iothub/methods/POST/+/#", None),
        ("$iothub/methods/POST//#", None),
        ("#", None),
        ("+/dev1/messages/devicebound/#", None),
        ("foo/bar", None),
        ("devices/dev1/#", None),
        ("devices/dev1/messages/events/#", None),
        ("devices/dev2/messages/devicebound/#", None),
        ("devices/dev1/modules/m/#", None),
        ("$iothub/twin/#", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_filter(text, &dev1), expected, "{text}");
    }
    let m = module("dev1", "m");
    for (text, expected) in [
        ("devices/dev1/modules/m/#", Some(Filter::ModuleAll)),
        (
            "devices/dev1/modules/m/inputs/#",
            Some(Filter::ModuleInputs),
        ),
        (
            "devices/dev1/modules/m/messages/devicebound/#",
            Some(Filter::ModuleDevicebound),
        ),
        ("$iothub/twin/res/#", Some(Filter::TwinResponses)),
        ("devices/dev1/modules/n/#", None),
        ("devices/dev2/modules/m/#", None),
        ("devices/dev1/messages/devicebound/#", None),
    ] {
        assert_eq!(parse_filter(text, &m), expected, "{text}");
    }
}

#[test]
fn a_session_grants_replaces_and_forgets() {
    let dev1 = device("dev1");
    let c2d = "devices/dev1/messages/devicebound/#";
    let mut held = Subscriptions::new();
    assert_eq!(held.devicebound_qos(), None);
    assert_eq!(held.subscribe(c2d, 2, &dev1), 1);
    assert_eq!(held.subscribe("nonsense", 1, &dev1), REFUSED);
    assert_eq!(held.devicebound_qos(), Some(1));
    assert_eq!(held.subscribe(c2d, 0, &dev1), 0);
    assert_eq!((held.devicebound_qos(), held.len()), (Some(0), 1));
    assert_eq!(held.subscribe("$iothub/methods/POST/reboot/#", 0, &dev1), 0);
    assert!(held.accepts_method("reboot") && !held.accepts_method("Reboot"));
    assert!(held.accepts_methods());
    assert_eq!(held.subscribe("$iothub/methods/POST/#", 0, &dev1), 0);
    assert!(held.accepts_method("Reboot"));
    assert!(!held.wants_desired() && !held.wants_twin_responses());
    held.subscribe("$iothub/twin/res/#", 1, &dev1);
    held.subscribe("$iothub/twin/PATCH/properties/desired/#", 1, &dev1);
    assert!(held.wants_desired() && held.wants_twin_responses());

    let json = serde_json::to_string(&held).unwrap();
    assert!(
        json.starts_with(r#"[["devices/dev1/messages/devicebound/#",0],"#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Subscriptions>(&json).unwrap(), held);

    assert!(held.unsubscribe(c2d));
    assert!(!held.unsubscribe(c2d));
    assert_eq!(held.devicebound_qos(), None);
}

#[test]
fn the_eleventh_filter_is_refused_but_a_known_one_still_changes() {
    let dev1 = device("dev1");
    let mut held = Subscriptions::new();
    let filter = |number| format!("$iothub/methods/POST/m{number}/#");
    for number in 0..MAX_SUBSCRIPTIONS {
        assert_eq!(held.subscribe(&filter(number), 0, &dev1), 0);
    }
    assert_eq!(held.subscribe(&filter(10), 0, &dev1), REFUSED);
    assert_eq!(held.subscribe(&filter(3), 1, &dev1), 1);
    assert_eq!(held.len(), MAX_SUBSCRIPTIONS);
}
