//! The binary form in which events travel to a partition and lie in its log.
//!
//! A segment is a plain sequence of records. The partition stores a whole batch as one
//! row and never looks inside while writing, so a message costs no row of its own and no
//! crossing between wasm and JavaScript. Readers decode. Layout of a record, integers as
//! LEB128 varints: `kind`, `flags`, then length-prefixed fields in the order of [`Record`].
//! The format is stored for as long as events are kept: kinds may be added, never changed.

use crate::error::HubError;

/// PUBLISH had RETAIN=1.
pub const RETAIN: u8 = 1;
/// PUBLISH had DUP=1.
pub const DUPLICATE: u8 = 2;
/// The message is a will.
pub const WILL: u8 = 4;
/// The message came over HTTPS.
pub const HTTPS: u8 = 8;

const TELEMETRY: u8 = 1;
const HUB_EVENT: u8 = 2;
/// Goes before another record: where it goes and what was stamped on it on the way.
const ROUTED: u8 = 3;

/// A telemetry message as its sender made it, with what the hub stamps on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record<'a> {
    /// The authenticated device.
    pub device: &'a str,
    /// The authenticated module, or empty.
    pub module: &'a str,
    /// `iothub-connection-auth-generation-id`.
    pub generation_id: &'a str,
    /// `iothub-connection-auth-method`, a JSON text.
    pub auth_method: &'a str,
    /// `dt-dataschema`, or empty.
    pub model_id: &'a str,
    /// [`RETAIN`], [`DUPLICATE`], [`WILL`], [`HTTPS`].
    pub flags: u8,
    /// The property bag as sent (`device.md` §3.2), already validated.
    pub bag: &'a str,
    /// The payload.
    pub body: &'a [u8],
}

/// A decoded entry of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Telemetry.
    Telemetry(Record<'a>),
    /// An event made by the hub: the device, and the JSON of `ipc::events::HubEvent`.
    HubEvent {
        /// About which device.
        device: &'a str,
        /// JSON text.
        json: &'a str,
    },
}

/// Where a record goes, as it was decided when it came (`query-routing-events.md` §3.1, §3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Routed<'a> {
    /// Endpoints, a bit each: [`crate::routing::table`]. Nothing in the log behind the built-in
    /// endpoint.
    pub endpoints: u64,
    /// Enrichments: a JSON array of `[key, value, endpoints]`, or empty.
    pub stamps: &'a str,
}

/// Goes before a record that is appended next.
pub fn encode_routed(out: &mut Vec<u8>, endpoints: u64, stamps: &str) {
    out.push(ROUTED);
    out.push(0);
    put_bytes(out, &endpoints.to_le_bytes());
    put_bytes(out, stamps.as_bytes());
}

fn put_length(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// The part of a record that is the same for every message of a connection, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Vec<u8>);

impl Sender {
    /// Encodes who sends.
    pub fn new(
        device: &str,
        module: &str,
        generation_id: &str,
        auth_method: &str,
        model_id: &str,
    ) -> Self {
        let mut bytes = Vec::with_capacity(
            device.len()
                + module.len()
                + generation_id.len()
                + auth_method.len()
                + model_id.len()
                + 8,
        );
        for field in [device, module, generation_id, auth_method, model_id] {
            put_bytes(&mut bytes, field.as_bytes());
        }
        Self(bytes)
    }

    /// Appends one telemetry record.
    pub fn encode(&self, out: &mut Vec<u8>, flags: u8, bag: &str, body: &[u8]) {
        out.push(TELEMETRY);
        out.push(flags);
        out.extend_from_slice(&self.0);
        put_bytes(out, bag.as_bytes());
        put_bytes(out, body);
    }
}

/// Appends one telemetry record.
pub fn encode(out: &mut Vec<u8>, record: &Record<'_>) {
    Sender::new(
        record.device,
        record.module,
        record.generation_id,
        record.auth_method,
        record.model_id,
    )
    .encode(out, record.flags, record.bag, record.body);
}

/// Appends one event made by the hub.
pub fn encode_hub_event(out: &mut Vec<u8>, device: &str, json: &str) {
    out.push(HUB_EVENT);
    out.push(0);
    put_bytes(out, device.as_bytes());
    put_bytes(out, json.as_bytes());
}

/// Reads a segment record by record.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    routed: Routed<'a>,
}

