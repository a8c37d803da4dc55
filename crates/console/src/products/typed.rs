//! What people type about a product.

use serde::Deserialize;
use stockroom_domain::{
    CommodityType, Patch, Product, ProductId, ProductStatus, ProductText, Quantity,
    RegisterProduct, Stock, UpdateProduct,
};

use crate::page::{is_as_shown, must, number_of, optional, patch, told};

/// The fields of both forms of a product.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sku: String,
    pub(super) slug: String,
    pub(super) description: String,
    /// `draft` or `live`.
    pub(super) status: String,
    /// `physical` or `digital`.
    pub(super) commodity_type: String,
    /// Nothing if it isn't ticked.
    pub(super) manage_stock: String,
    pub(super) external_ref: String,
    pub(super) stock: String,
    /// The version of the product that the form showed.
    pub(super) version: String,
    /// The pieces without a location that the form showed; nothing if there was no stock.
    pub(super) seen: String,
}

impl Typed {
    /// The fields as a product has them.
    pub(super) fn of(product: &Product, stock: Option<&Stock>) -> Self {
        let text = |text: &Option<ProductText>| text.as_ref().map(ToString::to_string);
        let status = match product.status {
            ProductStatus::Draft => "draft",
            ProductStatus::Live => "live",
        };
        let commodity_type = match product.commodity_type {
            CommodityType::Physical => "physical",
            CommodityType::Digital => "digital",
        };
        Self {
            id: product.id.to_string(),
            name: product.name.to_string(),
            sku: text(&product.sku).unwrap_or_default(),
            slug: text(&product.slug).unwrap_or_default(),
            description: text(&product.description).unwrap_or_default(),
            status: status.to_owned(),
            commodity_type: commodity_type.to_owned(),
            manage_stock: if product.manage_stock { "on" } else { "" }.to_owned(),
            external_ref: text(&product.external_ref).unwrap_or_default(),
            stock: String::new(),
            version: product.version.to_string(),
            seen: unlocated(stock),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.status == "live"
    }

    pub(super) fn is_digital(&self) -> bool {
        self.commodity_type == "digital"
    }

    fn status(&self) -> ProductStatus {
        if self.is_live() {
            ProductStatus::Live
        } else {
            ProductStatus::Draft
        }
    }

    fn commodity_type(&self) -> CommodityType {
        if self.is_digital() {
            CommodityType::Digital
        } else {
            CommodityType::Physical
        }
    }

    fn name(&self) -> Result<ProductText, String> {
        let name = told(&self.name).unwrap_or_default();
        ProductText::new("name", name).map_err(|invalid| must("The name", &invalid))
    }

    /// The level of the stock; `None` if none was typed.
    fn level(&self) -> Result<Option<Quantity>, String> {
        let Some(text) = told(&self.stock) else {
            return Ok(None);
        };
        let level = number_of(&text).map(Some);
        let max = Quantity::MAX.get();
        level.ok_or_else(|| format!("“{text}” isn't a whole number of pieces from 0 to {max}."))
    }

    /// The request to register the product.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn register(&self) -> Result<RegisterProduct, String> {
        let id = told(&self.id).map(|id| {
            let uuid = "00000000-0000-0000-0000-000000000000";
            ProductId::parse(&id).ok_or_else(|| format!("The id must be a UUID, such as {uuid}."))
        });
        Ok(RegisterProduct {
            id: id.transpose()?,
            name: self.name()?,
            sku: optional("The SKU", &self.sku, ProductText::new)?,
            slug: optional("The slug", &self.slug, ProductText::new)?,
            description: optional("The description", &self.description, ProductText::new)?,
            status: self.status(),
            commodity_type: self.commodity_type(),
            manage_stock: !self.manage_stock.is_empty(),
            external_ref: optional(
                "The external reference",
                &self.external_ref,
                ProductText::new,
            )?,
            stock: self.level()?,
        })
    }

    /// The request to change the product, with those fields alone that differ from what it has: sending
    /// back that its stock is managed would create stock that somebody has deleted.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn update(&self, product: &Product) -> Result<UpdateProduct, String> {
        let shown = Self::of(product, None);
        let manage_stock = !self.manage_stock.is_empty();
        Ok(UpdateProduct {
            id: product.id,
            name: if is_as_shown(&self.name, &shown.name) {
                None
            } else {
                Some(self.name()?)
            },
            sku: patch("The SKU", &self.sku, &shown.sku, ProductText::new)?,
            slug: patch("The slug", &self.slug, &shown.slug, ProductText::new)?,
            description: patch(
                "The description",
                &self.description,
                &shown.description,
                ProductText::new,
            )?,
            status: Some(self.status()).filter(|status| *status != product.status),
            commodity_type: Some(self.commodity_type())
                .filter(|commodity| *commodity != product.commodity_type),
            manage_stock: Some(manage_stock).filter(|managed| *managed != product.manage_stock),
            external_ref: patch(
                "The external reference",
                &self.external_ref,
                &shown.external_ref,
                ProductText::new,
            )?,
            stock: self.level()?,
        })
    }
}

/// The pieces of a stock without a location, as a form keeps them.
pub(super) fn unlocated(stock: Option<&Stock>) -> String {
    stock.map_or_else(String::new, |stock| stock.unlocated.total().to_string())
}

/// The request that changes nothing.
pub(super) const fn nothing(id: ProductId) -> UpdateProduct {
    UpdateProduct {
        id,
        name: None,
        sku: Patch::Keep,
        slug: Patch::Keep,
        description: Patch::Keep,
        status: None,
        commodity_type: None,
        manage_stock: None,
        external_ref: Patch::Keep,
        stock: None,
    }
}
