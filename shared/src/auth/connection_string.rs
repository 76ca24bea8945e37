//! Connection strings of hubs, devices and modules (`service.md` §2.1).
//!
//! Only the text form; whether the keys and ids in it are any good is for those who use them.

use super::audience::{device_resource, hub_resource};
use super::sas::sign;
use crate::error::HubError;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::time::Timestamp;
use std::fmt;

/// Longest connection string.
pub const MAX_LENGTH: usize = 4096;

/// `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…` and its relatives.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ConnectionString {
    /// The hub, perhaps with `:port`.
    pub host_name: String,
    /// The device, for a device's or module's string.
    pub device_id: Option<String>,
    /// The module, for a module's string.
    pub module_id: Option<String>,
    /// The policy, for a service's string.
    pub shared_access_key_name: Option<String>,
    /// Base64 key of the policy, device or module.
    pub shared_access_key: Option<String>,
    /// A ready token instead of a key.
    pub shared_access_signature: Option<String>,
    /// Where to connect to instead of `host_name`.
    pub gateway_host_name: Option<String>,
    /// A client certificate instead of a key.
    pub x509: bool,
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectionString")
            .field("host_name", &self.host_name)
            .field("device_id", &self.device_id)
            .field("module_id", &self.module_id)
            .field("shared_access_key_name", &self.shared_access_key_name)
            .finish_non_exhaustive()
    }
}

impl ConnectionString {
    /// A policy's string.
    pub fn for_policy(host_name: &str, policy_name: &str, key: &str) -> Self {
        Self {
            host_name: host_name.to_owned(),
            shared_access_key_name: Some(policy_name.to_owned()),
            shared_access_key: Some(key.to_owned()),
            ..Self::default()
        }
    }

    /// A device's or module's string.
    pub fn for_identity(host_name: &str, identity: &Identity, key: &str) -> Self {
        Self {
            host_name: host_name.to_owned(),
            device_id: Some(identity.device.to_string()),
            module_id: identity.module.as_ref().map(ToString::to_string),
            shared_access_key: Some(key.to_owned()),
            ..Self::default()
        }
    }

    /// Reads a string: parts between `;`, each split on its first `=`, names in any case.
    /// An unknown or repeated name is refused, since it is most likely a typing error.
    pub fn parse(text: &str) -> Result<Self, HubError> {
        if text.len() > MAX_LENGTH {
            return Err(HubError::invalid(format!(
                "A connection string has at most {MAX_LENGTH} bytes."
            )));
        }
        let mut read = Self::default();
        let (mut host_name, mut x509) = (None, None);
        for part in text
            .trim()
            .split(';')
            .filter(|part| !part.trim().is_empty())
        {
            // The part itself may be a secret, so errors never repeat it.
            let (name, value) = part.split_once('=').ok_or_else(|| {
                HubError::invalid(
                    "A part of the connection string has no '='; write Name=Value;Name=Value.",
                )
            })?;
            let name = name.trim();
            let slot = match name.to_ascii_lowercase().as_str() {
                "hostname" => &mut host_name,
                "deviceid" => &mut read.device_id,
                "moduleid" => &mut read.module_id,
                "sharedaccesskeyname" => &mut read.shared_access_key_name,
                "sharedaccesskey" => &mut read.shared_access_key,
                "sharedaccesssignature" => &mut read.shared_access_signature,
                "gatewayhostname" => &mut read.gateway_host_name,
                "x509" => &mut x509,
                _ => {
                    return Err(HubError::invalid(
                        "The connection string has an unknown name; HostName, DeviceId, ModuleId, \
                         SharedAccessKeyName, SharedAccessKey, SharedAccessSignature, \
                         GatewayHostName and x509 are known.",
                    ));
                }
            };
            if slot.replace(value.to_owned()).is_some() {
                return Err(HubError::invalid(format!(
                    "The connection string has {name} twice."
                )));
            }
        }
        read.host_name = host_name.filter(|name| !name.is_empty()).ok_or_else(|| {
            HubError::invalid("The connection string has no HostName; add HostName=<hub>.")
        })?;
        read.x509 = x509.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(read)
    }

    /// The device or module it is for; `None` for a service's string.
    pub fn identity(&self) -> Result<Option<Identity>, HubError> {
        let Some(device) = &self.device_id else {
            return match self.module_id {
                None => Ok(None),
                Some(_) => Err(HubError::invalid(
                    "The connection string has a ModuleId but no DeviceId.",
                )),
            };
        };
        let device = DeviceId::parse(device)
            .map_err(|error| HubError::invalid(format!("DeviceId: {error}.")))?;
        let module = match &self.module_id {
            None => None,
            Some(module) => Some(
                ModuleId::parse(module)
                    .map_err(|error| HubError::invalid(format!("ModuleId: {error}.")))?,
            ),
        };
        Ok(Some(Identity { device, module }))
    }

