//! Products.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, Product, ProductId};
use stockroom_sql::ProductRow;

use crate::connection::error::failed;
use crate::connection::parameter::owned;
use crate::connection::session::Session;

/// The registered products with these owners and ids that exist, in any order.
pub(crate) async fn products(
    session: &mut Session,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = (Owner, ProductId)>,
) -> Result<Vec<Product>, StoreError> {
    let (owner_ids, ids) = owned(
        organization,
        keys.into_iter().map(|(owner, id)| (owner, id.uuid())),
    );
    let organization_id = organization.uuid();
    sqlx::query_as!(
        ProductRow,
        r#"
        SELECT
            products.product_id AS "product_id!",
            products.owner_id AS "owner_id!",
            products.name AS "name!",
            products.sku AS "sku?",
            products.slug AS "slug?",
            products.description AS "description?",
            products.status AS "status!",
            products.commodity_type AS "commodity_type!",
            products.manage_stock AS "manage_stock!: bool",
            products.external_ref AS "external_ref?",
            products.created_at AS "created_at!",
            products.updated_at AS "updated_at!",
            products.version AS "version!",
            products.name_key AS "name_key!",
            products.sku_key AS "sku_key!",
            products.slug_key AS "slug_key!",
            products.external_key AS "external_key!"
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (product_id, owner_id)
        CROSS JOIN LATERAL (
            SELECT * FROM products
            WHERE products.organization_id = $1
                AND products.product_id = wanted.product_id
                AND products.owner_id = wanted.owner_id
            OFFSET 0
        ) AS products
        "#,
        organization_id,
        &ids,
        &owner_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}
