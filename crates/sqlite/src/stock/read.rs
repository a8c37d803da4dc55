//! Reads stock and its history.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::Connection;
use stockroom_application::ports::{
    Scope, StockCondition, StockOrder, StockPlace, StockReader, StoreError, TransactionCondition,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    Owner, ProductId, Recorded, Stock, StockId, StockKey, StockPeriod, TransactionId,
};
use stockroom_sql::{Direction, Kind, sorted_figure};
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::query::Query;
use crate::list::{Behind, COUNT, ListQuery};
use crate::{counts, filter, ledger};

#[async_trait]
impl StockReader for SqliteDatabase {
    async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError> {
        self.read(move |snapshot| visible(snapshot, scope, product))
            .await
    }

    async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        let products: BTreeSet<ProductId> = products.iter().copied().collect();
        self.read(move |snapshot| {
            let stocks = products.into_iter();
            let stocks = stocks.map(|product| visible(snapshot, scope, product));
            stocks.filter_map(Result::transpose).collect()
        })
        .await
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
        let filter = filter.to_vec();
        self.read(move |snapshot| {
            let list = select("", scope, page.place().copied(), &filter);
            let mut keys: Vec<(Uuid, Uuid, Uuid)> = list.page(snapshot, &page)?;
            let next = page.cut(&mut keys, |(stock_id, ..)| StockId::new(*stock_id));
            let keys = keys.into_iter().map(|(_, product_id, owner_id)| StockKey {
                product: ProductId::new(product_id),
                owner: Owner::from_uuid(owner_id, scope.organization),
            });
            let items = rows::stocks(snapshot, scope.organization, keys)?;
            let total = if filter.is_empty() {
                Some(counts::visible(snapshot, scope, Kind::Stock)?)
            } else if page.wants_total(true) {
                Some(select(COUNT, scope, None, &filter).count(snapshot)?)
            } else {
                None
            };
            Ok(Page { items, total, next })
        })
        .await
    }

    async fn sort_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        order: StockOrder,
        page: PageRequest<StockPlace>,
    ) -> Result<Option<Page<Stock, StockPlace>>, StoreError> {
        let filter = filter.to_vec();
        self.read(move |snapshot| {
            let all = counts::visible(snapshot, scope, Kind::Stock)?;
            if all > u64::from(StockOrder::SORTED_MAX) {
                return Ok(None);
            }
            let list = select_sorted("", scope, order, page.place().copied(), &filter);
            let mut keys: Vec<(i64, Uuid, Uuid, Uuid)> = list.page(snapshot, &page)?;
            let has_more = page.has_more(&mut keys);
            let mut items = Vec::with_capacity(keys.len());
            for (_, _, product_id, owner_id) in keys {
                let key = StockKey {
                    product: ProductId::new(product_id),
                    owner: Owner::from_uuid(owner_id, scope.organization),
                };
                items.extend(rows::stock(snapshot, scope.organization, key)?);
            }
            let next = items.last().filter(|_| has_more);
            let next = next.map(|stock| order.place(stock));
            let total = if filter.is_empty() {
                Some(all)
            } else if page.wants_total(true) {
                Some(select(COUNT, scope, None, &filter).count(snapshot)?)
            } else {
                None
            };
            Ok(Some(Page { items, total, next }))
        })
        .await
    }

    async fn transactions(
        &self,
        scope: Scope,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError> {
        let filter = filter.to_vec();
        self.read(move |snapshot| {
            let Some(stock) = visible(snapshot, scope, product)? else {
                return Ok(None);
            };
            let period = StockPeriod::from(&stock);
            let page = PageRequest::from_offset(limit, offset);
            ledger::read::page(snapshot, scope.organization, &period, &filter, page).map(Some)
        })
        .await
    }

    async fn transaction(
        &self,
        scope: Scope,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Option<Recorded>, StoreError> {
        let organization = scope.organization;
        self.read(move |snapshot| {
            let Some(stock) = visible(snapshot, scope, product)? else {
                return Ok(None);
            };
            let period = StockPeriod::from(&stock);
            let sequence = ledger::read::sequence_of(snapshot, organization, &period, id)?;
            let wanted = sequence.map(|sequence| period.entry(sequence));
            Ok(ledger::rows::entries(snapshot, organization, wanted)?.pop())
        })
        .await
    }
}

/// The stock of a product that `scope` sees: the owner's own, else the organization's.
pub(crate) fn visible(
    connection: &Connection,
    scope: Scope,
    product: ProductId,
) -> Result<Option<Stock>, StoreError> {
    for owner in scope.acting.visible() {
        let key = StockKey { product, owner };
        if let Some(stock) = rows::stock(connection, scope.organization, key)? {
            return Ok(Some(stock));
        }
    }
    Ok(None)
}

/// The query for the keys of the stock that `scope` sees, starting after `after`.
pub(crate) fn select(
    start: &str,
    scope: Scope,
    after: Option<StockId>,
    filter: &[StockCondition],
) -> ListQuery {
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
        query.push("SELECT stocks.stock_id, stocks.product_id, stocks.owner_id ");
        push_visible(query, index, scope, owner, filter);
    })
}

/// Appends the rest of a `SELECT`: the stock of one owner that `scope` sees.
fn push_visible(
    query: &mut Query,
    index: &str,
    scope: Scope,
    owner: Owner,
    filter: &[StockCondition],
) {
    let organization = scope.organization;
    query.push("FROM stocks INDEXED BY ").push(index);
    query.push(" WHERE stocks.organization_id = ");
    query.push_organization(organization);
    query.push(" AND stocks.owner_id = ");
    query.push_owner(organization, owner);
    if owner != scope.acting {
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM stocks AS own \
             WHERE own.product_id = stocks.product_id AND own.organization_id = ",
        );
        query.push_organization(organization);
        query.push(" AND own.owner_id = ");
        query.push_owner(organization, scope.acting).push(")");
    }
    filter::push_stock(query, organization, owner, filter);
}

/// The query for the figures and keys of the stock that `scope` sees, sorted by the figure, starting
/// after `after`. It reads all that stock.
pub(crate) fn select_sorted(
    start: &str,
    scope: Scope,
    order: StockOrder,
    after: Option<StockPlace>,
    filter: &[StockCondition],
) -> ListQuery {
    let figure = sorted_figure(order.by);
    let Direction {
        follows,
        order: columns,
    } = Direction::new(order.descending);
    ListQuery::new(start, scope, None, |query, owner| {
        query.push(format_args!(
            "SELECT {figure}, stocks.stock_id, stocks.product_id, stocks.owner_id "
        ));
        push_visible(query, "stocks_of_owner", scope, owner, filter);
        if let Some(StockPlace { figure: after, id }) = after {
            query.push(format_args!(" AND ({figure}, stocks.stock_id) {follows} ("));
            query.push_bind(i64::try_from(after).unwrap_or(i64::MAX));
            query.push(", ").push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by(columns)
}
