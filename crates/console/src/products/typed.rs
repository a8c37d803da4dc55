//! What people type about a product, and what all forms of this kind have in common.

use serde::Deserialize;
use stockroom_domain::{
    CommodityType, Invalid, Patch, Product, ProductId, ProductStatus, ProductText, Quantity,
    RegisterProduct, Stock, UpdateProduct,
};

use crate::activity::number_of;

/// A text without white space around it, and with plain ends of lines; `None` if nothing is left of it.
pub(crate) fn told(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The sentence for a value that isn't taken, with the words that the form has for its field.
pub(crate) fn must(label: &str, invalid: &Invalid) -> String {
    format!("{label} must be {}.", invalid.rule)
}

/// The value of a field that may be left empty.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn optional<T>(
    label: &'static str,
    text: &str,
    new: impl FnOnce(&'static str, String) -> Result<T, Invalid>,
) -> Result<Option<T>, String> {
    let value = told(text).map(|text| new(label, text));
    value.transpose().map_err(|invalid| must(label, &invalid))
}

/// The change of a field that may be left empty: none if it is as the form showed it.
///
/// # Errors
/// A sentence for the person.
pub(crate) fn patch<T>(
    label: &'static str,
    typed: &str,
    shown: &str,
    new: impl FnOnce(&'static str, String) -> Result<T, Invalid>,
) -> Result<Patch<T>, String> {
    if is_as_shown(typed, shown) {
        return Ok(Patch::Keep);
    }
    let value = optional(label, typed, new)?;
    Ok(value.map_or(Patch::Clear, Patch::Set))
}

/// Whether a text is the one that the form showed. Browsers change the ends of lines, or leave them out of
/// fields that have one line only.
fn is_as_shown(typed: &str, shown: &str) -> bool {
    let plain = |text: &str| text.replace('\r', "").trim().to_owned();
    plain(typed) == plain(shown) || typed.trim() == shown.replace(['\r', '\n'], "").trim()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_as_it_was_shown_is_kept() {
        let patch = |typed, shown| patch("The text", typed, shown, ProductText::new).unwrap();
        assert_eq!(patch("a\r\nb", "a\nb"), Patch::Keep);
        assert_eq!(patch("ab", "a\nb"), Patch::Keep);
        assert_eq!(patch("", ""), Patch::Keep);
        assert_eq!(patch(" ", "a"), Patch::Clear);
        let text = ProductText::new("text", "b\nc").unwrap();
        assert_eq!(patch(" b\r\nc ", "a"), Patch::Set(text));
    }

    #[test]
    fn a_text_that_is_too_long_is_told_with_the_words_of_the_form() {
        let long = "x".repeat(1_025);
        assert_eq!(
            optional("The SKU", &long, ProductText::new),
            Err("The SKU must be a text of 1 to 1024 characters.".to_owned())
        );
    }
}
