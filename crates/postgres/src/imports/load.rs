//! Loads imports that commands need.

use std::collections::BTreeSet;

use stockroom_application::ports::StoreError;
use stockroom_domain::{ImportId, OrganizationId, State};

use super::rows;
use crate::connection::session::Session;

pub(crate) async fn imports(
    session: &mut Session,
    organization: OrganizationId,
    ids: &BTreeSet<ImportId>,
    state: &mut State,
) -> Result<(), StoreError> {
    if !ids.is_empty() {
        let found = rows::imports(session, organization, ids.iter().copied()).await?;
        state.imports = found.into_iter().map(|it| (it.id, it)).collect();
    }
    Ok(())
}
