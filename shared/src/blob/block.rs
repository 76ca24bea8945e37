//! Blocks of a large upload: their ids and the list that puts them together.
//!
//! The list is the only XML that comes in. It is read by hand: no DTD, no entities, no
//! attributes, nothing nested; what does not look like a block list is refused.

use super::MAX_BLOCKS;
use super::error::BlobError;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Longest body of a block list: every id at its longest, with the longest element around it.
pub const MAX_LIST_BYTES: usize = 192 * 1024;
/// Longest id before it is encoded.
const MAX_ID_BYTES: usize = 64;

/// The client's name of a block: base64 of 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockId(Vec<u8>);

impl BlockId {
    /// Reads the text of a query or of a list.
    pub fn parse(text: &str) -> Option<Self> {
        // Far longer than 64 bytes of base64: not worth decoding.
        if text.len() > 2 * MAX_ID_BYTES {
            return None;
        }
        let bytes = STANDARD.decode(text).ok()?;
        (1..=MAX_ID_BYTES)
            .contains(&bytes.len())
            .then_some(Self(bytes))
    }

    /// The block's key behind its blob's prefix.
    pub fn key(&self, prefix: &str) -> String {
        format!("{prefix}{}", URL_SAFE.encode(&self.0))
    }
}

/// The ids of a Put Block List, in their order.
///
/// Blocks exist only until they are joined, so `Latest` and `Uncommitted` mean the same, and
/// `Committed` can name nothing.
pub fn parse_list(body: &[u8]) -> Result<Vec<BlockId>, BlobError> {
    let broken = BlobError::InvalidXmlDocument;
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut rest = std::str::from_utf8(text).map_err(|_| broken)?.trim();
    if let Some(declaration) = rest.strip_prefix("<?xml ") {
        rest = declaration.split_once("?>").ok_or(broken)?.1.trim_start();
    }
    if matches!(rest, "<BlockList/>" | "<BlockList />") {
        return Ok(Vec::new());
    }
    rest = rest
        .strip_prefix("<BlockList>")
        .and_then(|rest| rest.strip_suffix("</BlockList>"))
        .ok_or(broken)?
        .trim();
    let mut ids = Vec::new();
    while !rest.is_empty() {
        let (kind, behind) = rest
            .strip_prefix('<')
            .and_then(|rest| rest.split_once('>'))
            .ok_or(broken)?;
        if !matches!(kind, "Latest" | "Uncommitted" | "Committed") {
            return Err(broken);
        }
        let (id, behind) = behind.split_once("</").ok_or(broken)?;
        rest = behind
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('>'))
            .ok_or(broken)?
            .trim_start();
        if kind == "Committed" {
            return Err(BlobError::InvalidBlockList);
        }
        if ids.len() == MAX_BLOCKS {
            return Err(BlobError::BlockListTooLong);
        }
        ids.push(BlockId::parse(id.trim()).ok_or(BlobError::InvalidBlockId)?);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(texts: &[&str]) -> Vec<BlockId> {
        texts
            .iter()
            .map(|text| BlockId::parse(text).unwrap())
            .collect()
    }

    #[test]
    fn lists_of_known_clients_are_read_in_their_order() {
        let python = "<?xml version='1.0' encoding='utf-8'?>\n<BlockList><Latest>QQ==</Latest><Latest>Qg==</Latest></BlockList>";
        assert_eq!(parse_list(python.as_bytes()), Ok(ids(&["QQ==", "Qg=="])));
        let spaced = "\u{feff}<?xml version=\"1.0\"?>\r\n<BlockList>\r\n  <Uncommitted>Qg==</Uncommitted>\r\n  <Latest> QQ== </Latest>\r\n</BlockList>\r\n";
        assert_eq!(parse_list(spaced.as_bytes()), Ok(ids(&["Qg==", "QQ=="])));
        for empty in [
            "<BlockList/>",
            "<BlockList />",
            "<BlockList></BlockList>",
            "<?xml version='1.0' encoding='utf-8'?>\n<BlockList />",
        ] {
            assert_eq!(parse_list(empty.as_bytes()), Ok(Vec::new()), "{empty}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (text, error) in [
            ("", BlobError::InvalidXmlDocument),
            ("<BlockList>", BlobError::InvalidXmlDocument),
            ("<BlockList>QQ==</BlockList>", BlobError::InvalidXmlDocument),
            (
                "<BlockList><Latest>QQ==</BlockList>",
                BlobError::InvalidXmlDocument,
            ),
            (
                "<BlockList><Latest>QQ==</Uncommitted></BlockList>",
                BlobError::InvalidXmlDocument,
            ),
            (
                "<BlockList><Block>QQ==</Block></BlockList>",
                BlobError::InvalidXmlDocument,
            ),
            (
                "<BlockList><Latest x='1'>QQ==</Latest></BlockList>",
                BlobError::InvalidXmlDocument,
            ),
            (
                "<!DOCTYPE a [<!ENTITY b \"c\">]><BlockList><Latest>&b;</Latest></BlockList>",
                BlobError::InvalidXmlDocument,
            ),
            (
                "<BlockList><Latest>&#81;Q==</Latest></BlockList>",
                BlobError::InvalidBlockId,
            ),
            (
                "<BlockList><Latest></Latest></BlockList>",
                BlobError::InvalidBlockId,
            ),
            (
                "<BlockList><Committed>QQ==</Committed></BlockList>",
                BlobError::InvalidBlockList,
            ),
        ] {
            assert_eq!(parse_list(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(
            parse_list(b"<BlockList>\xff</BlockList>"),
            Err(BlobError::InvalidXmlDocument)
        );
    }

    #[test]
    fn ids_and_lists_are_bounded() {
        assert!(BlockId::parse(&STANDARD.encode([7; 64])).is_some());
        assert!(BlockId::parse(&STANDARD.encode([7; 65])).is_none());
        assert!(BlockId::parse("not base64!").is_none());
        let list = |count: usize| {
            let id = STANDARD.encode([7; 64]);
            let blocks = format!("<Uncommitted>{id}</Uncommitted>\r\n    ").repeat(count);
            format!("<BlockList>{blocks}</BlockList>").into_bytes()
        };
        assert!(list(MAX_BLOCKS).len() <= MAX_LIST_BYTES);
        assert_eq!(parse_list(&list(MAX_BLOCKS)).map(|ids| ids.len()), Ok(960));
        assert_eq!(
            parse_list(&list(MAX_BLOCKS + 1)),
            Err(BlobError::BlockListTooLong)
        );
    }

    proptest! {
        #[test]
        fn a_written_list_reads_back(names in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..=64), 0..50)) {
            let mut text = String::from("<BlockList>");
            for name in &names {
                text.push_str(&format!("<Latest>{}</Latest>", STANDARD.encode(name)));
            }
            text.push_str("</BlockList>");
            let expected: Vec<BlockId> = names.into_iter().map(BlockId).collect();
            prop_assert_eq!(parse_list(text.as_bytes()), Ok(expected));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(<|>|/|BlockList|Latest|QQ==|\\?xml|[ -~]){0,30}") {
            let _ = parse_list(text.as_bytes());
        }

        #[test]
        fn different_ids_have_different_keys(a in proptest::collection::vec(any::<u8>(), 1..=64), b in proptest::collection::vec(any::<u8>(), 1..=64)) {
            prop_assert_eq!(a == b, BlockId(a.clone()).key("p/") == BlockId(b.clone()).key("p/"));
            prop_assert!(BlockId(a).key("p/").len() <= 2 + 88);
        }
    }
}
