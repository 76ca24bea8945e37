//! How an identity proves itself: keys, thumbprints, type (`service.md` §4.2).

use crate::auth::AuthenticationType;
use crate::auth::keys::{GENERATED_KEY_BYTES, KeyPair};
use crate::error::HubError;
use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Stored credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Authentication {
    pub kind: AuthenticationType,
    pub keys: Option<KeyPair>,
    pub primary_thumbprint: Option<String>,
    pub secondary_thumbprint: Option<String>,
}

impl Authentication {
    /// Reads `authentication` of a REST body; missing keys are made from `entropy`.
    pub(super) fn parse(
        body: Option<&Value>,
        is_module: bool,
        entropy: &[u8],
    ) -> Result<Self, HubError> {
        let empty = Map::new();
        let object = match body {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(object)) => object,
            Some(_) => return Err(HubError::invalid("authentication must be an object.")),
        };
        let keys = section(object, "symmetricKey")?;
        let thumbprints = section(object, "x509Thumbprint")?;
        let keys = KeyPair::given(
            text(keys, "primaryKey")?.as_deref(),
            text(keys, "secondaryKey")?.as_deref(),
        )?;
        let primary_thumbprint = text(thumbprints, "primaryThumbprint")?;
        let secondary_thumbprint = text(thumbprints, "secondaryThumbprint")?;
        let has_thumbprints = primary_thumbprint.is_some() || secondary_thumbprint.is_some();
        if keys.is_some() && has_thumbprints {
            return Err(HubError::invalid(
                "Give either symmetric keys or X.509 thumbprints, not both.",
            ));
        }
        let kind = match text(Some(object), "type")?.as_deref() {
            None if has_thumbprints => AuthenticationType::SelfSigned,
            None => AuthenticationType::Sas,
            Some(kind) => AuthenticationType::parse(kind, is_module)?,
        };
        let mut parsed = Self {
            kind,
            keys,
            primary_thumbprint,
            secondary_thumbprint,
        };
        parsed.check(entropy)?;
        Ok(parsed)
    }

    /// No credentials at all: the system modules of edge devices.
    pub(super) fn none() -> Self {
        Self {
            kind: AuthenticationType::None,
            keys: None,
            primary_thumbprint: None,
            secondary_thumbprint: None,
        }
    }

    /// The same kind with nothing that could be used.
    pub(super) fn erased(&self) -> Self {
        Self {
            kind: self.kind,
            ..Self::none()
        }
    }

    fn check(&mut self, entropy: &[u8]) -> Result<(), HubError> {
        match self.kind {
            AuthenticationType::Sas => {
                if self.primary_thumbprint.is_some() || self.secondary_thumbprint.is_some() {
                    return Err(HubError::invalid(
                        "Thumbprints need authentication.type selfSigned.",
                    ));
                }
                if self.keys.is_none() {
                    self.keys = Some(generate(entropy)?);
                }
                Ok(())
            }
            AuthenticationType::SelfSigned => {
                self.refuse_keys()?;
                self.check_thumbprints()
            }
            AuthenticationType::CertificateAuthority | AuthenticationType::None => {
                self.refuse_keys()?;
                if self.primary_thumbprint.is_some() || self.secondary_thumbprint.is_some() {
                    return Err(HubError::invalid(
                        "Thumbprints need authentication.type selfSigned.",
                    ));
                }
                Ok(())
            }
        }
    }

    fn refuse_keys(&self) -> Result<(), HubError> {
        if self.keys.is_some() {
            return Err(HubError::invalid(
                "Symmetric keys need authentication.type sas.",
            ));
        }
        Ok(())
    }

    fn check_thumbprints(&self) -> Result<(), HubError> {
        let given: Vec<&String> = [&self.primary_thumbprint, &self.secondary_thumbprint]
            .into_iter()
            .flatten()
            .collect();
        for thumbprint in &given {
            let hex = thumbprint.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !hex || !matches!(thumbprint.len(), 40 | 64) {
                return Err(HubError::invalid(
                    "StringIsNotThumbprint: a thumbprint is 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.",
                ));
            }
        }
        let mut lengths = given.iter().map(|thumbprint| thumbprint.len());
        if let (Some(first), Some(second)) = (lengths.next(), lengths.next())
            && first != second
        {
            return Err(HubError::invalid(
                "Both thumbprints must be of the same kind.",
            ));
        }
        Ok(())
    }

    /// As REST shows it; keys are null unless the type is `sas`.
    pub(super) fn document(&self) -> Value {
        json!({
            "symmetricKey": {
                "primaryKey": self.keys.as_ref().map(|keys| &keys.primary),
                "secondaryKey": self.keys.as_ref().map(|keys| &keys.secondary),
            },
            "x509Thumbprint": self.thumbprints(),
            "type": self.kind,
        })
    }

    /// The `x509Thumbprint` object of identities and twins.
    pub(super) fn thumbprints(&self) -> Value {
        json!({
            "primaryThumbprint": self.primary_thumbprint,
            "secondaryThumbprint": self.secondary_thumbprint,
        })
    }

    /// Whether a session that was opened under `self` may go on under `new`.
    pub(super) fn still_covers(&self, new: &Self) -> bool {
        self == new
    }
}

pub(super) fn generate(entropy: &[u8]) -> Result<KeyPair, HubError> {
    let key = |from: usize| -> Option<[u8; GENERATED_KEY_BYTES]> {
        entropy
            .get(from..from + GENERATED_KEY_BYTES)?
            .try_into()
            .ok()
    };
    match (key(0), key(GENERATED_KEY_BYTES)) {
        (Some(primary), Some(secondary)) => Ok(KeyPair::generate(&[primary, secondary])),
        _ => Err(HubError::internal("too few random bytes for two keys")),
    }
}

/// A member by name, ignoring case (`service.md` §1).
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn section<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, HubError> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(section)) => Ok(Some(section)),
        Some(_) => Err(HubError::invalid(format!("{name} must be an object."))),
    }
}

/// A text member; null and the empty text count as absent, since SDKs send `""` for "make one".
pub(super) fn text(
    object: Option<&Map<String, Value>>,
    name: &str,
) -> Result<Option<String>, HubError> {
    match object.and_then(|object| member(object, name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(HubError::invalid(format!("{name} must be a text."))),
    }
}
