use super::*;
use crate::http::fake::FakeHub;
use serde_json::Value;

const BYTES: [u8; 16] = [0xab; 16];

fn trace() -> Trace {
    Trace::from_bytes(BYTES, Timestamp::parse("2018-10-15T03:54:24.5Z").unwrap())
}

fn render(error: HubError, envelope: Envelope) -> Response {
    finish(
        respond(&FakeHub::new(), &error, envelope, &trace()),
        &trace(),
    )
}

#[test]
fn the_classic_envelope_and_its_headers_are_those_of_the_contract() {
    let response = render(
        HubError::new(ErrorCode::DeviceNotFound, "pump-7"),
        Envelope::Classic,
    );
    assert_eq!(response.status, 404);
    insta::assert_snapshot!(response.text(), @r#"{"Message":"ErrorCode:DeviceNotFound;pump-7","ExceptionMessage":"Tracking ID:abababababababababababababababab-G:0-TimeStamp:10/15/2018 03:54:24"}"#);
    let headers: Vec<String> = response
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    insta::assert_snapshot!(headers.join("\n"), @r"
    content-type: application/json; charset=utf-8
    iothub-errorcode: DeviceNotFound
    x-ms-request-id: abababab-abab-4bab-abab-abababababab
    cache-control: no-store
    x-content-type-options: nosniff
    ");
}

#[test]
fn the_nested_envelope_holds_the_flat_one_as_text() {
    let error = HubError::new(
        ErrorCode::DeviceNotOnline,
        "Timed out waiting for device to connect.",
    );
    let outer: Value =
        serde_json::from_str(&render(error.clone(), Envelope::Nested).text()).unwrap();
    assert_eq!(outer["ExceptionMessage"], "");
    let inner: Value = serde_json::from_str(outer["Message"].as_str().unwrap()).unwrap();
    assert_eq!(inner["errorCode"], 404103);
    assert_eq!(inner["message"], "Timed out waiting for device to connect.");
    assert_eq!(inner["info"], Value::Null);
    assert_eq!(inner["timestampUtc"], "2018-10-15T03:54:24.5000000Z");
    let flat: Value = serde_json::from_str(&render(error, Envelope::Flat).text()).unwrap();
    assert_eq!(inner, flat);
}

#[test]
fn internal_detail_goes_to_the_log_and_not_to_the_caller() {
    let hub = FakeHub::new();
    let error = HubError::internal("table devices is locked by 0xdead");
    for envelope in [Envelope::Classic, Envelope::Flat, Envelope::Nested] {
        let response = respond(&hub, &error, envelope, &trace());
        assert_eq!(response.status, 500);
        assert!(response.text().contains("InternalServerError"));
        assert!(!response.text().contains("0xdead"));
    }
    let reports = hub.reports.borrow();
    assert!(
        reports[0].contains("0xdead") && reports[0].contains("abababab"),
        "{reports:?}"
    );
}

#[test]
fn throttled_callers_learn_when_to_come_back() {
    let response = render(
        HubError::new(ErrorCode::ThrottlingException, "slow down"),
        Envelope::Classic,
    );
    assert_eq!(
        (response.status, response.header("retry-after")),
        (429, Some("1"))
    );
}

#[test]
fn request_ids_are_uuids_of_version_four() {
    assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
    assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}
