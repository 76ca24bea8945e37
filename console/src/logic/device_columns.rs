//! The columns of the device list: those that it always has, and any path of tags or properties.
//! The address holds them (`columns=`), so that a list can be sent to a colleague as it looks.

use super::url_state::query_value;
use serde_json::Value;

/// Most columns besides the name of the device: more fit on no screen.
pub const MOST: usize = 16;
/// Levels of a document that are looked through for paths.
const DEEPEST: usize = 6;
/// Paths suggested, at most.
const MOST_PATHS: usize = 200;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Connected, disconnected, never seen.
    Connection,
    /// Enabled or disabled.
    Status,
    /// When it was last heard of.
    Activity,
    /// The first few tags.
    Tags,
    /// Messages that wait for it.
    Pending,
    /// The value at a path of the twin.
    Path(String),
}

impl Column {
    /// Those without a path, in the order in which they stand.
    pub const OWN: [Self; 5] = [
        Self::Connection,
        Self::Status,
        Self::Activity,
        Self::Tags,
        Self::Pending,
    ];

    /// Its name in the address; `None` if it is no column.
    pub fn read(name: &str) -> Option<Self> {
        let own = Self::OWN.into_iter().find(|column| column.name() == name);
        own.or_else(|| {
            let known = ["tags.", "properties.reported.", "properties.desired."];
            let rest = known.iter().find_map(|start| name.strip_prefix(start))?;
            let fits = rest.split('.').all(is_name) && rest.len() <= 200;
            fits.then(|| Self::Path(name.to_owned()))
        })
    }

    /// Its name in the address and in files.
    pub fn name(&self) -> &str {
        match self {
            Self::Connection => "connectionState",
            Self::Status => "status",
            Self::Activity => "lastActivityTime",
            Self::Tags => "tags",
            Self::Pending => "cloudToDeviceMessageCount",
            Self::Path(path) => path,
        }
    }

    /// What stands above it, if it is a path: what all paths of properties begin with says nothing.
    pub fn short(path: &str) -> &str {
        path.strip_prefix("properties.").unwrap_or(path)
    }

    /// How much of what is left over it takes; none: its width is always the same.
    fn share(&self) -> u32 {
        match self {
            Self::Tags => 3,
            Self::Path(_) => 1,
            _ => 0,
        }
    }

    /// The least pixels that it needs.
    fn least(&self) -> u32 {
        match self {
            Self::Connection => 136,
            Self::Status => 104,
            Self::Activity => 128,
            Self::Tags => 180,
            Self::Pending => 140,
            Self::Path(path) => {
                let letters = u32::try_from(Self::short(path).len()).unwrap_or(u32::MAX);
                letters.saturating_mul(8).saturating_add(28).clamp(120, 260)
            }
        }
    }

    /// How wide it is, in the words of a style sheet.
    fn width(&self) -> String {
        match (self.least(), self.share()) {
            (least, 0) => format!("{least}px"),
            (least, share) => format!("minmax({least}px, {share}fr)"),
        }
    }
}

/// Whether a path may have this between two dots: anything that needs no quotes in a query.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The columns shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(pub Vec<Column>);

impl Default for Columns {
    fn default() -> Self {
        Self(Column::OWN.to_vec())
    }
}

impl Columns {
    /// Reads them of a query string; what is not understood is left out.
    pub fn read(search: &str) -> Self {
        let Some(text) = query_value(search, "columns") else {
            return Self::default();
        };
        let mut columns = Vec::new();
        for column in text.split(',').filter_map(|name| Column::read(name.trim())) {
            if columns.len() < MOST && !columns.contains(&column) {
                columns.push(column);
            }
        }
        Self(columns)
    }

    /// The value that reads back as these; empty for the usual ones.
    pub fn write(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let names: Vec<&str> = self.0.iter().map(Column::name).collect();
        // None at all is a choice too.
        if names.is_empty() {
            return "none".to_owned();
        }
        names.join(",")
    }

    /// With a column more, if there is such a column and room for it.
    pub fn with(&self, name: &str) -> Option<Self> {
        let column = Column::read(name.trim())?;
        if self.0.len() >= MOST || self.0.contains(&column) {
            return None;
        }
        let mut columns = self.0.clone();
        columns.push(column);
        Some(Self(columns))
    }

    /// With a column shown or not. One of the list's own comes back where it belongs.
    pub fn toggled(&self, column: &Column) -> Self {
        let mut columns = self.0.clone();
        if columns.contains(column) {
            columns.retain(|other| other != column);
            return Self(columns);
        }
        let rank = |one: &Column| Column::OWN.iter().position(|own| own == one);
        let place = columns
            .iter()
            .position(|other| match (rank(other), rank(column)) {
                (Some(other), Some(own)) => other > own,
                (None, Some(_)) => true,
                _ => false,
            });
        columns.insert(place.unwrap_or(columns.len()), column.clone());
        Self(columns)
    }

