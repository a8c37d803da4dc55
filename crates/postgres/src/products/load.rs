//! Loads products that commands need.

use std::collections::BTreeSet;

use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, Owner, ProductId, ProductText, State};
use stockroom_sql::Row;
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::parameter::{owned, uuids};
use crate::connection::session::Session;

pub(crate) async fn management(
    session: &mut Session,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    state: &mut State,
) -> Result<(), StoreError> {
    if products.is_empty() {
        return Ok(());
    }
    let ids = uuids(products.iter().copied());
    let organization_id = organization.uuid();
    let organization_level = sqlx::query_scalar!(
        r#"
        SELECT organization_products.product_id AS "product_id!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM organization_products
            WHERE organization_products.organization_id = $1
                AND organization_products.product_id = wanted.product_id
            OFFSET 0
        ) AS organization_products
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    for product_id in organization_level {
        let management = state.management.entry(ProductId::new(product_id));
        management.or_default().organization_level = true;
    }
    let holders = sqlx::query!(
        r#"
        SELECT
            stocks.product_id AS "product_id!",
            stocks.owner_id AS "owner_id!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.product_owner_id = $1
            OFFSET 0
        ) AS stocks
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    for holder in holders {
        let owner = Owner::from_uuid(holder.owner_id, organization);
        let management = state.management.entry(ProductId::new(holder.product_id));
        management.or_default().managed_by.insert(owner);
    }
    last_deleted(session, organization, &ids, state).await
}

/// Loads, for each of these products and each owner, the time of the last deletion of stock.
async fn last_deleted(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
    state: &mut State,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let deletions = sqlx::query!(
        r#"
        SELECT
            wanted.product_id AS "product_id!",
            deleted_stocks.owner_id AS "owner_id!",
            deleted_stocks.deleted_at AS "deleted_at!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT owner_id, max(deleted_at) AS deleted_at
            FROM deleted_stocks
            WHERE deleted_stocks.organization_id = $1
                AND deleted_stocks.product_id = wanted.product_id
            GROUP BY owner_id
        ) AS deleted_stocks
        "#,
        organization_id,
        ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    for deletion in deletions {
        let owner = Owner::from_uuid(deletion.owner_id, organization);
        let row = Row::new("deleted_stocks", deletion.product_id);
        let deleted_at = row.timestamp("deleted_at", deletion.deleted_at)?;
        let management = state.management.entry(ProductId::new(deletion.product_id));
        let last_deleted = &mut management.or_default().last_deleted;
        last_deleted.insert(owner, deleted_at);
    }
    Ok(())
}

pub(crate) async fn products(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = needs.products.clone();
    if !needs.skus.is_empty() || !needs.external_refs.is_empty() {
        keys.extend(holders(session, organization, needs).await?);
    }
    if !keys.is_empty() {
        for product in rows::products(session, organization, keys).await? {
            state.add_product(product);
        }
    }
    for product in &needs.store_products {
        if is_in_a_store(session, organization, *product).await? {
            state.store_products.insert(*product);
        }
    }
    Ok(())
}

/// Whether a store has registered a product of its own under this id.
async fn is_in_a_store(
    session: &mut Session,
    organization: OrganizationId,
    product: ProductId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.uuid();
    let is_there = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM products
            WHERE organization_id = $1 AND product_id = $2 AND owner_id <> $1
        ) AS "is_there!"
        "#,
        organization_id,
        product_id,
    );
    is_there.fetch_one(session).await.map_err(failed)
}

/// The products that have the needed `sku`s and `external_ref`s.
async fn holders(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<impl Iterator<Item = (Owner, ProductId)>, StoreError> {
    let columns = |texts: &BTreeSet<(Owner, ProductText)>| {
        let pairs = texts
            .iter()
            .map(|(owner, text)| (*owner, text.as_str().to_owned()));
        owned(organization, pairs)
    };
    let (sku_owner_ids, skus) = columns(&needs.skus);
    let (external_owner_ids, external_refs) = columns(&needs.external_refs);
    let organization_id = organization.uuid();
    // A plan that was made when the table was empty reads all products for each name, and stays until the
    // table is analyzed: a catalogue moves in faster than that.
    sqlx::query("SET LOCAL plan_cache_mode = force_custom_plan")
        .execute(&mut *session)
        .await
        .map_err(failed)?;
    let found = sqlx::query!(
        r#"
        SELECT products.owner_id AS "owner_id!", products.product_id AS "product_id!"
        FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, sku)
        CROSS JOIN LATERAL (
            SELECT * FROM products
            WHERE products.organization_id = $1
                AND products.owner_id = wanted.owner_id
                AND products.sku_digest = sha256(convert_to(wanted.sku, 'UTF8'))
            OFFSET 0
        ) AS products
        UNION ALL
        SELECT products.owner_id, products.product_id
        FROM unnest($4::uuid[], $5::text[]) AS wanted (owner_id, external_ref)
        CROSS JOIN LATERAL (
            SELECT * FROM products
            WHERE products.organization_id = $1
                AND products.owner_id = wanted.owner_id
                AND products.external_digest = sha256(convert_to(wanted.external_ref, 'UTF8'))
            OFFSET 0
        ) AS products
        "#,
        organization_id,
        &sku_owner_ids,
        &skus,
        &external_owner_ids,
        &external_refs,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let key = move |owner_id, product_id| {
        let owner = Owner::from_uuid(owner_id, organization);
        (owner, ProductId::new(product_id))
    };
    let found = found.into_iter();
    Ok(found.map(move |it| key(it.owner_id, it.product_id)))
}
