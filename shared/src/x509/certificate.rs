//! One certificate (RFC 5280, §4.1): the fields that decide, as slices of its DER.

use super::der::{
    BIT_STRING, BOOLEAN, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, SET,
    whole_bytes,
};
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Largest certificate that is read, in bytes of DER.
pub const MAX_BYTES: usize = 8_192;

const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
const KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 14];
const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 19];
/// `keyCertSign` in the first byte of a key usage.
const SIGNS_CERTIFICATES: u8 = 0x04;

/// A certificate that was read, not verified.
#[derive(Debug, Clone, Copy)]
pub struct Certificate<'a> {
    /// What the signature is over.
    pub to_be_signed: &'a [u8],
    /// The signature's algorithm: an object identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    serial: &'a [u8],
    /// The issuer's name in DER.
    pub issuer: &'a [u8],
    /// The subject's name in DER.
    pub subject: &'a [u8],
    /// Not good before.
    pub not_before: Timestamp,
    /// Not good after.
    pub not_after: Timestamp,
    /// The subject's key: `SubjectPublicKeyInfo` in DER.
    pub public_key: &'a [u8],
    /// Whether it may issue certificates.
    pub is_authority: bool,
    key_identifier: Option<&'a [u8]>,
}

/// DER of what clients send: PEM, base64 of DER, or base64 of PEM as Azure's tools do.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let mut text = text.to_owned();
    for _ in 0..2 {
        let inside = match text.split_once(BEGIN) {
            Some((_, rest)) => rest.split_once("-----END")?.0,
            None => &text,
        };
        let plain: String = inside
            .chars()
            .filter(|character| !character.is_ascii_whitespace())
            .collect();
        let bytes = STANDARD.decode(plain).ok()?;
        match String::from_utf8(bytes) {
            Ok(again) if again.contains(BEGIN) => text = again,
            Ok(plain) => return Some(plain.into_bytes()),
            Err(error) => return Some(error.into_bytes()),
        }
    }
    None
}

impl<'a> Certificate<'a> {
    /// Reads DER; `None` for what is no X.509 certificate or larger than [`MAX_BYTES`].
    pub fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outside = Reader(der);
        let mut outer = outside.enter(SEQUENCE)?;
        if der.len() > MAX_BYTES || !outside.0.is_empty() {
            return None;
        }
        let signed = outer.take(SEQUENCE)?;
        let algorithm = outer.take(SEQUENCE)?;
        let signature = whole_bytes(&outer.take(BIT_STRING)?)?;

        let mut fields = Reader(signed.content);
        fields.optional(0xa0);
        let serial = fields.take(INTEGER)?.content;
        if fields.take(SEQUENCE)?.whole != algorithm.whole {
            return None;
        }
        let issuer = fields.take(SEQUENCE)?.whole;
        let mut validity = fields.enter(SEQUENCE)?;
        let (not_before, not_after) = (moment(&validity.any()?)?, moment(&validity.any()?)?);
        let subject = fields.take(SEQUENCE)?.whole;
        let public_key = fields.take(SEQUENCE)?.whole;
        fields.optional(0x81);
        fields.optional(0x82);
        let mut certificate = Self {
            to_be_signed: signed.whole,
            algorithm: Reader(algorithm.content).take(OBJECT_IDENTIFIER)?.content,
            signature,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            is_authority: false,
            key_identifier: None,
        };
        if let Some(extensions) = fields.optional(0xa3) {
            certificate.read_extensions(Reader(extensions.content).enter(SEQUENCE)?)?;
        }
        Some(certificate)
    }

    fn read_extensions(&mut self, mut extensions: Reader<'a>) -> Option<()> {
        let mut may_sign = true;
        while !extensions.0.is_empty() {
            let mut extension = extensions.enter(SEQUENCE)?;
            let name = extension.take(OBJECT_IDENTIFIER)?.content;
            extension.optional(BOOLEAN);
            let mut value = extension.enter(OCTET_STRING)?;
            if name == BASIC_CONSTRAINTS {
                let flag = value.enter(SEQUENCE)?.optional(BOOLEAN);
                self.is_authority = flag.is_some_and(|flag| flag.content == [0xff]);
            } else if name == KEY_USAGE {
                let usage = value.take(BIT_STRING)?.content.get(1).copied();
                may_sign = usage.unwrap_or(0) & SIGNS_CERTIFICATES != 0;
            } else if name == KEY_IDENTIFIER {
                self.key_identifier = Some(value.take(OCTET_STRING)?.content);
            }
        }
        self.is_authority &= may_sign;
        Some(())
    }

    /// The subject's common name; `None` without one, with several, or in old encodings.
    pub fn common_name(&self) -> Option<&'a str> {
        let mut found = None;
        let mut names = Reader(self.subject).enter(SEQUENCE)?;
        while !names.0.is_empty() {
            let mut set = names.enter(SET)?;
            while !set.0.is_empty() {
                let mut pair = set.enter(SEQUENCE)?;
                if pair.take(OBJECT_IDENTIFIER)?.content != COMMON_NAME {
                    continue;
                }
                let value = pair.any()?;
                // UTF8String, PrintableString, IA5String
                if found.is_some() || !matches!(value.tag, 12 | 19 | 22) {
                    return None;
                }
                found = Some(std::str::from_utf8(value.content).ok()?);
            }
        }
        found
    }

    /// Whether it is good at that time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Serial number and key identifier as a platform tells them of a client certificate's
    /// issuer, see [`issuer_mark`]; `None` without a key identifier.
    pub fn issuer_mark(&self) -> Option<String> {
        issuer_mark(&hex(self.serial), &hex(self.key_identifier?))
    }
}

/// How an issuer is known by serial number and subject key identifier, both in hex.
pub fn issuer_mark(serial: &str, key_identifier: &str) -> Option<String> {
    let serial = serial.trim_start_matches('0').to_ascii_uppercase();
    let key_identifier = key_identifier.to_ascii_uppercase();
    (!serial.is_empty() && !key_identifier.is_empty())
        .then(|| format!("issuer:{serial}:{key_identifier}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// UTCTime, whose years are 1950 to 2049, or GeneralizedTime.
fn moment(element: &Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = match (element.tag, text.len()) {
        (0x17, 13) if text < "5" => format!("20{text}"),
        (0x17, 13) => format!("19{text}"),
        (0x18, 15) => text.to_owned(),
        _ => return None,
    };
    if !text.is_ascii() || !text.ends_with('Z') {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
    ))
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
pub(crate) mod tests;
