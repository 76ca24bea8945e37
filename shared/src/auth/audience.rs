//! The resource (`sr`) of a SAS token: whom or what it is good for (`device.md` §2.3 step 7,
//! `service.md` §2.2).
//!
//! Only scope; nothing here says that a token is genuine.

use crate::ids::Identity;
use crate::percent;

/// The raw `sr` that a device or module signs.
pub fn device_resource(host_name: &str, identity: &Identity) -> String {
    let device = &identity.device;
    let resource = match &identity.module {
        None => format!("{host_name}/devices/{device}"),
        Some(module) => format!("{host_name}/devices/{device}/modules/{module}"),
    };
    percent::encode(&resource)
}

/// The raw `sr` that a back end signs for the whole hub.
pub fn hub_resource(host_name: &str) -> String {
    percent::encode(host_name)
}

/// A decoded resource: a host name and path segments.
#[derive(Debug, PartialEq, Eq)]
pub struct Audience {
    host: String,
    path: Vec<String>,
}

impl Audience {
    /// Decodes a raw `sr` once and splits it; `None` if it is not text.
    pub fn parse(raw_resource: &str) -> Option<Self> {
        let decoded = percent::decode(raw_resource)?;
        let mut segments = decoded.trim_end_matches('/').split('/');
        let host = segments.next()?.to_owned();
        let mut path: Vec<String> = segments.map(str::to_owned).collect();
        // Old samples put an api-version behind the id.
        if path.last().is_some_and(|last| {
            last.get(..12)
                .is_some_and(|start| start.eq_ignore_ascii_case("api-version="))
        }) {
            path.pop();
        }
        Some(Self { host, path })
    }

    /// Whether it speaks of one of these hosts, with or without port.
    pub fn is_for_host(&self, host_names: &[&str]) -> bool {
        let host = without_port(&self.host);
        !host.is_empty()
            && host_names
                .iter()
                .any(|name| without_port(name).eq_ignore_ascii_case(host))
    }

    /// Whether it names exactly this device or module.
    pub fn names(&self, identity: &Identity) -> bool {
        let full_length = if identity.module.is_some() { 4 } else { 2 };
        self.path.len() == full_length && self.covers(identity)
    }

    /// Whether it names this device or module or anything above it, up to the whole hub.
    pub fn covers(&self, identity: &Identity) -> bool {
        let module = identity.module.as_ref();
        let expected = [
            Some(("devices", false)),
            Some((identity.device.as_str(), true)),
            module.map(|_| ("modules", false)),
            module.map(|module| (module.as_str(), true)),
        ];
        let mut expected = expected.into_iter().flatten();
        self.path.iter().all(|segment| {
            expected.next().is_some_and(|(word, is_id)| {
                segment.eq_ignore_ascii_case(word) || (is_id && is_encoded(segment, word))
            })
        })
    }

    /// Whether it names this request path (decoded segments) or anything above it.
    pub fn covers_path(&self, request_path: &[&str]) -> bool {
        self.path.len() <= request_path.len()
            && self
                .path
                .iter()
                .zip(request_path)
                .all(|(segment, requested)| segment.eq_ignore_ascii_case(requested))
    }
}

/// The C# library encodes the id and then the whole resource.
fn is_encoded(segment: &str, id: &str) -> bool {
    segment.contains('%')
        && percent::decode(segment).is_some_and(|decoded| decoded.eq_ignore_ascii_case(id))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeviceId, ModuleId};

    fn device(id: &str) -> Identity {
        Identity::device(DeviceId::parse(id).unwrap())
    }

    fn module(device: &str, module: &str) -> Identity {
        Identity {
            device: DeviceId::parse(device).unwrap(),
            module: Some(ModuleId::parse(module).unwrap()),
        }
    }

    fn audience(raw: &str) -> Audience {
        Audience::parse(raw).unwrap()
    }

    #[test]
    fn what_we_write_names_whom_we_meant() {
        for identity in [device("dev1"), device("a%2Fb#+;'"), module("d", "m:1")] {
            let raw = device_resource("hub.example", &identity);
            assert!(!raw.contains('/'), "{raw}");
            assert!(audience(&raw).names(&identity), "{raw}");
        }
        assert!(audience(&hub_resource("hub:8443")).is_for_host(&["hub"]));
    }

    #[test]
    fn a_device_is_covered_by_itself_and_by_what_is_above() {
        let dev1 = device("dev1");
        for (raw, covers, names) in [
            ("h%2Fdevices%2Fdev1", true, true),
            ("h/devices/dev1/", true, true),
            ("H/DEVICES/DEV1", true, true),
            ("h/devices/dev1/api-version=2016-11-14", true, true),
            ("h/devices", true, false),
            ("h", true, false),
            ("h/devices/dev", false, false),
            ("h/devices/dev12", false, false),
            ("h/devices/dev1/modules/m1", false, false),
            ("h/devices/dev1/messages", false, false),
            ("h/modules/dev1", false, false),
            ("h//devices/dev1", false, false),
            ("h/devices/dev2/api-version=2016-11-14", false, false),
        ] {
            assert_eq!(audience(raw).covers(&dev1), covers, "{raw}");
            assert_eq!(audience(raw).names(&dev1), names, "{raw}");
        }
    }

    #[test]
    fn a_module_is_named_only_in_full() {
        let m1 = module("dev1", "m1");
        assert!(audience("h/devices/dev1/modules/m1").names(&m1));
        assert!(audience("h/devices/dev1").covers(&m1));
        assert!(!audience("h/devices/dev1").names(&m1));
        assert!(!audience("h/devices/dev1/modules/m2").covers(&m1));
        assert!(!audience("h/devices/dev2/modules/m1").covers(&m1));
    }

    #[test]
    fn an_id_encoded_twice_is_understood() {
        assert!(audience("h%2Fdevices%2Fa%2523b").names(&device("a#b")));
        assert!(!audience("h%2Fdevices%2Fa%2523b").names(&device("a#c")));
    }

    #[test]
    fn hosts_match_in_any_case_with_or_without_port() {
        for raw in ["MyHub.Example", "myhub.example:443", "myhub.example%3A8443"] {
            assert!(
                audience(raw).is_for_host(&["other", "myhub.example"]),
                "{raw}"
            );
            assert!(audience(raw).is_for_host(&["myhub.example:8443"]), "{raw}");
        }
        for raw in [
            "hub.example",
            "myhub.example.evil",
            "myhub.example:x",
            "",
            "/devices/d",
            ":1",
        ] {
            assert!(!audience(raw).is_for_host(&["myhub.example"]), "{raw}");
        }
        assert!(!audience("").is_for_host(&[""]));
        assert_eq!(Audience::parse("%ff"), None);
    }

    #[test]
    fn a_request_path_is_covered_segment_by_segment() {
        let path = ["devices", "pump-7", "messages", "deviceBound"];
        for (raw, covered) in [
            ("h", true),
            ("h/devices", true),
            ("h/Devices/pump-7/", true),
            ("h/devices/pump", false),
            ("h/twins", false),
            ("h/devices/pump-7/messages/deviceBound/x", false),
        ] {
            assert_eq!(audience(raw).covers_path(&path), covered, "{raw}");
        }
    }
}
