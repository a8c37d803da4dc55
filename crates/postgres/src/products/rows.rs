//! Products.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    CommodityType, OrganizationId, Owner, Product, ProductId, ProductStatus, ProductText,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::owned;
use crate::connection::session::Session;
use crate::row::Row;

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
            products.updated_at AS "updated_at!"
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

/// The word that the database stores for a status.
pub(crate) const fn status_word(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Draft => "draft",
        ProductStatus::Live => "live",
    }
}

/// The word that the database stores for a commodity type.
pub(crate) const fn commodity_type_word(commodity_type: CommodityType) -> &'static str {
    match commodity_type {
        CommodityType::Physical => "physical",
        CommodityType::Digital => "digital",
    }
}

struct ProductRow {
    product_id: Uuid,
    owner_id: Uuid,
    name: String,
    sku: Option<String>,
    slug: Option<String>,
    description: Option<String>,
    status: String,
    commodity_type: String,
    manage_stock: bool,
    external_ref: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl ProductRow {
    fn decode(self, organization: OrganizationId) -> Result<Product, StoreError> {
        let row = Row::new("products", self.product_id);
        let optional = |column: &'static str, text: Option<String>| {
            let text = text.map(|text| ProductText::new(column, text));
            row.valid(column, text.transpose())
        };
        Ok(Product {
            id: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", ProductText::new("name", self.name))?,
            sku: optional("sku", self.sku)?,
            slug: optional("slug", self.slug)?,
            description: optional("description", self.description)?,
            status: [ProductStatus::Draft, ProductStatus::Live]
                .into_iter()
                .find(|status| status_word(*status) == self.status)
                .ok_or_else(|| row.corrupt("status"))?,
            commodity_type: [CommodityType::Physical, CommodityType::Digital]
                .into_iter()
                .find(|commodity_type| commodity_type_word(*commodity_type) == self.commodity_type)
                .ok_or_else(|| row.corrupt("commodity_type"))?,
            manage_stock: self.manage_stock,
            external_ref: optional("external_ref", self.external_ref)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
        })
    }
}
