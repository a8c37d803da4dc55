//! Reservations, and the stock that they hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use stockroom_application::ports::{
    HoldLine, ReservationCondition, ReservationFigures, ReservationReader, Scope, StoreError,
};
use stockroom_application::{HoldPlace, Page, PageRequest};
use stockroom_domain::{
    HeldTotals, LapsedLine, LapsedLines, Needs, OrderId, OrganizationId, Owner, Reservation,
    ReservationChange, ReservationId, ReservationRef, ReservationStatus, State, StockId, StockKey,
    Timestamp,
};

use crate::MemoryDatabase;
use crate::list::page;
use crate::tenant::Tenant;

/// All reservations of an organization.
#[derive(Default)]
pub(crate) struct Reservations {
    all: BTreeMap<ReservationId, Reservation>,
    orders: HashMap<(Owner, OrderId), ReservationId>,
    /// Reservations with an open line, by stock.
    open: HashMap<StockId, BTreeSet<ReservationId>>,
    /// Unpaid reservations with an open line, by stock and by time of expiry.
    expiring: HashMap<StockId, BTreeSet<(Timestamp, ReservationId)>>,
    /// All unpaid reservations, by time of expiry.
    pending: BTreeSet<(Timestamp, ReservationId)>,
}

impl Reservations {
    fn index(&mut self, reservation: &Reservation) {
        let expires_at = reservation.state.expires_at();
        if let Some(expires_at) = expires_at {
            self.pending.insert((expires_at, reservation.id));
        }
        let open = reservation.lines.iter();
        for line in open.filter(|line| !line.open().is_zero()) {
            let open = self.open.entry(line.stock).or_default();
            open.insert(reservation.id);
            if let Some(expires_at) = expires_at {
                let expiring = self.expiring.entry(line.stock).or_default();
                expiring.insert((expires_at, reservation.id));
            }
        }
    }

    fn forget(&mut self, reservation: &Reservation) {
        let expiry = reservation.state.expires_at();
        let expiry = expiry.map(|expires_at| (expires_at, reservation.id));
        if let Some(expiry) = &expiry {
            self.pending.remove(expiry);
        }
        for line in &reservation.lines {
            if let Some(open) = self.open.get_mut(&line.stock) {
                open.remove(&reservation.id);
            }
            if let (Some(expiring), Some(expiry)) = (self.expiring.get_mut(&line.stock), &expiry) {
                expiring.remove(expiry);
            }
        }
    }

    fn replace(&mut self, reservation: Reservation) {
        if let Some(before) = self.all.remove(&reservation.id) {
            self.forget(&before);
        }
        self.index(&reservation);
        self.all.insert(reservation.id, reservation);
    }

    pub(crate) fn settle(&mut self, hold: &LapsedLine) {
        if let Some(mut reservation) = self.all.get(&hold.reservation).cloned() {
            if let Some(line) = reservation.lines.get_mut(hold.line) {
                line.release();
            }
            self.replace(reservation);
        }
    }

    pub(crate) fn store(&mut self, change: ReservationChange) {
        if let Some(order) = change.order_taken() {
            let order = (change.after.owner, order.clone());
            self.orders.insert(order, change.after.id);
        }
        self.replace(change.after);
    }

    /// The quantities of a stock that open lines hold.
    pub(crate) fn stored_holds(&self, stock: StockId) -> HeldTotals {
        let mut holds = HeldTotals::default();
        let open = self.open.get(&stock).into_iter().flatten();
        let expiring = self.expiring.get(&stock).and_then(BTreeSet::first);
        holds.first_expiry = expiring.map(|(expires_at, _)| expires_at.as_milliseconds());
        for reservation in open.filter_map(|id| self.all.get(id)) {
            for line in reservation.lines.iter().filter(|line| line.stock == stock) {
                let location = line.location.as_ref().map(|(location, _)| *location);
                let is_aside = reservation.hold_reason.is_some();
                holds.add_line(location, line.open().into(), is_aside);
            }
        }
        holds
    }

    /// Reservations that have expired and aren't stored as expired, the earliest first.
    fn due_at(&self, now: Timestamp) -> impl Iterator<Item = &Reservation> {
        let due = self.pending.iter();
        let due = due.take_while(move |(expires_at, _)| *expires_at <= now);
        due.filter_map(|(_, id)| self.all.get(id))
    }

    /// The holds on a stock that have lapsed by `until`.
    fn due(&self, stock: StockId, until: Timestamp) -> LapsedLines {
        let mut due = LapsedLines::default();
        for (expires_at, id) in self.expiring.get(&stock).into_iter().flatten() {
            if *expires_at > until {
                due.next = Some(*expires_at);
                break;
            }
            let lines = self.all.get(id).into_iter().flat_map(|it| &it.lines);
            let open = lines.enumerate().filter(|(_, line)| line.stock == stock);
            due.holds
                .extend(
                    open.filter(|(_, line)| !line.open().is_zero())
                        .map(|(place, line)| LapsedLine {
                            reservation: *id,
                            line: place,
                            location: line.location.as_ref().map(|(location, _)| *location),
                            quantity: line.open(),
                            expires_at: *expires_at,
                        }),
                );
        }
        due
    }
}

