//! Loads locations that commands need.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State};
use stockroom_sql::Kind;

use super::rows;
use crate::connection::statement::statements;
use crate::counts;

statements! {
    IS_IN_USE = "
        SELECT EXISTS (
            SELECT 1 FROM positions INDEXED BY positions_in_location
            WHERE organization_id = ?1 AND location_id = ?2 AND available + allocated > 0
        )
    ";
}

pub(crate) fn locations(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    for id in &needs.locations {
        if let Some(location) = rows::location(connection, organization, *id)? {
            state.add_location(location);
        }
    }
    for (owner, slug) in &needs.location_slugs {
        if let Some(location) = rows::by_slug(connection, organization, *owner, slug)? {
            state.add_location(location);
        }
    }
    for location in &needs.location_use {
        let key = params![organization.uuid(), location.uuid()];
        if IS_IN_USE.number(connection, key)? > 0 {
            state.locations_in_use.insert(*location);
        }
    }
    for owner in &needs.location_counts {
        let locations = counts::of_owner(connection, organization, *owner, Kind::Location)?;
        state.location_counts.insert(*owner, locations);
    }
    Ok(())
}
