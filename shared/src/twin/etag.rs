//! The text form of a twin's etag: base64 of an 8-byte big-endian counter (`service.md` §6.1).
//!
//! Only the counter; quotes and `If-Match` belong to `http`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `1` is `AAAAAAAAAAE=`.
pub fn etag_text(counter: u64) -> String {
    STANDARD.encode(counter.to_be_bytes())
}

/// The inverse of [`etag_text`]; `None` for a text that this hub never wrote.
pub fn parse_etag_text(text: &str) -> Option<u64> {
    // 8 bytes are 12 base64 characters; anything longer is not worth decoding.
    if text.len() != 12 {
        return None;
    }
    let bytes = STANDARD.decode(text).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_etag_is_the_documented_one() {
        assert_eq!(etag_text(1), "AAAAAAAAAAE=");
        assert_eq!(etag_text(256), "AAAAAAAAAQA=");
    }

    #[test]
    fn texts_read_back_and_foreign_texts_do_not() {
        for counter in [0, 1, 255, 1 << 40, u64::MAX] {
            assert_eq!(parse_etag_text(&etag_text(counter)), Some(counter));
        }
        for text in [
            "",
            "*",
            "AAAAAAAAAAE",
            "AAAAAAAAAAEA",
            "!!!!!!!!!!!!",
            "ODAxMjMyNDI2",
        ] {
            assert_eq!(parse_etag_text(text), None, "{text}");
        }
    }
}
