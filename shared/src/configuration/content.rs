//! What a configuration writes (`service.md` §11.1): one family of content, taken apart into
//! leaves.
//!
//! Whatever passes here can be written into an empty section; whether it fits into a twin
//! beside what is there is only known then.

use super::{invalid_content, merge};
use crate::error::HubError;
use crate::ids::ModuleId;
use crate::twin::limits::{self, SectionName};
use serde_json::{Map, Value};

/// The module that every edge deployment is about.
pub const EDGE_AGENT: &str = "$edgeAgent";
/// What every key of content begins with.
const DESIRED: &str = "properties.desired";

/// What kind of twins a configuration writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `deviceContent`: twins of devices.
    Devices,
    /// `moduleContent`: twins of modules.
    Modules,
    /// `modulesContent`: modules of edge devices, by name.
    Edge,
}

impl Family {
    /// All of them, with their names in documents.
    pub const ALL: [(&'static str, Self); 3] = [
        ("deviceContent", Self::Devices),
        ("moduleContent", Self::Modules),
        ("modulesContent", Self::Edge),
    ];
}

/// One thing that is written: a value that is no object, an empty object, or null to remove.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// The module that it belongs to, empty where there is only one twin; then the names below
    /// `properties.desired`.
    pub place: Vec<String>,
    /// What is to stand there.
    pub value: Value,
}

impl Leaf {
    /// The module's name, or an empty text.
    pub fn namespace(&self) -> &str {
        self.place.first().map_or("", String::as_str)
    }

    /// The names below `properties.desired`.
    pub fn path(&self) -> &[String] {
        self.place.get(1..).unwrap_or_default()
    }
}

/// Reads content and checks it.
pub fn read(content: &Value) -> Result<(Family, Vec<Leaf>), HubError> {
    let given = |name: &str| content.get(name).filter(|part| !part.is_null());
    let mut families = Family::ALL
        .iter()
        .filter_map(|(name, family)| Some((*family, given(name)?)));
    let (Some((family, part)), None) = (families.next(), families.next()) else {
        return Err(invalid_content(
            "content must have exactly one of deviceContent, moduleContent and modulesContent.",
        ));
    };
    let mut leaves = Vec::new();
    if family == Family::Edge {
        let modules = object(part, "modulesContent")?;
        if !modules.contains_key(EDGE_AGENT) {
            return Err(invalid_content("modulesContent must contain $edgeAgent."));
        }
        for (module, part) in modules {
            check_module(module)?;
            leaves_of(module, object(part, module)?, &mut leaves)?;
        }
    } else {
        leaves_of("", object(part, "content")?, &mut leaves)?;
    }
    if let Some(place) = merge::contradiction(&leaves) {
        return Err(invalid_content(format!(
            "content says two things about {DESIRED}.{}.",
            place.join(".")
        )));
    }
    Ok((family, leaves))
}

/// Checks the name of a module that content is for.
pub fn check_module(module: &str) -> Result<(), HubError> {
    ModuleId::parse(module)
        .map(|_| ())
        .map_err(|error| invalid_content(format!("{module:?} is no module id: {error}.")))
}

fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, HubError> {
    value
        .as_object()
        .ok_or_else(|| invalid_content(format!("{name} must be an object.")))
}

/// The parts of one twin's content: where below `properties.desired`, and what. Each is legal
/// by itself.
pub fn parts(content: &Map<String, Value>) -> Result<Vec<(Vec<String>, &Value)>, HubError> {
    let mut parts = Vec::with_capacity(content.len());
    for (key, value) in content {
        let Some(rest) = key.strip_prefix(DESIRED) else {
            return Err(illegal_key(key));
        };
        let path: Vec<String> = match rest.strip_prefix('.') {
            None if rest.is_empty() => Vec::new(),
            None => return Err(illegal_key(key)),
            Some(rest) => rest.split('.').map(str::to_owned).collect(),
        };
        if path.iter().any(String::is_empty) {
            return Err(illegal_key(key));
        }
        let mut tree = Map::new();
        if path.is_empty() {
            tree.clone_from(object(value, key)?);
        } else {
            merge::insert(&mut tree, &path, value);
        }
        limits::check_patch(SectionName::Desired, &tree)
            .map_err(|error| invalid_content(error.message))?;
        parts.push((path, value));
    }
    Ok(parts)
}

fn illegal_key(key: &str) -> HubError {
    invalid_content(format!(
        "{key:?} must be {DESIRED} or {DESIRED}.<path>; nothing else can be written."
    ))
}

fn leaves_of(
    namespace: &str,
    content: &Map<String, Value>,
    leaves: &mut Vec<Leaf>,
) -> Result<(), HubError> {
    let first = leaves.len();
    for (path, value) in parts(content)? {
        let mut place = vec![namespace.to_owned()];
        place.extend(path);
        flatten(place, value, leaves);
    }
    let mut tree = Map::new();
    for leaf in leaves.iter().skip(first) {
        merge::insert(&mut tree, leaf.path(), &leaf.value);
    }
    limits::check_size(SectionName::Desired, &tree).map_err(|error| invalid_content(error.message))
}

/// The leaves of a value whose depth was checked.
pub fn flatten(place: Vec<String>, value: &Value, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (name, value) in inner {
                let mut place = place.clone();
                place.push(name.clone());
                flatten(place, value, leaves);
            }
        }
        value => leaves.push(Leaf {
            place,
            value: value.clone(),
        }),
    }
}

/// A merge patch that makes `current` what `wanted` is, for content that replaces.
pub fn replacing(current: Option<&Value>, wanted: &Value) -> Value {
    let (Some(Value::Object(current)), Value::Object(wanted)) = (current, wanted) else {
        return wanted.clone();
    };
    let mut patch = Map::new();
    for key in current.keys().filter(|key| !wanted.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in wanted {
        patch.insert(key.clone(), replacing(current.get(key), value));
    }
    Value::Object(patch)
}
