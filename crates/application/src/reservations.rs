//! Use cases of reservations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use stockroom_domain::{
    Answered, CheckAvailability, EditReservation, ExpiresIn, ExtendReservation, FulfilReservation,
    ItemAvailability, MoveReservation, MovedItem, OrderId, PayReservation, ProductId, Refusal,
    ReleaseReservation, Reservation, ReservationId, ReservationItem, ReservationRef,
    ReservationStatus, ReturnReservation, ReturnedItem, Sourcing, Timestamp,
};

use crate::access::{Administrator, Writer};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::ports::{ReservationCondition, StoreError};
use crate::stockroom::Stockroom;

/// The items that a reservation is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationEdit {
    /// The items.
    pub items: Vec<ReservationItem>,
    /// The time after which it expires, counted from now, if it is to be another.
    pub expires_in: Option<ExpiresIn>,
    /// The version that the caller believes it to have, if it says so.
    pub expect_version: Option<u64>,
}

/// The number of edits of one reservation that a change of it may meet.
const EDITS_MAX: usize = 10;

impl Stockroom {
    /// Checks the availability of these items, in order, without reserving any: items of the same
    /// position are added up. Pieces that the order's own reservation holds count as available. With a
    /// sourcing, locations are chosen for items that name none, as for a reservation. With `by`, pieces that are
    /// expected until then are told, too.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn availability(
        &self,
        administrator: &Administrator,
        items: Vec<ReservationItem>,
        order: Option<OrderId>,
        sourcing: Option<Sourcing>,
        by: Option<Timestamp>,
    ) -> Result<Vec<ItemAvailability>, Error> {
        if order.is_some() || sourcing.is_some() {
            // Stock, locations and the reservation have to be read as of the same time.
            let check = CheckAvailability {
                order,
                items,
                sourcing,
                by,
            };
            return self.pipeline.ask(administrator.scope(), check).await;
        }
        let products: BTreeSet<ProductId> = items.iter().map(|item| item.product).collect();
        let products: Vec<ProductId> = products.into_iter().collect();
        let scope = administrator.scope();
        if let Some(by) = by {
            let planned = self.pipeline.planned_stocks(scope, &products).await?;
            let stocks = planned.iter().map(|it| (it.stock.product, &it.stock));
            let stocks: HashMap<ProductId, _> = stocks.collect();
            let expected = planned.iter();
            let expected = expected.map(|it| (it.stock.key(), it.expected.clone()));
            let expected = expected.collect();
            let now = self.now();
            return Ok(ItemAvailability::by(&items, &stocks, by, now, &expected));
        }
        let stocks = self.pipeline.stocks(scope, &products).await?;
        let stocks: HashMap<ProductId, _> = stocks.iter().map(|it| (it.product, it)).collect();
        Ok(ItemAvailability::of(&items, &stocks))
    }

    /// Records that a reservation is paid for.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn pay_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
    ) -> Result<Reservation, Error> {
        let request = |reservation| PayReservation { reservation };
        self.transition(writer, id, request).await
    }

    /// Releases all that a reservation holds, or these items of it.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn release_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        items: Option<Vec<ReservationItem>>,
    ) -> Result<Reservation, Error> {
        let request = |reservation| ReleaseReservation {
            reservation,
            items: items.clone(),
        };
        self.transition(writer, id, request).await
    }

    /// Records that all that a reservation holds, or these items of it, were shipped.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn fulfil_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        items: Option<Vec<ReservationItem>>,
    ) -> Result<Reservation, Error> {
        let request = |reservation| FulfilReservation {
            reservation,
            items: items.clone(),
        };
        self.transition(writer, id, request).await
    }

    /// Sets the time of expiry of a reservation anew, counted from now.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn extend_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        expires_in: ExpiresIn,
    ) -> Result<Reservation, Error> {
        let request = |reservation| ExtendReservation {
            reservation,
            expires_in,
        };
        self.transition(writer, id, request).await
    }

    /// Moves open pieces of a reservation to other places: all of these or none.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn move_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        items: Vec<MovedItem>,
    ) -> Result<Reservation, Error> {
        let request = |reservation| MoveReservation {
            reservation,
            items: items.clone(),
        };
        self.transition(writer, id, request).await
    }

    /// Gives a reservation other items: all of these or none.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn edit_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        edit: ReservationEdit,
    ) -> Result<Reservation, Error> {
        let request = |reservation| EditReservation {
            reservation,
            items: edit.items.clone(),
            expires_in: edit.expires_in,
            expect_version: edit.expect_version,
        };
        self.transition(writer, id, request).await
    }

    /// Brings shipped pieces back into the stock, and reserves them again if `reserve`: all of these or none.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn return_reservation(
        &self,
        writer: &Writer,
        id: ReservationId,
        items: Vec<ReturnedItem>,
        reserve: bool,
    ) -> Result<Reservation, Error> {
        let request = |reservation| ReturnReservation {
            reservation,
            items: items.clone(),
            reserve,
        };
        self.transition(writer, id, request).await
    }

    /// Carries out a change of a reservation. The reservation is read first, since it names the rows to
    /// be locked. If it has got other stock by the time that these are locked, it is read again.
    async fn transition<R: Answered<Answer = Reservation>>(
        &self,
        writer: &Writer,
        id: ReservationId,
        request: impl Fn(ReservationRef) -> R,
    ) -> Result<Reservation, Error> {
        let mut edits = 0;
        loop {
            let reservation = self.pipeline.reservation_reference(writer.scope(), id);
            let reservation = reservation.await?.ok_or(Refusal::ReservationNotFound)?;
            match self.execute(writer, request(reservation)).await {
                Err(Error::Refused(Refusal::ReservationEdited)) if edits < EDITS_MAX => edits += 1,
                done => return done,
            }
        }
    }

    /// One reservation of the caller's, if it exists.
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

    /// Stores expired reservations as expired, in small steps. To be called regularly. Answers to
    /// clients are the same with or without it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn expire_reservations(&self) -> Result<(), StoreError> {
        for organization in self.pipeline.records().organizations().await? {
            self.pipeline.expire_all(organization.id).await?;
        }
        Ok(())
    }

    /// Updates the metrics: the number of reservations in each state, and the age of the oldest pending
    /// one.
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
