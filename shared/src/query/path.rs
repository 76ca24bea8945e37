//! Places in a document: how a written path is bound to a collection and resolved
//! (`query-routing-events.md` §1.4, §2).
//!
//! Names of system fields match in any case, and several have a second name; names of
//! what users store match exactly. A path that leads nowhere is undefined, not an error.

use super::ast::Collection;
use super::error::{Position, QueryError};
use serde_json::Value;

/// When the connection state last changed. It is no part of twins (`query-routing-events.md` §2),
/// but columns may name it.
pub const CONNECTION_STATE_SINCE: &str = "connectionStateUpdatedTime";

/// A path in its canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// From the document's root; at least one, and the first is a name.
    pub steps: Vec<Step>,
    /// What a result's member is called if the query gives no other name.
    pub name: String,
    /// Whether the field holds a point in time, so that texts compare with it as instants.
    pub is_time: bool,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Name(String),
    /// An element of an array.
    Index(usize),
}

impl Step {
    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Index(_) => None,
        }
    }
}

/// A root of a collection's documents.
struct Root {
    /// As a query may write it, in any case.
    written: &'static str,
    /// As the document has it.
    field: &'static str,
    is_time: bool,
}

const fn root(name: &'static str) -> Root {
    alias(name, name)
}

const fn alias(written: &'static str, field: &'static str) -> Root {
    Root {
        written,
        field,
        is_time: false,
    }
}

const fn time(written: &'static str, field: &'static str) -> Root {
    Root {
        written,
        field,
        is_time: true,
    }
}

/// Roots of device and module twins. `id` and `statusUpdatedTime` are sent by known tools.
const TWIN_ROOTS: &[Root] = &[
    root("deviceId"),
    alias("id", "deviceId"),
    root("moduleId"),
    root("etag"),
    root("deviceEtag"),
    root("version"),
    root("status"),
    root("statusReason"),
    time("statusUpdateTime", "statusUpdateTime"),
    time("statusUpdatedTime", "statusUpdateTime"),
    root("connectionState"),
    // No condition sees it: only results hold it, and only where it is named.
    time(CONNECTION_STATE_SINCE, CONNECTION_STATE_SINCE),
    time("lastActivityTime", "lastActivityTime"),
    root("cloudToDeviceMessageCount"),
    root("authenticationType"),
    root("x509Thumbprint"),
    root("capabilities"),
    root("modelId"),
    root("deviceScope"),
    root("parentScopes"),
    root("tags"),
    root("properties"),
    root("configurations"),
];

/// Roots of a job's documents.
const JOB_ROOTS: &[Root] = &[
    root("deviceId"),
    root("jobId"),
    root("jobType"),
    root("status"),
    time("startTimeUtc", "startTimeUtc"),
    time("endTimeUtc", "endTimeUtc"),
    time("createdDateTimeUtc", "createdDateTimeUtc"),
    time("createdTimeUtc", "createdDateTimeUtc"),
    time("lastUpdatedDateTimeUtc", "lastUpdatedDateTimeUtc"),
    root("outcome"),
    root("error"),
];

/// Members of system fields, which match in any case too.
const SYSTEM_MEMBERS: &[(&str, &[&str])] = &[
    ("capabilities", &["iotEdge"]),
    (
        "x509Thumbprint",
        &["primaryThumbprint", "secondaryThumbprint"],
    ),
];

fn find(roots: &'static [Root], written: &str) -> Option<&'static Root> {
    roots
        .iter()
        .find(|root| root.written.eq_ignore_ascii_case(written))
}

impl Path {
    /// Binds a written path to the documents of a collection.
    pub fn bind(
        collection: Collection,
        mut steps: Vec<Step>,
        position: Position,
    ) -> Result<Self, QueryError> {
        strip_collection(collection, &mut steps);
        let written = steps.first().and_then(Step::name).unwrap_or_default();
        let roots = match collection {
            Collection::Devices | Collection::Modules => TWIN_ROOTS,
            Collection::Jobs => JOB_ROOTS,
        };
        let root = find(roots, written);
        if root.is_none()
            && collection == Collection::Jobs
            && let Some(twin) = find(TWIN_ROOTS, written)
        {
            return Err(QueryError::at(
                position,
                format!(
                    "{} belongs to twins, and devices.jobs has none of it",
                    twin.written
                ),
            ));
        }
        let mut name = steps
            .iter()
            .rev()
            .find_map(Step::name)
            .unwrap_or_default()
            .to_owned();
        if let Some(root) = root {
            if steps.len() == 1 {
                name = root.written.to_owned();
            }
            if let Some(first) = steps.first_mut() {
                *first = Step::Name(root.field.to_owned());
            }
            if let Some(member) = canonical_member(root.field, steps.get(1)) {
                if steps.len() == 2 {
                    name = member.to_owned();
                }
                if let Some(second) = steps.get_mut(1) {
                    *second = Step::Name(member.to_owned());
                }
            }
        }
        let is_time =
            root.is_some_and(|root| root.is_time && steps.len() == 1) || is_metadata_time(&steps);
        Ok(Self {
            steps,
            name,
            is_time,
        })
    }

    /// What the document has there.
    pub fn resolve<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.steps
            .iter()
            .try_fold(document, |value, step| match (step, value) {
                (Step::Name(name), Value::Object(object)) => object.get(name),
                (Step::Index(index), Value::Array(array)) => array.get(*index),
                _ => None,
            })
    }

    /// The names from the root on, as far as they go before an index.
    pub fn names(&self) -> Vec<&str> {
        self.steps.iter().map_while(Step::name).collect()
    }
}

