//! What may be configured, for whom, and what is said about it.

use super::content::{Family, read, replacing};
use super::document::{check_metrics, system_queries};
use super::target::Target;
use super::*;
use crate::json;

#[test]
fn ids_have_the_characters_of_the_contract() {
    for id in ["a", "fw-2", "a+b%c_d*e!f'9", &"x".repeat(128)] {
        assert!(check_id(id).is_ok(), "{id}");
    }
    for id in ["", "Fw", "a b", "a.b", "a/b", "ä", &"x".repeat(129)] {
        assert_eq!(
            check_id(id).unwrap_err().code,
            ErrorCode::ArgumentInvalid,
            "{id}"
        );
    }
}

#[test]
fn content_is_of_one_family_and_below_desired() {
    let edge = json!({ "$edgeAgent": { "properties.desired.modules.x": { "a": 1 } }, "m": {} });
    for content in [
        json!({ "deviceContent": { "properties.desired": { "a": { "b": 1 } } } }),
        json!({ "deviceContent": { "properties.desired.a.b": null, "properties.desired.a.c": [1] } }),
        json!({ "deviceContent": {}, "moduleContent": null }),
        json!({ "moduleContent": { "properties.desired.a": {}, "properties.desired.a.b": 1 } }),
        json!({ "modulesContent": edge }),
    ] {
        assert!(read(&content).is_ok(), "{content}");
    }
    for content in [
        json!(null),
        json!("x"),
        json!({}),
        json!({ "deviceContent": {}, "moduleContent": {} }),
        json!({ "deviceContent": 1 }),
        json!({ "deviceContent": { "tags": {} } }),
        json!({ "deviceContent": { "properties.reported.a": 1 } }),
        json!({ "deviceContent": { "properties.desiredx": 1 } }),
        json!({ "deviceContent": { "properties.desired": 1 } }),
        json!({ "deviceContent": { "properties.desired.": 1 } }),
        json!({ "deviceContent": { "properties.desired.a..b": 1 } }),
        json!({ "deviceContent": { "properties.desired.a b": 1 } }),
        json!({ "deviceContent": { "properties.desired": { "$version": 1 } } }),
        json!({ "deviceContent": { "properties.desired.a": [null] } }),
        json!({ "deviceContent": { "properties.desired.a": "x".repeat(4097) } }),
        json!({ "deviceContent": { "properties.desired.a.b.c.d.e.f.g.h.i.j.k.l": 1 } }),
        json!({ "deviceContent": { "properties.desired": { "a": 1 }, "properties.desired.a": 2 } }),
        json!({ "deviceContent": { "properties.desired.a": 1, "properties.desired.a.b": 2 } }),
        json!({ "modulesContent": { "m": {} } }),
        json!({ "modulesContent": { "$edgeAgent": {}, "a b": {} } }),
        json!({ "modulesContent": { "$edgeAgent": 1 } }),
    ] {
        let error = read(&content).unwrap_err();
        assert_eq!(error.code.number(), 400_402, "{content}: {error}");
    }
    let much: Vec<String> = (0..9).map(|_| "x".repeat(4000)).collect();
    let content = json!({ "deviceContent": { "properties.desired.a": much } });
    assert_eq!(read(&content).unwrap_err().code.number(), 400_402);
}

