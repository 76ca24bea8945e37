//! Requests that the hub sends to others, and where it must not go.
//!
//! A URL may come from a back end that is not trusted with the network the hub runs in: only
//! public names over https are followed, redirects never, and everything else only if the
//! operator named the host (`HUB_ALLOWED_HOSTS`).

use super::backend::Backend;
use super::message::{Method, Request};

/// Longest time to wait for an answer, in milliseconds.
pub const PATIENCE_MILLISECONDS: u32 = 60_000;

/// Why nothing, or nothing useful, came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The hub does not go there.
    NotAllowed(String),
    /// It went, and failed.
    Failed(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status; redirects are not followed.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Sends a request to `origin` (`https://host[:port]`), if the hub may go there. Answers with
/// more than `limit` bytes and a bit for errors are failures.
pub async fn send<B: Backend>(
    backend: &B,
    origin: &str,
    request: Request,
    limit: usize,
) -> Result<Answer, Refused> {
    check(origin, &backend.allowed_hosts()).map_err(Refused::NotAllowed)?;
    let mut sent = backend.fetch(origin, &request, limit).await;
    // A connection that was kept may be closed at the other side by now.
    let repeatable = !matches!(request.method, Method::Post | Method::Patch);
    if sent.is_err() && repeatable {
        sent = backend.fetch(origin, &request, limit).await;
    }
    sent.map_err(|error| Refused::Failed(error.message))
}

/// Whether the hub may go to an origin.
pub fn check(origin: &str, allowed: &[String]) -> Result<(), String> {
    let (scheme, authority) = origin.split_once("://").unwrap_or(("", origin));
    if allowed
        .iter()
        .any(|host| host.eq_ignore_ascii_case(authority))
    {
        return Ok(());
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let refused = |why: &str| {
        Err(format!(
            "The hub sends nothing to {host:?}: {why}. The operator can allow it with HUB_ALLOWED_HOSTS."
        ))
    };
    if scheme != "https" {
        return refused("only https is allowed");
    }
    if port != "443" {
        return refused("only port 443 is allowed");
    }
    let labels: Vec<&str> = host.split('.').collect();
    let legal = |label: &&str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = labels.last().copied().unwrap_or_default();
    if labels.len() < 2 || !labels.iter().all(legal) {
        return refused("it is no public host name");
    }
    // Addresses, in any of the spellings that resolvers take.
    if last.bytes().next().is_none_or(|byte| byte.is_ascii_digit()) {
        return refused("it is an address");
    }
    let private = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "arpa",
        "test",
        "invalid",
    ];
    if private.iter().any(|name| name.eq_ignore_ascii_case(last)) {
        return refused("the name is private");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_names_over_https_are_reached() {
        for origin in [
            "https://account.blob.core.windows.net",
            "https://a.example:443",
            "https://A-1.Example",
        ] {
            assert_eq!(check(origin, &[]), Ok(()), "{origin}");
        }
        for origin in [
            "http://a.example",
            "https://a.example:8443",
            "https://127.0.0.1",
            "https://0x7f.1",
            "https://2130706433",
            "https://[::1]",
            "https://localhost",
            "https://metadata.google.internal",
            "https://printer.local",
            "https://user@a.example",
            "https://a.example\\@10.0.0.1",
            "https://a..example",
            "https://a.example.",
            "https://",
            "ftp://a.example",
            "a.example",
        ] {
            assert!(check(origin, &[]).is_err(), "{origin}");
        }
        let allowed = ["127.0.0.1:9000".to_owned(), "store.local".to_owned()];
        for origin in ["http://127.0.0.1:9000", "https://STORE.local"] {
            assert_eq!(check(origin, &allowed), Ok(()), "{origin}");
        }
        assert!(check("http://127.0.0.1:9001", &allowed).is_err());
        assert!(check("http://127.0.0.1", &allowed).is_err());
    }
}
