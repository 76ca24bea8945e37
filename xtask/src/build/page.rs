//! Filling the console's page (`index.html` at the root) with the hashed asset paths.
//!
//! The page runs under a content security policy without inline script, so the
//! start of the program is a module of its own.

use crate::failure::{Failure, Outcome};

/// The paths that the page names.
pub struct Assets {
    /// The module that starts the program.
    pub start: String,
    /// wasm-bindgen's JavaScript.
    pub bindings: String,
    /// The program.
    pub wasm: String,
    /// The style sheet.
    pub style: String,
    /// The outline of the land, which only the map asks for.
    pub land: String,
    /// The icon, when the console brings one.
    pub icon: Option<String>,
}

/// The placeholders of the template, each of which must appear.
const PLACEHOLDERS: [&str; 6] = [
    "{{start}}",
    "{{bindings}}",
    "{{wasm}}",
    "{{style}}",
    "{{land}}",
    "{{icon}}",
];

/// Replaces the placeholders.
pub fn fill(template: &str, assets: &Assets) -> Outcome<String> {
    let mut page = template.to_owned();
    let icon = icon_link(assets.icon.as_deref());
    let values = [
        &assets.start,
        &assets.bindings,
        &assets.wasm,
        &assets.style,
        &assets.land,
        &icon,
    ];
    for (placeholder, value) in PLACEHOLDERS.into_iter().zip(values) {
        if !page.contains(placeholder) {
            return Err(Failure::broken(format!(
                "index.html has no {placeholder}: the console would not load; put it back"
            )));
        }
        page = page.replace(placeholder, value);
    }
    if let Some(position) = page.find("{{") {
        let unknown: String = page[position..].chars().take(24).collect();
        return Err(Failure::broken(format!(
            "index.html has a placeholder that nothing fills: {unknown}"
        )));
    }
    Ok(page)
}

/// Without an icon the browser must not go looking for one of its own.
fn icon_link(icon: Option<&str>) -> String {
    format!("<link rel=\"icon\" href=\"{}\">", icon.unwrap_or("data:,"))
}

/// The module that loads the program; both names are beside it.
pub fn start_module(bindings: &str, wasm: &str) -> String {
    format!(
        "import start from \"./{bindings}\";\n\
         start({{ module_or_path: new URL(\"./{wasm}\", import.meta.url) }});\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        Assets {
            start: "/a/start.js".to_owned(),
            bindings: "/a/console.js".to_owned(),
            wasm: "/a/console.wasm".to_owned(),
            style: "/a/style.css".to_owned(),
            land: "/a/land.txt".to_owned(),
            icon: None,
        }
    }

    #[test]
    fn every_placeholder_is_replaced() {
        let page = fill(
            "{{start}} {{bindings}} {{wasm}} {{wasm}} {{style}}{{icon}} {{land}}",
            &assets(),
        )
        .unwrap();
        assert_eq!(
            page,
            "/a/start.js /a/console.js /a/console.wasm /a/console.wasm /a/style.css<link rel=\"icon\" href=\"data:,\"> /a/land.txt"
        );
    }

    #[test]
    fn a_missing_or_unknown_placeholder_is_an_error() {
        let missing = fill("{{start}} {{bindings}} {{wasm}}", &assets()).unwrap_err();
        assert!(missing.message.contains("{{style}}"), "{missing}");
        let unknown = fill(
            "{{start}}{{bindings}}{{wasm}}{{style}}{{land}}{{icon}}{{banner}}",
            &assets(),
        )
        .unwrap_err();
        assert!(unknown.message.contains("{{banner}}"), "{unknown}");
    }
}
