//! Stock.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use stockroom_application::ports::PlannedStock;
use stockroom_application::{Caller, Stockroom};
use stockroom_domain::{
    Balance, OrganizationId, Owner, Product, ProductId, Stock, StockId, Timestamp,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::planning::{PlanningBody, PlanningView};
use crate::answer::{ApiError, Timestamps};
use crate::request::{Form, Include, not_allowed};

/// Stock, in one of the two forms.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Stock)]
pub(crate) enum StockBody {
    Basic(BasicStock),
    MultiLocation(MultiLocationStock),
}

/// Stock in the basic form.
#[derive(Serialize, ToSchema)]
pub(crate) struct BasicStock {
    /// The product's id.
    id: Uuid,
    /// Always `stock`.
    r#type: &'static str,
    /// Available and allocated together.
    total: u64,
    /// What can be sold.
    available: u64,
    /// What is reserved or paid for.
    allocated: u64,
    /// The id of this stock itself, new each time stock is created; with `include=sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_id: Option<Uuid>,
    /// The number of the last transaction, with `include=sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// Who has the stock, with `include=sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerBody>,
    /// The registered product, with `include=product`; left out if it isn't registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ProductNames>,
    /// What of it may be sold, with `include=planning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    planning: Option<PlanningBody>,
}

/// What a registered product is called.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductNames {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ref: Option<String>,
}

impl From<Product> for ProductNames {
    fn from(product: Product) -> Self {
        Self {
            name: product.name.to_string(),
            sku: product.sku.map(|text| text.to_string()),
            external_ref: product.external_ref.map(|text| text.to_string()),
        }
    }
}

/// What is shown of stock in addition.
#[derive(Default)]
pub(crate) struct Additions {
    /// The organization, if the numbers are shown that who keeps a copy of stock compares.
    copied: Option<OrganizationId>,
    /// The part of the planning that is shown, if any, and the time of asking.
    planning: Option<(PlanningView, Timestamp)>,
    /// Each stock with what is under way to it, as of one moment.
    planned: HashMap<StockId, PlannedStock>,
    products: HashMap<ProductId, Product>,
}

impl Additions {
    /// Reads what `include` asks for about the stock of these products.
    pub(crate) async fn read(
        stockroom: &Stockroom,
        caller: &Caller,
        include: &Include,
        products: impl IntoIterator<Item = ProductId>,
    ) -> Result<Self, ApiError> {
        let mut additions = Self {
            copied: include.has("sequence").then_some(caller.organization),
            planning: None,
            planned: HashMap::new(),
            products: HashMap::new(),
        };
        let products: Vec<ProductId> = products.into_iter().collect();
        if include.has("planning") {
            additions.planning = Some((PlanningView::of(caller), stockroom.now()));
            let planned = stockroom.planned_stocks(caller, &products).await?;
            let planned = planned.into_iter().map(|it| (it.stock.id, it));
            additions.planned = planned.collect();
        }
        if include.has("product") {
            let administrator = caller.clone().administrator().ok_or_else(not_allowed)?;
            let products = stockroom.products(&administrator, &products).await?;
            let products = products.into_iter().map(|product| (product.id, product));
            additions.products = products.collect();
        }
        Ok(additions)
    }
}

/// Who has the stock.
#[derive(Serialize, ToSchema)]
struct OwnerBody {
    /// `organization` or `store`.
    r#type: &'static str,
    id: Uuid,
}

impl OwnerBody {
    fn new(owner: Owner, organization: OrganizationId) -> Self {
        let r#type = match owner {
            Owner::Organization => "organization",
            Owner::Store(_) => "store",
        };
        let id = owner.to_uuid(organization);
        Self { r#type, id }
    }
}

/// Stock in the multi-location form.
#[derive(Serialize, ToSchema)]
pub(crate) struct MultiLocationStock {
    /// The product's id.
    id: Uuid,
    /// Always `stock`.
    r#type: &'static str,
    attributes: StockAttributes,
    meta: StockMeta,
}

/// The figures of stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct StockAttributes {
    #[serde(flatten)]
    sums: Figures,
    /// The figures in each location, by its slug.
    locations: BTreeMap<String, Figures>,
    /// The registered product, with `include=product`; left out if it isn't registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ProductNames>,
    /// What of it may be sold, with `include=planning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    planning: Option<PlanningBody>,
}

impl From<Stock> for StockAttributes {
    fn from(stock: Stock) -> Self {
        let sums = stock.sums().into();
        let located = stock.located.into_values();
        let locations =
            located.map(|position| (position.slug.to_string(), position.balance.into()));
        Self {
            sums,
            locations: locations.collect(),
            product: None,
            planning: None,
        }
    }
}

/// Figures of stock; those of a whole stock are the sums over the unlocated pool and all
/// locations.
#[derive(Serialize, ToSchema)]
pub(crate) struct Figures {
    /// What can be sold.
    available: u64,
    /// What is reserved or paid for.
    allocated: u64,
    /// Both together.
    total: u64,
}

#[derive(Serialize, ToSchema)]
struct StockMeta {
    /// The id of this stock itself, new each time stock is created.
    stock_id: Uuid,
    timestamps: Timestamps,
    /// The number of the last transaction, with `include=sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// Who has the stock, with `include=sequence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerBody>,
}

impl From<Balance> for Figures {
    fn from(balance: Balance) -> Self {
        Self {
            available: balance.available.get(),
            allocated: balance.allocated.get(),
            total: balance.total().get(),
        }
    }
}

impl StockBody {
    pub(crate) fn new(stock: Stock, form: Form) -> Self {
        Self::with(stock, form, &mut Additions::default())
    }

    /// The stock, with what is asked for in addition.
    pub(crate) fn with(stock: Stock, form: Form, additions: &mut Additions) -> Self {
        let copied = additions.copied;
        let product = additions.products.remove(&stock.product);
        let product = product.map(ProductNames::from);
        // The figures have to be of the same moment as what is under way.
        let planned = additions.planned.remove(&stock.id);
        let planned = planned.unwrap_or_else(|| PlannedStock {
            stock,
            expected: Vec::new(),
        });
        let planning = additions.planning;
        let planning = planning.map(|(view, now)| view.show(&planned, now, form));
        let stock = planned.stock;
        let stock_id = stock.id.uuid();
        let sequence = copied.map(|_| stock.sequence);
        let owner = copied.map(|organization| OwnerBody::new(stock.owner, organization));
        let id = stock.product.uuid();
        let timestamps = Timestamps::new(stock.created_at, stock.updated_at);
        match form {
            Form::Basic => {
                let sums = Figures::from(stock.sums());
                Self::Basic(BasicStock {
                    id,
                    r#type: "stock",
                    total: sums.total,
                    available: sums.available,
                    allocated: sums.allocated,
                    stock_id: copied.map(|_| stock_id),
                    sequence,
                    owner,
                    product,
                    planning,
                })
            }
            Form::MultiLocation => Self::MultiLocation(MultiLocationStock {
                id,
                r#type: "stock",
                attributes: StockAttributes {
                    product,
                    planning,
                    ..stock.into()
                },
                meta: StockMeta {
                    stock_id,
                    timestamps,
                    sequence,
                    owner,
                },
            }),
        }
    }
}
