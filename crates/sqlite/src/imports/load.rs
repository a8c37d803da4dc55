//! Loads imports that commands need.

use std::collections::BTreeSet;

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportId, OrganizationId, State};

use super::rows;

pub(crate) fn imports(
    connection: &Connection,
    organization: OrganizationId,
    ids: &BTreeSet<ImportId>,
    state: &mut State,
) -> Result<(), StoreError> {
    for id in ids {
        if let Some(import) = rows::import(connection, organization, *id)? {
            state.imports.insert(*id, import);
        }
    }
    Ok(())
}
