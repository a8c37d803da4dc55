//! Reads raw rows, as they are stored, for verification.

use std::collections::BTreeMap;

use async_trait::async_trait;
use stockroom_application::ports::{
    CheckedTransfers, Chunk, Cursor, LedgerRange, RawReader, Scope, StoreError,
};
use stockroom_domain::{
    Balance, EntryHash, OrganizationId, Position, ProductId, Quantity, RawBalance, RawEntry,
    RawStock, Stock, StockChange, StockId, StockKey, Timestamp, TransferId,
};

use crate::MemoryDatabase;
use crate::tenant::Tenant;

impl Tenant {
    /// All current and deleted stock with an id that `is_wanted`.
    fn stored(&self, is_wanted: impl Fn(StockId) -> bool) -> Vec<RawStock> {
        let is_wanted = |stock: &&Stock| is_wanted(stock.id);
        let current = self.stocks.values().filter(is_wanted);
        let deleted = self.deleted_stocks.iter().map(|it| &it.stock);
        current
            .map(|stock| self.stored_current(stock))
            .chain(
                deleted
                    .filter(is_wanted)
                    .map(|stock| RawStock::new(stock, false)),
            )
            .collect()
    }

    fn stored_current(&self, stock: &Stock) -> RawStock {
        let mut lines = self.reservations.stored_holds(stock.id);
        self.transfers.add_holds(stock.id, &mut lines);
        RawStock {
            lines,
            ..RawStock::new(stock, true)
        }
    }

    /// Decodes `repaired`; `None` if the tenant can't have such stock.
    fn decode(&self, repaired: &RawStock) -> Option<Stock> {
        let held = |location| Quantity::try_from(repaired.held.pieces_in(location)).ok();
        let set_aside = |location| Quantity::try_from(repaired.held.set_aside_in(location)).ok();
        let balance = |stored: RawBalance| {
            Some(Balance {
                available: Quantity::try_from(stored.available).ok()?,
                allocated: Quantity::try_from(stored.allocated).ok()?,
            })
        };
        let policy = |location| {
            let stored = repaired.policies.get(&location)?;
            stored.content.as_ref().ok().cloned()
        };
        let located = repaired.located.iter().map(|(location, stored)| {
            let position = Position {
                balance: balance(*stored)?,
                held: held(Some(*location))?,
                set_aside: set_aside(Some(*location))?,
                policy: policy(Some(*location)).unwrap_or_default(),
                ..Position::empty(self.location(*location)?)
            };
            Some((*location, position))
        });
        let next_expiry = match repaired.held.first_expiry {
            None => None,
            Some(at) => Some(Timestamp::from_milliseconds(at)?),
        };
        Some(Stock {
            id: repaired.id,
            product: repaired.product,
            owner: repaired.owner,
            product_owner: repaired.product_owner,
            unlocated: balance(repaired.unlocated)?,
            unlocated_held: held(None)?,
            unlocated_set_aside: set_aside(None)?,
            located: located.collect::<Option<BTreeMap<_, _>>>()?,
            sequence: u64::try_from(repaired.sequence).ok()?,
            last_hash: repaired.last_hash.unwrap_or(EntryHash([0; 32])),
            created_at: Timestamp::from_milliseconds(repaired.created_at)?,
            updated_at: Timestamp::from_milliseconds(repaired.updated_at)?,
            next_expiry,
            policy: policy(None).unwrap_or_default(),
        })
    }
}

#[async_trait]
impl RawReader for MemoryDatabase {
    async fn raw_stocks(
        &self,
        organization: OrganizationId,
        after: &Cursor,
        limit: u32,
    ) -> Result<Chunk<RawStock>, StoreError> {
        let mut rows = self.in_tenant(organization, |tenant| {
            tenant.stored(|stock| stock > after.stock_id())
        });
        rows.sort_by_key(|stock| stock.id);
        let limit = limit as usize;
        let next = (rows.len() > limit).then(|| rows.get(limit.wrapping_sub(1)));
        let next = next.flatten().map(|stock| Cursor::before(stock.id));
        rows.truncate(limit);
        Ok(Chunk {
            rows,
            unreadable: Vec::new(),
            next,
        })
    }

    async fn raw_stocks_of(
        &self,
        organization: OrganizationId,
        ids: &[StockId],
    ) -> Result<Vec<RawStock>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            tenant.stored(|stock| ids.contains(&stock))
        }))
    }

    async fn raw_stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<RawStock>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let stock = tenant.visible_stock(scope.acting, product);
            stock.map(|stock| tenant.stored_current(stock))
        }))
    }

    async fn raw_entries(
        &self,
        organization: OrganizationId,
        range: &LedgerRange,
        limit: u32,
    ) -> Result<Chunk<RawEntry>, StoreError> {
        let (first, after) = (range.after.stock_id(), range.after.sequence);
        let last = range.until.as_ref().map(Cursor::stock_id);
        let limit = limit as usize;
        let rows: Vec<RawEntry> = self.in_tenant(organization, |tenant| {
            let ids = tenant.ledgers.keys().copied();
            let mut ids: Vec<StockId> = ids
                .filter(|id| *id >= first && last.is_none_or(|last| *id <= last))
                .collect();
            ids.sort_unstable();
            let ledgers = ids.iter().filter_map(|id| tenant.ledgers.get(id));
            let entries = ledgers.flatten().cloned().map(RawEntry::from);
            entries
                .filter(|entry| entry.stock > first || entry.sequence > after)
                .take(limit)
                .collect()
        });
        let last = rows.last().filter(|_| rows.len() == limit);
        Ok(Chunk {
            next: last.map(|entry| Cursor::at(entry.stock, entry.sequence)),
            unreadable: Vec::new(),
            rows,
        })
    }

    async fn check_transfers(
        &self,
        organization: OrganizationId,
        _after: TransferId,
        _limit: u32,
    ) -> Result<CheckedTransfers, StoreError> {
        // Nobody else can have changed them.
        Ok(self.in_tenant(organization, Tenant::check_transfers))
    }

    async fn count_entries(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let ledgers = tenant.ledgers.values();
            ledgers.map(|ledger| ledger.len() as u64).sum()
        }))
    }

    async fn repair_stock(
        &self,
        organization: OrganizationId,
        found: &RawStock,
        repaired: &RawStock,
    ) -> Result<bool, StoreError> {
        let mut tables = self.write();
        let Some(tenant) = tables.tenants.get_mut(&organization) else {
            return Ok(false);
        };
        let key = StockKey {
            product: found.product,
            owner: found.owner,
        };
        let current = tenant.stocks.get(&key).cloned();
        let Some(current) = current.filter(|stock| tenant.stored_current(stock) == *found) else {
            return Ok(false);
        };
        let impossible = || StoreError::Failed("the repaired stock can't be stored".into());
        let stock = tenant.decode(repaired).ok_or_else(impossible)?;
        let change = StockChange {
            before: Some(current),
            after: Some(stock),
        };
        tenant.store_stock(key, change);
        Ok(true)
    }
}
