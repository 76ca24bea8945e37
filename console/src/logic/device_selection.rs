//! Devices that were picked from the list: some by their ids, or all that match but some. What
//! is done with them gets a condition that picks exactly these.

use super::device_query::named;
use super::url_state::DeviceFilter;
use shared::ordered::OrderedSet;

/// What is picked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    everything: bool,
    /// The picked ones; the left out ones if everything is picked.
    ids: OrderedSet<String>,
}

impl Selection {
    /// Everything that the list has.
    pub fn everything() -> Self {
        Self {
            everything: true,
            ids: OrderedSet::new(),
        }
    }

    /// Whether a device is picked.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id) != self.everything
    }

    /// Picks a device, or leaves it out.
    pub fn toggle(&mut self, id: &str) {
        if !self.ids.remove(id) {
            self.ids.insert(id.to_owned());
        }
    }

    /// Picks these too.
    pub fn add<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            if !self.has(id) {
                self.toggle(id);
            }
        }
    }

    /// How many are picked of a list of so many.
    pub fn count(&self, total: u64) -> u64 {
        let named = self.ids.len() as u64;
        match self.everything {
            true => total.saturating_sub(named),
            false => named,
        }
    }

    /// Whether it was said that all are meant, whoever they are.
    pub fn is_of_all(&self) -> bool {
        self.everything
    }

    /// The ids that were picked one by one, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.ids.iter().map(String::as_str);
        ids.take(if self.everything { 0 } else { usize::MAX })
    }

    /// A condition that picks exactly these from the list of a filter; none if it would name too
    /// many.
    pub fn condition(&self, filter: &DeviceFilter) -> Option<String> {
        if !self.everything {
            return named(self.ids());
        }
        let all = filter.text_or_all();
        if self.ids.is_empty() {
            return Some(all);
        }
        let left_out = named(self.ids.iter().map(String::as_str))?;
        // It may end with a comment, which ends with its line.
        let line = if all.contains("--") { "\n" } else { "" };
        Some(format!("({line}{all}{line}) AND NOT ({left_out})"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::device_query::MOST_NAMED;
    use super::*;

    fn of(ids: &[&str]) -> Selection {
        let mut selection = Selection::default();
        selection.add(ids.iter().copied());
        selection
    }

    #[test]
    fn some_are_picked_by_their_ids() {
        let mut selection = of(&["b", "it's"]);
        assert!(selection.has("b") && !selection.has("c"));
        assert_eq!(selection.count(10), 2);
        assert_eq!(selection.ids().collect::<Vec<_>>(), ["b", "it's"]);
        let filter = DeviceFilter::default();
        assert_eq!(
            selection.condition(&filter).as_deref(),
            Some("deviceId IN ['b', 'it\\'s']")
        );
        selection.toggle("b");
        selection.toggle("it's");
        assert_eq!(selection, Selection::default());
    }

    #[test]
    fn all_are_picked_but_some() {
        let filter = DeviceFilter {
            status: "enabled".into(),
            condition: "tags.a = 1 OR tags.b = 2".into(),
            ..DeviceFilter::default()
        };
        let mut selection = Selection::everything();
        assert!(selection.has("whoever"));
        assert_eq!(selection.count(7), 7);
        assert_eq!(selection.condition(&filter), Some(filter.text()));
        selection.toggle("x");
        assert!(!selection.has("x") && selection.has("y"));
        assert_eq!(selection.count(7), 6);
        assert_eq!(selection.ids().count(), 0);
        assert_eq!(
            selection.condition(&filter),
            Some(format!("({}) AND NOT (deviceId IN ['x'])", filter.text()))
        );
        let commented = DeviceFilter {
            condition: "tags.a = 1 -- one".into(),
            ..DeviceFilter::default()
        };
        assert_eq!(
            selection.condition(&commented).as_deref(),
            Some("(\ntags.a = 1 -- one\n) AND NOT (deviceId IN ['x'])")
        );
        // Picking the page again takes nobody out.
        selection.add(["x", "y"]);
        assert_eq!(selection, Selection::everything());
    }

    #[test]
    fn too_many_names_make_no_condition() {
        let ids: Vec<String> = (0..=MOST_NAMED).map(|n| format!("d{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let filter = DeviceFilter::default();
        assert_eq!(of(&ids).condition(&filter), None);
        assert!(of(&ids[1..]).condition(&filter).is_some());
    }
}
