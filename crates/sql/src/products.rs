//! Products.

use stockroom_application::ports::{IndexedText, ProductSort, StoreError};
use stockroom_domain::{
    CommodityType, OrganizationId, Owner, Product, ProductId, ProductStatus, ProductText, SearchKey,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer};

row! {
    /// A row of `products`.
    ProductRow {
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
        version: i64,
        name_key: String,
        sku_key: String,
        slug_key: String,
        external_key: String,
    }
}

/// An index of products: of an owner, by a value, and then by the product's id.
#[derive(Clone, Copy)]
pub struct ProductIndex {
    /// The name of the index.
    pub name: &'static str,
    /// The column of the value. The key of a text is empty for a product without such a text.
    pub column: &'static str,
    /// The condition under which a row is in the index, where indexes have conditions. Each product that
    /// is listed or looked for fulfils it.
    pub predicate: &'static str,
}

impl ProductIndex {
    /// The index that finds products by a text.
    #[must_use]
    pub const fn of_text(text: IndexedText) -> Self {
        match text {
            IndexedText::Name => Self {
                name: "products_by_name",
                column: "products.name_key",
                predicate: "products.name_key >= ''",
            },
            IndexedText::Sku => Self {
                name: "products_by_sku",
                column: "products.sku_key",
                predicate: "products.sku_key >= ''",
            },
            IndexedText::Slug => Self {
                name: "products_by_slug",
                column: "products.slug_key",
                predicate: "products.slug_key > ''",
            },
            IndexedText::ExternalRef => Self {
                name: "products_by_external_ref",
                column: "products.external_key",
                predicate: "products.external_key > ''",
            },
        }
    }

    /// The index in whose order products are listed.
    #[must_use]
    pub const fn of_sort(sort: ProductSort) -> Self {
        match sort {
            ProductSort::CreatedAt => Self {
                name: "products_of_owner",
                column: "products.created_at",
                predicate: "products.created_at >= 0",
            },
            ProductSort::UpdatedAt => Self {
                name: "products_by_update",
                column: "products.updated_at",
                predicate: "products.updated_at >= 0",
            },
            ProductSort::Name => Self::of_text(IndexedText::Name),
            ProductSort::Sku => Self::of_text(IndexedText::Sku),
        }
    }
}

impl ProductRow {
    /// The columns that never change.
    pub const CONSTANT: &'static [&'static str] = &["product_id", "owner_id", "created_at"];

    /// The row of a product.
    #[must_use]
    pub fn of(product: &Product, organization: OrganizationId) -> Self {
        let text = |text: &Option<ProductText>| text.as_ref().map(|it| it.as_str().to_owned());
        let key = |text: Option<&ProductText>| {
            let key = text.map_or_else(SearchKey::default, |it| SearchKey::of(it.as_str()));
            key.as_str().to_owned()
        };
        Self {
            product_id: product.id.uuid(),
            owner_id: product.owner.to_uuid(organization),
            name: product.name.as_str().to_owned(),
            sku: text(&product.sku),
            slug: text(&product.slug),
            description: text(&product.description),
            status: status_word(product.status).to_owned(),
            commodity_type: commodity_type_word(product.commodity_type).to_owned(),
            manage_stock: product.manage_stock,
            external_ref: text(&product.external_ref),
            created_at: product.created_at.as_milliseconds(),
            updated_at: product.updated_at.as_milliseconds(),
            version: integer(product.version),
            name_key: key(Some(&product.name)),
            sku_key: key(product.sku.as_ref()),
            slug_key: key(product.slug.as_ref()),
            external_key: key(product.external_ref.as_ref()),
        }
    }

    /// Decodes the product.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<Product, StoreError> {
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
            version: row.valid("version", u64::try_from(self.version))?,
        })
    }
}

/// The word that databases store for a status.
#[must_use]
pub const fn status_word(status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Draft => "draft",
        ProductStatus::Live => "live",
    }
}

/// The word that databases store for a commodity type.
#[must_use]
pub const fn commodity_type_word(commodity_type: CommodityType) -> &'static str {
    match commodity_type {
        CommodityType::Physical => "physical",
        CommodityType::Digital => "digital",
    }
}
