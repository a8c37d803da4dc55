//! Decisions on stock as a whole: creating it, setting its locations, deleting it.

use std::collections::BTreeMap;

use super::lookup::{check_location_count, known_location, location_for, need_visible_stock};
use super::{Position, Stock, StockKey};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LedgerWriter, Needs, RecordChange, Refusal, State,
    difference,
};
use crate::ledger::{Balance, EntryAction, EntryHash};
use crate::locations::Location;
use crate::policies::Policy;
use crate::transfers::OpenTransfers;
use crate::values::{Owner, ProductId, Quantity, Slug, StockId, Timestamp};

/// Creates stock of a product for the owner on whose behalf the caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStock {
    /// The product.
    pub product: ProductId,
    /// The available quantity of the unlocated pool.
    pub unlocated: Quantity,
    /// The available quantity of each location.
    pub located: BTreeMap<Slug, Quantity>,
}

/// Sets the available quantity in locations of a stock, or removes locations from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLocations {
    /// The product.
    pub product: ProductId,
    /// For each location named, the quantity to be available there, or `None` to remove it.
    pub located: BTreeMap<Slug, Option<Quantity>>,
    /// The figures of the whole stock, if the client sent them. Without any location they must equal the
    /// stock's; with locations they are ignored.
    pub echoed: EchoedFigures,
}

/// Figures of a whole stock that a client sends back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EchoedFigures {
    /// The available figure, if it was sent.
    pub available: Option<Quantity>,
    /// The allocated figure, if it was sent.
    pub allocated: Option<Quantity>,
    /// The total, if it was sent.
    pub total: Option<Quantity>,
}

impl EchoedFigures {
    /// Whether every figure that was sent equals that of a stock with these sums.
    #[must_use]
    pub fn are_those_of(self, sums: Balance) -> bool {
        let is = |echoed: Option<Quantity>, figure| echoed.is_none_or(|it| it == figure);
        is(self.available, sums.available)
            && is(self.allocated, sums.allocated)
            && is(self.total, sums.total())
    }
}

/// Deletes a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteStock {
    /// The product.
    pub product: ProductId,
}

