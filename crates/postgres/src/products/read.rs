//! Reads products.

use std::collections::HashMap;

use async_trait::async_trait;
use stockroom_application::ports::{
    FoundProducts, ProductAndStock, ProductFilter, ProductOrder, ProductPlace, ProductReader,
    ProductSearch, ProductSort, Scope, StoreError,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Owner, Product, ProductId, Stock};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::{rows, search};
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::list::kept_count;
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

    async fn products(&self, scope: Scope, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let mut snapshot = self.read().await?;
        let owners = || scope.acting.visible();
        let keys = ids.iter().flat_map(|id| owners().map(|owner| (owner, *id)));
        let mut products = rows::products(&mut snapshot, scope.organization, keys).await?;
        snapshot.commit().await?;
        // The owner's own product takes precedence over the organization's.
        products.sort_by_key(|product| (product.id, product.owner != scope.acting));
        products.dedup_by_key(|product| product.id);
        Ok(products)
    }

    async fn find_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
    ) -> Result<Option<Vec<ProductId>>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let found = search::matching(&mut snapshot, scope, filter).await?;
        snapshot.commit().await?;
        Ok(found.map(|found| found.into_iter().map(|product| product.id).collect()))
    }

    async fn search_products(
        &self,
        scope: Scope,
        search: &ProductSearch,
        at_most: u32,
    ) -> Result<Option<Vec<Product>>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let found = search::first(&mut snapshot, scope, search, at_most).await?;
        snapshot.commit().await?;
        Ok(found)
    }

    async fn list_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> Result<FoundProducts, StoreError> {
        let mut snapshot = self.read_list().await?;
        let page = if filter.is_empty() {
            Some(all(&mut snapshot, scope, order, page).await?)
        } else {
            found(&mut snapshot, scope, filter, order, page).await?
        };
        snapshot.commit().await?;
        Ok(page)
    }
}

/// A page of all products that `scope` sees.
async fn all(
    snapshot: &mut Session,
    scope: Scope,
    order: ProductOrder,
    page: PageRequest<ProductPlace>,
) -> Result<Page<ProductAndStock, ProductPlace>, StoreError> {
    let list = search::select(scope, order, page.place().cloned());
    // The list itself starts after the place.
    let wanted = PageRequest::from_offset(page.limit, page.offset());
    let mut keys: Vec<(Uuid, Uuid)> = match order.by {
        ProductSort::CreatedAt | ProductSort::UpdatedAt => {
            let keys: Vec<(i64, Uuid, Uuid)> = list.page(snapshot, wanted).await?;
            keys.into_iter().map(|(_, id, owner)| (id, owner)).collect()
        }
        ProductSort::Name | ProductSort::Sku => {
            let keys: Vec<(String, Uuid, Uuid)> = list.page(snapshot, wanted).await?;
            keys.into_iter().map(|(_, id, owner)| (id, owner)).collect()
        }
    };
    let has_more = page.has_more(&mut keys);
    let keys = keys.into_iter().map(|(id, owner_id)| {
        let owner = Owner::from_uuid(owner_id, scope.organization);
        (owner, ProductId::new(id))
    });
    let products = rows::products(snapshot, scope.organization, keys).await?;
    let placed = products.into_iter().map(|it| (order.place(&it), it));
    let mut placed: Vec<(ProductPlace, Product)> = placed.collect();
    placed.sort_by(|(one, _), (other, _)| order.compare(one, other));
    let end = placed.last().filter(|_| has_more);
    let next = end.map(|(place, _)| place.clone());
    let products = placed.into_iter().map(|(_, product)| product).collect();
    let items = with_stock(snapshot, scope, products).await?;
    let total = Some(kept_count(snapshot, scope, Kind::Product).await?);
    Ok(Page { items, total, next })
}

/// A page of the products that fulfil a filter.
async fn found(
    snapshot: &mut Session,
    scope: Scope,
    filter: &ProductFilter,
    order: ProductOrder,
    page: PageRequest<ProductPlace>,
) -> Result<FoundProducts, StoreError> {
    let Some(found) = search::matching(snapshot, scope, filter).await? else {
        return Ok(None);
    };
    let found = found.into_iter().map(|it| (order.place(&it), it));
    let Page { items, total, next } = order.page(found.collect(), &page);
    let products = items.into_iter().map(|(_, product)| product).collect();
    let items = with_stock(snapshot, scope, products).await?;
    Ok(Some(Page { items, total, next }))
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
