//! The console's addresses: the only place that builds or reads them.

use crate::logic::alert_filter::AlertFilter;
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::audit_filter::AuditFilter;
use crate::logic::developers_place::DevelopersPlace;
use crate::logic::event_filter::EventFilter;
use crate::logic::history_filter::HistoryFilter;
use crate::logic::job_filter::{JobFilter, RowFilter};
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::progress::Asked;
use crate::logic::query_result::Workbench;
use crate::logic::timeline::{Kind, write_kind};
use crate::logic::url_state::{DeviceFilter, decode, encode, write_query};
use leptos_router::NavigateOptions;

/// Where the console is mounted.
pub const BASE: &str = "/console";

/// Whether an address is one of a pattern's: `:id` stands for any segment, `:tab?` for one or none.
pub fn fits(pattern: &str, pathname: &str) -> bool {
    let Some(path) = pathname.strip_prefix(BASE) else {
        return false;
    };
    let mut given = path.split('/').filter(|segment| !segment.is_empty());
    let mut wanted = pattern.split('/').filter(|segment| !segment.is_empty());
    wanted.all(|wanted| match given.next() {
        Some(given) => wanted.starts_with(':') || wanted == given,
        None => wanted.ends_with('?'),
    }) && given.next().is_none()
}

/// Goes to another screen. Addresses built here are whole, so the router must not resolve them.
pub fn to_screen() -> NavigateOptions {
    NavigateOptions {
        resolve: false,
        ..Default::default()
    }
}

/// Writes state of the same screen into the address: no new history entry, no scrolling.
pub fn same_screen() -> NavigateOptions {
    NavigateOptions {
        resolve: false,
        replace: true,
        scroll: false,
        ..Default::default()
    }
}

/// Goes to a page of a list: back leads to the one before, not through all filters tried.
pub fn page_of(cursors: &[String]) -> NavigateOptions {
    NavigateOptions {
        replace: cursors.is_empty(),
        ..same_screen()
    }
}

/// A tab of the device page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Connection, identity, keys.
    Identity,
    /// Desired, tags and reported.
    Twin,
    /// Live tail.
    Telemetry,
    /// Direct methods.
    Methods,
    /// Cloud-to-device messages.
    Messages,
    /// Module identities.
    Modules,
    /// Who set which property.
    Configuration,
    /// What the twin was.
    History,
    /// What happened.
    Timeline,
}

impl Tab {
    /// All tabs in their order.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Timeline,
        Self::Twin,
        Self::Telemetry,
        Self::Methods,
        Self::Messages,
        Self::Modules,
        Self::Configuration,
        Self::History,
    ];

    /// Its name in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Twin => "twin",
            Self::Telemetry => "telemetry",
            Self::Methods => "methods",
            Self::Messages => "messages",
            Self::Modules => "modules",
            Self::Configuration => "configuration",
            Self::History => "history",
            Self::Timeline => "timeline",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.name() == name)
    }
}

/// The overview.
pub fn overview() -> String {
    format!("{BASE}/")
}

/// The device list with a filter.
pub fn devices(filter: &DeviceFilter) -> String {
    format!("{BASE}/devices{}", filter.write())
}

/// The map.
pub fn map() -> String {
    format!("{BASE}/map")
}

/// All events with a filter.
pub fn events(filter: &EventFilter) -> String {
    format!("{BASE}/events{}", filter.write())
}

/// A device with one of its tabs open.
pub fn device(id: &str, tab: Tab) -> String {
    match tab {
        Tab::Identity => format!("{BASE}/devices/{}", encode(id)),
        tab => format!("{BASE}/devices/{}/{}", encode(id), tab.name()),
    }
}

/// The device and tab an address names. Read from the raw path: device ids may hold `%`, which
/// must be decoded exactly once.
pub fn read_device(pathname: &str) -> Option<(String, Option<Tab>)> {
    let rest = pathname.strip_prefix(BASE)?.strip_prefix("/devices/")?;
    let mut segments = rest.trim_end_matches('/').split('/');
    let id = decode(segments.next().filter(|s| !s.is_empty())?);
    let tab = match segments.next() {
        None => Some(Tab::Identity),
        Some(name) => Tab::from_name(name),
    };
    Some((id, tab))
}

