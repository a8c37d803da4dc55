//! Locations.

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::filter::LocationCondition;
use stockroom_application::ports::{LocationReader, StoreError, View, sort_by_distance};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Geolocation, Location, LocationId, Owner};
use uuid::Uuid;

use super::{ListQuery, kept_count};
use crate::commit::Kind;
use crate::{PostgresDatabase, filter, rows};

#[async_trait]
impl LocationReader for PostgresDatabase {
    async fn location(&self, view: View, id: LocationId) -> Result<Option<Location>, StoreError> {
        let mut session = self.reader().await?;
        let locations = rows::location::locations(&mut session, view.organization, [id]).await?;
        session.commit().await?;
        Ok(locations
            .into_iter()
            .find(|location| view.acting.can_see(location.owner)))
    }

    async fn list_locations(
        &self,
        view: View,
        filter: &[LocationCondition],
        nearest_to: Option<Geolocation>,
        page: PageRequest,
    ) -> Result<Page<Location>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let query = select(view, filter);
        let ids: Vec<(Uuid,)> = match nearest_to {
            None => query.page(&mut snapshot, page).await?,
            // An owner has a limited number of locations.
            Some(_) => query.all(&mut snapshot).await?,
        };
        let ids = ids.into_iter().map(|(id,)| LocationId::new(id));
        let mut items = rows::location::locations(&mut snapshot, view.organization, ids).await?;
        items.sort_by_key(|location| location.id);
        let page = if let Some(nearest_to) = nearest_to {
            sort_by_distance(&mut items, nearest_to);
            Page::of(items, page)
        } else {
            let total = if filter.is_empty() {
                kept_count(&mut snapshot, view, Kind::Location).await?
            } else {
                select(view, filter).count(&mut snapshot).await?
            };
            Page { items, total }
        };
        snapshot.commit().await?;
        Ok(page)
    }
}

/// The ids of the locations that `view` sees.
pub(super) fn select(
    view: View,
    filter: &[LocationCondition],
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(view, move |query, owner| {
        query.push(
            "SELECT locations.location_id FROM locations \
             WHERE locations.deleted_at IS NULL AND locations.organization_id = ",
        );
        query.push_bind(view.organization.uuid());
        query.push(" AND locations.created_at >= 0 AND locations.owner_id = ");
        query.push_bind(owner.to_uuid(view.organization));
        filter::push_location(query, filter);
    })
}
