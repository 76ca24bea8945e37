//! Items of bulk requests and imports: nine modes of one write (`service.md` §4.6).
//!
//! Each item stands for itself: it is checked as a whole before anything of it is written,
//! so that one that fails leaves no trace and the others stay.

use super::authentication::{member, text};
use super::identity::{IdentityRow, check_etag};
use super::put::Put;
use super::twins::ServiceWrite;
use super::wanted::Wanted;
use super::{Context, Registry, modules, twins};
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::audit::AuditEntry;
use crate::ipc::registry::{ApplyItems, IDENTITY_ENTROPY, Planned, Precondition, RegistryReply};
use crate::twin::TwinPatch;
use serde_json::{Map, Value};

/// What is to happen to an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImportMode {
    Create,
    Update { if_match: bool },
    CreateOrUpdate { if_match: bool },
    Delete { if_match: bool },
    UpdateTwin { if_match: bool },
}

const MODES: [(&str, ImportMode); 9] = [
    ("create", ImportMode::Create),
    ("update", ImportMode::Update { if_match: false }),
    ("updateIfMatchETag", ImportMode::Update { if_match: true }),
    (
        "createOrUpdate",
        ImportMode::CreateOrUpdate { if_match: false },
    ),
    (
        "createOrUpdateIfMatchETag",
        ImportMode::CreateOrUpdate { if_match: true },
    ),
    ("delete", ImportMode::Delete { if_match: false }),
    ("deleteIfMatchETag", ImportMode::Delete { if_match: true }),
    ("updateTwin", ImportMode::UpdateTwin { if_match: false }),
    (
        "updateTwinIfMatchETag",
        ImportMode::UpdateTwin { if_match: true },
    ),
];

fn import_mode(item: &Map<String, Value>) -> Result<ImportMode, HubError> {
    let Some(given) = text(Some(item), "importMode")? else {
        return Ok(ImportMode::CreateOrUpdate { if_match: false });
    };
    MODES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&given))
        .map(|(_, mode)| *mode)
        .ok_or_else(|| {
            let names: Vec<&str> = MODES.iter().map(|(name, _)| *name).collect();
            HubError::invalid(format!(
                "importMode {given:?} is none of {}.",
                names.join(", ")
            ))
        })
}

/// The etag that an item names, with or without quotes; `*` matches any. Where the mode asks
/// for one and there is none, nothing can match.
fn precondition(
    item: &Map<String, Value>,
    name: &str,
    if_match: bool,
) -> Result<Precondition, HubError> {
    if !if_match {
        return Ok(Precondition::Any);
    }
    let given = text(Some(item), name)?.ok_or_else(|| {
        HubError::new(
            ErrorCode::PreconditionFailed,
            format!("PreconditionFailed, the import mode needs {name}."),
        )
    })?;
    let unquoted = given
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(&given);
    Ok(match unquoted {
        "*" => Precondition::Any,
        etag => Precondition::Etag(etag.to_owned()),
    })
}

impl Registry {
    /// Applies items in order.
    pub(super) fn apply_items(
        &mut self,
        apply: ApplyItems,
        context: &mut Context<'_>,
    ) -> RegistryReply {
        context.missing_scopes = apply.missing_scopes;
        let entropy = apply.entropy.chunks(IDENTITY_ENTROPY);
        let items = apply.items.iter().zip(entropy);
        RegistryReply::Outcomes(
            items
                .map(|((identity, item), entropy)| {
                    let outcome = self.apply(identity, item, entropy, context);
                    if let Err(error) = &outcome {
                        context.record(|| refused(identity, error));
                    }
                    // Taken in any case: it must not be told of the next item.
                    let warning = context.warning.take();
                    outcome.map(|_| warning)
                })
                .collect(),
        )
    }

