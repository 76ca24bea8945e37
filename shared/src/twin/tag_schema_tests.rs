use super::*;
use crate::json;

fn broken_rule(schema: Value, tags: Value) -> Option<String> {
    check(&schema).unwrap();
    violation(&schema, tags.as_object().unwrap())
}

#[test]
fn what_breaks_a_rule_is_named_with_the_rule_and_what_is_allowed() {
    let table = [
        (
            json!({"site": {"enum": ["oslo", "bergen"]}}),
            json!({"site": "paris"}),
            "tags.site breaks the rule enum of the tag schema: it is \"paris\", allowed are \"oslo\", \"bergen\".",
        ),
        (
            json!({"floor": {"type": "integer"}}),
            json!({"floor": 1.5}),
            "tags.floor breaks the rule type of the tag schema: it is a number and must be of type integer.",
        ),
        (
            json!({"floor": {"minimum": -2}}),
            json!({"floor": -3}),
            "tags.floor breaks the rule minimum of the tag schema: it is -3, allowed is -2 or more.",
        ),
        (
            json!({"floor": {"maximum": 9.5}}),
            json!({"floor": 10}),
            "tags.floor breaks the rule maximum of the tag schema: it is 10, allowed is 9.5 or less.",
        ),
        (
            json!({"room": {"maxLength": 2}}),
            json!({"room": "äöü"}),
            "tags.room breaks the rule maxLength of the tag schema: it has 3 characters, allowed are 2 or fewer.",
        ),
        (
            json!({"place": {"type": "object", "required": ["city"]}}),
            json!({"place": {}}),
            "tags.place.city breaks the rule required of the tag schema: it must be there.",
        ),
        (
            json!({"place": {"properties": {"city": {}, "street": {}}, "additionalProperties": false}}),
            json!({"place": {"city": 1, "zip": 2}}),
            "tags.place.zip breaks the rule additionalProperties of the tag schema: allowed are only city, street.",
        ),
    ];
    for (properties, tags, said) in table {
        let schema = json!({"type": "object", "properties": properties});
        assert_eq!(broken_rule(schema, tags).as_deref(), Some(said));
    }
}

#[test]
fn what_keeps_the_rules_passes_and_rules_are_for_values_of_their_kind() {
    let schema = json!({
        "description": "Where things are.",
        "properties": {
            "site": {"type": "string", "enum": ["oslo"], "maxLength": 10},
            "level": {"type": "integer", "enum": [1, 2]},
            "any": {"minimum": 3, "maxLength": 1, "required": ["x"], "properties": {"x": {"type": "boolean"}}},
        },
    });
    for tags in [
        json!({}),
        json!({"site": "oslo", "other": {"deep": [1]}}),
        json!({"level": 1.0}),
        json!({"any": "x"}),
        json!({"any": 3}),
        json!({"any": true}),
        json!({"any": ["list"]}),
        json!({"any": {"x": false}}),
    ] {
        assert_eq!(broken_rule(schema.clone(), tags.clone()), None, "{tags}");
    }
    assert!(broken_rule(schema, json!({"any": {"x": 1}})).is_some());
}

#[test]
fn the_mark_of_a_replacement_is_the_hubs_own() {
    let closed = json!({"properties": {"site": {}}, "additionalProperties": false});
    let mark = json!({"replaces": {"deviceId": "old", "generationId": "1"}});
    assert_eq!(broken_rule(closed.clone(), mark), None);
    assert!(broken_rule(closed, json!({"other": 1})).is_some());
    let ruled = json!({"properties": {"replaces": {"type": "string"}}});
    assert!(broken_rule(ruled, json!({"replaces": {}})).is_some());
}

#[test]
fn a_schema_that_cannot_be_applied_is_refused_with_its_place() {
    let deep = (0..MAX_DEPTH).fold(json!({}), |inner, _| json!({"properties": {"a": inner}}));
    for (schema, place) in [
        (json!([]), "at schema:"),
        (json!({"type": "string"}), "at schema.type:"),
        (json!({"pattern": "x"}), "at schema.pattern:"),
        (
            json!({"properties": {"a": {"format": "date"}}}),
            "at schema.properties.a.format:",
        ),
        (
            json!({"properties": {"a": {"type": "array"}}}),
            "at schema.properties.a.type:",
        ),
        (
            json!({"properties": {"a": {"type": ["string"]}}}),
            "at schema.properties.a.type:",
        ),
        (json!({"properties": {"a": 1}}), "at schema.properties.a:"),
        (json!({"properties": []}), "at schema.properties:"),
        (json!({"required": "site"}), "at schema.required:"),
        (json!({"required": [1]}), "at schema.required:"),
        (
            json!({"properties": {"a": {"enum": []}}}),
            "at schema.properties.a.enum:",
        ),
        (
            json!({"properties": {"a": {"enum": [{}]}}}),
            "at schema.properties.a.enum:",
        ),
        (
            json!({"additionalProperties": {}}),
            "at schema.additionalProperties:",
        ),
        (
            json!({"properties": {"a": {"minimum": "1"}}}),
            "at schema.properties.a.minimum:",
        ),
        (
            json!({"properties": {"a": {"maxLength": -1}}}),
            "at schema.properties.a.maxLength:",
        ),
        (deep, "nested too deeply"),
        (
            json!({"description": "x".repeat(MAX_SCHEMA_BYTES)}),
            "at most 16384",
        ),
    ] {
        let error = check(&schema).unwrap_err();
        assert_eq!(error.code.number(), 400_004);
        assert!(error.message.contains(place), "{place}: {}", error.message);
    }
}

#[test]
fn a_text_about_a_violation_is_never_long() {
    let names: Vec<String> = (0..500).map(|number| format!("ä{number}")).collect();
    let schema = json!({"properties": {"site": {"enum": names}}});
    let tags = json!({"site": "ö".repeat(2000)});
    let text = broken_rule(schema, tags).unwrap();
    assert!(text.len() <= MAX_TEXT + 3, "{}", text.len());
    let members: Map<String, Value> = names.into_iter().map(|name| (name, json!({}))).collect();
    let closed = json!({"properties": members, "additionalProperties": false});
    let text = broken_rule(closed, serde_json::json!({ "x".repeat(1000): 1 })).unwrap();
    assert!(text.len() <= MAX_TEXT + 3, "{}", text.len());
}