/// Takes `devices.` and the like from the front, unless nothing would be left.
fn strip_collection(collection: Collection, steps: &mut Vec<Step>) {
    let prefixes: &[&[&str]] = match collection {
        Collection::Devices => &[&["devices"]],
        Collection::Modules => &[&["devices", "modules"], &["devices"]],
        Collection::Jobs => &[&["devices", "jobs"]],
    };
    let fits = |prefix: &&&[&str]| {
        steps.len() > prefix.len()
            && matches!(steps.get(prefix.len()), Some(Step::Name(_)))
            && prefix.iter().zip(steps.iter()).all(|(wanted, step)| {
                step.name()
                    .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            })
    };
    if let Some(prefix) = prefixes.iter().find(fits) {
        steps.drain(..prefix.len());
    }
}

fn canonical_member(root: &str, step: Option<&Step>) -> Option<&'static str> {
    let name = step?.name()?;
    let (_, members) = SYSTEM_MEMBERS.iter().find(|(known, _)| *known == root)?;
    members
        .iter()
        .find(|member| member.eq_ignore_ascii_case(name))
        .copied()
}

/// `properties.{desired,reported}.$metadata[.path].$lastUpdated`
fn is_metadata_time(steps: &[Step]) -> bool {
    let name = |index: usize| steps.get(index).and_then(Step::name);
    name(0) == Some("properties")
        && matches!(name(1), Some("desired" | "reported"))
        && name(2) == Some("$metadata")
        && steps.len() > 3
        && steps.last().and_then(Step::name) == Some("$lastUpdated")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn bind(collection: Collection, names: &[&str]) -> Result<Path, QueryError> {
        let steps = names.iter().map(|name| Step::Name((*name).to_owned()));
        Path::bind(collection, steps.collect(), Position::START)
    }

    fn twin(names: &[&str]) -> Path {
        bind(Collection::Devices, names).unwrap()
    }

    #[test]
    fn system_names_match_in_any_case_and_by_their_other_names() {
        assert_eq!(twin(&["DEVICES", "DeviceID"]).names(), ["deviceId"]);
        assert_eq!(twin(&["id"]).names(), ["deviceId"]);
        assert_eq!(
            twin(&["Capabilities", "iotedge"]).names(),
            ["capabilities", "iotEdge"]
        );
        let updated = twin(&["statusupdatedtime"]);
        assert_eq!(updated.names(), ["statusUpdateTime"]);
        assert_eq!(updated.name, "statusUpdatedTime");
        assert!(updated.is_time);
        assert_eq!(twin(&["TAGS", "Site"]).names(), ["tags", "Site"]);
        assert_eq!(twin(&["devices"]).names(), ["devices"], "not stripped away");
        assert_eq!(
            bind(Collection::Modules, &["devices", "moduleid"])
                .unwrap()
                .names(),
            ["moduleId"]
        );
    }

    #[test]
    fn twin_fields_have_no_place_in_jobs() {
        assert!(bind(Collection::Jobs, &["tags", "a"]).is_err());
        assert!(bind(Collection::Jobs, &["devices", "jobs", "properties"]).is_err());
        let created = bind(Collection::Jobs, &["devices", "jobs", "createdTimeUtc"]).unwrap();
        assert_eq!(created.names(), ["createdDateTimeUtc"]);
        assert!(created.is_time);
    }

    #[test]
    fn times_are_known_by_their_place() {
        let metadata = ["properties", "reported", "$metadata", "fw", "$lastUpdated"];
        assert!(twin(&metadata).is_time);
        assert!(twin(&["properties", "desired", "$metadata", "$lastUpdated"]).is_time);
        assert!(!twin(&["properties", "desired", "$lastUpdated"]).is_time);
        assert!(!twin(&["tags", "lastActivityTime"]).is_time);
    }

    #[test]
    fn resolution_needs_the_right_kind_at_each_step() {
        let document = json!({ "tags": { "list": [1, { "a": null }], "0": "zero" } });
        let path = |steps: Vec<Step>| Path::bind(Collection::Devices, steps, Position::START);
        let name = |text: &str| Step::Name(text.to_owned());
        let found = |steps| path(steps).unwrap().resolve(&document).cloned();
        let list = || vec![name("tags"), name("list")];
        assert_eq!(
            found([list(), vec![Step::Index(0)]].concat()),
            Some(json!(1))
        );
        assert_eq!(
            found([list(), vec![Step::Index(1), name("a")]].concat()),
            Some(Value::Null)
        );
        assert_eq!(found([list(), vec![name("0")]].concat()), None);
        assert_eq!(found(vec![name("tags"), Step::Index(0)]), None);
        assert_eq!(found(vec![name("unknown"), name("x")]), None);
    }
}
