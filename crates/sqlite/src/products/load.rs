//! Loads products that commands need.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, Owner, ProductId, ProductText, State};
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

pub(crate) async fn management(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    state: &mut State,
) -> Result<(), StoreError> {
    if products.is_empty() {
        return Ok(());
    }
    let ids = json(products.iter().copied().map(hex))?;
    let organization_id = organization.uuid();
    let organization_level = sqlx::query_scalar!(
        r#"
        SELECT organization_products.product_id AS "product_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN organization_products
            ON organization_products.organization_id = ?1
            AND organization_products.product_id = unhex(wanted.value)
        "#,
        organization_id,
        ids,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    for product_id in organization_level {
        let management = state.management.entry(ProductId::new(product_id));
        management.or_default().organization_level = true;
    }
    let holders = sqlx::query!(
        r#"
        SELECT
            stocks.product_id AS "product_id!: Uuid",
            stocks.owner_id AS "owner_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN stocks
            ON stocks.organization_id = ?1
            AND stocks.product_id = unhex(wanted.value)
            AND stocks.product_owner_id = ?1
        "#,
        organization_id,
        ids,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    for holder in holders {
        let owner = Owner::from_uuid(holder.owner_id, organization);
        let management = state.management.entry(ProductId::new(holder.product_id));
        management.or_default().managed_by.insert(owner);
    }
    last_deleted(connection, organization, &ids, state).await
}

/// Loads, for each of these products and each owner, the time of the last deletion of stock.
async fn last_deleted(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ids: &str,
    state: &mut State,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let deletions = sqlx::query!(
        r#"
        SELECT
            deleted_stocks.product_id AS "product_id!: Uuid",
            deleted_stocks.owner_id AS "owner_id!: Uuid",
            max(deleted_stocks.deleted_at) AS "deleted_at!: i64"
        FROM json_each(?2) AS wanted
        CROSS JOIN deleted_stocks INDEXED BY deleted_stocks_of_product
            ON deleted_stocks.organization_id = ?1
            AND deleted_stocks.product_id = unhex(wanted.value)
        GROUP BY 1, 2
        "#,
        organization_id,
        ids,
    )
    .fetch_all(connection)
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
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = needs.products.clone();
    if !needs.skus.is_empty() || !needs.external_refs.is_empty() {
        keys.extend(holders(connection, organization, needs).await?);
    }
    if !keys.is_empty() {
        for product in rows::products(connection, organization, keys).await? {
            state.add_product(product);
        }
    }
    for product in &needs.store_products {
        if is_in_a_store(connection, organization, *product).await? {
            state.store_products.insert(*product);
        }
    }
    Ok(())
}

/// Whether a store has registered a product of its own under this id.
async fn is_in_a_store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    product: ProductId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.uuid();
    let is_there = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM products
            WHERE organization_id = ?1 AND product_id = ?2 AND owner_id <> ?1
        ) AS "is_there!: bool"
        "#,
        organization_id,
        product_id,
    );
    is_there.fetch_one(connection).await.map_err(failed)
}

/// The products that have the needed `sku`s and `external_ref`s.
async fn holders(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<impl Iterator<Item = (Owner, ProductId)>, StoreError> {
    let pairs = |texts: &BTreeSet<(Owner, ProductText)>| {
        json(texts.iter().map(|(owner, text)| {
            let owner = owner.to_uuid(organization);
            (hex(owner), text.as_str().to_owned())
        }))
    };
    let skus = pairs(&needs.skus)?;
    let external_refs = pairs(&needs.external_refs)?;
    let organization_id = organization.uuid();
    let found = sqlx::query!(
        r#"
        SELECT
            products.owner_id AS "owner_id!: Uuid",
            products.product_id AS "product_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN products
            ON products.organization_id = ?1
            AND products.owner_id = unhex(wanted.value ->> 0)
            AND products.sku = wanted.value ->> 1
        UNION ALL
        SELECT products.owner_id, products.product_id
        FROM json_each(?3) AS wanted
        CROSS JOIN products
            ON products.organization_id = ?1
            AND products.owner_id = unhex(wanted.value ->> 0)
            AND products.external_ref = wanted.value ->> 1
        "#,
        organization_id,
        skus,
        external_refs,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let key = move |owner_id, product_id| {
        let owner = Owner::from_uuid(owner_id, organization);
        (owner, ProductId::new(product_id))
    };
    let found = found.into_iter();
    Ok(found.map(move |it| key(it.owner_id, it.product_id)))
}
