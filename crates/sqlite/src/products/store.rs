//! Stores products.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Product, ProductId};
use stockroom_sql::{Kind, ProductRow};

use crate::connection::statement::{assignments, insert, of_organization, statements};
use crate::counts;

statements! {
    UPDATE = format!(
        "UPDATE products SET {}
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3",
        assignments(ProductRow::COLUMNS, ProductRow::CONSTANT)
    );

    INSERT = insert("products", ProductRow::COLUMNS);

    DELETE = "
        DELETE FROM products WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
    ";

    INSERT_LEVEL = "
        INSERT INTO organization_products (organization_id, product_id) VALUES (?1, ?2)
        ON CONFLICT (organization_id, product_id) DO NOTHING
    ";

    DELETE_LEVEL = "
        DELETE FROM organization_products WHERE organization_id = ?1 AND product_id = ?2
    ";
}

/// Registers the product, or changes it if it exists.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    product: &Product,
) -> Result<(), StoreError> {
    let row = ProductRow::of(product, organization);
    if UPDATE.execute(connection, of_organization(organization, row.values()))? > 0 {
        return Ok(());
    }
    INSERT.change(
        connection,
        "products",
        of_organization(organization, row.values()),
    )?;
    counts::add(connection, organization, product.owner, Kind::Product, 1)
}

pub(crate) fn delete(
    connection: &Connection,
    organization: OrganizationId,
    product: &Product,
) -> Result<(), StoreError> {
    let owner_id = product.owner.to_uuid(organization);
    let key = params![organization.uuid(), product.id.uuid(), owner_id];
    DELETE.change(connection, "products", key)?;
    counts::add(connection, organization, product.owner, Kind::Product, -1)
}

/// Makes a product organization-level, or makes it stop being so.
pub(crate) fn store_level(
    connection: &Connection,
    organization: OrganizationId,
    product: ProductId,
    organization_level: bool,
) -> Result<(), StoreError> {
    let statement = if organization_level {
        &INSERT_LEVEL
    } else {
        &DELETE_LEVEL
    };
    statement.execute(connection, params![organization.uuid(), product.uuid()])?;
    Ok(())
}