impl Decide for CreateStock {
    type Answer = Stock;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "create"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        let owner = actor.acting;
        needs.organization = true;
        needs.management.insert(self.product);
        needs.products.insert((owner, self.product));
        needs.stocks.insert(StockKey {
            product: self.product,
            owner,
        });
        for slug in self.located.keys() {
            needs.location_slugs.insert((owner, slug.clone()));
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Stock>, Refusal> {
        let owner = actor.acting;
        let mut located = BTreeMap::new();
        for (slug, quantity) in &self.located {
            let location = known_location(state, owner, slug.as_str())?;
            located.insert(location.id, (location, *quantity));
        }
        let key = StockKey {
            product: self.product,
            owner,
        };
        if state.stocks.contains_key(&key) {
            return Err(Refusal::StockExists);
        }
        let product_owner = product_owner(state, owner, self.product);
        if product_owner == Owner::Organization && managed_elsewhere(state, self.product) {
            return Err(Refusal::InvalidProductIdentifier);
        }
        self.located
            .values()
            .try_fold(self.unlocated, |sum, quantity| sum.checked_add(*quantity))
            .ok_or(Refusal::TotalTooLarge)?;
        check_location_count(located.len())?;

        // Point of no return: everything below must succeed.
        let created_at = creation_time(state, key, context.now);
        let mut stock = Stock {
            id: StockId::new(context.ids.next_id(created_at)),
            product: self.product,
            owner,
            product_owner,
            unlocated: Balance::default(),
            unlocated_held: Quantity::ZERO,
            unlocated_set_aside: Quantity::ZERO,
            located: located
                .iter()
                .map(|(id, (location, _))| (*id, Position::empty(location)))
                .collect(),
            sequence: 0,
            last_hash: EntryHash([0; 32]),
            created_at,
            updated_at: created_at,
            next_expiry: None,
            policy: Policy::default(),
        };
        stock.last_hash =
            EntryHash::start(stock.id, stock.product, stock.owner, stock.product_owner);
        let mut ledger = LedgerWriter::open(stock, actor, context);
        let positions = std::iter::once((None, self.unlocated)).chain(
            located
                .iter()
                .map(|(id, (_, quantity))| (Some(*id), *quantity)),
        );
        for (location, quantity) in positions.filter(|(_, quantity)| !quantity.is_zero()) {
            let balance = Balance {
                available: quantity,
                allocated: Quantity::ZERO,
            };
            ledger.write(location, EntryAction::Create, quantity, balance);
        }
        if ledger.is_empty() {
            let nothing = Balance::default();
            ledger.write(None, EntryAction::Create, Quantity::ZERO, nothing);
        }
        let mut decision = ledger.close();
        if product_owner == Owner::Organization {
            let organization_level = RecordChange::OrganizationLevel(self.product, true);
            decision.changes.push(Change::Record(organization_level));
        }
        Ok(decision)
    }
}

impl Decide for SetLocations {
    type Answer = Stock;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "put"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        for owner in actor.acting.visible() {
            for slug in self.located.keys() {
                needs.location_slugs.insert((owner, slug.clone()));
            }
        }
        if self.located.values().any(Option::is_none) {
            need_open_transfers(needs, actor.acting, self.product);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Stock>, Refusal> {
        let stock = state.visible_stock(actor.acting, self.product);
        if let Some(stock) = stock {
            actor.may_administer(stock.owner)?;
        }
        let mut located: Vec<(&Location, Option<Quantity>)> = Vec::new();
        for (slug, quantity) in &self.located {
            let location = location_for(state, actor, stock, slug.as_str())?;
            located.push((location, *quantity));
        }
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        if self.located.is_empty() && !self.echoed.are_those_of(stock.sums()) {
            return Err(Refusal::FiguresNotSet);
        }
        let mut after = stock.clone();
        for (location, quantity) in &located {
            let current = stock.balance(Some(location.id));
            match quantity {
                Some(available) => {
                    let position = after.located.entry(location.id);
                    let position = position.or_insert_with(|| Position::empty(location));
                    position.balance.available = *available;
                }
                None if current.is_some_and(|balance| !balance.allocated.is_zero()) => {
                    return Err(Refusal::LocationAllocated {
                        slug: location.slug.clone(),
                    });
                }
                None if open_transfers(stock, state)
                    .is_some_and(|open| open.locations.contains(&location.id)) =>
                {
                    return Err(Refusal::LocationInTransfer {
                        slug: location.slug.clone(),
                    });
                }
                None => {
                    after.located.remove(&location.id);
                }
            }
        }
        after
            .located
            .values()
            .try_fold(after.unlocated, |sum, position| {
                sum.checked_add(position.balance)
            })
            .ok_or(Refusal::TotalTooLarge)?;
        check_location_count(after.located.len())?;

        // Point of no return: everything below must succeed.
        let mut ledger = LedgerWriter::open(stock.clone(), actor, context);
        for (location, quantity) in located {
            if quantity.is_some() {
                ledger.add_location(location);
            }
            let current = stock.balance(Some(location.id)).unwrap_or_default();
            let available = quantity.unwrap_or_default();
            let (action, difference) = difference(current.available, available);
            if !difference.is_zero() {
                let balance = Balance {
                    available,
                    ..current
                };
                ledger.write(Some(location.id), action, difference, balance);
            }
            if quantity.is_none() {
                ledger.remove_location(location.id);
            }
        }
        Ok(ledger.close())
    }
}

impl Decide for DeleteStock {
    type Answer = ();

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "delete"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.management.insert(self.product);
        need_visible_stock(needs, actor.acting, self.product);
        need_open_transfers(needs, actor.acting, self.product);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let stock = state
            .visible_stock(actor.acting, self.product)
            .ok_or(Refusal::UnknownStock)?;
        actor.may_administer(stock.owner)?;
        if open_transfers(stock, state).is_some() {
            return Err(Refusal::StockInTransfer);
        }
        if stock.is_held() {
            return Err(Refusal::StockReserved);
        }
        let deleted_at = context.now.max(stock.updated_at);
        Ok(Decision {
            changes: vec![Change::StockDeleted(stock.key(), deleted_at)],
            answer: (),
        })
    }
}

/// Adds the lines of open transfers of the stock that `acting` sees to the needs.
fn need_open_transfers(needs: &mut Needs, acting: Owner, product: ProductId) {
    let keys = acting.visible().map(|owner| StockKey { product, owner });
    needs.open_transfers.extend(keys);
}

/// The lines of open transfers of a stock, if there are any.
fn open_transfers<'a>(stock: &Stock, state: &'a State) -> Option<&'a OpenTransfers> {
    let open = state.open_transfers.get(&stock.key());
    open.filter(|open| open.lines > 0)
}

/// Time of creation of a stock that is created now: after the deletion of the owner's previous stock of
/// the product, even if that was deleted by another server whose clock is ahead. So two stocks never
/// overlap in time, and their ids, which begin with that time, sort in the order of their creation.
fn creation_time(state: &State, key: StockKey, now: Timestamp) -> Timestamp {
    state
        .management
        .get(&key.product)
        .and_then(|management| management.last_deleted.get(&key.owner))
        .map_or(now, |deleted_at| now.max(deleted_at.plus_milliseconds(1)))
}

/// The owner of a product of which `creator` creates stock. A product that the store registered belongs
/// to the store, an organization-level product to the organization, and a product that nobody registered
/// to the creator of its stock.
fn product_owner(state: &State, creator: Owner, product: ProductId) -> Owner {
    let own = state.products.contains_key(&(creator, product));
    let organization_level = state
        .management
        .get(&product)
        .is_some_and(|management| management.organization_level);
    if organization_level && !own {
        Owner::Organization
    } else {
        creator
    }
}

/// Whether an organization-level product has stock of some owner, and the organization doesn't allow
/// several owners.
fn managed_elsewhere(state: &State, product: ProductId) -> bool {
    let per_store_stock = state
        .organization
        .as_ref()
        .is_some_and(|organization| organization.settings.per_store_stock);
    !per_store_stock
        && state
            .management
            .get(&product)
            .is_some_and(|management| !management.managed_by.is_empty())
}
