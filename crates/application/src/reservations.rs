//! Reservations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use stockroom_domain::{
    Answered, CheckAvailability, ExpiresIn, ExtendReservation, FulfilReservation, ItemAvailability,
    OrderId, PayReservation, ProductId, Quantity, Refusal, ReleaseReservation, Reservation,
    ReservationId, ReservationItem, ReservationRef, ReservationStatus,
};

use crate::access::Administrator;
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::ports::{HoldLine, HoldPlace, ReservationCondition, StoreError};
use crate::stockroom::Stockroom;

/// What reservations hold of a stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPage {
    /// What each line holds, the oldest first.
    pub page: Page<HoldLine, HoldPlace>,
    /// How many pieces are allocated otherwise.
    pub allocated_unreserved: Quantity,
}

impl Stockroom {
    /// Whether there is enough of all of these items, without taking any of it: for each, in order,
    /// with all that the others name of the same position. What the order's own reservation holds
    /// counts as available.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn availability(
        &self,
        administrator: &Administrator,
        items: Vec<ReservationItem>,
        order: Option<OrderId>,
    ) -> Result<Vec<ItemAvailability>, StoreError> {
        if let Some(order) = order {
            // Stock and reservation have to be seen as they are at one time.
            let check = CheckAvailability { order, items };
            return self.pipeline.show(administrator.scope(), check).await;
        }
        let products: BTreeSet<ProductId> = items.iter().map(|item| item.product).collect();
        let products: Vec<ProductId> = products.into_iter().collect();
        let stocks = self
            .pipeline
            .stocks(administrator.scope(), &products)
            .await?;
        let stocks: HashMap<ProductId, _> = stocks.iter().map(|it| (it.product, it)).collect();
        Ok(ItemAvailability::of(&items, &stocks, None))
    }

    /// Notes that a reservation is paid for.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn pay_reservation(
        &self,
        administrator: &Administrator,
        id: ReservationId,
    ) -> Result<Reservation, Error> {
        let request = |reservation| PayReservation { reservation };
        self.transition(administrator, id, request).await
    }

    /// Gives back what a reservation holds, or these items of it.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn release_reservation(
        &self,
        administrator: &Administrator,
        id: ReservationId,
        items: Option<Vec<ReservationItem>>,
    ) -> Result<Reservation, Error> {
        let request = |reservation| ReleaseReservation { reservation, items };
        self.transition(administrator, id, request).await
    }

    /// Notes that what a reservation holds, or these items of it, have left the house.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn fulfil_reservation(
        &self,
        administrator: &Administrator,
        id: ReservationId,
        items: Option<Vec<ReservationItem>>,
    ) -> Result<Reservation, Error> {
        let request = |reservation| FulfilReservation { reservation, items };
        self.transition(administrator, id, request).await
    }

    /// Has a reservation expire so long after now.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn extend_reservation(
        &self,
        administrator: &Administrator,
        id: ReservationId,
        expires_in: ExpiresIn,
    ) -> Result<Reservation, Error> {
        let request = |reservation| ExtendReservation {
            reservation,
            expires_in,
        };
        self.transition(administrator, id, request).await
    }

    /// What has to be locked for a reservation is known only once it is read; none of that changes.
    async fn transition<R: Answered<Answer = Reservation>>(
        &self,
        administrator: &Administrator,
        id: ReservationId,
        request: impl FnOnce(ReservationRef) -> R,
    ) -> Result<Reservation, Error> {
        let reservation = self
            .pipeline
            .reservation_reference(administrator.scope(), id);
        let reservation = reservation.await?.ok_or(Refusal::ReservationNotFound)?;
        self.execute(administrator, request(reservation)).await
    }

    /// A reservation of the caller's, if there is such a one.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn reservation(
        &self,
        administrator: &Administrator,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        self.pipeline.reservation(administrator.scope(), id).await
    }

    /// All reservations of the caller's that fulfil the conditions, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_reservations(
        &self,
        administrator: &Administrator,
        filter: &[ReservationCondition],
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        let scope = administrator.scope();
        self.pipeline.list_reservations(scope, filter, page).await
    }

    /// What reservations of any owner hold of a product's stock; `None` if it isn't managed. Which
    /// orders they are for only their own owners are told.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn holds(
        &self,
        administrator: &Administrator,
        product: ProductId,
        page: PageRequest<HoldPlace>,
    ) -> Result<Option<HoldPage>, StoreError> {
        let scope = administrator.scope();
        // What runs out up to now is given back by the reading of the stock. What runs out later, and
        // may be being paid for, is still held.
        let now = self.now();
        let Some(stock) = self.pipeline.stock(scope, product).await? else {
            return Ok(None);
        };
        let page = self.pipeline.holds(scope.organization, stock.id, now, page);
        let mut page = page.await?;
        // Stores share stock, but not their orders.
        let others = page
            .items
            .iter_mut()
            .filter(|hold| hold.owner != scope.acting);
        others.for_each(|hold| hold.order = None);
        Ok(Some(HoldPage {
            page,
            allocated_unreserved: stock.allocated_unreserved(),
        }))
    }

    /// Stores of reservations that have expired that they have, in small steps. To be called now and
    /// then: it changes nothing of what anybody is told.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn expire_reservations(&self) -> Result<(), StoreError> {
        for organization in self.pipeline.records().organizations().await? {
            self.pipeline.expire_all(organization.id).await?;
        }
        Ok(())
    }

    /// Has the metrics say how many reservations have got how far, and for how long the oldest of
    /// those that aren't paid for has been pending.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn watch_reservations(&self) -> Result<(), StoreError> {
        let mut by_status: BTreeMap<ReservationStatus, u64> = BTreeMap::new();
        let mut oldest = None;
        for organization in self.pipeline.records().organizations().await? {
            let figures = self.pipeline.reservation_figures(organization.id).await?;
            for (status, count) in figures.by_status {
                *by_status.entry(status).or_default() += count;
            }
            oldest = figures.oldest_pending.into_iter().chain(oldest).min();
        }
        for (status, count) in by_status {
            #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
            metrics::gauge!("stockroom_reservations", "state" => status.as_str()).set(count as f64);
        }
        let now = self.now().as_milliseconds();
        let age = oldest.map_or(0, |it| now.saturating_sub(it.as_milliseconds()));
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        metrics::gauge!("stockroom_oldest_pending_reservation_seconds").set(age.as_secs_f64());
        Ok(())
    }
}
