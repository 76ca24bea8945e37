//! Upper and lower case of any script, as `LOWER` and `UPPER` of both query languages and words
//! of patterns need them.
//!
//! The one place that differs under wasm: every JavaScript runtime has Unicode's tables, and the
//! worker and the console need not carry them a second time (24 kB). Both follow Unicode's
//! default case conversion; nothing else of the runtime may be used here.

/// In lower case.
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    tables::lower(text)
}

/// In upper case.
pub fn upper(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    tables::upper(text)
}

#[cfg(target_arch = "wasm32")]
mod tables {
    pub(super) fn lower(text: &str) -> String {
        js_sys::JsString::from(text).to_lower_case().into()
    }

    pub(super) fn upper(text: &str) -> String {
        js_sys::JsString::from(text).to_upper_case().into()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod tables {
    pub(super) fn lower(text: &str) -> String {
        text.to_lowercase()
    }

    pub(super) fn upper(text: &str) -> String {
        text.to_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_has_its_case() {
        assert_eq!(lower("Pump-7 ÄÖÜ ΟΔΟΣ"), "pump-7 äöü οδος");
        assert_eq!(upper("Straße äöü"), "STRASSE ÄÖÜ");
        assert_eq!(lower("펌프"), "펌프");
    }
}
