//! A policy's document, read and checked (`device-management.md` §4.2).

use super::concurrency::{Concurrency, Most};
use super::gate::{Gate, OnUnknown, Test};
use super::geofence::Geofence;
use super::step::{Action, Step};
use super::window::{DAYS, MAX_MINUTES, Window, Zone};
use super::zones::Zones;
use crate::error::HubError;
use crate::query::ast::Expression;
use crate::query::{matches, parse_condition};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// Bytes of one policy.
const MAX_POLICY_BYTES: usize = 8 * 1024;
/// Windows, blackouts, gates and steps of one policy, each.
const MAX_MEMBERS: usize = 20;
const MAX_ID: usize = 64;
const MAX_REASON: usize = 256;
/// The longest that anything may take, in seconds: a month.
const MAX_SECONDS: i64 = 31 * 24 * 3600;

/// A time in which nothing may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blackout {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) reason: String,
}

/// Which steps a policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    Everything,
    Method(String),
    TwinUpdates,
    Configurations,
}

/// What becomes of a device that was held for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnHoldTimeout {
    /// Its part of the job has failed.
    Fail,
    /// It waits on, to the end of the job.
    Wait,
}

/// A policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Where it stands in explanations; the higher, the earlier.
    pub priority: i64,
    /// Whom it is about, as it is written.
    pub(super) target_text: String,
    /// The same, read; `None`: every device.
    target: Option<Expression>,
    applies_to: Vec<Scope>,
    pub(super) windows: Vec<Window>,
    pub(super) blackouts: Vec<Blackout>,
    pub(super) gates: Vec<Gate>,
    pub(super) max_concurrent: Option<Concurrency>,
    /// How long a window must stay open, if that is not for the step to say.
    pub(super) min_remaining: Option<i64>,
    /// How long a device may be held, in seconds, and what comes then.
    pub hold_timeout: Option<(i64, OnHoldTimeout)>,
    /// Whether devices get it in their desired properties.
    pub push_to_device: bool,
}

impl Policy {
    /// Reads a document.
    pub fn read(document: &Value) -> Result<Self, HubError> {
        let members = document
            .as_object()
            .ok_or_else(|| HubError::invalid("A policy must be a JSON object."))?;
        let size = document.json_text().len();
        if size > MAX_POLICY_BYTES {
            return Err(HubError::invalid(format!(
                "The policy has {size} bytes; at most {MAX_POLICY_BYTES} are allowed."
            )));
        }
        let known = [
            "id",
            "targetCondition",
            "priority",
            "appliesTo",
            "windows",
            "blackouts",
            "gates",
            "maxConcurrent",
            "minRemainingSeconds",
            "holdTimeoutSeconds",
            "onHoldTimeout",
            "pushToDevice",
            "version",
            "etag",
        ];
        if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
            // A rule that is silently not applied is worse than none.
            return Err(wrong(other, "policies have no such member"));
        }
        let id = text(members, "id")?.unwrap_or_default();
        if id.is_empty()
            || id.len() > MAX_ID
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(wrong(
                "id",
                "it has 1 to 64 lower-case letters, digits and hyphens",
            ));
        }
        let target_text = text(members, "targetCondition")?.unwrap_or("*");
        let target = match target_text.trim() {
            "*" => None,
            condition => Some(
                parse_condition(condition)
                    .map_err(|error| wrong("targetCondition", &error.to_string()))?,
            ),
        };
        let scopes = list(members, "appliesTo")?;
        if scopes.is_empty() {
            return Err(wrong("appliesTo", "it must name at least one kind of step"));
        }
        let timeout = seconds(members, "holdTimeoutSeconds")?;
        let on_timeout = match text(members, "onHoldTimeout")? {
            None | Some("fail") => OnHoldTimeout::Fail,
            Some("wait") => OnHoldTimeout::Wait,
            Some(_) => return Err(wrong("onHoldTimeout", "it must be fail or wait")),
        };
        Ok(Self {
            id: id.to_owned(),
            target_text: target_text.to_owned(),
            priority: whole(members, "priority")?.unwrap_or(0),
            target,
            applies_to: scopes.iter().map(scope).collect::<Result<_, _>>()?,
            windows: each(members, "windows", window)?,
            blackouts: each(members, "blackouts", blackout)?,
            gates: each(members, "gates", gate)?,
            max_concurrent: match members.get("maxConcurrent") {
                None | Some(Value::Null) => None,
                Some(Value::Object(most)) => Some(max_concurrent(most)?),
                Some(_) => return Err(wrong("maxConcurrent", "it is an object")),
            },
            min_remaining: seconds(members, "minRemainingSeconds")?,
            hold_timeout: timeout.map(|seconds| (seconds, on_timeout)),
            push_to_device: flag(members, "pushToDevice")?.unwrap_or(false),
        })
    }

    /// Whether it has a say in a step on the device with this twin.
    pub(super) fn is_about(&self, step: &Step<'_>, twin: &Value) -> bool {
        self.names(step) && self.targets(twin)
    }

    /// Whether the device with this twin is one of its targets.
    pub(super) fn targets(&self, twin: &Value) -> bool {
        matches(self.target.as_ref(), twin)
    }

    /// Whether it has a say in such a step.
    pub(super) fn names(&self, step: &Step<'_>) -> bool {
        self.applies_to
            .iter()
            .any(|scope| match (scope, step.action) {
                (Scope::Everything, _) => true,
                (Scope::Method(name), Action::Method(method)) => name == method,
                (Scope::TwinUpdates, Action::TwinUpdate)
                | (Scope::Configurations, Action::Configuration) => step.is_disruptive,
                _ => false,
            })
    }

    /// Whether it names this method, and not just everything.
    pub fn names_method(&self, method: &str) -> bool {
        let is_it = |scope: &Scope| matches!(scope, Scope::Method(name) if name == method);
        self.applies_to.iter().any(is_it)
    }
}

