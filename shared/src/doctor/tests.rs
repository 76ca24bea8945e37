use super::diagnosis::{Known, diagnose};
use super::ends::{self, End};
use super::incident::{self, Tally};
use super::reason::{self, Kind};
use crate::mqtt::malformed::MalformedPacket;
use crate::mqtt::topic::TopicError;
use crate::time::Timestamp;
use serde_json::Value;

const NOW: i64 = 1_800_000_000;

fn at(seconds_ago: i64) -> Timestamp {
    Timestamp::from_milliseconds((NOW - seconds_ago) * 1_000)
}

fn end(seconds_ago: i64, reason: &'static str, seconds: i64) -> End<'static> {
    End {
        time: at(seconds_ago),
        reason,
        packet: "",
        seconds,
    }
}

fn known<'a>(ends: &'a [End<'a>], refusals: &'a [(Timestamp, String)]) -> Known<'a> {
    Known {
        now: at(0),
        enabled: true,
        connected: false,
        session_since: ends.first().map(|end| end.time),
        ends,
        refusals,
    }
}

fn codes(known: &Known<'_>) -> Vec<String> {
    let found = diagnose(known);
    let text = |value: &Value| value["code"].as_str().unwrap().to_owned();
    found.iter().map(text).collect()
}

#[test]
fn ten_ends_are_kept_and_come_back_as_they_were() {
    let mut text = String::new();
    for number in 0..25 {
        let packet = if number % 2 == 0 { "PUBLISH" } else { "" };
        let new = End {
            packet,
            ..end(100 - number, "qosNotSupported", number)
        };
        text = ends::with(&text, &new);
    }
    let read = ends::read(&text);
    assert_eq!(read.len(), 10);
    assert_eq!(
        read[0],
        End {
            packet: "PUBLISH",
            ..end(76, "qosNotSupported", 24)
        }
    );
    assert_eq!(read[9].seconds, 15);
    assert_eq!(read[9].packet, "");
    assert!(text.len() < 600, "{}", text.len());
    assert!(ends::read("what is this\n12 a").is_empty());
}

#[test]
fn every_broken_rule_has_a_sentence_and_is_a_protocol_error() {
    let words = MalformedPacket::ALL.iter().map(|rule| rule.code());
    let words = words.chain(TopicError::ALL.iter().map(|rule| rule.code()));
    for word in words.chain([
        "qosNotSupported",
        "twinGetWithoutRequestId",
        "protocolError",
    ]) {
        assert_eq!(reason::kind(word), Kind::Protocol, "{word}");
        assert!(reason::detail(word, "PUBLISH").contains(' '), "{word}");
        assert_ne!(reason::detail(word, ""), word);
    }
    assert_eq!(
        reason::detail("qosNotSupported", "PUBLISH"),
        "PUBLISH: QoS 2 is not supported; publish with QoS 0 or 1"
    );
    assert!(reason::detail("protocolError", "PUBREL").starts_with("PUBREL: it belongs to QoS 2"));
    assert!(reason::detail("protocolError", "CONNECT").contains("second CONNECT"));
}

#[test]
fn take_overs_close_together_are_a_clash() {
    let ends = [
        end(10, "takenOver", 9),
        end(20, "takenOver", 8),
        end(590, "takenOver", 30),
    ];
    assert_eq!(codes(&known(&ends, &[])), ["identityClash"]);
    let spread = [
        end(10, "takenOver", 9),
        end(20, "takenOver", 8),
        end(650, "takenOver", 30),
    ];
    assert_eq!(codes(&known(&spread, &[])), ["notConnected"]);
    // A device that comes back over a network that dropped it takes its own session over.
    let long = [
        end(10, "takenOver", 300),
        end(310, "takenOver", 200),
        end(590, "takenOver", 500),
    ];
    assert_eq!(codes(&known(&long, &[])), ["notConnected"]);
}

#[test]
fn many_ends_close_together_are_flapping_unless_they_are_a_clash() {
    let lost: Vec<End> = (0..5).map(|n| end(n * 60, "connectionLost", 50)).collect();
    assert_eq!(codes(&known(&lost, &[])), ["flapping"]);
    let clash: Vec<End> = (0..5).map(|n| end(n * 60, "takenOver", 50)).collect();
    assert_eq!(codes(&known(&clash, &[])), ["identityClash"]);
}

