//! Passwords of people: kept as Argon2id hashes, each with a salt of its own.
//!
//! The cost is one of those that OWASP's Password Storage Cheat Sheet holds equal: 7 MiB and
//! five passes. Memory that a worker has taken is never given back, so the least memory is the
//! best of them. Nothing here is asynchronous, and no password is kept or shown.

use super::signature::secrets_match;
use crate::error::HubError;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;
/// Fewest characters of a password.
pub const MIN_CHARACTERS: usize = 12;
/// Most bytes of a password.
pub const MAX_BYTES: usize = 256;

const HASH_BYTES: usize = 32;
const MEMORY_KIB: u32 = 7 * 1024;
const PASSES: u32 = 5;
/// What stands before the hash, so that another cost can be told from this one later.
const NAME: &str = "argon2id-7168-5";

/// Whether a password may be used. `name` is whose it is.
pub fn check(password: &str, name: &str) -> Result<(), HubError> {
    if password.chars().count() < MIN_CHARACTERS || password.len() > MAX_BYTES {
        return Err(HubError::invalid(format!(
            "A password has at least {MIN_CHARACTERS} characters and at most {MAX_BYTES} bytes."
        )));
    }
    let mut different: Vec<char> = Vec::new();
    for character in password.chars() {
        if !different.contains(&character) {
            different.push(character);
        }
    }
    if different.len() < 5 {
        return Err(HubError::invalid(
            "The password repeats the same few characters; use at least five different ones.",
        ));
    }
    if !name.is_empty()
        && password
            .to_ascii_lowercase()
            .contains(&name.to_ascii_lowercase())
    {
        return Err(HubError::invalid(
            "The password contains the name of the account; choose one that does not.",
        ));
    }
    Ok(())
}

/// What is kept of a password: `argon2id-7168-5$salt$hash`.
pub fn hash(password: &str, salt: &[u8; SALT_BYTES]) -> Result<String, HubError> {
    let hash = digest(password, salt)?;
    Ok(format!(
        "{NAME}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

/// Whether a password is the one that was kept. Without a kept one it is not, and takes as long
/// to say so, lest the time tell which names exist.
pub fn matches(password: &str, kept: Option<&str>) -> Result<bool, HubError> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    let parts = kept.and_then(read);
    let (salt, expected) = parts.unwrap_or(([0; SALT_BYTES], [0; HASH_BYTES]));
    let given = digest(password, &salt)?;
    Ok(secrets_match(&given, &expected) && parts.is_some())
}

fn read(kept: &str) -> Option<([u8; SALT_BYTES], [u8; HASH_BYTES])> {
    let (salt, hash) = kept
        .strip_prefix(NAME)?
        .strip_prefix('$')?
        .split_once('$')?;
    Some((
        STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?,
        STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?,
    ))
}

fn digest(password: &str, salt: &[u8; SALT_BYTES]) -> Result<[u8; HASH_BYTES], HubError> {
    let failed = |error: argon2::Error| HubError::internal(format!("password hash: {error}"));
    let costs = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_BYTES)).map_err(failed)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, costs)
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "corréct horse battery";

    #[test]
    fn only_the_same_password_matches() {
        let kept = hash(PASSWORD, &[7; SALT_BYTES]).unwrap();
        assert!(kept.starts_with("argon2id-7168-5$"));
        assert!(!kept.contains("horse"));
        assert_ne!(kept, hash(PASSWORD, &[8; SALT_BYTES]).unwrap());
        assert!(matches(PASSWORD, Some(&kept)).unwrap());
        assert!(!matches("corréct horse batterz", Some(&kept)).unwrap());
        assert!(!matches("", Some(&kept)).unwrap());
    }

    #[test]
    fn nothing_kept_and_something_else_kept_match_nothing() {
        assert!(!matches(PASSWORD, None).unwrap());
        for kept in ["", "argon2id-7168-5", "argon2id-7168-5$$", "plain$a$b"] {
            assert!(!matches(PASSWORD, Some(kept)).unwrap(), "{kept}");
        }
        assert!(!matches(&"x".repeat(MAX_BYTES + 1), None).unwrap());
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(check(PASSWORD, "ada").is_ok());
        assert!(check("elevenchars", "ada").is_err());
        assert!(check(&"한국어 비밀번호 열두자".repeat(10), "ada").is_err());
        assert!(check("한국어비밀번호열두자이상", "ada").is_ok());
        assert!(check("abababababababab", "ada").is_err());
        assert!(check("I am Ada, let me in", "ada").is_err());
    }
}
