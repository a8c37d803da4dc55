//! The lengths of lists, updated with every change.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId, ReservationStatus};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The kinds of items that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Current stock.
    Stock,
    /// A store's stock of products of which the organization also has stock.
    ShadowingStock,
    /// Registered products.
    Product,
    /// Locations that aren't deleted.
    Location,
    /// Reservations in this stored status.
    Reservation(ReservationStatus),
}

impl Kind {
    /// The word that the database stores for this kind.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::ShadowingStock => "shadowing_stock",
            Self::Product => "product",
            Self::Location => "location",
            Self::Reservation(ReservationStatus::Pending) => "reservation_pending",
            Self::Reservation(ReservationStatus::Paid) => "reservation_paid",
            Self::Reservation(ReservationStatus::Fulfilled) => "reservation_fulfilled",
            Self::Reservation(ReservationStatus::Released) => "reservation_released",
            Self::Reservation(ReservationStatus::Expired) => "reservation_expired",
        }
    }
}

/// The growth of each count; negative if it shrinks.
#[derive(Debug, Default)]
pub(crate) struct Growth(BTreeMap<(Uuid, Kind), i64>);

impl Growth {
    /// The growth of a single count.
    pub(crate) fn of(organization: OrganizationId, owner: Owner, kind: Kind, by: i64) -> Self {
        let mut growth = Self::default();
        growth.add(owner.to_uuid(organization), kind, by);
        growth
    }

    pub(crate) fn add(&mut self, owner_id: Uuid, kind: Kind, by: i64) {
        *self.0.entry((owner_id, kind)).or_default() += by;
    }

    pub(crate) async fn store(
        mut self,
        connection: &mut SqliteConnection,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        self.0.retain(|_, by| *by != 0);
        if self.0.is_empty() {
            return Ok(());
        }
        let growth = json(
            self.0
                .iter()
                .map(|((owner_id, kind), by)| (hex(*owner_id), kind.word(), *by)),
        )?;
        let organization_id = organization.uuid();
        let result = sqlx::query!(
            r#"
            INSERT INTO level_counts (organization_id, owner_id, kind, count)
            SELECT
                ?1,
                unhex(growth.value ->> 0),
                growth.value ->> 1,
                coalesce(current.count, 0) + (growth.value ->> 2)
            FROM json_each(?2) AS growth
            LEFT JOIN level_counts AS current
                ON current.organization_id = ?1
                AND current.owner_id = unhex(growth.value ->> 0)
                AND current.kind = growth.value ->> 1
            WHERE true
            ON CONFLICT (organization_id, owner_id, kind) DO UPDATE SET count = excluded.count
            "#,
            organization_id,
            growth,
        )
        .execute(connection)
        .await
        .map_err(failed)?;
        expect_rows("level_counts", self.0.len(), &result)
    }
}

/// The number of an owner's locations that aren't deleted.
pub(crate) async fn locations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let count = sqlx::query_scalar!(
        r#"
        SELECT count FROM level_counts
        WHERE organization_id = ?1 AND owner_id = ?2 AND kind = 'location'
        "#,
        organization_id,
        owner_id,
    )
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    let row = Row::new("level_counts", owner_id);
    row.valid("count", u64::try_from(count.unwrap_or(0)))
}

/// The number of an owner's reservations.
pub(crate) async fn reservations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let count = sqlx::query_scalar!(
        r#"
        SELECT coalesce(sum(count), 0) AS "count!: i64" FROM level_counts
        WHERE organization_id = ?1 AND owner_id = ?2 AND kind GLOB 'reservation_*'
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}

/// For each store, the number of these products of which both the store and the organization have
/// stock. The counts grow by the difference between the numbers after and before a change.
pub(crate) async fn shadowing(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    products: impl IntoIterator<Item = ProductId>,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let products = json(products.into_iter().map(hex))?;
    let organization_id = organization.uuid();
    let stores = sqlx::query!(
        r#"
        SELECT own.owner_id AS "owner_id!: Uuid", count(*) AS "count!: i64"
        FROM json_each(?2) AS product
        CROSS JOIN stocks AS shared
            ON shared.organization_id = ?1
            AND shared.product_id = unhex(product.value)
            AND shared.owner_id = ?1
        CROSS JOIN stocks AS own
            ON own.organization_id = ?1
            AND own.product_id = shared.product_id
            AND own.owner_id <> ?1
        GROUP BY own.owner_id
        "#,
        organization_id,
        products,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(stores
        .into_iter()
        .map(|store| (store.owner_id, store.count))
        .collect())
}
