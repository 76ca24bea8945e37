use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::query::{QueryItem, QueryPart, QueryScan};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::query::{DocumentKey, Place, SortValue};
use serde_json::value::to_raw_value;

/// A hub whose first shard has devices `a`, `b`, …, and whose others have none.
fn hub(count: usize) -> FakeHub {
    FakeHub::new().registry_answers(move |shard, request| {
        let RegistryRequest::Query(scan) = request else {
            panic!("{request:?}")
        };
        let part = if shard == 0 {
            part(count, &scan)
        } else {
            QueryPart::default()
        };
        Ok(RegistryReply::QueryPart(Box::new(part)))
    })
}

fn part(count: usize, scan: &QueryScan) -> QueryPart {
    let item = |number: usize| {
        let key = DocumentKey {
            device: format!("device-{number:04}"),
            module: String::new(),
        };
        QueryItem {
            body: to_raw_value(&json!({ "deviceId": key.device })).unwrap(),
            place: Place {
                value: SortValue::Absent,
                key,
            },
        }
    };
    let limit = scan.limit as usize;
    let behind = |item: &QueryItem| {
        scan.after
            .as_ref()
            .is_none_or(|after| item.place.key > *after)
    };
    let mut items: Vec<QueryItem> = (0..count).map(item).filter(behind).collect();
    let full = items.len() > limit;
    items.truncate(limit);
    QueryPart {
        scanned_to: items
            .last()
            .filter(|_| full)
            .map(|item| item.place.key.clone()),
        scanned: items.len() as u64,
        matched: items.len() as u64,
        items,
        ..QueryPart::default()
    }
}

fn post(hub: &FakeHub, policy: &str, body: &str, headers: &[(&str, &str)]) -> Response {
    let mut sent = request(Method::Post, "/devices/query?api-version=2021-04-12")
        .with("authorization", &hub.token(policy));
    for (name, value) in headers {
        sent = sent.with(name, value);
    }
    sent.body = body.as_bytes().to_vec();
    block_on(handle(hub, sent))
}

fn ask(hub: &FakeHub, text: &str, headers: &[(&str, &str)]) -> Response {
    post(
        hub,
        "service",
        &json!({ "query": text }).to_string(),
        headers,
    )
}

fn count(response: &Response) -> usize {
    assert_eq!(response.status, 200, "{}", response.text());
    response.value().as_array().expect("a bare array").len()
}

fn message(response: &Response) -> String {
    response.value()["Message"].as_str().unwrap().to_owned()
}

#[test]
fn pages_follow_each_other_to_the_last_which_has_no_token() {
    let hub = hub(250);
    let text = "SELECT * FROM devices";
    let mut token: Option<String> = None;
    let mut sizes = Vec::new();
    loop {
        let mut headers = vec![("x-ms-max-item-count", "1000")];
        if let Some(token) = &token {
            headers.push(("x-ms-continuation", token));
        }
        let response = ask(&hub, text, &headers);
        assert_eq!(response.header("x-ms-item-type"), Some("Twin"));
        sizes.push(count(&response));
        match response.header("x-ms-continuation") {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    let whole = ask(
        &FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::QueryPart(Box::default()))),
        text,
        &[],
    );
    assert_eq!(
        (count(&whole), whole.header("x-ms-continuation")),
        (0, None)
    );
}

#[test]
fn an_exact_page_is_the_last_one() {
    for (devices, size, more) in [
        (3, "3", false),
        (3, "2", true),
        (100, "", false),
        (101, "100", true),
    ] {
        let response = ask(
            &hub(devices),
            "SELECT deviceId FROM devices",
            &[("x-ms-max-item-count", size)],
        );
        assert_eq!(
            response.header("x-ms-continuation").is_some(),
            more,
            "{devices} {size}"
        );
        assert_eq!(response.header("x-ms-item-type"), Some("Raw"));
    }
}