#[test]
fn a_target_is_a_condition_everybody_or_nobody() {
    let read = |family, text: &str| Target::read(family, text);
    let pump = json!({ "deviceId": "pump", "tags": { "site": "s1" } });
    for (text, expected) in [
        ("*", true),
        (" * ", true),
        ("", false),
        ("  ", false),
        ("tags.site='s1'", true),
        ("tags.site='s2'", false),
        ("tags.none='s1'", false),
        (
            "deviceId = 'pump' AND NOT is_defined(properties.reported.x)",
            true,
        ),
    ] {
        assert_eq!(
            read(Family::Devices, text).unwrap().includes(&pump),
            expected,
            "{text}"
        );
    }
    let of_modules = "FROM devices.modules WHERE moduleId = 'm'";
    let target = read(Family::Modules, of_modules).unwrap();
    assert!(target.includes(&json!({ "deviceId": "pump", "moduleId": "m" })));
    for (family, text) in [
        (Family::Devices, "tags.site ="),
        (Family::Devices, "from devices where tags.site = 's1'"),
        (Family::Devices, of_modules),
        (Family::Devices, "configurations.[[a]].status = 'Applied'"),
        (Family::Modules, "*"),
        (Family::Modules, "moduleId = 'm'"),
        (Family::Modules, "from devices.modules"),
        (Family::Modules, "from devices where deviceId = 'm'"),
        (
            Family::Modules,
            "from devices.modules where moduleId = 'm' order by deviceId",
        ),
        (Family::Devices, &format!("tags.a = '{}'", "x".repeat(8000))),
    ] {
        let error = read(family, text).unwrap_err();
        assert_eq!(error.code.number(), 400_401, "{text}: {error}");
    }
    let error = read(Family::Modules, "from devices.modules where moduleId =").unwrap_err();
    assert!(error.message.contains("line 1, column 38"), "{error}");
}

#[test]
fn metrics_are_at_most_five_queries() {
    let query = json!("SELECT deviceId FROM devices WHERE tags.a = 1");
    let five: serde_json::Map<_, _> = (0..5).map(|n| (format!("m{n}"), query.clone())).collect();
    assert!(check_metrics(&five).is_ok());
    let mut six = five.clone();
    six.insert("m5".to_owned(), query);
    let mut broken = five.clone();
    broken.insert("m0".to_owned(), json!("SELECT"));
    let mut no_text = five;
    no_text.insert("m0".to_owned(), json!(1));
    for queries in [six, broken, no_text] {
        assert_eq!(check_metrics(&queries).unwrap_err().code.number(), 400_404);
    }
}

#[test]
fn queries_of_the_hub_are_those_of_the_contract() {
    let of = |family: &str, condition: &str| {
        let document = json!({
            "id": "fw-2", "targetCondition": condition, "content": { family: {} },
        });
        let queries = system_queries(&document);
        for (_, query) in &queries {
            let text = query.as_str().unwrap();
            assert!(
                text.is_empty() || crate::query::parse(text).is_ok(),
                "{text}"
            );
        }
        queries
    };
    let queries = of("deviceContent", "tags.site='s1'");
    assert_eq!(
        json!(queries),
        json!({
            "targetedCount": "select deviceId from devices where tags.site='s1'",
            "appliedCount": "select deviceId from devices where configurations.[[fw-2]].status = 'Applied'",
        })
    );
    assert_eq!(
        of("deviceContent", "*")["targetedCount"],
        "select deviceId from devices"
    );
    assert_eq!(of("deviceContent", "")["targetedCount"], "");
    let modules = of("moduleContent", "from devices.modules where moduleId = 'm'");
    assert_eq!(
        modules["targetedCount"],
        "select deviceId from devices.modules where moduleId = 'm'"
    );
    let edge = of("modulesContent", "*");
    assert_eq!(
        edge["targetedCount"],
        "select deviceId from devices where capabilities.iotEdge = true"
    );
    assert_eq!(
        edge["reportedSuccessfulCount"],
        "select deviceId from devices.modules where moduleId = '$edgeAgent' and \
         configurations.[[fw-2]].status = 'Applied' and properties.desired.$version = \
         properties.reported.lastDesiredVersion and properties.reported.lastDesiredStatus.code = 200"
    );
    assert_eq!(edge.len(), 4);
    of("modulesContent", "tags.a = 1 -- or so");
}

#[test]
fn replacing_content_takes_away_what_it_does_not_have() {
    let current = json!({ "a": { "x": 1, "y": 2 }, "b": 1 });
    let wanted = json!({ "a": { "x": 5 }, "c": {} });
    assert_eq!(
        replacing(Some(&current), &wanted),
        json!({ "b": null, "a": { "y": null, "x": 5 }, "c": {} })
    );
    assert_eq!(replacing(None, &wanted), wanted);
}
