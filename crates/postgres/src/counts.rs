//! The lengths of lists, updated with every change.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId};
use stockroom_sql::{Growth, Row};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// Stores the new counts. A batch does this last, because all batches that create or delete something
/// in the same store wait for each other here.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    growth: &Growth,
) -> Result<(), StoreError> {
    let columns = GrowthColumns::new(growth);
    if columns.growths.is_empty() {
        return Ok(());
    }
    let result = sqlx::query!(
        r#"
        INSERT INTO level_counts (organization_id, owner_id, kind, count)
        SELECT $1::uuid, growth.owner_id, growth.kind, growth.by
        FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS growth (owner_id, kind, by)
        ON CONFLICT (organization_id, owner_id, kind)
            DO UPDATE SET count = level_counts.count + excluded.count
        "#,
        organization.uuid(),
        &columns.owner_ids,
        &columns.kinds as &[&'static str],
        &columns.growths,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("level_counts", columns.growths.len(), &result)
}

/// The growth of counts by columns.
#[derive(Default)]
pub(crate) struct GrowthColumns {
    pub(crate) owner_ids: Vec<Uuid>,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) growths: Vec<i64>,
}

impl GrowthColumns {
    /// The counts that change. All batches change counts in this order, so that they never wait in a
    /// circle.
    pub(crate) fn new(growth: &Growth) -> Self {
        let mut columns = Self::default();
        for (owner_id, kind, by) in growth.changed() {
            columns.owner_ids.push(owner_id);
            columns.kinds.push(kind.word());
            columns.growths.push(by);
        }
        columns
    }
}

/// The number of an owner's locations that aren't deleted.
pub(crate) async fn locations(
    session: &mut Session,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let count = sqlx::query_scalar!(
        r#"
        SELECT count FROM level_counts
        WHERE organization_id = $1 AND owner_id = $2 AND kind = 'location'
        "#,
        organization_id,
        owner_id,
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?;
    let row = Row::new("level_counts", owner_id);
    row.valid("count", u64::try_from(count.unwrap_or(0)))
}

/// The number of an owner's reservations.
pub(crate) async fn reservations(
    session: &mut Session,
    organization: OrganizationId,
    owner: Owner,
) -> Result<u64, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let count = sqlx::query_scalar!(
        r#"
        SELECT coalesce(sum(count), 0)::bigint AS "count!" FROM level_counts
        WHERE organization_id = $1 AND owner_id = $2 AND starts_with(kind, 'reservation_')
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}

/// For each store, the number of these products of which both the store and the organization have
/// stock. The counts grow by the difference between the numbers after and before a change.
pub(crate) async fn shadowing(
    session: &mut Session,
    organization: OrganizationId,
    products: impl IntoIterator<Item = ProductId>,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let products = uuids(products);
    let organization_id = organization.uuid();
    let stores = sqlx::query!(
        r#"
        SELECT own.owner_id, count(*) AS "count!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.owner_id = $1
            OFFSET 0
        ) AS shared
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.owner_id <> $1
            OFFSET 0
        ) AS own
        GROUP BY own.owner_id
        "#,
        organization_id,
        &products,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(stores
        .into_iter()
        .map(|store| (store.owner_id, store.count))
        .collect())
}
