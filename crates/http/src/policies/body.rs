//! Policies of stock, and their alerts.

use std::collections::BTreeMap;

use serde::Serialize;
use stockroom_domain::{Alert, AlertCause, Policy, Stock, StockAlert};
use utoipa::ToSchema;
use uuid::Uuid;

/// The policy of a product's stock.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPolicy)]
pub(crate) struct PolicyBody {
    /// The product's id.
    id: Uuid,
    /// Always `stock-policy`.
    r#type: &'static str,
    attributes: PolicyAttributes,
}

#[derive(Serialize, ToSchema)]
struct PolicyAttributes {
    #[serde(flatten)]
    whole: PlacePolicy,
    /// By slug, the locations of whose part of the stock anything is said.
    locations: BTreeMap<String, PlacePolicy>,
}

/// The policy of a whole stock, or of its part in one location.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPolicyPart)]
struct PlacePolicy {
    /// The number of pieces that no reservation takes.
    safety_stock: u64,
    /// The levels at which an event tells of it.
    alerts: Vec<AlertBody>,
}

/// A level of available pieces at which an event tells of it.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPolicyAlert)]
struct AlertBody {
    /// The event `stock.low` comes when this many pieces are available, or fewer.
    at: u64,
    /// The event `stock.recovered` comes when this many are available again, or more.
    rearm_at: u64,
}

impl From<&Stock> for PolicyBody {
    fn from(stock: &Stock) -> Self {
        let located = stock.located.values();
        let located = located.filter(|position| !position.policy.is_default());
        let located =
            located.map(|position| (position.slug.to_string(), (&position.policy).into()));
        Self {
            id: stock.product.uuid(),
            r#type: "stock-policy",
            attributes: PolicyAttributes {
                whole: (&stock.policy).into(),
                locations: located.collect(),
            },
        }
    }
}

impl From<&Policy> for PlacePolicy {
    fn from(policy: &Policy) -> Self {
        Self {
            safety_stock: policy.safety_stock.get(),
            alerts: policy.alerts.iter().map(AlertBody::from).collect(),
        }
    }
}

impl From<&Alert> for AlertBody {
    fn from(alert: &Alert) -> Self {
        Self {
            at: alert.at.get(),
            rearm_at: alert.rearm_at.get(),
        }
    }
}

/// An alert that has gone on or off, as its event shows it.
#[derive(Serialize)]
pub(crate) struct StockAlertBody {
    product_id: Uuid,
    /// The slug of the location, if the alert is that of one.
    location: Option<String>,
    scope: &'static str,
    #[serde(flatten)]
    alert: AlertBody,
    /// The number of available pieces, which the alert looks at.
    level: u64,
    total: u64,
    allocated: u64,
    sellable: u64,
    sequence: u64,
    /// The movement; null if the policy was changed.
    by: Option<CauseBody>,
}

#[derive(Serialize)]
struct CauseBody {
    transaction_id: Uuid,
    reason: Option<String>,
    reference: Option<String>,
}

impl From<StockAlert> for StockAlertBody {
    fn from(alert: StockAlert) -> Self {
        let balance = alert.balance;
        let location = alert.location.map(|(_, slug)| slug.to_string());
        Self {
            product_id: alert.product.uuid(),
            scope: if location.is_some() {
                "location"
            } else {
                "stock"
            },
            location,
            alert: (&alert.alert).into(),
            level: balance.available.get(),
            total: balance.total().get(),
            allocated: balance.allocated.get(),
            sellable: alert.sellable.get(),
            sequence: alert.sequence,
            by: alert.by.map(CauseBody::from),
        }
    }
}

impl From<AlertCause> for CauseBody {
    fn from(cause: AlertCause) -> Self {
        let annotation = cause.annotation;
        Self {
            transaction_id: cause.transaction.uuid(),
            reason: annotation.reason.map(|text| text.to_string()),
            reference: annotation.reference.map(|text| text.to_string()),
        }
    }
}