#[test]
fn each_cause_is_named() {
    for (reason, code) in [
        ("tokenExpired", "tokenExpires"),
        ("certificateExpired", "certificateExpires"),
        ("keepAliveExpired", "keepAlive"),
        ("throttled", "throttled"),
        ("unknownTopic", "protocolError"),
        ("utf8", "protocolError"),
        ("connectionLost", "notConnected"),
        ("clientDisconnected", "notConnected"),
    ] {
        assert_eq!(
            codes(&known(&[end(60, reason, 60)], &[])),
            [code],
            "{reason}"
        );
        let old = [end(100_000, reason, 60)];
        let found = codes(&Known {
            connected: true,
            ..known(&old, &[])
        });
        assert_eq!(found, ["healthy"], "{reason} is long ago");
    }
    assert_eq!(codes(&known(&[], &[])), ["neverConnected"]);
    let disabled = Known {
        enabled: false,
        ..known(&[], &[])
    };
    assert_eq!(codes(&disabled), ["disabled"]);
}

#[test]
fn a_refusal_counts_until_the_device_came_in() {
    let refusals = [(at(30), "the SAS token has expired".to_owned())];
    let ends = [end(60, "clientDisconnected", 5)];
    let found = diagnose(&known(&ends, &refusals));
    assert_eq!(found[0]["code"], "wrongCredential");
    assert_eq!(
        found[0]["summary"],
        "The device was refused: the SAS token has expired."
    );
    let since = Known {
        session_since: Some(at(20)),
        ..known(&ends, &refusals)
    };
    assert_eq!(codes(&since), ["notConnected"]);
    // While it is connected, it was somebody else.
    let other = Known {
        connected: true,
        ..known(&ends, &refusals)
    };
    let found = diagnose(&other);
    assert!(
        found[0]["summary"]
            .as_str()
            .unwrap()
            .contains("another client is connected")
    );
    let disabled = [(at(30), super::diagnosis::DISABLED.to_owned())];
    let found = codes(&Known {
        enabled: false,
        ..known(&ends, &disabled)
    });
    assert_eq!(found, ["disabled"]);
}

#[test]
fn a_tally_counts_each_device_once_and_survives_storage() {
    let mut tally = Tally::default();
    for round in 0..3 {
        for device in 0..500 {
            tally.note(&format!("device-{device}"), at(100 - round));
        }
    }
    assert_eq!(tally.devices(), 500);
    assert_eq!(tally.examples.split(' ').count(), incident::EXAMPLES);
    let (marks, beyond) = tally.stored();
    let stored = Tally::from_stored(tally.first, tally.last, &marks, beyond, &tally.examples);
    assert_eq!(stored, tally);
    let mut sum = Tally::default();
    sum.merge(&tally);
    sum.merge(&stored);
    assert_eq!(sum, tally, "the same devices once more are no others");
    // What a tally cannot tell apart any more still counts.
    for device in 0..3_000 {
        sum.note(&format!("other-{device}"), at(0));
    }
    assert!(
        (3_400..=3_500).contains(&sum.devices()),
        "{}",
        sum.devices()
    );
    assert!(sum.stored().0.len() <= 8_000);
}

#[test]
fn causes_speak() {
    assert_eq!(incident::of_end("clientDisconnected", ""), None);
    assert_eq!(incident::of_end("deviceDisabled", ""), None);
    let cause = incident::of_end("qosNotSupported", "PUBLISH").unwrap();
    let (word, packet, summary, hint) = incident::words(&cause);
    assert_eq!((word, packet), ("qosNotSupported", "PUBLISH"));
    assert!(
        summary.contains("PUBLISH: QoS 2 is not supported"),
        "{summary}"
    );
    assert!(!hint.is_empty());
    let cause = incident::of_refusal("no such identity");
    assert_eq!(incident::words(&cause).0, "refused");
    // A stranger cannot make causes of its own.
    let one = incident::of_refusal("\"evil-1\" is not a name of this hub");
    let other = incident::of_refusal("\"evil-2\" is not a name of this hub");
    assert_eq!(one, other);
}
