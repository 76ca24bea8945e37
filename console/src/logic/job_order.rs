//! What a person asks of a scheduled job, as the hub takes it (`service.md` §10.1).

use super::number::decimal;
use super::time::{Millis, timestamp};
use serde_json::{Map, Value, json};

/// Longest id.
const MOST_ID: usize = 64;
/// Longest time a job may take.
const MOST_SECONDS: f64 = 2_592_000.0;
/// How far ahead a job may start.
const MOST_AHEAD: Millis = 168.0 * 3_600_000.0;
/// Most waves.
const MOST_WAVES: usize = 20;
/// Devices shown as a sample of a target.
pub const SAMPLE: usize = 8;

/// An id for a job that is thought of now: `job-20261126-131000`.
pub fn new_id(now: Millis) -> String {
    let moment: String = timestamp(now)
        .chars()
        .filter_map(|c| match c {
            'T' => Some('-'),
            c => c.is_ascii_digit().then_some(c),
        })
        .collect();
    format!("job-{moment}")
}

/// Whether the hub takes this id.
pub fn is_job_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MOST_ID
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-'_.".contains(&byte))
}

/// The condition as the hub takes it: an empty one means all devices.
pub fn condition(text: &str) -> &str {
    match text.trim() {
        "" => "*",
        some => some,
    }
}

/// Behind `FROM devices`: a condition, and another one that must hold too.
fn wanted(text: &str, too: &str) -> String {
    match (condition(text), too) {
        ("*", "") => String::new(),
        ("*", too) => format!(" WHERE {too}"),
        (own, "") => format!(" WHERE {own}"),
        (own, too) => format!(" WHERE ({own}) AND {too}"),
    }
}

/// Counts the devices of a target.
pub fn count_query(text: &str) -> String {
    format!("SELECT COUNT() AS n FROM devices{}", wanted(text, ""))
}

/// Counts those that are away.
pub fn offline_query(text: &str) -> String {
    let away = "connectionState = 'Disconnected'";
    format!("SELECT COUNT() AS n FROM devices{}", wanted(text, away))
}

/// The first devices of a target.
pub fn sample_query(text: &str) -> String {
    format!("SELECT * FROM devices{}", wanted(text, ""))
}

/// What is wrong with the patch of a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchProblem {
    /// It changes nothing.
    Empty,
    /// It has members besides `tags` and `properties.desired`.
    Foreign,
}

/// Whether a patch says something that a job can write.
pub fn check_patch(patch: &Value) -> Option<PatchProblem> {
    let Value::Object(members) = patch else {
        return Some(PatchProblem::Foreign);
    };
    let mut changes = 0;
    for (name, value) in members {
        let part = match (name.as_str(), value) {
            ("tags", Value::Object(tags)) => tags,
            ("properties", Value::Object(sections)) => {
                if sections.keys().any(|section| section != "desired") {
                    return Some(PatchProblem::Foreign);
                }
                match sections.get("desired") {
                    Some(Value::Object(desired)) => desired,
                    None => continue,
                    Some(_) => return Some(PatchProblem::Foreign),
                }
            }
            _ => return Some(PatchProblem::Foreign),
        };
        changes += part.len();
    }
    (changes == 0).then_some(PatchProblem::Empty)
}

/// The time a job may take, in seconds: an amount and one of `minutes`, `hours`, `days`.
pub fn lifetime(amount: &str, unit: &str) -> Option<u64> {
    let seconds = match unit {
        "minutes" => 60.0,
        "hours" => 3_600.0,
        _ => 86_400.0,
    };
    let whole: u32 = amount.trim().parse().ok().filter(|n| *n > 0)?;
    let total = f64::from(whole) * seconds;
    (total <= MOST_SECONDS).then_some(total as u64)
}

/// The largest unit that holds a time without a rest, and how many of it there are.
pub fn lifetime_words(seconds: u64) -> (u64, &'static str) {
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => (s / 86_400, "days"),
        s if s > 0 && s.is_multiple_of(3_600) => (s / 3_600, "hours"),
        s => (s.div_ceil(60), "minutes"),
    }
}

/// Whether a job may start at this time.
pub fn may_start(at: Millis, now: Millis) -> bool {
    at > now && at <= now + MOST_AHEAD
}

