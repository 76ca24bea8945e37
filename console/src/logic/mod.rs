//! Pure rules behind the screens: no browser, no network, no clock. Everything here is tested
//! natively; anything that needs a window belongs in `components` or `api`.

pub mod alert_filter;
pub mod alert_rule;
pub mod archive_filter;
pub mod audit_filter;
pub mod configuration;
pub mod connection_string;
pub mod device_rules;
pub mod dry_run;
pub mod error_envelope;
pub mod group;
pub mod history_filter;
pub mod job_failures;
pub mod job_filter;
pub mod job_order;
pub mod job_state;
pub mod json_document;
pub mod json_ink;
pub mod json_lines;
pub mod limits;
pub mod line_diff;
pub mod members;
pub mod merge_patch;
pub mod number;
pub mod numeric_paths;
pub mod operations_filter;
pub mod query_result;
pub mod retirement;
pub mod route;
pub mod scale;
pub mod server_events;
pub mod telemetry_buffer;
pub mod tile_order;
pub mod time;
pub mod transfer;
pub mod url_state;
