//! What of the stock may be sold, with `include=planning`.

use std::collections::BTreeMap;

use serde::Serialize;
use stockroom_application::Caller;
use stockroom_domain::{LocationId, Policy, Quantity, Stock};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::Form;

/// What of the stock may be sold. Implicit tokens see the numbers of sellable pieces only.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPlanning)]
pub(crate) struct PlanningBody {
    /// The id of this stock itself, which the multi-location form has under `meta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_id: Option<Uuid>,
    /// The number of pieces that a new reservation can have in all.
    sellable: u64,
    /// The number of pieces of the whole stock that are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_stock: Option<u64>,
    /// The number of allocated pieces that are set aside with a reason. The others are committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    /// The alerts that are on: those of the whole stock, then those of its locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts_on: Option<Vec<AlertOn>>,
    /// The number of the last transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    unlocated: UnlocatedPlanning,
    /// The part of the stock in each location, by its slug.
    locations: BTreeMap<String, LocationPlanning>,
}

/// An alert that is on.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPlanningAlert)]
struct AlertOn {
    /// The level at which it went on.
    at: u64,
    /// The slug of the location, or null if it is an alert of the whole stock.
    location: Option<String>,
}

/// What may be sold of the pool outside of locations.
#[derive(Serialize, ToSchema)]
#[schema(as = UnlocatedStockPlanning)]
struct UnlocatedPlanning {
    /// The number of pieces that a new reservation can have there.
    sellable: u64,
    /// The number of allocated pieces there that are set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
}

/// What may be sold from a location.
#[derive(Serialize, ToSchema)]
#[schema(as = LocationStockPlanning)]
struct LocationPlanning {
    /// The number of pieces that a new reservation can have there.
    sellable: u64,
    /// Whether buyers can order from the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// The number of pieces there that are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_stock: Option<u64>,
    /// The number of allocated pieces there that are set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
}

/// The part of the planning that a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanningView {
    /// All of it.
    Whole,
    /// What a storefront needs: the numbers of sellable pieces.
    Storefront,
}

impl PlanningView {
    pub(crate) fn of(caller: &Caller) -> Self {
        if caller.is_administrator() {
            Self::Whole
        } else {
            Self::Storefront
        }
    }

    /// What is shown of this stock.
    pub(crate) fn show(self, stock: &Stock, form: Form) -> PlanningBody {
        let is_whole = self == Self::Whole;
        let sellable_at = |location: Option<LocationId>| stock.sellable_at(location).get();
        let safety_stock = |policy: &Policy| is_whole.then_some(policy.safety_stock.get());
        let set_aside = |pieces: Quantity| is_whole.then_some(pieces.get());
        let located = stock.located.iter().map(|(id, position)| {
            let planning = LocationPlanning {
                sellable: sellable_at(Some(*id)),
                enabled: is_whole.then_some(position.enabled),
                safety_stock: safety_stock(&position.policy),
                set_aside: set_aside(position.set_aside),
            };
            (position.slug.to_string(), planning)
        });
        PlanningBody {
            stock_id: (is_whole && form == Form::Basic).then_some(stock.id.uuid()),
            sellable: stock.sellable().get(),
            safety_stock: safety_stock(&stock.policy),
            set_aside: set_aside(stock.set_aside_in_all()),
            alerts_on: is_whole.then(|| alerts_on(stock)),
            sequence: is_whole.then_some(stock.sequence),
            unlocated: UnlocatedPlanning {
                sellable: sellable_at(None),
                set_aside: set_aside(stock.unlocated_set_aside),
            },
            locations: located.collect(),
        }
    }
}

/// The alerts that are on: those of the whole stock, then those of its locations, by slug.
fn alerts_on(stock: &Stock) -> Vec<AlertOn> {
    let located = stock.located.values();
    let located: BTreeMap<&str, &Policy> = located
        .map(|position| (position.slug.as_str(), &position.policy))
        .collect();
    let located = located.into_iter().map(|(slug, it)| (Some(slug), it));
    let policies = std::iter::once((None, &stock.policy)).chain(located);
    let alerts = policies.flat_map(|(slug, policy)| {
        let on = policy.alerts.iter().filter(|alert| alert.is_on);
        on.map(move |alert| AlertOn {
            at: alert.at.get(),
            location: slug.map(ToOwned::to_owned),
        })
    });
    alerts.collect()
}
