//! Who is in a group and since when, folded from the events of a stream or read as a page. A
//! stream that begins anew tells everything again: until it is through, what was known stays.

use super::server_events::ServerEvent;
use super::time::{Millis, parse};
use serde_json::Value;
use shared::ordered::OrderedMap;

/// Devices with the time since when each is in the group, where that is known.
type Rows = OrderedMap<String, Option<Millis>>;

/// A device in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Who.
    pub id: String,
    /// Since when; `None` if the hub cannot tell.
    pub since: Option<Millis>,
}

/// What an event meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing that shows.
    Nothing,
    /// Something that shows.
    News,
    /// There is more than can be followed.
    TooMany,
}

/// The devices of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members {
    /// `None` until they were known once.
    rows: Option<Rows>,
    /// What a stream has told that is not through yet.
    coming: Option<Rows>,
    /// How many there are, if `rows` are only some of them.
    counted: Option<u64>,
}

impl Members {
    /// A stream begins, which tells everything.
    pub fn begin(&mut self) {
        self.coming = Some(Rows::new());
    }

    /// Takes an event of the stream (`README`, live queries).
    pub fn take(&mut self, event: &ServerEvent) -> Told {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let device = data.get("deviceId").and_then(Value::as_str);
        match (event.name.as_str(), device) {
            ("entered" | "changed", Some(device)) => {
                let since = data.get("row").and_then(since);
                self.told_rows().insert(device.to_owned(), since);
            }
            ("left", Some(device)) => {
                self.told_rows().remove(device);
            }
            ("current", _) => {
                if let Some(rows) = self.coming.take() {
                    self.rows = Some(rows);
                    self.counted = None;
                }
            }
            ("tooLarge", _) => return Told::TooMany,
            _ => return Told::Nothing,
        }
        // What comes before the first `current` is only part of the truth.
        if self.coming.is_some() {
            Told::Nothing
        } else {
            Told::News
        }
    }

    fn told_rows(&mut self) -> &mut Rows {
        match &mut self.coming {
            Some(coming) => coming,
            None => self.rows.get_or_insert_default(),
        }
    }

    /// Takes what a page of the query holds; `count` if there is more than the page.
    pub fn replace(&mut self, rows: &[Value], count: Option<u64>) {
        let named = rows.iter().filter_map(|row| {
            let device = row.get("deviceId").and_then(Value::as_str)?;
            Some((device.to_owned(), since(row)))
        });
        self.rows = Some(named.collect());
        self.coming = None;
        self.counted = count;
    }

    /// How many; `None` if nobody knows yet.
    pub fn count(&self) -> Option<u64> {
        let known = self.rows.as_ref()?.len() as u64;
        Some(self.counted.map_or(known, |count| count.max(known)))
    }

    /// Whether only some of them are known by name.
    pub fn is_partial(&self) -> bool {
        let known = self.rows.as_ref().map_or(0, OrderedMap::len) as u64;
        self.counted.is_some_and(|count| count > known)
    }

    /// Since when the one is in it that is in it longest.
    pub fn oldest(&self) -> Option<Millis> {
        let times = self.rows.iter().flat_map(OrderedMap::values).flatten();
        times.copied().min_by(f64::total_cmp)
    }

    /// The first ones by age, oldest first; those whose time nobody knows come last.
    pub fn first(&self, most: usize) -> Vec<Member> {
        let rank = |member: &Member| member.since.unwrap_or(f64::INFINITY);
        let mut first: Vec<Member> = Vec::with_capacity(most + 1);
        for (id, since) in self.rows.iter().flatten() {
            let member = Member {
                id: id.clone(),
                since: *since,
            };
            // Rows come in order of id, so equal times keep that order.
            let place = first.partition_point(|known| rank(known) <= rank(&member));
            if place < most {
                first.insert(place, member);
                first.truncate(most);
            }
        }
        first
    }
}

