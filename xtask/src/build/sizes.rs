//! The size budgets: worker wasm ≤ 1 MB gzip, console ≤ 700 kB brotli in all.
//!
//! Measured by Node's zlib, the same compressors that the edge uses.

use serde::Deserialize;

use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::project::Project;

/// The worker's budget in bytes, after gzip.
const WORKER_BUDGET: u64 = 1_000_000;
/// The console's budget in bytes, after brotli, all files together.
const CONSOLE_BUDGET: u64 = 700_000;

/// What `node/sizes.mjs` measures.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    worker_wasm: u64,
    worker_wasm_gzip: u64,
    console: u64,
    console_brotli: u64,
}

/// Prints the sizes and fails when one is over its budget.
pub fn check(project: &Project) -> Outcome {
    let answer = process::output(
        process::program("node")
            .arg(project.node().join("sizes.mjs"))
            .arg(project.worker_build().join("index_bg.wasm"))
            .arg(project.console_dist()),
    )?;
    let measured: Measured = serde_json::from_str(&answer)
        .explain(|| "sizes.mjs did not answer with JSON".to_owned())?;
    println!(
        "worker wasm  {:>9} bytes, gzip   {:>9} of {WORKER_BUDGET}",
        measured.worker_wasm, measured.worker_wasm_gzip
    );
    println!(
        "console      {:>9} bytes, brotli {:>9} of {CONSOLE_BUDGET}",
        measured.console, measured.console_brotli
    );
    over_budget(&measured).map_or(Ok(()), |message| Err(Failure::broken(message)))
}

fn over_budget(measured: &Measured) -> Option<String> {
    if measured.worker_wasm_gzip > WORKER_BUDGET {
        return Some(format!(
            "the worker's wasm is {} bytes after gzip, more than {WORKER_BUDGET}: look for a new heavy dependency with `cargo tree -p worker-shell`",
            measured.worker_wasm_gzip
        ));
    }
    if measured.console_brotli > CONSOLE_BUDGET {
        return Some(format!(
            "the console is {} bytes after brotli, more than {CONSOLE_BUDGET}: look for a new heavy dependency with `cargo tree -p console`, or a large file in console/static",
            measured.console_brotli
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_over_a_budget_is_too_much() {
        let mut measured = Measured {
            worker_wasm: 0,
            worker_wasm_gzip: WORKER_BUDGET,
            console: 0,
            console_brotli: CONSOLE_BUDGET,
        };
        assert_eq!(over_budget(&measured), None);
        measured.worker_wasm_gzip += 1;
        assert!(over_budget(&measured).unwrap().contains("worker"));
        measured.worker_wasm_gzip = 0;
        measured.console_brotli += 1;
        assert!(over_budget(&measured).unwrap().contains("console"));
    }
}
