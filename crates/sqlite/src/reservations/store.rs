//! Loads the reservations that commands need, and stores changes to reservations.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LapsedLine, LapsedLines, Needs, OrganizationId, Reservation, ReservationChange, ReservationId,
    State, StockId, Timestamp,
};
use stockroom_sql::{Growth, LapsedRow, LineRow, ReservationRow, Row, place};
use uuid::Uuid;

use super::rows;
use crate::connection::statement::{insert, of_organization, statements};
use crate::counts;

statements! {
    OF_ORDER = "
        SELECT reservation_id FROM reservation_orders
        WHERE organization_id = ?1 AND owner_id = ?2 AND order_id = ?3
    ";

    LAPSED = "
        SELECT reservation_id, line, location_id, quantity - fulfilled - released, expires_at
        FROM reservation_lines INDEXED BY reservation_lines_of_stock_in_time
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND expires_at IS NOT NULL
            AND expires_at <= ?3
    ";

    NEXT_EXPIRY = "
        SELECT expires_at
        FROM reservation_lines INDEXED BY reservation_lines_of_stock_in_time
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND expires_at IS NOT NULL
            AND expires_at > ?3
        ORDER BY expires_at
        LIMIT 1
    ";

    SETTLE = "
        UPDATE reservation_lines
        SET released = quantity - fulfilled, expires_at = NULL
        WHERE organization_id = ?1
            AND reservation_id = ?2
            AND line = ?3
            AND quantity - fulfilled - released = ?4
    ";

    INSERT = insert("reservations", ReservationRow::COLUMNS);

    STORE_ORDER = "
        INSERT INTO reservation_orders (organization_id, owner_id, order_id, reservation_id)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (organization_id, owner_id, order_id)
            DO UPDATE SET reservation_id = excluded.reservation_id
    ";

    INSERT_LINE = insert("reservation_lines", LineRow::COLUMNS);

    UPDATE = "
        UPDATE reservations
        SET status = ?4, expires_at = ?5, updated_at = ?6, version = ?7, sent = ?8
        WHERE organization_id = ?1 AND reservation_id = ?2 AND status = ?3
    ";

    UPDATE_LINE = "
        UPDATE reservation_lines SET fulfilled = ?4, released = ?5, expires_at = ?6
        WHERE organization_id = ?1 AND reservation_id = ?2 AND line = ?3
    ";

    DELETE_LINES = "
        DELETE FROM reservation_lines
        WHERE organization_id = ?1 AND reservation_id = ?2 AND line >= ?3
    ";
}

/// Loads the reservations that `needs` names, and the lapsed holds on the stock in `state` that is due.
pub(crate) fn load(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
    now: Timestamp,
    state: &mut State,
) -> Result<(), StoreError> {
    for (owner, order) in &needs.orders {
        let key = params![
            organization.uuid(),
            owner.to_uuid(organization),
            order.as_str()
        ];
        let found: Option<(Uuid,)> = OF_ORDER.row(connection, key)?;
        if let Some((id,)) = found {
            let order = (*owner, order.clone());
            state.orders.insert(order, ReservationId::new(id));
        }
    }
    let ids: Vec<ReservationId> = needs
        .reservations
        .iter()
        .chain(state.orders.values())
        .copied()
        .collect();
    for reservation in rows::reservations(connection, organization, ids)? {
        state.reservations.insert(reservation.id, reservation);
    }
    let due = state.stocks.values();
    let due = due.filter_map(|stock| Some((stock.key(), stock.id, stock.due(now)?)));
    for (key, stock, until) in due.collect::<Vec<_>>() {
        let lapsed = lapsed(connection, organization, stock, until)?;
        state.due.insert(key, lapsed);
    }
    Ok(())
}

