//! libFuzzer's entry to [`fuzzing::conditions`]; `cargo xtask fuzz` builds and runs it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::conditions::check(data));
