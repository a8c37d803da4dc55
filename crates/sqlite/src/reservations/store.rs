//! Loads the reservations that commands need, and stores changes to reservations.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LapsedLine, LapsedLines, LocationId, Needs, OrderId, OrganizationId, Reservation,
    ReservationChange, ReservationId, State, Stock, Timestamp,
};
use uuid::Uuid;

use super::rows;
use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, integer, json};
use crate::counts::{Growth, Kind};
use crate::row::Row;

/// Loads the reservations that `needs` names, and the lapsed holds on the stock in `state` that is due.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    now: Timestamp,
    state: &mut State,
) -> Result<(), StoreError> {
    for (owner, order) in &needs.orders {
        let owner_id = owner.to_uuid(organization);
        if let Some(id) = of_order(connection, organization, owner_id, order).await? {
            state.orders.insert((*owner, order.clone()), id);
        }
    }
    let ids = needs.reservations.iter().chain(state.orders.values());
    let ids: Vec<ReservationId> = ids.copied().collect();
    if !ids.is_empty() {
        let found = rows::reservations(connection, organization, ids).await?;
        let found = found.into_iter().map(|it| (it.id, it));
        state.reservations.extend(found);
    }
    let due = state.stocks.iter();
    let due = due.filter_map(|(key, stock)| Some((*key, stock.clone(), stock.due(now)?)));
    for (key, stock, until) in due.collect::<Vec<_>>() {
        let due = due_holds(connection, organization, &stock, until).await?;
        state.due.insert(key, due);
    }
    Ok(())
}

async fn of_order(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    owner_id: Uuid,
    order: &OrderId,
) -> Result<Option<ReservationId>, StoreError> {
    let organization_id = organization.uuid();
    let order_id = order.as_str();
    let id = sqlx::query_scalar!(
        r#"
        SELECT reservation_id AS "reservation_id!: Uuid"
        FROM reservation_orders
        WHERE organization_id = ?1 AND owner_id = ?2 AND order_id = ?3
        "#,
        organization_id,
        owner_id,
        order_id,
    )
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    Ok(id.map(ReservationId::new))
}

async fn due_holds(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stock: &Stock,
    until: Timestamp,
) -> Result<LapsedLines, StoreError> {
    let organization_id = organization.uuid();
    let stock_id = stock.id.uuid();
    let until = until.as_milliseconds();
    let found = sqlx::query!(
        r#"
        SELECT
            reservation_id AS "reservation_id!: Uuid",
            line AS "line!",
            location_id AS "location_id?: Uuid",
            quantity - fulfilled - released AS "open!: i64",
            expires_at AS "expires_at!"
        FROM reservation_lines INDEXED BY reservation_lines_of_stock_in_time
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND expires_at IS NOT NULL
            AND expires_at <= ?3
        "#,
        organization_id,
        stock_id,
        until,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let row = Row::new("reservation_lines", stock_id);
    let mut due = LapsedLines::default();
    for hold in found {
        due.holds.push(LapsedLine {
            reservation: ReservationId::new(hold.reservation_id),
            line: row.valid("line", usize::try_from(hold.line))?,
            location: hold.location_id.map(LocationId::new),
            quantity: row.quantity("quantity", hold.open)?,
            expires_at: row.timestamp("expires_at", hold.expires_at)?,
        });
    }
    let next = sqlx::query_scalar!(
        r#"
        SELECT expires_at AS "expires_at!"
        FROM reservation_lines INDEXED BY reservation_lines_of_stock_in_time
        WHERE organization_id = ?1
            AND stock_id = ?2
            AND expires_at IS NOT NULL
            AND expires_at > ?3
        ORDER BY expires_at
        LIMIT 1
        "#,
        organization_id,
        stock_id,
        until,
    )
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    let next = next.map(|next| row.timestamp("expires_at", next));
    due.next = next.transpose()?;
    Ok(due)
}

/// Stores that the quantities of lapsed lines are released.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    holds: &[LapsedLine],
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    for hold in holds {
        let reservation_id = hold.reservation.uuid();
        let line = place(hold.line);
        let open = i64::from(hold.quantity);
        let result = sqlx::query!(
            r#"
            UPDATE reservation_lines
            SET released = quantity - fulfilled, expires_at = NULL
            WHERE organization_id = ?1
                AND reservation_id = ?2
                AND line = ?3
                AND quantity - fulfilled - released = ?4
            "#,
            organization_id,
            reservation_id,
            line,
            open,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        expect_rows("reservation_lines", 1, &result)?;
    }
    Ok(())
}

/// Stores new and changed reservations.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    changes: &BTreeMap<ReservationId, ReservationChange>,
) -> Result<(), StoreError> {
    let mut growth = Growth::default();
    for change in changes.values() {
        let after = &change.after;
        let owner_id = after.owner.to_uuid(organization);
        growth.add(owner_id, Kind::Reservation(after.state.status()), 1);
        if let Some(before) = &change.before {
            growth.add(owner_id, Kind::Reservation(before.state.status()), -1);
            update(connection, organization, before, change).await?;
        } else {
            insert(connection, organization, after).await?;
        }
    }
    growth.store(connection, organization).await
}

