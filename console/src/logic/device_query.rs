//! The filter bar of the device list as a condition of the query language, and back: what the
//! bar can say goes into its fields, whatever else is said stays a condition.

use super::url_state::DeviceFilter;
use shared::letter_case;
use shared::query::quoted;

/// Devices that a condition names one by one, at most: who means more writes a condition.
pub const MOST_NAMED: usize = 100;
/// Characters of such a condition, at most: a query may have 8,192, and the condition is a part of
/// others.
const MOST_TEXT: usize = 6_000;

/// A condition that names devices one by one, if there are some and not too many.
pub fn named<'a>(ids: impl Iterator<Item = &'a str>) -> Option<String> {
    let ids: Vec<String> = ids.take(MOST_NAMED + 1).map(quoted).collect();
    let text = format!("deviceId IN [{}]", ids.join(", "));
    let fits = (1..=MOST_NAMED).contains(&ids.len()) && text.chars().count() <= MOST_TEXT;
    fits.then_some(text)
}

impl DeviceFilter {
    /// What stands behind WHERE; empty if nothing narrows the list.
    pub fn text(&self) -> String {
        let mut clauses = Vec::new();
        if !self.search.is_empty() {
            let search = quoted(&letter_case::lower(&self.search));
            clauses.push(format!("CONTAINS(LOWER(deviceId), {search})"));
        }
        if !self.status.is_empty() {
            clauses.push(format!("status = '{}'", self.status));
        }
        match self.connection.as_str() {
            "connected" => clauses.push("connectionState = 'Connected'".to_owned()),
            "disconnected" => clauses.push("connectionState = 'Disconnected'".to_owned()),
            _ => {}
        }
        if clauses.is_empty() {
            return self.condition.clone();
        }
        if !self.condition.is_empty() {
            // On lines of its own where it may end with a comment.
            let line = if self.condition.contains("--") {
                "\n"
            } else {
                ""
            };
            clauses.insert(0, format!("({line}{}{line})", self.condition));
        }
        clauses.join(" AND ")
    }

    /// The same, and a condition that every device fulfils if nothing narrows the list.
    pub fn text_or_all(&self) -> String {
        match self.text() {
            text if text.is_empty() => "IS_DEFINED(deviceId)".to_owned(),
            text => text,
        }
    }

    /// The filter of a condition that somebody wrote.
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        let mut filter = Self::default();
        let mut rest = Vec::new();
        for clause in clauses(text) {
            if !filter.take(clause) {
                rest.push(clause);
            }
        }
        filter.condition = match rest.as_slice() {
            [one] => within_parentheses(one).unwrap_or(one).trim().to_owned(),
            rest => rest.join(" AND "),
        };
        filter
    }

    /// Takes a clause into a field that is still empty.
    fn take(&mut self, clause: &str) -> bool {
        let bare = without_spaces(clause);
        let Some((name, value)) = bare.split_once('=') else {
            return self.take_search(&bare);
        };
        // Names are found in any case; the hub's words are told by theirs.
        let (field, value) = match (name.to_ascii_lowercase().as_str(), value) {
            ("status", "'enabled'") => (&mut self.status, "enabled"),
            ("status", "'disabled'") => (&mut self.status, "disabled"),
            ("connectionstate", "'Connected'") => (&mut self.connection, "connected"),
            ("connectionstate", "'Disconnected'") => (&mut self.connection, "disconnected"),
            _ => return self.take_search(&bare),
        };
        if !field.is_empty() {
            return false;
        }
        *field = value.to_owned();
        true
    }

    fn take_search(&mut self, bare: &str) -> bool {
        const BEGIN: &str = "CONTAINS(LOWER(deviceId),";
        let searched = bare
            .get(..BEGIN.len())
            .filter(|begin| begin.eq_ignore_ascii_case(BEGIN))
            .and_then(|_| bare.get(BEGIN.len()..)?.strip_suffix(')'));
        match searched.and_then(unquoted) {
            // A capital letter is in no lowered id; the bar would search without regard to it.
            Some(search) if self.search.is_empty() && letter_case::lower(&search) == search => {
                self.search = search;
                true
            }
            _ => false,
        }
    }
}

/// Where in a text one is.
#[derive(Default)]
struct Position {
    quote: Option<char>,
    escaped: bool,
    depth: usize,
}

impl Position {
    fn pass(&mut self, c: char) {
        match self.quote {
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if c == '\\' => self.escaped = true,
            Some(quote) if c == quote => self.quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => self.quote = Some(c),
            None if matches!(c, '(' | '[') => self.depth += 1,
            None if matches!(c, ')' | ']') => self.depth = self.depth.saturating_sub(1),
            None => {}
        }
    }

