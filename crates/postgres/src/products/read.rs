//! Reads products.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{ProductAndStock, ProductReader, Scope, StoreError};
use stockroom_application::{Page, PageRequest, ProductPlace};
use stockroom_domain::{Owner, Product, ProductId, Stock};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::rows;
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::list::{ListQuery, kept_count};
use crate::stock;

#[async_trait]
impl ProductReader for PostgresDatabase {
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        let mut snapshot = self.read().await?;
        let keys = scope.acting.visible().map(|owner| (owner, id));
        let mut products = rows::products(&mut snapshot, scope.organization, keys).await?;
        // The owner's own product takes precedence over the organization's.
        products.sort_by_key(|product| product.owner != scope.acting);
        products.truncate(1);
        let product = with_stock(&mut snapshot, scope, products).await?.pop();
        snapshot.commit().await?;
        Ok(product)
    }

    async fn list_products(
        &self,
        scope: Scope,
        page: PageRequest<ProductPlace>,
    ) -> Result<Page<ProductAndStock, ProductPlace>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let list = select(scope, page.place().copied());
        // The list itself starts after the place.
        let rows = PageRequest::from_offset(page.limit, page.offset());
        let mut keys: Vec<(i64, Uuid, Uuid)> = list.page(&mut snapshot, rows).await?;
        let has_more = page.has_more(&mut keys);
        let keys = keys.into_iter().map(|(_, id, owner_id)| {
            let owner = Owner::from_uuid(owner_id, scope.organization);
            (owner, ProductId::new(id))
        });
        let mut products = rows::products(&mut snapshot, scope.organization, keys).await?;
        products.sort_by_key(|product| (product.created_at, product.id));
        let next = products.last().filter(|_| has_more).map(ProductPlace::from);
        let items = with_stock(&mut snapshot, scope, products).await?;
        let total = kept_count(&mut snapshot, scope, Kind::Product).await?;
        snapshot.commit().await?;
        let total = Some(total);
        Ok(Page { items, total, next })
    }
}

/// The query for the times of registration, ids and owners of the products that `scope` sees, starting
/// after `after`.
pub(crate) fn select(
    scope: Scope,
    after: Option<ProductPlace>,
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(scope, "products.product_id", move |query, owner| {
        query.push(
            "SELECT products.created_at, products.product_id, products.owner_id FROM products \
             WHERE products.organization_id = ",
        );
        query.push_bind(scope.organization.uuid());
        query.push(" AND products.created_at >= 0 AND products.owner_id = ");
        query.push_bind(owner.to_uuid(scope.organization));
        if let Some(ProductPlace { registered_at, id }) = after {
            query.push(" AND (products.created_at, products.product_id) > (");
            query.push_bind(registered_at.as_milliseconds()).push(", ");
            query.push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by("1, 2")
}

/// Products with the stock that `scope` sees of them.
async fn with_stock(
    session: &mut Session,
    scope: Scope,
    products: Vec<Product>,
) -> Result<Vec<ProductAndStock>, StoreError> {
    let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
    let stocks = stock::read::visible(session, scope, &ids).await?;
    let mut stocks: HashMap<ProductId, Stock> = stocks
        .into_iter()
        .map(|stock| (stock.item.product, stock.item))
        .collect();
    let found = products.into_iter().map(|product| {
        let stock = stocks.remove(&product.id);
        (product, stock)
    });
    Ok(found.collect())
}