/// A kind of document on the access or settings screen; the first without its name.
pub fn resources(screen: &str, kind: &str) -> String {
    format!("{BASE}/{screen}/{kind}")
        .trim_end_matches('/')
        .to_owned()
}

/// The record of changes with a filter.
pub fn audit(filter: &AuditFilter) -> String {
    format!("{BASE}/audit{}", filter.write())
}

/// What was done to one device.
pub fn audit_of(device: &str) -> String {
    audit(&AuditFilter {
        device: device.to_owned(),
        ..AuditFilter::default()
    })
}

/// Import and export with a job open; with none if its id is empty.
pub fn transfers(job: &str) -> String {
    format!("{BASE}/transfers{}", write_query([("job", job.to_owned())]))
}

/// The history of a twin with a filter.
pub fn history(device: &str, filter: &HistoryFilter) -> String {
    format!("{}{}", self::device(device, Tab::History), filter.write())
}

/// The timeline of a device, of one kind of thing or of all.
pub fn timeline(device: &str, kind: Option<Kind>) -> String {
    format!(
        "{}{}",
        self::device(device, Tab::Timeline),
        write_kind(kind)
    )
}

/// The configurations.
pub fn configurations() -> String {
    format!("{BASE}/configurations")
}

/// A configuration.
pub fn configuration(id: &str) -> String {
    format!("{BASE}/configurations/{}", encode(id))
}

/// Changing a configuration.
pub fn edit_configuration(id: &str) -> String {
    format!("{}/edit", configuration(id))
}

/// The configuration that an address names, to look at or to change.
pub fn read_configuration(pathname: &str) -> Option<String> {
    let rest = pathname
        .strip_prefix(BASE)?
        .strip_prefix("/configurations/")?;
    let rest = rest.trim_end_matches('/');
    let id = rest.strip_suffix("/edit").unwrap_or(rest);
    (!id.is_empty() && !id.contains('/')).then(|| decode(id))
}

/// A new configuration. Not below the others: every word there may be the id of one.
pub fn configure() -> String {
    format!("{BASE}/configure")
}

/// The scheduled jobs with a filter.
pub fn jobs(filter: &JobFilter) -> String {
    format!("{BASE}/jobs{}", filter.write())
}

/// A scheduled job with a filter of its devices.
pub fn job(id: &str, filter: &RowFilter) -> String {
    format!("{BASE}/jobs/{}{}", encode(id), filter.write())
}

/// The job that an address names.
pub fn read_job(pathname: &str) -> Option<String> {
    let rest = pathname.strip_prefix(BASE)?.strip_prefix("/jobs/")?;
    let id = rest.trim_end_matches('/');
    (!id.is_empty() && !id.contains('/')).then(|| decode(id))
}

/// Scheduling a job. Not below the jobs: every word there may be the id of one.
pub fn schedule() -> String {
    format!("{BASE}/schedule")
}

/// Scheduling a job like another one.
pub fn schedule_like(id: &str) -> String {
    format!("{}{}", schedule(), write_query([("like", id.to_owned())]))
}

/// Scheduling a job for the devices of a condition.
pub fn schedule_for(condition: &str) -> String {
    let query = write_query([("condition", condition.to_owned())]);
    format!("{}{query}", schedule())
}

/// The query workbench.
pub fn query(bench: &Workbench) -> String {
    format!("{BASE}/query{}", bench.write())
}

/// How far devices are with an operation.
pub fn progress(asked: &Asked) -> String {
    format!("{BASE}/progress{}", asked.write())
}

/// Routes and endpoints.
pub fn routing() -> String {
    format!("{BASE}/routing")
}

/// The limits.
pub fn limits() -> String {
    format!("{BASE}/limits")
}

/// What developers need; the first tab without its name.
pub fn developers(tab: &str, place: &DevelopersPlace) -> String {
    let path = resources("developers", tab);
    format!("{path}{}", place.write())
}

/// The alerts with a filter.
pub fn alerts(filter: &AlertFilter) -> String {
    format!("{BASE}/alerts{}", filter.write())
}

