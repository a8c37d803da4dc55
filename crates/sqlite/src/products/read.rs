//! Reads products.

use async_trait::async_trait;
use stockroom_application::ports::{ProductAndStock, ProductReader, Scope, StoreError};
use stockroom_application::{Page, PageRequest, ProductPlace};
use stockroom_domain::{Owner, ProductId};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::list::ListQuery;
use crate::{counts, stock};

#[async_trait]
impl ProductReader for SqliteDatabase {
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        self.read(move |snapshot| {
            for owner in scope.acting.visible() {
                if let Some(product) = rows::product(snapshot, scope.organization, owner, id)? {
                    let stock = stock::read::visible(snapshot, scope, id)?;
                    return Ok(Some((product, stock)));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn list_products(
        &self,
        scope: Scope,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<ProductAndStock, ProductPlace>, StoreError> {
        self.read(move |snapshot| {
            let list = select("", scope, page.place().copied());
            let mut keys: Vec<(i64, Uuid, Uuid)> = list.page(snapshot, &page)?;
            let has_more = page.has_more(&mut keys);
            let mut items = Vec::with_capacity(keys.len());
            for (_, product_id, owner_id) in keys {
                let id = ProductId::new(product_id);
                let owner = Owner::from_uuid(owner_id, scope.organization);
                if let Some(product) = rows::product(snapshot, scope.organization, owner, id)? {
                    items.push((product, stock::read::visible(snapshot, scope, id)?));
                }
            }
            let end = items.last().filter(|_| has_more);
            let next = end.map(|(product, _)| ProductPlace::from(product));
            let total = Some(counts::visible(snapshot, scope, Kind::Product)?);
            Ok(Page { items, total, next })
        })
        .await
    }
}

/// The query for the times of registration, ids and owners of the products that `scope` sees, starting
/// after `after`.
pub(crate) fn select(start: &str, scope: Scope, after: Option<ProductPlace>) -> ListQuery {
    ListQuery::new(start, scope, None, |query, owner| {
        query.push(
            "SELECT products.created_at, products.product_id, products.owner_id \
             FROM products INDEXED BY products_of_owner \
             WHERE products.organization_id = ",
        );
        query.push_organization(scope.organization);
        query.push(" AND products.owner_id = ");
        query.push_owner(scope.organization, owner);
        if let Some(ProductPlace { registered_at, id }) = after {
            query.push(" AND (products.created_at, products.product_id) > (");
            query.push_bind(registered_at.as_milliseconds()).push(", ");
            query.push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by("1, 2")
}