    /// Whether properties must be read for them, which the plain list does not have.
    pub fn need_properties(&self) -> bool {
        self.paths().any(|path| path.starts_with("properties."))
    }

    /// The paths among them.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|column| match column {
            Column::Path(path) => Some(path.as_str()),
            _ => None,
        })
    }

    /// How wide they are, with the name of the device before and its actions behind.
    pub fn widths(&self) -> String {
        let mut widths = vec!["minmax(200px, 2fr)".to_owned()];
        widths.extend(self.0.iter().map(Column::width));
        widths.push("132px".to_owned());
        widths.join(" ")
    }

    /// The least width that all of them need, in pixels.
    pub fn least(&self) -> u32 {
        200 + 132 + self.0.iter().map(Column::least).sum::<u32>()
    }

    /// The columns of a file: the id first.
    pub fn of_file(&self) -> Vec<String> {
        let names = self.0.iter().map(|column| column.name().to_owned());
        std::iter::once("deviceId".to_owned())
            .chain(names)
            .collect()
    }
}

/// The first few leaves of a document, as path and text.
pub fn leaves(document: &Value, most: usize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(document, "", 0, &mut |path, value| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        found.push((path.to_owned(), text));
        found.len() < most
    });
    found
}

/// Paths that columns can be made of, found in twins: sorted, without what the hub adds.
pub fn paths(twins: &[Value]) -> Vec<String> {
    let mut found = shared::ordered::OrderedSet::new();
    for twin in twins {
        for section in ["tags", "properties.reported", "properties.desired"] {
            let Some(document) = super::query_result::at(twin, section) else {
                continue;
            };
            walk(document, section, 0, &mut |path, _| {
                if Column::read(path).is_some() {
                    found.insert(path.to_owned());
                }
                found.len() < MOST_PATHS
            });
        }
    }
    found.into_items().collect()
}

/// Tells of every leaf until told to stop.
fn walk(
    value: &Value,
    path: &str,
    level: usize,
    tell: &mut dyn FnMut(&str, &Value) -> bool,
) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) if level < DEEPEST => members
            .iter()
            .filter(|(name, _)| !name.starts_with('$'))
            .all(|(name, member)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                walk(member, &path, level + 1, tell)
            }),
        leaf => tell(path, leaf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_address_reads_back() {
        let columns = Columns::read("?columns=status,tags.site.a,properties.reported.fw,status");
        assert_eq!(columns.write(), "status,tags.site.a,properties.reported.fw");
        assert!(columns.need_properties());
        assert_eq!(Columns::read("").write(), "");
        assert_eq!(Columns::read("?columns=none"), Columns(Vec::new()));
        assert_eq!(Columns(Vec::new()).write(), "none");
        for bad in [
            "x",
            "tags.",
            "tags.a b",
            "tags.1",
            "properties.reported.a'",
            "status.x",
        ] {
            assert_eq!(Columns::read(&format!("?columns={bad}")).0, [], "{bad}");
        }
    }

    #[test]
    fn columns_come_and_go_in_their_order() {
        let all = Columns::default();
        let without = all.toggled(&Column::Status);
        assert_eq!(without.0.len(), 4);
        assert_eq!(without.toggled(&Column::Status), all);
        let more = all.with(" tags.site ").unwrap_or_default();
        assert_eq!(more.0.last(), Some(&Column::Path("tags.site".into())));
        assert_eq!(more.with("tags.site"), None);
        let back = more.toggled(&Column::Pending).toggled(&Column::Pending);
        assert_eq!(back, more);
        assert_eq!(more.of_file()[..2], ["deviceId", "connectionState"]);
        assert_eq!(
            Columns(vec![
                Column::Status,
                Column::Path("properties.reported.a".into())
            ])
            .widths(),
            "minmax(200px, 2fr) 104px minmax(120px, 1fr) 132px"
        );
        assert_eq!(all.least(), 200 + 136 + 104 + 128 + 180 + 140 + 132);
    }

    #[test]
    fn leaves_show_as_paths_and_are_bounded() {
        let tags = json!({"site": "oslo", "pos": {"floor": 2, "room": "b"}, "x": 1, "$version": 3});
        let shown = leaves(&tags, 3);
        assert_eq!(shown[0], ("site".to_owned(), "oslo".to_owned()));
        assert_eq!(shown[1], ("pos.floor".to_owned(), "2".to_owned()));
        assert_eq!(shown.len(), 3);
        assert!(leaves(&json!(null), 3).is_empty());
    }

    #[test]
    fn twins_suggest_their_paths() {
        let twin = json!({ "tags": { "site": "a" }, "properties": {
            "reported": { "$metadata": {}, "fw": { "version": 1 }, "a-b": 2 } } });
        assert_eq!(
            paths(&[twin]),
            ["properties.reported.fw.version", "tags.site"]
        );
    }
}
