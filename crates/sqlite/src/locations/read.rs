//! Reads locations.

use async_trait::async_trait;
use stockroom_application::ports::{LocationCondition, LocationReader, Scope, StoreError};
use stockroom_application::{LocationPlace, Page, PageRequest};
use stockroom_domain::{Geolocation, Location, LocationId};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;
use crate::counts::Kind;
use crate::filter;
use crate::list::{Behind, COUNT, ListQuery, kept_count};

#[async_trait]
impl LocationReader for SqliteDatabase {
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError> {
        let mut connection = self.reader().await?;
        let locations = rows::locations(&mut connection, scope.organization, [id]).await?;
        Ok(locations
            .into_iter()
            .find(|location| scope.acting.can_see(location.owner)))
    }

    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        nearest_to: Option<Geolocation>,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError> {
        let place = |location: &Location| LocationPlace::of(location, nearest_to);
        let mut snapshot = self.read().await?;
        let ids: Vec<(Uuid,)> = if nearest_to.is_some() {
            // An owner has a limited number of locations.
            select("", scope, None, filter).all(&mut snapshot).await?
        } else {
            let after = page.place().map(|place| place.id);
            let list = select("", scope, after, filter);
            list.page(&mut snapshot, &page).await?
        };
        let ids = ids.into_iter().map(|(id,)| LocationId::new(id));
        let mut items = rows::locations(&mut snapshot, scope.organization, ids).await?;
        items.sort_by_cached_key(place);
        let found = if nearest_to.is_some() {
            let found = Page::of(items, &page, place);
            let total = found.total.filter(|_| page.wants_total(!filter.is_empty()));
            Page { total, ..found }
        } else {
            let next = page.cut(&mut items, place);
            let total = if filter.is_empty() {
                Some(kept_count(&mut snapshot, scope, Kind::Location).await?)
            } else if page.wants_total(true) {
                let list = select(COUNT, scope, None, filter);
                Some(list.count(&mut snapshot).await?)
            } else {
                None
            };
            Page { items, total, next }
        };
        snapshot.commit().await.map_err(failed)?;
        Ok(found)
    }
}

/// The query for the ids of the locations that `scope` sees.
pub(crate) fn select(
    start: &str,
    scope: Scope,
    after: Option<LocationId>,
    filter: &[LocationCondition],
) -> ListQuery {
    let after = after.map(|location| Behind {
        column: "locations.location_id",
        id: location.uuid(),
    });
    ListQuery::new(start, scope, after, |query, owner| {
        query.push(
            "SELECT locations.location_id FROM locations INDEXED BY locations_of_owner \
             WHERE locations.deleted_at IS NULL AND locations.organization_id = ",
        );
        query.push_bind(scope.organization.uuid());
        query.push(" AND locations.owner_id = ");
        query.push_bind(owner.to_uuid(scope.organization));
        filter::push_location(query, filter);
    })
}
