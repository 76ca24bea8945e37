//! Reading, listing, deleting, and who may, over the fake hub. Uploads have their own file.

use super::memory::MemoryBlobStore;
use super::serve::{BlobResponse, Body, handle};
use super::{BlobName, ContainerName, Grant, Permissions, create_container};
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::message::{Method, Request};

/// A hub with the container `abc`.
pub(super) fn hub() -> FakeHub {
    let hub = FakeHub::new();
    let blobs: &MemoryBlobStore = &hub.blobs;
    let container = ContainerName::parse("abc").unwrap();
    assert_eq!(block_on(create_container(blobs, &container)), Ok(true));
    hub
}

/// A request with a good URL for the container.
pub(super) fn signed(hub: &FakeHub, method: Method, target: &str, rights: &str) -> Request {
    signed_for(hub, method, target, rights, None)
}

pub(super) fn signed_for(
    hub: &FakeHub,
    method: Method,
    target: &str,
    rights: &str,
    blob: Option<&str>,
) -> Request {
    let container = target.split(['/', '?']).next().unwrap();
    let grant = Grant::new(
        ContainerName::parse(container).unwrap(),
        blob.map(|blob| BlobName::parse(blob).unwrap()),
        Permissions::parse(rights).unwrap(),
        hub.now.get(),
        600,
    );
    let key = &hub.settings.as_ref().unwrap().session_key;
    let query = grant.query(key).unwrap();
    let separator = if target.contains('?') { '&' } else { '?' };
    request(method, &format!("/blobs/{target}{separator}{query}"))
}

pub(super) fn send(hub: &FakeHub, request: &Request) -> BlobResponse<Vec<u8>> {
    let content = request.body.clone();
    let length = Some(content.len() as u64);
    let body = Body { content, length };
    block_on(handle(hub, request, body))
}

pub(super) fn code(answer: &BlobResponse<Vec<u8>>) -> (u16, &str) {
    let code = answer.head.header("x-ms-error-code").unwrap_or_default();
    (answer.head.status, code)
}

pub(super) fn put(hub: &FakeHub, name: &str, content: &[u8]) {
    let mut asking =
        signed(hub, Method::Put, &format!("abc/{name}"), "w").with("x-ms-blob-type", "BlockBlob");
    asking.body = content.to_vec();
    let answer = send(hub, &asking);
    assert_eq!(answer.head.status, 201, "{:?}", answer.head);
}

pub(super) fn read(hub: &FakeHub, name: &str) -> Option<Vec<u8>> {
    send(hub, &signed(hub, Method::Get, &format!("abc/{name}"), "r")).content
}

#[test]
fn a_blob_is_read_whole_and_in_parts() {
    let hub = hub();
    put(&hub, "d/x", b"0123456789");
    let get = || signed(&hub, Method::Get, "abc/d/x", "r");
    let answer = send(&hub, &get());
    assert_eq!(answer.content.as_deref(), Some(&b"0123456789"[..]));
    for (name, value) in [
        ("content-length", "10"),
        ("content-type", "application/octet-stream"),
        ("x-ms-blob-type", "BlockBlob"),
        ("last-modified", "Sun, 01 Mar 2026 10:00:00 GMT"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "no-store, no-transform"),
        ("x-ms-version", "2021-12-02"),
    ] {
        assert_eq!(answer.head.header(name), Some(value), "{name}");
    }
    let part = send(&hub, &get().with("x-ms-range", "bytes=3-5"));
    assert_eq!(part.head.status, 206);
    assert_eq!(part.content.as_deref(), Some(&b"345"[..]));
    assert_eq!(part.head.header("content-range"), Some("bytes 3-5/10"));
    assert_eq!(part.head.header("content-length"), Some("3"));
    let behind = send(&hub, &get().with("range", "bytes=10-"));
    assert_eq!(code(&behind), (416, "InvalidRange"));

    let head = send(&hub, &signed(&hub, Method::Head, "abc/d/x", "r"));
    assert_eq!((head.head.status, head.content), (200, None));
    assert_eq!(head.head.header("content-length"), Some("10"));
}

#[test]
fn conditions_of_reads_and_deletes() {
    let hub = hub();
    put(&hub, "x", b"1");
    let get = || signed(&hub, Method::Get, "abc/x", "rd");
    let etag = send(&hub, &get()).head.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let same = send(&hub, &get().with("if-none-match", &etag));
    assert_eq!(code(&same), (304, "ConditionNotMet"));
    assert_eq!(same.head.text(), "");
    assert_eq!(send(&hub, &get().with("if-match", &etag)).head.status, 200);
    put(&hub, "x", b"2");
    let changed = send(&hub, &get().with("if-match", &etag));
    assert_eq!(code(&changed), (412, "ConditionNotMet"));
    let delete = || signed(&hub, Method::Delete, "abc/x", "d");
    let kept = send(&hub, &delete().with("if-match", &etag));
    assert_eq!(code(&kept), (412, "ConditionNotMet"));
    assert_eq!(send(&hub, &delete()).head.status, 202);
    assert_eq!(code(&send(&hub, &delete())), (404, "BlobNotFound"));
}

