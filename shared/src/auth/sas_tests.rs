use super::*;
use crate::auth::audience::{device_resource, hub_resource};
use crate::auth::keys::key_text;
use crate::ids::{DeviceId, ModuleId};
use proptest::prelude::*;

/// Bytes 00…1f: the key of the vectors of `device.md` §2.3.
const DEVICE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The key of the vectors of `service.md` §2.2.
const SERVICE_KEY: &str = "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5";
const HUB: [&str; 1] = ["myhub.azure-devices.net"];

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1000)
}

fn device(id: &str) -> Identity {
    Identity::device(DeviceId::parse(id).unwrap())
}

fn module(device: &str, module: &str) -> Identity {
    Identity {
        device: DeviceId::parse(device).unwrap(),
        module: Some(ModuleId::parse(module).unwrap()),
    }
}

fn keys(primary: &str) -> KeyPair {
    KeyPair {
        primary: primary.to_owned(),
        secondary: key_text(&[9; 32]),
    }
}

fn policy(name: &str, key: &str, rights: Rights) -> SharedAccessPolicy {
    SharedAccessPolicy {
        name: name.to_owned(),
        primary_key: key.to_owned(),
        secondary_key: key_text(&[9; 32]),
        rights,
    }
}

fn token(fields: &str) -> SasToken {
    SasToken::parse(&format!("SharedAccessSignature {fields}")).unwrap()
}

/// Signs and reads back.
fn signed(key: &str, resource: &str, expiry: i64, policy: Option<&str>) -> SasToken {
    SasToken::parse(&sign(key, resource, seconds(expiry), policy).unwrap()).unwrap()
}

#[test]
fn device_vectors() {
    let now = seconds(1_899_999_000);
    for (resource, signature, identity) in [
        (
            "myhub.azure-devices.net%2Fdevices%2Fdev1",
            "2%2FbbVukbBxhdR4aRdJgLLhQzyetTcv8yWMS4N9W7HVY%3D",
            device("dev1"),
        ),
        (
            "myhub.azure-devices.net%2fdevices%2fdev1",
            "LZNJ7dZSH8R77oICFFya0IZ5aqc%2B3yTvHIp7SbrH%2BhM%3D",
            device("dev1"),
        ),
        (
            "myhub.azure-devices.net%2Fdevices%2Fdev1%2Fmodules%2Fm1",
            "k0%2F0o24r1JLHW%2BZUAuX%2F0rLb4vElOM22dQD8oauxYpg%3D",
            module("dev1", "m1"),
        ),
    ] {
        let fields = format!("sr={resource}&sig={signature}&se=1900000000");
        let verified = token(&fields).verify_device(&keys(DEVICE_KEY), &HUB, &identity, now);
        assert_eq!(verified, Ok(MatchedKey::Primary), "{resource}");
        // Our own signature is the vector, byte for byte.
        assert_eq!(
            sign(DEVICE_KEY, resource, seconds(1_900_000_000), None).unwrap(),
            format!("SharedAccessSignature {fields}")
        );
    }
}

#[test]
fn device_policy_vector() {
    let fields = "sr=myhub.azure-devices.net%2Fdevices&sig=NWybQpZHoZMQEWiNrHOPq%2FsF4GZ%2FJIwR5qzfQQFpVnM%3D&se=1900000000&skn=device";
    let token = token(fields);
    assert_eq!(token.policy_name(), Some("device"));
    let policy = policy("device", DEVICE_KEY, Rights::DEVICE_CONNECT);
    for identity in [device("dev1"), device("other"), module("dev1", "m1")] {
        assert_eq!(
            token.verify_policy(&policy, &HUB, &identity, seconds(1_900_000_000)),
            Ok(MatchedKey::Primary)
        );
    }
    assert_eq!(
        sign(
            DEVICE_KEY,
            "myhub.azure-devices.net%2Fdevices",
            seconds(1_900_000_000),
            Some("device")
        )
        .unwrap(),
        format!("SharedAccessSignature {fields}")
    );
}

