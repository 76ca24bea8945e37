//! The standard library for `wasm32-unknown-unknown`, by the first of three ways that works.
//!
//! 1. `rustup target add`, the normal way.
//! 2. On Debian, where rustup's server is out of reach: built from Debian's
//!    `rust-src` of the very same version as the compiler.
//! 3. On Debian, where no matching `rust-src` exists: Debian's `rustc-web` and
//!    `rust-web-src`, which match each other, compile the wasm32 crates.
//!
//! The way taken is said aloud. It must never let rustup download a toolchain, and
//! never mix a library with a compiler of another version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::build::wasm_compiler;
use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::apt;
use crate::setup::debian_sources::DebianSources;

/// The target of the worker and the console.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// Where Debian keeps newer compilers' sources, the likeliest first.
const SUITES: [&str; 5] = [
    "trixie-backports",
    "trixie",
    "forky",
    "sid",
    "bookworm-backports",
];
const STEP: &str = "Rust standard library for wasm32";

/// Makes sure that wasm32 crates compile.
pub fn ensure(project: &Project) -> Outcome {
    let compiler = wasm_compiler::path(project);
    if compiles(&compiler) {
        progress::already_done(STEP);
        return Ok(());
    }
    let library = library_folder(Path::new("rustc"))?;
    if holds_a_library(&library) {
        return Err(Failure::broken(format!(
            "the wasm32 library in {} does not fit this compiler (two libraries side by side, or one of another version); \
             remove that folder and start again",
            library.display()
        )));
    }
    let mut tried = Vec::new();
    for (way, attempt) in [
        ("rustup target add", from_rustup as fn(&Project) -> Outcome),
        ("Debian's rust-src", from_debian_sources),
        ("Debian's rustc-web", from_debian_web_compiler),
    ] {
        match attempt(project) {
            Ok(()) if compiles(&wasm_compiler::path(project)) => {
                progress::note(&format!("{STEP}: taken from {way}"));
                return Ok(());
            }
            Ok(()) => tried.push(format!(
                "{way}: it ended well, but wasm32 crates still do not compile"
            )),
            Err(failure) => {
                progress::note(&format!("{way} did not work here, trying the next way"));
                tried.push(format!("{way}: {failure}"));
            }
        }
    }
    Err(Failure::broken(format!(
        "{STEP}: none of the three ways worked.\n  - {}\n\
         What to do: make rustup's server reachable and run `rustup target add {TARGET}`, \
         or install that library with the package manager that brought rustc; then start again.",
        tried.join("\n  - ")
    )))
}

/// Whether the compiler finds a fitting library: the only proof is compiling something.
fn compiles(compiler: &Path) -> bool {
    let mut command = process::program(compiler);
    command
        .args([
            "--target",
            TARGET,
            "--crate-type",
            "rlib",
            "--crate-name",
            "probe",
        ])
        .args(["--emit", "metadata=-", "-"]);
    let Ok(mut child) = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
    else {
        return false;
    };
    let written = child.stdin.take().is_some_and(|mut source| {
        use std::io::Write;
        source
            .write_all(b"pub fn probe() -> String { String::new() }")
            .is_ok()
    });
    child.wait().is_ok_and(|status| status.success()) && written
}

fn library_folder(compiler: &Path) -> Outcome<PathBuf> {
    process::output(process::program(compiler).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]))
    .map(|folder| PathBuf::from(folder.trim()))
}

fn holds_a_library(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
        })
    })
}

/// Way 1: rustup, when this compiler is one of its toolchains.
fn from_rustup(project: &Project) -> Outcome {
    if process::find_in_path("rustup").is_none() {
        return Err(Failure::broken("this compiler does not come from rustup"));
    }
    process::run_behind_progress(
        &project.tools().join("logs"),
        &format!("{STEP} from rustup"),
        "downloading from rustup's server",
        process::program("rustup")
            .args(["target", "add", TARGET])
            .env("RUSTUP_MAX_RETRIES", "1"),
    )
}

/// Way 2: build it from Debian's sources of the same version.
fn from_debian_sources(project: &Project) -> Outcome {
    require_debian()?;
    let release = compiler_release(Path::new("rustc"))?;
    let work = project.tools().join("rust-src");
    let (sources, version) = find_sources(&work.join("apt"), &release)?;
    let unpacked = work.join("unpacked");
    progress::note(&format!("building it from Debian's rust-src {version}"));
    sources.unpack("rust-src", &version, &unpacked)?;
    let library = unpacked.join(format!("usr/src/rustc-{release}/library"));
    build_library(project, Path::new("rustc"), &library)?;
    install_library(&library, &library_folder(Path::new("rustc"))?)?;
    fs::remove_dir_all(&work).explain(|| format!("cannot remove {}", work.display()))
}

