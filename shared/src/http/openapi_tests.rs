//! The OpenAPI document against the code: whoever adds an operation, or changes who may use it,
//! is told here to say so in `console/static/openapi.json`.

use super::authorize::{Access, access};
use super::message::{Method, Request};
use super::operation::{ApiVersion, Operation};
use super::route::{route, template};
use crate::auth::role::Grant;
use crate::auth::{Rights, Role};
use crate::blob;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const DOCUMENT: &str = include_str!("../../../console/static/openapi.json");
/// Where the variants are read from, each with how its operations are written by `Debug`.
const VARIANTS: [(&str, &str, &str); 3] = [
    (include_str!("operation.rs"), "pub enum Operation {", ""),
    (
        include_str!("access_operation.rs"),
        "pub enum AccessOperation {",
        "Access(",
    ),
    (
        include_str!("routing_operation.rs"),
        "pub enum RoutingOperation {",
        "Routing(",
    ),
];
const METHODS: [(&str, Method); 6] = [
    ("get", Method::Get),
    ("head", Method::Head),
    ("put", Method::Put),
    ("post", Method::Post),
    ("patch", Method::Patch),
    ("delete", Method::Delete),
];

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// An operation as the document has it.
struct Described {
    path: String,
    method: Method,
    of: Value,
}

