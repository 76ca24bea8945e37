//! First start of a hub, and what every later start repeats.

use super::{Hub, sign_in};
use crate::auth::keys::GENERATED_KEY_BYTES;
use crate::auth::policy::default_policies;
use crate::error::{ErrorCode, HubError};
use crate::ipc::Layout;
use crate::ipc::hub::{CloudToDevice, HubReply, HubResult, Retention, Settings, ThrottleSettings};
use crate::sql::Sql;
use crate::time::Timestamp;

/// Random bytes that a bootstrap needs: ten policy keys, a session key, a sign-in token.
pub const ENTROPY_BYTES: usize = (10 + 1 + 1) * GENERATED_KEY_BYTES;

/// Cuts 32-byte pieces off a supply of random bytes.
struct Entropy<'a>(&'a [u8]);

impl Entropy<'_> {
    fn key(&mut self) -> Result<[u8; GENERATED_KEY_BYTES], HubError> {
        let (key, rest) = self
            .0
            .split_first_chunk::<GENERATED_KEY_BYTES>()
            .ok_or_else(|| HubError::internal("too few random bytes for a bootstrap"))?;
        self.0 = rest;
        Ok(*key)
    }

    fn pair(&mut self) -> Result<[[u8; GENERATED_KEY_BYTES]; 2], HubError> {
        Ok([self.key()?, self.key()?])
    }
}

impl Hub {
    pub(super) fn bootstrap(
        &mut self,
        now: Timestamp,
        host_names: Vec<String>,
        layout: Layout,
        entropy: &[u8],
        sql: &dyn Sql,
    ) -> HubResult {
        let mut entropy = Entropy(entropy);
        let sign_in_token = entropy.key()?;
        match &self.settings {
            None => {
                let keys = [
                    entropy.pair()?,
                    entropy.pair()?,
                    entropy.pair()?,
                    entropy.pair()?,
                    entropy.pair()?,
                ];
                let settings = Settings {
                    version: 1,
                    host_names,
                    layout,
                    policies: default_policies(&keys),
                    session_key: entropy.key()?.to_vec(),
                    routes: Vec::new(),
                    routing: Default::default(),
                    retention: Retention::default(),
                    cloud_to_device: CloudToDevice::default(),
                    authorities: Vec::new(),
                    tag_schema: None,
                    maintenance: Vec::new(),
                    alert_rules: Vec::new(),
                    patterns: Vec::new(),
                    disruptions: crate::maintenance::Disruption::built_in(),
                    throttles: ThrottleSettings::default(),
                    query_indexes: Vec::new(),
                    twin_history: Default::default(),
                    file_upload: Default::default(),
                    access: Default::default(),
                };
                self.keep(sql, settings)?;
            }
            Some(known) if known.layout != layout => {
                let (old, new) = (known.layout, layout);
                return Err(HubError::new(
                    ErrorCode::GenericConflict,
                    format!(
                        "This hub was created with {} gateways, {} shards and {} partitions; it cannot \
                         run with {}, {} and {}. Start it with the old numbers, or create a new hub.",
                        old.gateways,
                        old.shards,
                        old.partitions,
                        new.gateways,
                        new.shards,
                        new.partitions
                    ),
                ));
            }
            Some(known) if known.host_names != host_names => {
                self.change(sql, |settings| settings.host_names = host_names)?;
            }
            Some(_) => {}
        }
        let sign_in_token = sign_in::issue(now, &sign_in_token, sql)?;
        Ok(HubReply::Bootstrapped {
            settings: Box::new(self.required()?.clone()),
            sign_in_token,
        })
    }
}
