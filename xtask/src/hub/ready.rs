//! What a hub says once it serves: on the terminal, and in the ready file.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Explain, Outcome};
use crate::hub::certificates::Certificates;
use crate::hub::launcher::Serving;
use crate::hub::options::HubOptions;
use crate::hub::private_file;

/// The ready file: everything a client needs, and so for the owner's eyes only.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyFile {
    /// Plain HTTP and WebSocket.
    pub url: String,
    /// The TLS terminator, when it is on.
    pub https_url: Option<String>,
    /// The hub's own name.
    pub host_name: String,
    /// The private CA that clients of `httpsUrl` must trust.
    pub ca_file: PathBuf,
    /// Of the `iothubowner` policy.
    pub connection_string: String,
    /// Signs in once.
    pub console_url: String,
    /// The process to stop with SIGTERM.
    pub pid: u32,
    /// The runtime's process, for tests that kill it.
    pub workerd_pid: u32,
}

impl ReadyFile {
    /// Puts together what is known once the hub serves.
    pub fn new(options: &HubOptions, certificates: &Certificates, serving: Serving) -> Self {
        let url = url("http", options, options.port);
        Self {
            console_url: format!("{url}/console/#sign-in={}", serving.sign_in_token),
            https_url: options
                .https_port
                .map(|port| url_without_default_port(options, port)),
            url,
            host_name: serving.host_name,
            ca_file: certificates.ca.clone(),
            connection_string: serving.connection_string,
            pid: std::process::id(),
            workerd_pid: serving.workerd_pid,
        }
    }

    /// Writes the file in one visible step.
    pub fn write(&self, path: &Path) -> Outcome {
        let text =
            serde_json::to_vec_pretty(self).explain(|| "cannot write the ready file".to_owned())?;
        private_file::write(path, &text)
    }

    /// Removes the file of an earlier hub: whoever waits for it must not read that one's.
    pub fn forget(path: &Path) -> Outcome {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).explain(|| format!("cannot replace {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Tells the user.
    pub fn print(&self) {
        println!("serving            {}", self.url);
        if let Some(https_url) = &self.https_url {
            println!("over TLS           {https_url}");
            println!("CA certificate     {}", self.ca_file.display());
        }
        println!("console (once)     {}", self.console_url);
        println!("connection string  {}", self.connection_string);
    }
}

fn url(scheme: &str, options: &HubOptions, port: u16) -> String {
    // An address that means "all of them" is no address to go to.
    let host = if options.bind.is_unspecified() {
        "127.0.0.1".to_owned()
    } else if options.bind.is_ipv6() {
        format!("[{}]", options.bind)
    } else {
        options.bind.to_string()
    };
    format!("{scheme}://{host}:{port}")
}

fn url_without_default_port(options: &HubOptions, port: u16) -> String {
    let url = url("https", options, port);
    url.strip_suffix(":443").map_or(url.clone(), str::to_owned)
}