/// The latest of the times of a row. Times that were never set do not count.
fn since(row: &Value) -> Option<Millis> {
    let members = row.as_object()?.iter();
    members
        .filter(|(name, _)| name.starts_with("since"))
        .filter_map(|(_, value)| parse(value.as_str()?))
        .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(name: &str, data: Value) -> ServerEvent {
        ServerEvent {
            name: name.to_owned(),
            data: data.to_string(),
        }
    }

    fn minute(n: u32) -> String {
        format!("2026-11-01T10:{n:02}:00Z")
    }

    fn entered(id: &str, n: u32) -> ServerEvent {
        let row = json!({ "deviceId": id, "since1": minute(n) });
        event("entered", json!({ "deviceId": id, "row": row }))
    }

    fn current() -> ServerEvent {
        event("current", json!({ "count": 0 }))
    }

    fn ids(members: &Members, most: usize) -> Vec<String> {
        members.first(most).into_iter().map(|m| m.id).collect()
    }

    fn followed() -> Members {
        let mut members = Members::default();
        members.begin();
        for (id, n) in [("b", 20), ("a", 20), ("c", 5)] {
            assert_eq!(members.take(&entered(id, n)), Told::Nothing);
        }
        assert_eq!(members.count(), None, "not before it is through");
        assert_eq!(members.take(&current()), Told::News);
        members
    }

    #[test]
    fn devices_enter_change_and_leave() {
        let mut members = followed();
        assert_eq!(members.count(), Some(3));
        assert_eq!(ids(&members, 5), ["c", "a", "b"]);
        assert_eq!(members.oldest(), parse(&minute(5)));
        assert_eq!(members.take(&entered("d", 1)), Told::News);
        assert_eq!(ids(&members, 2), ["d", "c"]);
        let row = json!({ "deviceId": "d", "row": { "since1": minute(40) } });
        assert_eq!(members.take(&event("changed", row)), Told::News);
        assert_eq!(ids(&members, 9), ["c", "a", "b", "d"]);
        let left = event("left", json!({ "deviceId": "c" }));
        assert_eq!(members.take(&left), Told::News);
        assert_eq!(members.count(), Some(3));
        // The hub compared everything anew and found nothing else.
        assert_eq!(members.take(&current()), Told::News);
        assert_eq!(members.count(), Some(3));
    }

    #[test]
    fn a_stream_that_begins_anew_leaves_what_was_known_until_it_is_through() {
        let mut members = followed();
        members.begin();
        members.take(&entered("z", 1));
        assert_eq!(members.count(), Some(3));
        assert_eq!(ids(&members, 1), ["c"]);
        members.take(&current());
        assert_eq!(ids(&members, 5), ["z"]);
        // It broke within the first rows.
        members.begin();
        members.take(&entered("y", 1));
        members.begin();
        members.take(&current());
        assert_eq!(members.count(), Some(0));
        assert_eq!(members.oldest(), None);
    }

    #[test]
    fn since_is_the_latest_time_that_was_ever_set() {
        let rows = [
            json!({ "deviceId": "a", "since1": minute(3), "since2": minute(9) }),
            json!({ "deviceId": "b", "since1": "0001-01-01T00:00:00Z", "since2": minute(4) }),
            json!({ "deviceId": "c", "since1": "0001-01-01T00:00:00Z" }),
            json!({ "deviceId": "d" }),
            json!({ "since1": minute(1) }),
        ];
        let mut members = Members::default();
        members.replace(&rows, None);
        let sinces: Vec<Option<Millis>> = members.first(9).into_iter().map(|m| m.since).collect();
        assert_eq!(sinces, [parse(&minute(4)), parse(&minute(9)), None, None]);
        assert_eq!(
            ids(&members, 9),
            ["b", "a", "c", "d"],
            "unknown times come last"
        );
    }

    #[test]
    fn a_page_may_be_less_than_there_is() {
        let mut members = followed();
        let rows = [json!({ "deviceId": "a" }), json!({ "deviceId": "b" })];
        members.replace(&rows, Some(12_000));
        assert_eq!(
            (members.count(), members.is_partial()),
            (Some(12_000), true)
        );
        // Counted a moment earlier.
        members.replace(&rows, Some(1));
        assert_eq!((members.count(), members.is_partial()), (Some(2), false));
        members.begin();
        members.take(&current());
        assert_eq!((members.count(), members.is_partial()), (Some(0), false));
    }

    #[test]
    fn what_is_no_row_changes_nothing() {
        let mut members = followed();
        let before = members.clone();
        for odd in [
            event("entered", json!({ "row": {} })),
            event("left", json!(3)),
            event("message", json!({ "deviceId": "a" })),
        ] {
            assert_eq!(members.take(&odd), Told::Nothing);
        }
        let broken = ServerEvent {
            name: "entered".to_owned(),
            data: "{".to_owned(),
        };
        assert_eq!(members.take(&broken), Told::Nothing);
        assert_eq!(members, before);
        let too_large = event("tooLarge", json!({ "maximum": 10_000 }));
        assert_eq!(members.take(&too_large), Told::TooMany);
    }
}
