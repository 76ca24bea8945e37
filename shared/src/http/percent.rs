//! Percent-decoding of path segments and query values (`service.md` §1).
//!
//! Decodes exactly once. A `%` that begins no escape stays as it is, since device ids may
//! hold one and some clients send it bare.

use std::borrow::Cow;

/// The text with its escapes resolved; `None` if the result is not UTF-8.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, tail) {
            (b'%', [high, low, behind @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high * 16 + low);
                    rest = behind;
                }
                _ => {
                    decoded.push(byte);
                    rest = tail;
                }
            },
            _ => {
                decoded.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes_are_resolved_once() {
        assert_eq!(decode("d%201%2F%23%25").as_deref(), Some("d 1/#%"));
        assert_eq!(decode("d%2523").as_deref(), Some("d%23"));
        assert_eq!(decode("%e2%82%AC").as_deref(), Some("€"));
    }

    #[test]
    fn a_percent_sign_that_begins_no_escape_stays() {
        assert_eq!(decode("100%").as_deref(), Some("100%"));
        assert_eq!(decode("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(decode("%%41").as_deref(), Some("%A"));
    }

    #[test]
    fn broken_utf_8_is_refused() {
        assert_eq!(decode("%ff"), None);
    }
}
