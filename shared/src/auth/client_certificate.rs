//! The TLS client certificate of a connection, as whoever took the TLS off tells of it
//! (`device.md` §2.3).
//!
//! Facts only: who may do what with a certificate, the registry decides. The handshake has
//! proven that the client holds the key. Facts count only if they come from the hub's own
//! TLS terminator, which signs them with a secret that only it and the worker know, or from
//! the platform itself.

use super::signature::{hmac_sha256, secrets_match};
use crate::time::Timestamp;
use crate::x509::certificate::issuer_mark;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The header with the facts, from the terminator to the worker and on to a gateway.
pub const HEADER: &str = "x-skerry-client-certificate";
/// Longest header that is looked at, and so a bound for the facts.
const MAX_HEADER_BYTES: usize = 8_192;

/// What is known of a client certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// SHA-1 of the certificate, in hex.
    pub sha1: String,
    /// SHA-256 of the certificate, in hex.
    pub sha256: String,
    /// Not good before.
    pub not_before: Timestamp,
    /// Not good after.
    pub not_after: Timestamp,
    /// The subject's common name, if it has exactly one.
    pub common_name: Option<String>,
    /// The authorities that a verified chain leads to: marks as in
    /// [`crate::ipc::hub::Authority`]. None for a chain that was not verified.
    pub authorities: Vec<String>,
}

impl ClientCertificate {
    /// Reads the terminator's header: base64 of JSON, a dot, base64 of its HMAC under the
    /// secret. Gives the facts as in [`ClientCertificate::to_text`]; `None` for everything
    /// else, as if there were no certificate.
    pub fn from_terminator(header: &str, secret: &str) -> Option<String> {
        if header.len() > MAX_HEADER_BYTES {
            return None;
        }
        let (facts, signature) = header.split_once('.')?;
        let expected = hmac_sha256(secret.as_bytes(), &[facts.as_bytes()])?;
        if !secrets_match(&STANDARD.decode(signature).ok()?, &expected) {
            return None;
        }
        Some(facts.to_owned())
    }

    /// Reads Cloudflare's `request.cf.tlsClientAuth`, as JSON.
    pub fn from_cloudflare(text: &str) -> Option<Self> {
        let told: Value = serde_json::from_str(text).ok()?;
        let field = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
        if field("certPresented") != "1" || field("certRevoked") == "1" {
            return None;
        }
        // What failed there was not signed by an authority that Cloudflare knows; a
        // self-signed certificate always fails, and its thumbprint counts all the same.
        let authorities = if field("certVerified") == "SUCCESS" {
            issuer_mark(field("certIssuerSerial"), field("certIssuerSKI"))
        } else {
            None
        };
        Some(Self {
            sha1: field("certFingerprintSHA1").to_owned(),
            sha256: field("certFingerprintSHA256").to_owned(),
            not_before: openssl_time(field("certNotBefore"))?,
            not_after: openssl_time(field("certNotAfter"))?,
            common_name: common_name(field("certSubjectDNRFC2253")),
            authorities: authorities.into_iter().collect(),
        })
    }

    /// For the way between objects of this hub; nobody else can put anything there.
    pub fn to_text(&self) -> String {
        STANDARD.encode(serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads [`ClientCertificate::to_text`].
    pub fn from_text(text: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Whether it is good at that time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether a registered thumbprint, SHA-1 or SHA-256 in any case, is this certificate's.
    pub fn has_thumbprint(&self, registered: &str) -> bool {
        let own = match registered.len() {
            40 => &self.sha1,
            64 => &self.sha256,
            _ => return false,
        };
        secrets_match(
            own.to_ascii_uppercase().as_bytes(),
            registered.to_ascii_uppercase().as_bytes(),
        )
    }
}

/// `Jan  5 19:39:00 2026 GMT`
fn openssl_time(text: &str) -> Option<Timestamp> {
    let mut parts = text.split_ascii_whitespace();
    let (month, day, clock, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Timestamp::parse_http_date(&format!(", {day:0>2} {month} {year} {clock} GMT"))
}

/// The common name in a distinguished name of RFC 2253; `None` without one or with several.
fn common_name(name: &str) -> Option<String> {
    let mut found = None;
    let mut rest = name.bytes().peekable();
    while rest.peek().is_some() {
        let mut key = Vec::new();
        while let Some(byte) = rest.next_if(|byte| *byte != b'=') {
            key.push(byte);
        }
        rest.next();
        let mut value = Vec::new();
        while let Some(byte) = rest.next_if(|byte| !matches!(byte, b',' | b'+')) {
            if byte != b'\\' {
                value.push(byte);
                continue;
            }
            let escaped = rest.next()?;
            match (escaped as char).to_digit(16) {
                Some(high) => {
                    let low = (rest.next()? as char).to_digit(16)?;
                    value.push(u8::try_from(high * 16 + low).ok()?);
                }
                None => value.push(escaped),
            }
        }
        rest.next();
        if key.trim_ascii().eq_ignore_ascii_case(b"CN") {
            if found.is_some() {
                return None;
            }
            found = Some(String::from_utf8(value).ok()?);
        }
    }
    found
}

#[cfg(test)]
#[path = "client_certificate_tests.rs"]
mod tests;
