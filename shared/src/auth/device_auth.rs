//! How identities prove themselves, and how the hub says so on their messages
//! (`service.md` §4.2, `device.md` §3.3).

use crate::error::HubError;
use serde::{Deserialize, Serialize};

/// `authentication.type` of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticationType {
    /// SAS tokens signed with the identity's keys.
    #[default]
    Sas,
    /// A client certificate known by its thumbprint.
    SelfSigned,
    /// A client certificate issued by a registered authority.
    CertificateAuthority,
    /// No credentials of its own: system modules of edge devices, which never connect by
    /// themselves.
    None,
}

impl AuthenticationType {
    /// As it stands in the identity's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sas => "sas",
            Self::SelfSigned => "selfSigned",
            Self::CertificateAuthority => "certificateAuthority",
            Self::None => "none",
        }
    }

    /// Reads a client's value in any case. `none` is `sas` for a module and refused for a device.
    pub fn parse(text: &str, is_module: bool) -> Result<Self, HubError> {
        [Self::Sas, Self::SelfSigned, Self::CertificateAuthority]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            .or_else(|| (is_module && text.eq_ignore_ascii_case("none")).then_some(Self::Sas))
            .ok_or_else(|| {
                HubError::invalid(
                    "authentication.type must be sas, selfSigned or certificateAuthority.",
                )
            })
    }
}

/// How a connection or request was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionAuth {
    /// A token signed with a policy's key.
    HubSas,
    /// A token signed with the device's key.
    DeviceSas,
    /// A token signed with the module's key.
    ModuleSas,
    /// The device's client certificate.
    DeviceCertificate,
    /// The module's client certificate.
    ModuleCertificate,
}

impl ConnectionAuth {
    /// The value of `iothub-connection-auth-method`: JSON as text. Constant, since it goes on
    /// every message.
    pub fn method_text(self) -> &'static str {
        match self {
            Self::HubSas => {
                r#"{"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}"#
            }
            Self::DeviceSas => {
                r#"{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}"#
            }
            Self::ModuleSas => {
                r#"{"scope":"module","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}"#
            }
            Self::DeviceCertificate => {
                r#"{"scope":"device","type":"x509","issuer":"iothub","acceptingIpFilterRule":null}"#
            }
            Self::ModuleCertificate => {
                r#"{"scope":"module","type":"x509","issuer":"iothub","acceptingIpFilterRule":null}"#
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use serde_json::Value;

    #[test]
    fn names_are_written_in_camel_case_and_read_in_any() {
        for (kind, name) in [
            (AuthenticationType::Sas, "sas"),
            (AuthenticationType::SelfSigned, "selfSigned"),
            (
                AuthenticationType::CertificateAuthority,
                "certificateAuthority",
            ),
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), json!(name));
            assert_eq!(
                AuthenticationType::parse(&name.to_uppercase(), false),
                Ok(kind)
            );
        }
        assert!(AuthenticationType::parse("password", true).is_err());
    }

    #[test]
    fn none_is_for_modules_only() {
        assert_eq!(
            AuthenticationType::parse("none", true),
            Ok(AuthenticationType::Sas)
        );
        assert_eq!(
            AuthenticationType::parse("none", false)
                .unwrap_err()
                .code
                .number(),
            400_004
        );
    }

    #[test]
    fn the_method_text_is_the_documented_json() {
        assert_eq!(
            ConnectionAuth::DeviceSas.method_text(),
            "{\"scope\":\"device\",\"type\":\"sas\",\"issuer\":\"iothub\",\"acceptingIpFilterRule\":null}"
        );
        for (auth, scope, kind) in [
            (ConnectionAuth::HubSas, "hub", "sas"),
            (ConnectionAuth::DeviceSas, "device", "sas"),
            (ConnectionAuth::ModuleSas, "module", "sas"),
            (ConnectionAuth::DeviceCertificate, "device", "x509"),
            (ConnectionAuth::ModuleCertificate, "module", "x509"),
        ] {
            let value: Value = serde_json::from_str(auth.method_text()).unwrap();
            assert_eq!(
                value,
                json!({"scope": scope, "type": kind, "issuer": "iothub", "acceptingIpFilterRule": null})
            );
        }
    }
}
