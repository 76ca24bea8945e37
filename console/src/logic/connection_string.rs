//! Device connection strings and one-time sign-in links, as text. Never stores a key anywhere.

/// The connection string an Azure IoT device SDK takes (`service.md §2.1`, device form).
pub fn device_connection_string(host_name: &str, device_id: &str, key: &str) -> String {
    format!("HostName={host_name};DeviceId={device_id};SharedAccessKey={key}")
}

/// The connection string of a module (`service.md §2.1`, module form).
pub fn module_connection_string(
    host_name: &str,
    device_id: &str,
    module_id: &str,
    key: &str,
) -> String {
    format!("HostName={host_name};DeviceId={device_id};ModuleId={module_id};SharedAccessKey={key}")
}

/// The token in what a person pasted: the whole sign-in link, its fragment, or the bare token.
/// `None` if nothing usable is there.
pub fn sign_in_token(pasted: &str) -> Option<&str> {
    const MARK: &str = "#sign-in=";
    let text = pasted.trim();
    let token = match text.find(MARK) {
        Some(at) => &text[at + MARK.len()..],
        None => text,
    };
    let usable = !token.is_empty()
        && token.len() <= 512
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.~%+=".contains(&b));
    usable.then_some(token)
}

/// A key shown without being readable: its length stays, its letters do not.
pub fn mask(key: &str) -> String {
    "•".repeat(key.chars().count().clamp(8, 44))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_string_has_the_three_parts_in_order() {
        assert_eq!(
            device_connection_string("localhost:8443", "pump-1", "a2V5="),
            "HostName=localhost:8443;DeviceId=pump-1;SharedAccessKey=a2V5="
        );
    }

    #[test]
    fn a_module_stands_between_device_and_key() {
        assert_eq!(
            module_connection_string("h", "pump-1", "filter", "a2V5="),
            "HostName=h;DeviceId=pump-1;ModuleId=filter;SharedAccessKey=a2V5="
        );
    }

    #[test]
    fn token_is_found_in_link_fragment_and_bare_text() {
        let link = "http://127.0.0.1:8787/console/#sign-in=ab_C-9";
        assert_eq!(sign_in_token(link), Some("ab_C-9"));
        assert_eq!(sign_in_token("#sign-in=ab"), Some("ab"));
        assert_eq!(sign_in_token("  ab  "), Some("ab"));
    }

    #[test]
    fn links_without_a_token_are_refused() {
        assert_eq!(sign_in_token(""), None);
        assert_eq!(sign_in_token("#sign-in="), None);
        assert_eq!(sign_in_token("http://127.0.0.1:8787/console/"), None);
        assert_eq!(sign_in_token(&"a".repeat(600)), None);
    }

    #[test]
    fn mask_shows_no_letter_of_the_key() {
        assert!(mask("c2VjcmV0").chars().all(|c| c == '•'));
        assert_eq!(mask("a").chars().count(), 8);
    }
}
