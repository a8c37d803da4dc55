//! Reservations by columns, as statements take them.

use stockroom_domain::{
    OrderId, OrganizationId, Reservation, ReservationChange, ReservedLine, Timestamp,
};
use uuid::Uuid;

use crate::connection::parameter::integer;
use crate::revision::Revisions;

/// New and changed reservations by columns, in the order of their ids.
#[derive(Default)]
pub(crate) struct ReservationColumns<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) order_ids: Vec<Option<&'a str>>,
    pub(crate) statuses: Vec<&'static str>,
    pub(crate) expires_at: Vec<Option<i64>>,
    pub(crate) created_at: Vec<i64>,
    pub(crate) updated_at: Vec<i64>,
    pub(crate) revisions_before: Vec<i64>,
    pub(crate) revisions: Vec<i64>,
}

impl<'a> ReservationColumns<'a> {
    pub(crate) fn new(
        organization: OrganizationId,
        changes: impl Iterator<Item = &'a ReservationChange>,
        revisions: &Revisions,
    ) -> Self {
        let mut columns = Self::default();
        for ReservationChange { after, .. } in changes {
            columns.ids.push(after.id.uuid());
            columns.owner_ids.push(after.owner.to_uuid(organization));
            let order = after.order.as_ref();
            columns.order_ids.push(order.map(OrderId::as_str));
            columns.statuses.push(after.state.as_str());
            columns.expires_at.push(expiry(after));
            columns.created_at.push(after.created_at.as_milliseconds());
            columns.updated_at.push(after.updated_at.as_milliseconds());
            let before = revisions.of_reservation(after.id);
            columns.revisions_before.push(before);
            columns.revisions.push(revisions.after_reservation(after));
        }
        columns
    }
}

/// New and changed lines of reservations by columns.
#[derive(Default)]
pub(crate) struct LineColumns {
    pub(crate) reservation_ids: Vec<Uuid>,
    pub(crate) places: Vec<i64>,
    pub(crate) stock_ids: Vec<Uuid>,
    pub(crate) product_ids: Vec<Uuid>,
    pub(crate) stock_owner_ids: Vec<Uuid>,
    pub(crate) location_ids: Vec<Option<Uuid>>,
    pub(crate) quantities: Vec<i64>,
    pub(crate) fulfilled: Vec<i64>,
    pub(crate) released: Vec<i64>,
    pub(crate) expires_at: Vec<Option<i64>>,
}

impl LineColumns {
    pub(crate) fn new<'a>(
        organization: OrganizationId,
        changes: impl Iterator<Item = &'a ReservationChange>,
    ) -> Self {
        let mut columns = Self::default();
        for change in changes {
            let after = &change.after;
            if change.before.is_some() {
                for (place, line) in change.changed_lines() {
                    columns.push(organization, after, place, line);
                }
            } else {
                // A reservation that was made and changed in one commit may be in any state already.
                for (place, line) in after.lines.iter().enumerate() {
                    columns.push(organization, after, place, line);
                }
            }
        }
        columns
    }

    fn push(
        &mut self,
        organization: OrganizationId,
        reservation: &Reservation,
        place: usize,
        line: &ReservedLine,
    ) {
        self.reservation_ids.push(reservation.id.uuid());
        self.places.push(line_number(place));
        self.stock_ids.push(line.stock.uuid());
        self.product_ids.push(line.key.product.uuid());
        self.stock_owner_ids
            .push(line.key.owner.to_uuid(organization));
        let location = line.location.as_ref();
        self.location_ids.push(location.map(|(id, _)| id.uuid()));
        self.quantities.push(line.quantity.into());
        self.fulfilled.push(line.fulfilled.into());
        self.released.push(line.released.into());
        let expires_at = expiry(reservation).filter(|_| !line.open().is_zero());
        self.expires_at.push(expires_at);
    }
}

/// The stored form of a line's place.
pub(crate) fn line_number(place: usize) -> i64 {
    integer(u64::try_from(place).unwrap_or(u64::MAX))
}

fn expiry(reservation: &Reservation) -> Option<i64> {
    let expires_at = reservation.state.expires_at();
    expires_at.map(Timestamp::as_milliseconds)
}
