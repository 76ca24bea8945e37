//! The firmware that runs on a device, and what both forms of update share.

use serde_json::{Value, json};

/// Version that a device runs when its twin says nothing else.
pub const FACTORY_VERSION: &str = "2.7.0";
/// Longest version text taken over.
const VERSION_LENGTH: usize = 64;

/// The running firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// Its version.
    pub version: String,
}

impl Default for Firmware {
    fn default() -> Self {
        Self {
            version: FACTORY_VERSION.to_owned(),
        }
    }
}

/// What an update brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where it would be fetched from.
    pub uri: String,
    /// The version it installs.
    pub version: String,
    /// Whether its check value does not fit: the word `bad` at its beginning stands for
    /// a damaged package, since nothing is really fetched.
    pub damaged: bool,
}

/// Why an update cannot begin.
pub const NOT_HTTPS: &str = "Invalid URL format. The package must have an https URI.";

impl Package {
    /// Reads a package description; the error is the text for the caller.
    pub fn parse(
        uri: Option<&Value>,
        version: Option<&Value>,
        check: Option<&Value>,
    ) -> Result<Self, String> {
        let uri = uri.and_then(Value::as_str).unwrap_or_default();
        let rest = uri
            .get(..8)
            .filter(|scheme| scheme.eq_ignore_ascii_case("https://"))
            .and_then(|_| uri.get(8..));
        if uri.len() > 2048 || rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(NOT_HTTPS.to_owned());
        }
        let version = match version {
            None | Some(Value::Null) => version_in(uri),
            Some(Value::String(version))
                if !version.is_empty() && version.len() <= VERSION_LENGTH =>
            {
                version.clone()
            }
            Some(_) => {
                return Err(format!(
                    "The version must be a text of 1 to {VERSION_LENGTH} bytes."
                ));
            }
        };
        let damaged = check
            .and_then(Value::as_str)
            .is_some_and(|check| check.to_ascii_lowercase().starts_with("bad"));
        Ok(Self {
            uri: uri.to_owned(),
            version,
            damaged,
        })
    }
}

/// The version in a file name such as `firmware-2.8.5.bin`; without one, the update counts as `unknown`.
fn version_in(uri: &str) -> String {
    let name = uri.rsplit('/').next().unwrap_or_default();
    let is_part = |character: char| character.is_ascii_digit() || character == '.';
    name.split(|character| !is_part(character))
        .map(|part| part.trim_matches('.'))
        .find(|part| part.contains('.') && part.len() <= VERSION_LENGTH)
        .unwrap_or("unknown")
        .to_owned()
}

/// The `error` member of a status.
pub fn error(code: u32, message: &str) -> Value {
    json!({"code": code, "message": message})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_a_package() {
        let parse = |uri: &str| Package::parse(Some(&json!(uri)), None, None);
        assert_eq!(
            parse("https://files.test/fw-2.8.5.bin").unwrap().version,
            "2.8.5"
        );
        assert_eq!(
            parse("HTTPS://files.test/latest").unwrap().version,
            "unknown"
        );
        for uri in [
            "http://files.test/fw",
            "https://",
            "https:///x",
            "",
            "ftp://x",
            "ä",
        ] {
            assert_eq!(parse(uri), Err(NOT_HTTPS.to_owned()), "{uri}");
        }
        assert!(Package::parse(None, None, None).is_err());
    }

    #[test]
    fn a_check_value_tells_a_damaged_package() {
        let uri = json!("https://files.test/fw.bin");
        let with = |check: &str| {
            Package::parse(Some(&uri), Some(&json!("3.0")), Some(&json!(check))).unwrap()
        };
        assert!(with("bad").damaged);
        assert!(!with("9f86d081").damaged);
        assert_eq!(with("x").version, "3.0");
        assert!(Package::parse(Some(&uri), Some(&json!(3)), None).is_err());
    }
}
