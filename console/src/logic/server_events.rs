//! Server-sent events read from a body that arrives in pieces: the browser's own reader only
//! asks with GET, and queries go in a body. Pieces end anywhere, even within a character.

/// An event that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// What kind of event; `message` if the hub named none.
    pub name: String,
    /// Its data.
    pub data: String,
}

/// What has come so far of events that are not complete.
#[derive(Debug, Default)]
pub struct ServerEvents {
    line: Vec<u8>,
    /// The last line ended with a carriage return; a line feed behind it belongs to it.
    after_return: bool,
    /// The first line is over, so that no byte order mark can come any more.
    begun: bool,
    name: String,
    data: Option<String>,
}

impl ServerEvents {
    /// Takes a piece; gives the events that it completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        for &byte in piece {
            let after_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if after_return => {}
                b'\n' => events.extend(self.end_line()),
                b'\r' => {
                    self.after_return = true;
                    events.extend(self.end_line());
                }
                byte => self.line.push(byte),
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<ServerEvent> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line = text.as_ref();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = self.data.take()?;
            return Some(ServerEvent {
                name: if name.is_empty() {
                    "message".to_owned()
                } else {
                    name
                },
                data,
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                None => self.data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            // Comments keep the connection alive, `retry` and `id` are for the browser's reader.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}retry: 1000\n: open\n\nevent: entered\r\ndata: {\"deviceId\":\"펌프-1\"}\r\n\r\n\
        : heartbeat\n\ndata: a\ndata:b\ndata\n\nevent: nothing\n\nevent:left\rdata: x: y\r\rdata: unfinished";

    fn event(name: &str, data: &str) -> ServerEvent {
        ServerEvent {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    fn wanted() -> Vec<ServerEvent> {
        vec![
            event("entered", "{\"deviceId\":\"펌프-1\"}"),
            event("message", "a\nb\n"),
            event("left", "x: y"),
        ]
    }

    #[test]
    fn events_are_read_at_once() {
        assert_eq!(ServerEvents::default().push(TEXT.as_bytes()), wanted());
    }

    #[test]
    fn pieces_of_any_size_give_the_same_events() {
        for size in 1..TEXT.len() {
            let mut events = ServerEvents::default();
            let read: Vec<ServerEvent> = TEXT
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| events.push(piece))
                .collect();
            assert_eq!(read, wanted(), "pieces of {size}");
        }
    }

    #[test]
    fn an_event_comes_with_the_byte_that_ends_it() {
        let mut events = ServerEvents::default();
        assert!(events.push(b"event: current\ndata: {}\n").is_empty());
        assert_eq!(events.push(b"\n"), [event("current", "{}")]);
        assert!(events.push(b"\n\n").is_empty());
    }
}
