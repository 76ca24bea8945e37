//! Names of containers and blobs, checked once, and where their content lies in the store.
//!
//! Keys of different kinds never meet: each kind has its own first segment.

use sha2::{Digest, Sha256};
use std::fmt;

/// Longest name of a blob in UTF-8: a key of the platform's store has 1,024 bytes, and the
/// container's name stands before it. (Azure counts 1,024 characters.)
pub const MAX_BLOB_NAME_BYTES: usize = 950;
/// Longest name of a container.
pub const MAX_CONTAINER_NAME_LENGTH: usize = 63;
/// Prefix of all blocks that wait.
pub const BLOCKS: &str = "block/";

/// A container: 3 to 63 lower-case letters, digits and single hyphens, none at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerName(String);

impl ContainerName {
    /// Checks Azure's rule.
    pub fn parse(text: &str) -> Option<Self> {
        let length = (3..=MAX_CONTAINER_NAME_LENGTH).contains(&text.len());
        let characters = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let hyphens = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        (length && characters && hyphens).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Key of the empty object that says that the container exists.
    pub fn key(&self) -> String {
        format!("container/{}", self.0)
    }

    /// What the keys of all its blobs begin with.
    pub fn blobs_prefix(&self) -> String {
        format!("blob/{}/", self.0)
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A blob within its container, decoded. Case-sensitive; `/` only looks like a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobName(String);

impl BlobName {
    /// Checks length and characters. Beyond Azure's rule: no segments `.` and `..`, which URL
    /// parsers collapse, no `/` at either end, and nothing that XML cannot say.
    pub fn parse(text: &str) -> Option<Self> {
        let length = (1..=MAX_BLOB_NAME_BYTES).contains(&text.len());
        let ends = !text.starts_with('/') && !text.ends_with('/');
        let segments = text
            .split('/')
            .all(|segment| segment != "." && segment != "..");
        let characters = !text.chars().any(is_unsayable);
        (length && ends && segments && characters).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Key of the blob itself.
    pub fn key(&self, container: &ContainerName) -> String {
        format!("{}{}", container.blobs_prefix(), self.0)
    }

    /// What the keys of its waiting blocks begin with. A digest, so that keys have a bounded
    /// length and blocks of all blobs lie evenly mixed, which sweeping relies on.
    pub fn blocks_prefix(&self, container: &ContainerName) -> String {
        let mut hasher = Sha256::new();
        hasher.update(container.as_str());
        hasher.update([0]);
        hasher.update(&self.0);
        let digest: String = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{BLOCKS}{digest}/")
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_unsayable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn container_names_follow_azures_rule() {
        for legal in ["abc", "a-b-c", "0a1", "exports", &"a".repeat(63)] {
            assert!(ContainerName::parse(legal).is_some(), "{legal}");
        }
        for illegal in [
            "", "ab", "Abc", "a--b", "-ab", "ab-", "a_b", "a/b", "$root", "äbc", "a.b",
        ] {
            assert!(ContainerName::parse(illegal).is_none(), "{illegal}");
        }
        assert!(ContainerName::parse(&"a".repeat(64)).is_none());
    }

    #[test]
    fn blob_names_are_nearly_free() {
        let longest = "a".repeat(MAX_BLOB_NAME_BYTES);
        for legal in [
            "a", "a/b.txt", "ä & <b>", "a//b", "...", "a..b/.c", &longest,
        ] {
            assert!(BlobName::parse(legal).is_some(), "{legal}");
        }
        for illegal in [
            "",
            "/a",
            "a/",
            ".",
            "a/../b",
            "./a",
            "a\nb",
            "a\0",
            "\u{7f}",
            "\u{85}",
            "a\u{ffff}",
        ] {
            assert!(BlobName::parse(illegal).is_none(), "{illegal:?}");
        }
        assert!(BlobName::parse(&format!("{longest}a")).is_none());
    }

    #[test]
    fn two_blobs_never_share_blocks() {
        let container = |text| ContainerName::parse(text).unwrap();
        let blob = |text| BlobName::parse(text).unwrap();
        let one = blob("d/x").blocks_prefix(&container("abc"));
        assert_ne!(one, blob("x").blocks_prefix(&container("abc")));
        assert_ne!(one, blob("d/x").blocks_prefix(&container("abd")));
        assert_eq!(one, blob("d/x").blocks_prefix(&container("abc")));
    }

    proptest! {
        #[test]
        fn keys_fit_the_platforms_store(container in "[a-z0-9-]{0,70}", blob in any::<String>()) {
            if let (Some(container), Some(blob)) = (ContainerName::parse(&container), BlobName::parse(&blob)) {
                prop_assert!(blob.key(&container).len() <= 1024);
                prop_assert_eq!(blob.blocks_prefix(&container).len(), 6 + 64 + 1);
            }
        }
    }
}
