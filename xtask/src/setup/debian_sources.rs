//! Fetching a Debian package from a suite that the system does not use, without
//! touching the system's apt: a private source list with the machine's own mirror,
//! private package lists, a private cache.
//!
//! It must never install anything and never write below `/etc` or `/var`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Explain, Failure, Outcome};
use crate::process;

/// Used when the machine's sources name no mirror.
const DEFAULT_MIRROR: &str = "http://deb.debian.org/debian";
/// Debian's own keys, wherever the archive is mirrored.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A private view of the Debian archive.
pub struct DebianSources {
    folder: PathBuf,
}

/// One version of a package in one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The full Debian version.
    pub version: String,
}

impl DebianSources {
    /// Whether the tools of a Debian system are there.
    pub fn available() -> bool {
        ["apt-get", "apt-cache", "dpkg-deb"]
            .iter()
            .all(|tool| process::find_in_path(tool).is_some())
            && Path::new("/etc/debian_version").is_file()
    }

    /// Prepares the private folders for one suite and reads its package lists.
    pub fn open(folder: &Path, suite: &str) -> Outcome<Self> {
        for part in ["lists/partial", "cache/archives/partial", "parts"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).explain(|| format!("cannot create {}", path.display()))?;
        }
        let mirror = if suite.ends_with("-security") {
            security_mirror(&machine_mirror())
        } else {
            machine_mirror()
        };
        let signed_by = if Path::new(KEYRING).is_file() {
            format!("Signed-By: {KEYRING}\n")
        } else {
            String::new()
        };
        let list = folder.join("private.sources");
        fs::write(
            &list,
            format!("Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n{signed_by}"),
        )
        .explain(|| format!("cannot write {}", list.display()))?;
        let sources = Self {
            folder: folder.to_path_buf(),
        };
        process::output(sources.apt("apt-get").args(["--error-on=any", "update"]))
            .map_err(|failure| Failure::broken(format!("suite {suite} at {mirror}: {failure}")))?;
        Ok(sources)
    }

    /// The versions of a package in this suite, newest first.
    pub fn candidates(&self, package: &str) -> Outcome<Vec<Candidate>> {
        let listing = process::output(self.apt("apt-cache").args(["madison", package]))?;
        Ok(parse_madison(&listing))
    }

    /// Downloads a package and unpacks it into `into`.
    pub fn unpack(&self, package: &str, version: &str, into: &Path) -> Outcome {
        fs::create_dir_all(into).explain(|| format!("cannot create {}", into.display()))?;
        process::output(
            self.apt("apt-get")
                .arg("download")
                .arg(format!("{package}={version}"))
                .current_dir(&self.folder),
        )?;
        let downloaded = fs::read_dir(&self.folder)
            .explain(|| format!("cannot read {}", self.folder.display()))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| {
                path.extension().is_some_and(|ending| ending == "deb")
                    && path
                        .file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with(package))
            })
            .ok_or_else(|| Failure::broken(format!("apt-get downloaded no {package} package")))?;
        process::output(
            process::program("dpkg-deb")
                .arg("--extract")
                .arg(&downloaded)
                .arg(into),
        )?;
        fs::remove_file(&downloaded).explain(|| format!("cannot remove {}", downloaded.display()))
    }

    /// An apt tool that sees only the private folders.
    fn apt(&self, tool: &str) -> Command {
        let mut command = process::program(tool);
        let at = |part: &str| self.folder.join(part).display().to_string();
        for (option, value) in [
            ("Dir::Etc::sourcelist", at("private.sources")),
            ("Dir::Etc::sourceparts", at("parts")),
            ("Dir::State::lists", at("lists")),
            ("Dir::Cache", at("cache")),
            // The unprivileged download user may not enter the project's folder.
            ("APT::Sandbox::User", String::new()),
            ("Acquire::Retries", "3".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command.env("LC_ALL", "C");
        command
    }
}

/// The mirror that the machine itself uses.
fn machine_mirror() -> String {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    }
    files.sort();
    files
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .find_map(|text| archive_uri(&text))
        .unwrap_or_else(|| DEFAULT_MIRROR.to_owned())
}

/// The first archive URI in a source list, in either of apt's two formats.
fn archive_uri(text: &str) -> Option<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("deb ") || line.to_ascii_lowercase().starts_with("uris:"))
        .flat_map(str::split_whitespace)
        .find(|word| {
            (word.starts_with("http://") || word.starts_with("https://"))
                && word.trim_end_matches('/').ends_with("/debian")
        })
        .map(|word| word.trim_end_matches('/').to_owned())
}

/// The security archive beside a mirror's main archive.
fn security_mirror(mirror: &str) -> String {
    format!("{mirror}-security")
}

/// Reads `apt-cache madison`: ` package | version | source`.
fn parse_madison(listing: &str) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for line in listing.lines() {
        let mut columns = line.split('|').map(str::trim);
        let (Some(_), Some(version), Some(source)) =
            (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        let candidate = Candidate {
            version: version.to_owned(),
        };
        if !source.ends_with("Sources") && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_found_in_both_formats() {
        let deb822 = "Types: deb\n# http://snapshot.example/archive/debian/1\n\
                      URIs: http://mirror.example/debian\nSuites: bookworm\n";
        assert_eq!(
            archive_uri(deb822).as_deref(),
            Some("http://mirror.example/debian")
        );
        let one_line = "# deb http://old.example/debian x main\n\
                        deb http://mirror.example/debian-security s main\n\
                        deb [arch=amd64] https://mirror.example/debian/ bookworm main\n";
        assert_eq!(
            archive_uri(one_line).as_deref(),
            Some("https://mirror.example/debian")
        );
        assert_eq!(archive_uri("deb https://vendor.example/apt x main\n"), None);
    }

    #[test]
    fn versions_come_out_of_madison_once() {
        let listing = " rust-src | 1.96.1+dfsg1-2 | http://m/debian s/main amd64 Packages\n \
                       rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://m/debian s/main amd64 Packages\n \
                       rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://m/debian s/main arm64 Packages\n \
                       rustc | 1.95.0 | http://m/debian s/main Sources\n";
        let versions: Vec<String> = parse_madison(listing)
            .into_iter()
            .map(|candidate| candidate.version)
            .collect();
        assert_eq!(versions, ["1.96.1+dfsg1-2", "1.95.0+dfsg1-2~bpo13+1"]);
    }
}
