use super::*;
use crate::http::fake::{request, time};
use crate::http::message::Method;
use proptest::prelude::*;

const KEY: [u8; 32] = [9; 32];

fn container(text: &str) -> ContainerName {
    ContainerName::parse(text).unwrap()
}

fn blob(text: &str) -> BlobName {
    BlobName::parse(text).unwrap()
}

fn now() -> Timestamp {
    time("2026-03-01T10:00:00.9Z")
}

fn grant(name: Option<&str>) -> Grant {
    let all = Permissions::parse("rw").unwrap();
    Grant::new(container("abc"), name.map(blob), all, now(), 60)
}

/// Verifies a query at a place.
fn check(
    query: &str,
    at: &str,
    name: Option<&str>,
    key: &[u8],
    when: Timestamp,
) -> Result<Permissions, BlobError> {
    let asking = request(Method::Get, &format!("/?{query}"));
    verify(&asking, &container(at), name.map(blob).as_ref(), key, when)
}

const REFUSED: Result<Permissions, BlobError> = Err(BlobError::AuthenticationFailed);

#[test]
fn a_url_is_good_at_its_place_and_in_its_time() {
    let of_blob = grant(Some("d/x")).query(&KEY).unwrap();
    let rights = Ok(Permissions::READ.and(Permissions::WRITE));
    assert_eq!(check(&of_blob, "abc", Some("d/x"), &KEY, now()), rights);
    assert_eq!(check(&of_blob, "abc", Some("d/y"), &KEY, now()), REFUSED);
    assert_eq!(check(&of_blob, "abd", Some("d/x"), &KEY, now()), REFUSED);
    assert_eq!(check(&of_blob, "abc", None, &KEY, now()), REFUSED);

    let of_container = grant(None).query(&KEY).unwrap();
    assert_eq!(check(&of_container, "abc", Some("x"), &KEY, now()), rights);
    assert_eq!(check(&of_container, "abc", None, &KEY, now()), rights);
    assert_eq!(check(&of_container, "abd", None, &KEY, now()), REFUSED);

    let expiry = time("2026-03-01T10:01:00Z");
    let last = expiry.plus_milliseconds(-1);
    assert_eq!(check(&of_container, "abc", None, &KEY, last), rights);
    assert_eq!(check(&of_container, "abc", None, &KEY, expiry), REFUSED);
    let start = time("2026-03-01T09:55:00Z");
    assert_eq!(check(&of_container, "abc", None, &KEY, start), rights);
    let before = start.plus_milliseconds(-1);
    assert_eq!(check(&of_container, "abc", None, &KEY, before), REFUSED);
}

#[test]
fn another_hub_and_a_hub_without_a_key_refuse() {
    let query = grant(None).query(&KEY).unwrap();
    assert_eq!(check(&query, "abc", None, &[8; 32], now()), REFUSED);
    assert_eq!(check(&query, "abc", None, &[], now()), REFUSED);
    assert!(grant(None).query(&[9; 31]).is_err());
    assert_eq!(
        check("sv=2021-12-02", "abc", None, &KEY, now()),
        Err(BlobError::NoAuthenticationInformation)
    );
}

#[test]
fn every_field_is_under_the_signature() {
    let query = grant(Some("x")).query(&KEY).unwrap();
    for (from, to) in [
        ("sv=2021-12-02", "sv=2021-12-03"),
        ("sv=2021-12-02", "sv="),
        ("sr=b", "sr=c"),
        ("sr=b", "sr=B"),
        ("sr=b&", ""),
        ("sp=rw", "sp=rwd"),
        ("sp=rw", "sp=wr"),
        ("sp=rw", "sp=rw%0A"),
        ("sp=rw", "sp=rw%0A2026"),
        ("st=2026", "st=2025"),
        ("se=2026", "se=2027"),
        ("se=2026-03-01T10%3A01%3A00Z", "se="),
        ("se=", "se=2030-01-01&se2="),
        ("sig=", "sig=A"),
        ("sig=", "sig=%20"),
        ("sig=", "sig=&old="),
    ] {
        let changed = query.replacen(from, to, 1);
        assert_ne!(changed, query);
        assert_eq!(
            check(&changed, "abc", Some("x"), &KEY, now()),
            REFUSED,
            "{changed}"
        );
    }
    // The first of two counts, and it is the signed one.
    let twice = format!("{query}&sp=racwdl&se=2099-01-01T00:00:00Z");
    let rights = check(&twice, "abc", Some("x"), &KEY, now()).unwrap();
    assert!(!rights.contains(Permissions::DELETE));
}

