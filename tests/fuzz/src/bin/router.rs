//! libFuzzer's entry to [`fuzzing::router`]; `cargo xtask fuzz` builds and runs it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::router::check(data));
