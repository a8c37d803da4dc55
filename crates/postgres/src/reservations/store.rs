//! Stores changes to reservations.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LapsedLine, OrderId, OrganizationId, Reservation, ReservationChange, ReservationId,
    ReservedLine, Timestamp,
};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::integer;
use crate::connection::session::Session;
use crate::counts::{Growth, Kind};

/// Stores that the quantities of lapsed lines are released.
pub(crate) async fn settle(
    session: &mut Session,
    organization: OrganizationId,
    holds: &[LapsedLine],
) -> Result<(), StoreError> {
    let mut lines = Lines::default();
    for hold in holds {
        lines.push(hold.reservation, hold.line);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let open: Vec<i64> = holds.iter().map(|hold| hold.quantity.into()).collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, stock_id, product_id, stock_owner_id,
            location_id, quantity, fulfilled, released, expires_at
        )
        SELECT
            $1::uuid, reservation_id, line, stock_id, product_id, stock_owner_id, location_id,
            quantity, fulfilled, quantity - fulfilled, NULL
        FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS settled (
            settled_id, settled_line, open
        )
        CROSS JOIN LATERAL (
            SELECT * FROM reservation_lines
            WHERE reservation_lines.organization_id = $1
                AND reservation_lines.reservation_id = settled.settled_id
                AND reservation_lines.line = settled.settled_line
                AND quantity - fulfilled - released = settled.open
            OFFSET 0
        ) AS found
        ON CONFLICT (organization_id, reservation_id, line) DO UPDATE SET
            released = excluded.released,
            expires_at = excluded.expires_at
        "#,
        organization.uuid(),
        &lines.reservation_ids,
        &lines.places,
        &open,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", holds.len(), &result)
}

/// Stores new and changed reservations. Like rows of stock, changed rows are inserted, and conflict
/// with themselves.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<ReservationId, ReservationChange>,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let changes = changes.values();
    for change in changes.clone() {
        let owner_id = change.after.owner.to_uuid(organization);
        growth.add(owner_id, Kind::Reservation(change.after.state.status()), 1);
        if let Some(before) = &change.before {
            growth.add(owner_id, Kind::Reservation(before.state.status()), -1);
        }
    }
    let made = changes.clone().filter(|change| change.before.is_none());
    let made: Vec<&Reservation> = made.map(|change| &change.after).collect();
    if !made.is_empty() {
        insert(session, organization, &made).await?;
        insert_orders(session, organization, &made).await?;
        insert_lines(session, organization, &made).await?;
    }
    let updated: Vec<(&Reservation, &Reservation)> = changes
        .clone()
        .filter_map(|change| Some((change.before.as_ref()?, &change.after)))
        .collect();
    if !updated.is_empty() {
        update(session, organization, &updated).await?;
        update_lines(session, organization, changes).await?;
    }
    Ok(())
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    made: &[&Reservation],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = made.iter().map(|it| it.id.uuid()).collect();
    let owner_ids: Vec<Uuid> = made
        .iter()
        .map(|it| it.owner.to_uuid(organization))
        .collect();
    let order_ids: Vec<Option<&str>> = made
        .iter()
        .map(|it| it.order.as_ref().map(OrderId::as_str))
        .collect();
    let statuses: Vec<&str> = made.iter().map(|it| it.state.as_str()).collect();
    let expires_at: Vec<Option<i64>> = made.iter().map(|it| expiry(it)).collect();
    let created_at: Vec<i64> = made
        .iter()
        .map(|it| it.created_at.as_milliseconds())
        .collect();
    let updated_at: Vec<i64> = made
        .iter()
        .map(|it| it.updated_at.as_milliseconds())
        .collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO reservations (
            organization_id, reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at
        )
        SELECT $1::uuid, made.*
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[]
        ) AS made
        "#,
        organization.uuid(),
        &ids,
        &owner_ids,
        &order_ids as &[Option<&str>],
        &statuses as &[&str],
        &expires_at as &[Option<i64>],
        &created_at,
        &updated_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservations", made.len(), &result)
}

/// Stores the current reservation of each order.
async fn insert_orders(
    session: &mut Session,
    organization: OrganizationId,
    made: &[&Reservation],
) -> Result<(), StoreError> {
    // Of several reservations of one order, only the last one is stored: the others have ended already.
    let orders: BTreeMap<(Uuid, &str), Uuid> = made
        .iter()
        .filter_map(|it| {
            let order = it.order.as_ref()?.as_str();
            Some(((it.owner.to_uuid(organization), order), it.id.uuid()))
        })
        .collect();
    if orders.is_empty() {
        return Ok(());
    }
    let owner_ids: Vec<Uuid> = orders.keys().map(|(owner_id, _)| *owner_id).collect();
    let order_ids: Vec<&str> = orders.keys().map(|(_, order)| *order).collect();
    let reservation_ids: Vec<Uuid> = orders.values().copied().collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_orders (organization_id, owner_id, order_id, reservation_id)
        SELECT $1::uuid, made.* FROM unnest($2::uuid[], $3::text[], $4::uuid[]) AS made
        ON CONFLICT (organization_id, owner_id, order_id)
            DO UPDATE SET reservation_id = excluded.reservation_id
        "#,
        organization.uuid(),
        &owner_ids,
        &order_ids as &[&str],
        &reservation_ids,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_orders", orders.len(), &result)
}

