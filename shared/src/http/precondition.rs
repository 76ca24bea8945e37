//! `If-Match` as the REST clients send it (`service.md` §4.1).

use super::message::Request;
use crate::ipc::registry::Precondition;

/// Reads `If-Match`: bare or quoted, with `*` and `"*"` alike. `If-None-Match` does not
/// exist in this API.
pub fn if_match(request: &Request) -> Precondition {
    match request.header("if-match") {
        None | Some("") => Precondition::None,
        Some(text) => match unquote(text.strip_prefix("W/").unwrap_or(text)) {
            "*" => Precondition::Any,
            etag => Precondition::Etag(etag.to_owned()),
        },
    }
}

/// The text without one pair of surrounding quotes.
pub fn unquote(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Method;

    fn parse(value: Option<&str>) -> Precondition {
        if_match(&Request {
            method: Method::Put,
            path: "/".into(),
            query: String::new(),
            headers: value
                .map(|text| ("if-match".to_owned(), text.to_owned()))
                .into_iter()
                .collect(),
            body: Vec::new(),
            secure: false,
        })
    }

    #[test]
    fn quoted_and_bare_wildcards_are_alike() {
        assert_eq!(parse(Some("*")), Precondition::Any);
        assert_eq!(parse(Some("\"*\"")), Precondition::Any);
        assert_eq!(parse(Some(" \"*\" ")), Precondition::Any);
    }

    #[test]
    fn etags_lose_their_quotes() {
        let etag = Precondition::Etag("AAAAAAAAAAE=".into());
        assert_eq!(parse(Some("\"AAAAAAAAAAE=\"")), etag);
        assert_eq!(parse(Some("AAAAAAAAAAE=")), etag);
        assert_eq!(parse(Some("W/\"AAAAAAAAAAE=\"")), etag);
    }

    #[test]
    fn an_absent_or_empty_header_is_no_precondition() {
        assert_eq!(parse(None), Precondition::None);
        assert_eq!(parse(Some("")), Precondition::None);
        assert_eq!(parse(Some("\"\"")), Precondition::Etag(String::new()));
    }
}
