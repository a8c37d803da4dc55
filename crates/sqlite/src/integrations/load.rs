//! Loads integrations that commands need.

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State};

use super::rows;

pub(crate) fn integrations(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    for id in &needs.integrations {
        if let Some(found) = rows::integration(connection, organization, *id)? {
            let loaded = (found.integration, found.secrets);
            state.integrations.insert(*id, loaded);
        }
    }
    for owner in &needs.integration_counts {
        let count = rows::count(connection, organization, *owner)?;
        state.integration_counts.insert(*owner, count);
    }
    Ok(())
}
