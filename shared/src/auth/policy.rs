//! Shared access policies: named key pairs with rights (`service.md` §2.3).

use super::keys::{GENERATED_KEY_BYTES, KeyPair, check_key, key_text};
use crate::error::HubError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most policies of a hub.
pub const MAX_POLICIES: usize = 16;
/// Most policies with ServiceConnect.
pub const MAX_SERVICE_POLICIES: usize = 10;
/// Longest policy name in characters.
pub const MAX_NAME_LENGTH: usize = 256;
/// The policies of a new hub.
pub const DEFAULT_POLICIES: [(&str, Rights); 5] = [
    (
        "iothubowner",
        Rights(Rights::REGISTRY_WRITE.0 | Rights::SERVICE_CONNECT.0 | Rights::DEVICE_CONNECT.0),
    ),
    ("service", Rights::SERVICE_CONNECT),
    ("device", Rights::DEVICE_CONNECT),
    ("registryRead", Rights::REGISTRY_READ),
    ("registryReadWrite", Rights::REGISTRY_WRITE),
];

/// A set of rights; as text `RegistryWrite, ServiceConnect`, where RegistryWrite implies RegistryRead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rights(u8);

impl Rights {
    /// Read identities.
    pub const REGISTRY_READ: Self = Self(1);
    /// Read and write identities.
    pub const REGISTRY_WRITE: Self = Self(3);
    /// Everything that a back end does with devices.
    pub const SERVICE_CONNECT: Self = Self(4);
    /// Speak as a device.
    pub const DEVICE_CONNECT: Self = Self(8);

    /// Every right that a policy can hold.
    pub const ALL: Self =
        Self(Self::REGISTRY_WRITE.0 | Self::SERVICE_CONNECT.0 | Self::DEVICE_CONNECT.0);

    /// Read configurations: whoever has RegistryRead or ServiceConnect. No policy holds it as
    /// such.
    pub const READ_CONFIGURATIONS: Self = Self(16);

    /// Text forms, the wider of two overlapping rights first.
    const NAMES: [(&'static str, Self); 4] = [
        ("RegistryWrite", Self::REGISTRY_WRITE),
        ("RegistryRead", Self::REGISTRY_READ),
        ("ServiceConnect", Self::SERVICE_CONNECT),
        ("DeviceConnect", Self::DEVICE_CONNECT),
    ];

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `required` is held.
    pub fn contains(self, required: Self) -> bool {
        self.0 & required.0 == required.0
            || (required == Self::READ_CONFIGURATIONS
                && self.0 & (Self::REGISTRY_READ.0 | Self::SERVICE_CONNECT.0) != 0)
    }

    /// Reads names separated by commas, in any case and order; at least one.
    pub fn parse(text: &str) -> Result<Self, HubError> {
        let mut rights = 0;
        for name in text.split(',') {
            let name = name.trim();
            let (_, right) = Self::NAMES
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| {
                    HubError::invalid(
                        "rights must be one or more of RegistryRead, RegistryWrite, \
                         ServiceConnect, DeviceConnect, separated by commas.",
                    )
                })?;
            rights |= right.0;
        }
        Ok(Self(rights))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = 0;
        for (name, right) in Self::NAMES {
            if self.contains(right) && written & right.0 != right.0 {
                if written != 0 {
                    formatter.write_str(", ")?;
                }
                formatter.write_str(name)?;
                written |= right.0;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Rights {
    type Error = HubError;
    fn try_from(text: String) -> Result<Self, HubError> {
        Self::parse(&text)
    }
}

impl From<Rights> for String {
    fn from(rights: Rights) -> Self {
        rights.to_string()
    }
}

/// A named pair of keys with rights.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedAccessPolicy {
    /// As it stands in `skn`.
    pub name: String,
    /// Base64.
    pub primary_key: String,
    /// Base64.
    pub secondary_key: String,
    /// What a holder may do.
    pub rights: Rights,
}

impl fmt::Debug for SharedAccessPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedAccessPolicy")
            .field("name", &self.name)
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}

impl SharedAccessPolicy {
    /// The policy's keys as a pair.
    pub fn keys(&self) -> KeyPair {
        KeyPair {
            primary: self.primary_key.clone(),
            secondary: self.secondary_key.clone(),
        }
    }
}

/// The five policies of a new hub; `random` holds a primary and a secondary key for each.
pub fn default_policies(random: &[[[u8; GENERATED_KEY_BYTES]; 2]; 5]) -> Vec<SharedAccessPolicy> {
    DEFAULT_POLICIES
        .iter()
        .zip(random)
        .map(
            |((name, rights), [primary, secondary])| SharedAccessPolicy {
                name: (*name).to_owned(),
                primary_key: key_text(primary),
                secondary_key: key_text(secondary),
                rights: *rights,
            },
        )
        .collect()
}

/// The policy that a token names in `skn`; names are compared exactly.
pub fn find_policy<'a>(
    policies: &'a [SharedAccessPolicy],
    name: &str,
) -> Option<&'a SharedAccessPolicy> {
    policies.iter().find(|policy| policy.name == name)
}

/// Checks a whole set of policies: names, keys, counts.
pub fn check_policies(policies: &[SharedAccessPolicy]) -> Result<(), HubError> {
    if policies.len() > MAX_POLICIES {
        return Err(HubError::invalid(format!(
            "A hub has at most {MAX_POLICIES} shared access policies, not {}.",
            policies.len()
        )));
    }
    let service = policies
        .iter()
        .filter(|policy| policy.rights.contains(Rights::SERVICE_CONNECT))
        .count();
    if service > MAX_SERVICE_POLICIES {
        return Err(HubError::invalid(format!(
            "At most {MAX_SERVICE_POLICIES} shared access policies have ServiceConnect, not {service}."
        )));
    }
    for (position, policy) in policies.iter().enumerate() {
        let legal =
            |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        if policy.name.is_empty()
            || policy.name.len() > MAX_NAME_LENGTH
            || !policy.name.chars().all(legal)
        {
            return Err(HubError::invalid(format!(
                "A policy name has 1 to {MAX_NAME_LENGTH} letters, digits, '-', '.' or '_'."
            )));
        }
        if policies
            .iter()
            .skip(position + 1)
            .any(|other| other.name == policy.name)
        {
            return Err(HubError::invalid(format!(
                "The policy name '{}' is used twice.",
                policy.name
            )));
        }
        check_key("primaryKey", &policy.primary_key)?;
        check_key("secondaryKey", &policy.secondary_key)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
