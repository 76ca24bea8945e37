use super::*;
use crate::x509::SignatureCheck;
use proptest::prelude::*;

/// `O=Test, CN=Root A`: an authority with a P-256 key.
pub(crate) const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIULvAoVfAhsYcDrQ5JcKAtfLmOMNkwCgYIKoZIzj0EAwIw
IDENMAsGA1UECgwEVGVzdDEPMA0GA1UEAwwGUm9vdCBBMCAXDTI2MTEyNjA1Mjc0
M1oYDzIxMjYxMTAyMDUyNzQzWjAgMQ0wCwYDVQQKDARUZXN0MQ8wDQYDVQQDDAZS
b290IEEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQef8h5oaCkNC2Pz6ke6XoQ
Df9jpDuK+PCQ6GqFLb85yutAfLvy09sjRnZ6T3k+tsXspmYkETX3xbOY/fGKJul5
o2MwYTAdBgNVHQ4EFgQU/CCw14gzKBhU58/4jAE+hn+qUcgwHwYDVR0jBBgwFoAU
/CCw14gzKBhU58/4jAE+hn+qUcgwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8E
BAMCAQYwCgYIKoZIzj0EAwIDSAAwRQIhAJ7pu+8kLHioSXm3GSsqdh5Qc8CFslZc
0G271QEUO2b2AiAX9pkx8mmsDIMo4N2Je8w/Ha3KDQhYQo9uulQXYwZHvg==
-----END CERTIFICATE-----
";
/// `CN=proof-code`: an RSA key, signed by [`AUTHORITY`].
pub(crate) const PROOF: &str = "\
-----BEGIN CERTIFICATE-----
MIIB/TCCAaMCFGPWXDaf9lWWDsgsfrA+36u//fEyMAoGCCqGSM49BAMCMCAxDTAL
BgNVBAoMBFRlc3QxDzANBgNVBAMMBlJvb3QgQTAgFw0yNjExMjYwNTI3NDNaGA8y
MTI2MTEwMjA1Mjc0M1owFTETMBEGA1UEAwwKcHJvb2YtY29kZTCCASIwDQYJKoZI
hvcNAQEBBQADggEPADCCAQoCggEBAKK/53sLzVLYn2RFJC5nG2boO9bgQ0T7aA4H
3ZJeTYZeJE0Wd6AfsUpZfVCeWDqIyKK9FQJYmO3d8yEW7ttaAkWVH51K+Bu8f4xh
FM4tKvOkNeU7ysfrfzGgZFfv6xY4hDmMafKFG15WWQrnW2NANOnqlFnW+ZXkJJzC
sqdaWw1ZlLqHvuCz4icIvK82BkURl9jvWzC3Bw6qFDslTOEsCps7EDjdqXCRF4X9
eZJo2cgf/Fnd9mEBtCnSmjg1Kvx9QzyyOCM3EWPX5H0m539p0xpY7bhc1hxFUZdv
u2C1sF/zZV1eN/Hnfv7/8zXAf11b4X6itU2SM81bnRsq96jh8Z8CAwEAATAKBggq
hkjOPQQDAgNIADBFAiAaJ5vZ2h2A+0jhSB2eiUoNCt1sQklAgyvc5w7OJ8HvGwIh
AKE8R637w1hgbdwehRuxs2jAQSLrEpc2ba/y09Avtwdm
-----END CERTIFICATE-----
";
/// `CN=Root R`: another authority, with an RSA key.
const OTHER: &str = "\
-----BEGIN CERTIFICATE-----
MIIDBTCCAe2gAwIBAgIUYnwnVp6qy/GR7r3IvT/YGY8VDmwwDQYJKoZIhvcNAQEL
BQAwETEPMA0GA1UEAwwGUm9vdCBSMCAXDTI2MTEyNjA1Mjc0NFoYDzIxMjYxMTAy
MDUyNzQ0WjARMQ8wDQYDVQQDDAZSb290IFIwggEiMA0GCSqGSIb3DQEBAQUAA4IB
DwAwggEKAoIBAQCp4Od3RH8OCVPuIoG00eWz43y8Ag6oB/namwhGASp0/zmqryfz
ARnxG9tHTfsWWESwxcs8ZyXZKOmhNZJcTm9cG3wiTPZQOAbtSFrYmhEBQnYjofRy
gEPH0Yu/YWfzNWptEV2wzemff9F2PNNSv6tJB0mVSaijSnFNKFFl9eDXl0j2XGYA
RL1dVQJvn+karr0ujK9eMaXrVuIerbS0eSpiE/WxG0oqQV2Kh1eB+cye+zxH+gGt
GnormVwnQmM9PzV1pdWOvRiF1RrfesALLV8NmO8x8t0tQAxpRcUm9AijcHL3Cem8
HIb1QkDfpr6Nb26IpxKKmM7ywRCHCGd2ZPsHAgMBAAGjUzBRMB0GA1UdDgQWBBTw
BmaU7p66YlOq0iu7gS4repuyeTAfBgNVHSMEGDAWgBTwBmaU7p66YlOq0iu7gS4r
epuyeTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCd1Ptih5Nl
66/v8tyW/+sNbpR5UuVg4rV7HIt6zEwk80Y1hoH2XCl6uOTv0kd18h/SAgP5Dct+
i55LkwnzAE19eDXJYoXUKHotrqwq9I72pAdyIzqOUOg8l+GC3NzOC5+FLFOqbmW2
0EC3N4M+hyeUwcYBN7ea6SXkpRutQHGoiCbYXsgNMHxD/o5dPSxpdgzu/2purK1F
51dx4lvkYPazDtlp0yeInCIuk9BIYyFJ7zIMBFfRoJNqX/fGbjjEZ1dmHN9XJwPc
nQQxuJ3qEHfTXqV/dzuc0eKjBQ1Kz1PfYCw9rV96F0T4uhtddE1JVr7G/dGi/tDo
xsUtNgOlo5z+
-----END CERTIFICATE-----
";