async fn insert(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    reservation: &Reservation,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let reservation_id = reservation.id.uuid();
    let owner_id = reservation.owner.to_uuid(organization);
    let order_id = reservation.order.as_ref().map(OrderId::as_str);
    let status = reservation.state.as_str();
    let expires_at = reservation.state.expires_at();
    let expires_at = expires_at.map(Timestamp::as_milliseconds);
    let created_at = reservation.created_at.as_milliseconds();
    let updated_at = reservation.updated_at.as_milliseconds();
    sqlx::query!(
        r#"
        INSERT INTO reservations (
            organization_id, reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        "#,
        organization_id,
        reservation_id,
        owner_id,
        order_id,
        status,
        expires_at,
        created_at,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if let Some(order) = &reservation.order {
        note_order(connection, organization, reservation, order).await?;
    }
    insert_lines(connection, organization, reservation).await
}

/// Stores the current reservation of an order.
async fn note_order(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    reservation: &Reservation,
    order: &OrderId,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let owner_id = reservation.owner.to_uuid(organization);
    let order_id = order.as_str();
    let reservation_id = reservation.id.uuid();
    sqlx::query!(
        r#"
        INSERT INTO reservation_orders (organization_id, owner_id, order_id, reservation_id)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (organization_id, owner_id, order_id)
            DO UPDATE SET reservation_id = excluded.reservation_id
        "#,
        organization_id,
        owner_id,
        order_id,
        reservation_id,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn insert_lines(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    reservation: &Reservation,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let reservation_id = reservation.id.uuid();
    let expires_at = reservation.state.expires_at();
    let expires_at = expires_at.map(Timestamp::as_milliseconds);
    // A reservation that was made and changed in one commit may be in any state already.
    let lines = json(reservation.lines.iter().enumerate().map(|(number, line)| {
        let is_open = !line.open().is_zero();
        (
            place(number),
            hex(line.stock),
            hex(line.key.product),
            hex(line.key.owner.to_uuid(organization)),
            line.location.as_ref().map(|(location, _)| hex(*location)),
            line.quantity.get(),
            line.fulfilled.get(),
            line.released.get(),
            expires_at.filter(|_| is_open),
        )
    }))?;
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, stock_id, product_id, stock_owner_id,
            location_id, quantity, fulfilled, released, expires_at
        )
        SELECT
            ?1,
            ?2,
            added.value ->> 0,
            unhex(added.value ->> 1),
            unhex(added.value ->> 2),
            unhex(added.value ->> 3),
            unhex(added.value ->> 4),
            added.value ->> 5,
            added.value ->> 6,
            added.value ->> 7,
            added.value ->> 8
        FROM json_each(?3) AS added
        "#,
        organization_id,
        reservation_id,
        lines,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", reservation.lines.len(), &result)
}

async fn update(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    before: &Reservation,
    change: &ReservationChange,
) -> Result<(), StoreError> {
    let after = &change.after;
    let organization_id = organization.uuid();
    let reservation_id = after.id.uuid();
    let status_before = before.state.as_str();
    let status = after.state.as_str();
    let expires_at = after.state.expires_at();
    let expires_at = expires_at.map(Timestamp::as_milliseconds);
    let updated_at = after.updated_at.as_milliseconds();
    let result = sqlx::query!(
        r#"
        UPDATE reservations SET status = ?4, expires_at = ?5, updated_at = ?6
        WHERE organization_id = ?1 AND reservation_id = ?2 AND status = ?3
        "#,
        organization_id,
        reservation_id,
        status_before,
        status,
        expires_at,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    expect_rows("reservations", 1, &result)?;
    for (number, after) in change.changed_lines() {
        let line = place(number);
        let fulfilled = i64::from(after.fulfilled);
        let released = i64::from(after.released);
        let expires_at = expires_at.filter(|_| !after.open().is_zero());
        let result = sqlx::query!(
            r#"
            UPDATE reservation_lines SET fulfilled = ?4, released = ?5, expires_at = ?6
            WHERE organization_id = ?1 AND reservation_id = ?2 AND line = ?3
            "#,
            organization_id,
            reservation_id,
            line,
            fulfilled,
            released,
            expires_at,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        expect_rows("reservation_lines", 1, &result)?;
    }
    Ok(())
}

fn place(number: usize) -> i64 {
    integer(u64::try_from(number).unwrap_or(u64::MAX))
}
