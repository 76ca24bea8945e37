//! Module identities (`service.md` §4.4).
//!
//! Writing one is writing an identity (`put`, `identity`); here is what only modules have:
//! a device that must exist, a limit, system modules that nobody may touch, and a list.

use super::identity::{COLUMNS, IdentityRow};
use super::put::EDGE_MODULES;
use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{PutModule, RegistryReply};
use crate::sql::Sql;

/// Most modules of a device, system modules included.
const MAX_MODULES: i64 = 50;

/// The error for an identity that is not there: the device's, if that is missing too.
pub(super) fn not_found(sql: &dyn Sql, identity: &Identity) -> Result<HubError, HubError> {
    let device = Identity::device(identity.device.clone());
    if identity.module.is_none() || IdentityRow::load(sql, &device)?.is_none() {
        return Ok(HubError::device_not_found(&identity.device));
    }
    Ok(HubError::new(
        ErrorCode::ModuleNotFound,
        identity.to_string(),
    ))
}

/// Whether a device can have one more module.
pub(super) fn check_room(sql: &dyn Sql, identity: &Identity) -> Result<(), HubError> {
    let device = Identity::device(identity.device.clone());
    IdentityRow::require(sql, &device)?;
    let rows = sql.query(
        "SELECT count(*) FROM identity WHERE device_id = ? AND module_id <> ''",
        &[identity.device.as_str().into()],
    )?;
    let count = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    if count >= MAX_MODULES {
        return Err(HubError::new(
            ErrorCode::TooManyModulesOnDevice,
            format!(
                "Device {} has {count} modules already, the most that a device can have.",
                identity.device
            ),
        ));
    }
    Ok(())
}

fn is_system(module: &ModuleId) -> bool {
    EDGE_MODULES.contains(&module.as_str())
}

/// Refuses to change or delete a system module by itself.
pub(super) fn check_not_system(identity: &Identity) -> Result<(), HubError> {
    match &identity.module {
        Some(module) if is_system(module) => Err(HubError::new(
            ErrorCode::SystemModuleModifyUnauthorizedAccess,
            format!("{module} is a system module: it lives and ends with its edge device."),
        )),
        _ => Ok(()),
    }
}

/// Refuses an id that only the hub may give.
pub(super) fn check_not_reserved(identity: &Identity) -> Result<(), HubError> {
    match &identity.module {
        Some(module) if module.as_str().starts_with('$') => Err(HubError::invalid(
            "Module ids that begin with $ are reserved for system modules.",
        )),
        _ => Ok(()),
    }
}

pub(super) fn get(
    identity: &Identity,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    match IdentityRow::load(context.sql, identity)? {
        Some(row) => Ok(RegistryReply::Device(row.document(context.sql)?)),
        None => Err(not_found(context.sql, identity)?),
    }
}

/// All modules of a device in order of id.
pub(super) fn list(
    device: &DeviceId,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    IdentityRow::require(context.sql, &Identity::device(device.clone()))?;
    let statement = format!(
        "SELECT {COLUMNS} FROM identity WHERE device_id = ? AND module_id <> '' \
         ORDER BY module_id"
    );
    let rows = context.sql.query(&statement, &[device.as_str().into()])?;
    let documents = rows.iter().map(|row| {
        let row = IdentityRow::read(row)?;
        Ok(row.document(context.sql)?.body)
    });
    Ok(RegistryReply::Devices(
        documents.collect::<Result<_, HubError>>()?,
    ))
}

impl Registry {
    pub(super) fn put_module(
        &mut self,
        put: &PutModule,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity {
            device: put.device.clone(),
            module: Some(put.module.clone()),
        };
        check_not_reserved(&identity)?;
        self.put_body(
            identity,
            &put.precondition,
            &put.body,
            &put.entropy,
            context,
        )
    }

    /// An edge device became an ordinary one.
    pub(super) fn remove_edge_modules(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        for name in EDGE_MODULES {
            let identity = Identity {
                device: device.clone(),
                module: ModuleId::parse(name).ok(),
            };
            if let Some(row) = IdentityRow::load(context.sql, &identity)? {
                self.end_identity(&row, context)?;
            }
        }
        Ok(())
    }
}
