//! Client certificates: the shard's decision, the gateway's memory, the hub's authorities
//! (`device.md` §2.3, `service.md` §16, `device-management.md` R27).

use serde_json::{Value, json};
use shared::auth::ClientCertificate;
use shared::error::{ErrorCode, HubError};
use shared::hub::administration::bootstrap::ENTROPY_BYTES;
use shared::hub::effects::Outgoing;
use shared::ids::{Identity, ModuleId};
use shared::ipc::ConnectionId;
use shared::ipc::alert::ListAlerts;
use shared::ipc::hub::{Authority, CertificateChange, ChangeCertificate, HubReply, HubRequest};
use shared::ipc::registry::{
    AsDevice, ConnectRequest, DeviceOperation, Precondition, PutDevice, PutModule, RegistryReply,
    RegistryRequest, Retire, RetireMode, RetireReason,
};
use shared::time::Timestamp;
use simulation::actor::Input;
use simulation::device::HOST;
use simulation::packets::ConnectFields;
use simulation::stage::{LAYOUT, Stage, device, identity, settings};

const DAY: i64 = 86_400;

fn certificate(stage: &Stage, name: &str, authorities: &[&str]) -> ClientCertificate {
    ClientCertificate {
        sha1: "a1".repeat(20),
        sha256: "b2".repeat(32),
        not_before: stage.now.plus_seconds(-DAY),
        not_after: stage.now.plus_seconds(DAY),
        common_name: Some(name.to_owned()),
        authorities: authorities.iter().map(|mark| (*mark).to_owned()).collect(),
    }
}

fn put(stage: &mut Stage, authentication: Value) -> Result<RegistryReply, HubError> {
    let entropy = stage.random.bytes(80);
    let put = stage.ask(RegistryRequest::PutDevice(PutDevice {
        missing_scopes: Vec::new(),
        device: device("a"),
        precondition: Precondition::None,
        body: json!({ "authentication": authentication }),
        entropy,
    }));
    stage.settle_calls();
    put
}

fn self_signed(thumbprint: &str) -> Value {
    let thumbprints = json!({ "primaryThumbprint": thumbprint });
    json!({ "type": "selfSigned", "x509Thumbprint": thumbprints })
}

/// The CONNACK code, and when an accepted session ends.
fn connect(
    stage: &mut Stage,
    who: &Identity,
    certificate: Option<&ClientCertificate>,
    password: Option<&str>,
) -> (u8, Option<Timestamp>) {
    let request = ConnectRequest {
        identity: who.clone(),
        host_name: HOST.to_owned(),
        password: password.map(str::to_owned),
        certificate: certificate.map(ClientCertificate::to_text),
        gateway: 0,
        connection: ConnectionId("c".to_owned()),
        census: 0,
        clean_session: false,
        keep_alive: 60,
        model_id: None,
        client_type: None,
        api_version: None,
    };
    match stage.asked(RegistryRequest::Connect(Box::new(request))) {
        RegistryReply::Connected(connected) => (0, connected.expires),
        RegistryReply::Refused(refused) => (refused.code, None),
        other => panic!("{other:?}"),
    }
}

fn code(stage: &mut Stage, certificate: &ClientCertificate) -> u8 {
    connect(stage, &identity("a"), Some(certificate), None).0
}

fn https(stage: &mut Stage, certificate: &ClientCertificate) -> Result<RegistryReply, HubError> {
    let entropy = stage.random.bytes(16);
    stage.ask(RegistryRequest::AsDevice(AsDevice {
        identity: identity("a"),
        authorization: None,
        certificate: Some(certificate.to_text()),
        operation: DeviceOperation::Authorize,
        entropy,
    }))
}

fn trust(stage: &mut Stage, version: u64, marks: &[&str], not_after: Timestamp) {
    let mut settings = settings();
    settings.version = version;
    settings.authorities = marks
        .iter()
        .map(|mark| Authority {
            marks: vec![(*mark).to_owned()],
            not_after,
        })
        .collect();
    stage.asked(RegistryRequest::ApplySettings(Box::new(settings)));
}

