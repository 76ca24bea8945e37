//! The console: cargo, wasm-bindgen, wasm-opt, then hashed assets and a filled page.
//!
//! The result is `console/dist/console/`: `index.html` and `assets/`. Assets carry
//! a digest of their content in their names, so they may be cached for ever; the
//! page names them and must not be cached.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::land;
use crate::build::page::{self, Assets};
use crate::build::wasm_opt::{self, Engine};
use crate::build::{PROFILE, wasm_compiler};
use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::WASM_BINDGEN;
use crate::stamp::{self, Inputs};

const STEP: &str = "Console";
/// Leptos compiles a view once for each combination of types in it, or boxes its parts.
const ERASED_VIEWS: &str = "--cfg erase_components";
/// Where the worker serves the assets from.
const ASSETS_PATH: &str = "/console/assets/";

/// Builds `console/dist/`.
pub fn build(project: &Project) -> Outcome {
    let logs = project.tools().join("logs");
    process::run_behind_progress(
        &logs,
        "Console crate",
        "compiling to wasm32",
        wasm_compiler::program(project, "cargo")?
            .args([
                "build",
                "--profile",
                PROFILE,
                "--target",
                "wasm32-unknown-unknown",
            ])
            // Views without their types: a fifth less to download, and nothing that is noticed.
            .env("RUSTFLAGS", ERASED_VIEWS)
            // By its folder: a dependency is called `console` too.
            .current_dir(project.root.join("console")),
    )?;
    let compiled = project
        .target
        .join("wasm32-unknown-unknown")
        .join(PROFILE)
        .join("console.wasm");
    let sources = Sources::of(project);
    let stamp_path = project.target.join("console-dist.stamp");
    let digest = Inputs::new()
        .text(WASM_BINDGEN)
        .text(Engine::OPTION)
        .file(&compiled)?
        .file(&sources.page)?
        .file(&sources.land)?
        .folder(&sources.styles)?
        .folder(&sources.statics)?
        .digest();
    if stamp::is_current(&stamp_path, &digest) && is_complete(project) {
        progress::already_done(STEP);
        return Ok(());
    }
    let bound = bind(project, &compiled)?;
    let staging = project.target.join("console-dist");
    write_dist(project, &sources, &bound, &staging)?;
    replace_folder(&staging, &project.console_dist())?;
    stamp::write(&stamp_path, &digest)
}

/// Whether the results are there.
pub fn is_complete(project: &Project) -> bool {
    project.console_dist().join("console/index.html").is_file()
}

/// What the page is made of besides the program.
struct Sources {
    page: PathBuf,
    /// The outline of the land, of an npm package.
    land: PathBuf,
    styles: PathBuf,
    statics: PathBuf,
}

impl Sources {
    fn of(project: &Project) -> Self {
        Self {
            page: project.root.join("index.html"),
            land: project
                .node()
                .join("node_modules/world-atlas/land-50m.json"),
            styles: project.root.join("console/style"),
            statics: project.root.join("console/static"),
        }
    }
}

/// Runs wasm-bindgen and wasm-opt; returns the folder with `console.js` and `console_bg.wasm`.
fn bind(project: &Project, compiled: &Path) -> Outcome<PathBuf> {
    let folder = project.target.join("console-bindgen");
    empty_folder(&folder)?;
    process::run_behind_progress(
        &project.tools().join("logs"),
        STEP,
        "wasm-bindgen",
        process::program(project.cargo_tool("wasm-bindgen"))
            .args([
                "--target",
                "web",
                "--no-typescript",
                "--out-name",
                "console",
                "--out-dir",
            ])
            .arg(&folder)
            .arg(compiled),
    )?;
    wasm_opt::optimise(
        project,
        "Console, optimised",
        &folder.join("console_bg.wasm"),
        Engine::Browser,
    )?;
    Ok(folder)
}

