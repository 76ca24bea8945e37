//! Theme, language and time zone of this browser: kept in local storage, applied to the page's
//! root element. Nothing here is secret and nothing is sent to the hub.

use crate::i18n::Language;
use crate::reactive::effect;
use leptos::prelude::*;
use std::cell::RefCell;

/// Colours of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// White on black.
    Contrast,
}

/// Which clock times are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// The time zone of this browser.
    Local,
}

/// The three choices as signals.
#[derive(Clone)]
pub struct Preferences {
    /// Colours.
    pub theme: ArcRwSignal<Theme>,
    /// Language.
    pub language: ArcRwSignal<Language>,
    /// Time zone.
    pub zone: ArcRwSignal<Zone>,
}

thread_local! {
    static CHOSEN: RefCell<Option<Preferences>> = const { RefCell::new(None) };
}

/// The choices of this browser.
pub fn preferences() -> Preferences {
    CHOSEN.with(|cell| cell.borrow_mut().get_or_insert_with(load).clone())
}

fn load() -> Preferences {
    let theme = match stored("theme").as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        Some("contrast") => Theme::Contrast,
        _ => Theme::System,
    };
    let language = match stored("language").or_else(|| window().navigator().language()) {
        Some(tag) if tag.starts_with("ko") => Language::Korean,
        _ => Language::English,
    };
    let zone = if stored("zone").as_deref() == Some("utc") {
        Zone::Utc
    } else {
        Zone::Local
    };
    Preferences {
        theme: ArcRwSignal::new(theme),
        language: ArcRwSignal::new(language),
        zone: ArcRwSignal::new(zone),
    }
}

/// Minutes east of UTC at a moment, for the chosen zone; tracked.
pub fn offset_minutes(at: f64) -> i32 {
    match preferences().zone.get() {
        Zone::Utc => 0,
        Zone::Local => {
            let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at));
            -(date.get_timezone_offset() as i32)
        }
    }
}

/// Writes every change to the root element and to local storage.
pub fn apply() {
    let chosen = preferences();
    effect(move |_| {
        let theme = match chosen.theme.get() {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "contrast",
        };
        on_root("data-theme", theme);
        store("theme", theme);
    });
    effect(move |_| {
        let tag = chosen.language.get().tag();
        on_root("lang", tag);
        store("language", tag);
    });
    effect(move |_| {
        store(
            "zone",
            if chosen.zone.get() == Zone::Utc {
                "utc"
            } else {
                "local"
            },
        );
    });
}

fn on_root(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(name, value);
    }
}

/// What this browser keeps under a name.
pub fn stored(name: &str) -> Option<String> {
    window()
        .local_storage()
        .ok()??
        .get_item(&format!("skerry.{name}"))
        .ok()?
}

/// Keeps something in this browser.
pub fn store(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(&format!("skerry.{name}"), value);
    }
}
