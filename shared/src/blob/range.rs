//! `Range` and `x-ms-range` of a read. Only what Azure takes: one range with a beginning.

use super::error::BlobError;
use crate::http::message::Request;

/// A part of a blob that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// Number of bytes, at least one.
    pub length: u64,
}

impl Span {
    /// `bytes 0-9/100`
    pub fn content_range(self, size: u64) -> String {
        let last = self.start.saturating_add(self.length).saturating_sub(1);
        format!("bytes {}-{last}/{size}", self.start)
    }
}

/// The part that a request asks for; `None` for the whole. What is no range of one part is
/// ignored, as HTTP wants it; one behind the end is refused.
pub fn requested(request: &Request, size: u64) -> Result<Option<Span>, BlobError> {
    let text = request
        .header("x-ms-range")
        .or_else(|| request.header("range"));
    let Some((start, last)) = text.and_then(parse) else {
        return Ok(None);
    };
    if start >= size {
        return Err(BlobError::InvalidRange);
    }
    let last = last.unwrap_or(u64::MAX).min(size.saturating_sub(1));
    Ok(Some(Span {
        start,
        length: (last - start).saturating_add(1),
    }))
}

fn parse(text: &str) -> Option<(u64, Option<u64>)> {
    let (start, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |digits: &str| -> Option<u64> {
        let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok())?
    };
    let start = number(start)?;
    let last = match last {
        "" => None,
        digits => Some(number(digits)?),
    };
    if last.is_some_and(|last| last < start) {
        return None;
    }
    Some((start, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Method;
    use proptest::prelude::*;

    fn asking(name: &str, value: &str, size: u64) -> Result<Option<Span>, BlobError> {
        let request = crate::http::fake::request(Method::Get, "/blobs/abc/x").with(name, value);
        requested(&request, size)
    }

    fn span(start: u64, length: u64) -> Result<Option<Span>, BlobError> {
        Ok(Some(Span { start, length }))
    }

    #[test]
    fn ranges_are_cut_to_what_is_there() {
        assert_eq!(asking("range", "bytes=0-9", 100), span(0, 10));
        assert_eq!(asking("x-ms-range", "bytes=90-", 100), span(90, 10));
        assert_eq!(asking("range", "bytes=99-5000", 100), span(99, 1));
        assert_eq!(
            asking("range", "bytes=100-", 100),
            Err(BlobError::InvalidRange)
        );
        assert_eq!(asking("range", "bytes=0-", 0), Err(BlobError::InvalidRange));
    }

    #[test]
    fn what_is_no_single_range_means_the_whole() {
        for text in [
            "bytes=-5",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(asking("range", text, 100), Ok(None), "{text}");
        }
    }

    #[test]
    fn azures_own_header_wins() {
        let request = crate::http::fake::request(Method::Get, "/blobs/abc/x")
            .with("range", "bytes=0-1")
            .with("x-ms-range", "bytes=2-3");
        assert_eq!(requested(&request, 10), span(2, 2));
    }

    proptest! {
        #[test]
        fn a_span_lies_within_the_blob(start in any::<u64>(), last in any::<u64>(), size in any::<u64>()) {
            if let Ok(Some(span)) = asking("range", &format!("bytes={start}-{last}"), size) {
                prop_assert!(span.length > 0);
                prop_assert!(span.start.checked_add(span.length).is_some_and(|end| end <= size));
            }
        }
    }
}
