//! The state that commands are decided on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::keys::ApplicationKey;
use crate::ledger::Corrections;
use crate::locations::Location;
use crate::products::Product;
use crate::reservations::{LapsedLines, Reservation};
use crate::stock::{Stock, StockKey};
use crate::tenancy::Organization;
use crate::values::{
    KeyId, LocationId, OrderId, Owner, ProductId, ProductText, ReservationId, Slug, Timestamp,
    TransactionId,
};

/// Where stock of a product is managed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockOwnership {
    /// Whether the product is organization-level: registered by the organization, or never
    /// registered and once managed by it.
    pub organization_level: bool,
    /// Who holds stock of it as of an organization-level product.
    pub managed_by: BTreeSet<Owner>,
    /// When the last stock of it that an owner no longer has was deleted.
    pub last_deleted: BTreeMap<Owner, Timestamp>,
}

/// Count and reserved rate limits of one owner's keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyTotals {
    /// How many keys there are.
    pub keys: u64,
    /// What they reserve together, in requests per second.
    pub reserved_rate_limit: u64,
}

/// What is known when commands of one organization are decided: all that they [need](Needs), and
/// what those decided before them in the same batch changed.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// Where stock of each needed product is managed.
    pub management: HashMap<ProductId, StockOwnership>,
    /// Registered products. Several stores may have one of the same id.
    pub products: HashMap<(Owner, ProductId), Product>,
    /// The needed ids under which a store has registered a product of its own.
    pub store_products: HashSet<ProductId>,
    /// Who has a `sku`.
    pub skus: HashMap<(Owner, ProductText), ProductId>,
    /// Who has an `external_ref`.
    pub external_refs: HashMap<(Owner, ProductText), ProductId>,
    /// Living locations.
    pub locations: HashMap<LocationId, Location>,
    /// Which of the needed locations stock lies in.
    pub locations_in_use: HashSet<LocationId>,
    /// How many living locations an owner has.
    pub location_counts: HashMap<Owner, u64>,
    /// Current stock.
    pub stocks: HashMap<StockKey, Stock>,
    /// Application keys.
    pub keys: HashMap<KeyId, ApplicationKey>,
    /// Count and reserved rate limits of an owner's keys.
    pub key_totals: HashMap<Owner, KeyTotals>,
    /// Which of the needed entries are undone.
    pub undone: HashSet<TransactionId>,
    /// Reservations, as they are stored.
    pub reservations: HashMap<ReservationId, Reservation>,
    /// The reservation that an order had last; it is among the others.
    pub orders: HashMap<(Owner, OrderId), ReservationId>,
    /// What has run out of the holds on current stock that is [due](Stock::due).
    pub due: HashMap<StockKey, LapsedLines>,
    /// Current stock as it stood at some time, if it was there.
    pub past: HashMap<(StockKey, Timestamp), Stock>,
    /// The corrections in ledgers of current stock that were made after some time.
    pub corrections: HashMap<(StockKey, Timestamp), Corrections>,
    location_slugs: HashMap<(Owner, Slug), LocationId>,
}

impl State {
    /// Adds a location that was loaded.
    pub fn add_location(&mut self, location: Location) {
        self.location_slugs
            .insert((location.owner, location.slug.clone()), location.id);
        self.locations.insert(location.id, location);
    }

    /// Adds a product that was loaded.
    pub fn add_product(&mut self, product: Product) {
        if let Some(sku) = &product.sku {
            self.skus.insert((product.owner, sku.clone()), product.id);
        }
        if let Some(external_ref) = &product.external_ref {
            self.external_refs
                .insert((product.owner, external_ref.clone()), product.id);
        }
        self.products.insert((product.owner, product.id), product);
    }

    /// The owner's living location of this slug.
    #[must_use]
    pub fn location(&self, owner: Owner, slug: &Slug) -> Option<&Location> {
        // Looked up with an owned key: a borrowed pair is no key of the map.
        let id = self.location_slugs.get(&(owner, slug.clone()))?;
        self.locations.get(id)
    }

    /// The stock of a product that `acting` sees: its own, else the organization's.
    #[must_use]
    pub fn visible_stock(&self, acting: Owner, product: ProductId) -> Option<&Stock> {
        acting
            .visible()
            .find_map(|owner| self.stocks.get(&StockKey { product, owner }))
    }

    /// The registered product of this id that `acting` sees: its own, else the organization's.
    #[must_use]
    pub fn visible_product(&self, acting: Owner, id: ProductId) -> Option<&Product> {
        acting
            .visible()
            .find_map(|owner| self.products.get(&(owner, id)))
    }
}