#[test]
fn service_vectors() {
    let owner = policy("iothubowner", SERVICE_KEY, Rights::SERVICE_CONNECT);
    for (host, fields) in [
        (
            "myhub.azure-devices.net",
            "sr=myhub.azure-devices.net&sig=B6p3ToYDQc7HzGoqdxWP9MLzI2qpu9fOYL8CZL2DYdA%3D&se=1893456000&skn=iothubowner",
        ),
        (
            "myhub.azure-devices.net",
            "sr=myhub.azure-devices.net&sig=B6p3ToYDQc7HzGoqdxWP9MLzI2qpu9fOYL8CZL2DYdA%3D&skn=iothubowner&se=1893456000",
        ),
        (
            "localhost:28443",
            "sr=localhost%3A28443&sig=6wcK9kJupztbfcNablIs7NI4Dabv%2B/eRhWYl/k/1j4M%3D&se=1893456000&skn=iothubowner",
        ),
        (
            "localhost",
            "sr=localhost:28443&sig=jkg%2Fc2evGjo4HZel%2BqcBxDmWMzpAQJp6uAsN7NzEmMQ%3D&skn=iothubowner&se=1893456000",
        ),
    ] {
        let verified = token(fields).verify_service(
            &owner,
            &["other.example", host],
            &["devices", "query"],
            seconds(1_893_456_000),
        );
        assert_eq!(verified, Ok(MatchedKey::Primary), "{fields}");
        // The same token with one character of the signature changed.
        let forged = fields.replacen("sig=", "sig=A", 1);
        let refused = token(&forged).verify_service(&owner, &[host], &[], seconds(1_893_456_000));
        assert_eq!(refused, Err(SasRefusal::WrongSignature), "{forged}");
    }
}

#[test]
fn the_secondary_key_counts_and_is_told_apart() {
    let identity = device("dev1");
    let resource = device_resource(HUB[0], &identity);
    let token = signed(DEVICE_KEY, &resource, 1000, None);
    let rolled = KeyPair {
        primary: key_text(&[3; 32]),
        secondary: DEVICE_KEY.to_owned(),
    };
    assert_eq!(
        token.verify_device(&rolled, &HUB, &identity, seconds(1000)),
        Ok(MatchedKey::Secondary)
    );
    assert_eq!(
        token.verify_device(&keys(&key_text(&[3; 32])), &HUB, &identity, seconds(1000)),
        Err(SasRefusal::WrongSignature)
    );
}

#[test]
fn missing_or_unreadable_keys_never_match() {
    let identity = device("dev1");
    let resource = device_resource(HUB[0], &identity);
    // What somebody would sign who hopes that "no key" means "empty key".
    let mac = "SharedAccessSignature sr=".to_owned() + &resource + "&sig=&se=1000";
    for stored in ["", "not base64!", "===="] {
        let pair = KeyPair {
            primary: stored.to_owned(),
            secondary: stored.to_owned(),
        };
        let token = SasToken::parse(&mac).unwrap();
        assert_eq!(
            token.verify_device(&pair, &HUB, &identity, seconds(0)),
            Err(SasRefusal::WrongSignature),
            "{stored}"
        );
        assert!(sign(stored, &resource, seconds(1000), None).is_err());
    }
}

#[test]
fn a_token_lives_until_its_expiry_and_five_minutes_more() {
    let identity = device("dev1");
    let token = signed(DEVICE_KEY, &device_resource(HUB[0], &identity), 1000, None);
    assert_eq!(token.expiry(), seconds(1000));
    assert_eq!(token.valid_until(), seconds(1300));
    let verify = |now| token.verify_device(&keys(DEVICE_KEY), &HUB, &identity, now);
    assert!(verify(seconds(0)).is_ok());
    assert!(verify(seconds(1300)).is_ok());
    assert_eq!(
        verify(seconds(1300).plus_milliseconds(1)),
        Err(SasRefusal::Expired)
    );
}

#[test]
fn the_expiry_is_a_number_of_seconds_perhaps_with_a_fraction() {
    let expiry = |text: &str| {
        SasToken::parse(&format!("SharedAccessSignature sr=h&sig=s&se={text}"))
            .map(|token| token.expiry().milliseconds())
    };
    assert_eq!(expiry("1000"), Ok(1_000_000));
    assert_eq!(expiry("1000.5"), Ok(1_000_500));
    assert_eq!(expiry("1000.0129"), Ok(1_000_012));
    assert_eq!(expiry("1000%2E25"), Ok(1_000_250));
    let end = Timestamp::from_milliseconds(i64::MAX).milliseconds();
    assert_eq!(expiry("1900000000000000"), Ok(end));
    assert_eq!(expiry(&"9".repeat(40)), Ok(end));
    for text in [
        "", "-1", "+1", "1e9", "0x10", "inf", "NaN", "1.", ".5", "1.5.5", "1%20",
    ] {
        assert!(
            matches!(expiry(text), Err(SasRefusal::Malformed(_))),
            "{text}"
        );
    }
}

