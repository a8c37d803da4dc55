//! Loads locations that commands need.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, Needs, OrganizationId, State};

use super::rows;
use crate::connection::error::failed;
use crate::counts;

pub(crate) async fn locations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut ids = needs.locations.clone();
    if !needs.location_slugs.is_empty() {
        let slugs = &needs.location_slugs;
        ids.extend(rows::ids_of_slugs(connection, organization, slugs).await?);
    }
    if !ids.is_empty() {
        for location in rows::locations(connection, organization, ids).await? {
            state.add_location(location);
        }
    }
    for location in &needs.location_use {
        if is_in_use(connection, organization, *location).await? {
            state.locations_in_use.insert(*location);
        }
    }
    for owner in &needs.location_counts {
        let locations = counts::locations(connection, organization, *owner).await?;
        state.location_counts.insert(*owner, locations);
    }
    Ok(())
}

async fn is_in_use(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    location: LocationId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.uuid();
    let in_use = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM positions INDEXED BY positions_in_location
            WHERE organization_id = ?1 AND location_id = ?2 AND available + allocated > 0
        ) AS "in_use!: bool"
        "#,
        organization_id,
        location_id,
    );
    in_use.fetch_one(connection).await.map_err(failed)
}
