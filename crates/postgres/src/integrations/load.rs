//! Loads integrations that commands need.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State};

use super::rows;
use crate::connection::session::Session;

pub(crate) async fn integrations(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    if !needs.integrations.is_empty() {
        let ids = needs.integrations.iter().copied();
        for found in rows::integrations(session, organization, ids).await? {
            let loaded = (found.integration, found.secrets);
            state.integrations.insert(loaded.0.id, loaded);
        }
    }
    for owner in &needs.integration_counts {
        let count = rows::count(session, organization, *owner).await?;
        state.integration_counts.insert(*owner, count);
    }
    Ok(())
}
