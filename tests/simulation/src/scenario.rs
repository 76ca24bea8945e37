//! Runs a scenario over many seeds and says how to repeat the one that fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs `scenario` with so many seeds (`SKERRY_SEEDS` changes the number), or with just
/// `SKERRY_SEED`.
///
/// `name` is the test's own, for the command that repeats a failure.
pub fn over_seeds(name: &str, seeds: u64, scenario: impl Fn(u64)) {
    let number = |variable: &str| {
        std::env::var(variable)
            .ok()
            .and_then(|text| text.parse().ok())
    };
    if let Some(seed) = number("SKERRY_SEED") {
        return scenario(seed);
    }
    let seeds = number("SKERRY_SEEDS").unwrap_or(seeds);
    // Seeds of different scenarios differ, so that together they see more of the world.
    let first = name.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let first = first % 1_000_000 * 1_000;
    for seed in first..first + seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| scenario(seed))) {
            eprintln!(
                "\nseed {seed} fails; the same again:\n    \
                 SKERRY_SEED={seed} cargo nextest run -p simulation -E 'test(={name})'\n"
            );
            resume_unwind(panic);
        }
    }
}
