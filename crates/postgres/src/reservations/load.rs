//! Loads the reservations that commands need.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LapsedLine, LapsedLines, Needs, OrderId, OrganizationId, Owner, ReservationId, State, StockId,
    StockKey, Timestamp,
};
use stockroom_sql::{LapsedRow, Row};
use uuid::Uuid;

use super::orders::Orders;
use super::rows;
use crate::connection::error::failed;
use crate::connection::parameter::owned;
use crate::connection::session::Session;
use crate::revision::Loaded;

/// Loads the reservations that `needs` names, and the lapsed holds on the loaded stock that is due.
/// `orders` has those that the batch has reserved for so far.
pub(crate) async fn load(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    orders: &Orders,
    now: Timestamp,
    loaded: &mut Loaded,
) -> Result<(), StoreError> {
    of_orders(session, organization, &needs.orders, &mut loaded.state).await?;
    orders.apply(needs, &mut loaded.state);
    let ids = needs
        .reservations
        .iter()
        .chain(loaded.state.orders.values());
    let ids: BTreeSet<ReservationId> = ids.copied().collect();
    if !ids.is_empty() {
        for reservation in rows::reservations(session, organization, ids).await? {
            loaded.add_reservation(reservation);
        }
    }
    due_holds(session, organization, now, &mut loaded.state).await
}

/// Loads the last reservation of each of these orders.
pub(crate) async fn of_orders(
    session: &mut Session,
    organization: OrganizationId,
    orders: &BTreeSet<(Owner, OrderId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let pairs = orders.iter();
    let pairs = pairs.map(|(owner, order)| (*owner, order.as_str().to_owned()));
    let (owner_ids, order_ids) = owned(organization, pairs);
    let found = sqlx::query!(
        r#"
        SELECT
            orders.owner_id AS "owner_id!",
            orders.order_id AS "order_id!",
            orders.reservation_id AS "reservation_id!"
        FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, order_id)
        CROSS JOIN LATERAL (
            SELECT * FROM reservation_orders
            WHERE reservation_orders.organization_id = $1
                AND reservation_orders.owner_id = wanted.owner_id
                AND reservation_orders.order_id = wanted.order_id
            OFFSET 0
        ) AS orders
        "#,
        organization.uuid(),
        &owner_ids,
        &order_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    for found in found {
        let row = Row::new("reservation_orders", found.reservation_id);
        let order = row.valid("order_id", OrderId::new("order_id", found.order_id))?;
        let owner = Owner::from_uuid(found.owner_id, organization);
        let id = ReservationId::new(found.reservation_id);
        state.orders.insert((owner, order), id);
    }
    Ok(())
}

/// Loads the lapsed holds on the stock in `state` that is due.
async fn due_holds(
    session: &mut Session,
    organization: OrganizationId,
    now: Timestamp,
    state: &mut State,
) -> Result<(), StoreError> {
    let due: BTreeMap<StockId, (StockKey, Timestamp)> = state
        .stocks
        .iter()
        .filter_map(|(key, stock)| Some((stock.id, (*key, stock.due(now)?))))
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    let wanted = due.iter();
    let (stock_ids, until): (Vec<Uuid>, Vec<i64>) = wanted
        .map(|(stock, (_, until))| (stock.uuid(), until.as_milliseconds()))
        .unzip();
    let mut holds = run_out(session, organization, &stock_ids, &until).await?;
    let mut next = running(session, organization, &stock_ids, &until).await?;
    for (stock, (key, _)) in due {
        let due = LapsedLines {
            holds: holds.remove(&stock).unwrap_or_default(),
            next: next.remove(&stock),
        };
        state.due.insert(key, due);
    }
    Ok(())
}

/// The holds on each of these stocks that lapse at or before the stock's time in `until`.
async fn run_out(
    session: &mut Session,
    organization: OrganizationId,
    stock_ids: &[Uuid],
    until: &[i64],
) -> Result<HashMap<StockId, Vec<LapsedLine>>, StoreError> {
    let found = sqlx::query!(
        r#"
        SELECT
            lines.stock_id AS "stock_id!",
            lines.reservation_id AS "reservation_id!",
            lines.line AS "line!",
            lines.location_id AS "location_id?",
            lines.quantity - lines.fulfilled - lines.released AS "open!",
            lines.expires_at AS "expires_at!"
        FROM unnest($2::uuid[], $3::bigint[]) AS due (stock_id, until)
        CROSS JOIN LATERAL (
            SELECT * FROM reservation_lines
            WHERE reservation_lines.organization_id = $1
                AND reservation_lines.stock_id = due.stock_id
                AND reservation_lines.expires_at <= due.until
            OFFSET 0
        ) AS lines
        "#,
        organization.uuid(),
        stock_ids,
        until,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let mut run_out: HashMap<StockId, Vec<LapsedLine>> = HashMap::new();
    for hold in found {
        let row = LapsedRow {
            reservation_id: hold.reservation_id,
            line: hold.line,
            location_id: hold.location_id,
            open: hold.open,
            expires_at: hold.expires_at,
        };
        let holds = run_out.entry(StockId::new(hold.stock_id)).or_default();
        holds.push(row.decode()?);
    }
    Ok(run_out)
}

/// The time at which the first of the other holds on each of these stocks lapses.
async fn running(
    session: &mut Session,
    organization: OrganizationId,
    stock_ids: &[Uuid],
    until: &[i64],
) -> Result<HashMap<StockId, Timestamp>, StoreError> {
    let found = sqlx::query!(
        r#"
        SELECT
            due.stock_id AS "stock_id!",
            lines.expires_at AS "expires_at!"
        FROM unnest($2::uuid[], $3::bigint[]) AS due (stock_id, until)
        CROSS JOIN LATERAL (
            SELECT expires_at FROM reservation_lines
            WHERE reservation_lines.organization_id = $1
                AND reservation_lines.stock_id = due.stock_id
                AND reservation_lines.expires_at > due.until
            ORDER BY reservation_lines.expires_at
            LIMIT 1
        ) AS lines
        "#,
        organization.uuid(),
        stock_ids,
        until,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let next = found.into_iter().map(|next| {
        let row = Row::new("reservation_lines", next.stock_id);
        let at = row.timestamp("expires_at", next.expires_at)?;
        Ok((StockId::new(next.stock_id), at))
    });
    next.collect()
}
