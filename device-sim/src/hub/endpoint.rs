//! Where to dial: the `--url` option taken apart.
//!
//! Only the TCP and TLS target; which hub is meant is said by the connection string's
//! host name, in user names and tokens (`device.md` §1, row `Host`).

use crate::error::SimError;

/// A parsed `http:`, `https:`, `ws:` or `wss:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Host name or IP address, without the brackets of IPv6.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path in front of everything, without a trailing slash; mostly empty.
    pub path: String,
}

impl Endpoint {
    /// Takes an address apart.
    pub fn parse(url: &str) -> Result<Self, SimError> {
        let wrong = |why: &str| {
            SimError::Usage(format!(
                "--url {url:?}: {why}; write for example http://127.0.0.1:8787 or https://hub.example.org"
            ))
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("there is no scheme"))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => false,
            "https" | "wss" => true,
            _ => return Err(wrong("the scheme is not http, https, ws or wss")),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(wrong("a user name in the address is not used"));
        }
        let (host, port_text) = if let Some(bracketed) = authority.strip_prefix('[') {
            let (host, after) = bracketed
                .split_once(']')
                .ok_or_else(|| wrong("']' is missing"))?;
            (host, after.strip_prefix(':'))
        } else {
            match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            }
        };
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        let port = match port_text {
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(text) => text
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| wrong("the port is no number from 1 to 65535"))?,
        };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Host and port as they stand in a `Host` header; a default port is left out.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let default = if self.tls { 443 } else { 80 };
        if self.port == default {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        let endpoint = Endpoint::parse("http://127.0.0.1:8787").unwrap();
        assert_eq!(
            (endpoint.tls, endpoint.port, endpoint.authority().as_str()),
            (false, 8787, "127.0.0.1:8787")
        );
        let endpoint = Endpoint::parse("https://hub.example.org/").unwrap();
        assert_eq!((endpoint.port, endpoint.path.as_str()), (443, ""));
        assert_eq!(endpoint.authority(), "hub.example.org");
        let endpoint = Endpoint::parse("wss://[::1]:8443/echo/?x").unwrap();
        assert_eq!(
            (endpoint.host.as_str(), endpoint.path.as_str()),
            ("::1", "/echo")
        );
        assert_eq!(endpoint.authority(), "[::1]:8443");
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        for (url, why) in [
            ("127.0.0.1:8787", "scheme"),
            ("ftp://hub", "scheme"),
            ("http://:1", "host"),
            ("http://hub:0", "port"),
            ("http://hub:70000", "port"),
            ("http://user@hub", "user name"),
        ] {
            let text = Endpoint::parse(url).unwrap_err().to_string();
            assert!(text.contains(why), "{url}: {text}");
        }
    }
}
