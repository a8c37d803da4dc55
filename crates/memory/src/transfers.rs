//! Transfers.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use stockroom_application::ports::{
    CheckedTransfers, PlannedStock, PlanningReader, Scope, StoreError, TransferCondition,
    TransferHold, TransferReader,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    Expected, HeldTotals, LocationId, Needs, OpenTransfers, OrganizationId, ProductId, Slug, State,
    StockId, Timestamp, Transfer, TransferChange, TransferId, TransferOrigin, TransferRef,
    UnreadableRow,
};

use crate::MemoryDatabase;
use crate::list::page;
use crate::tenant::Tenant;

/// The transfers of an organization.
#[derive(Default)]
pub(crate) struct Transfers {
    all: BTreeMap<TransferId, Transfer>,
    /// Those with open lines of a stock.
    open: HashMap<StockId, Vec<TransferId>>,
}

impl Transfers {
    pub(crate) fn store(&mut self, change: TransferChange) {
        if let Some(before) = &change.before {
            for stock in open_stocks(before) {
                let of_stock = self.open.entry(stock).or_default();
                of_stock.retain(|id| *id != before.id);
            }
        }
        let after = change.after;
        for stock in open_stocks(&after) {
            let of_stock = self.open.entry(stock).or_default();
            of_stock.push(after.id);
            of_stock.sort_unstable();
        }
        self.all.insert(after.id, after);
    }

    pub(crate) fn delete(&mut self, id: TransferId) {
        self.all.remove(&id);
    }

    /// The open transfers that have a stock, in the order of creation.
    fn of_stock(&self, stock: StockId) -> impl Iterator<Item = &Transfer> {
        let ids = self.open.get(&stock).into_iter().flatten();
        ids.filter_map(|id| self.all.get(id))
    }

    fn open_of(&self, stock: StockId) -> OpenTransfers {
        let mut open = OpenTransfers::default();
        for transfer in self.of_stock(stock) {
            let lines = transfer.progress.lines.iter();
            for line in lines.filter(|line| line.stock == Some(stock)) {
                open.lines += 1;
                open.pieces += line.open().get();
            }
            open.locations.extend(locations(transfer));
        }
        open
    }

    fn has(&self, location: LocationId) -> bool {
        let mut open = self.all.values().filter(|it| it.is_open());
        open.any(|transfer| locations(transfer).any(|it| it == location))
    }

    /// Adds the pieces of a stock that transfers hold.
    pub(crate) fn add_holds(&self, stock: StockId, holds: &mut HeldTotals) {
        for transfer in self.of_stock(stock) {
            let origin = transfer.from.location().map(|(id, _)| *id);
            let lines = transfer.progress.lines.iter();
            for line in lines.filter(|line| line.stock == Some(stock)) {
                holds.add_line(origin, line.allocated.into(), false);
            }
        }
    }
}

fn open_stocks(transfer: &Transfer) -> impl Iterator<Item = StockId> {
    let lines = transfer.progress.lines.iter();
    lines
        .filter(|_| transfer.is_open())
        .filter_map(|it| it.stock)
}

fn locations(transfer: &Transfer) -> impl Iterator<Item = LocationId> {
    let places = transfer.from.location().into_iter().chain(&transfer.to);
    places.map(|(id, _)| *id)
}

impl Tenant {
    /// Loads the transfers that `needs` names, the open lines of current stock in `state`, and which of the
    /// needed locations open transfers have.
    pub(crate) fn load_transfers(&self, needs: &Needs, state: &mut State) {
        for id in &needs.transfers {
            if let Some(transfer) = self.transfers.all.get(id) {
                state.transfers.insert(*id, self.with_slugs(transfer));
            }
        }
        for key in &needs.open_transfers {
            let open = state
                .stocks
                .get(key)
                .map(|it| self.transfers.open_of(it.id));
            if let Some(open) = open.filter(|open| open.lines > 0) {
                state.open_transfers.insert(*key, open);
            }
        }
        for key in &needs.expected {
            if let Some(stock) = state.stocks.get(key) {
                state.expected.insert(*key, self.expected(stock.id));
            }
        }
        let locations = needs.location_use.iter().copied();
        let used = locations.filter(|location| self.transfers.has(*location));
        state.locations_in_transfers.extend(used);
    }

