//! Stock and its transactions.

use std::collections::BTreeMap;

use super::ledger::{Ledger, difference};
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Balance, Change, CreateStock, DeleteStock, EntryAction, EntryHash, Location, Needs,
    Owner, Position, ProductId, Quantity, RecordChange, Refusal, STOCK_LOCATIONS_MAX, SetLocations,
    Slug, State, Stock, StockId, StockKey, Timestamp,
};

impl Request for CreateStock {
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
            located.insert(location.id, (location.slug.clone(), *quantity));
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

        // From here on it is certain.
        let created_at = creation_time(state, key, context.now);
        let mut stock = Stock {
            id: StockId::new(context.ids.next_id(created_at)),
            product: self.product,
            owner,
            product_owner,
            unlocated: Balance::default(),
            unlocated_held: Quantity::ZERO,
            located: located
                .iter()
                .map(|(id, (slug, _))| {
                    let slug = slug.clone();
                    let balance = Balance::default();
                    let held = Quantity::ZERO;
                    let position = Position {
                        slug,
                        balance,
                        held,
                    };
                    (*id, position)
                })
                .collect(),
            sequence: 0,
            last_hash: EntryHash([0; 32]),
            created_at,
            updated_at: created_at,
            next_expiry: None,
        };
        stock.last_hash = EntryHash::start(&stock);
        let mut ledger = Ledger::open(stock, actor, context);
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

impl Request for SetLocations {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_stock(needs, actor.acting, self.product);
        for owner in actor.acting.visible() {
            for slug in self.located.keys() {
                needs.location_slugs.insert((owner, slug.clone()));
            }
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
                    let position = after.located.entry(location.id).or_insert(Position {
                        slug: location.slug.clone(),
                        balance: Balance::default(),
                        held: Quantity::ZERO,
                    });
                    position.balance.available = *available;
                }
                None if current.is_some_and(|balance| !balance.allocated.is_zero()) => {
                    return Err(Refusal::LocationAllocated {
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

        // From here on it is certain.
        let mut ledger = Ledger::open(stock.clone(), actor, context);
        for (location, quantity) in located {
            if quantity.is_some() {
                ledger.add_location(location.id, location.slug.clone());
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

impl Request for DeleteStock {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.management.insert(self.product);
        need_visible_stock(needs, actor.acting, self.product);
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

/// When stock that is created now begins: behind the stock that its owner had of the product
/// before, also where the clock of another server, by which that was deleted, is ahead. So at no
/// time there are two, and their ids, which begin with that time, are in the order in which they
/// were there.
fn creation_time(state: &State, key: StockKey, now: Timestamp) -> Timestamp {
    state
        .management
        .get(&key.product)
        .and_then(|management| management.last_deleted.get(&key.owner))
        .map_or(now, |deleted_at| now.max(deleted_at.plus_milliseconds(1)))
}

/// Needs the stock of a product that `acting` sees, whoever holds it.
pub(super) fn need_visible_stock(needs: &mut Needs, acting: Owner, product: ProductId) {
    for owner in acting.visible() {
        needs.stocks.insert(StockKey { product, owner });
    }
}

/// Needs the location of this slug that `acting` sees, whoever has it.
pub(super) fn need_location(needs: &mut Needs, acting: Owner, slug: Option<&str>) {
    if let Some(slug) = slug.and_then(|slug| Slug::new(slug).ok()) {
        for owner in acting.visible() {
            needs.location_slugs.insert((owner, slug.clone()));
        }
    }
}

/// Whose product it is for one who creates stock of it: a product that the store registered is the
/// store's, an organization-level one the organization's, and one that nobody registered belongs
/// to its creator.
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

/// Whether an organization-level product has stock somewhere, and the organization doesn't allow
/// it in several places.
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

pub(super) fn known_location<'a>(
    state: &'a State,
    owner: Owner,
    slug: &str,
) -> Result<&'a Location, Refusal> {
    Slug::new(slug)
        .ok()
        .and_then(|slug| state.location(owner, &slug))
        .ok_or_else(|| Refusal::unknown_location(slug))
}

/// The location that `slug` names for a stock. Without stock it isn't known whose locations are
/// meant; one that nobody has whom the caller sees is refused before the missing stock is.
pub(super) fn location_for<'a>(
    state: &'a State,
    actor: &Actor,
    stock: Option<&Stock>,
    slug: &str,
) -> Result<&'a Location, Refusal> {
    match stock {
        Some(stock) => known_location(state, stock.owner, slug),
        None => actor
            .acting
            .visible()
            .find_map(|owner| known_location(state, owner, slug).ok())
            .ok_or_else(|| Refusal::unknown_location(slug)),
    }
}

pub(super) fn check_location_count(locations: usize) -> Result<(), Refusal> {
    if locations > STOCK_LOCATIONS_MAX {
        return Err(Refusal::TooManyStockLocations {
            locations_max: STOCK_LOCATIONS_MAX,
        });
    }
    Ok(())
}
