//! The past: stock as it stood at a time, and ledgers at any depth.

use async_trait::async_trait;
use stockroom_application::PageRequest;
use stockroom_application::ports::{HistoryReader, Scope, StoreError, TransactionCondition};
use stockroom_domain::{
    Batch, BatchEntry, BatchId, DeletedStock, Entry, LocationId, OrganizationId, PastPosition,
    ProductId, Recorded, Stock, StockId, StockKey, StockPeriod, Timestamp, TransactionId,
};

use crate::MemoryDatabase;
use crate::tenant::Tenant;

impl Tenant {
    /// The stock as it stood at a time, if it existed then.
    pub(crate) fn stock_at(&self, period: &StockPeriod, at: Timestamp) -> Option<Stock> {
        if !period.covers(at) {
            return None;
        }
        let ledger = self.ledgers.get(&period.id)?;
        let entries = &ledger[..ledger.partition_point(|entry| entry.created_at <= at)];
        let last = entries.last()?;
        let balance = |location: LocationId| {
            let mut entries = entries.iter().rev();
            entries
                .find(|entry| entry.location == Some(location))
                .map(|entry| entry.balance)
        };
        let spans = self.position_spans.get(&period.id).into_iter().flatten();
        let positions = spans.filter(|span| span.added_at <= at).filter_map(|span| {
            Some(PastPosition {
                location: span.location,
                slug: self.slug(span.location)?.clone(),
                added_at: span.added_at,
                removed_at: span.removed_at,
                balance: balance(span.location).unwrap_or_default(),
            })
        });
        Stock::at(period, at, last, positions)
    }

    /// The periods of all current and deleted stock whose key is `wanted`, in the order of creation.
    fn periods(&self, wanted: impl Fn(StockKey) -> bool) -> Vec<StockPeriod> {
        let current = self.stocks.iter().filter(|(key, _)| wanted(**key));
        let current = current.map(|(_, stock)| StockPeriod::from(stock));
        let deleted = self.deleted_stocks.iter();
        let deleted = deleted.filter(|deleted| wanted(deleted.stock.key())).map(
            |DeletedStock { stock, deleted_at }| StockPeriod {
                deleted_at: Some(*deleted_at),
                ..StockPeriod::from(stock)
            },
        );
        let mut periods: Vec<StockPeriod> = current.chain(deleted).collect();
        periods.sort_unstable_by_key(|period| period.id);
        periods
    }

    /// The periods of the stocks that `scope` saw at a time, in the order of creation.
    fn periods_at(&self, scope: Scope, at: Timestamp) -> Vec<StockPeriod> {
        let mut periods = self.periods(|key| scope.acting.can_see(key.owner));
        periods.retain(|period| period.covers(at));
        let own = periods.iter().filter(|period| period.owner == scope.acting);
        let own: std::collections::HashSet<ProductId> = own.map(|period| period.product).collect();
        periods.retain(|period| period.owner == scope.acting || !own.contains(&period.product));
        periods
    }

    pub(crate) fn ledger_of(&self, stock: StockId) -> &[Entry] {
        self.ledgers.get(&stock).map_or(&[], Vec::as_slice)
    }
}

#[async_trait]
impl HistoryReader for MemoryDatabase {
    async fn periods(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<StockPeriod>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            tenant.periods(|key| scope.acting.can_see(key.owner) && products.contains(&key.product))
        }))
    }

    async fn periods_at(
        &self,
        scope: Scope,
        at: Timestamp,
        page: PageRequest<StockId>,
    ) -> Result<Vec<StockPeriod>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let periods = tenant.periods_at(scope, at).into_iter();
            periods
                .filter(|period| page.place().is_none_or(|after| period.id > *after))
                .skip(page.offset() as usize)
                .take(page.limit as usize)
                .collect()
        }))
    }

    async fn count_periods_at(&self, scope: Scope, at: Timestamp) -> Result<u64, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            tenant.periods_at(scope, at).len() as u64
        }))
    }

    async fn past(
        &self,
        organization: OrganizationId,
        periods: &[StockPeriod],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            periods
                .iter()
                .filter_map(|period| tenant.stock_at(period, at))
                .collect()
        }))
    }

    async fn ledger(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        filter: &[TransactionCondition],
        after: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let entries = tenant.ledger_of(period.id).iter();
            entries
                .filter(|entry| entry.sequence > after && entry.sequence <= period.sequence)
                .map(|entry| tenant.recorded(period.product, entry))
                .filter(|recorded| filter.iter().all(|condition| condition.matches(recorded)))
                .take(limit as usize)
                .collect()
        }))
    }

    async fn sequence_of(
        &self,
        organization: OrganizationId,
        period: &StockPeriod,
        id: TransactionId,
    ) -> Result<Option<u64>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let mut entries = tenant.ledger_of(period.id).iter();
            let entry = entries.find(|entry| entry.id == id)?;
            Some(entry.sequence).filter(|sequence| *sequence <= period.sequence)
        }))
    }

    async fn batch(
        &self,
        organization: OrganizationId,
        id: BatchId,
    ) -> Result<Option<Batch>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| tenant.batches.get(&id).cloned()))
    }

    async fn entries(
        &self,
        organization: OrganizationId,
        entries: &[BatchEntry],
    ) -> Result<Vec<Recorded>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let found = entries.iter().filter_map(|wanted| {
                let place = usize::try_from(wanted.sequence).ok()?.checked_sub(1)?;
                let entry = tenant.ledger_of(wanted.stock).get(place)?;
                Some(tenant.recorded(wanted.product, entry))
            });
            found.collect()
        }))
    }
}
