//! Uploads over the fake hub.

use super::serve::{Body, handle};
use super::serve_tests::{code, hub, put, read, send, signed};
use super::{MAX_BLOCK_BYTES, MAX_PUT_BYTES};
use crate::http::fake::{FakeHub, block_on};
use crate::http::message::{Method, Request};
use proptest::prelude::*;

fn put_request(hub: &FakeHub, target: &str, rights: &str, content: &[u8]) -> Request {
    let mut asking = signed(hub, Method::Put, target, rights).with("x-ms-blob-type", "BlockBlob");
    asking.body = content.to_vec();
    asking
}

fn put_block(hub: &FakeHub, name: &str, id: &str, content: &[u8]) {
    let target = format!(
        "abc/{name}?comp=block&blockid={}",
        crate::percent::encode(id)
    );
    let answer = send(hub, &put_request(hub, &target, "w", content));
    assert_eq!(answer.head.status, 201, "{}", answer.head.text());
}

fn list(hub: &FakeHub, name: &str, rights: &str, ids: &[&str]) -> Request {
    let blocks: String = ids
        .iter()
        .map(|id| format!("<Latest>{id}</Latest>"))
        .collect();
    let body = format!("<BlockList>{blocks}</BlockList>");
    put_request(
        hub,
        &format!("abc/{name}?comp=blocklist"),
        rights,
        body.as_bytes(),
    )
}

fn waiting(hub: &FakeHub) -> usize {
    let keys = hub.blobs.keys();
    keys.iter().filter(|key| key.starts_with("block/")).count()
}

#[test]
fn headers_and_metadata_come_back() {
    let hub = hub();
    let asking = put_request(&hub, "abc/x", "w", b"<p>")
        .with("x-ms-blob-content-type", "text/html")
        .with("x-ms-blob-content-encoding", "gzip")
        .with("x-ms-blob-content-disposition", "attachment")
        .with("x-ms-blob-cache-control", "max-age=5")
        .with("x-ms-meta-job_id", "7");
    assert_eq!(send(&hub, &asking).head.status, 201);
    let head = send(&hub, &signed(&hub, Method::Head, "abc/x", "r")).head;
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-encoding", "gzip"),
        ("content-disposition", "attachment"),
        ("cache-control", "max-age=5"),
        ("x-ms-meta-job_id", "7"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ] {
        assert_eq!(head.header(name), Some(value), "{name}");
    }
    assert_eq!(
        head.headers
            .iter()
            .filter(|(name, _)| name == "cache-control")
            .count(),
        1
    );
}

#[test]
fn who_may_only_create_overwrites_nothing() {
    let hub = hub();
    let create = put_request(&hub, "abc/x", "c", b"first");
    assert_eq!(send(&hub, &create).head.status, 201);
    assert_eq!(
        code(&send(&hub, &create)),
        (403, "UnauthorizedBlobOverwrite")
    );
    let absent = put_request(&hub, "abc/x", "cw", b"second").with("if-none-match", "*");
    assert_eq!(code(&send(&hub, &absent)), (409, "BlobAlreadyExists"));
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"first"[..]));
    let write = put_request(&hub, "abc/x", "w", b"third");
    assert_eq!(send(&hub, &write).head.status, 201);
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"third"[..]));
    let stale = put_request(&hub, "abc/x", "w", b"4").with("if-match", "\"0\"");
    assert_eq!(code(&send(&hub, &stale)), (412, "ConditionNotMet"));
}

#[test]
fn what_cannot_be_given_is_refused() {
    let hub = hub();
    let plain = || {
        let mut asking = signed(&hub, Method::Put, "abc/x", "w");
        asking.body = b"1".to_vec();
        asking
    };
    let typed = || plain().with("x-ms-blob-type", "BlockBlob");
    for (asking, error) in [
        (plain(), (400, "MissingRequiredHeader")),
        (
            plain().with("x-ms-blob-type", "AppendBlob"),
            (400, "InvalidHeaderValue"),
        ),
        (
            typed().with("x-ms-copy-source", "https://elsewhere"),
            (400, "UnsupportedHeader"),
        ),
        (
            typed().with("x-ms-lease-id", "1"),
            (400, "UnsupportedHeader"),
        ),
        (typed().with("content-md5", "AAAA"), (400, "InvalidMd5")),
        (typed().with("x-ms-meta-a-b", "1"), (400, "InvalidMetadata")),
        (
            typed().with("x-ms-meta-a", &"1".repeat(4096)),
            (400, "MetadataTooLarge"),
        ),
        (
            typed().with("x-ms-blob-content-type", "ä"),
            (400, "InvalidHeaderValue"),
        ),
    ] {
        assert_eq!(code(&send(&hub, &asking)), error, "{:?}", asking.headers);
    }
    assert_eq!(hub.blobs.keys(), ["container/abc"]);
}

