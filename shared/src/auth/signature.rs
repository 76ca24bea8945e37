//! HMAC-SHA256 with keys given as base64, and its constant-time compare.
//!
//! The only place that computes a signature, or a digest as text; nothing here knows of what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// HMAC-SHA256 over the parts, one after the other. `None` only for an empty key, which
/// would let anybody sign.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    if key.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

/// `base64(HMAC-SHA256(base64decode(key), resource + "\n" + expiry))` (`device.md` §2.3).
/// `None` if the key is empty or not base64.
pub fn sas_signature(key_base64: &str, resource: &str, expiry: &str) -> Option<String> {
    let key = STANDARD.decode(key_base64).ok()?;
    let mac = hmac_sha256(&key, &[resource.as_bytes(), b"\n", expiry.as_bytes()])?;
    Some(STANDARD.encode(mac))
}

/// Compares secrets without telling by its duration where they differ.
pub fn secrets_match(given: &[u8], expected: &[u8]) -> bool {
    given.ct_eq(expected).into()
}

/// The SHA-256 of some bytes, in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test case 2.
    #[test]
    fn known_answer_whole_and_in_parts() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        for parts in [
            &[&b"what do ya want for nothing?"[..]][..],
            &[&b"what do ya "[..], b"", b"want for nothing?"],
        ] {
            let mac = hmac_sha256(b"Jefe", parts).unwrap();
            assert_eq!(hex(&mac), expected);
        }
    }

    #[test]
    fn an_empty_or_unreadable_key_signs_nothing() {
        assert_eq!(hmac_sha256(b"", &[b"text"]), None);
        assert_eq!(sas_signature("", "r", "1"), None);
        assert_eq!(sas_signature("no base64", "r", "1"), None);
    }

    #[test]
    fn secrets_match_only_whole() {
        assert!(secrets_match(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!secrets_match(other, b"abc"));
        }
    }
}
