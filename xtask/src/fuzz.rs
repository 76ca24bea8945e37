//! `cargo xtask fuzz`: libFuzzer over one of the checks in `tests/fuzz`, for so many seconds.
//!
//! Needs no nightly toolchain: the instrumentation is LLVM's, and the code has no `unsafe` that
//! a sanitizer could watch.

use clap::Args;

use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::project::Project;

/// The checks of `tests/fuzz/src`.
const TARGETS: [&str; 5] = [
    "router",
    "sas_token",
    "import_json",
    "import_csv",
    "conditions",
];

/// What makes the compiler count edges and show compares to libFuzzer.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares \
     -Ccodegen-units=1";

/// What to look at, and how long.
#[derive(Debug, Args)]
pub struct FuzzOptions {
    /// Which check.
    #[arg(value_parser = TARGETS)]
    pub target: String,

    /// How long, on one core.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,
}

/// The subcommand. New inputs stay in `target/fuzzing/found` and are the next run's beginning;
/// one that breaks a check is kept beside them, and belongs into `tests/fuzz/corpus`.
pub fn run(project: &Project, options: &FuzzOptions) -> Outcome {
    let folder = project.root.join("target/fuzzing");
    let name = format!("fuzz-{}", options.target.replace('_', "-"));
    // With a target named, build scripts are left as they are.
    let host = host()?;
    let mut build = process::program("cargo");
    build
        .current_dir(&project.root)
        .env("RUSTFLAGS", INSTRUMENTATION)
        .args(["build", "--locked", "--package", "fuzzing"])
        .args(["--features", "libfuzzer", "--profile", "fuzz"])
        .args(["--bin", name.as_str(), "--target", host.as_str()])
        .arg("--target-dir")
        .arg(&folder);
    if !process::run_visibly(&mut build)? {
        return Err(Failure::broken("the fuzzer does not build; see above"));
    }
    let found = folder.join("found").join(&options.target);
    std::fs::create_dir_all(&found).explain(|| format!("{} cannot be made", found.display()))?;
    let mut fuzzer = process::program(folder.join(&host).join("fuzz").join(&name));
    fuzzer
        .current_dir(&project.root)
        .arg(format!("-max_total_time={}", options.seconds))
        .args(["-timeout=10", "-max_len=4096", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}-", found.display()))
        .arg(&found)
        .arg(project.root.join("tests/fuzz/corpus").join(&options.target));
    if process::run_visibly(&mut fuzzer)? {
        Ok(())
    } else {
        Err(Failure::broken(format!(
            "an input broke a check; it is in {}-…",
            found.display()
        )))
    }
}

/// The triple of this machine.
fn host() -> Outcome<String> {
    let text = process::output(process::program("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::broken("`rustc -vV` does not name its host"))
}
