use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, block_on, request, time};
use crate::http::message::Method;
use crate::ipc::hub::HubResult;
use crate::x509::certificate::decode;
use crate::x509::certificate::tests::{AUTHORITY, PROOF};

/// A hub with one certificate that waits for its proof.
fn hub(code: &'static str) -> FakeHub {
    let content = STANDARD.encode(decode(AUTHORITY).unwrap());
    let hub = FakeHub::new().hub_answers(move |request| -> HubResult {
        let known = json!({
            "name": "Root",
            "etag": "MQ==",
            "properties": { "certificate": content, "verificationCode": code },
        });
        match request {
            HubRequest::ListCertificates => Ok(HubReply::Certificates(vec![known])),
            HubRequest::ChangeCertificate(change) => match change.change {
                CertificateChange::Delete => Ok(HubReply::Certificates(Vec::new())),
                _ => Ok(HubReply::Certificates(vec![known])),
            },
            other => panic!("{other:?}"),
        }
    });
    // The certificates of these tests begin then.
    hub.now.set(time("2026-11-27T00:00:00Z"));
    hub
}

fn ask(hub: &FakeHub, method: Method, path: &str, etag: Option<&str>, body: Value) -> Response {
    let asking = request(method, path).with("authorization", &hub.token("iothubowner"));
    let asking = match etag {
        Some(etag) => asking.with("if-match", etag),
        None => asking,
    };
    block_on(crate::http::handle(hub, asking.with_json(&body)))
}

fn changes(hub: &FakeHub) -> Vec<ChangeCertificate> {
    let asked = hub.asked_hub.borrow();
    let changes = asked.iter().filter_map(|request| match request {
        HubRequest::ChangeCertificate(change) => Some(change.clone()),
        _ => None,
    });
    changes.collect()
}

const VERIFY: &str = "/api/v1/certificates/root/verify";

#[test]
fn a_good_proof_verifies_exactly_the_state_that_it_was_for() {
    let hub = hub("proof-code");
    let body = json!({ "certificate": PROOF });
    assert_eq!(
        ask(&hub, Method::Post, VERIFY, Some("*"), body.clone()).status,
        400,
        "the platform says that the signature is not good"
    );
    assert!(changes(&hub).is_empty());

    hub.signatures_are_good.set(true);
    let answer = ask(&hub, Method::Post, VERIFY, Some("*"), body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let changes = changes(&hub);
    let [change] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert!(matches!(change.change, CertificateChange::Verified));
    assert_eq!(change.precondition, Precondition::Etag("MQ==".into()));
}

#[test]
fn a_proof_for_another_code_or_authority_or_time_is_refused() {
    let refused = |code, proof: &str, now: &str| {
        let hub = hub(code);
        hub.signatures_are_good.set(true);
        hub.now.set(time(now));
        let body = json!({ "certificate": proof });
        let answer = ask(&hub, Method::Post, VERIFY, Some("*"), body);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(changes(&hub).is_empty());
    };
    refused("other-code", PROOF, "2026-11-27T00:00:00Z");
    refused("Root A", &PROOF[..200], "2026-11-27T00:00:00Z");
    refused("proof-code", PROOF, "2026-03-01T00:00:00Z");
    refused("proof-code", PROOF, "2127-03-01T00:00:00Z");
}

#[test]
fn upload_and_deletion_carry_the_precondition() {
    let hub = hub("x");
    let path = "/api/v1/certificates/root";
    let body = json!({ "properties": { "certificate": AUTHORITY } });
    assert_eq!(ask(&hub, Method::Put, path, None, body.clone()).status, 201);
    let replaced = ask(&hub, Method::Put, path, Some("\"MQ==\""), body);
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.header("etag"), Some("\"MQ==\""));
    let deleted = ask(&hub, Method::Delete, path, Some("*"), json!({}));
    assert_eq!((deleted.status, deleted.text().as_str()), (204, ""));
    let code = format!("{path}/generateVerificationCode");
    assert_eq!(
        ask(&hub, Method::Post, &code, Some("*"), json!({})).status,
        200
    );
    let changes = changes(&hub);
    assert_eq!(changes[0].precondition, Precondition::None);
    assert_eq!(changes[1].precondition, Precondition::Etag("MQ==".into()));
    assert_eq!(changes[2].precondition, Precondition::Any);
    let CertificateChange::Challenge(code) = &changes[3].change else {
        panic!("{changes:?}")
    };
    assert_eq!(code.len(), 48, "it must fit into a common name");
    let unreadable = json!({ "certificate": "no base64!" });
    assert_eq!(ask(&hub, Method::Put, path, None, unreadable).status, 400);
}

#[test]
fn authorities_are_for_administrators_and_the_list_for_the_terminator() {
    let hub = hub("x");
    let put = |role: Role| {
        let asking = request(Method::Put, "/api/v1/certificates/root")
            .with("cookie", &hub.cookie(role))
            .with("x-skerry-console", "1")
            .with_json(&json!({ "certificate": AUTHORITY }));
        block_on(crate::http::handle(&hub, asking)).status
    };
    assert_eq!(put(Role::Supervisor), 403);
    assert_eq!(put(Role::Admin), 201);
    let list = |secret: &str| {
        let asking = request(Method::Get, "/api/v1/bootstrap/certificates")
            .with("authorization", &format!("Bootstrap {secret}"));
        block_on(crate::http::handle(&hub, asking))
    };
    assert_eq!(list("another").status, 401);
    let answer = list("a long secret");
    assert_eq!(answer.value()["value"][0]["name"], "Root");
}