    /// A token for whom the string is: the ready one, or one signed with the key.
    pub fn token(&self, expiry: Timestamp) -> Result<String, HubError> {
        if let Some(token) = &self.shared_access_signature {
            return Ok(token.clone());
        }
        let key = self.shared_access_key.as_deref().ok_or_else(|| {
            HubError::invalid(
                "The connection string has neither SharedAccessKey nor SharedAccessSignature.",
            )
        })?;
        let resource = match self.identity()? {
            Some(identity) => device_resource(&self.host_name, &identity),
            None => hub_resource(&self.host_name),
        };
        sign(
            key,
            &resource,
            expiry,
            self.shared_access_key_name.as_deref(),
        )
    }
}

impl fmt::Display for ConnectionString {
    /// The whole string, secrets included: for the owner's eyes, never for a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HostName={}", self.host_name)?;
        for (name, value) in [
            ("DeviceId", &self.device_id),
            ("ModuleId", &self.module_id),
            ("SharedAccessKeyName", &self.shared_access_key_name),
            ("SharedAccessKey", &self.shared_access_key),
            ("SharedAccessSignature", &self.shared_access_signature),
            ("GatewayHostName", &self.gateway_host_name),
        ] {
            if let Some(value) = value {
                write!(formatter, ";{name}={value}")?;
            }
        }
        if self.x509 {
            formatter.write_str(";x509=true")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::SasToken;
    use crate::auth::keys::{KeyPair, key_text};

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn reads_and_writes_the_documented_forms() {
        for text in [
            format!("HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}"),
            format!("HostName=hub.example:8443;DeviceId=pump=7;SharedAccessKey={KEY}"),
            format!(
                "HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey={KEY};GatewayHostName=127.0.0.1"
            ),
            "HostName=h;DeviceId=d;x509=true".to_owned(),
            "HostName=h;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=h&sig=a%3D&se=1"
                .to_owned(),
        ] {
            assert_eq!(ConnectionString::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_come_in_any_case_and_order_and_a_last_semicolon_is_fine() {
        let text = format!(" sharedaccesskey={KEY};HOSTNAME=h;SharedAccessKeyNAME=service;\n");
        assert_eq!(
            ConnectionString::parse(&text).unwrap(),
            ConnectionString::for_policy("h", "service", KEY)
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_it() {
        for (text, said) in [
            ("SharedAccessKey=c2VjcmV0", "HostName"),
            ("HostName=;DeviceId=c2VjcmV0", "HostName"),
            ("HostName=h;c2VjcmV0", "no '='"),
            ("HostName=h;SharedAcessKey=c2VjcmV0", "unknown name"),
            ("HostName=h;DeviceId=c2VjcmV0;deviceid=c2VjcmV0", "twice"),
            (&format!("HostName={}", "h".repeat(5000)), "4096"),
        ] {
            let message = ConnectionString::parse(text).unwrap_err().message;
            assert!(message.contains(said), "{message}");
            assert!(!message.contains("c2VjcmV0"), "{message}");
        }
    }

    #[test]
    fn ids_are_checked_when_asked_for() {
        let read = |text: &str| ConnectionString::parse(text).unwrap().identity();
        assert_eq!(read("HostName=h").unwrap(), None);
        assert_eq!(
            read("HostName=h;DeviceId=d;ModuleId=m")
                .unwrap()
                .unwrap()
                .to_string(),
            "d/m"
        );
        assert!(read("HostName=h;DeviceId=a b").is_err());
        assert!(read("HostName=h;ModuleId=m").is_err());
    }

    #[test]
    fn its_tokens_are_accepted() {
        let now = Timestamp::from_milliseconds(1_700_000_000_000);
        let identity = Identity::device(DeviceId::parse("pump-7").unwrap());
        let connection = ConnectionString::for_identity("hub.example:8443", &identity, KEY);
        let token = SasToken::parse(&connection.token(now.plus_seconds(60)).unwrap()).unwrap();
        let keys = KeyPair {
            primary: KEY.to_owned(),
            secondary: key_text(&[9; 32]),
        };
        assert!(
            token
                .verify_device(&keys, &["hub.example"], &identity, now)
                .is_ok()
        );
        assert!(
            ConnectionString::parse("HostName=h;x509=true")
                .unwrap()
                .token(now)
                .is_err()
        );
    }

    #[test]
    fn debug_hides_the_key() {
        let shown = format!("{:?}", ConnectionString::for_policy("h", "service", KEY));
        assert!(shown.contains("service") && !shown.contains(KEY), "{shown}");
    }
}
