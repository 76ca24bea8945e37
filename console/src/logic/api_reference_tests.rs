use super::*;

const DOCUMENT: &str = include_str!("../../static/openapi.json");
const ORIGIN: &str = "https://hub.example";

fn reference() -> Reference {
    Reference::read(serde_json::from_str(DOCUMENT).unwrap()).unwrap()
}

fn details(id: &str) -> Details {
    let reference = reference();
    let mut operations = reference.groups.iter().flat_map(|group| &group.operations);
    let operation = operations.find(|one| one.id == id).unwrap();
    reference.details(operation, ORIGIN)
}

#[test]
fn every_operation_of_the_document_is_in_a_group() {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let described: usize = paths.map(|verbs| verbs.as_object().unwrap().len()).sum();
    let reference = reference();
    assert_eq!(reference.count(), described);
    for group in &reference.groups {
        assert!(!group.operations.is_empty(), "{}", group.name);
        for operation in &group.operations {
            let details = reference.details(operation, ORIGIN);
            assert!(!details.answers.is_empty(), "{}", operation.id);
            assert!(details.curl.starts_with("curl"), "{}", operation.id);
        }
    }
}

#[test]
fn what_is_no_such_document_is_refused() {
    for text in [
        "null",
        "{}",
        "[]",
        r#"{"tags":[]}"#,
        r#"{"tags":[{"name":"a"}]}"#,
    ] {
        let read = Reference::read(serde_json::from_str(text).unwrap());
        assert!(read.is_none_or(|read| read.groups.is_empty()), "{text}");
    }
}

#[test]
fn a_search_wants_all_its_words() {
    let reference = reference();
    let found = |search: &str| -> Vec<String> {
        let groups = reference.shown("", search).into_iter();
        groups
            .flat_map(|group| group.operations)
            .map(|operation| operation.id)
            .collect()
    };
    assert_eq!(found("RETIRE device post"), ["retireDevice"]);
    assert_eq!(found("get /metrics prometheus"), ["prometheusMetrics"]);
    assert_eq!(found("no such words"), Vec::<String>::new());
    assert_eq!(found("").len(), reference.count());
    let modules = reference.shown("Modules", "");
    assert_eq!(modules.len(), 1);
    assert_eq!(modules[0].operations.len(), 4);
    assert_eq!(reference.shown("Modules", "metrics"), []);
}

#[test]
fn documents_are_shown_with_what_is_in_them() {
    let put = details("putDevice");
    assert_eq!(put.right, "RegistryWrite");
    let names: Vec<&str> = put.parameters.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["deviceId", "api-version", "If-Match"]);
    assert!(put.parameters[0].is_required && !put.parameters[2].is_required);
    let body = put.body.unwrap();
    assert_eq!((&*body.types, &*body.kind), ("application/json", "Device"));
    let member = |name: &str| body.members.iter().find(|one| one.name == name).unwrap();
    assert_eq!(member("status").kind, "enabled | disabled");
    assert_eq!(member("statusReason").kind, "string or null");
    assert_eq!(member("statusUpdatedTime").kind, "time");
    assert!(member("etag").is_read_only && !member("status").is_read_only);
    assert_eq!(
        (
            member("authentication").depth,
            &*member("authentication").kind
        ),
        (0, "Authentication")
    );
    assert_eq!(member("primaryKey").depth, 2);

    let method = details("invokeMethod").body.unwrap();
    let member = |name: &str| method.members.iter().find(|one| one.name == name).unwrap();
    assert!(member("methodName").is_required);
    assert_eq!(member("responseTimeoutInSeconds").kind, "integer 5–300");
    assert_eq!(member("responseTimeoutInSeconds").note, "Default: 30.");
    assert_eq!(member("payload").kind, "any");

    let list = details("listDevices").answers;
    let content = list[0].content.as_ref().unwrap();
    assert_eq!((&*list[0].status, &*content.kind), ("200", "Device[]"));
    assert!(content.members.iter().any(|one| one.name == "deviceId"));
    let refusal = list.iter().find(|one| one.status == "401").unwrap();
    assert!(refusal.content.is_none() && !refusal.note.is_empty());
}

#[test]
fn a_line_for_the_shell_has_what_is_required() {
    let of = |id: &str| details(id).curl;
    assert_eq!(
        of("listDevices"),
        "curl \"https://hub.example/devices?api-version=2021-04-12\" \\\n  -H \"Authorization: $TOKEN\""
    );
    assert_eq!(
        of("deleteModule"),
        "curl -X DELETE \"https://hub.example/devices/$DEVICE_ID/modules/$MODULE_ID?api-version=2021-04-12\" \\\n  \
         -H \"Authorization: $TOKEN\" \\\n  -H 'If-Match: *'"
    );
    // Apostrophes within the body do not end it.
    assert!(of("query").ends_with(
        r#"-d '{"query":"SELECT deviceId, tags.site FROM devices WHERE status = '"'"'enabled'"'"'"}'"#
    ));
    assert!(of("streamEvents").starts_with("curl -N \"https://hub.example/api/v1/events/stream\""));
    assert!(of("getProgress").contains("/api/v1/progress?pattern=$PATTERN\""));
    assert!(of("receiveMessage").contains("$DEVICE_TOKEN"));
    assert!(of("listSessions").contains("-b \"skerry_session=$SESSION\""));
    assert!(of("bootstrap").contains("Bootstrap $SECRET"));
    assert!(!of("health").contains("-H"));
    assert!(of("getBlob").contains("/blobs/$CONTAINER/$BLOB?$SIGNATURE\""));
    assert!(of("listBlobs").contains("?restype=container&$SIGNATURE\""));
    // What has no example gets what it cannot do without.
    assert!(of("checkpoint").ends_with(r#"-d '{"cursor":"…"}'"#));
    assert!(
        of("regenerateKeys").ends_with(r#"-d '{"policyKey":"primaryKey","devices":[{"id":"…"}]}'"#)
    );
}