fn der(pem: &str) -> Vec<u8> {
    decode(pem).unwrap()
}

#[test]
fn an_authority_is_read_as_openssl_shows_it() {
    let bytes = der(AUTHORITY);
    let authority = Certificate::parse(&bytes).unwrap();
    assert_eq!(authority.common_name(), Some("Root A"));
    assert_eq!(authority.issuer, authority.subject);
    assert!(authority.is_authority);
    assert_eq!(
        authority.not_before,
        Timestamp::parse("2026-11-26T05:27:43Z").unwrap()
    );
    // Behind 2049 the other form of a date is used.
    assert_eq!(
        authority.not_after,
        Timestamp::parse("2126-11-02T05:27:43Z").unwrap()
    );
    assert_eq!(
        authority.issuer_mark().as_deref(),
        Some(
            "issuer:2EF02855F021B18703AD0E4970A02D7CB98E30D9:\
             FC20B0D78833281854E7CFF88C013E867FAA51C8"
        )
    );
    assert_eq!(
        crate::auth::signature::sha256_hex(&bytes),
        "8a45b1ed9396f8faff1474eae027b2653501c883e602b64bf9a180f27b1010fb"
    );
}

#[test]
fn a_leaf_is_no_authority_and_asks_for_its_issuers_key() {
    let (authority, proof, other) = (der(AUTHORITY), der(PROOF), der(OTHER));
    let authority = Certificate::parse(&authority).unwrap();
    let proof = Certificate::parse(&proof).unwrap();
    let other = Certificate::parse(&other).unwrap();
    assert_eq!(proof.common_name(), Some("proof-code"));
    assert!(!proof.is_authority);

    let SignatureCheck {
        name,
        hash,
        curve,
        public_key,
        signature,
        data,
    } = proof.signed_by(&authority).unwrap();
    assert_eq!((name, hash, curve), ("ECDSA", "SHA-256", "P-256"));
    assert_eq!(public_key, authority.public_key);
    assert_eq!(signature.len(), 64);
    assert_eq!(data, proof.to_be_signed);
    assert!(proof.signed_by(&other).is_none(), "another issuer's name");

    let own = other.signed_by(&other).unwrap();
    assert_eq!((own.name, own.curve), ("RSASSA-PKCS1-v1_5", ""));
    assert_eq!(own.signature.len(), 256);
}

#[test]
fn all_spellings_of_a_certificate_are_decoded() {
    let bytes = der(AUTHORITY);
    let base64 = STANDARD.encode(&bytes);
    let twice = STANDARD.encode(AUTHORITY);
    let with_text = format!("subject=Root A\n{AUTHORITY}\n");
    for text in [&base64, &twice, &with_text] {
        assert_eq!(decode(text).as_ref(), Some(&bytes));
    }
    assert_eq!(decode("-----BEGIN CERTIFICATE-----\nAAAA"), None);
    assert_eq!(decode("no base64!"), None);
}

#[test]
fn issuers_are_known_in_any_case_and_without_leading_zeros() {
    assert_eq!(issuer_mark("00aB", "cd").as_deref(), Some("issuer:AB:CD"));
    assert_eq!(issuer_mark("", "cd"), None);
    assert_eq!(issuer_mark("ab", ""), None);
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Certificate::parse(&bytes);
        let _ = decode(&String::from_utf8_lossy(&bytes));
    }

    /// Damaged certificates get deeper into the reader than noise does.
    #[test]
    fn damaged_certificates_do_not_panic(
        changes in prop::collection::vec((0_usize..1_000, any::<u8>()), 1..6),
        length in 0_usize..1_000,
    ) {
        let authority = der(AUTHORITY);
        let authority = Certificate::parse(&authority).unwrap();
        for pem in [AUTHORITY, PROOF, OTHER] {
            let mut bytes = der(pem);
            for (at, value) in &changes {
                let at = at % bytes.len();
                bytes[at] = *value;
            }
            for bytes in [&bytes[..], &bytes[..length.min(bytes.len())]] {
                if let Some(read) = Certificate::parse(bytes) {
                    let _ = (read.common_name(), read.issuer_mark());
                    let _ = (read.signed_by(&authority), read.signed_by(&read));
                }
            }
        }
    }
}
