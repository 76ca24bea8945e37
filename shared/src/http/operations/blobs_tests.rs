use crate::auth::Role;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::message::{Method, Response};
use crate::json;
use serde_json::Value;

fn ask(hub: &FakeHub, body: Value) -> Response {
    let token = hub.token("iothubowner");
    let asking = request(Method::Post, "/api/v1/blobs/sas").with("authorization", &token);
    block_on(crate::http::handle(hub, asking.with_json(&body)))
}

#[test]
fn an_operator_gets_a_url_and_the_container_exists() {
    let hub = FakeHub::new();
    let answer = ask(
        &hub,
        json!({"container": "exports", "blob": "a b/ü", "rights": "wr", "minutes": 5}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let url = answer.value()["url"].as_str().unwrap().to_owned();
    let expected = "http://hub.example/blobs/exports/a%20b/%C3%BC?sv=2021-12-02&sr=b&sp=rw\
                    &st=2026-03-01T09%3A55%3A00Z&se=2026-03-01T10%3A05%3A00Z&sig=";
    assert!(url.starts_with(expected), "{url}");
    assert_eq!(answer.value()["expires"], "2026-03-01T10:05:00Z");
    assert_eq!(hub.blobs.keys(), ["container/exports"]);
}

#[test]
fn the_endpoint_is_a_name_of_the_hub() {
    let hub = FakeHub::new();
    let mut body = json!({"container": "abc", "rights": "l", "createContainer": false});
    body["endpoint"] = json!("https://localhost:8443/");
    let url = ask(&hub, body.clone()).value()["url"].clone();
    assert!(
        url.as_str()
            .unwrap()
            .starts_with("https://localhost:8443/blobs/abc?sv="),
        "{url}"
    );
    assert!(hub.blobs.keys().is_empty());
    for endpoint in [
        "https://evil.example",
        "ftp://localhost",
        "localhost",
        "https://localhost/x",
    ] {
        body["endpoint"] = json!(endpoint);
        assert_eq!(ask(&hub, body.clone()).status, 400, "{endpoint}");
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    let hub = FakeHub::new();
    for (body, said) in [
        (json!({"rights": "r"}), "container"),
        (json!({"container": "A", "rights": "r"}), "container"),
        (json!({"container": "abc"}), "rights"),
        (json!({"container": "abc", "rights": ""}), "rights"),
        (json!({"container": "abc", "rights": "rr"}), "rights"),
        (json!({"container": "abc", "rights": "x"}), "rights"),
        (
            json!({"container": "abc", "rights": "r", "blob": "../x"}),
            "blob",
        ),
        (
            json!({"container": "abc", "rights": "l", "blob": "x"}),
            "list",
        ),
        (
            json!({"container": "abc", "rights": "r", "minutes": 0}),
            "minutes",
        ),
        (
            json!({"container": "abc", "rights": "r", "minutes": 43_201}),
            "minutes",
        ),
        (
            json!({"container": "abc", "rights": "r", "minutes": "5"}),
            "minutes",
        ),
    ] {
        let answer = ask(&hub, body.clone());
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains(said), "{}", answer.text());
    }
    assert!(hub.blobs.keys().is_empty());
}

#[test]
fn it_takes_the_right_to_write_the_registry_or_an_admin() {
    let hub = FakeHub::new();
    let body = json!({"container": "abc", "rights": "r"});
    for (policy, status) in [
        ("registryReadWrite", 200),
        ("registryRead", 401),
        ("service", 401),
        ("device", 401),
    ] {
        let asking = request(Method::Post, "/api/v1/blobs/sas")
            .with("authorization", &hub.token(policy))
            .with_json(&body);
        let answer = block_on(crate::http::handle(&hub, asking));
        assert_eq!(answer.status, status, "{policy}");
    }
    for (role, status) in [(Role::Admin, 200), (Role::Supervisor, 403)] {
        let asking = request(Method::Post, "/api/v1/blobs/sas")
            .with("cookie", &hub.cookie(role))
            .with("x-skerry-console", "1")
            .with_json(&body);
        assert_eq!(block_on(crate::http::handle(&hub, asking)).status, status);
    }
}
