//! Reservations by columns, as statements take them.

use stockroom_domain::{OrderId, OrganizationId, Reason, ReservationChange, Timestamp};
use stockroom_sql::{LineRow, encode_sent, integer};
use uuid::Uuid;

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
    pub(crate) versions: Vec<i64>,
    pub(crate) actor_key_ids: Vec<Option<Uuid>>,
    pub(crate) actor_names: Vec<Option<&'a str>>,
    pub(crate) hold_reasons: Vec<Option<&'a str>>,
    pub(crate) sent: Vec<Option<String>>,
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
            let expires_at = after.state.expires_at();
            columns
                .expires_at
                .push(expires_at.map(Timestamp::as_milliseconds));
            columns.created_at.push(after.created_at.as_milliseconds());
            columns.updated_at.push(after.updated_at.as_milliseconds());
            let before = revisions.of_reservation(after.id);
            columns.revisions_before.push(before);
            columns.revisions.push(revisions.after_reservation(after));
            columns.versions.push(integer(after.version));
            let actor = after.actor.as_ref();
            columns.actor_key_ids.push(actor.map(|it| it.key.uuid()));
            let name = actor.and_then(|it| it.name.as_deref());
            columns.actor_names.push(name);
            let reason = after.hold_reason.as_ref();
            columns.hold_reasons.push(reason.map(Reason::as_str));
            columns.sent.push(encode_sent(after));
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
    pub(crate) returned: Vec<i64>,
    pub(crate) expires_at: Vec<Option<i64>>,
}

impl LineColumns {
    pub(crate) fn new<'a>(
        organization: OrganizationId,
        changes: impl Iterator<Item = &'a ReservationChange>,
    ) -> Self {
        let mut columns = Self::default();
        let rows = changes.flat_map(|change| LineRow::of_change(change, organization));
        for row in rows {
            columns.reservation_ids.push(row.reservation_id);
            columns.places.push(row.line);
            columns.stock_ids.push(row.stock_id);
            columns.product_ids.push(row.product_id);
            columns.stock_owner_ids.push(row.stock_owner_id);
            columns.location_ids.push(row.location_id);
            columns.quantities.push(row.quantity);
            columns.fulfilled.push(row.fulfilled);
            columns.released.push(row.released);
            columns.returned.push(row.returned);
            columns.expires_at.push(row.expires_at);
        }
        columns
    }
}
