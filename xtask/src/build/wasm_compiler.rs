//! Which compiler builds the wasm32 crates.
//!
//! Normally the one in `PATH`. Only when set-up had to fall back to Debian's
//! second compiler is another one chosen; its path is kept in `.tools/wasm-compiler/`,
//! a folder that is then put before `PATH` for the wasm32 builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Explain, Outcome};
use crate::process;
use crate::project::Project;

fn folder(project: &Project) -> PathBuf {
    project.tools().join("wasm-compiler")
}

/// The compiler of the wasm32 crates.
pub fn path(project: &Project) -> PathBuf {
    let chosen = folder(project).join("rustc");
    if chosen.exists() {
        chosen
    } else {
        PathBuf::from("rustc")
    }
}

/// Makes another compiler the one for wasm32 crates.
pub fn choose(project: &Project, compiler: &Path) -> Outcome {
    let folder = folder(project);
    fs::create_dir_all(&folder).explain(|| format!("cannot create {}", folder.display()))?;
    let link = folder.join("rustc");
    if link.exists() {
        fs::remove_file(&link).explain(|| format!("cannot replace {}", link.display()))?;
    }
    std::os::unix::fs::symlink(compiler, &link)
        .explain(|| format!("cannot create {}", link.display()))
}

/// A command whose Rust builds use that compiler.
pub fn program(project: &Project, name: impl AsRef<std::ffi::OsStr>) -> Outcome<Command> {
    let mut command = process::program(name);
    let compiler = path(project);
    if compiler.is_absolute() {
        let folders = std::iter::once(folder(project)).chain(
            std::env::var_os("PATH")
                .iter()
                .flat_map(std::env::split_paths)
                .collect::<Vec<_>>(),
        );
        let joined = std::env::join_paths(folders).explain(|| "cannot extend PATH".to_owned())?;
        command.env("PATH", joined).env("RUSTC", compiler);
    }
    Ok(command)
}
