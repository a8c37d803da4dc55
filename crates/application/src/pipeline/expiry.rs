//! Expired reservations: they are stored as expired before they are returned.

use std::collections::BTreeSet;
use std::time::Duration;

use stockroom_domain::{
    Actor, Answer, Command, ExpireReservation, OrganizationId, Owner, Reservation, ReservationId,
    ReservationRef, StockId, Timestamp,
};

use super::database_calls::timed;
use super::gateway::Pipeline;
use crate::page::{Page, PageRequest};
use crate::ports::{
    HoldLine, HoldPlace, ReservationCondition, ReservationFigures, Scope, StoreError,
};

/// The number of expired reservations that are read at once, the number that are stored as expired in
/// one transaction, and the pause between two transactions, so that changes don't wait for long.
const EXPIRED_MAX: u32 = 1_000;
const EXPIRED_AT_ONCE: usize = 100;
const EXPIRING_PAUSE: Duration = Duration::from_millis(20);

impl Pipeline {
    /// The name of a reservation: its id, its order and its stocks. These stay the same when the reservation
    /// expires, but not when it is edited.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub(crate) async fn reservation_reference(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<ReservationRef>, StoreError> {
        let reservation = self.database.reservation(scope, id);
        let reservation = timed("reservation", reservation).await?;
        Ok(reservation.map(|it| it.reference()))
    }

    /// The reservation with this id, if `scope` sees it.
    pub(crate) async fn reservation(
        &self,
        scope: Scope,
        id: ReservationId,
    ) -> Result<Option<Reservation>, StoreError> {
        let read = || timed("reservation", self.database.reservation(scope, id));
        let reservation = read().await?;
        let now = self.environment.now();
        let due = reservation.as_ref().filter(|it| it.is_due(now));
        let Some(due) = due else {
            return Ok(reservation);
        };
        // It may be being paid for at this moment: that is known once it is locked.
        self.expire(scope.organization, vec![expiry(due)]).await?;
        read().await
    }

    /// All reservations of `scope` that fulfil the conditions, oldest first.
    pub(crate) async fn list_reservations(
        &self,
        scope: Scope,
        filter: &[ReservationCondition],
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StoreError> {
        loop {
            let now = self.environment.now();
            let listed = self.database.list_reservations(scope, filter, now, page);
            let listed = timed("list_reservations", listed).await?;
            // These may be being paid for, too.
            let now = self.environment.now();
            let due = listed.items.iter().filter(|it| it.is_due(now));
            let due: Vec<Command> = due.map(expiry).collect();
            if due.is_empty() {
                return Ok(listed);
            }
            self.expire(scope.organization, due).await?;
        }
    }

    /// The lines of reservations that hold a stock at `now`.
    pub(crate) async fn holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
        now: Timestamp,
        page: PageRequest<HoldPlace>,
    ) -> Result<Page<HoldLine, HoldPlace>, StoreError> {
        let holds = self.database.holds(organization, stock, now, page);
        timed("holds", holds).await
    }

    /// The figures of an organization's reservations, for metrics.
    pub(crate) async fn reservation_figures(
        &self,
        organization: OrganizationId,
    ) -> Result<ReservationFigures, StoreError> {
        let figures = self.database.reservation_figures(organization);
        timed("reservation_figures", figures).await
    }

    /// Stores an organization's expired reservations as expired, in small steps.
    pub(crate) async fn expire_all(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let mut expired = BTreeSet::new();
        loop {
            let due =
                self.database
                    .due_reservations(organization, self.environment.now(), EXPIRED_MAX);
            let due = timed("due_reservations", due).await?;
            let ids: BTreeSet<_> = due.iter().map(|(_, reservation)| reservation.id).collect();
            if !ids.is_disjoint(&expired) {
                return Err(StoreError::Failed("expired reservations stay due".into()));
            }
            expired = ids;
            let is_last = due.len() < EXPIRED_MAX as usize;
            let commands: Vec<Command> = due.into_iter().map(expiry_of).collect();
            for commands in commands.chunks(EXPIRED_AT_ONCE) {
                self.expire(organization, commands.to_vec()).await?;
                tokio::time::sleep(EXPIRING_PAUSE).await;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Stores those of these reservations that have expired as expired.
    async fn expire(
        &self,
        organization: OrganizationId,
        commands: Vec<Command>,
    ) -> Result<(), StoreError> {
        let outcomes = self.committer.commit("expire", organization, &commands);
        let outcomes = outcomes.await?;
        let expired = outcomes
            .iter()
            .filter(|it| **it == Ok(Answer::Expired(true)));
        metrics::counter!("stockroom_reservations_expired_total").increment(expired.count() as u64);
        Ok(())
    }
}

fn expiry(reservation: &Reservation) -> Command {
    expiry_of((reservation.owner, reservation.reference()))
}

fn expiry_of((owner, reservation): (Owner, ReservationRef)) -> Command {
    let nobody = Actor {
        acting: owner,
        ..Actor::OPERATOR
    };
    Command::new(nobody, ExpireReservation { reservation })
}
