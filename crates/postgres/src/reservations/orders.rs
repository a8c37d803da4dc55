//! The orders of a batch, and the reservation that each had last.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Needs, OrderId, OrganizationId, Owner, Reservation, ReservationChange, ReservationId, State,
};
use uuid::Uuid;

use crate::connection::error::{Fault, expect_rows, failed};
use crate::connection::parameter::{owned, uuids};
use crate::connection::session::Session;

type Order = (Owner, OrderId);

/// The orders that a batch has loaded or reserved for.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// The last reservation of each order so far.
    last: BTreeMap<Order, ReservationId>,
    /// The orders that have got a reservation in the batch.
    made: BTreeSet<Order>,
    /// The reservations that were the last of these orders before.
    replaced: BTreeSet<ReservationId>,
}

impl Orders {
    /// Adds the loaded orders.
    pub(crate) fn add_loaded(&mut self, state: &State) {
        for (order, id) in &state.orders {
            self.last.insert(order.clone(), *id);
        }
    }

    /// Adds the orders of new reservations, and of those that live again. Of several new ones of one order, the
    /// last one counts: the others have ended already.
    pub(crate) fn add_made(&mut self, changes: &BTreeMap<ReservationId, ReservationChange>) {
        for (id, change) in changes {
            if let Some(order) = change.order_taken() {
                let order = (change.after.owner, order.clone());
                if self.last.get(&order) != Some(id) {
                    self.made.insert(order.clone());
                    self.replaced.extend(self.last.insert(order, *id));
                }
            }
        }
    }

    /// Adds to the state the orders that have got a reservation in the batch, which aren't stored yet.
    pub(crate) fn apply(&self, needs: &Needs, state: &mut State) {
        for order in self.made.intersection(&needs.orders) {
            if let Some(id) = self.last.get(order) {
                state.orders.insert(order.clone(), *id);
            }
        }
    }

    /// The reservations that were the last of an order which has got another one.
    pub(crate) const fn replaced(&self) -> &BTreeSet<ReservationId> {
        &self.replaced
    }

    pub(crate) fn is_made(&self, order: &Order) -> bool {
        self.made.contains(order)
    }

    /// Whether this is the last reservation of its order, or has no order.
    pub(crate) fn is_last(&self, reservation: &Reservation) -> bool {
        reservation.order.as_ref().is_none_or(|order| {
            let order = (reservation.owner, order.clone());
            self.last.get(&order) == Some(&reservation.id)
        })
    }

    /// The last reservation of each order.
    pub(crate) fn into_last(self) -> BTreeMap<Order, ReservationId> {
        self.last
    }

    /// Stores the last reservation of each order that has got one. A batch does this after all of its
    /// groups, because another server may be storing a reservation of the same order without locks.
    ///
    /// # Errors
    /// [`Fault::OrderTaken`] if another server has stored one since the orders were loaded.
    pub(crate) async fn store(
        &self,
        session: &mut Session,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        if self.made.is_empty() {
            return Ok(());
        }
        self.revise_replaced(session, organization).await?;
        let made = OrderColumns::new(organization, self);
        // `here` as for idempotency records.
        let result = sqlx::query!(
            r#"
            INSERT INTO reservation_orders AS stored (
                organization_id, owner_id, order_id, reservation_id
            )
            SELECT here.organization_id, made.*
            FROM (
                SELECT organization_id FROM organizations WHERE organization_id = $1 OFFSET 0
            ) AS here
            CROSS JOIN unnest($2::uuid[], $3::text[], $4::uuid[]) AS made
            ON CONFLICT (organization_id, owner_id, order_id)
                DO UPDATE SET reservation_id = excluded.reservation_id
                WHERE stored.reservation_id = ANY ($5::uuid[])
            "#,
            organization.uuid(),
            &made.owner_ids,
            &made.order_ids as &[&str],
            &made.reservation_ids,
            &made.replaced,
        )
        .execute(session)
        .await
        .map_err(failed)?;
        if u64::try_from(self.made.len()) == Ok(result.rows_affected()) {
            Ok(())
        } else {
            Err(Fault::OrderTaken.into())
        }
    }

