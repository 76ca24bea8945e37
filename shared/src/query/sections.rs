//! Which large parts of twins a query reads, so that the others need not be fetched.

use super::ast::{Expression, Order, Query, Shape};
use super::path::Path;

/// Parts of a twin that are stored as documents, and the count of pending messages, which
/// is a query of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sections {
    /// `tags`
    pub tags: bool,
    /// `properties.desired`
    pub desired: bool,
    /// `properties.reported`
    pub reported: bool,
    /// `cloudToDeviceMessageCount`
    pub messages: bool,
}

impl Sections {
    /// All of them.
    pub const ALL: Self = Self {
        tags: true,
        desired: true,
        reported: true,
        messages: true,
    };
    const NONE: Self = Self {
        tags: false,
        desired: false,
        reported: false,
        messages: false,
    };

    /// What it takes to decide which documents are in the result, and where they stand; for
    /// results that are made on the way, what these hold too.
    pub fn to_scan(query: &Query) -> Self {
        if query.shape() == Shape::Ordered {
            let order = query.order_by.as_ref().map(|Order { path, .. }| path);
            let mut paths: Vec<&Path> = order.into_iter().collect();
            if let Some(condition) = &query.condition {
                Expression::collect_paths(condition, &mut paths);
            }
            return Self::of(&paths);
        }
        Self::to_show(query)
    }

    /// What whole results hold.
    pub fn to_show(query: &Query) -> Self {
        query.paths().map_or(Self::ALL, |paths| Self::of(&paths))
    }

    /// What these paths read.
    pub fn of(paths: &[&Path]) -> Self {
        let mut sections = Self::NONE;
        for path in paths {
            match path.names().as_slice() {
                ["tags", ..] => sections.tags = true,
                ["properties", "desired", ..] => sections.desired = true,
                ["properties", "reported", ..] => sections.reported = true,
                ["properties", ..] => {
                    sections.desired = true;
                    sections.reported = true;
                }
                ["cloudToDeviceMessageCount", ..] => sections.messages = true,
                _ => {}
            }
        }
        sections
    }

    /// Their names, for people.
    pub fn names(self) -> Vec<&'static str> {
        [
            (self.tags, "tags"),
            (self.desired, "properties.desired"),
            (self.reported, "properties.reported"),
            (self.messages, "cloudToDeviceMessageCount"),
        ]
        .into_iter()
        .filter_map(|(read, name)| read.then_some(name))
        .collect()
    }
}