/// Checks a policy that somebody wants to keep: also that its zones exist.
pub fn check(document: &Value, now: Timestamp, zones: &dyn Zones) -> Result<Policy, HubError> {
    let policy = Policy::read(document)?;
    for window in &policy.windows {
        if let Zone::Named(zone) = &window.zone
            && zones.offset(zone, now).is_none()
        {
            return Err(wrong(
                "windows.timezone",
                &format!(
                    "{zone:?} is no time zone; write one of the IANA database, such as Europe/Oslo"
                ),
            ));
        }
    }
    Ok(policy)
}

fn wrong(member: &str, why: &str) -> HubError {
    let mut text = format!("{member}: {why}");
    text.truncate(text.floor_char_boundary(MAX_REASON * 2));
    HubError::invalid(format!("The policy is not valid: {text}."))
}

fn scope(value: &Value) -> Result<Scope, HubError> {
    let text = value.as_str().unwrap_or_default();
    match text {
        "*" => Ok(Scope::Everything),
        "twinUpdate:disruptive" => Ok(Scope::TwinUpdates),
        "configuration:disruptive" => Ok(Scope::Configurations),
        _ => match text.strip_prefix("method:") {
            Some(name) if !name.is_empty() => Ok(Scope::Method(name.to_owned())),
            _ => Err(wrong(
                "appliesTo",
                "its members are method:NAME, twinUpdate:disruptive, configuration:disruptive and *",
            )),
        },
    }
}

fn window(members: &Map<String, Value>) -> Result<Window, HubError> {
    let days = list(members, "days")?
        .iter()
        .map(|day| {
            let name = day.as_str().unwrap_or_default();
            (0..)
                .zip(DAYS)
                .find(|(_, known)| known.eq_ignore_ascii_case(name))
                .map(|(place, _)| place)
                .ok_or_else(|| {
                    wrong(
                        "windows.days",
                        "days are mon, tue, wed, thu, fri, sat and sun",
                    )
                })
        })
        .collect::<Result<_, _>>()?;
    let start = text(members, "start")?.unwrap_or_default();
    let clock = start.split_once(':').and_then(|(hours, minutes)| {
        let part = |text: &str, below: i64| {
            let number: i64 = text.parse().ok()?;
            (text.len() == 2 && (0..below).contains(&number)).then_some(number)
        };
        Some(part(hours, 24)? * 60 + part(minutes, 60)?)
    });
    let minutes = whole(members, "durationMinutes")?.unwrap_or(0);
    if !(1..=MAX_MINUTES).contains(&minutes) {
        return Err(wrong(
            "windows.durationMinutes",
            "a window lasts 1 to 10080 minutes",
        ));
    }
    let zone = match text(members, "timezone")? {
        None => Zone::Named("UTC".to_owned()),
        Some("device") => Zone::OfDevice,
        Some(zone) => Zone::Named(zone.to_owned()),
    };
    Ok(Window {
        days,
        start: clock.ok_or_else(|| wrong("windows.start", "it is a time such as 01:30"))?,
        minutes,
        zone,
    })
}

