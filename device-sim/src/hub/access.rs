//! The connection string of the operator, and the keys and tokens made from it.
//!
//! Nothing here is ever printed: neither type has a `Debug` form that shows a key.

use crate::error::SimError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::auth::ConnectionString;
use shared::auth::audience::device_resource;
use shared::auth::sas::sign;
use shared::auth::signature::hmac_sha256;
use shared::ids::Identity;
use shared::time::Timestamp;
use std::sync::Arc;

/// Environment variable read when `--connection-string` is not given: arguments of a process
/// are visible to every user of a machine, its environment is not.
pub const CONNECTION_STRING_VARIABLE: &str = "SKERRY_CONNECTION_STRING";

/// A service's right to use one hub.
#[derive(Clone)]
pub struct HubAccess {
    string: Arc<ConnectionString>,
}

impl HubAccess {
    /// Takes the option, or else the environment variable.
    pub fn from_option(option: Option<&str>) -> Result<Self, SimError> {
        let text = match option {
            Some(text) => text.to_owned(),
            None => std::env::var(CONNECTION_STRING_VARIABLE).map_err(|_| {
                SimError::Usage(format!(
                    "name the hub with --connection-string, or in the variable {CONNECTION_STRING_VARIABLE}"
                ))
            })?,
        };
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, SimError> {
        let string =
            ConnectionString::parse(text).map_err(|error| SimError::Usage(error.message))?;
        if string.device_id.is_some() {
            return Err(SimError::Usage(
                "this is a device's connection string; the simulator needs that of a policy, such as iothubowner, \
                 to create devices or read their keys"
                    .to_owned(),
            ));
        }
        if string.shared_access_key_name.is_none() || string.shared_access_key.is_none() {
            return Err(SimError::Usage(
                "the connection string must have SharedAccessKeyName and SharedAccessKey"
                    .to_owned(),
            ));
        }
        Ok(Self {
            string: Arc::new(string),
        })
    }

    /// The hub's name, as it stands in user names and tokens.
    pub fn host_name(&self) -> &str {
        &self.string.host_name
    }

    /// A token for REST calls.
    pub fn service_token(&self, expiry: Timestamp) -> Result<String, SimError> {
        self.string.token(expiry).map_err(|error| {
            SimError::Usage(format!("the policy key cannot sign: {}", error.message))
        })
    }

    /// A token for one device's connection, signed with its own key.
    pub fn device_token(
        &self,
        identity: &Identity,
        key: &str,
        expiry: Timestamp,
    ) -> Result<String, SimError> {
        let resource = device_resource(self.host_name(), identity);
        sign(key, &resource, expiry, None).map_err(|error| {
            SimError::Refused(format!(
                "the key of {identity} cannot sign: {}",
                error.message
            ))
        })
    }

    /// A device key that follows from the policy key, so that a later run finds it again
    /// without reading it back. One way: the device key tells nothing about the policy key.
    pub fn derived_device_key(&self, device_id: &str, which: &str) -> Result<String, SimError> {
        let wrong = || SimError::Usage("the SharedAccessKey is not base64".to_owned());
        let policy_key = self.string.shared_access_key.as_deref().unwrap_or_default();
        let policy_key = STANDARD.decode(policy_key).map_err(|_| wrong())?;
        let parts: [&[u8]; 4] = [
            b"device-sim\n",
            which.as_bytes(),
            b"\n",
            device_id.as_bytes(),
        ];
        hmac_sha256(&policy_key, &parts)
            .map(|key| STANDARD.encode(key))
            .ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "HostName=hub.test;SharedAccessKeyName=iothubowner;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn derived_keys_repeat_and_differ() {
        let access = HubAccess::parse(OWNER).unwrap();
        let key = access.derived_device_key("pump-1", "primary").unwrap();
        assert_eq!(access.derived_device_key("pump-1", "primary").unwrap(), key);
        assert_ne!(
            access.derived_device_key("pump-1", "secondary").unwrap(),
            key
        );
        assert_ne!(access.derived_device_key("pump-2", "primary").unwrap(), key);
        assert_eq!(STANDARD.decode(&key).unwrap().len(), 32);
    }

    #[test]
    fn refuses_strings_that_cannot_create_devices() {
        for (text, why) in [
            (
                "HostName=h;DeviceId=d;SharedAccessKey=AA==",
                "device's connection string",
            ),
            ("HostName=h", "SharedAccessKeyName"),
            ("SharedAccessKeyName=p;SharedAccessKey=AA==", "HostName"),
        ] {
            let text_given = HubAccess::parse(text).err().unwrap().to_string();
            assert!(text_given.contains(why), "{text}: {text_given}");
        }
    }
}
