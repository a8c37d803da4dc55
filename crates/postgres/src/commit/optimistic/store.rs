//! Stores what was decided optimistically, by the form of the statement that has all parts needed.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Timestamp};
use stockroom_sql::{Growth, InboxRow};
use uuid::Uuid;

use super::load::Seen;
use super::writes::{UpdatedStocks, Writes};
use crate::columns::EntryColumns;
use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;
use crate::counts::GrowthColumns;
use crate::idempotency::store::IdempotencyColumns;
use crate::ledger::batches::BatchColumns;
use crate::reservations::columns::{LineColumns, ReservationColumns};
use crate::reservations::orders::OrderColumns;

/// The columns that most batches consist of.
struct Columns<'a> {
    organization_id: Uuid,
    stocks: UpdatedStocks,
    entries: EntryColumns<'a>,
    inbox: InboxRow,
}

/// The columns of reservations.
struct Reserved<'a> {
    made: ReservationColumns<'a>,
    moved: ReservationColumns<'a>,
    made_lines: LineColumns,
    moved_lines: LineColumns,
    orders: OrderColumns<'a>,
    growth: GrowthColumns,
}

/// The other columns.
struct Rest<'a> {
    kept: IdempotencyColumns<'a>,
    now: i64,
    batches: BatchColumns,
    seen: SeenColumns<'a>,
}

/// Stores changes in one statement, or fails if anything that was read or changed is no longer as it
/// was.
#[expect(clippy::too_many_lines, reason = "most of it are names of parameters")]
pub(super) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    writes: &Writes<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let columns = Columns {
        organization_id: organization.uuid(),
        stocks: writes.updated_stocks(organization),
        entries: EntryColumns::new(writes.entries),
        inbox: InboxRow::of(writes.entries, writes.events)?,
    };
    let has_reservations = !writes.reservations.is_empty();
    if !has_reservations && writes.is_plain() {
        let result = statement!(columns, [""], [""],).execute(session).await;
        return expect_rows("entries", writes.entries.len(), &result.map_err(failed)?);
    }
    let mut growth = Growth::default();
    growth.add_reservations(organization, writes.reservations);
    let changes = |exist: bool| {
        let changes = writes.reservations.values();
        changes.filter(move |change| change.before.is_some() == exist)
    };
    let reserved = Reserved {
        made: ReservationColumns::new(organization, changes(false), writes.revisions),
        moved: ReservationColumns::new(organization, changes(true), writes.revisions),
        made_lines: LineColumns::new(organization, changes(false)),
        moved_lines: LineColumns::new(organization, changes(true)),
        orders: OrderColumns::new(organization, &writes.orders),
        growth: GrowthColumns::new(&growth),
    };
    let rest = Rest {
        kept: IdempotencyColumns::new(organization, writes.idempotency_records)?,
        now: now.as_milliseconds(),
        batches: BatchColumns::new(organization, writes.batches),
        seen: SeenColumns::new(organization, &writes.seen),
    };
    let result = match (has_reservations, writes.is_plain()) {
        (true, true) => {
            let statement = with_reservations!(
                (columns, reserved),
                [", kept_all AS (
                    SELECT (SELECT count(*) FROM orders) = cardinality($67) AS is_complete
                )"],
                [""],
            );
            statement.execute(session).await
        }
        (true, false) => {
            let statement = with_rest!(
                with_reservations,
                (columns, reserved),
                rest,
                ", parameters AS (
                    SELECT
                        $74::uuid[] AS kept_owner_ids, $75::text[] AS kept_keys,
                        $76::bytea[] AS kept_digests, $77::text[] AS kept_outcomes,
                        $78::bigint[] AS kept_expires_at, $79::bigint AS now,
                        $80::uuid[] AS batch_ids, $81::uuid[] AS batch_owner_ids,
                        $82::bytea[] AS batch_entries, $83::uuid[] AS seen_product_ids,
                        $84::uuid[] AS seen_owner_ids,
                        $85::bigint[] AS seen_revisions, $86::uuid[] AS seen_reservation_ids,
                        $87::bigint[] AS seen_reservation_revisions,
                        $88::uuid[] AS free_owner_ids, $89::text[] AS free_order_ids,
                        $90::uuid[] AS free_key_owner_ids, $91::text[] AS free_keys
                )",
                "(SELECT count(*) FROM orders) = cardinality($67)"
            );
            statement.execute(session).await
        }
        (false, _) => {
            let statement = with_rest!(
                statement,
                columns,
                rest,
                ", parameters AS (
                    SELECT
                        $35::uuid[] AS kept_owner_ids, $36::text[] AS kept_keys,
                        $37::bytea[] AS kept_digests, $38::text[] AS kept_outcomes,
                        $39::bigint[] AS kept_expires_at, $40::bigint AS now,
                        $41::uuid[] AS batch_ids, $42::uuid[] AS batch_owner_ids,
                        $43::bytea[] AS batch_entries, $44::uuid[] AS seen_product_ids,
                        $45::uuid[] AS seen_owner_ids,
                        $46::bigint[] AS seen_revisions, $47::uuid[] AS seen_reservation_ids,
                        $48::bigint[] AS seen_reservation_revisions,
                        $49::uuid[] AS free_owner_ids, $50::text[] AS free_order_ids,
                        $51::uuid[] AS free_key_owner_ids, $52::text[] AS free_keys
                )",
                "(SELECT count(*) FROM changed) = cardinality($2)"
            );
            statement.execute(session).await
        }
    };
    expect_rows("entries", writes.entries.len(), &result.map_err(failed)?)
}

/// What was only read, by columns.
#[derive(Default)]
struct SeenColumns<'a> {
    product_ids: Vec<Uuid>,
    owner_ids: Vec<Uuid>,
    revisions: Vec<Option<i64>>,
    reservation_ids: Vec<Uuid>,
    reservation_revisions: Vec<i64>,
    free_owner_ids: Vec<Uuid>,
    free_order_ids: Vec<&'a str>,
    free_key_owner_ids: Vec<Uuid>,
    free_keys: Vec<&'a str>,
}

impl<'a> SeenColumns<'a> {
    fn new(organization: OrganizationId, seen: &'a Seen) -> Self {
        let mut columns = Self::default();
        for (key, revision) in &seen.stocks {
            columns.product_ids.push(key.product.uuid());
            columns.owner_ids.push(key.owner.to_uuid(organization));
            columns.revisions.push(*revision);
        }
        for (id, revision) in &seen.reservations {
            columns.reservation_ids.push(id.uuid());
            columns.reservation_revisions.push(*revision);
        }
        for (owner, order) in &seen.free_orders {
            columns.free_owner_ids.push(owner.to_uuid(organization));
            columns.free_order_ids.push(order.as_str());
        }
        for (owner, key) in &seen.free_keys {
            columns.free_key_owner_ids.push(owner.to_uuid(organization));
            columns.free_keys.push(key.as_str());
        }
        columns
    }
}
