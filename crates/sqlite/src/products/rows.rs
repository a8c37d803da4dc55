//! Products.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, Product, ProductId};
use stockroom_sql::ProductRow;

use crate::connection::statement::{columns, statements};

statements! {
    PRODUCT = format!(
        "SELECT {} FROM products WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3",
        columns("products", ProductRow::COLUMNS)
    );
}

/// The registered product of this owner with this id, if there is one.
pub(crate) fn product(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    product: ProductId,
) -> Result<Option<Product>, StoreError> {
    let key = params![
        organization.uuid(),
        product.uuid(),
        owner.to_uuid(organization)
    ];
    let row: Option<ProductRow> = PRODUCT.row(connection, key)?;
    row.map(|row| row.decode(organization)).transpose()
}
