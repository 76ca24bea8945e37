use super::*;

fn request(condition: &str) -> Value {
    json!({
        "message": {
            "body": "{\"t\":93}",
            "appProperties": {"level": "critical"},
            "systemProperties": {"contentType": "application/json", "contentEncoding": "utf-8"},
        },
        "twin": {"tags": {"site": "s1"}, "properties": {"desired": {}, "reported": {}}},
        "route": {"name": "hot", "source": "DeviceMessages", "condition": condition,
                  "endpointNames": ["alarms"], "isEnabled": true},
    })
}

#[test]
fn one_route_and_a_message() {
    let result = |condition| test(&request(condition)).unwrap();
    assert_eq!(
        result("$body.t > 90"),
        json!({"result": "true", "details": {"compilationErrors": []}})
    );
    assert_eq!(result("LEVEL = 'low'")["result"], "false");
    assert_eq!(result("none = 'low'")["result"], "undefined");
    assert_eq!(result("$twin.tags.site = 's1'")["result"], "true");
    assert_eq!(result("$contentEncoding = 'UTF-8'")["result"], "false");
    let broken = result("severity <= 2");
    assert_eq!(broken["result"], "undefined");
    let error = &broken["details"]["compilationErrors"][0];
    assert_eq!(error["severity"], "error");
    assert_eq!(
        error["location"],
        json!({"start": {"line": 1, "column": 10}, "end": {"line": 1, "column": 12}})
    );
    let warned = result("level+x = 'a'");
    assert_eq!(warned["result"], "undefined");
    assert_eq!(
        warned["details"]["compilationErrors"][0]["severity"],
        "warning"
    );
}

#[test]
fn the_body_counts_only_where_it_says_that_it_is_json() {
    let with = |properties: Value| {
        let mut request = request("$body.t = 93");
        request["message"]["systemProperties"] = properties;
        test(&request).unwrap()["result"].clone()
    };
    assert_eq!(
        with(json!({"CONTENTTYPE": "application/json; charset=utf-8"})),
        "true"
    );
    assert_eq!(
        with(json!({"contentType": "application/json", "contentEncoding": "utf-16"})),
        "true",
        "the text stands for a message in that encoding"
    );
    assert_eq!(
        with(json!({"contentType": "application/json"})),
        "undefined"
    );
    assert_eq!(with(Value::Null), "undefined");
}

#[test]
fn a_message_may_have_nothing() {
    let result = |request: Value| test(&request).unwrap()["result"].clone();
    assert_eq!(
        result(json!({"route": {}})),
        "true",
        "an absent condition is true"
    );
    assert_eq!(result(json!({"route": {"condition": ""}})), "undefined");
    assert_eq!(
        result(json!({"route": {"source": "twinChangeEvents",
                                "condition": "twin_change_includes(a)"}})),
        "undefined"
    );
}

#[test]
fn requests_that_make_no_sense() {
    for broken in [
        json!({}),
        json!([]),
        json!({"route": "true"}),
        json!({"route": {"condition": 3}}),
        json!({"route": {"source": "Invalid"}}),
        json!({"route": {}, "message": {"body": {"t": 3}}}),
        json!({"route": {}, "message": {"appProperties": {"a": 3}}}),
        json!({"route": {}, "message": {"systemProperties": []}}),
    ] {
        let error = test(&broken).unwrap_err();
        assert_eq!(error.code.status(), 400, "{broken}");
    }
}

fn route(name: &str, source: &str, condition: &str, is_enabled: bool) -> Value {
    json!({"name": name, "source": source, "condition": condition,
           "endpointNames": ["alarms"], "isEnabled": is_enabled})
}

fn names(result: &Value) -> Vec<&str> {
    let routes = result["routes"].as_array().unwrap();
    routes
        .iter()
        .map(|route| route["properties"]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn all_routes_or_the_fallback() {
    let routes = [
        route("hot", "DeviceMessages", "$body.t > 90", true),
        route("critical", "devicemessages", "level = 'critical'", true),
        route("off", "DeviceMessages", "true", false),
        route("other", "TwinChangeEvents", "true", true),
    ];
    let fallback = route("$fallback", "DeviceMessages", "true", true);
    let disabled = route("$fallback", "DeviceMessages", "true", false);
    let mut request = request("");
    request["routingSource"] = json!("DeviceMessages");
    let all = test_all(&request, &routes, Some(&fallback)).unwrap();
    assert_eq!(names(&all), ["hot", "critical"]);
    assert_eq!(
        all["routes"][0]["properties"], routes[0],
        "the route as it is stored"
    );

    request["message"]["body"] = json!("{\"t\":1}");
    request["message"]["appProperties"] = json!({});
    let all = |fallback| test_all(&request, &routes, fallback).unwrap();
    assert_eq!(names(&all(Some(&fallback))), ["$fallback"]);
    assert!(names(&all(Some(&disabled))).is_empty());
    assert!(names(&all(None)).is_empty());

    request["routingSource"] = json!("DeviceLifecycleEvents");
    let all = test_all(&request, &routes, Some(&fallback)).unwrap();
    assert!(
        names(&all).is_empty(),
        "the fallback is for what devices send"
    );
    request["routingSource"] = json!("Invalid");
    assert_eq!(
        test_all(&request, &routes, None).unwrap_err().code.status(),
        400
    );
}
