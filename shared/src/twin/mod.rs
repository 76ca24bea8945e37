//! Twins: the JSON document that a device and its back end share (`device.md` §5, `service.md` §6).
//!
//! This room decides what a write does to the document, its versions and its
//! `$metadata`, and what must be told to whom. It never stores anything, never
//! knows who asks, and never compares `If-Match` (that is `http`'s).

pub mod difference;
pub mod document;
pub mod etag;
pub mod limits;
pub mod merge;
pub mod model_change;
pub mod patch;
pub mod section;
pub mod stored;
pub mod tag_schema;

pub use document::{REPLACE_TWIN, Twin, TwinChange, UPDATE_TWIN};
pub use patch::{SectionPatch, TwinPatch};
pub use section::Section;
