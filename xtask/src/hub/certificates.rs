//! The private CA and the hub's server certificate.
//!
//! The CA is made once and kept, so that devices which trust it go on trusting the
//! hub. The server certificate is issued again when the hub's names change or it is
//! about to expire. Keys never leave the data folder.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::failure::{Explain, Outcome};
use crate::hub::data_folder::DataFolder;
use crate::hub::private_file;

const CA_VALIDITY: Duration = Duration::days(3650);
/// The longest that browsers accept.
const SERVER_VALIDITY: Duration = Duration::days(397);
/// A server certificate is issued again this long before its end.
const RENEWAL: Duration = Duration::days(30);
/// Certificates start a little in the past: clocks differ.
const BACKDATE: Duration = Duration::days(1);

/// The files of the TLS terminator and its clients.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// What clients must trust.
    pub ca: PathBuf,
    /// The server's certificate and the CA's behind it.
    pub chain: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

/// For what the kept server certificate was issued.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Issued {
    names: Vec<String>,
    /// Unix time.
    renew_after: i64,
}

/// Makes the CA and the server certificate where they are missing or outdated.
pub fn ensure(data: &DataFolder, names: &[String]) -> Outcome<Certificates> {
    ensure_in(&data.certificates(), names, OffsetDateTime::now_utc())
}

fn ensure_in(folder: &Path, names: &[String], now: OffsetDateTime) -> Outcome<Certificates> {
    let files = Certificates {
        ca: folder.join("ca.pem"),
        chain: folder.join("hub.pem"),
        key: folder.join("hub.key"),
    };
    let ca_key_path = folder.join("ca.key");
    if !files.ca.is_file() || !ca_key_path.is_file() {
        let key = KeyPair::generate().explain(|| "cannot make a CA key".to_owned())?;
        let certificate = ca_params(now)
            .self_signed(&key)
            .explain(|| "cannot make the CA certificate".to_owned())?;
        private_file::write(&ca_key_path, key.serialize_pem().as_bytes())?;
        private_file::write(&files.ca, certificate.pem().as_bytes())?;
        forget(&folder.join("hub.json"))?;
    }
    let issued_path = folder.join("hub.json");
    let is_current = fs::read(&issued_path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Issued>(&bytes).ok())
        .is_some_and(|issued| issued.names == names && now.unix_timestamp() < issued.renew_after);
    if is_current && files.chain.is_file() && files.key.is_file() {
        return Ok(files);
    }

    let ca_key_pem = fs::read_to_string(&ca_key_path)
        .explain(|| format!("cannot read {}", ca_key_path.display()))?;
    let ca_key = KeyPair::from_pem(&ca_key_pem).explain(|| {
        format!(
            "{} is damaged; delete {} to start with a new CA",
            ca_key_path.display(),
            folder.display()
        )
    })?;
    let ca_pem =
        fs::read_to_string(&files.ca).explain(|| format!("cannot read {}", files.ca.display()))?;
    // The issuer needs the CA's name and key, not its dates.
    let issuer = Issuer::new(ca_params(now), ca_key);
    let key = KeyPair::generate().explain(|| "cannot make a server key".to_owned())?;
    let certificate = server_params(names, now)?
        .signed_by(&key, &issuer)
        .explain(|| "cannot issue the server certificate".to_owned())?;
    private_file::write(&files.key, key.serialize_pem().as_bytes())?;
    private_file::write(
        &files.chain,
        format!("{}{ca_pem}", certificate.pem()).as_bytes(),
    )?;
    let issued = Issued {
        names: names.to_vec(),
        renew_after: (now + SERVER_VALIDITY - RENEWAL).unix_timestamp(),
    };
    let text = serde_json::to_vec(&issued).explain(|| "cannot write hub.json".to_owned())?;
    private_file::write(&issued_path, &text)?;
    Ok(files)
}

fn forget(path: &Path) -> Outcome {
    if path.exists() {
        fs::remove_file(path).explain(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

fn ca_params(now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Skerry local CA");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Skerry");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - BACKDATE;
    params.not_after = now + CA_VALIDITY;
    params
}

fn server_params(names: &[String], now: OffsetDateTime) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::new(names.to_vec()).explain(|| {
        format!(
            "cannot put these names into a certificate: {}",
            names.join(", ")
        )
    })?;
    let first = names.first().map_or("localhost", String::as_str);
    // A common name holds 64 characters at most; clients look at the alternative names.
    let common_name: String = first.chars().take(64).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - BACKDATE;
    params.not_after = now + SERVER_VALIDITY;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_ca_stays_while_the_server_certificate_follows_names_and_time() {
        let folder = std::env::temp_dir().join(format!("certificates-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let now = OffsetDateTime::now_utc();
        let local = names(&["localhost", "127.0.0.1", "::1"]);
        let files = ensure_in(&folder, &local, now).unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        let (ca, chain) = (read(&files.ca), read(&files.chain));
        assert!(chain.ends_with(&ca));
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);

        ensure_in(&folder, &local, now + Duration::days(300)).unwrap();
        assert_eq!(read(&files.chain), chain, "still valid, same names");

        ensure_in(&folder, &local, now + Duration::days(370)).unwrap();
        let renewed = read(&files.chain);
        assert_ne!(renewed, chain, "about to expire");

        ensure_in(&folder, &names(&["hub.example.org", "localhost"]), now).unwrap();
        assert_ne!(read(&files.chain), renewed, "other names");
        assert_eq!(read(&files.ca), ca, "the CA is never replaced");
        fs::remove_dir_all(&folder).unwrap();
    }
}
