//! Reads stock and its history.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use stockroom_application::ports::{
    Scope, StockCondition, StockReader, StoreError, TransactionCondition,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    Owner, ProductId, Recorded, Stock, StockId, StockKey, StockPeriod, TransactionId,
};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;
use crate::counts::Kind;
use crate::list::{Behind, COUNT, ListQuery, kept_count};
use crate::{filter, ledger};

#[async_trait]
impl StockReader for SqliteDatabase {
    async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError> {
        let mut connection = self.reader().await?;
        Ok(visible(&mut connection, scope, &[product]).await?.pop())
    }

    async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        let mut connection = self.reader().await?;
        visible(&mut connection, scope, products).await
    }

    fn parallel_fetches(&self) -> usize {
        2
    }

    fn parallel_searches(&self) -> usize {
        self.parallel_searches
    }

    async fn list_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        let mut snapshot = self.read().await?;
        let list = select("", scope, page.place().copied(), filter);
        let mut keys: Vec<(Uuid, Uuid, Uuid)> = list.page(&mut snapshot, &page).await?;
        let next = page.cut(&mut keys, |(stock_id, ..)| StockId::new(*stock_id));
        let keys = keys.into_iter().map(|(_, product_id, owner_id)| StockKey {
            product: ProductId::new(product_id),
            owner: Owner::from_uuid(owner_id, scope.organization),
        });
        let mut items = rows::stocks(&mut snapshot, scope.organization, keys).await?;
        items.sort_by_key(|stock| stock.id);
        let total = if filter.is_empty() {
            Some(kept_count(&mut snapshot, scope, Kind::Stock).await?)
        } else if page.wants_total(true) {
            let list = select(COUNT, scope, None, filter);
            Some(list.count(&mut snapshot).await?)
        } else {
            None
        };
        snapshot.commit().await.map_err(failed)?;
        Ok(Page { items, total, next })
    }

    async fn transactions(
        &self,
        scope: Scope,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError> {
        let mut snapshot = self.read().await?;
        let history = match visible(&mut snapshot, scope, &[product]).await?.pop() {
            None => None,
            Some(stock) => {
                let organization = scope.organization;
                let period = StockPeriod::from(&stock);
                let page = PageRequest::from_offset(limit, offset);
                Some(ledger::read::page(&mut snapshot, organization, &period, filter, page).await?)
            }
        };
        snapshot.commit().await.map_err(failed)?;
        Ok(history)
    }

    async fn transaction(
        &self,
        scope: Scope,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError> {
        let Some(created_at) = id.created_at() else {
            return Ok(None);
        };
        let mut snapshot = self.read().await?;
        let recorded = match visible(&mut snapshot, scope, &[product]).await?.pop() {
            None => None,
            Some(stock) => {
                let organization = scope.organization;
                let period = StockPeriod::from(&stock);
                let sequence =
                    ledger::read::sequence_of(&mut snapshot, organization, &period, id, created_at)
                        .await?;
                let wanted = sequence.map(|sequence| period.entry(sequence));
                ledger::rows::entries(&mut snapshot, organization, wanted)
                    .await?
                    .pop()
            }
        };
        snapshot.commit().await.map_err(failed)?;
        Ok(recorded)
    }
}

/// The stock of these products that `scope` sees: for each product the owner's own, else the
/// organization's.
pub(crate) async fn visible(
    connection: &mut SqliteConnection,
    scope: Scope,
    products: &[ProductId],
) -> Result<Vec<Stock>, StoreError> {
    let keys = products.iter().flat_map(|product| {
        scope.acting.visible().map(|owner| StockKey {
            product: *product,
            owner,
        })
    });
    let mut stocks = rows::stocks(connection, scope.organization, keys).await?;
    stocks.sort_by_key(|stock| (stock.product, stock.owner != scope.acting));
    stocks.dedup_by_key(|stock| stock.product);
    Ok(stocks)
}

/// The query for the keys of the stock that `scope` sees, starting after `after`.
pub(crate) fn select(
    start: &str,
    scope: Scope,
    after: Option<StockId>,
    filter: &[StockCondition],
) -> ListQuery {
    let organization = scope.organization;
    // SQLite doesn't know how much stock one organization has. It should find named products by the
    // primary key, and otherwise read along the index that is in the list's order.
    let by_product = filter
        .iter()
        .any(|condition| matches!(condition, StockCondition::Id(_)));
    let index = if by_product {
        "sqlite_autoindex_stocks_1"
    } else {
        "stocks_of_owner"
    };
    let after = after.map(|stock| Behind {
        column: "stocks.stock_id",
        id: stock.uuid(),
    });
    ListQuery::new(start, scope, after, |query, owner| {
        query.push("SELECT stocks.stock_id, stocks.product_id, stocks.owner_id FROM stocks ");
        query.push("INDEXED BY ").push(index);
        query.push(" WHERE stocks.organization_id = ");
        query.push_bind(organization.uuid());
        query.push(" AND stocks.owner_id = ");
        query.push_bind(owner.to_uuid(organization));
        if owner != scope.acting {
            query.push(
                " AND NOT EXISTS (SELECT 1 FROM stocks AS own \
                 WHERE own.product_id = stocks.product_id AND own.organization_id = ",
            );
            query.push_bind(organization.uuid());
            query.push(" AND own.owner_id = ");
            query
                .push_bind(scope.acting.to_uuid(organization))
                .push(")");
        }
        filter::push_stock(query, organization, owner, filter);
    })
}
