//! Reads products.

use async_trait::async_trait;
use rusqlite::Connection;
use stockroom_application::ports::{
    FoundProducts, ProductAndStock, ProductFilter, ProductOrder, ProductPlace, ProductReader,
    ProductSearch, ProductSort, Scope, StoreError,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Owner, Product, ProductId};
use stockroom_sql::Kind;
use uuid::Uuid;

use super::{rows, search};
use crate::connection::open::SqliteDatabase;
use crate::{counts, stock};

#[async_trait]
impl ProductReader for SqliteDatabase {
    async fn product(
        &self,
        scope: Scope,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        self.read(move |snapshot| {
            let Some(product) = visible(snapshot, scope, id)? else {
                return Ok(None);
            };
            let stock = stock::read::visible(snapshot, scope, id)?;
            Ok(Some((product, stock)))
        })
        .await
    }

    async fn products(&self, scope: Scope, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |snapshot| {
            let products = ids.into_iter().map(|id| visible(snapshot, scope, id));
            products.filter_map(Result::transpose).collect()
        })
        .await
    }

    async fn find_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
    ) -> Result<Option<Vec<ProductId>>, StoreError> {
        let filter = filter.clone();
        self.read(move |snapshot| {
            let found = search::matching(snapshot, scope, &filter)?;
            Ok(found.map(|found| found.into_iter().map(|product| product.id).collect()))
        })
        .await
    }

    async fn search_products(
        &self,
        scope: Scope,
        search: &ProductSearch,
        at_most: u32,
    ) -> Result<Option<Vec<Product>>, StoreError> {
        let search = search.clone();
        self.read(move |snapshot| search::first(snapshot, scope, &search, at_most))
            .await
    }

    async fn list_products(
        &self,
        scope: Scope,
        filter: &ProductFilter,
        order: ProductOrder,
        page: PageRequest<ProductPlace>,
    ) -> Result<FoundProducts, StoreError> {
        let filter = filter.clone();
        self.read(move |snapshot| {
            if !filter.is_empty() {
                return search::page(snapshot, scope, &filter, order, &page);
            }
            let list = search::select("", scope, order, page.place());
            let mut keys: Vec<(Uuid, Uuid)> = match order.by {
                ProductSort::CreatedAt | ProductSort::UpdatedAt => {
                    let keys: Vec<(i64, Uuid, Uuid)> = list.page(snapshot, &page)?;
                    keys.into_iter().map(|(_, id, owner)| (id, owner)).collect()
                }
                ProductSort::Name | ProductSort::Sku => {
                    let keys: Vec<(String, Uuid, Uuid)> = list.page(snapshot, &page)?;
                    keys.into_iter().map(|(_, id, owner)| (id, owner)).collect()
                }
            };
            let has_more = page.has_more(&mut keys);
            let mut items = Vec::with_capacity(keys.len());
            for (product_id, owner_id) in keys {
                let id = ProductId::new(product_id);
                let owner = Owner::from_uuid(owner_id, scope.organization);
                if let Some(product) = rows::product(snapshot, scope.organization, owner, id)? {
                    items.push((product, stock::read::visible(snapshot, scope, id)?));
                }
            }
            let end = items.last().filter(|_| has_more);
            let next = end.map(|(product, _)| order.place(product));
            let total = Some(counts::visible(snapshot, scope, Kind::Product)?);
            Ok(Some(Page { items, total, next }))
        })
        .await
    }
}

/// The product with this id that `scope` sees: the owner's own, else the organization's.
fn visible(
    connection: &Connection,
    scope: Scope,
    id: ProductId,
) -> Result<Option<Product>, StoreError> {
    for owner in scope.acting.visible() {
        if let Some(product) = rows::product(connection, scope.organization, owner, id)? {
            return Ok(Some(product));
        }
    }
    Ok(None)
}