impl<'a> Reader<'a> {
    /// Over a whole segment.
    pub fn new(segment: &'a [u8]) -> Self {
        Self {
            rest: segment,
            routed: Routed::default(),
        }
    }

    /// Where the record that came last goes.
    pub fn routed(&self) -> Routed<'a> {
        self.routed
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let mut length = 0usize;
        for shift in (0..28).step_by(7) {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let (field, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                return Some(field);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn pass_over(&mut self) -> Option<()> {
        loop {
            let kind = self.byte()?;
            let fields = match kind {
                TELEMETRY => 7,
                HUB_EVENT | ROUTED => 2,
                _ => return None,
            };
            self.byte()?;
            for _ in 0..fields {
                self.bytes()?;
            }
            if kind != ROUTED {
                return Some(());
            }
        }
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        self.routed = Routed::default();
        let mut kind = self.byte()?;
        let mut flags = self.byte()?;
        if kind == ROUTED {
            self.routed = Routed {
                endpoints: u64::from_le_bytes(self.bytes()?.try_into().ok()?),
                stamps: self.text()?,
            };
            kind = self.byte()?;
            flags = self.byte()?;
        }
        match kind {
            TELEMETRY => Some(Entry::Telemetry(Record {
                flags,
                device: self.text()?,
                module: self.text()?,
                generation_id: self.text()?,
                auth_method: self.text()?,
                model_id: self.text()?,
                bag: self.text()?,
                body: self.bytes()?,
            })),
            HUB_EVENT => Some(Entry::HubEvent {
                device: self.text()?,
                json: self.text()?,
            }),
            _ => None,
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Entry<'a>, HubError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match self.entry() {
            Some(entry) => Some(Ok(entry)),
            None => {
                self.rest = &[];
                Some(Err(HubError::internal("a stored segment cannot be read")))
            }
        }
    }
}

/// Counts the records of a segment by their lengths alone; an error if one is cut.
pub fn count(segment: &[u8]) -> Result<u64, HubError> {
    let mut reader = Reader::new(segment);
    let mut number = 0;
    while !reader.rest.is_empty() {
        reader
            .pass_over()
            .ok_or_else(|| HubError::internal("a segment is cut or malformed"))?;
        number += 1;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            messages in proptest::collection::vec((".{0,20}", ".{0,300}", proptest::collection::vec(any::<u8>(), 0..300), 0u8..16), 0..20)
        ) {
            let mut segment = Vec::new();
            for (device, bag, body, flags) in &messages {
                encode(&mut segment, &Record { device, bag, body, flags: *flags, auth_method: "{}", ..Record::default() });
            }
            prop_assert_eq!(count(&segment).unwrap(), messages.len() as u64);
            for (entry, (device, bag, body, flags)) in Reader::new(&segment).zip(&messages) {
                let expected = Record { device, bag, body, flags: *flags, auth_method: "{}", ..Record::default() };
                prop_assert_eq!(entry.unwrap(), Entry::Telemetry(expected));
            }
        }

        #[test]
        fn any_bytes_end_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for entry in Reader::new(&bytes) {
                if entry.is_err() { break; }
            }
        }
    }

    #[test]
    fn a_routed_record_says_where_it_goes_and_counts_once() {
        let mut segment = Vec::new();
        encode_routed(&mut segment, 1 << 52, "[[\"site\",\"s1\",1]]");
        encode_hub_event(&mut segment, "pump-1", "{}");
        encode_hub_event(&mut segment, "pump-2", "{}");
        assert_eq!(count(&segment).unwrap(), 2);
        let mut reader = Reader::new(&segment);
        assert!(matches!(
            reader.next(),
            Some(Ok(Entry::HubEvent {
                device: "pump-1",
                ..
            }))
        ));
        assert_eq!(reader.routed().endpoints, 1 << 52);
        assert_eq!(reader.routed().stamps, "[[\"site\",\"s1\",1]]");
        assert!(matches!(
            reader.next(),
            Some(Ok(Entry::HubEvent {
                device: "pump-2",
                ..
            }))
        ));
        assert_eq!(reader.routed(), Routed::default());
    }

    #[test]
    fn a_cut_segment_is_an_error() {
        let mut segment = Vec::new();
        encode_hub_event(&mut segment, "pump-1", "{}");
        segment.pop();
        assert!(count(&segment).is_err());
    }
}
