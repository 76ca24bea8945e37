//! Saving a file from the browser.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlElement, Url};

/// Has the browser save what an address holds, under a name.
pub fn save(address: &str, name: &str) {
    let Ok(link) = document().create_element("a") else {
        return;
    };
    let _ = link.set_attribute("href", address);
    let _ = link.set_attribute("download", name);
    if let Some(link) = link.dyn_ref::<HtmlElement>() {
        link.click();
    }
}

/// Has the browser save a text that came in pieces, which may be too long for an address.
pub fn save_pieces(pieces: &[String], name: &str) {
    let parts: js_sys::Array = pieces
        .iter()
        .map(|piece| JsValue::from_str(piece))
        .collect();
    let Ok(blob) = Blob::new_with_str_sequence(&parts) else {
        return;
    };
    if let Ok(address) = Url::create_object_url_with_blob(&blob) {
        save(&address, name);
        // The browser holds what it saves by itself from here on.
        let _ = Url::revoke_object_url(&address);
    }
}