#[test]
fn a_list_goes_on_where_it_ended() {
    let hub = hub();
    for name in ["a/1", "a/2", "a/3", "b/1", "%C3%A4%26"] {
        put(&hub, name, b"x");
    }
    let list = |more: &str| {
        let target = format!("abc?restype=container&comp=list{more}");
        let answer = send(&hub, &signed(&hub, Method::Get, &target, "l"));
        assert_eq!(answer.head.status, 200, "{}", answer.head.text());
        assert_eq!(answer.head.header("content-type"), Some("application/xml"));
        answer.head.text()
    };
    let names = |text: &str| {
        let parts: Vec<String> = text
            .split("<Name>")
            .skip(1)
            .map(|part| part.split("</Name>").next().unwrap().to_owned())
            .collect();
        parts
    };
    assert_eq!(names(&list("")), ["a/1", "a/2", "a/3", "b/1", "ä&amp;"]);
    let first = list("&prefix=a%2F&maxresults=2");
    assert_eq!(names(&first), ["a/1", "a/2"]);
    let marker = first.split("<NextMarker>").nth(1).unwrap();
    let marker = marker.split("</NextMarker>").next().unwrap();
    let second = list(&format!("&prefix=a%2F&maxresults=2&marker={marker}"));
    assert_eq!(names(&second), ["a/3"]);
    assert!(second.contains("<NextMarker></NextMarker>"));
    assert!(names(&list("&prefix=c")).is_empty());
}

#[test]
fn every_operation_needs_its_permission() {
    let hub = hub();
    put(&hub, "x", b"1");
    for (method, target, enough) in [
        (Method::Get, "abc/x", "r"),
        (Method::Head, "abc/x", "r"),
        (Method::Put, "abc/x", "cw"),
        (Method::Put, "abc/x?comp=block&blockid=QQ%3D%3D", "cw"),
        (Method::Put, "abc/x?comp=blocklist", "cw"),
        (Method::Delete, "abc/x", "d"),
        (Method::Get, "abc?restype=container&comp=list", "l"),
        (Method::Get, "abc?restype=container", "rlcw"),
        (Method::Put, "abc?restype=container", "cw"),
    ] {
        for right in ["r", "a", "c", "w", "d", "l"] {
            let answer = send(&hub, &signed(&hub, method, target, right));
            let refused =
                answer.head.header("x-ms-error-code") == Some("AuthorizationPermissionMismatch");
            assert_eq!(refused, !enough.contains(right), "{target} {right}");
            assert_eq!(
                refused,
                answer.head.status == 403 && !enough.contains(right)
            );
        }
    }
}

#[test]
fn bad_urls_are_refused_before_anything_is_told() {
    let hub = hub();
    put(&hub, "x", b"1");
    let failed = (403, "AuthenticationFailed");
    let unsigned = request(Method::Get, "/blobs/abc/x");
    assert_eq!(
        code(&send(&hub, &unsigned)),
        (401, "NoAuthenticationInformation")
    );
    let late = signed(&hub, Method::Get, "abc/x", "r");
    hub.now.set(hub.now.get().plus_seconds(601));
    assert_eq!(code(&send(&hub, &late)), failed);

    let of_one = signed_for(&hub, Method::Get, "abc/x", "r", Some("x"));
    assert_eq!(send(&hub, &of_one).head.status, 200);
    for target in ["abc/y", "abc/none/x", "abc?restype=container"] {
        let elsewhere = signed_for(&hub, Method::Get, target, "r", Some("x"));
        assert_eq!(code(&send(&hub, &elsewhere)), failed, "{target}");
    }
    let mut other = FakeHub::new();
    let mut settings = other.settings.as_deref().unwrap().clone();
    settings.session_key = vec![10; 32];
    other.settings = Some(settings.into());
    other.now.set(hub.now.get());
    let foreign = signed(&other, Method::Get, "abc/x", "r");
    assert_eq!(code(&send(&hub, &foreign)), failed);

    // Neither name, query nor signature come back.
    let answer = send(&hub, &foreign).head.text();
    assert!(
        answer.contains("<Code>AuthenticationFailed</Code>"),
        "{answer}"
    );
    assert!(
        !answer.contains("sig=") && !answer.contains("abc"),
        "{answer}"
    );
}

#[test]
fn a_container_that_does_not_exist() {
    let hub = FakeHub::new();
    for (method, target) in [
        (Method::Get, "abc/x"),
        (Method::Delete, "abc/x"),
        (Method::Get, "abc?restype=container&comp=list"),
        (Method::Get, "abc?restype=container"),
        (Method::Put, "abc/x"),
        (Method::Put, "abc/x?comp=block&blockid=QQ%3D%3D"),
    ] {
        let asking = signed(&hub, method, target, "racwdl").with("x-ms-blob-type", "BlockBlob");
        let answer = send(&hub, &asking);
        assert_eq!(code(&answer), (404, "ContainerNotFound"), "{target}");
        assert!(
            answer.head.text().starts_with(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>ContainerNotFound</Code>"
            ),
            "{}",
            answer.head.text()
        );
    }
    let create = signed(&hub, Method::Put, "abc?restype=container", "c");
    assert_eq!(send(&hub, &create).head.status, 201);
    assert_eq!(code(&send(&hub, &create)), (409, "ContainerAlreadyExists"));
    let missing = send(&hub, &signed(&hub, Method::Get, "abc/x", "r"));
    assert_eq!(code(&missing), (404, "BlobNotFound"));
    let head = send(&hub, &signed(&hub, Method::Head, "abc/x", "r"));
    assert_eq!(code(&head), (404, "BlobNotFound"));
    assert_eq!(head.head.text(), "");
}

#[test]
fn a_hub_that_is_not_set_up_serves_nobody() {
    let mut hub = hub();
    let asking = signed(&hub, Method::Get, "abc/x", "r");
    hub.settings = None;
    assert_eq!(code(&send(&hub, &asking)), (503, "ServerBusy"));
}
