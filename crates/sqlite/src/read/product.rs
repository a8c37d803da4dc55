//! Products.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use stockroom_application::ports::{ProductAndStock, ProductReader, StoreError, View};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Product, ProductId, Stock};
use uuid::Uuid;

use super::{Behind, ListQuery, kept_count, stock};
use crate::commit::Kind;
use crate::error::failed;
use crate::{SqliteDatabase, rows};

#[async_trait]
impl ProductReader for SqliteDatabase {
    async fn product(
        &self,
        view: View,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        let mut snapshot = self.read().await?;
        let mut products = rows::product::products(&mut snapshot, view.organization, [id]).await?;
        products.retain(|product| view.acting.can_see(product.owner));
        let product = with_stock(&mut snapshot, view, products).await?.pop();
        snapshot.commit().await.map_err(failed)?;
        Ok(product)
    }

    async fn list_products(
        &self,
        view: View,
        page: PageRequest<ProductId>,
    ) -> Result<Page<ProductAndStock, ProductId>, StoreError> {
        let mut snapshot = self.read().await?;
        let list = select("", view, page.place().copied());
        let mut ids: Vec<(Uuid,)> = list.page(&mut snapshot, &page).await?;
        let next = page.cut(&mut ids, |(id,)| ProductId::new(*id));
        let ids = ids.into_iter().map(|(id,)| ProductId::new(id));
        let mut products = rows::product::products(&mut snapshot, view.organization, ids).await?;
        products.sort_by_key(|product| product.id);
        let items = with_stock(&mut snapshot, view, products).await?;
        let total = kept_count(&mut snapshot, view, Kind::Product).await?;
        snapshot.commit().await.map_err(failed)?;
        let total = Some(total);
        Ok(Page { items, total, next })
    }
}

/// The ids of the products that `view` sees, beginning behind `after`.
pub(super) fn select(start: &str, view: View, after: Option<ProductId>) -> ListQuery {
    let after = after.map(|product| Behind {
        column: "products.product_id",
        id: product.uuid(),
    });
    ListQuery::new(start, view, after, |query, owner| {
        query.push(
            "SELECT products.product_id FROM products INDEXED BY products_of_owner \
             WHERE products.organization_id = ",
        );
        query.push_bind(view.organization.uuid());
        query.push(" AND products.owner_id = ");
        query.push_bind(owner.to_uuid(view.organization));
    })
}

/// Products with the stock that `view` sees of them.
async fn with_stock(
    connection: &mut SqliteConnection,
    view: View,
    products: Vec<Product>,
) -> Result<Vec<ProductAndStock>, StoreError> {
    let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
    let stocks = stock::visible(connection, view, &ids).await?;
    let mut stocks: HashMap<ProductId, Stock> = stocks
        .into_iter()
        .map(|stock| (stock.product, stock))
        .collect();
    let found = products.into_iter().map(|product| {
        let stock = stocks.remove(&product.id);
        (product, stock)
    });
    Ok(found.collect())
}