    /// Gives the replaced reservations another revision. Servers that remember one of them as the
    /// last of its order notice it when they next decide on it.
    async fn revise_replaced(
        &self,
        session: &mut Session,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        if self.replaced.is_empty() {
            return Ok(());
        }
        let replaced = uuids(self.replaced.iter().copied());
        let result = sqlx::query!(
            r#"
            INSERT INTO reservations AS stored (
                organization_id, reservation_id, owner_id, order_id, status, expires_at, created_at,
                updated_at
            )
            SELECT
                $1::uuid, found.reservation_id, found.owner_id, found.order_id, found.status,
                found.expires_at, found.created_at, found.updated_at
            FROM unnest($2::uuid[]) AS replaced (reservation_id)
            CROSS JOIN LATERAL (
                SELECT * FROM reservations
                WHERE reservations.organization_id = $1
                    AND reservations.reservation_id = replaced.reservation_id
                OFFSET 0
            ) AS found
            ON CONFLICT (organization_id, reservation_id)
                DO UPDATE SET revision = stored.revision + 1
            "#,
            organization.uuid(),
            &replaced,
        )
        .execute(session)
        .await
        .map_err(failed)?;
        expect_rows("reservations", replaced.len(), &result)
    }
}

/// Orders that have got a reservation, by columns, in the order of their keys. All batches add them in
/// this order, so that they never wait in a circle.
#[derive(Default)]
pub(crate) struct OrderColumns<'a> {
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) order_ids: Vec<&'a str>,
    pub(crate) reservation_ids: Vec<Uuid>,
    /// The ids of the reservations that they had before.
    pub(crate) replaced: Vec<Uuid>,
}

impl<'a> OrderColumns<'a> {
    pub(crate) fn new(organization: OrganizationId, orders: &'a Orders) -> Self {
        let mut columns = Self {
            replaced: uuids(orders.replaced.iter().copied()),
            ..Self::default()
        };
        // Owners are sorted like this as well: the organization, and its stores by their ids.
        for (owner, order) in &orders.made {
            if let Some(id) = orders.last.get(&(*owner, order.clone())) {
                columns.owner_ids.push(owner.to_uuid(organization));
                columns.order_ids.push(order.as_str());
                columns.reservation_ids.push(id.uuid());
            }
        }
        columns
    }
}

/// Locks the last reservations of these orders, in the order of their ids. Until the transaction ends,
/// none of them is paid for, and so keeps its order.
pub(crate) async fn lock_last(
    session: &mut Session,
    organization: OrganizationId,
    orders: BTreeSet<Order>,
) -> Result<(), StoreError> {
    let pairs = orders.into_iter();
    let pairs = pairs.map(|(owner, order)| (owner, order.as_str().to_owned()));
    let (owner_ids, order_ids) = owned(organization, pairs);
    sqlx::query!(
        r#"
        SELECT locked.reservation_id
        FROM (
            SELECT orders.reservation_id
            FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, order_id)
            CROSS JOIN LATERAL (
                SELECT reservation_id FROM reservation_orders
                WHERE reservation_orders.organization_id = $1
                    AND reservation_orders.owner_id = wanted.owner_id
                    AND reservation_orders.order_id = wanted.order_id
                OFFSET 0
            ) AS orders
            ORDER BY orders.reservation_id
        ) AS last
        CROSS JOIN LATERAL (
            SELECT reservation_id FROM reservations
            WHERE reservations.organization_id = $1
                AND reservations.reservation_id = last.reservation_id
            FOR UPDATE
        ) AS locked
        "#,
        organization.uuid(),
        &owner_ids,
        &order_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(())
}