#[test]
fn top_counts_over_all_pages() {
    let hub = hub(250);
    let text = "SELECT TOP 103 * FROM devices";
    let first = ask(&hub, text, &[]);
    assert_eq!(count(&first), 100);
    let token = first.header("x-ms-continuation").unwrap();
    let second = ask(&hub, text, &[("x-ms-continuation", token)]);
    assert_eq!(count(&second), 3);
    assert_eq!(second.header("x-ms-continuation"), None);
    let exact = ask(&hub, "SELECT TOP 100 * FROM devices", &[]);
    assert_eq!(exact.header("x-ms-continuation"), None);
}

#[test]
fn a_token_of_another_query_or_a_page_size_that_is_none_is_refused() {
    let hub = hub(250);
    let token = ask(&hub, "SELECT * FROM devices", &[]);
    let token = token.header("x-ms-continuation").unwrap();
    for headers in [
        ("x-ms-continuation", token),
        ("x-ms-continuation", "forged"),
        ("x-ms-max-item-count", "0"),
        ("x-ms-max-item-count", "-1"),
        ("x-ms-max-item-count", "ten"),
    ] {
        let response = ask(&hub, "select * from devices", &[headers]);
        assert_eq!(response.status, 400, "{headers:?}");
        assert!(message(&response).starts_with("ErrorCode:ArgumentInvalid;"));
    }
    let many = [("x-ms-max-item-count", "99999999999999999999999")];
    assert_eq!(count(&ask(&hub, "SELECT * FROM devices", &many)), 100);
}

#[test]
fn errors_are_those_of_the_contract() {
    let hub = hub(0);
    for body in [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"query":5}"#,
        r#"{"query":null}"#,
    ] {
        let response = post(&hub, "service", body, &[]);
        assert_eq!(response.status, 400, "{body}");
        assert_eq!(message(&response), "ErrorCode:ArgumentNull;BadRequest");
    }
    let wrong = ask(&hub, "SELECT *\nFROM twins", &[]);
    assert_eq!(wrong.status, 400);
    assert_eq!(
        message(&wrong),
        "ErrorCode:ArgumentInvalid;The query is invalid at line 2, column 6: \
         FROM takes devices, devices.modules or devices.jobs, not 'twins'."
    );
    let long = ask(&hub, &" ".repeat(8193), &[]);
    assert_eq!(long.status, 412);
    assert!(message(&long).starts_with("ErrorCode:PreconditionFailed;"));
    let unentitled = post(
        &hub,
        "registryReadWrite",
        r#"{"query":"SELECT * FROM devices"}"#,
        &[],
    );
    assert_eq!(unentitled.status, 401);
    assert_eq!(
        message(&unentitled),
        "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"
    );
}

#[test]
fn jobs_and_modules_take_the_same_way() {
    let empty =
        FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::QueryPart(Box::default())));
    let jobs = ask(
        &empty,
        "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'r'",
        &[],
    );
    assert_eq!(
        (count(&jobs), jobs.header("x-ms-item-type")),
        (0, Some("DeviceJob"))
    );
    let counted = ask(&empty, "SELECT COUNT() AS n FROM devices.modules", &[]);
    assert_eq!(counted.value(), json!([{ "n": 0 }]));
}

#[test]
fn explain_shows_the_plan_and_its_cost() {
    let hub = hub(3);
    let text = "SELECT deviceId FROM devices WHERE tags.site = 's1' AND LENGTH(deviceId) > 1";
    let sent = request(Method::Post, "/api/v1/query/explain")
        .with("cookie", &hub.cookie(Role::Viewer))
        .with("x-skerry-console", "1")
        .with_json(&json!({ "query": text }));
    let response = block_on(handle(&hub, sent));
    assert_eq!(response.status, 200, "{}", response.text());
    let explained = response.value();
    assert_eq!(
        explained["prefilter"]["sql"],
        "(json_extract(twin.tags, ?)) = ?"
    );
    assert_eq!(
        explained["prefilter"]["parameters"],
        json!(["$.\"site\"", "s1"])
    );
    assert_eq!(explained["plan"]["reads"], json!(["tags"]));
    assert_eq!(
        (&explained["rowsScanned"], &explained["rowsMatched"]),
        (&json!(3), &json!(3))
    );
}
