//! Credentials of retired devices, refused for good (`device-management.md` §7.1, step 4).
//!
//! Keys are kept as digests only. The list outlives the identity, so that a device that is
//! created again under the same id cannot be given the credentials that were taken from it.
//! Certificates of an authority are many and not all known, so none that was issued before
//! the newest retirement of its device counts any more.

use super::authentication::Authentication;
use super::identity::IdentityRow;
use super::session::last_certificate;
use crate::auth::signature::sha256_hex;
use crate::auth::{AuthenticationType, ClientCertificate};
use crate::error::HubError;
use crate::ids::Identity;
use crate::sql::Sql;
use crate::time::Timestamp;

/// Digests of revoked credentials.
pub(super) const SCHEMA: &str = "CREATE TABLE revoked (
    device_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (device_id, digest)
) WITHOUT ROWID";

/// One for each key and thumbprint. The device id keeps equal keys of two devices apart.
fn digests(identity: &Identity, authentication: &Authentication) -> Vec<String> {
    let keys = authentication.keys.iter();
    let keys = keys.flat_map(|keys| [("key", &keys.primary), ("key", &keys.secondary)]);
    let thumbprints = [
        &authentication.primary_thumbprint,
        &authentication.secondary_thumbprint,
    ];
    let thumbprints = thumbprints
        .into_iter()
        .flatten()
        .map(|thumbprint| ("thumbprint", thumbprint));
    keys.chain(thumbprints)
        .map(|(kind, secret)| digest(identity, kind, secret))
        .collect()
}

fn digest(identity: &Identity, kind: &str, secret: &str) -> String {
    let secret = if kind == "thumbprint" {
        secret.to_ascii_uppercase()
    } else {
        secret.to_owned()
    };
    let text = format!("{kind}\n{}\n{secret}", identity.device);
    sha256_hex(text.as_bytes())
}

/// Stands in place of a digest; its time is that of the device's newest retirement.
const ISSUED_CERTIFICATES: &str = "certificates issued before";

/// Whether anything is on the list.
pub(super) fn are_there(sql: &dyn Sql) -> Result<bool, HubError> {
    Ok(!sql.query("SELECT 1 FROM revoked LIMIT 1", &[])?.is_empty())
}

/// Puts the credentials of an identity on the list.
pub(super) fn revoke(sql: &dyn Sql, row: &IdentityRow, now: Timestamp) -> Result<(), HubError> {
    let mut revoked = digests(&row.identity, &row.authentication);
    revoked.push(ISSUED_CERTIFICATES.to_owned());
    let shown = last_certificate(row);
    revoked.extend(shown.map(|shown| digest(&row.identity, "thumbprint", &shown)));
    for digest in revoked {
        sql.execute(
            "INSERT INTO revoked (device_id, digest, at) VALUES (?, ?, ?) \
             ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
            &[
                row.identity.device.as_str().into(),
                digest.into(),
                now.milliseconds().into(),
            ],
        )?;
    }
    Ok(())
}

/// Refuses credentials that are on the list.
pub(super) fn check(
    sql: &dyn Sql,
    identity: &Identity,
    authentication: &Authentication,
) -> Result<(), HubError> {
    // At most two keys or two thumbprints.
    let mut digests = digests(identity, authentication).into_iter();
    let (first, second) = (digests.next(), digests.next());
    if first.is_none() {
        return Ok(());
    }
    let known = sql.query(
        "SELECT 1 FROM revoked WHERE device_id = ? AND digest IN (?, ?)",
        &[identity.device.as_str().into(), first.into(), second.into()],
    )?;
    if known.is_empty() {
        return Ok(());
    }
    Err(HubError::invalid(
        "These credentials were revoked when a device of this id was retired; use new ones.",
    ))
}

/// Whether a certificate is on the list under either of its thumbprints, or was issued by an
/// authority before the device was retired.
pub(super) fn covers(
    sql: &dyn Sql,
    row: &IdentityRow,
    certificate: &ClientCertificate,
) -> Result<bool, HubError> {
    let identity = &row.identity;
    let rows = sql.query(
        "SELECT digest, at FROM revoked WHERE device_id = ? AND digest IN (?, ?, ?)",
        &[
            identity.device.as_str().into(),
            digest(identity, "thumbprint", &certificate.sha1).into(),
            digest(identity, "thumbprint", &certificate.sha256).into(),
            ISSUED_CERTIFICATES.into(),
        ],
    )?;
    let by_authority = row.authentication.kind == AuthenticationType::CertificateAuthority;
    let issued = certificate.not_before.milliseconds();
    Ok(rows.iter().any(|row| {
        row.text(0) != Some(ISSUED_CERTIFICATES)
            || (by_authority && row.integer(1).is_some_and(|at| issued <= at))
    }))
}