/// Shares that rise to 100, as in `5, 25, 100`.
pub fn read_waves(text: &str) -> Option<Vec<f64>> {
    let waves: Option<Vec<f64>> = text
        .split(',')
        .map(|part| decimal(part.trim().trim_end_matches('%').trim()))
        .collect();
    let waves = waves?;
    let rises = waves.iter().zip(waves.iter().skip(1)).all(|(a, b)| a < b);
    let fits = waves.first().is_some_and(|first| *first > 0.0)
        && waves.last() == Some(&100.0)
        && waves.len() <= MOST_WAVES;
    (rises && fits).then_some(waves)
}

/// A share above 0 and at most 100.
pub fn share(text: &str) -> Option<f64> {
    let number = decimal(text.trim())?;
    (number > 0.0 && number <= 100.0).then_some(number)
}

/// A whole number within a range.
pub fn whole(text: &str, low: u32, high: u32) -> Option<u32> {
    let number = text.trim().parse().ok()?;
    (low..=high).contains(&number).then_some(number)
}

/// What is done to each device.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Its twin is changed.
    Patch(Value),
    /// A method is called.
    Method {
        /// Its name.
        name: String,
        /// What it is given.
        payload: Option<Value>,
        /// Seconds for the answer.
        response: u32,
        /// Seconds for a device to connect.
        connect: u32,
    },
}

/// Waves of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Waves {
    /// Which share of all devices each one ends with.
    pub shares: Vec<f64>,
    /// Which share of a wave must succeed.
    pub success: f64,
    /// Minutes between waves; `None`: somebody resumes the job.
    pub pause: Option<u32>,
    /// The share of failures that stops the job, and how many must have ended before.
    pub stop: Option<(f64, u32)>,
}

/// A whole job.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is done.
    pub deed: Deed,
    /// To which devices.
    pub condition: String,
    /// When; `None`: at once.
    pub start: Option<Millis>,
    /// Seconds until no device is touched any more.
    pub lifetime: u64,
    /// In waves.
    pub waves: Option<Waves>,
}

impl Order {
    /// The body of `PUT /jobs/v2/{id}`.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        match &self.deed {
            Deed::Patch(patch) => {
                let mut update = json!({ "etag": "*" });
                if let (Value::Object(update), Value::Object(patch)) = (&mut update, patch) {
                    update.extend(patch.clone());
                }
                body.insert("type".to_owned(), json!("scheduleUpdateTwin"));
                body.insert("updateTwin".to_owned(), update);
            }
            Deed::Method {
                name,
                payload,
                response,
                connect,
            } => {
                body.insert("type".to_owned(), json!("scheduleDeviceMethod"));
                let mut method = json!({
                    "methodName": name,
                    "responseTimeoutInSeconds": response,
                    "connectTimeoutInSeconds": connect,
                });
                if let (Value::Object(method), Some(payload)) = (&mut method, payload) {
                    method.insert("payload".to_owned(), payload.clone());
                }
                body.insert("cloudToDeviceMethod".to_owned(), method);
            }
        }
        body.insert(
            "queryCondition".to_owned(),
            json!(condition(&self.condition)),
        );
        if let Some(start) = self.start {
            body.insert("startTime".to_owned(), json!(timestamp(start)));
        }
        body.insert("maxExecutionTimeInSeconds".to_owned(), json!(self.lifetime));
        if let Some(waves) = &self.waves {
            body.insert("rollout".to_owned(), waves.body());
        }
        Value::Object(body)
    }
}

