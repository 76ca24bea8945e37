//! Every word the console shows, in English and Korean, side by side in one typed table: a text
//! missing in a language does not compile, and a test compares placeholders. No sentence is glued
//! from fragments: what varies is a named placeholder, `{n}`.

#[macro_use]
mod table;
mod access;
mod alerts;
mod archive;
mod audit;
mod common;
mod compatibility;
mod configurations;
mod developers;
mod device;
mod device_grid;
mod devices;
mod events;
mod history;
mod issues;
mod jobs;
mod limits;
mod map;
mod messages;
mod methods;
mod modules;
mod operations;
mod overview;
mod progress;
mod query;
mod resources;
mod retirement;
mod routing;
mod schedule;
mod settings;
mod sign_in;
mod telemetry;
mod timeline;
pub mod transfers;
mod twin;

use crate::logic::{number, time::Distance};
use crate::preferences::preferences;
use crate::reactive::derive;
use leptos::prelude::*;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// Its language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// Its texts.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Korean => &KOREAN,
        }
    }
}

/// All texts of one language, by screen.
pub struct Texts {
    /// Shell, states, words used everywhere.
    pub common: common::Common,
    /// Sign-in page.
    pub sign_in: sign_in::SignIn,
    /// Overview.
    pub overview: overview::Overview,
    /// Tiles of current issues.
    pub issues: issues::Issues,
    /// Device list and creation.
    pub devices: devices::Devices,
    /// Columns, views and files of the device list.
    pub device_grid: device_grid::DeviceGrid,
    /// The live tail of all sources.
    pub events: events::Events,
    /// Device header and identity.
    pub device: device::Device,
    /// Twin editor.
    pub twin: twin::Twin,
    /// Live tail and chart.
    pub telemetry: telemetry::Telemetry,
    /// Direct methods.
    pub methods: methods::Methods,
    /// The map.
    pub map: map::Map,
    /// Cloud-to-device messages.
    pub messages: messages::Messages,
    /// Module identities.
    pub modules: modules::Modules,
    /// Progress of operations.
    pub progress: progress::Progress,
    /// Query workbench.
    pub query: query::Query,
    /// Retiring a device.
    pub retirement: retirement::Retirement,
    /// Alerts and their rules.
    pub alerts: alerts::Alerts,
    /// Archived devices.
    pub archive: archive::Archive,
    /// Record of changes.
    pub audit: audit::Audit,
    /// Import and export.
    pub transfers: transfers::Transfers,
    /// Scheduled jobs.
    pub jobs: jobs::Jobs,
    /// Routes and endpoints.
    pub routing: routing::Routing,
    /// Scheduling one.
    pub schedule: schedule::Schedule,
    /// Configurations.
    pub configurations: configurations::Configurations,
    /// The timeline of a device.
    pub timeline: timeline::Timeline,
    /// History of a twin.
    pub history: history::History,
    /// Who may use the hub.
    pub access: access::Access,
    /// What the hub goes by.
    pub settings: settings::Settings,
    /// Screens of documents.
    pub resources: resources::Resources,
    /// Throttles.
    pub limits: limits::Limits,
    /// What developers need.
    pub developers: developers::Developers,
    /// What is compatible.
    pub compatibility: compatibility::Compatibility,
    /// Refused connections.
    pub operations: operations::Operations,
}

macro_rules! all_tables {
    ($language:ident) => {
        Texts {
            common: common::Common::$language,
            sign_in: sign_in::SignIn::$language,
            overview: overview::Overview::$language,
            issues: issues::Issues::$language,
            devices: devices::Devices::$language,
            device_grid: device_grid::DeviceGrid::$language,
            events: events::Events::$language,
            device: device::Device::$language,
            twin: twin::Twin::$language,
            telemetry: telemetry::Telemetry::$language,
            methods: methods::Methods::$language,
            map: map::Map::$language,
            messages: messages::Messages::$language,
            modules: modules::Modules::$language,
            progress: progress::Progress::$language,
            query: query::Query::$language,
            retirement: retirement::Retirement::$language,
            alerts: alerts::Alerts::$language,
            archive: archive::Archive::$language,
            audit: audit::Audit::$language,
            transfers: transfers::Transfers::$language,
            jobs: jobs::Jobs::$language,
            routing: routing::Routing::$language,
            schedule: schedule::Schedule::$language,
            configurations: configurations::Configurations::$language,
            history: history::History::$language,
            timeline: timeline::Timeline::$language,
            access: access::Access::$language,
            settings: settings::Settings::$language,
            resources: resources::Resources::$language,
            limits: limits::Limits::$language,
            developers: developers::Developers::$language,
            compatibility: compatibility::Compatibility::$language,
            operations: operations::Operations::$language,
        }
    };
}

static ENGLISH: Texts = all_tables!(ENGLISH);
static KOREAN: Texts = all_tables!(KOREAN);

/// The texts of the chosen language; tracked, so views change when the language does.
pub fn t() -> &'static Texts {
    preferences().language.get().texts()
}

/// The texts of the chosen language, read once: for event handlers.
pub fn t_once() -> &'static Texts {
    preferences().language.get_untracked().texts()
}

/// A text, whatever the language: `word!(devices.title)`. A place in the tables and no function
/// that reads it: two thousand of them would be a fiftieth of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(u16);

impl Word {
    /// The text at so many bytes from the beginning of the tables.
    ///
    /// # Safety
    /// There must be a field of type `&'static str`; `word!` is the one who makes sure.
    pub const unsafe fn at(offset: usize) -> Self {
        assert!(
            offset <= u16::MAX as usize,
            "the tables have grown too long"
        );
        Self(offset as u16)
    }

