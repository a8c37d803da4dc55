//! Stores products.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Product, ProductId, ProductText};

use super::rows::{commodity_type_word, status_word};
use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, json};
use crate::counts::{Growth, Kind};

/// Registers the product, or changes it if it exists.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    product: &Product,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.id.uuid();
    let owner_id = product.owner.to_uuid(organization);
    let name = product.name.as_str();
    let sku = product.sku.as_ref().map(ProductText::as_str);
    let slug = product.slug.as_ref().map(ProductText::as_str);
    let description = product.description.as_ref().map(ProductText::as_str);
    let status = status_word(product.status);
    let commodity_type = commodity_type_word(product.commodity_type);
    let external_ref = product.external_ref.as_ref().map(ProductText::as_str);
    let created_at = product.created_at.as_milliseconds();
    let updated_at = product.updated_at.as_milliseconds();
    let updated = sqlx::query!(
        r#"
        UPDATE products SET
            name = ?3,
            sku = ?4,
            slug = ?5,
            description = ?6,
            status = ?7,
            commodity_type = ?8,
            manage_stock = ?9,
            external_ref = ?10,
            updated_at = ?11
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?12
        "#,
        organization_id,
        product_id,
        name,
        sku,
        slug,
        description,
        status,
        commodity_type,
        product.manage_stock,
        external_ref,
        updated_at,
        owner_id,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO products (
            organization_id, product_id, owner_id, name, sku, slug, description, status,
            commodity_type, manage_stock, external_ref, created_at, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        "#,
        organization_id,
        product_id,
        owner_id,
        name,
        sku,
        slug,
        description,
        status,
        commodity_type,
        product.manage_stock,
        external_ref,
        created_at,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let growth = Growth::of(organization, product.owner, Kind::Product, 1);
    growth.store(connection, organization).await
}

pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    product: &Product,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.id.uuid();
    let owner_id = product.owner.to_uuid(organization);
    let result = sqlx::query!(
        r#"
        DELETE FROM products
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
        "#,
        organization_id,
        product_id,
        owner_id,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    expect_rows("products", 1, &result)?;
    let growth = Growth::of(organization, product.owner, Kind::Product, -1);
    growth.store(connection, organization).await
}

/// Makes products organization-level, or makes them stop being so.
pub(crate) async fn store_levels(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    levels: &BTreeMap<ProductId, bool>,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let of_level = |wanted: bool| {
        let products = levels.iter().filter(move |(_, level)| **level == wanted);
        json(products.map(|(product, _)| hex(*product)))
    };
    if levels
        .values()
        .any(|organization_level| *organization_level)
    {
        let products = of_level(true)?;
        sqlx::query!(
            r#"
            INSERT INTO organization_products (organization_id, product_id)
            SELECT ?1, unhex(product.value) FROM json_each(?2) AS product
            WHERE true
            ON CONFLICT (organization_id, product_id) DO NOTHING
            "#,
            organization_id,
            products,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    if levels
        .values()
        .any(|organization_level| !*organization_level)
    {
        let products = of_level(false)?;
        sqlx::query!(
            r#"
            DELETE FROM organization_products
            WHERE organization_id = ?1
                AND product_id IN (SELECT unhex(product.value) FROM json_each(?2) AS product)
            "#,
            organization_id,
            products,
        )
        .execute(connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
