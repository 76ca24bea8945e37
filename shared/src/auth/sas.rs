//! SAS tokens: reading, judging and writing them (`device.md` §2.3, `service.md` §2.2).
//!
//! The reason of a refusal is for the hub's own records; towards the client every
//! refusal looks the same, so that a bad token never tells whether a device exists.

use super::audience::Audience;
use super::keys::KeyPair;
use super::policy::{Rights, SharedAccessPolicy};
use super::signature::{sas_signature, secrets_match};
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::percent;
use crate::time::Timestamp;
use std::borrow::Cow;
use std::fmt;

/// Longest token: two ids of 128 characters, each escaped twice, leave room to spare.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// How long after its expiry a token is still taken, for clocks that run behind.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

const SCHEME: &str = "SharedAccessSignature";

/// Which of two keys made a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedKey {
    /// The primary key.
    Primary,
    /// The secondary key.
    Secondary,
}

/// Why a token is not good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SasRefusal {
    /// Not of the form of a SAS token; says which rule it breaks.
    Malformed(&'static str),
    /// `se` lies more than the skew in the past.
    Expired,
    /// `sr` speaks of another hub, device, module or path.
    WrongAudience,
    /// `skn` is missing, unknown, or not wanted here.
    WrongPolicy,
    /// The policy lacks the right.
    MissingRight,
    /// No key made this signature.
    WrongSignature,
}

impl SasRefusal {
    /// What a service client is told (`service.md` §2.4).
    pub fn for_service(self) -> HubError {
        HubError::new(ErrorCode::IotHubUnauthorizedAccess, "Unauthorized")
    }

    /// What a device is told over HTTPS (`device.md` §7).
    pub fn for_device(self) -> HubError {
        HubError::new(ErrorCode::IotHubUnauthorized, "Unauthorized")
    }
}

impl fmt::Display for SasRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(rule) => write!(formatter, "the SAS token is malformed: {rule}"),
            Self::Expired => formatter.write_str("the SAS token has expired"),
            Self::WrongAudience => {
                formatter.write_str("the SAS token's sr does not cover what was asked for")
            }
            Self::WrongPolicy => {
                formatter.write_str("the SAS token's skn names no policy that is accepted here")
            }
            Self::MissingRight => {
                formatter.write_str("the policy of the SAS token lacks the needed right")
            }
            Self::WrongSignature => {
                formatter.write_str("the SAS token's signature was made with another key")
            }
        }
    }
}

impl std::error::Error for SasRefusal {}

/// A token that has the right form; nothing in it is proven until a `verify_…` says so.
#[derive(Clone, PartialEq, Eq)]
pub struct SasToken {
    raw_resource: String,
    signature: String,
    expiry_text: String,
    expiry: Timestamp,
    policy_name: Option<String>,
}

impl fmt::Debug for SasToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SasToken")
            .field("raw_resource", &self.raw_resource)
            .field("expiry", &self.expiry)
            .field("policy_name", &self.policy_name)
            .finish_non_exhaustive()
    }
}