fn retire(stage: &mut Stage) {
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::Retire(Box::new(Retire {
        device: device("a"),
        mode: RetireMode::Retire,
        reason: RetireReason::EndOfLife,
        replacement: None,
        delete_after_seconds: 0,
        entropy,
    })));
    stage.settle_calls();
}

#[test]
fn a_thumbprint_decides_within_the_certificates_time() {
    let mut stage = Stage::registry();
    put(&mut stage, self_signed(&"A1".repeat(20))).unwrap();
    let good = certificate(&stage, "whatever", &[]);
    let (accepted, expires) = connect(&mut stage, &identity("a"), Some(&good), Some(""));
    assert_eq!((accepted, expires), (0, Some(good.not_after)));
    assert!(https(&mut stage, &good).is_ok());
    let other = ClientCertificate {
        sha1: "a2".repeat(20),
        ..good.clone()
    };
    assert_eq!(code(&mut stage, &other), 5);
    assert_eq!(
        https(&mut stage, &other).unwrap_err(),
        HubError::new(ErrorCode::IotHubUnauthorized, "Unauthorized")
    );
    let nonsense = connect(&mut stage, &identity("a"), Some(&good), Some("nonsense"));
    assert_eq!(nonsense.0, 5, "a password is not passed over");
    stage.wait(2 * DAY * 1000);
    assert_eq!(code(&mut stage, &good), 5, "expired");
    stage.wait(-4 * DAY * 1000);
    assert_eq!(code(&mut stage, &good), 5, "not yet valid");
}

#[test]
fn an_authority_decides_with_the_common_name() {
    let mut stage = Stage::registry();
    put(&mut stage, json!({ "type": "certificateAuthority" })).unwrap();
    let good = certificate(&stage, "a", &["sha256:R", "sha256:I"]);
    assert_eq!(code(&mut stage, &good), 5, "nobody is trusted yet");
    let until = stage.now.plus_seconds(3600);
    trust(&mut stage, 2, &["sha256:X", "sha256:R"], until);
    let (accepted, expires) = connect(&mut stage, &identity("a"), Some(&good), None);
    assert_eq!(
        (accepted, expires),
        (0, Some(until)),
        "no longer than the authority"
    );
    for wrong in [
        certificate(&stage, "b", &["sha256:R"]),
        certificate(&stage, "a/m", &["sha256:R"]),
        certificate(&stage, "ab", &["sha256:R"]),
        certificate(&stage, "a", &["sha256:r"]),
        certificate(&stage, "a", &[]),
        ClientCertificate {
            common_name: None,
            ..good.clone()
        },
    ] {
        assert_eq!(code(&mut stage, &wrong), 5, "{wrong:?}");
    }
    trust(&mut stage, 3, &[], until);
    assert_eq!(code(&mut stage, &good), 5, "deleted");
    let past = stage.now.plus_seconds(-1);
    trust(&mut stage, 4, &["sha256:R"], past);
    assert_eq!(code(&mut stage, &good), 5, "the authority has expired");
}

#[test]
fn a_module_may_be_named_behind_its_device() {
    let mut stage = Stage::registry();
    put(&mut stage, json!({})).unwrap();
    let entropy = stage.random.bytes(80);
    let module = ModuleId::parse("m").unwrap();
    stage.asked(RegistryRequest::PutModule(PutModule {
        device: device("a"),
        module: module.clone(),
        precondition: Precondition::None,
        body: json!({ "authentication": { "type": "certificateAuthority" } }),
        entropy,
    }));
    let until = stage.now.plus_seconds(3600);
    trust(&mut stage, 2, &["sha256:R"], until);
    let who = Identity {
        device: device("a"),
        module: Some(module),
    };
    for (name, expected) in [("a", 0), ("a/m", 0), ("a/n", 5), ("am", 5), ("m", 5)] {
        let shown = certificate(&stage, name, &["sha256:R"]);
        let (code, _) = connect(&mut stage, &who, Some(&shown), None);
        assert_eq!(code, expected, "{name}");
    }
    // The device itself has keys: no certificate is good for it.
    let shown = certificate(&stage, "a", &["sha256:R"]);
    assert_eq!(code(&mut stage, &shown), 5);
}

