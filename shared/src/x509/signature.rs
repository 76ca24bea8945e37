//! What a platform's cryptography is asked in order to verify a certificate's signature.
//!
//! The names are WebCrypto's. Nothing here says yes: an algorithm that is not in the lists
//! has no check, and so no certificate of it is ever accepted. SHA-1 and MD5 are not in them.

use super::Certificate;
use super::der::{INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE};

/// One question: is `signature` over `data` by `public_key`?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck<'a> {
    /// `RSASSA-PKCS1-v1_5`, `ECDSA` or `Ed25519`.
    pub name: &'static str,
    /// `SHA-256`, `SHA-384` or `SHA-512`; empty for Ed25519.
    pub hash: &'static str,
    /// `P-256`, `P-384` or `P-521`; empty unless ECDSA.
    pub curve: &'static str,
    /// `SubjectPublicKeyInfo` in DER.
    pub public_key: &'a [u8],
    /// As WebCrypto wants it: for ECDSA both numbers in full length.
    pub signature: Vec<u8>,
    /// What was signed.
    pub data: &'a [u8],
}

const RSA: &str = "RSASSA-PKCS1-v1_5";

/// Object identifiers of signature algorithms.
const ALGORITHMS: [(&[u8], &str, &str); 7] = [
    (&[42, 134, 72, 134, 247, 13, 1, 1, 11], RSA, "SHA-256"),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 12], RSA, "SHA-384"),
    (&[42, 134, 72, 134, 247, 13, 1, 1, 13], RSA, "SHA-512"),
    (&[42, 134, 72, 206, 61, 4, 3, 2], "ECDSA", "SHA-256"),
    (&[42, 134, 72, 206, 61, 4, 3, 3], "ECDSA", "SHA-384"),
    (&[42, 134, 72, 206, 61, 4, 3, 4], "ECDSA", "SHA-512"),
    (&[43, 101, 112], "Ed25519", ""),
];

/// Object identifiers of curves, with the length of a number on them.
const CURVES: [(&[u8], &str, usize); 3] = [
    (&[42, 134, 72, 206, 61, 3, 1, 7], "P-256", 32),
    (&[43, 129, 4, 0, 34], "P-384", 48),
    (&[43, 129, 4, 0, 35], "P-521", 66),
];

impl Certificate<'_> {
    /// The question whether `issuer` signed this certificate. `None` if it names another
    /// issuer, or for algorithms that are not offered.
    pub fn signed_by<'a>(&'a self, issuer: &Certificate<'a>) -> Option<SignatureCheck<'a>> {
        if self.issuer != issuer.subject {
            return None;
        }
        let (_, name, hash) = ALGORITHMS
            .into_iter()
            .find(|(identifier, ..)| *identifier == self.algorithm)?;
        let mut curve = "";
        let mut signature = self.signature.to_vec();
        if name == "ECDSA" {
            let (_, found, length) = curve_of(issuer.public_key)?;
            curve = found;
            signature = numbers(self.signature, length)?;
        }
        Some(SignatureCheck {
            name,
            hash,
            curve,
            public_key: issuer.public_key,
            signature,
            data: self.to_be_signed,
        })
    }
}

fn curve_of(public_key: &[u8]) -> Option<(&'static [u8], &'static str, usize)> {
    let mut algorithm = Reader(public_key).enter(SEQUENCE)?.enter(SEQUENCE)?;
    algorithm.take(OBJECT_IDENTIFIER)?;
    let curve = algorithm.take(OBJECT_IDENTIFIER)?.content;
    CURVES
        .into_iter()
        .find(|(identifier, ..)| *identifier == curve)
}

/// Both numbers of an ECDSA signature, without sign and in full length.
fn numbers(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut pair = Reader(signature).enter(SEQUENCE)?;
    let mut both = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let number = pair.take(INTEGER)?.content;
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        let missing = length.checked_sub(number.len())?;
        both.resize(both.len() + missing, 0);
        both.extend_from_slice(number);
    }
    Some(both)
}
