//! Loads locations that commands need.

use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, Needs, OrganizationId, State};
use stockroom_sql::{Growth, Kind};

use super::rows;
use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::counts;

pub(crate) async fn locations(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    growth: &Growth,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut ids = needs.locations.clone();
    if !needs.location_slugs.is_empty() {
        let slugs = &needs.location_slugs;
        ids.extend(rows::ids_of_slugs(session, organization, slugs).await?);
    }
    if !ids.is_empty() {
        for location in rows::locations(session, organization, ids).await? {
            state.add_location(location);
        }
    }
    for location in &needs.location_use {
        if is_in_use(session, organization, *location).await? {
            state.locations_in_use.insert(*location);
        }
    }
    for owner in &needs.location_counts {
        let stored = counts::locations(session, organization, *owner).await?;
        let grown = growth.by(owner.to_uuid(organization), Kind::Location);
        let locations = stored.saturating_add_signed(grown);
        state.location_counts.insert(*owner, locations);
    }
    Ok(())
}

async fn is_in_use(
    session: &mut Session,
    organization: OrganizationId,
    location: LocationId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.uuid();
    let in_use = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM positions
            WHERE organization_id = $1 AND location_id = $2 AND available + allocated > 0
        ) AS "in_use!"
        "#,
        organization_id,
        location_id,
    );
    in_use.fetch_one(session).await.map_err(failed)
}
