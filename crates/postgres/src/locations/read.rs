//! Reads locations.

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{
    LocationCondition, LocationOrder, LocationReader, Scope, StoreError,
};
use stockroom_application::{LocationPlace, Page, PageRequest};
use stockroom_domain::{Location, LocationId, Owner};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::rows;
use crate::connection::open::PostgresDatabase;
use crate::filter;
use crate::list::{ListQuery, kept_count};

#[async_trait]
impl LocationReader for PostgresDatabase {
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError> {
        let mut session = self.reader().await?;
        let locations = rows::locations(&mut session, scope.organization, [id]).await?;
        session.commit().await?;
        Ok(locations
            .into_iter()
            .find(|location| scope.acting.can_see(location.owner)))
    }

    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        order: LocationOrder,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError> {
        let place = |location: &Location| order.place(location);
        let mut snapshot = self.read_list().await?;
        let list = select(scope, filter);
        let is_as_created = order == LocationOrder::Created;
        let ids: Vec<(Uuid,)> = if is_as_created {
            let by_id = page.map(|place| place.id.uuid());
            list.page(&mut snapshot, by_id).await?
        } else {
            // An owner has a limited number of locations.
            list.all(&mut snapshot).await?
        };
        let ids = ids.into_iter().map(|(id,)| LocationId::new(id));
        let mut items = rows::locations(&mut snapshot, scope.organization, ids).await?;
        items.sort_by_cached_key(place);
        let found = if is_as_created {
            let next = page.cut(&mut items, place);
            let total = if filter.is_empty() {
                Some(kept_count(&mut snapshot, scope, Kind::Location).await?)
            } else if page.wants_total(true) {
                Some(list.count(&mut snapshot).await?)
            } else {
                None
            };
            Page { items, total, next }
        } else {
            let found = Page::of(items, &page, place);
            let total = found.total.filter(|_| page.wants_total(!filter.is_empty()));
            Page { total, ..found }
        };
        snapshot.commit().await?;
        Ok(found)
    }
}

/// The query for the ids of the locations that `scope` sees.
pub(crate) fn select(
    scope: Scope,
    filter: &[LocationCondition],
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(scope, "locations.location_id", move |query, owner| {
        query.push(
            "SELECT locations.location_id FROM locations \
             WHERE locations.deleted_at IS NULL AND locations.organization_id = ",
        );
        query.push_bind(scope.organization.uuid());
        query.push(" AND locations.created_at >= 0 AND locations.owner_id = ");
        query.push_bind(owner.to_uuid(scope.organization));
        filter::push_location(query, filter);
    })
}
