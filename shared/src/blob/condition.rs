//! Conditional headers: `If-Match`, `If-None-Match`, `If-Modified-Since`,
//! `If-Unmodified-Since`.
//!
//! A read checks them against what it found and then opens exactly that version. A write
//! turns them into what the store has to expect, so that nothing can come in between.

use super::error::BlobError;
use super::store::{Expected, Properties};
use crate::http::message::Request;
use crate::time::Timestamp;

/// The conditions of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    matches: Option<String>,
    matches_not: Option<String>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Reads the headers; a time that is none is refused.
    pub fn of(request: &Request) -> Result<Self, BlobError> {
        let text = |name: &str| request.header(name).map(str::to_owned);
        let time = |name: &str| match request.header(name) {
            None => Ok(None),
            Some(text) => Timestamp::parse_http_date(text)
                .map(Some)
                .ok_or(BlobError::InvalidHeaderValue),
        };
        Ok(Self {
            matches: text("if-match"),
            matches_not: text("if-none-match"),
            modified_since: time("if-modified-since")?,
            unmodified_since: time("if-unmodified-since")?,
        })
    }

    /// Whether they allow a read of what is there.
    pub fn check_read(&self, found: &Properties) -> Result<(), BlobError> {
        if self.forbids_change(found) {
            return Err(BlobError::ConditionNotMet);
        }
        if self.says_unchanged(found) {
            return Err(BlobError::NotModified);
        }
        Ok(())
    }

    /// Whether what is there must be looked at before a write.
    pub fn need_a_look(&self) -> bool {
        let nothing = *self == Self::default();
        let absent = Self {
            matches_not: Some("*".to_owned()),
            ..Self::default()
        };
        !nothing && *self != absent
    }

    /// What a write has to expect. `found` counts only if a look was needed.
    pub fn expected(&self, found: Option<&Properties>) -> Result<Expected, BlobError> {
        if !self.need_a_look() {
            return Ok(match self.matches_not {
                Some(_) => Expected::Absent,
                None => Expected::Anything,
            });
        }
        let Some(found) = found else {
            return match self.matches {
                Some(_) => Err(BlobError::ConditionNotMet),
                None => Ok(Expected::Absent),
            };
        };
        if self.matches_not.as_deref() == Some("*") {
            return Err(BlobError::BlobAlreadyExists);
        }
        if self.forbids_change(found) || self.says_unchanged(found) {
            return Err(BlobError::ConditionNotMet);
        }
        Ok(Expected::Version(found.etag.clone()))
    }

    fn forbids_change(&self, found: &Properties) -> bool {
        let other = |list: &String| !names(list, &found.etag);
        self.matches.as_ref().is_some_and(other)
            || self
                .unmodified_since
                .is_some_and(|since| found.modified().seconds() > since.seconds())
    }

    fn says_unchanged(&self, found: &Properties) -> bool {
        match &self.matches_not {
            Some(list) => names(list, &found.etag),
            // HTTP: a time counts only without a tag.
            None => self
                .modified_since
                .is_some_and(|since| found.modified().seconds() <= since.seconds()),
        }
    }
}

/// Whether a list of entity tags names this one. Weak ones count as well: a proxy that
/// compresses makes a tag weak.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| {
        let one = one.strip_prefix("W/").unwrap_or(one);
        one == "*" || one.trim_matches('"') == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fake::{request, time};
    use crate::http::message::Method;

    fn conditions(headers: &[(&str, &str)]) -> Conditions {
        let mut asking = request(Method::Put, "/blobs/abc/x");
        for (name, value) in headers {
            asking = asking.with(name, value);
        }
        Conditions::of(&asking).unwrap()
    }

    fn found() -> Properties {
        Properties {
            size: 1,
            etag: "e1".into(),
            modified: time("2026-03-01T10:00:00.5Z").milliseconds(),
            md5: None,
            headers: Default::default(),
            metadata: Default::default(),
        }
    }

    const SAME: &str = "Sun, 01 Mar 2026 10:00:00 GMT";
    const BEFORE: &str = "Sun, 01 Mar 2026 09:59:59 GMT";

    #[test]
    fn reads() {
        let changed = Err(BlobError::ConditionNotMet);
        let same = Err(BlobError::NotModified);
        for (name, value, outcome) in [
            ("if-match", "\"e1\"", Ok(())),
            ("if-match", "e1", Ok(())),
            ("if-match", "*", Ok(())),
            ("if-match", "\"e0\", \"e1\"", Ok(())),
            ("if-match", "\"e2\"", changed),
            ("if-none-match", "\"e1\"", same),
            ("if-none-match", "W/\"e1\"", same),
            ("if-none-match", "\"e2\"", Ok(())),
            ("if-modified-since", SAME, same),
            ("if-modified-since", BEFORE, Ok(())),
            ("if-unmodified-since", SAME, Ok(())),
            ("if-unmodified-since", BEFORE, changed),
        ] {
            let conditions = conditions(&[(name, value)]);
            assert_eq!(conditions.check_read(&found()), outcome, "{name}: {value}");
        }
    }

    #[test]
    fn writes_tell_the_store_what_to_expect() {
        let none = conditions(&[]);
        assert!(!none.need_a_look());
        assert_eq!(none.expected(None), Ok(Expected::Anything));
        let absent = conditions(&[("if-none-match", "*")]);
        assert!(!absent.need_a_look());
        assert_eq!(absent.expected(None), Ok(Expected::Absent));
        let version = Ok(Expected::Version("e1".into()));
        let changed = Err(BlobError::ConditionNotMet);
        for (name, value, there, not_there) in [
            ("if-match", "\"e1\"", version.clone(), changed.clone()),
            ("if-match", "*", version.clone(), changed.clone()),
            ("if-match", "\"e2\"", changed.clone(), changed.clone()),
            (
                "if-none-match",
                "\"e1\"",
                changed.clone(),
                Ok(Expected::Absent),
            ),
            (
                "if-unmodified-since",
                SAME,
                version.clone(),
                Ok(Expected::Absent),
            ),
            (
                "if-unmodified-since",
                BEFORE,
                changed.clone(),
                Ok(Expected::Absent),
            ),
        ] {
            let conditions = conditions(&[(name, value)]);
            assert!(conditions.need_a_look());
            assert_eq!(conditions.expected(Some(&found())), there, "{name} {value}");
            assert_eq!(conditions.expected(None), not_there, "{name} {value}");
        }
        let both = conditions(&[("if-none-match", "*"), ("if-match", "e1")]);
        assert_eq!(
            both.expected(Some(&found())),
            Err(BlobError::BlobAlreadyExists)
        );
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let asking = request(Method::Get, "/blobs/abc/x").with("if-modified-since", "yesterday");
        assert_eq!(Conditions::of(&asking), Err(BlobError::InvalidHeaderValue));
    }
}