    /// The transfer with the current slugs of its locations.
    fn with_slugs(&self, transfer: &Transfer) -> Transfer {
        let mut transfer = transfer.clone();
        let name = |place: &mut Option<(LocationId, Slug)>| {
            if let Some((location, slug)) = place
                && let Some(named) = self.slug(*location)
            {
                slug.clone_from(named);
            }
        };
        if let TransferOrigin::Place(from) = &mut transfer.from {
            name(from);
        }
        name(&mut transfer.to);
        transfer
    }

    /// What is wrong with the figures of transfers.
    pub(crate) fn check_transfers(&self) -> CheckedTransfers {
        let all = self.transfers.all.values();
        let wrong = all.filter(|transfer| !transfer.progress.is_consistent());
        let wrong = wrong.map(|transfer| UnreadableRow {
            table: "transfers",
            column: "state",
            row: transfer.id.to_string(),
        });
        CheckedTransfers {
            wrong: wrong.collect(),
            next: None,
        }
    }

    fn transfer_holds(&self, stock: StockId) -> Vec<TransferHold> {
        let mut holds = Vec::new();
        for transfer in self.transfers.of_stock(stock) {
            let transfer = self.with_slugs(transfer);
            let slug = transfer.from.location().map(|(_, slug)| slug.clone());
            let lines = (0..).zip(&transfer.progress.lines);
            let lines = lines.filter(|(_, it)| it.stock == Some(stock) && !it.allocated.is_zero());
            holds.extend(lines.map(|(number, line)| TransferHold {
                transfer: transfer.id,
                line: number,
                state: transfer.progress.state,
                slug: slug.clone(),
                quantity: line.allocated,
            }));
        }
        holds
    }

    fn expected(&self, stock: StockId) -> Vec<Expected> {
        let mut expected = Vec::new();
        for transfer in self.transfers.of_stock(stock) {
            let to = self.with_slugs(transfer).to;
            let found = to.as_ref().and_then(|(id, _)| self.location(*id));
            let lines = transfer.progress.lines.iter();
            let lines = lines.filter(|it| it.stock == Some(stock) && !it.in_transit.is_zero());
            expected.extend(lines.map(|line| Expected {
                transfer: transfer.id,
                to: to.clone(),
                sells: found.is_none_or(|location| location.enabled),
                expected_at: transfer.expected_at,
                quantity: line.in_transit,
            }));
        }
        expected
    }
}

#[async_trait]
impl PlanningReader for MemoryDatabase {
    async fn planned_stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let products = products.iter();
            let found = products.filter_map(|it| tenant.visible_stock(scope.acting, *it));
            let planned = found.map(|stock| PlannedStock {
                stock: stock.clone(),
                expected: tenant.expected(stock.id),
            });
            planned.collect()
        }))
    }
}

#[async_trait]
impl TransferReader for MemoryDatabase {
    async fn transfer(&self, scope: Scope, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let transfer = tenant.transfers.all.get(&id);
            let visible = transfer.filter(|transfer| scope.acting.can_see(transfer.owner));
            visible.map(|transfer| tenant.with_slugs(transfer))
        }))
    }

    async fn list_transfers(
        &self,
        scope: Scope,
        filter: &[TransferCondition],
        request: PageRequest<TransferId>,
    ) -> Result<Page<Transfer, TransferId>, StoreError> {
        let found: Vec<Transfer> = self.in_tenant(scope.organization, |tenant| {
            let all = tenant.transfers.all.values();
            let visible = all.filter(|transfer| scope.acting.can_see(transfer.owner));
            let named = visible.map(|transfer| tenant.with_slugs(transfer));
            let is_wanted = |transfer: &Transfer| filter.iter().all(|it| it.matches(transfer));
            named.filter(is_wanted).collect()
        });
        Ok(page(&found, &request, !filter.is_empty(), |it| it.id))
    }

    async fn transfer_holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
    ) -> Result<Vec<TransferHold>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| tenant.transfer_holds(stock)))
    }

    async fn overdue_transfers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TransferRef>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let all = tenant.transfers.all.values();
            let due = all.filter_map(|it| Some((it.to_be_announced()?, it.id)));
            let mut due: Vec<_> = due.filter(|(at, _)| *at < now).collect();
            due.sort_unstable();
            due.truncate(limit as usize);
            let found = due
                .iter()
                .filter_map(|(_, id)| tenant.transfers.all.get(id));
            found.map(|it| tenant.with_slugs(it).reference()).collect()
        }))
    }
}
