//! Loads products that commands need.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, Owner, ProductId, State};
use stockroom_sql::Row;
use uuid::Uuid;

use super::rows;
use crate::connection::statement::statements;

statements! {
    IS_ORGANIZATION_LEVEL = "
        SELECT count(*) FROM organization_products WHERE organization_id = ?1 AND product_id = ?2
    ";

    HOLDERS = "
        SELECT owner_id FROM stocks
        WHERE organization_id = ?1 AND product_id = ?2 AND product_owner_id = ?1
    ";

    LAST_DELETED = "
        SELECT owner_id, max(deleted_at)
        FROM deleted_stocks INDEXED BY deleted_stocks_of_product
        WHERE organization_id = ?1 AND product_id = ?2
        GROUP BY owner_id
    ";

    IS_IN_A_STORE = "
        SELECT EXISTS (
            SELECT 1 FROM products
            WHERE organization_id = ?1 AND product_id = ?2 AND owner_id <> ?1
        )
    ";

    BY_SKU = "
        SELECT product_id FROM products
        WHERE organization_id = ?1 AND owner_id = ?2 AND sku = ?3
    ";

    BY_EXTERNAL_REF = "
        SELECT product_id FROM products
        WHERE organization_id = ?1 AND owner_id = ?2 AND external_ref = ?3
    ";
}

/// Adds to `state` where the stock of these products is managed, and when each owner's was last
/// deleted.
pub(crate) fn management(
    connection: &Connection,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    state: &mut State,
) -> Result<(), StoreError> {
    for product in products {
        let key = params![organization.uuid(), product.uuid()];
        let management = state.management.entry(*product).or_default();
        management.organization_level = IS_ORGANIZATION_LEVEL.number(connection, key)? > 0;
        for (owner_id,) in HOLDERS.rows(connection, key)? {
            let owner = Owner::from_uuid(owner_id, organization);
            management.managed_by.insert(owner);
        }
        for (owner_id, deleted_at) in LAST_DELETED.rows(connection, key)? {
            let row = Row::new("deleted_stocks", product.uuid());
            let deleted_at = row.timestamp("deleted_at", deleted_at)?;
            let owner = Owner::from_uuid(owner_id, organization);
            management.last_deleted.insert(owner, deleted_at);
        }
    }
    Ok(())
}

pub(crate) fn products(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = needs.products.clone();
    for (statement, texts) in [
        (&BY_SKU, &needs.skus),
        (&BY_EXTERNAL_REF, &needs.external_refs),
    ] {
        for (owner, text) in texts {
            let owner_id = owner.to_uuid(organization);
            let key = params![organization.uuid(), owner_id, text.as_str()];
            let found: Option<(Uuid,)> = statement.row(connection, key)?;
            keys.extend(found.map(|(product_id,)| (*owner, ProductId::new(product_id))));
        }
    }
    for (owner, product) in keys {
        if let Some(product) = rows::product(connection, organization, owner, product)? {
            state.add_product(product);
        }
    }
    for product in &needs.store_products {
        let key = params![organization.uuid(), product.uuid()];
        if IS_IN_A_STORE.number(connection, key)? > 0 {
            state.store_products.insert(*product);
        }
    }
    Ok(())
}