/// Way 3: a second compiler from Debian's security suite for the wasm32 crates only.
fn from_debian_web_compiler(project: &Project) -> Outcome {
    require_debian()?;
    apt::install(
        project,
        "Debian's second compiler for wasm32",
        &["rustc-web", "rust-web-src"],
    )?;
    let compiler = Path::new("/usr/bin/rustc");
    let release = compiler_release(compiler)?;
    let needed = env!("CARGO_PKG_RUST_VERSION");
    if !needed.is_empty() && version_numbers(&release) < version_numbers(needed) {
        return Err(Failure::broken(format!(
            "Debian's rustc-web is {release}, the project needs {needed} or newer"
        )));
    }
    let installed = PathBuf::from(format!("/usr/src/rustc-{release}/library"));
    let work = project.tools().join("rust-web-src");
    process::output(
        process::program("cp")
            .arg("-a")
            .arg("-T")
            .arg(&installed)
            .arg(&work),
    )?;
    build_library(project, compiler, &work)?;
    install_library(&work, &library_folder(compiler)?)?;
    fs::remove_dir_all(&work).explain(|| format!("cannot remove {}", work.display()))?;
    wasm_compiler::choose(project, compiler)
}

fn require_debian() -> Outcome {
    if DebianSources::available() {
        return Ok(());
    }
    Err(Failure::broken("only possible on a Debian system"))
}

/// Looks through the suites for `rust-src` of exactly this release.
fn find_sources(folder: &Path, release: &str) -> Outcome<(DebianSources, String)> {
    let mut seen = Vec::new();
    for suite in SUITES {
        let sources = match DebianSources::open(&folder.join(suite), suite) {
            Ok(sources) => sources,
            Err(failure) => {
                seen.push(failure.to_string());
                continue;
            }
        };
        let candidates = sources.candidates("rust-src")?;
        if let Some(fitting) = candidates
            .iter()
            .find(|candidate| is_release(&candidate.version, release))
        {
            let version = fitting.version.clone();
            return Ok((sources, version));
        }
        let versions: Vec<&str> = candidates
            .iter()
            .map(|candidate| candidate.version.as_str())
            .collect();
        seen.push(format!(
            "suite {suite} has {}",
            if versions.is_empty() {
                "none".to_owned()
            } else {
                versions.join(", ")
            }
        ));
    }
    Err(Failure::broken(format!(
        "no rust-src {release} in Debian ({})",
        seen.join("; ")
    )))
}

/// Whether a Debian version is a packaging of this upstream release.
fn is_release(debian_version: &str, release: &str) -> bool {
    debian_version
        .strip_prefix(release)
        .is_some_and(|rest| rest.starts_with(['+', '-', '~']))
}

fn compiler_release(compiler: &Path) -> Outcome<String> {
    let text = process::output(process::program(compiler).arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("release: "))
        .map(|release| release.trim().to_owned())
        .ok_or_else(|| Failure::broken(format!("{} -vV names no release", compiler.display())))
}

fn version_numbers(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

/// Compiles `library/` for wasm32 with the flags that make it a standard library.
fn build_library(project: &Project, compiler: &Path, library: &Path) -> Outcome {
    process::run_behind_progress(
        &project.tools().join("logs"),
        &format!("{STEP} from source"),
        "compiling core, alloc and std: about half a minute",
        process::program("cargo")
            .args([
                "build",
                "--release",
                "--target",
                TARGET,
                "--package",
                "sysroot",
            ])
            .args(["--features", "compiler-builtins-mem"])
            .current_dir(library)
            .env("RUSTC", compiler)
            .env("RUSTC_BOOTSTRAP", "1")
            .env(
                "RUSTFLAGS",
                "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Cdebuginfo=0",
            )
            .env("__CARGO_DEFAULT_LIB_METADATA", "stablestd")
            .env("CARGO_TARGET_DIR", library.join("target")),
    )
}

/// Copies the compiled crates to where the compiler looks, in one visible step.
fn install_library(library: &Path, folder: &Path) -> Outcome {
    let compiled = library.join("target").join(TARGET).join("release/deps");
    let staging = folder.with_file_name("lib.new");
    let not_writable = || {
        format!(
            "cannot write the library to {} (start once with the rights to change the Rust installation)",
            folder.display()
        )
    };
    if staging.exists() {
        fs::remove_dir_all(&staging).explain(not_writable)?;
    }
    fs::create_dir_all(&staging).explain(not_writable)?;
    let entries =
        fs::read_dir(&compiled).explain(|| format!("cannot read {}", compiled.display()))?;
    for entry in entries {
        let path = entry
            .explain(|| format!("cannot read {}", compiled.display()))?
            .path();
        if path.extension().is_some_and(|ending| ending == "rlib")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, staging.join(name)).explain(not_writable)?;
        }
    }
    if folder.exists() {
        // Only an empty left-over reaches this point: a library would have stopped the set-up.
        fs::remove_dir(folder).explain(not_writable)?;
    }
    fs::rename(&staging, folder).explain(not_writable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_release_fits() {
        assert!(is_release("1.95.0+dfsg1-2~bpo13+1", "1.95.0"));
        assert!(is_release("1.95.0-1", "1.95.0"));
        assert!(!is_release("1.95.01-1", "1.95.0"));
        assert!(!is_release("1.96.1+dfsg1-2", "1.95.0"));
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version_numbers("1.96.0") > version_numbers("1.95"));
        assert!(version_numbers("1.100.0") > version_numbers("1.95.0"));
        assert!(version_numbers("1.78.0+dfsg") < version_numbers("1.95"));
    }
}