impl SasToken {
    /// Reads a password or an `Authorization` header. Fields may come in any order and in
    /// any case; unknown ones are ignored.
    pub fn parse(text: &str) -> Result<Self, SasRefusal> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(SasRefusal::Malformed("it is longer than 4096 bytes"));
        }
        let mut parts = text.split_whitespace();
        let (Some(SCHEME), Some(fields), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SasRefusal::Malformed(
                "expected 'SharedAccessSignature', white space and the fields",
            ));
        };
        let (mut resource, mut signature, mut expiry, mut policy) = (None, None, None, None);
        for field in fields.split('&') {
            let (name, value) = field
                .split_once('=')
                .ok_or(SasRefusal::Malformed("a field has no '='"))?;
            let slot = if name.eq_ignore_ascii_case("sr") {
                &mut resource
            } else if name.eq_ignore_ascii_case("sig") {
                &mut signature
            } else if name.eq_ignore_ascii_case("se") {
                &mut expiry
            } else if name.eq_ignore_ascii_case("skn") {
                &mut policy
            } else {
                continue;
            };
            if slot.replace(value).is_some() {
                return Err(SasRefusal::Malformed("a field stands twice"));
            }
        }
        let decoded = |value: &str| {
            percent::decode(value)
                .map(Cow::into_owned)
                .ok_or(SasRefusal::Malformed("a field is not UTF-8"))
        };
        // `sr` stays as it came: it is what was signed, and clients escape differently.
        let raw_resource = resource
            .ok_or(SasRefusal::Malformed("sr is missing"))?
            .to_owned();
        let signature = decoded(signature.ok_or(SasRefusal::Malformed("sig is missing"))?)?;
        let expiry_text = decoded(expiry.ok_or(SasRefusal::Malformed("se is missing"))?)?;
        let expiry = parse_expiry(&expiry_text).ok_or(SasRefusal::Malformed(
            "se is not a number of seconds since 1970",
        ))?;
        // An empty skn is what some clients write for "none".
        let policy_name = match policy {
            None | Some("") => None,
            Some(name) => Some(decoded(name)?),
        };
        Ok(Self {
            raw_resource,
            signature,
            expiry_text,
            expiry,
            policy_name,
        })
    }

    /// The policy that `skn` names; `None` for a token signed with a device's own key.
    pub fn policy_name(&self) -> Option<&str> {
        self.policy_name.as_deref()
    }

    /// The moment that `se` names.
    pub fn expiry(&self) -> Timestamp {
        self.expiry
    }

    /// The last moment at which the token counts: `se` plus the skew. A connection ends then.
    pub fn valid_until(&self) -> Timestamp {
        self.expiry.plus_seconds(CLOCK_SKEW_SECONDS)
    }

    /// Judges a token that a device or module signed with its own key.
    pub fn verify_device(
        &self,
        keys: &KeyPair,
        host_names: &[&str],
        identity: &Identity,
        now: Timestamp,
    ) -> Result<MatchedKey, SasRefusal> {
        if self.policy_name.is_some() {
            return Err(SasRefusal::WrongPolicy);
        }
        self.check_expiry(now)?;
        let audience = self.audience(host_names)?;
        if !audience.names(identity) {
            return Err(SasRefusal::WrongAudience);
        }
        self.check_signature(&keys.primary, &keys.secondary)
    }

    /// Judges a token that was signed for a device or module with a policy's key.
    pub fn verify_policy(
        &self,
        policy: &SharedAccessPolicy,
        host_names: &[&str],
        identity: &Identity,
        now: Timestamp,
    ) -> Result<MatchedKey, SasRefusal> {
        self.check_policy(policy)?;
        self.check_expiry(now)?;
        let audience = self.audience(host_names)?;
        if !audience.covers(identity) {
            return Err(SasRefusal::WrongAudience);
        }
        let matched = self.check_signature(&policy.primary_key, &policy.secondary_key)?;
        if !policy.rights.contains(Rights::DEVICE_CONNECT) {
            return Err(SasRefusal::MissingRight);
        }
        Ok(matched)
    }

    /// Judges a back end's token for a request path (decoded segments). The rights that the
    /// operation needs are compared by the caller, with [`Rights::contains`].
    pub fn verify_service(
        &self,
        policy: &SharedAccessPolicy,
        host_names: &[&str],
        request_path: &[&str],
        now: Timestamp,
    ) -> Result<MatchedKey, SasRefusal> {
        self.check_policy(policy)?;
        self.check_expiry(now)?;
        let audience = self.audience(host_names)?;
        if !audience.covers_path(request_path) {
            return Err(SasRefusal::WrongAudience);
        }
        self.check_signature(&policy.primary_key, &policy.secondary_key)
    }

    fn check_policy(&self, policy: &SharedAccessPolicy) -> Result<(), SasRefusal> {
        if self.policy_name.as_deref() == Some(policy.name.as_str()) {
            Ok(())
        } else {
            Err(SasRefusal::WrongPolicy)
        }
    }

    fn check_expiry(&self, now: Timestamp) -> Result<(), SasRefusal> {
        if now <= self.valid_until() {
            Ok(())
        } else {
            Err(SasRefusal::Expired)
        }
    }

    fn audience(&self, host_names: &[&str]) -> Result<Audience, SasRefusal> {
        Audience::parse(&self.raw_resource)
            .filter(|audience| audience.is_for_host(host_names))
            .ok_or(SasRefusal::WrongAudience)
    }

    fn check_signature(&self, primary: &str, secondary: &str) -> Result<MatchedKey, SasRefusal> {
        for (key, matched) in [
            (primary, MatchedKey::Primary),
            (secondary, MatchedKey::Secondary),
        ] {
            // A key that is missing or unreadable signs nothing.
            let expected = sas_signature(key, &self.raw_resource, &self.expiry_text);
            if expected.is_some_and(|expected| {
                secrets_match(self.signature.as_bytes(), expected.as_bytes())
            }) {
                return Ok(matched);
            }
        }
        Err(SasRefusal::WrongSignature)
    }
}

/// Writes a token. `raw_resource` is used as it is: see [`super::audience::device_resource`]
/// and [`super::audience::hub_resource`]. Fails only for a key that is not base64.
pub fn sign(
    key_base64: &str,
    raw_resource: &str,
    expiry: Timestamp,
    policy_name: Option<&str>,
) -> Result<String, HubError> {
    let seconds = expiry.seconds().to_string();
    let signature = sas_signature(key_base64, raw_resource, &seconds)
        .ok_or_else(|| HubError::invalid("The shared access key is empty or not base64."))?;
    let signature = percent::encode(&signature);
    let mut token = format!("{SCHEME} sr={raw_resource}&sig={signature}&se={seconds}");
    if let Some(name) = policy_name {
        token.push_str("&skn=");
        token.push_str(&percent::encode(name));
    }
    Ok(token)
}

/// Unix seconds, a fraction allowed; a moment beyond the year 9999 counts as its end.
fn parse_expiry(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // All digits, so the only possible failure is a number too large.
    let seconds = whole.parse::<i64>().unwrap_or(i64::MAX);
    let milliseconds = fraction
        .bytes()
        .chain([b'0'; 2])
        .take(3)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(Timestamp::from_milliseconds(
        seconds.saturating_mul(1000).saturating_add(milliseconds),
    ))
}

#[cfg(test)]
#[path = "sas_tests.rs"]
mod tests;
