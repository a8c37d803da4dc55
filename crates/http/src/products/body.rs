//! Products.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use stockroom_application::{Administrator, Stockroom};
use stockroom_domain::{
    Availability, CommodityType, ProductId, ProductStatus, Stock, StockedProduct,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ApiError, Timestamps};
use crate::request::Include;
use crate::stock::body::StockAttributes;

/// A product; flat in both forms.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductBody {
    id: Uuid,
    /// Always `product`.
    r#type: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    status: Status,
    commodity_type: Commodity,
    manage_stock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ref: Option<String>,
    /// The figures of its stock, with `include=stock`; left out if no stock is managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<StockAttributes>,
    meta: ProductMeta,
}

/// The stock to be shown with products.
pub(crate) enum Stocks {
    /// Of each product that has some.
    Shown(HashMap<ProductId, Stock>),
    /// None: nobody asked for it.
    LeftOut,
}

impl Stocks {
    /// Reads the stock of these products, if `include` asks for it.
    pub(crate) async fn read(
        stockroom: &Stockroom,
        administrator: &Administrator,
        include: &Include,
        products: impl IntoIterator<Item = ProductId>,
    ) -> Result<Self, ApiError> {
        if !include.has("stock") {
            return Ok(Self::LeftOut);
        }
        let products: Vec<ProductId> = products.into_iter().collect();
        let stocks = stockroom
            .stock_of_products(administrator, &products)
            .await?;
        let stocks = stocks.into_iter().map(|stock| (stock.product, stock));
        Ok(Self::Shown(stocks.collect()))
    }

    /// A product, with its stock if that is shown.
    pub(crate) fn show(&mut self, product: StockedProduct) -> ProductBody {
        match self {
            Self::LeftOut => product.into(),
            Self::Shown(stocks) => {
                let stock = stocks.remove(&product.product.id);
                // Both figures as of the same time.
                let product = StockedProduct::new(product.product, stock.as_ref());
                let stock = stock.map(StockAttributes::from);
                ProductBody {
                    stock,
                    ..product.into()
                }
            }
        }
    }
}

#[derive(Serialize, ToSchema)]
struct ProductMeta {
    timestamps: Timestamps,
    stock: StockLevel,
}

/// How much of a product there is to buy.
#[derive(Serialize, ToSchema)]
struct StockLevel {
    /// How many pieces are available.
    level: u64,
    /// `in-stock` if any is, else `out-stock`.
    availability: &'static str,
}

/// Whether a product is for sale.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[schema(as = ProductStatus)]
pub(crate) enum Status {
    Draft,
    Live,
}

/// Whether a product needs shipping.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[schema(as = CommodityType)]
pub(crate) enum Commodity {
    Physical,
    Digital,
}

impl TryFrom<String> for Status {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "draft" => Ok(Self::Draft),
            "live" => Ok(Self::Live),
            _ => Err("must be draft or live"),
        }
    }
}

impl From<Status> for ProductStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Draft => Self::Draft,
            Status::Live => Self::Live,
        }
    }
}

impl From<ProductStatus> for Status {
    fn from(status: ProductStatus) -> Self {
        match status {
            ProductStatus::Draft => Self::Draft,
            ProductStatus::Live => Self::Live,
        }
    }
}

impl TryFrom<String> for Commodity {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "physical" => Ok(Self::Physical),
            "digital" => Ok(Self::Digital),
            _ => Err("must be physical or digital"),
        }
    }
}

impl From<Commodity> for CommodityType {
    fn from(commodity: Commodity) -> Self {
        match commodity {
            Commodity::Physical => Self::Physical,
            Commodity::Digital => Self::Digital,
        }
    }
}

impl From<CommodityType> for Commodity {
    fn from(commodity: CommodityType) -> Self {
        match commodity {
            CommodityType::Physical => Self::Physical,
            CommodityType::Digital => Self::Digital,
        }
    }
}

impl From<StockedProduct> for ProductBody {
    fn from(stocked: StockedProduct) -> Self {
        let availability = match stocked.availability() {
            Availability::InStock => "in-stock",
            Availability::OutOfStock => "out-stock",
        };
        let StockedProduct { product, level } = stocked;
        Self {
            id: product.id.uuid(),
            r#type: "product",
            name: product.name.to_string(),
            sku: product.sku.map(|text| text.to_string()),
            slug: product.slug.map(|text| text.to_string()),
            description: product.description.map(|text| text.to_string()),
            status: product.status.into(),
            commodity_type: product.commodity_type.into(),
            manage_stock: product.manage_stock,
            external_ref: product.external_ref.map(|text| text.to_string()),
            stock: None,
            meta: ProductMeta {
                timestamps: Timestamps::new(product.created_at, product.updated_at),
                stock: StockLevel {
                    level: level.get(),
                    availability,
                },
            },
        }
    }
}