/// The rules of alerts.
pub fn alert_rules() -> String {
    format!("{BASE}/alerts/rules")
}

/// Refused connections with a filter.
pub fn operations(filter: &OperationsFilter) -> String {
    format!("{BASE}/operations{}", filter.write())
}

/// Importing a file.
pub fn import() -> String {
    format!("{BASE}/transfers/import")
}

/// The archive with a filter.
pub fn archive(filter: &ArchiveFilter) -> String {
    format!("{BASE}/archive{}", filter.write())
}

/// An archived device.
pub fn archived(id: &str, generation: &str) -> String {
    format!("{BASE}/archive/{}/{}", encode(id), encode(generation))
}

/// An archived device with the retirement that brought it there.
pub fn retired(id: &str, generation: &str, operation: &str) -> String {
    format!(
        "{}?retirement={}",
        archived(id, generation),
        encode(operation)
    )
}

/// The archived device that an address names: its id and generation.
pub fn read_archived(pathname: &str) -> Option<(String, String)> {
    let rest = pathname.strip_prefix(BASE)?.strip_prefix("/archive/")?;
    let (id, generation) = rest.trim_end_matches('/').split_once('/')?;
    let usable = !id.is_empty() && !generation.contains('/');
    usable.then(|| (decode(id), decode(generation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_addresses_read_back() {
        for id in ["pump-1", "a%41", "x#?;'=", "p.q"] {
            for tab in Tab::ALL {
                let read = read_device(&device(id, tab));
                assert_eq!(read, Some((id.to_owned(), Some(tab))));
            }
        }
    }

    #[test]
    fn addresses_fit_their_patterns_only() {
        for (pattern, path, fitting) in [
            ("/", "/console", true),
            ("/", "/console/", true),
            ("/", "/console/devices", false),
            ("/devices", "/console/devices/", true),
            ("/devices", "/other/devices", false),
            ("/devices/:id/:tab?", "/console/devices", false),
            ("/devices/:id/:tab?", "/console/devices/a", true),
            ("/devices/:id/:tab?", "/console/devices/a/twin", true),
            ("/devices/:id/:tab?", "/console/devices/a/twin/b", false),
            ("/jobs/:id", "/console/jobs", false),
            (
                "/configurations/:id/edit",
                "/console/configurations/a",
                false,
            ),
            (
                "/configurations/:id/edit",
                "/console/configurations/a/edit",
                true,
            ),
        ] {
            assert_eq!(fits(pattern, path), fitting, "{pattern} {path}");
        }
    }

    #[test]
    fn archive_addresses_read_back() {
        for id in ["pump-1", "a%41", "x#?;'=", "p.q"] {
            let read = read_archived(&archived(id, "639120"));
            assert_eq!(read, Some((id.to_owned(), "639120".to_owned())));
        }
        assert_eq!(read_archived("/console/archive"), None);
        assert_eq!(read_archived("/console/archive/only"), None);
        assert_eq!(read_archived("/console/archive/a/b/c"), None);
    }

    #[test]
    fn configuration_addresses_read_back() {
        for id in ["fw-28", "edit", "new", "a%41*!'"] {
            for address in [configuration(id), edit_configuration(id)] {
                assert_eq!(read_configuration(&address), Some(id.to_owned()));
            }
        }
        assert_eq!(read_configuration("/console/configurations"), None);
    }

    #[test]
    fn job_addresses_read_back() {
        for id in ["job-1", "new", "it's", "a.b_c"] {
            assert_eq!(
                read_job(&job(id, &RowFilter::default())),
                Some(id.to_owned())
            );
        }
        assert_eq!(read_job("/console/jobs"), None);
        assert_eq!(read_job("/console/jobs/a/b"), None);
    }

    #[test]
    fn unknown_tabs_and_other_pages_are_told_apart() {
        assert_eq!(
            read_device("/console/devices/a/nope"),
            Some(("a".to_owned(), None))
        );
        assert_eq!(read_device("/console/devices/"), None);
        assert_eq!(read_device("/console/"), None);
    }
}
