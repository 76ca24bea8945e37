//! Logs of what happened to a fleet, lived through again by a hub in virtual time, and the
//! alerts that must have come of it.
//!
//! A line is `seconds who what`; `expect` lines name each alert that there is at the end:
//!
//! ```text
//! # anything
//! 0     pump-{1..500}  create {"site":"s1","heartbeatSeconds":60}
//! 5     pump-{1..500}  connect
//! 60    pump-7         message
//! 90    pump-{1..500}  drop
//! 95    pump-8         report {"iothubDM":{"reboot":{"status":"failed"}}}
//! 100   pump-9         wrongKey
//! 100   hub            put /api/v1/alert-rules/hot {"condition":"tags.a = 1"}
//! 900   hub            end
//! expect heartbeatMissed site=s1 open attention 500
//! ```
//!
//! An expected alert has its rule, its subject (`name=value`), its state, `attention` or
//! `quiet`, and of a group how many devices are in it. With `+` before the seconds a line
//! befalls the devices of a range one after the other, each so much later.

use crate::alarming::{alerts, habits, key_of, post_nothing, publish};
use crate::configuring;
use crate::device::Action;
use crate::rest::Rest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Lives through a log; the alerts that there are at its end and those that were expected.
///
/// # Panics
/// If a line makes no sense, or the hub refuses it.
pub fn replay(log: &str) -> (Vec<String>, Vec<String>) {
    let mut hub = Rest::default();
    let mut devices = BTreeMap::new();
    let mut expected = Vec::new();
    let mut happenings = Vec::new();
    for line in log.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(alert) = line.strip_prefix("expect ") {
            expected.push(alert.split_whitespace().collect::<Vec<_>>().join(" "));
            continue;
        }
        let (time, rest) = line.split_once(char::is_whitespace).expect("a time");
        let (who, what) = rest.trim().split_once(char::is_whitespace).expect("who");
        let (from, step) = match time.split_once('+') {
            Some((from, step)) => (seconds(from), seconds(step)),
            None => (seconds(time), 0),
        };
        for (place, who) in (0..).zip(names(who)) {
            happenings.push((from + place * step, who, what.trim()));
        }
    }
    // Of one moment in the order of the lines.
    happenings.sort_by_key(|(at, ..)| *at);
    let begin = hub.0.world().network.now / 1000;
    for (at, who, what) in happenings {
        let wait = begin + at - hub.0.world().network.now / 1000;
        if wait > 0 {
            hub.0.run(wait);
        }
        happen(&mut hub, &mut devices, &who, what);
    }
    let mut found: Vec<String> = alerts(&mut hub, "").iter().map(shown).collect();
    found.sort();
    expected.sort();
    (found, expected)
}

/// Milliseconds.
fn seconds(text: &str) -> i64 {
    let seconds: f64 = text.parse().expect("seconds");
    (seconds * 1_000.0) as i64
}

/// `pump-{1..3}` stands for three.
fn names(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return vec![pattern.to_owned()];
    };
    let (range, after) = rest.split_once('}').expect("a range ends");
    let (from, to) = range.split_once("..").expect("a range");
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let all = number(from)..=number(to);
    all.map(|place| format!("{before}{place}{after}")).collect()
}

fn happen(hub: &mut Rest, devices: &mut BTreeMap<String, usize>, who: &str, what: &str) {
    let (what, detail) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
    let device = devices.get(who).copied();
    let known = || device.unwrap_or_else(|| panic!("{who} was not created"));
    match what {
        "create" => {
            let device = hub.0.create_device(who, habits());
            devices.insert(who.to_owned(), device);
            let tags: Value = serde_json::from_str(detail).expect("tags");
            crate::alarming::tag(hub, who, tags);
        }
        "tag" => crate::alarming::tag(hub, who, serde_json::from_str(detail).expect("tags")),
        "connect" => {
            let device = known();
            hub.0.world_mut().devices[device].habits.reconnects = true;
            hub.0.world_mut().tell_device(device, 0, Action::Connect);
        }
        "message" => publish(hub, known()),
        "drop" => {
            let device = known();
            let mut world = hub.0.world_mut();
            world.devices[device].habits.reconnects = false;
            world.drop_device(device, true);
        }
        "report" => {
            configuring::report(hub, who, serde_json::from_str(detail).expect("a patch"));
        }
        "wrongKey" => assert_eq!(post_nothing(hub, who, "d3Jvbmcga2V5"), 401),
        "rightKey" => {
            let key = key_of(hub, who);
            assert_eq!(post_nothing(hub, who, &key), 204);
        }
        "put" => {
            let (path, body) = detail.split_once(char::is_whitespace).expect("a path");
            let body = serde_json::from_str(body).expect("a body");
            let reply = hub.put(path, None, body);
            assert!([200, 201].contains(&reply.status), "{:?}", reply.body);
        }
        "crash" => hub.0.world_mut().crash_process(),
        "end" => {}
        other => panic!("nobody knows {other:?}"),
    }
}

/// An alert as `expect` lines have it.
fn shown(alert: &Value) -> String {
    let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
    let subject = alert["subject"].as_object().expect("a subject");
    let first = ["deviceId", "jobId"].iter().find_map(|name| {
        let value = subject.get(*name)?.as_str()?;
        Some(format!("{name}={value}"))
    });
    let group = subject.iter().next();
    let group = group.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or("")));
    let attention = if alert["attention"] == json!(true) {
        "attention"
    } else {
        "quiet"
    };
    let mut shown = format!(
        "{} {} {} {attention}",
        text("rule"),
        first.or(group).unwrap_or_else(|| "hub".to_owned()),
        text("state"),
    );
    if let Some(count) = alert["deviceCount"].as_u64() {
        shown.push_str(&format!(" {count}"));
    }
    if alert["flapping"] == json!(true) {
        shown.push_str(" flapping");
    }
    shown
}
