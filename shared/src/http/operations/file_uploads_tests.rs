use super::*;
use crate::auth::Role;
use crate::blob;
use crate::http::fake::{FakeHub, block_on, request, time};
use crate::http::{Method, handle};
use crate::ipc::registry::RegistryRequest;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// A hub whose shard opens every upload of who says `good`, and wants to know of the blob at
/// its end.
fn hub() -> FakeHub {
    FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::AsDevice(asked) if asked.authorization.as_deref() == Some("good") => {
            match asked.operation {
                DeviceOperation::BeginUpload(blob) => {
                    Ok(RegistryReply::Upload(Box::new(open(&blob))))
                }
                DeviceOperation::EndUpload(end) if end.success && end.seen.is_none() => {
                    Ok(RegistryReply::Upload(Box::new(open("d#1/a b/ü.txt"))))
                }
                DeviceOperation::EndUpload(_) => Ok(RegistryReply::Done),
                other => panic!("{other:?}"),
            }
        }
        _ => Err(HubError::new(ErrorCode::IotHubUnauthorized, "wrong key")),
    })
}

fn open(blob: &str) -> OpenUpload {
    OpenUpload {
        correlation: "69a4-1".into(),
        container: "uploads".into(),
        blob: blob.into(),
        expires: time("2026-03-01T11:00:00Z"),
    }
}

fn ask(hub: &FakeHub, target: &str, body: Value) -> Response {
    let asking = request(Method::Post, target).with("authorization", "good");
    block_on(handle(hub, asking.with_json(&body)))
}

/// The status of a blob verb at a URL that a device put together.
fn blob_verb(hub: &FakeHub, method: Method, url: &str, body: &[u8]) -> u16 {
    let target = url.strip_prefix("https://hub.example").expect("the hub's");
    let mut asking = request(method, target).with("x-ms-blob-type", "BlockBlob");
    asking
        .headers
        .push(("content-length".into(), body.len().to_string()));
    let body = blob::Body {
        content: body.to_vec(),
        length: Some(body.len() as u64),
    };
    block_on(blob::handle(hub, &asking, body)).head.status
}

