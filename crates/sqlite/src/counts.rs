//! The lengths of lists, updated with every change.

use rusqlite::{Connection, params};
use stockroom_application::ports::{Scope, StoreError};
use stockroom_domain::{OrganizationId, Owner, ProductId, ReservationStatus};
use stockroom_sql::{Growth, Kind, Row};
use uuid::Uuid;

use crate::connection::statement::statements;

statements! {
    STORE = "
        INSERT INTO level_counts (organization_id, owner_id, kind, count)
        VALUES (
            ?1,
            ?2,
            ?3,
            ?4 + coalesce(
                (
                    SELECT count FROM level_counts
                    WHERE organization_id = ?1 AND owner_id = ?2 AND kind = ?3
                ),
                0
            )
        )
        ON CONFLICT (organization_id, owner_id, kind) DO UPDATE SET count = excluded.count
    ";

    COUNT = "
        SELECT count FROM level_counts WHERE organization_id = ?1 AND owner_id = ?2 AND kind = ?3
    ";

    RESERVATIONS = "
        SELECT coalesce(sum(count), 0) FROM level_counts
        WHERE organization_id = ?1 AND owner_id = ?2 AND kind GLOB 'reservation_*'
    ";

    OF_ORGANIZATION = "
        SELECT kind, sum(count) FROM level_counts WHERE organization_id = ?1 GROUP BY kind
    ";

    /// A store sees its own stock and the organization's, except the organization's stock of products
    /// of which the store has its own.
    VISIBLE = "
        SELECT coalesce(sum(CASE kind WHEN ?3 THEN count ELSE -count END), 0)
        FROM level_counts
        WHERE organization_id = ?1
            AND owner_id IN (?1, ?2)
            AND (kind = ?3 OR (?3 = 'stock' AND kind = 'shadowing_stock'))
    ";

    SHADOWING = "
        SELECT own.owner_id
        FROM stocks AS shared
        CROSS JOIN stocks AS own
            ON own.organization_id = ?1
            AND own.product_id = shared.product_id
            AND own.owner_id <> ?1
        WHERE shared.organization_id = ?1 AND shared.product_id = ?2 AND shared.owner_id = ?1
    ";
}

/// Stores the new counts.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    growth: &Growth,
) -> Result<(), StoreError> {
    for (owner_id, kind, by) in growth.changed() {
        let count = params![organization.uuid(), owner_id, kind.word(), by];
        STORE.change(connection, "level_counts", count)?;
    }
    Ok(())
}

/// Adds to one count.
pub(crate) fn add(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    kind: Kind,
    by: i64,
) -> Result<(), StoreError> {
    let mut growth = Growth::default();
    growth.add(owner.to_uuid(organization), kind, by);
    store(connection, organization, &growth)
}

/// The number of an owner's items of a kind.
pub(crate) fn of_owner(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    kind: Kind,
) -> Result<u64, StoreError> {
    let owner_id = owner.to_uuid(organization);
    let count = COUNT.number(
        connection,
        params![organization.uuid(), owner_id, kind.word()],
    )?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}

/// The number of an owner's reservations.
pub(crate) fn reservations(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let owner_id = owner.to_uuid(organization);
    let count = RESERVATIONS.number(connection, params![organization.uuid(), owner_id])?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}

/// The number of an organization's reservations in each stored status.
pub(crate) fn reservations_by_status(
    connection: &Connection,
    organization: OrganizationId,
) -> Result<Vec<(ReservationStatus, u64)>, StoreError> {
    let counts: Vec<(String, i64)> =
        OF_ORGANIZATION.rows(connection, params![organization.uuid()])?;
    let count = |status| {
        let word = Kind::Reservation(status).word();
        let count = counts.iter().find(|(kind, _)| kind == word);
        (
            status,
            count.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or(0)),
        )
    };
    Ok(ReservationStatus::ALL.into_iter().map(count).collect())
}

/// The number of items of a kind that `scope` sees.
pub(crate) fn visible(
    connection: &Connection,
    scope: Scope,
    kind: Kind,
) -> Result<u64, StoreError> {
    let owner_id = scope.acting.to_uuid(scope.organization);
    let parameters = params![scope.organization.uuid(), owner_id, kind.word()];
    let count = VISIBLE.number(connection, parameters)?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}

/// The stores that have stock of this product, if the organization has, too. The counts grow by the
/// difference between those after and those before a change.
pub(crate) fn shadowing(
    connection: &Connection,
    organization: OrganizationId,
    product: ProductId,
) -> Result<Vec<Uuid>, StoreError> {
    let stores = SHADOWING.rows(connection, params![organization.uuid(), product.uuid()])?;
    Ok(stores.into_iter().map(|(store_id,)| store_id).collect())
}