    fn is_outside(&self) -> bool {
        self.quote.is_none() && self.depth == 0
    }
}

/// The parts that AND joins; all in one where OR or a comment makes that another thing.
fn clauses(text: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let mut position = Position::default();
    let mut word_begin = None::<usize>;
    // Once more behind the end, where the last word ends.
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (at, c) in ends {
        let was_outside = position.is_outside();
        position.pass(c);
        let is_word = was_outside
            && position.is_outside()
            && (c.is_alphanumeric() || c == '_' || c == '.' || c == '$');
        match (word_begin, is_word) {
            (None, true) => word_begin = Some(at),
            (Some(first), false) => {
                word_begin = None;
                let word = text.get(first..at).unwrap_or_default();
                if word.eq_ignore_ascii_case("or") {
                    return vec![text];
                }
                if word.eq_ignore_ascii_case("and") {
                    parts.push(text.get(begin..first).unwrap_or_default().trim());
                    begin = at;
                }
            }
            _ => {}
        }
        if position.quote.is_none() && text.get(at..).is_some_and(|rest| rest.starts_with("--")) {
            return vec![text];
        }
    }
    parts.push(text.get(begin..).unwrap_or_default().trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// What stands within parentheses that hold all of a text.
fn within_parentheses(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut position = Position {
        depth: 1,
        ..Position::default()
    };
    let closes_early = inner.chars().any(|c| {
        position.pass(c);
        position.is_outside()
    });
    (!closes_early).then_some(inner)
}

fn without_spaces(text: &str) -> String {
    let mut position = Position::default();
    let kept = text.chars().filter(|c| {
        position.pass(*c);
        position.quote.is_some() || !c.is_whitespace()
    });
    kept.collect()
}

/// The text between quotes, if there is nothing else.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let (mut out, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, '\'') => return None,
            _ => {
                escaped = false;
                out.push(c);
            }
        }
    }
    (!escaped).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(search: &str, status: &str, connection: &str, condition: &str) -> DeviceFilter {
        DeviceFilter {
            search: search.into(),
            status: status.into(),
            connection: connection.into(),
            condition: condition.into(),
        }
    }

    #[test]
    fn the_bar_reads_back_from_its_text() {
        for one in [
            filter("", "", "", ""),
            filter("pump", "", "", ""),
            filter("it's\\ (1", "disabled", "connected", ""),
            filter(
                "a and b",
                "enabled",
                "disconnected",
                "tags.site = 's1' OR tags.site = 's2'",
            ),
            filter("", "enabled", "", "tags.note = 'x) OR (y'"),
            filter("", "", "", "tags.a = 1 AND tags.b IN ['and', 'or']"),
            filter("", "", "", "tags.a = 1 OR status = 'enabled'"),
        ] {
            assert_eq!(DeviceFilter::of_text(&one.text()), one, "{}", one.text());
        }
    }

    #[test]
    fn what_the_bar_can_say_goes_into_its_fields() {
        assert_eq!(
            DeviceFilter::of_text(
                " Status='enabled' and tags.a=1 AND connectionState = 'Disconnected'"
            ),
            filter("", "enabled", "disconnected", "tags.a=1")
        );
        assert_eq!(
            DeviceFilter::of_text("contains( lower(deviceId) , 'p 1')"),
            filter("p 1", "", "", "")
        );
        // The second of a kind is a condition; so is what no device fulfils.
        assert_eq!(
            DeviceFilter::of_text("status = 'enabled' AND status = 'disabled'"),
            filter("", "enabled", "", "status = 'disabled'")
        );
        assert_eq!(
            DeviceFilter::of_text("status = 'Enabled' AND CONTAINS(LOWER(deviceId), 'P')"),
            filter(
                "",
                "",
                "",
                "status = 'Enabled' AND CONTAINS(LOWER(deviceId), 'P')"
            )
        );
    }

    #[test]
    fn or_and_comments_stay_whole() {
        for text in [
            "status = 'enabled' OR tags.a = 1",
            "tags.a = 1 AND status = 'enabled' -- for now",
            "tags.a = 1 AND (tags.b = 2",
        ] {
            let read = DeviceFilter::of_text(text);
            assert_eq!(read.condition, text);
            assert_eq!(read.status, "");
        }
        let commented = filter("", "enabled", "", "tags.a = 1 -- one");
        assert_eq!(
            commented.text(),
            "(\ntags.a = 1 -- one\n) AND status = 'enabled'"
        );
        assert_eq!(filter("", "", "", "").text_or_all(), "IS_DEFINED(deviceId)");
    }
}
