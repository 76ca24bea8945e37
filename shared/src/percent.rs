//! Percent-encoding as everything of IoT Hub uses it: RFC 3986, and `+` is nothing special
//! (`device.md` §2.3, §3.2, §4.1; `service.md` §1).

use std::borrow::Cow;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Decodes `%XX` once; a `%` that begins no escape stays, since ids may hold one and some
/// clients send it bare. `None` if the result is not UTF-8. Without `%`, nothing is copied.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.as_bytes().contains(&b'%') {
        return Some(Cow::Borrowed(text));
    }
    String::from_utf8(decoded_bytes(text).collect())
        .ok()
        .map(Cow::Owned)
}

/// Decodes `%XX` of a device's topic. What cannot be decoded stays as it is, as .NET does it: a `%` without
/// two hex digits, and escaped bytes that are no UTF-8. Without `%`, nothing is copied.
pub fn decode_leniently(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let bytes: Vec<u8> = decoded_bytes(text).collect();
    match String::from_utf8(bytes) {
        Ok(decoded) => Cow::Owned(decoded),
        Err(error) => Cow::Owned(escape_invalid(error.as_bytes())),
    }
}

/// The length of [`decode_leniently`]'s result, without building it.
pub fn decoded_length(text: &str) -> usize {
    if !text.as_bytes().contains(&b'%') {
        return text.len();
    }
    let mut length = 0;
    let mut rest = decoded_bytes(text);
    loop {
        let mut behind = rest.clone();
        let Some(first) = behind.next() else {
            return length;
        };
        let width = match first {
            0x00..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 0,
        };
        let mut character = [0; 4];
        let mut whole = rest.clone();
        for (place, byte) in character.iter_mut().zip(whole.by_ref().take(width)) {
            *place = byte;
        }
        let character = character.get(..width).unwrap_or_default();
        if width > 0 && std::str::from_utf8(character).is_ok() {
            length += width;
            rest = whole;
        } else {
            // An invalid byte stays escaped.
            length += 3;
            rest = behind;
        }
    }
}

/// The decoded bytes one by one, without building them.
pub fn decoded_bytes(text: &str) -> DecodedBytes<'_> {
    DecodedBytes {
        rest: text.as_bytes(),
    }
}

/// Iterator of [`decoded_bytes`].
#[derive(Debug, Clone)]
pub struct DecodedBytes<'a> {
    rest: &'a [u8],
}

impl Iterator for DecodedBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            self.rest = rest;
            return Some(high << 4 | low);
        }
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn escape_invalid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            push_escaped(&mut text, byte);
        }
    }
    text
}

/// Appends the text with everything but RFC 3986's unreserved characters escaped.
pub fn encode_into(out: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~') {
            out.push(character);
        } else {
            let mut buffer = [0; 4];
            for &byte in character.encode_utf8(&mut buffer).as_bytes() {
                push_escaped(out, byte);
            }
        }
    }
}

/// The text with everything but RFC 3986's unreserved characters escaped.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    encode_into(&mut out, text);
    out
}

fn push_escaped(out: &mut String, byte: u8) {
    let digit = |nibble: u8| {
        HEX.get(usize::from(nibble))
            .map_or('0', |&digit| char::from(digit))
    };
    out.push('%');
    out.push(digit(byte >> 4));
    out.push(digit(byte & 0x0f));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plus_is_literal_and_broken_escapes_stay() {
        assert_eq!(decode_leniently("a+b%20c"), "a+b c");
        assert_eq!(decode_leniently("100%"), "100%");
        assert_eq!(decode_leniently("%zz%4"), "%zz%4");
        assert_eq!(decode_leniently("%C3%A9%c3"), "é%C3");
        assert_eq!(decode_leniently("%2541"), "%41");
    }

    #[test]
    fn encodes_all_but_unreserved() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("a b/+é&="), "a%20b%2F%2B%C3%A9%26%3D");
    }

    proptest! {
        #[test]
        fn encoding_round_trips(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode_leniently(&encoded), text);
        }

        #[test]
        fn length_is_that_of_the_decoded_text(text in "([a-c%]|%[0-9a-fA-F]{2}|é|%C3%A9|%E2%82%AC|%F0%9F%98%80|%e2%82|%00){0,12}") {
            prop_assert_eq!(decoded_length(&text), decode_leniently(&text).len());
        }
    }

    #[test]
    fn strict_decoding_resolves_once_and_refuses_broken_utf_8() {
        assert_eq!(decode("d%201%2F%23%25").as_deref(), Some("d 1/#%"));
        assert_eq!(decode("a%2Fb%2fc").as_deref(), Some("a/b/c"));
        assert_eq!(decode("%252F").as_deref(), Some("%2F"));
        assert_eq!(decode("a+b%").as_deref(), Some("a+b%"));
        assert_eq!(decode("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(decode("%%41").as_deref(), Some("%A"));
        assert_eq!(decode("%ff"), None);
    }

    #[test]
    fn encodes_as_the_signature_vectors_do() {
        assert_eq!(
            encode("myhub.azure-devices.net/devices/d~_1#"),
            "myhub.azure-devices.net%2Fdevices%2Fd~_1%23"
        );
        assert_eq!(encode("ä"), "%C3%A4");
    }
}