impl Described {
    /// The path with something in place of each parameter.
    fn example(&self) -> String {
        let segments = self.path.split('/').map(|segment| {
            if segment.starts_with('{') {
                "xyz"
            } else {
                segment
            }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The same with something else in one place.
    fn with_other_segment(&self, place: usize) -> String {
        let example = self.example();
        let mut segments: Vec<&str> = example.split('/').collect();
        segments[place] = "other";
        segments.join("/")
    }

    fn is_of_blobs(&self) -> bool {
        self.path.starts_with("/blobs/")
    }

    fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.path)
    }

    fn text(&self, member: &str) -> &str {
        self.of[member].as_str().unwrap_or_default()
    }

    fn status(&self, status: &str) -> bool {
        self.of["responses"].get(status).is_some()
    }

    /// Names of its parameters that stand in one place.
    fn parameters(&self, document: &Value, place: &str) -> Vec<String> {
        let listed = self.of["parameters"].as_array().cloned();
        let listed = listed.unwrap_or_default().into_iter();
        let whole = listed.map(|one| match one.get("$ref").and_then(Value::as_str) {
            Some(reference) => resolved(document, reference).clone(),
            None => one,
        });
        let there = whole.filter(|one| one["in"] == place);
        there
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }

    fn operation(&self) -> Operation {
        let found = route(self.method, &self.example());
        found.unwrap_or_else(|error| panic!("{}: {error:?}", self.name()))
    }
}

/// All that the document describes.
fn all(document: &Value) -> Vec<Described> {
    let mut found = Vec::new();
    for (path, verbs) in document["paths"].as_object().unwrap() {
        for (verb, of) in verbs.as_object().unwrap() {
            let known = METHODS.iter().find(|(name, _)| name == verb);
            let (_, method) = known.unwrap_or_else(|| panic!("{verb} of {path} is no verb"));
            found.push(Described {
                path: path.clone(),
                method: *method,
                of: of.clone(),
            });
        }
    }
    found
}

/// Those that the router knows; the blob store has one of its own.
fn routed(document: &Value) -> Vec<Described> {
    let all = all(document).into_iter();
    all.filter(|described| !described.is_of_blobs()).collect()
}

fn resolved<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let place = reference.strip_prefix('#').unwrap();
    let found = document.pointer(place);
    found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// `GetDevice` of `GetDevice(DeviceId(…))`; of a group its own, such as `Routing(Get`.
fn variant(operation: &Operation) -> String {
    let written = format!("{operation:?}");
    let group = VARIANTS
        .iter()
        .map(|(_, _, group)| *group)
        .find(|group| !group.is_empty() && written.starts_with(group));
    let group = group.unwrap_or_default();
    let rest = written.strip_prefix(group).unwrap();
    let end = rest.find(|next: char| !next.is_ascii_alphanumeric());
    format!("{group}{}", &rest[..end.unwrap_or(rest.len())])
}

#[test]
fn every_described_path_leads_to_an_operation_of_just_that_form() {
    for described in routed(&document()) {
        let operation = variant(&described.operation());
        let known = template(described.method, &described.example());
        let known: Vec<&str> = known.split('/').collect();
        let written: Vec<&str> = described.path.split('/').collect();
        assert_eq!(written.len(), known.len(), "{}", described.name());
        for (place, (written, known)) in written.iter().zip(&known).enumerate() {
            if written.starts_with('{') {
                assert_eq!(*known, "{}", "{}", described.name());
            } else if *known == "{}" {
                // A word in the place of an id: it has to be another operation than the id's.
                let other = described.with_other_segment(place);
                let other = route(described.method, &other).unwrap();
                assert_ne!(variant(&other), operation, "{}", described.name());
            } else {
                assert_eq!(written.to_ascii_lowercase(), *known);
            }
        }
    }
}

#[test]
fn every_operation_is_described() {
    let described = routed(&document());
    let described: BTreeSet<String> = described
        .iter()
        .map(|one| variant(&one.operation()))
        .collect();
    let mut variants = 0;
    for (source, head, group) in VARIANTS {
        let body = source.split_once(head).unwrap().1;
        let body = body.split_once("\n}\n").unwrap().0;
        let names = body.lines().filter_map(|line| {
            let name = line.strip_prefix("    ")?;
            let end = name.find(|next: char| !next.is_ascii_alphanumeric());
            let name = &name[..end.unwrap_or(name.len())];
            name.starts_with(|first: char| first.is_ascii_uppercase())
                .then_some(name)
        });
        for name in names.filter(|name| !["Access", "Routing"].contains(name)) {
            variants += 1;
            let name = format!("{group}{name}");
            assert!(described.contains(&name), "no path leads to {name}");
        }
    }
    assert!(variants > 150, "only {variants} variants were found");
}

#[test]
fn blobs_are_described_as_their_own_router_reads_them() {
    for described in all(&document()).iter().filter(|one| one.is_of_blobs()) {
        let place = blob::operation::place(&described.example()).unwrap();
        let query = if place.blob.is_none() {
            "restype=container"
        } else {
            ""
        };
        let request = Request {
            method: described.method,
            path: described.example(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            secure: true,
        };
        let read = blob::operation::operation(&request, &place);
        assert!(read.is_ok(), "{}: {read:?}", described.name());
        assert_eq!(described.text("x-required-role"), "signed URL");
    }
}

#[test]
fn the_api_version_is_asked_for_where_the_hub_asks_for_it() {
    let document = document();
    for described in routed(&document) {
        let reference = described.of["parameters"].as_array().and_then(|listed| {
            let references = listed.iter().filter_map(|one| one["$ref"].as_str());
            references
                .filter_map(|one| one.strip_prefix("#/components/parameters/ApiVersion"))
                .next()
        });
        let expected = match described.operation().api_version() {
            ApiVersion::Required => Some(""),
            ApiVersion::Optional => Some("OfDevices"),
            ApiVersion::None => None,
        };
        assert_eq!(reference, expected, "{}", described.name());
    }
    let required = |name: &str| document["components"]["parameters"][name].get("required");
    assert_eq!(required("ApiVersion"), Some(&Value::Bool(true)));
    assert_eq!(required("ApiVersionOfDevices"), None);
}

#[test]
fn who_may_is_what_the_hub_decides() {
    let document = document();
    let mut wrong = Vec::new();
    for described in routed(&document) {
        let name = described.name();
        let schemes: Vec<&str> = described
            .of
            .get("security")
            .unwrap_or(&document["security"])
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|one| one.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let role = described.text("x-required-role");
        let right = described.text("x-required-right");
        match access(&described.operation()) {
            Access::Open => assert_eq!((role, &*schemes), ("anyone", &[][..]), "{name}"),
            Access::Device => {
                let both = ["deviceToken", "clientCertificate"];
                assert_eq!((role, &*schemes), ("device", &both[..]), "{name}");
            }
            Access::BootstrapSecret => {
                let one = ["bootstrap"];
                assert_eq!((role, &*schemes), ("bootstrap", &one[..]), "{name}");
            }
            Access::SignedIn => {
                let one = ["session"];
                assert_eq!((role, &*schemes), ("signed in", &one[..]), "{name}");
            }
            Access::Granted(rights, action) => {
                let least = Role::ALL.into_iter().find(|role| role.can(action));
                let least = least.unwrap().as_str();
                if (role, right) != (least, &*right_name(rights)) {
                    wrong.push(format!("{name} takes {least}, {}", right_name(rights)));
                }
                let all = ["sharedAccessSignature", "apiToken", "session"];
                assert_eq!(schemes, all, "{name}");
                if Role::Operator.grant(action) == Grant::OnApproval {
                    assert!(described.status("202"), "{name} may have to be approved");
                }
            }
        }
        let is_open = access(&described.operation()) == Access::Open;
        assert!(is_open || described.status("401"), "{name}");
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn right_name(rights: Rights) -> String {
    match rights {
        Rights::ALL => "all".to_owned(),
        Rights::READ_CONFIGURATIONS => "RegistryRead or ServiceConnect".to_owned(),
        rights => rights.to_string(),
    }
}

#[test]
fn the_document_holds_together() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        resolved(&document, reference);
    }
    for (kind, parts) in document["components"].as_object().unwrap() {
        let is_used = |name: &String| {
            kind == "securitySchemes" || found.contains(&format!("#/components/{kind}/{name}"))
        };
        let unused: Vec<&String> = parts
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| !is_used(name))
            .collect();
        assert!(unused.is_empty(), "nothing uses these {kind}: {unused:?}");
    }

    let tags = document["tags"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for described in all(&document) {
        let name = described.name();
        assert!(
            names.insert(described.text("operationId").to_owned()),
            "{name}"
        );
        let of = described.of["tags"].as_array().unwrap();
        assert!(
            of.len() == 1 && tags.iter().any(|tag| tag["name"] == of[0]),
            "{name}"
        );
        let summary = described.text("summary");
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{name}");

        let written = described.path.split('/').filter_map(|segment| {
            let inner = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some(inner.to_owned())
        });
        let written: Vec<String> = written.collect();
        assert_eq!(described.parameters(&document, "path"), written, "{name}");
        let query = described.parameters(&document, "query");
        let once: BTreeSet<&String> = query.iter().collect();
        assert_eq!(once.len(), query.len(), "{name}");

        let responses = described.of["responses"].as_object().unwrap();
        let works = |status: &String| status.starts_with('2') || status == "101";
        assert!(responses.keys().any(works), "{name} never works");
        for (status, answer) in responses {
            let whole = answer.get("$ref").and_then(Value::as_str);
            let whole = whole.map_or(answer, |reference| resolved(&document, reference));
            check_answer(whole.as_object().unwrap(), &format!("{name} {status}"));
        }
    }
}

fn check_answer(answer: &Map<String, Value>, name: &str) {
    let description = answer.get("description").and_then(Value::as_str);
    assert!(description.is_some_and(|text| !text.is_empty()), "{name}");
    for (kind, content) in answer
        .get("content")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        assert!(
            kind.contains('/') && content.get("schema").is_some(),
            "{name}"
        );
    }
}
