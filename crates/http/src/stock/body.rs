//! Stock.

use std::collections::BTreeMap;

use serde::Serialize;
use stockroom_domain::{Balance, OrganizationId, Owner, Stock};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Timestamps;
use crate::request::Form;

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

#[derive(Serialize, ToSchema)]
struct StockAttributes {
    #[serde(flatten)]
    sums: Figures,
    /// The figures in each location, by its slug.
    locations: BTreeMap<String, Figures>,
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
        Self::with(stock, form, None)
    }

    /// The stock, with the numbers for those who keep a copy if `copied` names the organization.
    pub(crate) fn with(stock: Stock, form: Form, copied: Option<OrganizationId>) -> Self {
        let stock_id = stock.id.uuid();
        let sequence = copied.map(|_| stock.sequence);
        let owner = copied.map(|organization| OwnerBody::new(stock.owner, organization));
        let id = stock.product.uuid();
        let sums = Figures::from(stock.sums());
        match form {
            Form::Basic => Self::Basic(BasicStock {
                id,
                r#type: "stock",
                total: sums.total,
                available: sums.available,
                allocated: sums.allocated,
                stock_id: copied.map(|_| stock_id),
                sequence,
                owner,
            }),
            Form::MultiLocation => Self::MultiLocation(MultiLocationStock {
                id,
                r#type: "stock",
                attributes: StockAttributes {
                    sums,
                    locations: stock
                        .located
                        .into_values()
                        .map(|position| (position.slug.to_string(), position.balance.into()))
                        .collect(),
                },
                meta: StockMeta {
                    stock_id,
                    timestamps: Timestamps::new(stock.created_at, stock.updated_at),
                    sequence,
                    owner,
                },
            }),
        }
    }
}
