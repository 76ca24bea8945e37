use super::*;
use crate::json;
use proptest::prelude::*;

fn facts() -> ClientCertificate {
    ClientCertificate {
        sha1: "6b9109f323999e52259cda7373ff0b4d26bd232e".into(),
        sha256: "AC".repeat(32),
        not_before: Timestamp::parse("2026-01-05T19:39:00Z").unwrap(),
        not_after: Timestamp::parse("2027-12-22T19:39:00Z").unwrap(),
        common_name: Some("pump-7".into()),
        authorities: vec!["sha256:AA".into()],
    }
}

fn signed(facts: &ClientCertificate, secret: &str) -> String {
    let text = facts.to_text();
    let signature = hmac_sha256(secret.as_bytes(), &[text.as_bytes()]).unwrap();
    format!("{text}.{}", STANDARD.encode(signature))
}

#[test]
fn facts_count_only_with_the_terminators_signature() {
    let header = signed(&facts(), "secret");
    assert_eq!(
        ClientCertificate::from_terminator(&header, "secret")
            .and_then(|text| ClientCertificate::from_text(&text)),
        Some(facts())
    );
    let text = facts().to_text();
    let others = ClientCertificate {
        common_name: Some("pump-8".into()),
        ..facts()
    };
    let (_, signature) = header.split_once('.').unwrap();
    for forged in [
        signed(&facts(), "another secret"),
        text.clone(),
        format!("{text}."),
        format!("{}.{signature}", others.to_text()),
        format!("{text}.{}", STANDARD.encode([0; 32])),
        String::new(),
        "A".repeat(9_000),
    ] {
        assert_eq!(ClientCertificate::from_terminator(&forged, "secret"), None);
    }
    assert_eq!(ClientCertificate::from_terminator(&header, ""), None);
}

#[test]
fn thumbprints_match_in_any_case_and_only_whole() {
    let facts = facts();
    assert!(facts.has_thumbprint("6B9109F323999E52259CDA7373FF0B4D26BD232E"));
    assert!(facts.has_thumbprint(&"ac".repeat(32)));
    assert!(!facts.has_thumbprint("6B9109F323999E52259CDA7373FF0B4D26BD232F"));
    assert!(!facts.has_thumbprint("6B91"));
    assert!(!facts.has_thumbprint(""));
}

fn cloudflare(changed: &[(&str, &str)]) -> Option<ClientCertificate> {
    let mut told = json!({
        "certPresented": "1",
        "certVerified": "SUCCESS",
        "certRevoked": "0",
        "certSubjectDNRFC2253": "CN=pump-7,OU=\\C3\\84\\, pumps,O=Test",
        "certIssuerSerial": "0abc",
        "certIssuerSKI": "12ef",
        "certFingerprintSHA1": "6b9109f323999e52259cda7373ff0b4d26bd232e",
        "certFingerprintSHA256": "AC".repeat(32),
        "certNotBefore": "Jan  5 19:39:00 2026 GMT",
        "certNotAfter": "Dec 22 19:39:00 2027 GMT",
    });
    for (name, value) in changed {
        told[*name] = json!(value);
    }
    ClientCertificate::from_cloudflare(&told.to_string())
}

#[test]
fn cloudflares_facts_are_read() {
    let expected = ClientCertificate {
        authorities: vec!["issuer:ABC:12EF".into()],
        ..facts()
    };
    assert_eq!(cloudflare(&[]), Some(expected));
}

#[test]
fn a_certificate_that_failed_there_has_a_thumbprint_but_no_authority() {
    let failed = cloudflare(&[("certVerified", "FAILED:self signed certificate")]).unwrap();
    assert!(failed.authorities.is_empty());
    assert!(failed.has_thumbprint(&facts().sha1));
    let nameless = cloudflare(&[("certIssuerSKI", "")]).unwrap();
    assert!(nameless.authorities.is_empty());
}

#[test]
fn no_certificate_and_a_revoked_one_are_alike() {
    assert_eq!(cloudflare(&[("certPresented", "0")]), None);
    assert_eq!(cloudflare(&[("certRevoked", "1")]), None);
    assert_eq!(cloudflare(&[("certNotAfter", "")]), None);
    assert_eq!(ClientCertificate::from_cloudflare(""), None);
    assert_eq!(ClientCertificate::from_cloudflare("null"), None);
}

#[test]
fn a_common_name_must_be_the_only_one() {
    for (name, expected) in [
        ("CN=a", Some("a")),
        ("O=x,CN=a\\,b\\+c=d", Some("a,b+c=d")),
        ("O=CN\\=b,CN=a", Some("a")),
        ("CN=a+OU=b", Some("a")),
        ("CN=a,CN=b", None),
        ("CN=a+CN=b", None),
        ("O=\\,CN=evil", None),
        ("", None),
    ] {
        assert_eq!(common_name(name).as_deref(), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_is_told_does_not_panic(text in ".*", name in ".*") {
        let _ = ClientCertificate::from_terminator(&text, "secret");
        let _ = ClientCertificate::from_cloudflare(&text);
        let _ = cloudflare(&[("certSubjectDNRFC2253", &name), ("certNotBefore", &text)]);
    }
}
