//! In which order the device list stands: by id, or by any of its columns. The address holds it
//! (`order=-tags.site`: backwards).

use super::device_columns::Column;
use super::url_state::query_value;

/// The order. Without a column the list is in the order of ids, in which every row can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceOrder {
    column: Option<Column>,
    descending: bool,
}

impl DeviceOrder {
    /// Reads it of a query string; what is not understood is the order of ids.
    pub fn read(search: &str) -> Self {
        let text = query_value(search, "order").unwrap_or_default();
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        let column = Column::read(name).filter(sorts);
        Self {
            descending: descending && column.is_some(),
            column,
        }
    }

    /// The value that reads back as this order; empty for that of ids.
    pub fn write(&self) -> String {
        let turned = if self.descending { "-" } else { "" };
        let name = self.column.as_ref().map(Column::name);
        name.map_or_else(String::new, |name| format!("{turned}{name}"))
    }

    /// What a press on the head of a column makes of it: upwards, downwards, by id again.
    pub fn pressed(&self, column: &Column) -> Self {
        match (self.column.as_ref() == Some(column), self.descending) {
            (false, _) => Self {
                column: Some(column.clone()),
                descending: false,
            },
            (true, false) => Self {
                column: Some(column.clone()),
                descending: true,
            },
            (true, true) => Self::default(),
        }
    }

    /// How a column is sorted, in the word of `aria-sort`; `None`: the list does not go by it.
    pub fn of(&self, column: &Column) -> Option<&'static str> {
        (self.column.as_ref() == Some(column)).then_some(match self.descending {
            true => "descending",
            false => "ascending",
        })
    }

    /// The end of a query that sorts like this; empty for the order of ids.
    pub fn clause(&self) -> String {
        let turned = if self.descending { " DESC" } else { "" };
        let name = self.column.as_ref().map(Column::name);
        name.map_or_else(String::new, |name| format!(" ORDER BY {name}{turned}"))
    }
}

/// Whether a list can go by a column: all tags together have no order.
pub fn sorts(column: &Column) -> bool {
    *column != Column::Tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        for text in ["", "status", "-lastActivityTime", "-tags.site.floor"] {
            let order = DeviceOrder::read(&format!("?order={text}"));
            assert_eq!(order.write(), text);
        }
        for text in ["tags", "-tags", "other", "-", "tags.a b"] {
            let order = DeviceOrder::read(&format!("?order={text}"));
            assert_eq!(order, DeviceOrder::default(), "{text}");
        }
    }

    #[test]
    fn presses_go_up_down_and_away() {
        let column = Column::Activity;
        let up = DeviceOrder::default().pressed(&column);
        assert_eq!(up.of(&column), Some("ascending"));
        assert_eq!(up.clause(), " ORDER BY lastActivityTime");
        let down = up.pressed(&column);
        assert_eq!(down.of(&column), Some("descending"));
        assert_eq!(down.clause(), " ORDER BY lastActivityTime DESC");
        assert_eq!(down.pressed(&column), DeviceOrder::default());
        assert_eq!(down.pressed(&Column::Status).write(), "status");
        assert_eq!(down.of(&Column::Status), None);
        assert_eq!(DeviceOrder::default().clause(), "");
    }
}
