//! Devices that prove themselves with a TLS client certificate (`device.md` §2.3).
//!
//! The registry takes the certificate's facts from whoever saw the handshake and decides by
//! its own records: the identity's type and thumbprints, the hub's authorities, what was
//! revoked. A wrong certificate is refused like a wrong token; reasons are for the log.

use super::device_plane::Credential;
use super::identity::IdentityRow;
use super::{Context, Registry, revocation, session};
use crate::alert::Rule;
use crate::auth::{AuthenticationType, ClientCertificate, ConnectionAuth};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::sql::Sql;
use crate::time::Timestamp;

/// What a session says of a credential that is a client certificate.
pub(super) const CREDENTIAL: &str = "certificate";
/// So long before its certificate counts no more somebody hears of a device.
const NOTICE_SECONDS: i64 = 30 * 24 * 3600;

impl Registry {
    /// Whether the certificate by which a device is connected, or was, ends soon
    /// (`device-management.md` §5); if not yet, somebody looks again in time.
    pub(super) fn judge_certificate(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let row = IdentityRow::load(context.sql, &Identity::device(device.clone()))?;
        let ends = row.as_ref().and_then(session::certificate_ends);
        let notice = ends.map(|ends| ends.plus_seconds(-NOTICE_SECONDS));
        let now = context.now;
        let is_soon = notice.is_some_and(|notice| notice <= now);
        let says = || {
            let ends = ends.map(|ends| ends.to_string()).unwrap_or_default();
            Ok((
                format!("The certificate of {device} counts until {ends}."),
                Some(
                    "Afterwards the device is refused. Give it a new one before; if it is known by \
                     thumbprints, register the new one as the other thumbprint first."
                        .to_owned(),
                ),
            ))
        };
        let later = notice.filter(|notice| *notice > now);
        let rule = Rule::CREDENTIAL_EXPIRING;
        self.signal(&rule, device, is_soon, later, &says, context)?;
        Ok(())
    }

    /// Checks a client certificate against a stored identity.
    pub(super) fn check_certificate(
        &self,
        row: &IdentityRow,
        certificate: &ClientCertificate,
        sql: &dyn Sql,
        now: Timestamp,
    ) -> Result<Credential, HubError> {
        let authentication = &row.authentication;
        let mut expires = certificate.not_after;
        let refusal = match authentication.kind {
            _ if !certificate.is_valid_at(now) => Some("it is expired or not yet valid"),
            AuthenticationType::SelfSigned => {
                let registered = [
                    &authentication.primary_thumbprint,
                    &authentication.secondary_thumbprint,
                ];
                // Both are compared, so that time does not tell which one it was.
                let matching = registered
                    .into_iter()
                    .flatten()
                    .filter(|registered| certificate.has_thumbprint(registered))
                    .count();
                (matching == 0).then_some("its thumbprint is not the identity's")
            }
            AuthenticationType::CertificateAuthority => {
                let vouching = self.settings()?.authorities.iter().filter(|authority| {
                    authority.not_after >= now
                        && certificate
                            .authorities
                            .iter()
                            .any(|mark| authority.marks.contains(mark))
                });
                let until = vouching.map(|authority| authority.not_after).max();
                expires = expires.min(until.unwrap_or(expires));
                if until.is_none() {
                    Some("no authority of this hub vouches for it")
                } else if !names(certificate.common_name.as_deref(), row) {
                    Some("its common name is another identity's")
                } else {
                    None
                }
            }
            _ => Some("the identity uses no certificate"),
        };
        let refusal = match refusal {
            None if revocation::covers(sql, row, certificate)? => Some("it was revoked"),
            refusal => refusal,
        };
        if let Some(refusal) = refusal {
            return Err(HubError::new(
                ErrorCode::IotHubUnauthorized,
                format!("the client certificate does not count: {refusal}"),
            ));
        }
        let auth = match row.identity.module {
            None => ConnectionAuth::DeviceCertificate,
            Some(_) => ConnectionAuth::ModuleCertificate,
        };
        Ok(Credential {
            auth_method: auth.method_text().to_owned(),
            expires,
            name: CREDENTIAL.to_owned(),
        })
    }
}

/// Whether a common name is the device's, or for a module `{device}/{module}`.
fn names(common_name: Option<&str>, row: &IdentityRow) -> bool {
    let device = row.identity.device.as_str();
    let Some(rest) = common_name.and_then(|name| name.strip_prefix(device)) else {
        return false;
    };
    rest.is_empty()
        || row
            .identity
            .module
            .as_ref()
            .is_some_and(|module| rest.strip_prefix('/') == Some(module.as_str()))
}
