//! The screens that can be gone to from anywhere: the one list behind the navigation, the keys
//! and the command palette.

use crate::components::icon::Icon;
use crate::i18n::{Word, word};
use crate::logic::alert_filter::AlertFilter;
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::audit_filter::AuditFilter;
use crate::logic::developers_place::DevelopersPlace;
use crate::logic::event_filter::EventFilter;
use crate::logic::job_filter::JobFilter;
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::progress::Asked;
use crate::logic::query_result::Workbench;
use crate::logic::url_state::DeviceFilter;
use crate::routes;

/// A part of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Above all others, without a name.
    Top,
    /// The fleet.
    Fleet,
    /// The hub itself.
    Hub,
}

/// A screen.
#[derive(Clone, Copy)]
pub struct Screen {
    /// Where it stands.
    pub part: Part,
    /// What it is called.
    pub name: Word,
    /// Its picture.
    pub icon: Icon,
    /// Its address.
    pub address: fn() -> String,
    /// Beginnings of the addresses that belong to it, behind the console's own.
    pub below: &'static [&'static str],
    /// The key behind `g` that leads there.
    pub key: &'static str,
}

/// All of them, as they stand in the navigation.
pub const SCREENS: [Screen; 18] = [
    Screen {
        part: Part::Top,
        name: word!(common.nav_overview),
        icon: Icon::Overview,
        address: routes::overview,
        below: &[],
        key: "o",
    },
    Screen {
        part: Part::Top,
        name: word!(common.nav_alerts),
        icon: Icon::Bell,
        address: || routes::alerts(&AlertFilter::default()),
        below: &["alerts"],
        key: "n",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_devices),
        icon: Icon::Device,
        address: || routes::devices(&DeviceFilter::default()),
        below: &["devices"],
        key: "d",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_map),
        icon: Icon::Map,
        address: routes::map,
        below: &["map"],
        key: "m",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_query),
        icon: Icon::Search,
        address: || routes::query(&Workbench::default()),
        below: &["query"],
        key: "q",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_archive),
        icon: Icon::Archive,
        address: || routes::archive(&ArchiveFilter::default()),
        below: &["archive"],
        key: "r",
    },
    // What is made anew has a page of its own.
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_configurations),
        icon: Icon::Layers,
        address: routes::configurations,
        below: &["configurations", "configure"],
        key: "f",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_jobs),
        icon: Icon::Clock,
        address: || routes::jobs(&JobFilter::default()),
        below: &["jobs", "schedule"],
        key: "j",
    },
    Screen {
        part: Part::Fleet,
        name: word!(common.nav_progress),
        icon: Icon::Play,
        address: || routes::progress(&Asked::default()),
        below: &["progress"],
        key: "p",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_events),
        icon: Icon::Tray,
        address: || routes::events(&EventFilter::default()),
        below: &["events"],
        key: "v",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_routing),
        icon: Icon::Pulse,
        address: routes::routing,
        below: &["routing"],
        key: "e",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_audit),
        icon: Icon::Record,
        address: || routes::audit(&AuditFilter::default()),
        below: &["audit"],
        key: "a",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_operations),
        icon: Icon::Shield,
        address: || routes::operations(&OperationsFilter::default()),
        below: &["operations"],
        key: "c",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_transfers),
        icon: Icon::Transfer,
        address: || routes::transfers(""),
        below: &["transfers"],
        key: "t",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_limits),
        icon: Icon::Columns,
        address: routes::limits,
        below: &["limits"],
        key: "l",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_developers),
        icon: Icon::Code,
        address: || routes::developers("", &DevelopersPlace::default()),
        below: &["developers"],
        key: "x",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_access),
        icon: Icon::Person,
        address: || routes::resources("access", ""),
        below: &["access"],
        key: "u",
    },
    Screen {
        part: Part::Hub,
        name: word!(common.nav_settings),
        icon: Icon::Settings,
        address: || routes::resources("settings", ""),
        below: &["settings"],
        key: "s",
    },
];

impl Screen {
    /// Whether an address belongs to it.
    pub fn shows(&self, pathname: &str) -> bool {
        let rest = pathname.strip_prefix(routes::BASE).unwrap_or(pathname);
        let rest = rest.trim_matches('/');
        if self.below.is_empty() {
            return rest.is_empty();
        }
        let first = rest.split('/').next().unwrap_or_default();
        self.below.contains(&first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_knows_its_own_address_and_no_other_one() {
        for screen in SCREENS {
            let address = (screen.address)();
            let path = address.split('?').next().unwrap_or_default();
            let shown: Vec<&str> = SCREENS
                .iter()
                .filter(|other| other.shows(path))
                .map(|other| other.key)
                .collect();
            assert_eq!(shown, [screen.key], "{path}");
        }
    }

    #[test]
    fn keys_are_there_once() {
        for screen in SCREENS {
            let same = SCREENS.iter().filter(|other| other.key == screen.key);
            assert_eq!(same.count(), 1, "{}", screen.key);
        }
    }
}