    /// It in one language.
    pub fn of(self, texts: &'static Texts) -> &'static str {
        // SAFETY: whoever made this word knew a field of this type there.
        unsafe {
            *std::ptr::from_ref(texts)
                .byte_add(usize::from(self.0))
                .cast::<&'static str>()
        }
    }
}

/// The [`Word`] of a text: `word!(devices.title)`.
macro_rules! word {
    ($screen:ident . $key:ident) => {
        const {
            // Nothing else than a text has a place of this kind.
            let _: fn(&$crate::i18n::Texts) -> &&'static str = |texts| &texts.$screen.$key;
            // SAFETY: there is a text, as the line above says.
            unsafe {
                $crate::i18n::Word::at(::std::mem::offset_of!($crate::i18n::Texts, $screen.$key))
            }
        }
    };
}
pub(crate) use word;

/// One text for a property of a component; follows the language.
pub fn wording(word: Word) -> Signal<String> {
    derive(move || word.of(t()).to_owned())
}

/// One text for a view; follows the language.
pub fn shown(word: Word) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || word.of(t())
}

/// A text in a view: `tr!(devices.title)`.
macro_rules! tr {
    ($screen:ident . $key:ident) => {
        $crate::i18n::shown($crate::i18n::word!($screen.$key))
    };
}
pub(crate) use tr;

/// Puts values into the named places of a text.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            rest = &rest[open..];
            break;
        };
        let name = &rest[open + 1..open + close];
        match values.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// Picks the form for a count and fills it in as `{n}`.
pub fn count(n: u64, one: &str, other: &str) -> String {
    fill(
        if n == 1 { one } else { other },
        &[("n", &number::grouped(n))],
    )
}

/// `14 min ago`, `now`.
pub fn ago(distance: Distance) -> String {
    let texts = &t().common;
    let (text, n) = match distance {
        Distance::Now => return texts.now.to_owned(),
        Distance::Seconds(n) => (texts.seconds_ago, n),
        Distance::Minutes(n) => (texts.minutes_ago, n),
        Distance::Hours(n) => (texts.hours_ago, n),
        Distance::Days(n) => (texts.days_ago, n),
    };
    fill(text, &[("n", &n.to_string())])
}

/// `14 min`, for ages and remaining times.
pub fn lasting(distance: Distance) -> String {
    let texts = &t().common;
    let (text, n) = match distance {
        Distance::Now => (texts.seconds, 1),
        Distance::Seconds(n) => (texts.seconds, n),
        Distance::Minutes(n) => (texts.minutes, n),
        Distance::Hours(n) => (texts.hours, n),
        Distance::Days(n) => (texts.days, n),
    };
    fill(text, &[("n", &n.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn entries() -> Vec<(&'static str, &'static str, &'static str)> {
        [
            common::Common::ENTRIES,
            sign_in::SignIn::ENTRIES,
            overview::Overview::ENTRIES,
            issues::Issues::ENTRIES,
            devices::Devices::ENTRIES,
            device_grid::DeviceGrid::ENTRIES,
            events::Events::ENTRIES,
            device::Device::ENTRIES,
            twin::Twin::ENTRIES,
            telemetry::Telemetry::ENTRIES,
            methods::Methods::ENTRIES,
            map::Map::ENTRIES,
            messages::Messages::ENTRIES,
            modules::Modules::ENTRIES,
            retirement::Retirement::ENTRIES,
            alerts::Alerts::ENTRIES,
            archive::Archive::ENTRIES,
            progress::Progress::ENTRIES,
            query::Query::ENTRIES,
            routing::Routing::ENTRIES,
            audit::Audit::ENTRIES,
            transfers::Transfers::ENTRIES,
            jobs::Jobs::ENTRIES,
            schedule::Schedule::ENTRIES,
            configurations::Configurations::ENTRIES,
            history::History::ENTRIES,
            timeline::Timeline::ENTRIES,
            access::Access::ENTRIES,
            settings::Settings::ENTRIES,
            resources::Resources::ENTRIES,
            limits::Limits::ENTRIES,
            developers::Developers::ENTRIES,
            compatibility::Compatibility::ENTRIES,
            operations::Operations::ENTRIES,
        ]
        .concat()
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    /// Names and symbols that are the same in both languages.
    const SAME: [&str; 4] = ["product", "language_english", "utc", "etag"];

    #[test]
    fn every_text_exists_in_both_languages() {
        let entries = entries();
        assert!(entries.len() > 150);
        for (key, english, korean) in entries {
            assert!(!english.trim().is_empty(), "{key} has no English text");
            assert!(!korean.trim().is_empty(), "{key} has no Korean text");
            let hangul = korean.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(
                hangul || SAME.contains(&key),
                "{key} is not translated: {korean}"
            );
        }
    }

    #[test]
    fn placeholders_are_the_same_in_both_languages() {
        for (key, english, korean) in entries() {
            assert_eq!(placeholders(english), placeholders(korean), "{key}");
        }
    }

    #[test]
    fn fill_replaces_names_and_leaves_unknown_ones() {
        assert_eq!(
            fill("{n} of {total}", &[("n", "1"), ("total", "2")]),
            "1 of 2"
        );
        assert_eq!(fill("{x} {n", &[("n", "1")]), "{x} {n");
        assert_eq!(fill("{n}", &[("n", "{n}")]), "{n}");
    }

    #[test]
    fn count_picks_the_form() {
        assert_eq!(count(1, "{n} device", "{n} devices"), "1 device");
        assert_eq!(count(1_200, "{n} device", "{n} devices"), "1,200 devices");
        assert_eq!(count(0, "{n} device", "{n} devices"), "0 devices");
    }
}
