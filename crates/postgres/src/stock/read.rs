//! Reads stock and its history.

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
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
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::list::{ListQuery, kept_count};
use crate::revision::Revised;
use crate::{filter, ledger};

#[async_trait]
impl StockReader for PostgresDatabase {
    async fn stock(&self, scope: Scope, product: ProductId) -> Result<Option<Stock>, StoreError> {
        Ok(self.stocks(scope, &[product]).await?.pop())
    }

    async fn stocks(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        let mut session = self.reader().await?;
        let stocks = visible(&mut session, scope, products).await?;
        session.commit().await?;
        // A caller that looks at stock may buy it next.
        for stock in &stocks {
            self.stock_cache.note_read(scope.organization, stock);
        }
        Ok(stocks.into_iter().map(|stock| stock.item).collect())
    }

    fn parallel_fetches(&self) -> usize {
        2
    }

    async fn list_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let list = select(scope, filter);
        let mut keys: Vec<(Uuid, Uuid, Uuid)> =
            list.page(&mut snapshot, page.map(StockId::uuid)).await?;
        let next = page.cut(&mut keys, |(stock_id, ..)| StockId::new(*stock_id));
        let keys = keys.into_iter().map(|(_, product_id, owner_id)| StockKey {
            product: ProductId::new(product_id),
            owner: Owner::from_uuid(owner_id, scope.organization),
        });
        let stocks = rows::stocks(&mut snapshot, scope.organization, keys).await?;
        let mut items: Vec<Stock> = stocks.into_iter().map(|stock| stock.item).collect();
        items.sort_by_key(|stock| stock.id);
        let total = if filter.is_empty() {
            Some(kept_count(&mut snapshot, scope, Kind::Stock).await?)
        } else if page.wants_total(true) {
            Some(list.count(&mut snapshot).await?)
        } else {
            None
        };
        snapshot.commit().await?;
        Ok(Page { items, total, next })
    }

    async fn sort_stocks(
        &self,
        scope: Scope,
        filter: &[StockCondition],
        order: StockOrder,
        page: PageRequest<StockPlace>,
    ) -> Result<Option<Page<Stock, StockPlace>>, StoreError> {
        let mut snapshot = self.read_list().await?;
        let all = kept_count(&mut snapshot, scope, Kind::Stock).await?;
        if all > u64::from(StockOrder::SORTED_MAX) {
            snapshot.commit().await?;
            return Ok(None);
        }
        let list = select_sorted(scope, order, page.place().copied(), filter);
        // The list itself starts after the place.
        let wanted = PageRequest::from_offset(page.limit, page.offset());
        let mut keys: Vec<(i64, Uuid, Uuid, Uuid)> = list.page(&mut snapshot, wanted).await?;
        let has_more = page.has_more(&mut keys);
        let keys = keys
            .into_iter()
            .map(|(_, _, product_id, owner_id)| StockKey {
                product: ProductId::new(product_id),
                owner: Owner::from_uuid(owner_id, scope.organization),
            });
        let stocks = rows::stocks(&mut snapshot, scope.organization, keys).await?;
        let mut items: Vec<Stock> = stocks.into_iter().map(|stock| stock.item).collect();
        items.sort_by(|one, other| order.compare(&order.place(one), &order.place(other)));
        let next = items.last().filter(|_| has_more);
        let next = next.map(|stock| order.place(stock));
        let total = if filter.is_empty() {
            Some(all)
        } else if page.wants_total(true) {
            Some(select(scope, filter).count(&mut snapshot).await?)
        } else {
            None
        };
        snapshot.commit().await?;
        Ok(Some(Page { items, total, next }))
    }

    async fn transactions(
        &self,
        scope: Scope,
        product: ProductId,
        filter: &[TransactionCondition],
        limit: u32,
        offset: u32,
    ) -> Result<Option<Page<Recorded, TransactionId>>, StoreError> {
        let mut snapshot = if filter.is_empty() {
            self.read().await?
        } else {
            self.read_list().await?
        };
        let history = match visible(&mut snapshot, scope, &[product]).await?.pop() {
            None => None,
            Some(stock) => {
                let organization = scope.organization;
                let period = StockPeriod::from(&stock.item);
                let page = PageRequest::from_offset(limit, offset);
                Some(ledger::read::page(&mut snapshot, organization, &period, filter, page).await?)
            }
        };
        snapshot.commit().await?;
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
                let period = StockPeriod::from(&stock.item);
                let sequence =
                    ledger::read::sequence_of(&mut snapshot, organization, &period, id, created_at)
                        .await?;
                let wanted = sequence.map(|sequence| period.entry(sequence));
                ledger::rows::entries(&mut snapshot, organization, wanted)
                    .await?
                    .pop()
            }
        };
        snapshot.commit().await?;
        Ok(recorded)
    }
}

/// The stock of these products that `scope` sees: for each product the owner's own, else the
/// organization's.
pub(crate) async fn visible(
    session: &mut Session,
    scope: Scope,
    products: &[ProductId],
) -> Result<Vec<Revised<Stock>>, StoreError> {
    let keys = products.iter().flat_map(|product| {
        scope.acting.visible().map(|owner| StockKey {
            product: *product,
            owner,
        })
    });
    let mut stocks = rows::stocks(session, scope.organization, keys).await?;
    stocks.sort_by_key(|stock| (stock.item.product, stock.item.owner != scope.acting));
    stocks.dedup_by_key(|stock| stock.item.product);
    Ok(stocks)
}

/// The query for the keys of the stock that `scope` sees.
pub(crate) fn select(
    scope: Scope,
    filter: &[StockCondition],
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    ListQuery::new(scope, "stocks.stock_id", move |query, owner| {
        query.push("SELECT stocks.stock_id, stocks.product_id, stocks.owner_id ");
        push_visible(query, scope, owner, filter);
    })
}

/// Appends the rest of a `SELECT`: the stock of one owner that `scope` sees.
fn push_visible(
    query: &mut QueryBuilder<Postgres>,
    scope: Scope,
    owner: Owner,
    filter: &[StockCondition],
) {
    let organization = scope.organization;
    query.push("FROM stocks WHERE stocks.organization_id = ");
    query.push_bind(organization.uuid());
    // Always true: it names the index to read along.
    query.push(" AND stocks.created_at >= 0 AND stocks.owner_id = ");
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
}

/// The query for the figures and keys of the stock that `scope` sees, sorted by the figure, starting
/// after `after`. It reads all that stock.
pub(crate) fn select_sorted(
    scope: Scope,
    order: StockOrder,
    after: Option<StockPlace>,
    filter: &[StockCondition],
) -> ListQuery<impl Fn(&mut QueryBuilder<Postgres>, Owner)> {
    let figure = sorted_figure(order.by);
    let Direction {
        follows,
        order: columns,
    } = Direction::new(order.descending);
    ListQuery::new(scope, "stocks.stock_id", move |query, owner| {
        query.push("SELECT ").push(figure);
        query.push(" AS figure, stocks.stock_id, stocks.product_id, stocks.owner_id ");
        push_visible(query, scope, owner, filter);
        if let Some(StockPlace { figure: after, id }) = after {
            query.push(format_args!(" AND ({figure}, stocks.stock_id) {follows} ("));
            query.push_bind(i64::try_from(after).unwrap_or(i64::MAX));
            query.push(", ").push_bind(id.uuid()).push(")");
        }
    })
    .ordered_by(columns)
}