#[test]
fn a_container_and_a_blob_cannot_be_taken_for_each_other() {
    // The texts that are signed differ in `sr` and in the number of lines.
    let query = grant(None).query(&KEY).unwrap();
    let changed = query.replacen("sr=c", "sr=b", 1);
    assert_eq!(check(&changed, "abc", Some("x"), &KEY, now()), REFUSED);
}

#[test]
fn permissions_are_read_and_written() {
    for (text, letters) in [("r", "r"), ("ldwcar", "racwdl"), ("wr", "rw")] {
        assert_eq!(Permissions::parse(text).unwrap().letters(), letters);
    }
    for text in ["", "rr", "x", "r ", "R"] {
        assert_eq!(Permissions::parse(text), None, "{text:?}");
    }
}

#[test]
fn the_signature_is_no_other_signature_of_the_hub() {
    let query = grant(None).query(&KEY).unwrap();
    let signature = query.rsplit_once("sig=").unwrap().1;
    let text =
        "skerry blob url 1\n2021-12-02\nc\nrw\n2026-03-01T09:55:00Z\n2026-03-01T10:01:00Z\nabc";
    let direct = hmac_sha256(&KEY, &[text.as_bytes()]).unwrap();
    assert_ne!(signature, URL_SAFE_NO_PAD.encode(direct));
    let key = hmac_sha256(&KEY, &[b"skerry blob store key 1"]).unwrap();
    let derived = hmac_sha256(&key, &[text.as_bytes()]).unwrap();
    assert_eq!(signature, URL_SAFE_NO_PAD.encode(derived));
}

proptest! {
    #[test]
    fn any_changed_character_is_refused(position in 0usize..130, letter in "[A-Za-z0-9%&=-]") {
        let query = grant(Some("d/x")).query(&KEY).unwrap();
        let position = position % query.len();
        let mut changed = query.clone();
        changed.replace_range(position..=position, &letter);
        // The case of parameters' names and of escapes changes nothing.
        if !changed.eq_ignore_ascii_case(&query) {
            let outcome = check(&changed, "abc", Some("d/x"), &KEY, now());
            prop_assert!(outcome.is_err(), "{changed}");
        }
    }

    #[test]
    fn a_url_reads_back_at_any_place(
        at in "[a-z0-9]{3,10}", name in "\\PC{1,40}", letters in proptest::sample::subsequence(vec!['r', 'a', 'c', 'w', 'd', 'l'], 1..=6),
        seconds in 1i64..100_000,
    ) {
        let Some(name) = BlobName::parse(&name) else { return Ok(()) };
        let letters: String = letters.into_iter().collect();
        let rights = Permissions::parse(&letters).unwrap();
        let made = Grant::new(container(&at), Some(name.clone()), rights, now(), seconds);
        let target = made.path_and_query(&KEY).unwrap();
        prop_assert!(target.is_ascii());
        let asking = request(Method::Get, &target);
        let place = crate::blob::operation::place(&asking.path).unwrap();
        prop_assert_eq!(&place.blob, &Some(name));
        let found = verify(&asking, &place.container, place.blob.as_ref(), &KEY, now());
        prop_assert_eq!(found, Ok(rights));
    }
}
