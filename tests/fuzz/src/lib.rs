//! What strangers may send as text, read by the hub's own parsers.
//!
//! Each module has one `check(data)`, which panics when an invariant does not hold. libFuzzer
//! calls it with inputs of its own (`cargo xtask fuzz`), the native tests with the seeds in
//! `corpus/` and a fixed set of changes to them. Nothing here may depend on which of them calls.

#![forbid(unsafe_code)]

mod canonical_path;
pub mod conditions;
pub mod import_csv;
pub mod import_json;
pub mod router;
pub mod sas_token;
