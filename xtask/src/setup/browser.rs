//! Chromium and a font for Korean text, for the browser tests, on Debian.

use std::path::PathBuf;

use crate::failure::Outcome;
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::apt;

/// The system's Chromium, if there is one.
pub fn find_chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(process::find_in_path)
}

/// Installs Chromium and the font through apt-get when they are missing.
pub fn ensure(project: &Project) -> Outcome {
    let step = "Browser for the tests (Chromium, Noto CJK)";
    let mut missing = Vec::new();
    if find_chromium().is_none() {
        missing.push("chromium");
    }
    if !has_korean_font() {
        missing.push("fonts-noto-cjk");
    }
    if missing.is_empty() {
        progress::already_done(step);
        return Ok(());
    }
    apt::install(project, step, &missing)
}

fn has_korean_font() -> bool {
    process::output(process::program("fc-list").args([":lang=ko", "family"]))
        .is_ok_and(|fonts| !fonts.trim().is_empty())
}