    /// What would come of items, in order; everything is undone again.
    pub(super) fn plan_items(
        &mut self,
        plan: ApplyItems,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        // Any keys do: nothing of this stays.
        let entropy = [0; IDENTITY_ENTROPY];
        let (calls, replies) = (context.effects.calls.len(), context.effects.replies.len());
        context.missing_scopes = plan.missing_scopes;
        let items = plan.items;
        let mut plans = Vec::with_capacity(items.len());
        let mut undone = false;
        let sql = context.sql;
        let ended = sql.transaction(&mut || {
            for (identity, item) in &items {
                plans.push(self.apply(identity, item, &entropy, context));
            }
            undone = true;
            Err(HubError::internal("undone on purpose"))
        });
        context.effects.calls.truncate(calls);
        context.effects.replies.truncate(replies);
        context.entries.clear();
        context.wrote_outbox = false;
        match ended {
            Err(_) if undone => Ok(RegistryReply::Plans(plans)),
            Err(error) => Err(error),
            Ok(()) => Err(HubError::internal("a plan was not undone")),
        }
    }

    /// Applies one item; answers what that did.
    fn apply(
        &mut self,
        identity: &Identity,
        item: &Value,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<Planned, HubError> {
        let Value::Object(item) = item else {
            return Err(HubError::new(
                ErrorCode::DeserializationError,
                "An item must be a JSON object.",
            ));
        };
        match import_mode(item)? {
            ImportMode::Delete { if_match } => {
                let precondition = precondition(item, "eTag", if_match)?;
                self.delete(identity, &precondition, context)?;
                Ok(Planned::Delete)
            }
            ImportMode::UpdateTwin { if_match } => {
                self.apply_twin(identity, item, if_match, context)?;
                Ok(Planned::UpdateTwin)
            }
            mode => {
                let existing = IdentityRow::load(context.sql, identity)?;
                let precondition = match (mode, &existing) {
                    (ImportMode::Update { if_match }, _)
                    | (ImportMode::CreateOrUpdate { if_match }, Some(_)) => {
                        precondition(item, "eTag", if_match)?
                    }
                    _ => Precondition::None,
                };
                self.apply_identity(identity, item, existing, &precondition, entropy, context)
            }
        }
    }

    fn apply_identity(
        &mut self,
        identity: &Identity,
        item: &Map<String, Value>,
        existing: Option<IdentityRow>,
        precondition: &Precondition,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<Planned, HubError> {
        modules::check_not_system(identity)?;
        modules::check_not_reserved(identity)?;
        let wanted = Wanted::parse(identity, item, entropy)?;
        let twin = initial_twin(item)?;
        let done = match existing {
            Some(_) => Planned::Update,
            None => Planned::Create,
        };
        let put = Put {
            identity: identity.clone(),
            precondition,
            wanted,
            twin: twin.as_ref(),
            entropy,
        };
        self.put_over(existing, put, context)?;
        Ok(done)
    }

    fn apply_twin(
        &mut self,
        identity: &Identity,
        item: &Map<String, Value>,
        if_match: bool,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let precondition = precondition(item, "twinETag", if_match)?;
        let patch = initial_twin(item)?.unwrap_or_default();
        let Some(row) = IdentityRow::load(context.sql, identity)? else {
            return Err(modules::not_found(context.sql, identity)?);
        };
        let twin = twins::require(context.sql, identity)?;
        check_etag(&precondition, &twin.etag_text())?;
        self.write_service(&row, twin, &patch, ServiceWrite::Patch, context)
            .map(|_| ())
    }
}

fn refused(identity: &Identity, error: &HubError) -> AuditEntry {
    AuditEntry {
        action: "applyItem".to_owned(),
        target: Some(identity.clone()),
        result: error.code.name().to_owned(),
        before: Value::Null,
        after: Value::Null,
    }
}

/// Tags and desired properties of an item; reported ones and metadata are ignored.
fn initial_twin(item: &Map<String, Value>) -> Result<Option<TwinPatch>, HubError> {
    let mut body = Map::new();
    for name in ["tags", "properties"] {
        if let Some(value) = member(item, name) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    if body.is_empty() {
        return Ok(None);
    }
    TwinPatch::parse(&Value::Object(body)).map(Some)
}