async fn insert_lines(
    session: &mut Session,
    organization: OrganizationId,
    made: &[&Reservation],
) -> Result<(), StoreError> {
    let mut lines = Lines::default();
    let mut stock_ids = Vec::new();
    let mut product_ids = Vec::new();
    let mut stock_owner_ids = Vec::new();
    let mut location_ids = Vec::new();
    let mut quantities: Vec<i64> = Vec::new();
    for reservation in made {
        // A reservation that was made and changed in one commit may be in any state already.
        lines.add(reservation, reservation.lines.iter().enumerate());
        for line in &reservation.lines {
            stock_ids.push(line.stock.uuid());
            product_ids.push(line.key.product.uuid());
            stock_owner_ids.push(line.key.owner.to_uuid(organization));
            location_ids.push(line.location.as_ref().map(|(location, _)| location.uuid()));
            quantities.push(line.quantity.into());
        }
    }
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, fulfilled, released, expires_at, stock_id,
            product_id, stock_owner_id, location_id, quantity
        )
        SELECT $1::uuid, added.*
        FROM unnest(
            $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[],
            $8::uuid[], $9::uuid[], $10::uuid[], $11::bigint[]
        ) AS added
        "#,
        organization.uuid(),
        &lines.reservation_ids,
        &lines.places,
        &lines.fulfilled,
        &lines.released,
        &lines.expires_at as &[Option<i64>],
        &stock_ids,
        &product_ids,
        &stock_owner_ids,
        &location_ids as &[Option<Uuid>],
        &quantities,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", quantities.len(), &result)
}

async fn update(
    session: &mut Session,
    organization: OrganizationId,
    changed: &[(&Reservation, &Reservation)],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = changed.iter().map(|(_, it)| it.id.uuid()).collect();
    let statuses_before: Vec<&str> = changed.iter().map(|(it, _)| it.state.as_str()).collect();
    let statuses: Vec<&str> = changed.iter().map(|(_, it)| it.state.as_str()).collect();
    let expires_at: Vec<Option<i64>> = changed.iter().map(|(_, it)| expiry(it)).collect();
    let updated_at: Vec<i64> = changed
        .iter()
        .map(|(_, it)| it.updated_at.as_milliseconds())
        .collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO reservations (
            organization_id, reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at
        )
        SELECT
            $1::uuid, found.reservation_id, found.owner_id, found.order_id, changed.status,
            changed.expires_at, found.created_at, changed.updated_at
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS changed (
            reservation_id, status_before, status, expires_at, updated_at
        )
        CROSS JOIN LATERAL (
            SELECT * FROM reservations
            WHERE reservations.organization_id = $1
                AND reservations.reservation_id = changed.reservation_id
                AND reservations.status = changed.status_before
            OFFSET 0
        ) AS found
        ON CONFLICT (organization_id, reservation_id) DO UPDATE SET
            status = excluded.status,
            expires_at = excluded.expires_at,
            updated_at = excluded.updated_at
        "#,
        organization.uuid(),
        &ids,
        &statuses_before as &[&str],
        &statuses as &[&str],
        &expires_at as &[Option<i64>],
        &updated_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservations", changed.len(), &result)
}

async fn update_lines(
    session: &mut Session,
    organization: OrganizationId,
    changed: impl Iterator<Item = &ReservationChange>,
) -> Result<(), StoreError> {
    let mut lines = Lines::default();
    for change in changed {
        lines.add(&change.after, change.changed_lines());
    }
    if lines.is_empty() {
        return Ok(());
    }
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, stock_id, product_id, stock_owner_id,
            location_id, quantity, fulfilled, released, expires_at
        )
        SELECT
            $1::uuid, found.reservation_id, found.line, found.stock_id, found.product_id,
            found.stock_owner_id, found.location_id, found.quantity, changed.fulfilled,
            changed.released, changed.expires_at
        FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS changed (
            reservation_id, line, fulfilled, released, expires_at
        )
        CROSS JOIN LATERAL (
            SELECT * FROM reservation_lines
            WHERE reservation_lines.organization_id = $1
                AND reservation_lines.reservation_id = changed.reservation_id
                AND reservation_lines.line = changed.line
            OFFSET 0
        ) AS found
        ON CONFLICT (organization_id, reservation_id, line) DO UPDATE SET
            fulfilled = excluded.fulfilled,
            released = excluded.released,
            expires_at = excluded.expires_at
        "#,
        organization.uuid(),
        &lines.reservation_ids,
        &lines.places,
        &lines.fulfilled,
        &lines.released,
        &lines.expires_at as &[Option<i64>],
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", lines.places.len(), &result)
}

/// Lines of reservations by columns.
#[derive(Default)]
struct Lines {
    reservation_ids: Vec<Uuid>,
    places: Vec<i64>,
    fulfilled: Vec<i64>,
    released: Vec<i64>,
    expires_at: Vec<Option<i64>>,
}

impl Lines {
    fn push(&mut self, reservation: ReservationId, place: usize) {
        self.reservation_ids.push(reservation.uuid());
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        self.places.push(integer(place));
    }

    fn add<'a>(
        &mut self,
        reservation: &Reservation,
        lines: impl Iterator<Item = (usize, &'a ReservedLine)>,
    ) {
        for (place, line) in lines {
            self.push(reservation.id, place);
            self.fulfilled.push(line.fulfilled.into());
            self.released.push(line.released.into());
            let expires_at = expiry(reservation).filter(|_| !line.open().is_zero());
            self.expires_at.push(expires_at);
        }
    }

    const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

fn expiry(reservation: &Reservation) -> Option<i64> {
    let expires_at = reservation.state.expires_at();
    expires_at.map(Timestamp::as_milliseconds)
}
