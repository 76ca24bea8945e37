//! What the hub will accept, checked before a request is sent, so that a form can say what is
//! wrong beside the field (`service.md §4.2`, `device.md §6`). The hub stays the judge.

/// Why a device id is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdProblem {
    /// Nothing was typed.
    Empty,
    /// More than 128 characters.
    TooLong,
    /// A character outside the allowed set.
    Character(char),
    /// `.` and `..` would vanish in a URL.
    Dots,
}

/// Checks a device id against `service.md §4.2`.
pub fn check_device_id(id: &str) -> Result<(), IdProblem> {
    if id.is_empty() {
        return Err(IdProblem::Empty);
    }
    if id == "." || id == ".." {
        return Err(IdProblem::Dots);
    }
    if let Some(bad) = id
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-:.+%_#*?!(),=@;$'".contains(*c))
    {
        return Err(IdProblem::Character(bad));
    }
    if id.len() > 128 {
        return Err(IdProblem::TooLong);
    }
    Ok(())
}

/// Modules that the hub itself keeps on every edge device.
const SYSTEM_MODULES: [&str; 2] = ["$edgeAgent", "$edgeHub"];

/// Whether a module belongs to the edge runtime: it comes and goes with the device
/// (`service.md §4.4`).
pub fn is_system_module(id: &str) -> bool {
    SYSTEM_MODULES.contains(&id)
}

/// Whether a key is base64 of 16 to 64 bytes (`service.md §4.2`).
pub fn is_device_key(key: &str) -> bool {
    let body = key.trim_end_matches('=');
    let padding = key.len() - body.len();
    let alphabet = body
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let bytes = body.len() * 3 / 4;
    alphabet && padding <= 2 && key.len().is_multiple_of(4) && (16..=64).contains(&bytes)
}

/// Whether a name can stand in the method topic (`device.md §6`).
pub fn is_method_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_graphic() && !"$()<>@,;:\\\"/[]?={}#+".contains(c))
}

/// Whether a name can be the tail of an `iothub-app-…` header: an HTTP token.
pub fn is_property_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Whether a value can travel in an HTTP header without being changed.
pub fn is_property_value(value: &str) -> bool {
    value.len() <= 1024 && value.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_contract() {
        assert_eq!(check_device_id("pump-0001:a;b'"), Ok(()));
        assert_eq!(check_device_id(""), Err(IdProblem::Empty));
        assert_eq!(check_device_id(".."), Err(IdProblem::Dots));
        assert_eq!(check_device_id("a b"), Err(IdProblem::Character(' ')));
        assert_eq!(check_device_id("a/b"), Err(IdProblem::Character('/')));
        assert_eq!(check_device_id("펌프"), Err(IdProblem::Character('펌')));
        assert_eq!(check_device_id(&"a".repeat(128)), Ok(()));
        assert_eq!(check_device_id(&"a".repeat(129)), Err(IdProblem::TooLong));
    }

    #[test]
    fn system_modules_are_known_by_name() {
        assert!(is_system_module("$edgeAgent"));
        assert!(is_system_module("$edgeHub"));
        assert!(!is_system_module("edgeHub"));
        assert!(!is_system_module("filter"));
    }

    #[test]
    fn keys_are_base64_of_16_to_64_bytes() {
        assert!(is_device_key("c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5"));
        assert!(is_device_key("AAAAAAAAAAAAAAAAAAAAAA=="));
        assert!(!is_device_key("AAAAAAAAAAAAAAAAAAAA"));
        assert!(!is_device_key(&"A".repeat(88)));
        assert!(!is_device_key("c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V"));
        assert!(!is_device_key("not base64 at all, but long enough!!"));
        assert!(!is_device_key(""));
    }

    #[test]
    fn method_names_can_stand_in_a_topic() {
        assert!(is_method_name("reboot"));
        assert!(is_method_name("fw.update_2"));
        for bad in ["", "a/b", "a b", "a?b", "a#", "초기화"] {
            assert!(!is_method_name(bad), "{bad}");
        }
    }

    #[test]
    fn properties_fit_into_headers() {
        assert!(is_property_name("level"));
        assert!(!is_property_name("le vel"));
        assert!(!is_property_name(""));
        assert!(is_property_value("very high"));
        assert!(!is_property_value("a\nb"));
    }
}