fn lapsed(
    connection: &Connection,
    organization: OrganizationId,
    stock: StockId,
    until: Timestamp,
) -> Result<LapsedLines, StoreError> {
    let key = params![organization.uuid(), stock.uuid(), until.as_milliseconds()];
    let holds: Vec<LapsedRow> = LAPSED.rows(connection, key)?;
    let next: Option<(i64,)> = NEXT_EXPIRY.row(connection, key)?;
    let row = Row::new("reservation_lines", stock.uuid());
    Ok(LapsedLines {
        holds: holds
            .into_iter()
            .map(LapsedRow::decode)
            .collect::<Result<_, _>>()?,
        next: row.optional_timestamp("expires_at", next.map(|(next,)| next))?,
    })
}

/// Stores that the quantities of lapsed lines are released.
pub(crate) fn settle(
    connection: &Connection,
    organization: OrganizationId,
    holds: &[LapsedLine],
) -> Result<(), StoreError> {
    for hold in holds {
        let line = params![
            organization.uuid(),
            hold.reservation.uuid(),
            place(hold.line),
            i64::from(hold.quantity),
        ];
        SETTLE.change(connection, "reservation_lines", line)?;
    }
    Ok(())
}

/// Stores new and changed reservations.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    changes: &BTreeMap<ReservationId, ReservationChange>,
) -> Result<(), StoreError> {
    for change in changes.values() {
        match &change.before {
            None => insert_new(connection, organization, change)?,
            Some(before) => update(connection, organization, before, change)?,
        }
    }
    let mut growth = Growth::default();
    growth.add_reservations(organization, changes);
    counts::store(connection, organization, &growth)
}

fn insert_new(
    connection: &Connection,
    organization: OrganizationId,
    change: &ReservationChange,
) -> Result<(), StoreError> {
    let row = ReservationRow::of(&change.after, organization);
    let values = of_organization(organization, row.values());
    INSERT.change(connection, "reservations", values)?;
    store_order(connection, organization, change)?;
    for line in LineRow::of_change(change, organization) {
        let values = of_organization(organization, line.values());
        INSERT_LINE.change(connection, "reservation_lines", values)?;
    }
    Ok(())
}

/// Stores that the reservation is the last of its order, if it is from now on.
fn store_order(
    connection: &Connection,
    organization: OrganizationId,
    change: &ReservationChange,
) -> Result<(), StoreError> {
    let Some(order) = change.order_taken() else {
        return Ok(());
    };
    let order = params![
        organization.uuid(),
        change.after.owner.to_uuid(organization),
        order.as_str(),
        change.after.id.uuid(),
    ];
    STORE_ORDER.change(connection, "reservation_orders", order)
}

fn update(
    connection: &Connection,
    organization: OrganizationId,
    before: &Reservation,
    change: &ReservationChange,
) -> Result<(), StoreError> {
    let row = ReservationRow::of(&change.after, organization);
    let changed = params![
        organization.uuid(),
        row.reservation_id,
        before.state.as_str(),
        row.status,
        row.expires_at,
        row.updated_at,
        row.version,
        row.sent,
    ];
    UPDATE.change(connection, "reservations", changed)?;
    store_order(connection, organization, change)?;
    if change.is_rearranged() {
        return replace_lines(connection, organization, change);
    }
    for line in LineRow::of_change(change, organization) {
        let changed = params![
            organization.uuid(),
            line.reservation_id,
            line.line,
            line.fulfilled,
            line.released,
            line.expires_at,
        ];
        UPDATE_LINE.change(connection, "reservation_lines", changed)?;
    }
    Ok(())
}

fn replace_lines(
    connection: &Connection,
    organization: OrganizationId,
    change: &ReservationChange,
) -> Result<(), StoreError> {
    let all = params![organization.uuid(), change.after.id.uuid(), 0];
    DELETE_LINES.execute(connection, all)?;
    for line in LineRow::of_all(&change.after, organization) {
        let values = of_organization(organization, line.values());
        INSERT_LINE.change(connection, "reservation_lines", values)?;
    }
    Ok(())
}