#[test]
fn what_was_retired_stays_refused_under_either_thumbprint() {
    let mut stage = Stage::registry();
    put(&mut stage, self_signed(&"A1".repeat(20))).unwrap();
    let old = certificate(&stage, "a", &["sha256:R"]);
    assert_eq!(code(&mut stage, &old), 0);
    retire(&mut stage);
    assert!(put(&mut stage, self_signed(&"a1".repeat(20))).is_err());
    assert!(
        put(&mut stage, self_signed(&"b2".repeat(32))).is_err(),
        "the certificate was seen, so both of its thumbprints are known"
    );
    put(&mut stage, json!({ "type": "certificateAuthority" })).unwrap();
    let until = stage.now.plus_seconds(DAY);
    trust(&mut stage, 2, &["sha256:R"], until);
    assert_eq!(code(&mut stage, &old), 5);
    let never_seen = ClientCertificate {
        sha1: "c3".repeat(20),
        sha256: "d4".repeat(32),
        ..old.clone()
    };
    assert_eq!(
        code(&mut stage, &never_seen),
        5,
        "issued before the retirement"
    );
    stage.wait(2_000);
    let new = ClientCertificate {
        not_before: stage.now.plus_milliseconds(-500),
        ..never_seen
    };
    assert_eq!(code(&mut stage, &new), 0);
}

/// What people were told of the device's certificate: whether it is over.
fn told(stage: &mut Stage) -> Vec<bool> {
    stage.settle_calls();
    let alerts = std::mem::take(&mut stage.alerts).into_iter();
    let of_rule = alerts.filter(|alert| alert.rule.name() == "credentialExpiring");
    of_rule.map(|alert| alert.cleared).collect()
}

#[test]
fn somebody_hears_of_a_certificate_a_month_before_it_ends() {
    let mut stage = Stage::registry();
    put(&mut stage, self_signed(&"A1".repeat(20))).unwrap();
    let mut shown = certificate(&stage, "a", &[]);
    shown.not_after = stage.now.plus_seconds(40 * DAY);
    assert_eq!(code(&mut stage, &shown), 0);
    assert!(told(&mut stage).is_empty(), "there is time");
    // The device stays connected, so only the shard's clock tells.
    stage.wait(9 * DAY * 1000);
    stage.input(Input::Alarm);
    assert!(told(&mut stage).is_empty());
    stage.wait(DAY * 1000);
    stage.input(Input::Alarm);
    assert_eq!(told(&mut stage), [false]);
    stage.input(Input::Alarm);
    assert_eq!(code(&mut stage, &shown), 0);
    assert!(told(&mut stage).is_empty(), "once is enough");
    // With its next certificate that is over, and with the old one it is so again.
    let mut next = shown.clone();
    next.not_after = stage.now.plus_seconds(400 * DAY);
    assert_eq!(code(&mut stage, &next), 0);
    assert_eq!(told(&mut stage), [true]);
    assert_eq!(code(&mut stage, &shown), 0);
    assert_eq!(told(&mut stage), [false]);
    retire(&mut stage);
    assert_eq!(
        told(&mut stage),
        [true],
        "nobody waits for a retired device"
    );
}

#[test]
fn a_gateway_remembers_the_certificate_until_connect_comes() {
    let mut stage = Stage::gateway();
    let shown = certificate(&stage, "a", &["sha256:R"]);
    let id = ConnectionId("1".to_owned());
    stage.input(Input::Opened(1, id, Some(shown.to_text())));
    stage.wait(3_000);
    stage.input(Input::Timer);
    let (slot, attachment) = stage.output.attachments[0].clone();
    assert_eq!(slot, 1);
    // Another object, after hibernation, knows only what the socket carries.
    let mut stage = Stage::gateway();
    stage.hold_socket(slot, ConnectionId("1".to_owned()), &attachment);
    let connect = ConnectFields {
        client_id: "a".to_owned(),
        user_name: format!("{HOST}/a"),
        password: None,
        clean_session: false,
        keep_alive: 60,
        will: None,
    };
    stage.input(Input::Frame(slot, connect.bytes()));
    let asked = stage
        .output
        .calls
        .iter()
        .find_map(|call| match &call.request {
            Outgoing::Registry(RegistryRequest::Connect(request)) => Some(request),
            _ => None,
        });
    let asked = asked.expect("the shard is asked");
    assert_eq!(asked.certificate, Some(shown.to_text()));
    assert_eq!(asked.password, None);
}