#[test]
fn the_signed_text_is_the_expiry_as_written() {
    let identity = device("dev1");
    let resource = device_resource(HUB[0], &identity);
    for expiry in ["1000", "1000.0", "01000"] {
        let signature = percent::encode(&sas_signature(DEVICE_KEY, &resource, expiry).unwrap());
        let token = token(&format!("sr={resource}&sig={signature}&se={expiry}"));
        assert!(
            token
                .verify_device(&keys(DEVICE_KEY), &HUB, &identity, seconds(1000))
                .is_ok(),
            "{expiry}"
        );
    }
    // A token signed for one writing does not count for another.
    let signature = percent::encode(&sas_signature(DEVICE_KEY, &resource, "1000").unwrap());
    let token = token(&format!("sr={resource}&sig={signature}&se=1000.0"));
    assert_eq!(
        token.verify_device(&keys(DEVICE_KEY), &HUB, &identity, seconds(1000)),
        Err(SasRefusal::WrongSignature)
    );
}

#[test]
fn a_device_key_speaks_only_for_its_own_identity() {
    let dev1 = device("dev1");
    let m1 = module("dev1", "m1");
    let verify = |resource: &str, identity: &Identity| {
        signed(DEVICE_KEY, resource, 1000, None).verify_device(
            &keys(DEVICE_KEY),
            &HUB,
            identity,
            seconds(1000),
        )
    };
    let hub = hub_resource(HUB[0]);
    assert!(verify(&device_resource(HUB[0], &dev1), &dev1).is_ok());
    assert!(verify(&device_resource(HUB[0], &m1), &m1).is_ok());
    for (resource, identity) in [
        (device_resource(HUB[0], &dev1), &m1),
        (device_resource(HUB[0], &m1), &dev1),
        (device_resource(HUB[0], &device("dev2")), &dev1),
        (device_resource("other.example", &dev1), &dev1),
        (format!("{hub}%2Fdevices"), &dev1),
        (hub.clone(), &dev1),
    ] {
        assert_eq!(
            verify(&resource, identity),
            Err(SasRefusal::WrongAudience),
            "{resource}"
        );
    }
}

#[test]
fn a_device_token_and_a_policy_token_never_stand_in_for_each_other() {
    let dev1 = device("dev1");
    let resource = device_resource(HUB[0], &dev1);
    let policy = policy("device", DEVICE_KEY, Rights::DEVICE_CONNECT);
    let own = signed(DEVICE_KEY, &resource, 1000, None);
    let shared = signed(DEVICE_KEY, &resource, 1000, Some("device"));
    let now = seconds(1000);
    assert_eq!(
        own.verify_policy(&policy, &HUB, &dev1, now),
        Err(SasRefusal::WrongPolicy)
    );
    assert_eq!(
        own.verify_service(&policy, &HUB, &["devices", "dev1"], now),
        Err(SasRefusal::WrongPolicy)
    );
    assert_eq!(
        shared.verify_device(&keys(DEVICE_KEY), &HUB, &dev1, now),
        Err(SasRefusal::WrongPolicy)
    );
    assert!(shared.verify_policy(&policy, &HUB, &dev1, now).is_ok());
}

#[test]
fn a_policy_token_needs_the_right_and_the_scope() {
    let dev1 = device("dev1");
    let now = seconds(1000);
    let all = hub_resource(HUB[0]);
    let without = policy(
        "p",
        DEVICE_KEY,
        Rights::SERVICE_CONNECT.with(Rights::REGISTRY_WRITE),
    );
    assert_eq!(
        signed(DEVICE_KEY, &all, 1000, Some("p")).verify_policy(&without, &HUB, &dev1, now),
        Err(SasRefusal::MissingRight)
    );
    let with = policy("p", DEVICE_KEY, Rights::DEVICE_CONNECT);
    let verify = |resource: &str, identity: &Identity| {
        signed(DEVICE_KEY, resource, 1000, Some("p")).verify_policy(&with, &HUB, identity, now)
    };
    assert!(verify(&all, &dev1).is_ok());
    // A policy token for the device covers its modules, one for a module only that one.
    let m1 = module("dev1", "m1");
    assert!(verify(&device_resource(HUB[0], &dev1), &m1).is_ok());
    assert_eq!(
        verify(&device_resource(HUB[0], &m1), &dev1),
        Err(SasRefusal::WrongAudience)
    );
    assert_eq!(
        verify(&device_resource(HUB[0], &device("dev2")), &dev1),
        Err(SasRefusal::WrongAudience)
    );
    // The name must be that of the policy whose key is tried.
    assert_eq!(
        signed(DEVICE_KEY, &all, 1000, Some("q")).verify_policy(&with, &HUB, &dev1, now),
        Err(SasRefusal::WrongPolicy)
    );
}

