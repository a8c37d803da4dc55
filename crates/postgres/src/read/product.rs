//! Products.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{ProductAndStock, ProductReader, StoreError, View};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Owner, Product, ProductId, Stock};
use uuid::Uuid;

use super::{ListQuery, kept_count, stock};
use crate::commit::Kind;
use crate::session::Session;
use crate::{PostgresDatabase, rows};

#[async_trait]
impl ProductReader for PostgresDatabase {
    async fn product(
        &self,
        view: View,
        id: ProductId,
    ) -> Result<Option<ProductAndStock>, StoreError> {
        let mut snapshot = self.read().await?;
        let mut products = rows::product::products(&mut snapshot, view.organization, [id]).await?;
        products.retain(|product| view.acting.can_see(product.owner));
        let product = with_stock(&mut snapshot, view, products).await?.pop();
        snapshot.commit().await?;
        Ok(product)
    }

    async fn list_products(
        &self,
        view: View,
        page: PageRequest<ProductId>,
    ) -> Result<Page<ProductAndStock, ProductId>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let list = select(view);
        let mut ids: Vec<(Uuid,)> = list.page(&mut snapshot, page.map(ProductId::uuid)).await?;
        let next = page.cut(&mut ids, |(id,)| ProductId::new(*id));
        let ids = ids.into_iter().map(|(id,)| ProductId::new(id));
        let mut products = rows::product::products(&mut snapshot, view.organization, ids).await?;
        products.sort_by_key(|product| product.id);
        let items = with_stock(&mut snapshot, view, products).await?;
        let total = kept_count(&mut snapshot, view, Kind::Product).await?;
        snapshot.commit().await?;
        let total = Some(total);
        Ok(Page { items, total, next })
    }
}

/// The ids of the products that `view` sees.
pub(super) fn select(view: View) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(view, "products.product_id", move |query, owner| {
        query.push(
            "SELECT products.product_id FROM products \
             WHERE products.organization_id = ",
        );
        query.push_bind(view.organization.uuid());
        query.push(" AND products.created_at >= 0 AND products.owner_id = ");
        query.push_bind(owner.to_uuid(view.organization));
    })
}

/// Products with the stock that `view` sees of them.
async fn with_stock(
    session: &mut Session,
    view: View,
    products: Vec<Product>,
) -> Result<Vec<ProductAndStock>, StoreError> {
    let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
    let stocks = stock::visible(session, view, &ids).await?;
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
