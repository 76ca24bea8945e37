//! Reads the answer of an import's dry run as it comes in: one JSON object a line, and at last
//! the counts. Only the lines that would be refused are kept, and of those the first few hundred:
//! a file may have hundreds of thousands.

use serde_json::Value;
use shared::sorting::sort_by;

/// Refused lines that are kept to be shown.
pub const KEPT: usize = 500;

/// A line that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number in the file, from 1.
    pub line: u64,
    /// Where in the line, if that is known.
    pub column: Option<u64>,
    /// The device or `device / module` it is about; empty if the line does not say.
    pub id: String,
    /// The hub's number of the error.
    pub code: String,
    /// The hub's sentence.
    pub text: String,
}

impl Refused {
    /// Of a line of a dry run's answer or of an import's log; the two name the device differently.
    fn read(document: &Value) -> Self {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let id = text("id").or_else(|| text("deviceId")).unwrap_or_default();
        Self {
            line: whole(document, "line").unwrap_or(0),
            column: whole(document, "column"),
            id: match text("moduleId") {
                Some(module) => format!("{id} / {module}"),
                None => id.to_owned(),
            },
            code: match document.get("errorCode") {
                Some(Value::String(code)) => code.clone(),
                Some(code) => code.to_string(),
                None => String::new(),
            },
            text: text("errorStatus").unwrap_or_default().to_owned(),
        }
    }
}

fn whole(document: &Value, name: &str) -> Option<u64> {
    let value = document.get(name)?;
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|float| float as u64))
}

/// What an import would do, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DryRun {
    /// Lines that create an identity.
    pub create: u64,
    /// Lines that change one.
    pub update: u64,
    /// Lines that delete one.
    pub delete: u64,
    /// Lines that hold nothing to import.
    pub skip: u64,
    /// Lines refused because something else is there.
    pub conflict: u64,
    /// Lines refused because of what they say.
    pub error: u64,
    /// The first of the refused lines.
    pub refused: Vec<Refused>,
    /// Whether the counts have come: an answer without them was cut off.
    pub ended: bool,
    rest: Vec<u8>,
}

impl DryRun {
    /// Takes the next bytes of the answer; they may end anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if piece.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.rest);
                self.line(&line);
            }
        }
    }

    /// The answer has ended.
    pub fn finish(&mut self) {
        let line = std::mem::take(&mut self.rest);
        self.line(&line);
    }

    fn line(&mut self, line: &[u8]) {
        let Ok(document) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        if document.get("counts").is_some() {
            self.ended = true;
            return;
        }
        let count = match document.get("outcome").and_then(Value::as_str) {
            Some("create") => &mut self.create,
            Some("update") => &mut self.update,
            Some("delete") => &mut self.delete,
            Some("skip") => &mut self.skip,
            Some("conflict") => &mut self.conflict,
            Some("error") => &mut self.error,
            _ => return,
        };
        *count += 1;
        let is_refused = matches!(
            document.get("outcome").and_then(Value::as_str),
            Some("conflict" | "error")
        );
        if is_refused && self.refused.len() < KEPT {
            self.refused.push(Refused::read(&document));
        }
    }

    /// Lines looked at so far.
    pub fn lines(&self) -> u64 {
        self.applied() + self.skip + self.refusals()
    }

    /// Lines that would be applied.
    pub fn applied(&self) -> u64 {
        self.create + self.update + self.delete
    }

    /// Lines that would be refused.
    pub fn refusals(&self) -> u64 {
        self.conflict + self.error
    }
}

/// The refused lines of an `importErrors.log`, in the order of the file; at most `KEPT`.
pub fn read_log(text: &str) -> Vec<Refused> {
    let documents = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut all: Vec<Refused> = documents.map(|entry| Refused::read(&entry)).collect();
    sort_by(&mut all, |one, other| one.line.cmp(&other.line));
    all.truncate(KEPT);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = concat!(
        "{\"line\":1,\"outcome\":\"skip\",\"errorStatus\":\"The line holds no item.\"}\n",
        "{\"line\":2,\"outcome\":\"create\",\"id\":\"pump-1\"}\n",
        "{\"line\":3,\"outcome\":\"error\",\"errorCode\":400012,\"errorStatus\":\"펌프?\",\"column\":7}\n",
        "{\"line\":4,\"outcome\":\"conflict\",\"id\":\"a\",\"moduleId\":\"m\",\"errorCode\":409001,\"errorStatus\":\"there\"}\n",
        "{\"counts\":{\"skip\":1},\"lines\":4}\n",
    );

    #[test]
    fn pieces_of_any_size_read_the_same() {
        let mut whole = DryRun::default();
        whole.push(ANSWER.as_bytes());
        whole.finish();
        assert_eq!((whole.create, whole.skip, whole.refusals()), (1, 1, 2));
        assert_eq!((whole.lines(), whole.applied(), whole.ended), (4, 1, true));
        assert_eq!(whole.refused[0].column, Some(7));
        assert_eq!(whole.refused[0].text, "펌프?");
        assert_eq!(whole.refused[1].id, "a / m");
        for size in [1, 2, 3, 7, 64] {
            let mut pieces = DryRun::default();
            for piece in ANSWER.as_bytes().chunks(size) {
                pieces.push(piece);
            }
            pieces.finish();
            assert_eq!(pieces, whole, "pieces of {size}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_has_not_ended() {
        let mut run = DryRun::default();
        run.push(&ANSWER.as_bytes()[..100]);
        run.finish();
        assert!(!run.ended);
        assert_eq!(run.lines(), 1);
        let mut unended = DryRun::default();
        unended.push(b"{\"counts\":{}}");
        unended.finish();
        assert!(unended.ended, "a last line needs no line feed");
    }

    #[test]
    fn refused_lines_are_counted_and_the_first_kept() {
        let mut run = DryRun::default();
        for line in 0..KEPT + 10 {
            run.push(format!("{{\"line\":{line},\"outcome\":\"error\"}}\n").as_bytes());
        }
        assert_eq!(run.refused.len(), KEPT);
        assert_eq!(run.error as usize, KEPT + 10);
    }

    #[test]
    fn a_log_is_shown_in_the_order_of_the_file() {
        let log = "{\"deviceId\":\"b\",\"errorCode\":404001,\"errorStatus\":\"gone\",\"line\":9}\nnot json\n{\"errorCode\":\"400012\",\"line\":2}\n";
        let lines = read_log(log);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].line, lines[0].code.as_str()), (2, "400012"));
        assert_eq!(
            (lines[1].id.as_str(), lines[1].code.as_str()),
            ("b", "404001")
        );
    }
}