impl Waves {
    fn body(&self) -> Value {
        let waves: Vec<Value> = self
            .shares
            .iter()
            .map(|share| json!({ "percent": share }))
            .collect();
        let pause = match self.pause {
            Some(minutes) => format!("PT{minutes}M"),
            None => "manual".to_owned(),
        };
        let mut body = json!({
            "waves": waves,
            "waveSuccessPercent": self.success,
            "pauseBetweenWaves": pause,
        });
        if let (Value::Object(body), Some((percent, least))) = (&mut body, self.stop) {
            body.insert(
                "abort".to_owned(),
                json!({ "failedPercent": percent, "minDevices": least }),
            );
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::super::time;
    use super::*;

    #[test]
    fn ids_are_those_of_the_hub() {
        let now = time::parse("2026-11-26T13:10:00Z").unwrap();
        assert_eq!(new_id(now), "job-20261126-131000");
        assert!(is_job_id(&new_id(now)));
        for bad in ["", "a b", "a/b", &"x".repeat(65)] {
            assert!(!is_job_id(bad), "{bad}");
        }
    }

    #[test]
    fn queries_ask_for_the_devices_of_the_condition() {
        assert_eq!(count_query(" "), "SELECT COUNT() AS n FROM devices");
        assert_eq!(sample_query("*"), "SELECT * FROM devices");
        assert_eq!(
            count_query("tags.a = 1 "),
            "SELECT COUNT() AS n FROM devices WHERE tags.a = 1"
        );
        assert_eq!(
            offline_query("tags.a = 1 OR tags.b = 2"),
            "SELECT COUNT() AS n FROM devices WHERE (tags.a = 1 OR tags.b = 2) \
             AND connectionState = 'Disconnected'"
        );
    }

    #[test]
    fn a_patch_holds_tags_and_desired_properties() {
        let check = |patch: Value| check_patch(&patch);
        assert_eq!(check(json!({ "tags": { "ring": null } })), None);
        assert_eq!(
            check(json!({ "tags": {}, "properties": { "desired": { "hz": 5 } } })),
            None
        );
        for empty in [
            json!({}),
            json!({ "tags": {} }),
            json!({ "properties": { "desired": {} } }),
        ] {
            assert_eq!(check(empty), Some(PatchProblem::Empty));
        }
        for foreign in [
            json!({ "hz": 5 }),
            json!({ "properties": { "reported": { "hz": 5 } } }),
            json!({ "properties": { "desired": 5 } }),
            json!([]),
        ] {
            assert_eq!(check(foreign), Some(PatchProblem::Foreign));
        }
    }

    #[test]
    fn times_have_bounds() {
        assert_eq!(lifetime(" 5 ", "minutes"), Some(300));
        assert_eq!(lifetime("30", "days"), Some(2_592_000));
        for (amount, unit) in [("31", "days"), ("0", "hours"), ("1.5", "hours"), ("", "x")] {
            assert_eq!(lifetime(amount, unit), None, "{amount} {unit}");
        }
        assert_eq!(lifetime_words(3_600), (1, "hours"));
        assert_eq!(lifetime_words(172_800), (2, "days"));
        assert_eq!(lifetime_words(90), (2, "minutes"));
        assert!(may_start(1_000.0, 0.0));
        assert!(!may_start(0.0, 1_000.0));
        assert!(!may_start(MOST_AHEAD + 2.0, 1.0));
    }

    #[test]
    fn waves_rise_to_all() {
        assert_eq!(read_waves("5, 25 %,100"), Some(vec![5.0, 25.0, 100.0]));
        assert_eq!(read_waves("100"), Some(vec![100.0]));
        for bad in ["", "5, 25", "25, 5, 100", "0, 100", "a, 100", "50, 50, 100"] {
            assert_eq!(read_waves(bad), None, "{bad}");
        }
        assert_eq!(share("95"), Some(95.0));
        assert_eq!(share("0"), None);
        assert_eq!(whole(" 7", 1, 10), Some(7));
        assert_eq!(whole("11", 1, 10), None);
    }

    #[test]
    fn orders_say_what_the_hub_reads() {
        let mut order = Order {
            deed: Deed::Patch(json!({ "tags": { "ring": "b" } })),
            condition: String::new(),
            start: None,
            lifetime: 300,
            waves: None,
        };
        assert_eq!(
            order.body(),
            json!({
                "type": "scheduleUpdateTwin",
                "updateTwin": { "etag": "*", "tags": { "ring": "b" } },
                "queryCondition": "*",
                "maxExecutionTimeInSeconds": 300,
            })
        );
        order.deed = Deed::Method {
            name: "reboot".to_owned(),
            payload: Some(json!({ "delay": 5 })),
            response: 30,
            connect: 0,
        };
        order.condition = "tags.site = 's1'".to_owned();
        order.start = time::parse("2027-03-01T01:00:00Z");
        order.waves = Some(Waves {
            shares: vec![5.0, 100.0],
            success: 95.0,
            pause: Some(30),
            stop: Some((10.0, 10)),
        });
        assert_eq!(
            order.body(),
            json!({
                "type": "scheduleDeviceMethod",
                "cloudToDeviceMethod": { "methodName": "reboot", "payload": { "delay": 5 },
                    "responseTimeoutInSeconds": 30, "connectTimeoutInSeconds": 0 },
                "queryCondition": "tags.site = 's1'",
                "startTime": "2027-03-01T01:00:00Z",
                "maxExecutionTimeInSeconds": 300,
                "rollout": { "waves": [{ "percent": 5.0 }, { "percent": 100.0 }],
                    "waveSuccessPercent": 95.0, "pauseBetweenWaves": "PT30M",
                    "abort": { "failedPercent": 10.0, "minDevices": 10 } },
            })
        );
    }
}
