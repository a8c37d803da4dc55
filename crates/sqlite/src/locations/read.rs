//! Reads locations.

use async_trait::async_trait;
use stockroom_application::ports::{
    LocationCondition, LocationOrder, LocationReader, Scope, StoreError,
};
use stockroom_application::{LocationPlace, Page, PageRequest};
use stockroom_domain::{Location, LocationId};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::list::{Behind, COUNT, ListQuery};
use crate::{counts, filter};

#[async_trait]
impl LocationReader for SqliteDatabase {
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError> {
        self.read(move |snapshot| {
            let location = rows::location(snapshot, scope.organization, id)?;
            Ok(location.filter(|location| scope.acting.can_see(location.owner)))
        })
        .await
    }

    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        order: LocationOrder,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError> {
        let filter = filter.to_vec();
        let place = move |location: &Location| order.place(location);
        self.read(move |snapshot| {
            let is_as_created = order == LocationOrder::Created;
            let ids: Vec<(Uuid,)> = if is_as_created {
                let after = page.place().map(|place| place.id);
                select("", scope, after, &filter).page(snapshot, &page)?
            } else {
                // An owner has a limited number of locations.
                select("", scope, None, &filter).all(snapshot)?
            };
            let items = ids.into_iter().map(|(id,)| LocationId::new(id));
            let items = items.map(|id| rows::location(snapshot, scope.organization, id));
            let items = items.filter_map(Result::transpose);
            let mut items = items.collect::<Result<Vec<_>, _>>()?;
            items.sort_by_cached_key(place);
            if !is_as_created {
                let found = Page::of(items, &page, place);
                let total = found.total.filter(|_| page.wants_total(!filter.is_empty()));
                return Ok(Page { total, ..found });
            }
            let next = page.cut(&mut items, place);
            let total = if filter.is_empty() {
                Some(counts::visible(snapshot, scope, Kind::Location)?)
            } else if page.wants_total(true) {
                Some(select(COUNT, scope, None, &filter).count(snapshot)?)
            } else {
                None
            };
            Ok(Page { items, total, next })
        })
        .await
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
        query.push_organization(scope.organization);
        query.push(" AND locations.owner_id = ");
        query.push_owner(scope.organization, owner);
        filter::push_location(query, filter);
    })
}