#[test]
fn a_service_token_is_bound_to_host_and_path() {
    let owner = policy("o", SERVICE_KEY, Rights::SERVICE_CONNECT);
    let verify = |resource: &str, path: &[&str], now: i64| {
        signed(SERVICE_KEY, resource, 1000, Some("o")).verify_service(
            &owner,
            &["hub.example"],
            path,
            seconds(now),
        )
    };
    assert!(verify("hub.example", &["twins", "d"], 1300).is_ok());
    assert!(verify("HUB.example%2Ftwins", &["twins", "d"], 1300).is_ok());
    assert_eq!(
        verify("hub.example%2Ftwi", &["twins", "d"], 1000),
        Err(SasRefusal::WrongAudience)
    );
    assert_eq!(
        verify("hub.example.evil", &["twins", "d"], 1000),
        Err(SasRefusal::WrongAudience)
    );
    assert_eq!(
        verify("hub.example", &["twins", "d"], 1301),
        Err(SasRefusal::Expired)
    );
}

#[test]
fn field_names_come_in_any_case_and_unknown_fields_do_not_matter() {
    let token = token("X=1&SE=1000&Skn=p&SIG=a%2Bb&Sr=h%2fd");
    assert_eq!(token.policy_name(), Some("p"));
    assert_eq!(token.raw_resource, "h%2fd");
    assert_eq!(token.signature, "a+b");
    let none = SasToken::parse("SharedAccessSignature\tsr=h&sig=s&se=1&skn=").unwrap();
    assert_eq!(none.policy_name(), None);
}

#[test]
fn malformed_tokens_are_refused() {
    for text in [
        "",
        "SharedAccessSignature",
        "sr=h&sig=s&se=1",
        "sharedaccesssignature sr=h&sig=s&se=1",
        "Bearer sr=h&sig=s&se=1",
        "SharedAccessSignature sr=h&sig=s&se=1 more",
        "SharedAccessSignature sr=h&sig=s",
        "SharedAccessSignature sr=h&se=1",
        "SharedAccessSignature sig=s&se=1",
        "SharedAccessSignature sr=h&sig=s&se=1&",
        "SharedAccessSignature sr=h&sig=s&se=1&skn",
        "SharedAccessSignature sr=h&sig=s&se=1&se=9999999999",
        "SharedAccessSignature sr=h&SR=h2&sig=s&se=1",
        "SharedAccessSignature sr=h&sig=%ff&se=1",
    ] {
        assert!(
            matches!(SasToken::parse(text), Err(SasRefusal::Malformed(_))),
            "{text}"
        );
    }
    let long = |length: usize| {
        let head = "SharedAccessSignature sig=s&se=1&sr=";
        format!("{head}{}", "h".repeat(length - head.len()))
    };
    assert!(SasToken::parse(&long(4096)).is_ok());
    assert!(SasToken::parse(&long(4097)).is_err());
}

#[test]
fn every_refusal_looks_the_same_from_outside_and_shows_no_secret() {
    let refusals = [
        SasRefusal::Malformed("x"),
        SasRefusal::Expired,
        SasRefusal::WrongAudience,
        SasRefusal::WrongPolicy,
        SasRefusal::MissingRight,
        SasRefusal::WrongSignature,
    ];
    for refusal in refusals {
        assert_eq!(refusal.for_service(), SasRefusal::Expired.for_service());
        assert_eq!(refusal.for_device(), SasRefusal::Expired.for_device());
    }
    assert_eq!(SasRefusal::Expired.for_service().code.number(), 401_002);
    assert_eq!(SasRefusal::Expired.for_device().code.number(), 401_003);
    let shown = format!("{:?}", token("sr=h&sig=topsecret&se=1"));
    assert!(!shown.contains("topsecret"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_only_with_that_key(
        id in "[A-Za-z0-9:.+%_#*?!(),=@;$'-]{1,128}",
        key in proptest::collection::vec(any::<u8>(), 16..=64),
        expiry in 1_000i64..4_000_000_000,
    ) {
        prop_assume!(id != "." && id != "..");
        let identity = device(&id);
        let key = key_text(&key);
        let token = signed(&key, &device_resource(HUB[0], &identity), expiry, None);
        let now = seconds(expiry);
        prop_assert_eq!(
            token.verify_device(&keys(&key), &HUB, &identity, now),
            Ok(MatchedKey::Primary)
        );
        let other = keys(&key_text(&[0xee; 48]));
        prop_assert_eq!(
            token.verify_device(&other, &HUB, &identity, now),
            Err(SasRefusal::WrongSignature)
        );
    }

    #[test]
    fn no_text_makes_the_reader_fail(text in "(SharedAccessSignature )?\\PC{0,200}") {
        let _ = SasToken::parse(&text).map(|token| token.valid_until());
    }
}
