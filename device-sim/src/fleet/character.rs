//! What each device of the fleet is: its name, kind, site, line and model.
//!
//! Only data for names and tags; behaviour is elsewhere.

use crate::behaviours::telemetry::Profile;
use crate::random::{Purpose, stream};
use rand::RngExt;
use serde_json::{Value, json};

/// What a device measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pressure, flow and vibration.
    Pump,
    /// Supply and return temperature.
    Chiller,
    /// Power and energy, always growing.
    Meter,
    /// Opens and closes; speaks only when something happens.
    Door,
}

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Name as it stands in the tags.
    pub name: &'static str,
    /// Latitude of the site.
    pub latitude: f64,
    /// Longitude of the site.
    pub longitude: f64,
    /// IANA time zone.
    pub timezone: &'static str,
}

const SITES: [Site; 4] = [
    Site {
        name: "bergen",
        latitude: 60.39,
        longitude: 5.32,
        timezone: "Europe/Oslo",
    },
    Site {
        name: "oslo",
        latitude: 59.91,
        longitude: 10.75,
        timezone: "Europe/Oslo",
    },
    Site {
        name: "trondheim",
        latitude: 63.43,
        longitude: 10.39,
        timezone: "Europe/Oslo",
    },
    Site {
        name: "busan",
        latitude: 35.18,
        longitude: 129.08,
        timezone: "Asia/Seoul",
    },
];

/// Everything fixed about one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Character {
    /// The device id.
    pub device_id: String,
    /// What it measures.
    pub kind: Kind,
    /// Where it stands.
    pub site: Site,
    /// Production line, 1 to 4.
    pub line: u32,
    /// Model name.
    pub model: &'static str,
    /// Latitude and longitude of the device itself.
    pub position: (f64, f64),
}

impl Character {
    /// The device at a place of the fleet, counted from 0.
    pub fn new(seed: u64, index: usize, profile: Profile, prefix: Option<&str>) -> Self {
        let mut generator = stream(seed, index, Purpose::Character);
        let kind = match profile {
            Profile::Mixed => [Kind::Pump, Kind::Chiller, Kind::Meter, Kind::Door][index % 4],
            Profile::Sine => Kind::Chiller,
            Profile::RandomWalk => Kind::Meter,
            Profile::Events => Kind::Door,
        };
        let models: [&str; 3] = match kind {
            Kind::Pump => ["HP-220", "HP-340", "CP-12"],
            Kind::Chiller => ["FX-90", "FX-120", "Polar-4"],
            Kind::Meter => ["EM-3", "EM-5", "EM-5i"],
            Kind::Door => ["GateKeeper-2", "GateKeeper-3", "Slide-1"],
        };
        let name = match (prefix, profile) {
            (Some(prefix), _) => prefix,
            (None, Profile::Mixed) => kind.word(),
            (None, _) => "sim",
        };
        let site = SITES[generator.random_range(0..SITES.len())];
        Self {
            device_id: format!("{name}-{:04}", index + 1),
            kind,
            site,
            line: generator.random_range(1..=4),
            model: models[generator.random_range(0..models.len())],
            position: (
                site.latitude + generator.random_range(-0.02..0.02),
                site.longitude + generator.random_range(-0.02..0.02),
            ),
        }
    }

    /// The tags of its twin.
    pub fn tags(&self, heartbeat_seconds: u64) -> Value {
        json!({
            "site": self.site.name,
            "line": format!("line-{}", self.line),
            "model": self.model,
            "type": self.kind.word(),
            "timezone": self.site.timezone,
            "heartbeatSeconds": heartbeat_seconds,
        })
    }
}

impl Kind {
    /// The word for it in names and tags.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pump => "pump",
            Self::Chiller => "chiller",
            Self::Meter => "meter",
            Self::Door => "door",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_mixed_fleet_has_every_kind_and_speaking_names() {
        let fleet: Vec<Character> = (0..20)
            .map(|index| Character::new(1, index, Profile::Mixed, None))
            .collect();
        assert_eq!(fleet[0].device_id, "pump-0001");
        assert_eq!(fleet[1].device_id, "chiller-0002");
        let names: HashSet<&str> = fleet.iter().map(|one| one.device_id.as_str()).collect();
        assert_eq!(names.len(), 20);
        let sites: HashSet<&str> = fleet.iter().map(|one| one.site.name).collect();
        assert!(sites.len() >= 3, "{sites:?}");
    }

    #[test]
    fn a_prefix_names_all_devices() {
        let device = Character::new(1, 1999, Profile::Mixed, Some("sim"));
        assert_eq!(device.device_id, "sim-2000");
    }

    #[test]
    fn the_same_seed_makes_the_same_fleet() {
        for index in 0..50 {
            assert_eq!(
                Character::new(9, index, Profile::Mixed, None),
                Character::new(9, index, Profile::Mixed, None)
            );
        }
    }
}
