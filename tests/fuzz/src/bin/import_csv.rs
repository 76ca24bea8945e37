//! libFuzzer's entry to [`fuzzing::import_csv`]; `cargo xtask fuzz` builds and runs it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::import_csv::check(data));