#[test]
fn a_device_gets_the_parts_of_a_url_that_is_good_for_its_one_blob() {
    let hub = hub();
    let answer = ask(
        &hub,
        "/devices/d%231/files",
        json!({"blobName": "a b/ü.txt"}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let value = answer.value();
    assert_eq!(value["correlationId"], "69a4-1");
    assert_eq!(value["hostName"], "hub.example/blobs");
    assert_eq!(value["containerName"], "uploads");
    assert_eq!(value["blobName"], "d#1/a b/ü.txt");
    assert_eq!(hub.blobs.keys(), ["container/uploads"]);
    let token = value["sasToken"].as_str().unwrap();
    assert!(
        token.starts_with(
            "?sv=2021-12-02&sr=b&sp=rw&st=2026-03-01T09%3A55%3A00Z&se=2026-03-01T11%3A00%3A00Z&sig="
        ),
        "{token}"
    );
    let at = |blob: &str| format!("https://hub.example/blobs/uploads/{blob}{token}");
    let own = at("d%231/a%20b/%C3%BC.txt");
    assert_eq!(blob_verb(&hub, Method::Put, &own, b"content"), 201);
    assert_eq!(blob_verb(&hub, Method::Get, &own, b""), 200);
    assert_eq!(
        blob_verb(&hub, Method::Delete, &own, b""),
        403,
        "not granted"
    );
    for other in ["d%231/other.txt", "d2/a%20b/%C3%BC.txt", ""] {
        assert_eq!(
            blob_verb(&hub, Method::Put, &at(other), b"x"),
            403,
            "{other}"
        );
    }
    hub.now.set(time("2026-03-01T11:00:00Z"));
    assert_eq!(blob_verb(&hub, Method::Put, &own, b"late"), 403);
}

#[test]
fn the_host_name_is_the_one_that_the_device_used_if_it_is_the_hubs() {
    let hub = hub();
    for (host, told) in [
        ("localhost:8443", "localhost:8443/blobs"),
        ("evil.example", "hub.example/blobs"),
    ] {
        let mut asking = request(Method::Post, "/devices/d/files").with("authorization", "good");
        asking.headers.retain(|(name, _)| name != "host");
        let asking = asking.with("host", host);
        let answer = block_on(handle(&hub, asking.with_json(&json!({"blobName": "x"}))));
        assert_eq!(answer.value()["hostName"], told);
    }
}

#[test]
fn a_name_never_leaves_the_devices_folder() {
    let hub = hub();
    for name in [
        "",
        "..",
        "../d2/x",
        "a/../../d2/x",
        "./x",
        "a/",
        "a\nb",
        &"x".repeat(949),
    ] {
        let answer = ask(&hub, "/devices/d/files", json!({"blobName": name}));
        assert_eq!(answer.status, 400, "{name}");
        assert!(answer.text().contains("blobName"), "{}", answer.text());
    }
    assert_eq!(ask(&hub, "/devices/d/files", json!({})).status, 400);
    assert_eq!(
        ask(&hub, "/devices/d/files", json!({"blobName": 1})).status,
        400
    );
    assert!(hub.asked_registry.borrow().is_empty());
    let longest = ask(
        &hub,
        "/devices/d/files",
        json!({"blobName": "x".repeat(948)}),
    );
    assert_eq!(longest.status, 200);
}

#[test]
fn strangers_get_no_url() {
    let hub = hub();
    let asking = request(Method::Post, "/devices/d/files").with_json(&json!({"blobName": "x"}));
    let answer = block_on(handle(&hub, asking));
    assert_eq!(answer.status, 401);
    assert!(hub.blobs.keys().is_empty());
}

#[test]
fn the_end_tells_what_is_in_the_store() {
    let hub = hub();
    let target = "/devices/d%231/files/notifications";
    let body = json!({"correlationId": "c", "isSuccess": true, "statusCode": 200});
    let early = ask(&hub, target, body.clone());
    assert_eq!(early.status, 400);
    assert_eq!(
        early.header("iothub-errorcode"),
        Some("InvalidStorageEndpointOrBlob")
    );

    let name = json!({"blobName": "a b/ü.txt"});
    let token = ask(&hub, "/devices/d%231/files", name).value()["sasToken"].clone();
    let url = format!(
        "https://hub.example/blobs/uploads/d%231/a%20b/%C3%BC.txt{}",
        token.as_str().unwrap()
    );
    assert_eq!(blob_verb(&hub, Method::Put, &url, b"content"), 201);
    hub.asked_registry.borrow_mut().clear();
    // Node's SDK names the upload in the path alone.
    let node = json!({"isSuccess": true, "statusCode": 201, "statusDescription": ""});
    assert_eq!(ask(&hub, &format!("{target}/c%2F1"), node).status, 204);
    let asked = hub.asked_registry.borrow();
    let ends: Vec<&EndUpload> = asked
        .iter()
        .map(|(_, request)| match request {
            RegistryRequest::AsDevice(asked) => match &asked.operation {
                DeviceOperation::EndUpload(end) => end,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    let [first, second] = ends.as_slice() else {
        panic!("{ends:?}")
    };
    assert!(first.seen.is_none() && first.correlation == "c/1");
    let (uri, modified, size) = second.seen.as_ref().unwrap();
    assert_eq!(
        (uri.as_str(), *modified, *size),
        (
            "https://hub.example/blobs/uploads/d%231/a%20b/%C3%BC.txt",
            time("2026-03-01T10:00:00Z"),
            7
        )
    );
}

#[test]
fn an_end_says_whether_it_worked() {
    let hub = hub();
    let target = "/devices/d/files/notifications";
    for body in [json!({"correlationId": "c"}), json!({"isSuccess": "yes"})] {
        assert_eq!(ask(&hub, target, body).status, 400);
    }
    let failed = json!({"correlationId": "c", "isSuccess": false});
    assert_eq!(ask(&hub, target, failed).status, 204);
}

#[test]
fn settings_are_the_admins() {
    let stored = Rc::new(RefCell::new(None));
    let hub = FakeHub::new();
    let known = hub.settings.as_ref().unwrap().as_ref().clone();
    let seen = stored.clone();
    let hub = hub.hub_answers(move |request| {
        let mut settings = known.clone();
        if let HubRequest::PutFileUpload(wanted) = request {
            settings.file_upload = (*wanted).clone();
            *seen.borrow_mut() = Some(*wanted);
        }
        Ok(HubReply::Settings(Box::new(settings)))
    });
    let ask = |method: Method, role: Role, body: Value| {
        let asking = request(method, "/api/v1/file-upload")
            .with("cookie", &hub.cookie(role))
            .with("x-skerry-console", "1");
        block_on(handle(&hub, asking.with_json(&body)))
    };
    let shown = ask(Method::Get, Role::Viewer, Value::Null);
    assert_eq!(
        shown.value(),
        json!({
            "containerName": "uploads", "sasTtlSeconds": 3600, "notificationsEnabled": false,
            "notificationTtlSeconds": 3600, "notificationLockSeconds": 60,
            "notificationMaxDeliveryCount": 10,
        })
    );
    let wanted = json!({"notificationsEnabled": true, "sasTtlSeconds": 60});
    assert_eq!(
        ask(Method::Put, Role::Supervisor, wanted.clone()).status,
        403
    );
    assert_eq!(ask(Method::Put, Role::Admin, wanted).status, 200);
    let stored = stored.borrow().clone().unwrap();
    assert!(stored.notifications_enabled && stored.sas_ttl_seconds == 60);
    assert_eq!(stored.container_name, "uploads");
    let wrong = json!({"sasTtlSeconds": "an hour"});
    assert_eq!(ask(Method::Put, Role::Admin, wrong).status, 400);
}

#[test]
fn what_a_device_is_refused_is_in_the_operations_records_and_strangers_leave_none() {
    let hub = FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::AsDevice(asked) if asked.authorization.as_deref() == Some("good") => Err(
            HubError::new(ErrorCode::IotHubQuotaExceeded, "Ten uploads are open."),
        ),
        _ => Err(HubError::new(ErrorCode::IotHubUnauthorized, "wrong key")),
    });
    let body = json!({ "blobName": "log.txt" });
    let asking = request(Method::Post, "/devices/d/files").with_json(&body);
    assert_eq!(block_on(handle(&hub, asking)).status, 401);
    assert!(hub.noted.borrow().is_empty());
    assert_eq!(ask(&hub, "/devices/d/files", body).status, 403);
    let noted = hub.noted.borrow();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["category"], "FileUploadOperations");
    assert_eq!(noted[0]["operationName"], "ingress");
    assert_eq!(noted[0]["deviceId"], "d");
}
