//! libFuzzer's entry to [`fuzzing::sas_token`]; `cargo xtask fuzz` builds and runs it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::sas_token::check(data));
