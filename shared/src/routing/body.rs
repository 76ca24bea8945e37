//! Bodies as JSON, where their sender says that they are (`query-routing-events.md` §3.4).

use serde_json::Value;

/// How a JSON body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

/// The body as JSON: media type `application/json`, in UTF-8, or little-endian UTF-16 or
/// UTF-32. Without a content encoding the content type's `charset` says which.
pub fn json_body(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
) -> Option<Value> {
    let text = match encoding(content_type?, content_encoding)? {
        Encoding::Utf8 => return crate::reading::value(body).ok(),
        Encoding::Utf16 => {
            let units = body
                .chunks_exact(2)
                .filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
            String::from_utf16(&units.map(u16::from_le_bytes).collect::<Vec<_>>()).ok()?
        }
        Encoding::Utf32 => {
            let units = body
                .chunks_exact(4)
                .filter_map(|four| <[u8; 4]>::try_from(four).ok());
            units
                .map(|four| char::from_u32(u32::from_le_bytes(four)))
                .collect::<Option<String>>()?
        }
    };
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// How a body is written; `None`: it is no JSON.
pub(super) fn encoding(content_type: &str, content_encoding: Option<&str>) -> Option<Encoding> {
    let mut parts = content_type.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return None;
    }
    let name = match content_encoding {
        Some(name) => name,
        None => parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"'))
        })?,
    };
    [
        ("utf-8", Encoding::Utf8),
        ("utf-16", Encoding::Utf16),
        ("utf-32", Encoding::Utf32),
    ]
    .into_iter()
    .find(|(known, _)| known.eq_ignore_ascii_case(name))
    .map(|(_, encoding)| encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn utf8(content_type: &str, encoding: Option<&str>) -> Option<Value> {
        json_body(Some(content_type), encoding, br#"{"t":1}"#)
    }

    #[test]
    fn content_type_and_encoding_decide() {
        let body = Some(json!({"t": 1}));
        for (content_type, encoding) in [
            ("application/json", Some("utf-8")),
            ("Application/JSON", Some("UTF-8")),
            ("application/json; charset=latin1", Some("utf-8")),
            ("application/json;charset=utf-8", None),
            ("application/json; a=b; Charset=\"UTF-8\"", None),
        ] {
            assert_eq!(utf8(content_type, encoding), body, "{content_type}");
        }
        for (content_type, encoding) in [
            ("application/json", None),
            ("application/json", Some("latin1")),
            ("application/json;charset=latin1", None),
            ("application/json-patch+json", Some("utf-8")),
            ("text/plain", Some("utf-8")),
            ("", Some("utf-8")),
        ] {
            assert_eq!(utf8(content_type, encoding), None, "{content_type}");
        }
        assert_eq!(json_body(None, Some("utf-8"), b"1"), None);
        assert_eq!(
            json_body(Some("application/json"), Some("utf-8"), b"{"),
            None
        );
    }

    #[test]
    fn wide_characters_with_and_without_mark() {
        let text = "\u{feff}{\"é\":\"😀\"}";
        let body = Some(json!({"é": "😀"}));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let json = Some("application/json");
        assert_eq!(json_body(json, Some("utf-16"), &wide), body);
        assert_eq!(json_body(json, Some("utf-16"), &wide[2..]), body);
        let wide: Vec<u8> = text
            .chars()
            .flat_map(|character| u32::from(character).to_le_bytes())
            .collect();
        assert_eq!(json_body(json, Some("utf-32"), &wide), body);
        assert_eq!(json_body(json, Some("utf-32"), &[0, 0, 0, 0xff]), None);
    }
}
