//! The options of `hub`, shared with `run`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::hub::Layout;
use crate::project::Project;

/// Names in every certificate, besides the ones asked for. 127.0.77.1 is a loopback
/// address that the tests bind for SDKs which insist on port 443.
const LOCAL_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "127.0.77.1"];

/// How a hub is started.
#[derive(Debug, Clone, Args)]
pub struct HubOptions {
    /// Port of plain HTTP and WebSocket.
    #[arg(long, default_value_t = 8787, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,

    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,

    /// Port of HTTPS and secure WebSocket, with a certificate of the private CA. Off unless given.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub https_port: Option<u16>,

    /// A name or address that the hub answers to besides localhost and 127.0.0.1; repeatable. The first becomes the hub's name.
    #[arg(long = "host-name", value_name = "NAME")]
    pub host_names: Vec<String>,

    /// A host that the hub may send requests to though it is not public, as NAME or NAME:PORT: for import and export jobs with a storage emulator, say; repeatable.
    #[arg(long = "allow-host", value_name = "HOST")]
    pub allowed_hosts: Vec<String>,

    /// Folder of all state: identities, twins, messages, keys, certificates [default: .skerry in the checkout].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Number of gateway objects, fixed when the data folder is created [default: 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub gateways: Option<u16>,

    /// Number of registry shards, fixed when the data folder is created [default: 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub shards: Option<u16>,

    /// Number of event partitions, fixed when the data folder is created [default: 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    pub partitions: Option<u16>,

    /// Once serving, write the connection data as JSON to this file, readable by the owner only.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,

    /// Serve what was built last time; build nothing (also with SKERRY_NO_BUILD=1 in the environment).
    #[arg(long)]
    pub no_build: bool,

    /// Also show what the worker logs at info level.
    #[arg(long)]
    pub verbose: bool,
}

/// The object counts that were asked for; `None` means whatever the data folder has.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestedLayout {
    /// Gateway objects.
    pub gateways: Option<u16>,
    /// Registry shards.
    pub shards: Option<u16>,
    /// Event partitions.
    pub partitions: Option<u16>,
}

impl RequestedLayout {
    /// The layout of a new hub.
    pub fn or_default(self) -> Layout {
        Layout {
            gateways: self.gateways.unwrap_or(2),
            shards: self.shards.unwrap_or(4),
            partitions: self.partitions.unwrap_or(4),
        }
    }
}

impl HubOptions {
    /// Refuses what clap cannot see.
    pub fn check(&self) -> Outcome {
        if self.https_port == Some(self.port) {
            return Err(Failure::refused(format!(
                "--port and --https-port are both {}; give them different ports",
                self.port
            )));
        }
        if let Some(path) = &self.ready_file {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
                return Err(Failure::refused(format!(
                    "--ready-file {} cannot be written: give the path of a file in a folder that exists",
                    path.display()
                )));
            }
        }
        if let Some(name) = self.host_names.iter().find(|name| !is_host_name(name)) {
            return Err(Failure::refused(format!(
                "--host-name {name:?} is neither a host name nor an address; give a name like hub.example.org or 192.0.2.7, without scheme and port"
            )));
        }
        Ok(())
    }

    /// Whether to serve what was built last time.
    pub fn skips_build(&self) -> bool {
        self.no_build || std::env::var_os("SKERRY_NO_BUILD").is_some_and(|value| value == "1")
    }

    /// The data folder, absolute.
    pub fn data_folder(&self, project: &Project) -> PathBuf {
        let folder = self
            .data
            .clone()
            .unwrap_or_else(|| project.root.join(".skerry"));
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// The object counts that were asked for.
    pub fn requested_layout(&self) -> RequestedLayout {
        RequestedLayout {
            gateways: self.gateways,
            shards: self.shards,
            partitions: self.partitions,
        }
    }

    /// The hub's own name: what connection strings say.
    pub fn primary_name(&self) -> &str {
        self.host_names.first().map_or("localhost", String::as_str)
    }

    /// Every name the hub answers to, the primary one first.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let all = self
            .host_names
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .chain(LOCAL_NAMES.map(str::to_owned));
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The names in the certificate: those, and the address listened on.
    pub fn certificate_names(&self) -> Vec<String> {
        let mut names = self.names();
        let bind = self.bind.to_string();
        if !self.bind.is_unspecified() && !names.contains(&bind) {
            names.push(bind);
        }
        names
    }
}

/// A DNS name (RFC 1123) or an IP address.
fn is_host_name(name: &str) -> bool {
    if name.parse::<IpAddr>().is_ok() {
        return true;
    }
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_and_addresses_are_told_from_urls() {
        for good in [
            "hub.example.org",
            "a",
            "192.0.2.7",
            "::1",
            "xn--bcher-kva.example",
        ] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in [
            "",
            "https://a",
            "a:8443",
            "-a.example",
            "a..b",
            "a b",
            "a,b",
            "ü.example",
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }

    fn options(names: &[&str]) -> HubOptions {
        HubOptions {
            port: 8787,
            bind: IpAddr::from([127, 0, 0, 5]),
            https_port: None,
            host_names: names.iter().map(|&name| name.to_owned()).collect(),
            allowed_hosts: Vec::new(),
            data: None,
            gateways: None,
            shards: None,
            partitions: None,
            ready_file: None,
            no_build: false,
            verbose: false,
        }
    }

    #[test]
    fn the_first_host_name_is_the_hubs_name() {
        assert_eq!(options(&[]).primary_name(), "localhost");
        let named = options(&["hub.example.org", "localhost"]);
        assert_eq!(named.primary_name(), "hub.example.org");
        assert_eq!(
            named.names(),
            [
                "hub.example.org",
                "localhost",
                "127.0.0.1",
                "::1",
                "127.0.77.1"
            ]
        );
    }

    #[test]
    fn the_certificate_covers_the_address_listened_on() {
        assert!(
            options(&[])
                .certificate_names()
                .contains(&"127.0.0.5".to_owned())
        );
    }

    #[test]
    fn a_ready_file_needs_a_folder() {
        let mut hub = options(&[]);
        hub.ready_file = Some(PathBuf::from("/nowhere/at/all/ready.json"));
        assert_eq!(hub.check().unwrap_err().exit_code, 2);
        hub.ready_file = Some(PathBuf::from("ready.json"));
        assert!(hub.check().is_ok());
        hub.ready_file = Some(std::env::temp_dir());
        assert!(hub.check().is_err());
    }

    #[test]
    fn one_port_cannot_serve_both() {
        let mut both = options(&[]);
        both.https_port = Some(8787);
        assert_eq!(both.check().unwrap_err().exit_code, 2);
    }
}
