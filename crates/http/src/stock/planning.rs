//! What of the stock may be sold, with `include=planning`.

use std::collections::BTreeMap;

use serde::Serialize;
use stockroom_application::Caller;
use stockroom_application::ports::PlannedStock;
use stockroom_domain::{Policy, Stock, Timestamp};
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
    /// The number of pieces that are under way to the stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    incoming: Option<u64>,
    /// The pieces that are expected next at places from which buyers can order; null if none are.
    next_delivery: Option<NextDelivery>,
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

/// Pieces that are expected.
#[derive(Serialize, ToSchema)]
#[schema(as = StockPlanningDelivery)]
struct NextDelivery {
    /// The time at which they are expected.
    #[schema(value_type = String, format = DateTime)]
    expected_at: String,
    /// Their number.
    quantity: u64,
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
    /// The number of pieces that are under way to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    incoming: Option<u64>,
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
    /// The number of pieces that are under way to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    incoming: Option<u64>,
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
    pub(crate) fn show(self, planned: &PlannedStock, now: Timestamp, form: Form) -> PlanningBody {
        let is_whole = self == Self::Whole;
        let promise = planned.promise(now);
        let stock = &planned.stock;
        let whole = |pieces: u64| is_whole.then_some(pieces);
        // With the locations in which the stock isn't yet.
        let shown = promise.with_places();
        let located = shown.located.iter().map(|(id, position)| {
            let planning = LocationPlanning {
                sellable: stock.sellable_at(Some(*id)).get(),
                incoming: whole(promise.incoming_at(Some(*id))),
                enabled: is_whole.then_some(position.enabled),
                safety_stock: whole(position.policy.safety_stock.get()),
                set_aside: whole(position.set_aside.get()),
            };
            (position.slug.to_string(), planning)
        });
        let next_delivery = promise.next_delivery();
        PlanningBody {
            stock_id: (is_whole && form == Form::Basic).then_some(stock.id.uuid()),
            sellable: stock.sellable().get(),
            safety_stock: whole(stock.policy.safety_stock.get()),
            incoming: whole(promise.incoming()),
            next_delivery: next_delivery.map(|(at, quantity)| NextDelivery {
                expected_at: at.to_string(),
                quantity,
            }),
            set_aside: whole(stock.set_aside_in_all().get()),
            alerts_on: is_whole.then(|| alerts_on(stock)),
            sequence: whole(stock.sequence),
            unlocated: UnlocatedPlanning {
                sellable: stock.sellable_at(None).get(),
                incoming: whole(promise.incoming_at(None)),
                set_aside: whole(stock.unlocated_set_aside.get()),
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