impl Tenant {
    /// Loads the reservations that `needs` names, and the lapsed holds on the stock in `state` that is
    /// due at `now`.
    pub(crate) fn load_reservations(&self, needs: &Needs, now: Timestamp, state: &mut State) {
        let reservations = &self.reservations;
        for order in &needs.orders {
            if let Some(id) = reservations.orders.get(order) {
                state.orders.insert(order.clone(), *id);
            }
        }
        let ids = needs.reservations.iter().chain(state.orders.values());
        let found = ids.filter_map(|id| reservations.all.get(id));
        let found: Vec<Reservation> = found.map(|it| self.named(it)).collect();
        state
            .reservations
            .extend(found.into_iter().map(|it| (it.id, it)));
        let due = state.stocks.iter().filter_map(|(key, stock)| {
            let until = stock.due(now)?;
            Some((*key, reservations.due(stock.id, until)))
        });
        state.due = due.collect();
    }

    /// The reservation with the current slugs of its locations.
    fn named(&self, reservation: &Reservation) -> Reservation {
        let mut reservation = reservation.clone();
        for line in &mut reservation.lines {
            if let Some((location, slug)) = &mut line.location
                && let Some(named) = self.slug(*location)
            {
                slug.clone_from(named);
            }
        }
        reservation
    }

    fn holds(&self, stock: StockId, now: Timestamp) -> Vec<HoldLine> {
        let reservations = &self.reservations;
        let open = reservations.open.get(&stock).into_iter().flatten();
        let open = open.filter_map(|id| reservations.all.get(id));
        open.map(|reservation| self.named(reservation).at(now))
            .flat_map(|reservation| {
                let lines = (0..).zip(&reservation.lines);
                let open = lines.filter(|(_, line)| line.stock == stock && !line.open().is_zero());
                let holds = open.map(|(number, line)| HoldLine {
                    reservation: reservation.id,
                    line: number,
                    owner: reservation.owner,
                    order: reservation.order.clone(),
                    state: reservation.state,
                    reason: reservation.hold_reason.clone(),
                    slug: line.location.as_ref().map(|(_, slug)| slug.clone()),
                    quantity: line.open(),
                });
                holds.collect::<Vec<_>>()
            })
            .collect()
    }
}

#[async_trait]
impl ReservationReader for MemoryDatabase {
    async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        Ok(self.in_tenant(scope.organization, |tenant| {
            let reservation = tenant.reservations.all.get(&id)?;
            let own = Some(reservation).filter(|it| it.owner == scope.acting)?;
            Some(tenant.named(own))
        }))
    }

    async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        now: Timestamp,
        request: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let found = self.in_tenant(scope.organization, |tenant| {
            let all = tenant.reservations.all.values();
            let own = all.filter(|reservation| reservation.owner == scope.acting);
            let wanted = own.filter(|reservation| {
                filter.is_empty() || {
                    let now = tenant.named(reservation).at(now);
                    filter.iter().all(|condition| condition.matches(&now))
                }
            });
            let page = page(wanted, &request, !filter.is_empty(), |it| it.id);
            Some(page.map(|reservation| tenant.named(&reservation)))
        });
        let none = || page([], &request, !filter.is_empty(), |it: &Reservation| it.id);
        Ok(found.unwrap_or_else(none))
    }

    async fn holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
        now: Timestamp,
        request: PageRequest<HoldPlace>,
    ) -> Result<Page<HoldLine, HoldPlace>, StoreError> {
        let holds = self.in_tenant(organization, |tenant| tenant.holds(stock, now));
        Ok(Page::of(holds, &request, HoldLine::place))
    }

    async fn due_stocks(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<BTreeSet<StockKey>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let due = tenant.reservations.due_at(now);
            let lines = due.flat_map(|reservation| &reservation.lines);
            let open = lines.filter(|line| !line.open().is_zero());
            open.map(|line| line.key).take(limit as usize).collect()
        }))
    }

    async fn due_reservations(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Owner, ReservationRef)>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let due = tenant.reservations.due_at(now).take(limit as usize);
            due.map(|reservation| (reservation.owner, reservation.reference()))
                .collect()
        }))
    }

    async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let reservations = &tenant.reservations;
            let mut figures = ReservationFigures::default();
            for status in ReservationStatus::ALL {
                figures.by_status.insert(status, 0);
            }
            for reservation in reservations.all.values() {
                let status = reservation.state.status();
                *figures.by_status.entry(status).or_default() += 1;
            }
            let pending = reservations.pending.iter().map(|(_, id)| id).min();
            let oldest = pending.and_then(|id| reservations.all.get(id));
            figures.oldest_pending = oldest.map(|reservation| reservation.created_at);
            figures
        }))
    }
}
