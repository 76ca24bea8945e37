//! Credentials of retired devices, refused for good (`device-management.md` §7.1, step 4).
//!
//! Keys are kept as digests only. The list outlives the identity, so that a device that is
//! created again under the same id cannot be given the credentials that were taken from it.

use super::authentication::Authentication;
use super::identity::IdentityRow;
use crate::auth::signature::sha256_hex;
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
        .map(|(kind, secret)| {
            let secret = if kind == "thumbprint" {
                secret.to_ascii_uppercase()
            } else {
                secret.clone()
            };
            let text = format!("{kind}\n{}\n{secret}", identity.device);
            sha256_hex(text.as_bytes())
        })
        .collect()
}

/// Puts the credentials of an identity on the list.
pub(super) fn revoke(sql: &dyn Sql, row: &IdentityRow, now: Timestamp) -> Result<(), HubError> {
    for digest in digests(&row.identity, &row.authentication) {
        sql.execute(
            "INSERT INTO revoked (device_id, digest, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
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
    for digest in digests(identity, authentication) {
        let known = sql.query(
            "SELECT 1 FROM revoked WHERE device_id = ? AND digest = ?",
            &[identity.device.as_str().into(), digest.into()],
        )?;
        if !known.is_empty() {
            return Err(HubError::invalid(
                "These credentials were revoked when a device of this id was retired; \
                 use new ones.",
            ));
        }
    }
    Ok(())
}
