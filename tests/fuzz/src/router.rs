//! The URL router (`shared::http::route`): any path, with every verb.

use crate::canonical_path::{self, Segment, explorers, written};
use shared::http::message::Method;
use shared::http::operation::DEFAULT_BODY_LIMIT;
use shared::http::route::{RouteError, body_limit, route, split};

/// Longer paths are refused unread; a canonical path may be longer than the one that came.
const MAX_PATH_LENGTH: usize = 2048;

/// A path leads to an operation that has just these segments, and whose canonical path, in every
/// way of writing it, leads to the same; or to a refusal that is true.
pub fn check(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(segments) = split(path) {
        assert!(segments.iter().all(|segment| !segment.is_empty()), "{path}");
    }
    for method in Method::ALL.into_iter().chain([Method::Head, Method::Other]) {
        assert!(body_limit(method, path) >= DEFAULT_BODY_LIMIT);
        match route(method, path) {
            Ok(operation) => {
                let (verb, segments) = canonical_path::of(&operation);
                assert_eq!(verb, method, "{path}");
                let decoded = split(path).unwrap_or_default();
                assert!(names(&segments, &decoded), "{path} is {operation:?}");
                let canonical = written(&segments, str::to_owned);
                let ways = [
                    Some(format!("{canonical}/")),
                    Some(written(&segments, str::to_ascii_uppercase)),
                    Some(canonical),
                    explorers(&segments),
                ];
                for way in ways.into_iter().flatten() {
                    if way.len() <= MAX_PATH_LENGTH {
                        assert_eq!(route(method, &way).as_ref(), Ok(&operation), "{way}");
                    }
                }
            }
            Err(RouteError::MethodNotAllowed(allowed)) => {
                assert!(!allowed.is_empty() && !allowed.contains(&method), "{path}");
                for other in allowed {
                    let found = route(other, path);
                    assert!(
                        matches!(found, Ok(_) | Err(RouteError::Invalid(_))),
                        "{path}"
                    );
                }
            }
            Err(refusal @ (RouteError::NotFound(_) | RouteError::Invalid(_))) => {
                let status = refusal.to_error().code.status();
                assert!(status == 400 || status == 404, "{path}: {status}");
            }
        }
    }
}

/// Whether these decoded segments are those of the operation, in any case where case is free.
fn names(segments: &[Segment], decoded: &[String]) -> bool {
    segments.len() == decoded.len()
        && segments.iter().zip(decoded).all(|pair| match pair {
            (Segment::Word(word), text) => text.eq_ignore_ascii_case(word),
            (Segment::Text(id), text) => text == id,
        })
}
