//! Filters and orders of products.

use stockroom_application::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductSort,
};
use stockroom_domain::{CommodityType, ProductStatus};
use utoipa::IntoParams;

use crate::answer::ApiError;
use crate::filter::{conditions, flag, named, nullable_searched_text, searched_text};
use crate::request::sort_word;

/// The order of a list of products.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct ProductSortParameter {
    /// `name`, `sku`, `created_at` or `updated_at`, with `-` before it for the last one first. Texts are
    /// sorted without regard to letter case; products without a SKU come before all others.
    #[param(required = false, example = "-updated_at")]
    sort: String,
}

/// More about products.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct ProductIncludeParameter {
    /// `stock` for the figures of the product's stock.
    #[param(required = false, example = "stock")]
    include: String,
}

const STATUSES: &[(&str, ProductStatus)] = &[
    ("draft", ProductStatus::Draft),
    ("live", ProductStatus::Live),
];

const COMMODITY_TYPES: &[(&str, CommodityType)] = &[
    ("physical", CommodityType::Physical),
    ("digital", CommodityType::Digital),
];

/// Parses a filter on products.
pub(crate) fn products(filter: Option<&str>) -> Result<ProductFilter, ApiError> {
    let indexed = |text| move |condition| ProductCondition::Text(text, condition);
    let conditions = conditions(filter, || {
        vec![
            searched_text("name", indexed(IndexedText::Name)),
            nullable_searched_text("sku", indexed(IndexedText::Sku)),
            nullable_searched_text("slug", indexed(IndexedText::Slug)),
            nullable_searched_text("external_ref", indexed(IndexedText::ExternalRef)),
            nullable_searched_text("description", ProductCondition::Description),
            named("status", STATUSES, ProductCondition::Status),
            named(
                "commodity_type",
                COMMODITY_TYPES,
                ProductCondition::CommodityType,
            ),
            flag("manage_stock", ProductCondition::ManageStock),
        ]
    })?;
    Ok(ProductFilter(conditions))
}

/// The order that `sort` asks for, and its name; unknown ones are ignored.
pub(crate) fn order(sort: Option<&str>) -> (ProductOrder, String) {
    let text = sort.unwrap_or_default();
    let (word, descending) = sort_word(text);
    let by = match word {
        "created_at" => ProductSort::CreatedAt,
        "updated_at" => ProductSort::UpdatedAt,
        "name" => ProductSort::Name,
        "sku" => ProductSort::Sku,
        _ => return (ProductOrder::default(), String::new()),
    };
    let order = ProductOrder { by, descending };
    let name = if order == ProductOrder::default() {
        ""
    } else {
        text
    };
    (order, name.to_owned())
}
