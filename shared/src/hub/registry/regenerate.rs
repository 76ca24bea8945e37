//! New keys for many identities at once (`service.md` §4.6).

use super::identity::IdentityRow;
use super::{Context, Registry, authentication, modules, record};
use crate::auth::AuthenticationType;
use crate::auth::keys::KeyPair;
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::registry::{IDENTITY_ENTROPY, PolicyKey, RegenerateKeys, RegistryReply};

impl Registry {
    /// Each identity by itself: one that fails does not keep the others from new keys.
    pub(super) fn regenerate_keys(
        &mut self,
        request: &RegenerateKeys,
        context: &mut Context<'_>,
    ) -> RegistryReply {
        let entropy = request.entropy.chunks(IDENTITY_ENTROPY);
        let pairs = request.identities.iter().zip(entropy);
        RegistryReply::Rotated(
            pairs
                .map(|(identity, entropy)| {
                    self.regenerate(identity, request.policy_key, entropy, context)
                })
                .collect(),
        )
    }

    fn regenerate(
        &mut self,
        identity: &Identity,
        policy_key: PolicyKey,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<KeyPair, HubError> {
        let Some(row) = IdentityRow::load(context.sql, identity)? else {
            return Err(modules::not_found(context.sql, identity)?);
        };
        let old = match (row.authentication.kind, row.authentication.keys.clone()) {
            (AuthenticationType::Sas, Some(old)) => old,
            _ => {
                return Err(HubError::new(
                    ErrorCode::BulkRegenerateDeviceKeyOperationFailure,
                    "This identity has no symmetric keys.",
                ));
            }
        };
        let new = authentication::generate(entropy)?;
        let keys = match policy_key {
            PolicyKey::PrimaryKey => KeyPair {
                primary: new.primary,
                secondary: old.secondary,
            },
            PolicyKey::SecondaryKey => KeyPair {
                primary: old.primary,
                secondary: new.secondary,
            },
            PolicyKey::Both => new,
        };
        let mut new = row.clone();
        new.authentication.keys = Some(keys.clone());
        new.etag = row.etag.saturating_add(1);
        new.store(context)?;
        context.record(|| {
            record::identity_entry("regenerateKeysOf", identity, Some(&row), Some(&new))
        });
        // Whoever is connected may have signed with the key that is gone.
        if let (Some(gateway), Some(connection)) = (row.gateway, &row.connection) {
            Self::close(gateway, connection, "credentialsChanged", context)?;
        }
        Ok(keys)
    }
}
