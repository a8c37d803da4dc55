//! Stores products.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Product, ProductId};
use stockroom_sql::{Growth, Kind, ProductRow};

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// Registers the product, or changes it if it exists.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    product: &Product,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let row = ProductRow::of(product, organization);
    if update(session, organization, &row).await? {
        return Ok(());
    }
    let owner_id = row.owner_id;
    insert(session, organization, row).await?;
    growth.add(owner_id, Kind::Product, 1);
    Ok(())
}

/// Changes the product, and returns whether it exists.
async fn update(
    session: &mut Session,
    organization: OrganizationId,
    row: &ProductRow,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let updated = sqlx::query!(
        r#"
        UPDATE products SET
            name = $3,
            sku = $4,
            sku_digest = sha256(convert_to($4, 'UTF8')),
            slug = $5,
            description = $6,
            status = $7,
            commodity_type = $8,
            manage_stock = $9,
            external_ref = $10,
            external_digest = sha256(convert_to($10, 'UTF8')),
            updated_at = $11,
            version = $13,
            name_key = $14,
            sku_key = $15,
            slug_key = $16,
            external_key = $17
        WHERE organization_id = $1 AND product_id = $2 AND owner_id = $12
        "#,
        organization_id,
        row.product_id,
        &row.name,
        row.sku.as_deref(),
        row.slug.as_deref(),
        row.description.as_deref(),
        &row.status,
        &row.commodity_type,
        row.manage_stock,
        row.external_ref.as_deref(),
        row.updated_at,
        row.owner_id,
        row.version,
        &row.name_key,
        &row.sku_key,
        &row.slug_key,
        &row.external_key,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(updated.rows_affected() > 0)
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    row: ProductRow,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    sqlx::query!(
        r#"
        INSERT INTO products (
            organization_id, product_id, owner_id, name, sku, slug, description, status,
            commodity_type, manage_stock, external_ref, created_at, updated_at, sku_digest,
            external_digest, version, name_key, sku_key, slug_key, external_key
        )
        VALUES (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            sha256(convert_to($5, 'UTF8')), sha256(convert_to($11, 'UTF8')), $14,
            $15, $16, $17, $18
        )
        "#,
        organization_id,
        row.product_id,
        row.owner_id,
        row.name,
        row.sku,
        row.slug,
        row.description,
        row.status,
        row.commodity_type,
        row.manage_stock,
        row.external_ref,
        row.created_at,
        row.updated_at,
        row.version,
        row.name_key,
        row.sku_key,
        row.slug_key,
        row.external_key,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(crate) async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    product: &Product,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.id.uuid();
    let owner_id = product.owner.to_uuid(organization);
    let result = sqlx::query!(
        r#"
        DELETE FROM products
        WHERE organization_id = $1 AND product_id = $2 AND owner_id = $3
        "#,
        organization_id,
        product_id,
        owner_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    expect_rows("products", 1, &result)?;
    growth.add(product.owner.to_uuid(organization), Kind::Product, -1);
    Ok(())
}

/// Makes products organization-level, or makes them stop being so.
pub(crate) async fn store_levels(
    session: &mut Session,
    organization: OrganizationId,
    levels: &BTreeMap<ProductId, bool>,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let of_level = |wanted: bool| {
        let products = levels.iter().filter(move |(_, level)| **level == wanted);
        uuids(products.map(|(product, _)| *product))
    };
    if levels
        .values()
        .any(|organization_level| *organization_level)
    {
        let products = of_level(true);
        sqlx::query!(
            r#"
            INSERT INTO organization_products (organization_id, product_id)
            SELECT $1::uuid, wanted.product_id FROM unnest($2::uuid[]) AS wanted (product_id)
            ON CONFLICT (organization_id, product_id) DO NOTHING
            "#,
            organization_id,
            &products,
        )
        .execute(&mut *session)
        .await
        .map_err(failed)?;
    }
    if levels
        .values()
        .any(|organization_level| !*organization_level)
    {
        let products = of_level(false);
        sqlx::query!(
            r#"
            DELETE FROM organization_products
            WHERE organization_id = $1 AND product_id = ANY ($2)
            "#,
            organization_id,
            &products,
        )
        .execute(session)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