fn blackout(members: &Map<String, Value>) -> Result<Blackout, HubError> {
    let time = |name: &str| {
        let text = text(members, name)?.unwrap_or_default();
        Timestamp::parse(text).ok_or_else(|| {
            wrong(
                &format!("blackouts.{name}"),
                "it is a time such as 2026-12-20T00:00:00Z",
            )
        })
    };
    let (from, to) = (time("from")?, time("to")?);
    if to <= from {
        return Err(wrong("blackouts.to", "it must be later than from"));
    }
    Ok(Blackout {
        from,
        to,
        reason: short(members, "reason")?.unwrap_or_else(|| "blackout".to_owned()),
    })
}

fn gate(members: &Map<String, Value>) -> Result<Gate, HubError> {
    let id = short(members, "id")?.filter(|id| !id.is_empty());
    let on_unknown = match text(members, "onUnknown")? {
        None | Some("hold") => OnUnknown::Hold,
        Some("pass") => OnUnknown::Pass,
        Some("fail") => OnUnknown::Fail,
        Some(_) => return Err(wrong("gates.onUnknown", "it must be hold, pass or fail")),
    };
    let test = match (text(members, "expr")?, members.get("geofence")) {
        (Some(condition), None) => Test::Condition(
            parse_condition(condition).map_err(|error| wrong("gates.expr", &error.to_string()))?,
        ),
        (None, Some(Value::Object(fence))) => Test::Place(geofence(fence)?),
        _ => return Err(wrong("gates", "each has either expr or geofence")),
    };
    Ok(Gate {
        id: id.ok_or_else(|| wrong("gates.id", "each gate has one"))?,
        test,
        max_age: seconds(members, "maxAgeSeconds")?,
        on_unknown,
    })
}

fn max_concurrent(members: &Map<String, Value>) -> Result<Concurrency, HubError> {
    let percent = members.get("percent").and_then(Value::as_f64);
    let most = match (percent, whole(members, "count")?) {
        (Some(percent), None) if percent > 0.0 && percent <= 100.0 => Most::Percent(percent),
        (None, Some(count)) if count > 0 => Most::Count(count.unsigned_abs()),
        _ => {
            return Err(wrong(
                "maxConcurrent",
                "it has either percent, more than 0 and at most 100, or count, at least 1",
            ));
        }
    };
    Concurrency::new(most, text(members, "groupBy")?)
        .map_err(|why| wrong("maxConcurrent.groupBy", &why))
}

fn geofence(members: &Map<String, Value>) -> Result<Geofence, HubError> {
    let center: Vec<f64> = list(members, "center")?
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let [north, east] = center.as_slice() else {
        return Err(wrong(
            "gates.geofence.center",
            "it is [latitude, longitude]",
        ));
    };
    let radius = members.get("radiusMeters").and_then(Value::as_f64);
    match radius {
        Some(radius_meters)
            if radius_meters > 0.0 && north.abs() <= 90.0 && east.abs() <= 180.0 =>
        {
            Ok(Geofence {
                center: (*north, *east),
                radius_meters,
                inside: flag(members, "inside")?.unwrap_or(true),
            })
        }
        _ => Err(wrong(
            "gates.geofence",
            "radiusMeters is greater than 0, latitudes are within 90 and longitudes within 180 degrees",
        )),
    }
}

fn each<T>(
    members: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Map<String, Value>) -> Result<T, HubError>,
) -> Result<Vec<T>, HubError> {
    list(members, name)?
        .iter()
        .map(|member| match member {
            Value::Object(member) => read(member),
            _ => Err(wrong(name, "its members are objects")),
        })
        .collect()
}

fn list<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], HubError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) if list.len() <= MAX_MEMBERS => Ok(list),
        Some(_) => Err(wrong(
            name,
            &format!("it is a list of at most {MAX_MEMBERS} members"),
        )),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, HubError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "it is a text")),
    }
}

fn short(members: &Map<String, Value>, name: &str) -> Result<Option<String>, HubError> {
    let text = text(members, name)?;
    match text {
        Some(text) if text.len() > MAX_REASON => {
            Err(wrong(name, &format!("it has at most {MAX_REASON} bytes")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn whole(members: &Map<String, Value>, name: &str) -> Result<Option<i64>, HubError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| wrong(name, "it is a whole number")),
    }
}

fn seconds(members: &Map<String, Value>, name: &str) -> Result<Option<i64>, HubError> {
    match whole(members, name)? {
        Some(seconds) if !(0..=MAX_SECONDS).contains(&seconds) => Err(wrong(
            name,
            &format!("it is within 0 and {MAX_SECONDS} seconds"),
        )),
        seconds => Ok(seconds),
    }
}

fn flag(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, HubError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(wrong(name, "it is true or false")),
    }
}