/// `O=Test, CN=Root A`, good from 2026-11-26 on for a hundred years.
const AUTHORITY: &str = include_str!("authority.pem");
const MARK: &str = "sha256:8A45B1ED9396F8FAFF1474EAE027B2653501C883E602B64BF9A180F27B1010FB";

fn change(
    stage: &mut Stage,
    name: &str,
    precondition: Precondition,
    change: CertificateChange,
) -> Result<Vec<Value>, HubError> {
    let request = HubRequest::ChangeCertificate(ChangeCertificate {
        name: name.to_owned(),
        precondition,
        change,
    });
    match stage.administer(request)? {
        HubReply::Certificates(changed) => Ok(changed),
        other => panic!("{other:?}"),
    }
}

fn marks(stage: &mut Stage) -> Vec<String> {
    match stage.administer(HubRequest::GetSettings) {
        Ok(HubReply::Settings(settings)) => {
            let authorities = settings.authorities.into_iter();
            authorities.flat_map(|authority| authority.marks).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn hub() -> Stage {
    let mut stage = Stage::hub();
    stage.now = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
    let entropy = stage.random.bytes(ENTROPY_BYTES);
    stage
        .administer(HubRequest::Bootstrap {
            host_names: vec![HOST.to_owned()],
            layout: LAYOUT,
            entropy,
        })
        .unwrap();
    stage
}

fn content() -> CertificateChange {
    let lines = AUTHORITY.lines().filter(|line| !line.starts_with('-'));
    CertificateChange::Put(lines.collect())
}

fn code_of(result: Result<Vec<Value>, HubError>) -> ErrorCode {
    result.unwrap_err().code
}

#[test]
fn only_a_verified_certificate_is_an_authority() {
    let mut stage = hub();
    let put = change(&mut stage, "root", Precondition::None, content()).unwrap();
    assert_eq!(put[0]["properties"]["subject"], "Root A");
    assert_eq!(
        put[0]["properties"]["expiry"],
        "2126-11-02T05:27:43.0000000Z"
    );
    assert!(marks(&mut stage).is_empty());
    let challenge = CertificateChange::Challenge("CODE".to_owned());
    let asked = change(&mut stage, "ROOT", Precondition::Any, challenge).unwrap();
    assert_eq!(asked[0]["properties"]["verificationCode"], "CODE");
    let etag = |document: &Value| Precondition::Etag(document["etag"].as_str().unwrap().to_owned());
    let stale = change(
        &mut stage,
        "root",
        etag(&put[0]),
        CertificateChange::Verified,
    );
    assert_eq!(code_of(stale), ErrorCode::PreconditionFailed);
    assert!(marks(&mut stage).is_empty());
    let verified = change(
        &mut stage,
        "root",
        etag(&asked[0]),
        CertificateChange::Verified,
    );
    assert_eq!(verified.unwrap()[0]["properties"]["isVerified"], true);
    let trusted = marks(&mut stage);
    assert_eq!(trusted[0], MARK);
    assert!(trusted[1].starts_with("issuer:2EF02855F021B18703AD0E4970A02D7CB98E30D9:FC20"));
    // The same content again needs another proof.
    change(&mut stage, "root", Precondition::Any, content()).unwrap();
    assert!(marks(&mut stage).is_empty());
    change(
        &mut stage,
        "root",
        Precondition::Any,
        CertificateChange::Verified,
    )
    .unwrap();
    assert_eq!(marks(&mut stage).len(), 2);
    let gone = change(
        &mut stage,
        "root",
        Precondition::Any,
        CertificateChange::Delete,
    );
    assert!(gone.unwrap().is_empty());
    assert!(marks(&mut stage).is_empty());
}

fn open_alerts(stage: &mut Stage) -> Vec<Value> {
    stage.input(Input::Alarm);
    let wanted = ListAlerts {
        rule: Some("credentialExpiring".to_owned()),
        state: Some("open".to_owned()),
        limit: 10,
        ..ListAlerts::default()
    };
    match stage.administer(HubRequest::ListAlerts(Box::new(wanted))) {
        Ok(HubReply::Alerts(alerts, _)) => alerts,
        other => panic!("{other:?}"),
    }
}

fn put_rule(stage: &mut Stage, enabled: bool) {
    let rule = json!({ "id": "credentialExpiring", "enabled": enabled });
    let request = HubRequest::PutAlertRule(Box::new(rule), Precondition::None);
    stage.administer(request).unwrap();
}

#[test]
fn an_authority_that_ends_is_an_alert_a_month_before() {
    let mut stage = hub();
    change(&mut stage, "root", Precondition::None, content()).unwrap();
    assert!(open_alerts(&mut stage).is_empty());
    stage.now = Timestamp::parse("2126-10-03T05:27:00Z").unwrap();
    assert!(open_alerts(&mut stage).is_empty(), "there is time");
    // Two minutes of any condition pass before it is an alert.
    stage.now = Timestamp::parse("2126-10-03T05:29:44Z").unwrap();
    let open = open_alerts(&mut stage);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        open[0]["summary"],
        "The CA certificate root ends on 2126-11-02T05:27:43.0000000Z."
    );
    assert_eq!(open[0]["subject"], json!({ "certificate": "root" }));
    assert_eq!(open[0]["attention"], true);
    // Whoever wants to hear of it again after a while need not upload anything.
    put_rule(&mut stage, false);
    assert!(open_alerts(&mut stage).is_empty());
    put_rule(&mut stage, true);
    assert_eq!(open_alerts(&mut stage).len(), 1);
    put_rule(&mut stage, true);
    assert_eq!(open_alerts(&mut stage), open_alerts(&mut stage));
    let gone = CertificateChange::Delete;
    change(&mut stage, "ROOT", Precondition::Any, gone).unwrap();
    assert!(open_alerts(&mut stage).is_empty());
}

#[test]
fn certificates_are_bounded_and_must_be_good_at_that_time() {
    let mut stage = hub();
    for number in 0..25 {
        change(
            &mut stage,
            &format!("c{number}"),
            Precondition::None,
            content(),
        )
        .unwrap();
    }
    let one_more = change(&mut stage, "c25", Precondition::None, content());
    assert_eq!(code_of(one_more), ErrorCode::IotHubQuotaExceeded);
    change(&mut stage, "c1", Precondition::Any, content()).unwrap();
    change(
        &mut stage,
        "c0",
        Precondition::Any,
        CertificateChange::Delete,
    )
    .unwrap();
    for name in ["", "a b", &"n".repeat(65)] {
        let put = change(&mut stage, name, Precondition::None, content());
        assert_eq!(code_of(put), ErrorCode::ArgumentInvalid);
    }
    let nonsense = CertificateChange::Put("AAAA".to_owned());
    let put = change(&mut stage, "x", Precondition::None, nonsense);
    assert_eq!(code_of(put), ErrorCode::ArgumentInvalid);
    let unknown = change(
        &mut stage,
        "x",
        Precondition::Any,
        CertificateChange::Delete,
    );
    assert_eq!(code_of(unknown), ErrorCode::CertificateNotFound);
    let careless = change(
        &mut stage,
        "c1",
        Precondition::None,
        CertificateChange::Delete,
    );
    assert_eq!(code_of(careless), ErrorCode::PreconditionFailed);
    stage.now = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    let early = change(&mut stage, "x", Precondition::None, content());
    assert_eq!(code_of(early), ErrorCode::ArgumentInvalid);
}