#[test]
fn lengths_are_known_and_bounded_before_anything_is_read() {
    let hub = hub();
    let block = "abc/x?comp=block&blockid=QQ%3D%3D";
    let large = (413, "RequestBodyTooLarge");
    for (target, length, error) in [
        ("abc/x", None, (411, "MissingContentLengthHeader")),
        ("abc/x", Some(MAX_PUT_BYTES + 1), large),
        (block, None, (411, "MissingContentLengthHeader")),
        (block, Some(MAX_BLOCK_BYTES + 1), large),
        ("abc/x?comp=blocklist", Some(192 * 1024 + 1), large),
    ] {
        let asking = put_request(&hub, target, "w", b"");
        let content = Vec::new();
        let body = Body { content, length };
        let answer = block_on(handle(&hub, &asking, body));
        assert_eq!(code(&answer), error, "{target}");
    }
}

#[test]
fn blocks_become_a_blob_in_the_order_of_the_list() {
    let hub = hub();
    put(&hub, "x", b"old");
    for (id, content) in [("Qg==", "two"), ("QQ==", "one"), ("Qw==", "never")] {
        put_block(&hub, "x", id, content.as_bytes());
    }
    put_block(&hub, "other", "QQ==", b"kept");
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"old"[..]));
    let answer = send(&hub, &list(&hub, "x", "w", &["QQ==", "Qg==", "QQ=="]));
    assert_eq!(answer.head.status, 201, "{}", answer.head.text());
    assert!(answer.head.header("etag").is_some());
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"onetwoone"[..]));
    assert_eq!(waiting(&hub), 1, "the blocks of other blobs stay");
    let again = send(&hub, &list(&hub, "x", "w", &["QQ=="]));
    assert_eq!(code(&again), (400, "InvalidBlockList"));
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"onetwoone"[..]));
    assert_eq!(send(&hub, &list(&hub, "x", "w", &[])).head.status, 201);
    assert_eq!(read(&hub, "x").as_deref(), Some(&b""[..]));
}

#[test]
fn a_list_obeys_conditions_and_permissions() {
    let hub = hub();
    put(&hub, "x", b"old");
    put_block(&hub, "x", "QQ==", b"new");
    let absent = list(&hub, "x", "w", &["QQ=="]).with("if-none-match", "*");
    assert_eq!(code(&send(&hub, &absent)), (409, "BlobAlreadyExists"));
    let create = list(&hub, "x", "c", &["QQ=="]);
    assert_eq!(
        code(&send(&hub, &create)),
        (403, "UnauthorizedBlobOverwrite")
    );
    assert_eq!(read(&hub, "x").as_deref(), Some(&b"old"[..]));
    assert_eq!(waiting(&hub), 1);
    let mut broken = list(&hub, "x", "w", &[]);
    broken.body = b"<BlockList><Latest>QQ==</Latest>".to_vec();
    assert_eq!(code(&send(&hub, &broken)), (400, "InvalidXmlDocument"));
}

#[test]
fn blocks_that_nobody_joins_go_after_a_week() {
    let hub = hub();
    for number in 0..50 {
        put_block(&hub, &format!("left-{number}"), "QQ==", b"left");
    }
    hub.now.set(hub.now.get().plus_seconds(7 * 24 * 3600));
    let late = send(&hub, &list(&hub, "left-0", "w", &["QQ=="]));
    assert_eq!(code(&late), (400, "InvalidBlockList"));
    // The fake's random numbers rise, so that the sweeps begin at many places.
    for number in 0..200 {
        put_block(&hub, "new", "QQ==", b"1");
        let answer = send(&hub, &list(&hub, "new", "w", &["QQ=="]));
        assert_eq!(answer.head.status, 201, "{number}");
    }
    assert!(waiting(&hub) < 5, "{} still wait", waiting(&hub));
}

proptest! {
    #[test]
    fn any_split_uploads_the_same_content(content in proptest::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let hub = hub();
        let ids: Vec<String> = (0..content.chunks(size).len())
            .map(|number| {
                use base64::Engine;
                base64::engine::general_purpose::STANDARD.encode(format!("{number:08}"))
            })
            .collect();
        for (id, part) in ids.iter().zip(content.chunks(size)).rev() {
            put_block(&hub, "x", id, part);
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        prop_assert_eq!(send(&hub, &list(&hub, "x", "w", &ids)).head.status, 201);
        prop_assert_eq!(read(&hub, "x"), Some(content));
        prop_assert_eq!(waiting(&hub), 0);
    }
}
