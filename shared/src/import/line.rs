//! One JSON object a line (`service.md` §5.2).

use super::{Content, Line, MAX_LINE_BYTES};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use serde_json::{Map, Value};

/// The lines of a file that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line that has begun, or so much of it that it is known to be too long.
    begun: Vec<u8>,
    /// Lines that have ended.
    number: usize,
}

impl Lines {
    pub(super) fn push(&mut self, piece: &[u8], lines: &mut Vec<Line>) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let (part, ends) = match part.strip_suffix(b"\n") {
                Some(part) => (part, true),
                None => (part, false),
            };
            if ends && self.begun.is_empty() {
                self.add(part, lines);
                continue;
            }
            let room = (MAX_LINE_BYTES + 1).saturating_sub(self.begun.len());
            self.begun
                .extend_from_slice(part.get(..room).unwrap_or(part));
            if ends {
                let line = std::mem::take(&mut self.begun);
                self.add(&line, lines);
            }
        }
    }

    pub(super) fn finish(mut self, lines: &mut Vec<Line>) {
        if !self.begun.is_empty() {
            let line = std::mem::take(&mut self.begun);
            self.add(&line, lines);
        }
    }

    fn add(&mut self, line: &[u8], lines: &mut Vec<Line>) {
        self.number += 1;
        lines.push(Line {
            number: self.number,
            content: item(line),
        });
    }
}

/// One line. What does not begin with `{` is skipped, as exports without keys begin with a
/// sentence.
pub fn item(line: &[u8]) -> Content {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = line.trim_ascii();
    if !line.starts_with(b"{") {
        return Content::Nothing;
    }
    if line.len() > MAX_LINE_BYTES {
        return broken(format!("it has more than {MAX_LINE_BYTES} bytes"), None);
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(item)) => match identity_of_line(&item) {
            Ok(identity) => Content::Item(identity, Value::Object(item)),
            Err(error) => Content::Broken(error, None),
        },
        Ok(_) => broken("it is no object".to_owned(), None),
        Err(error) => {
            let column = error.column();
            broken(error.to_string(), Some(column))
        }
    }
}

/// Which identity a line of a file is about. Files must say the status of every device that
/// they write (`service.md` §5.2).
pub(super) fn identity_of_line(item: &Map<String, Value>) -> Result<Identity, HubError> {
    let identity = identity(item)?;
    let text = |name: &str| {
        let found = item.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str())
    };
    let mode = text("importMode").unwrap_or_default().to_ascii_lowercase();
    let writes = !mode.starts_with("delete") && !mode.starts_with("updatetwin");
    if writes && identity.module.is_none() && text("status").is_none() {
        return Err(HubError::invalid(
            "The line of a device needs its status: enabled or disabled.",
        ));
    }
    Ok(identity)
}

fn broken(why: String, column: Option<usize>) -> Content {
    let text = format!("Invalid device format in line: {why}.");
    Content::Broken(HubError::new(ErrorCode::DeserializationError, text), column)
}

/// Which identity an item is about: `id` and `moduleId`, in any case.
pub fn identity(item: &Map<String, Value>) -> Result<Identity, HubError> {
    let text = |name: &str| {
        let member = item
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        match member {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(HubError::invalid(format!("{name} must be a text."))),
        }
    };
    let id = text("id")?.ok_or_else(|| HubError::invalid("The item has no id."))?;
    let device = DeviceId::parse(id)
        .map_err(|error| HubError::invalid(format!("The device id is not legal: {error}.")))?;
    let module = text("moduleId")?
        .map(ModuleId::parse)
        .transpose()
        .map_err(|error| HubError::invalid(format!("The module id is not legal: {error}.")))?;
    Ok(Identity { device, module })
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_without_keys_begins_with_a_sentence() {
        let file = "Keys were left out of this file.\n\n{\"id\":\"a\",\"status\":\"enabled\"}\r\n{\"ID\":\"a\",\"moduleId\":\"m\"}\n";
        let lines = read(Format::Json, file.as_bytes()).unwrap();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0].content, Content::Nothing);
        assert_eq!(lines[1].content, Content::Nothing);
        let named = |line: &Line| match &line.content {
            Content::Item(identity, _) => identity.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!((lines[2].number, named(&lines[2])), (3, "a".to_owned()));
        assert_eq!(named(&lines[3]), "a/m");
    }

    #[test]
    fn a_broken_line_says_where() {
        match item(br#"{"id":"a",}"#) {
            Content::Broken(error, Some(column)) => {
                assert_eq!(error.code.number(), 400_012);
                assert!(error.message.starts_with("Invalid device format in line"));
                assert_eq!(column, 11);
            }
            other => panic!("{other:?}"),
        }
        for line in [
            r#"{"id":""}"#,
            r#"{"id":7}"#,
            r#"{"id":"a b"}"#,
            r#"{"id":"a","moduleId":"m/"}"#,
            "{}",
        ] {
            assert!(
                matches!(item(line.as_bytes()), Content::Broken(..)),
                "{line}"
            );
        }
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself_alone() {
        let long = format!("{{\"id\":\"{}\"}}", "x".repeat(MAX_LINE_BYTES));
        let file = format!("{long}\n{{\"id\":\"a\",\"importMode\":\"delete\"}}");
        let lines = read(Format::Json, file.as_bytes()).unwrap();
        assert!(matches!(&lines[0].content, Content::Broken(error, None)
            if error.message.contains("more than")));
        assert!(matches!(lines[1].content, Content::Item(..)));
    }

    proptest! {
        #[test]
        fn any_text_ends_without_panic(text in ".{0,200}") {
            let _content = item(text.as_bytes());
            let _lines = read(Format::Json, text.as_bytes());
            let _braced = item(format!("{{{text}}}").as_bytes());
        }
    }
}
