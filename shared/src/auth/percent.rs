//! Percent-encoding as SAS tokens use it (RFC 3986; `+` is a plus, never a space).

/// Everything but RFC 3986's unreserved characters becomes `%XX`, in upper-case hex.
pub(super) fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    let mut encoded = String::with_capacity(text.len() + text.len() / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(digit(byte >> 4));
            encoded.push(digit(byte & 15));
        }
    }
    encoded
}

/// Decodes once; an incomplete escape stays as it is. `None` if the result is not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let [high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodes_as_the_vectors_do() {
        assert_eq!(
            encode("myhub.azure-devices.net/devices/d~_1#"),
            "myhub.azure-devices.net%2Fdevices%2Fd~_1%23"
        );
        assert_eq!(encode("ä"), "%C3%A4");
    }

    #[test]
    fn decodes_both_cases_and_keeps_what_is_no_escape() {
        assert_eq!(decode("a%2Fb%2fc").as_deref(), Some("a/b/c"));
        assert_eq!(decode("a+b%").as_deref(), Some("a+b%"));
        assert_eq!(decode("%4").as_deref(), Some("%4"));
        assert_eq!(decode("%+1%zz").as_deref(), Some("%+1%zz"));
        assert_eq!(decode("%252F").as_deref(), Some("%2F"));
        assert_eq!(decode("%ff"), None);
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(text in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