/// Writes the page and its hashed assets into an empty folder.
fn write_dist(project: &Project, sources: &Sources, bound: &Path, dist: &Path) -> Outcome {
    empty_folder(dist)?;
    let root = dist.join("console");
    let assets = root.join("assets");
    fs::create_dir_all(&assets).explain(|| format!("cannot create {}", assets.display()))?;

    let wasm = write_hashed(
        &assets,
        "console",
        "wasm",
        &read(&bound.join("console_bg.wasm"))?,
    )?;
    copy_snippets(bound, &assets)?;
    let bindings = write_hashed(
        &assets,
        "console",
        "js",
        minified(project, &bound.join("console.js"))?.as_bytes(),
    )?;
    let start = write_hashed(
        &assets,
        "start",
        "js",
        page::start_module(&bindings, &wasm).as_bytes(),
    )?;
    let sheet = bound.join("style.css");
    fs::write(&sheet, concatenated_styles(&sources.styles)?)
        .explain(|| format!("cannot write {}", sheet.display()))?;
    let style = write_hashed(
        &assets,
        "style",
        "css",
        minified(project, &sheet)?.as_bytes(),
    )?;
    let land = write_hashed(
        &assets,
        "land",
        "txt",
        land::path_of(&sources.land)?.as_bytes(),
    )?;
    for path in stamp::files_below(&sources.statics)? {
        let name = path.strip_prefix(&sources.statics).unwrap_or(&path);
        let copy = root.join(name);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder).explain(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&copy, served(&path)?).explain(|| format!("cannot write {}", copy.display()))?;
    }

    let template = fs::read_to_string(&sources.page)
        .explain(|| format!("cannot read {}", sources.page.display()))?;
    let filled = page::fill(
        &template,
        &Assets {
            start: format!("{ASSETS_PATH}{start}"),
            bindings: format!("{ASSETS_PATH}{bindings}"),
            wasm: format!("{ASSETS_PATH}{wasm}"),
            style: format!("{ASSETS_PATH}{style}"),
            land: format!("{ASSETS_PATH}{land}"),
            icon: sources
                .statics
                .join("favicon.svg")
                .is_file()
                .then(|| "/console/favicon.svg".to_owned()),
        },
    )?;
    let page_path = root.join("index.html");
    fs::write(&page_path, filled).explain(|| format!("cannot write {}", page_path.display()))
}

/// A script or a style sheet without what only people need; what it imports stays apart.
fn minified(project: &Project, path: &Path) -> Outcome<String> {
    process::output(
        process::program(project.node().join("node_modules/.bin/esbuild"))
            .arg(path)
            .args(["--minify", "--target=esnext", "--log-level=warning"]),
    )
}

/// A file as it is served: JSON that people keep by hand goes without its spaces.
fn served(path: &Path) -> Outcome<Vec<u8>> {
    let content = read(path)?;
    if path.extension().is_none_or(|ending| ending != "json") {
        return Ok(content);
    }
    let document: serde_json::Value =
        serde_json::from_slice(&content).explain(|| format!("{} is no JSON", path.display()))?;
    Ok(document.to_string().into_bytes())
}

/// wasm-bindgen's JavaScript snippets keep their paths: `console.js` imports them by name.
fn copy_snippets(bound: &Path, assets: &Path) -> Outcome {
    let snippets = bound.join("snippets");
    for path in stamp::files_below(&snippets)? {
        let copy = assets.join(path.strip_prefix(bound).unwrap_or(&path));
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder).explain(|| format!("cannot create {}", folder.display()))?;
        }
        fs::copy(&path, &copy).explain(|| format!("cannot copy {}", path.display()))?;
    }
    Ok(())
}

/// All style sheets in the order of their names, the tokens' file first by its name.
fn concatenated_styles(folder: &Path) -> Outcome<Vec<u8>> {
    let mut sheet = Vec::new();
    for path in stamp::files_below(folder)? {
        if path.extension().is_some_and(|ending| ending == "css") {
            sheet.extend(read(&path)?);
            sheet.push(b'\n');
        }
    }
    Ok(sheet)
}

fn write_hashed(folder: &Path, name: &str, ending: &str, content: &[u8]) -> Outcome<String> {
    use sha2::Digest;
    let digest = stamp::hex(&sha2::Sha256::digest(content));
    let file = format!("{name}-{}.{ending}", &digest[..16]);
    let path = folder.join(&file);
    fs::write(&path, content).explain(|| format!("cannot write {}", path.display()))?;
    Ok(file)
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).explain(|| format!("cannot read {}", path.display()))
}

fn empty_folder(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder).explain(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).explain(|| format!("cannot create {}", folder.display()))
}

/// Puts the new folder where a running hub may still read the old one.
fn replace_folder(new: &Path, place: &Path) -> Outcome {
    let old = place.with_extension("old");
    if old.exists() {
        fs::remove_dir_all(&old).explain(|| format!("cannot remove {}", old.display()))?;
    }
    if place.exists() {
        fs::rename(place, &old).explain(|| format!("cannot replace {}", place.display()))?;
    }
    // The target folder may be on another file system, where a rename is impossible.
    if fs::rename(new, place).is_err() {
        process::output(process::program("cp").arg("-R").arg(new).arg(place)).map_err(
            |failure| Failure::broken(format!("cannot write {}: {failure}", place.display())),
        )?;
    }
    if old.exists() {
        fs::remove_dir_all(&old).explain(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}
