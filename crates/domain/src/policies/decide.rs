//! Decisions on policies.

use std::collections::BTreeMap;

use super::{Alert, Policy};
use crate::decision::{Actor, Change, Context, Decide, Decision, Needs, Refusal, State};
use crate::stock::Stock;
use crate::stock::lookup::need_visible_stock;
use crate::values::{Patch, ProductId, Quantity};

/// The named fields of a policy, or of its part for one location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyUpdate {
    /// Another number of pieces to hold back.
    pub safety_stock: Patch<Quantity>,
    /// Other alerts.
    pub alerts: Patch<Vec<Alert>>,
}

/// Changes the named fields of the policy of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPolicy {
    /// The product.
    pub product: ProductId,
    /// The fields of the whole stock.
    pub update: PolicyUpdate,
    /// By slug, the fields of locations that the stock has; `None` clears those of a location, and
    /// [`Patch::Clear`] those of all. A text that is not a slug is refused like an unknown location.
    pub locations: Patch<BTreeMap<String, Option<PolicyUpdate>>>,
}

/// Deletes the policy of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletePolicy {
    /// The product.
    pub product: ProductId,
}

impl Decide for SetPolicy {
    type Answer = Stock;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "set_policy"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Stock>, Refusal> {
        let stock = administered(state, actor, self.product)?;
        let mut after = stock.clone();
        self.update.apply(&mut after.policy);
        match &self.locations {
            Patch::Keep => {}
            Patch::Clear => clear_locations(&mut after),
            Patch::Set(locations) => {
                for (slug, update) in locations {
                    let id = stock.location_of(slug);
                    let position = id.and_then(|id| after.located.get_mut(&id));
                    let position = position.ok_or_else(|| Refusal::not_stocked(slug))?;
                    match update {
                        None => position.policy = Policy::default(),
                        Some(update) => update.apply(&mut position.policy),
                    }
                }
            }
        }
        Ok(changed(stock, after, context))
    }
}

impl Decide for DeletePolicy {
    type Answer = ();

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "delete_policy"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let stock = administered(state, actor, self.product)?;
        let mut after = stock.clone();
        after.policy = Policy::default();
        clear_locations(&mut after);
        Ok(changed(stock, after, context).map(|_| ()))
    }
}

impl PolicyUpdate {
    /// Changes a policy. An alert whose figures stay the same is on or off as it was.
    fn apply(&self, policy: &mut Policy) {
        let safety_stock = self.safety_stock.clone().apply(Some(policy.safety_stock));
        policy.safety_stock = safety_stock.unwrap_or_default();
        let before = std::mem::take(&mut policy.alerts);
        let alerts = self.alerts.clone().apply(Some(before.clone()));
        let alerts = alerts.unwrap_or_default().into_iter();
        let alerts = alerts.map(|alert| {
            let same = before.iter().find(|it| it.is_like(&alert));
            same.copied().unwrap_or(alert)
        });
        policy.alerts = alerts.collect();
    }
}

fn administered<'a>(
    state: &'a State,
    actor: &Actor,
    product: ProductId,
) -> Result<&'a Stock, Refusal> {
    let stock = state.visible_stock(actor.acting, product);
    let stock = stock.ok_or(Refusal::UnknownStock)?;
    actor.may_administer(stock.owner)?;
    Ok(stock)
}

fn clear_locations(stock: &mut Stock) {
    for position in stock.located.values_mut() {
        position.policy = Policy::default();
    }
}

/// The change of a policy. It comes a millisecond after the last change of the stock, if not later, so that
/// the events of a stock have an order although a policy has no number of its own.
fn changed(before: &Stock, after: Stock, context: &Context<'_>) -> Decision<Stock> {
    if after == *before {
        return Decision::unchanged(after);
    }
    let next = before.updated_at.plus_milliseconds(1);
    let after = Stock {
        updated_at: context.now.max(next),
        ..after
    };
    Decision {
        changes: vec![Change::Policy(after.clone())],
        answer: after,
    }
}
