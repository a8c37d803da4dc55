//! The state that commands are decided on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::imports::Import;
use crate::integrations::{Integration, IntegrationSecrets};
use crate::keys::ApplicationKey;
use crate::ledger::Corrections;
use crate::locations::Location;
use crate::products::Product;
use crate::reservations::{LapsedLines, Reservation};
use crate::stock::{Stock, StockKey};
use crate::tenancy::Organization;
use crate::transfers::{Expected, OpenTransfers, Transfer};
use crate::values::{
    ImportId, IntegrationId, KeyId, LocationId, OrderId, Owner, ProductId, ProductText,
    ReservationId, Slug, Timestamp, TransactionId, TransferId,
};

/// The owners that manage stock of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockOwnership {
    /// Whether the product is organization-level: registered by the organization, or never
    /// registered and once managed by it.
    pub organization_level: bool,
    /// The owners that have stock of it as an organization-level product.
    pub managed_by: BTreeSet<Owner>,
    /// For each owner without stock of it, the time at which the owner's last stock was deleted.
    pub last_deleted: BTreeMap<Owner, Timestamp>,
}

/// Count and reserved rate limits of one owner's keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyTotals {
    /// The number of keys.
    pub keys: u64,
    /// The sum of their reserved rate limits, in requests per second.
    pub reserved_rate_limit: u64,
}

/// The loaded [`Needs`](crate::Needs) of the commands of one organization, with the changes of the commands decided
/// before in the same batch. Decisions read nothing else but idempotency records.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The organization, if it exists.
    pub organization: Option<Organization>,
    /// The owners that manage stock of each needed product.
    pub management: HashMap<ProductId, StockOwnership>,
    /// Registered products. Several stores may each have a product of the same id.
    pub products: HashMap<(Owner, ProductId), Product>,
    /// Those of the needed ids under which a store has registered a product of its own.
    pub store_products: HashSet<ProductId>,
    /// The product that has a `sku`.
    pub skus: HashMap<(Owner, ProductText), ProductId>,
    /// The product that has an `external_ref`.
    pub external_refs: HashMap<(Owner, ProductText), ProductId>,
    /// Living locations.
    pub locations: HashMap<LocationId, Location>,
    /// Those of the needed locations that have stock.
    pub locations_in_use: HashSet<LocationId>,
    /// Those of the needed locations between which open transfers move pieces.
    pub locations_in_transfers: HashSet<LocationId>,
    /// The number of living locations of an owner.
    pub location_counts: HashMap<Owner, u64>,
    /// Current stock.
    pub stocks: HashMap<StockKey, Stock>,
    /// Application keys.
    pub keys: HashMap<KeyId, ApplicationKey>,
    /// Count and reserved rate limits of an owner's keys.
    pub key_totals: HashMap<Owner, KeyTotals>,
    /// Those of the needed entries that are undone.
    pub undone: HashSet<TransactionId>,
    /// Reservations, as they are stored.
    pub reservations: HashMap<ReservationId, Reservation>,
    /// The last reservation of an order; it is also in [`reservations`](Self::reservations).
    pub orders: HashMap<(Owner, OrderId), ReservationId>,
    /// The expired lines of current stock that is [due](Stock::due).
    pub due: HashMap<StockKey, LapsedLines>,
    /// The past states of current stock at given times, if it existed then.
    pub past: HashMap<(StockKey, Timestamp), Stock>,
    /// The corrections made after a given time in ledgers of current stock.
    pub corrections: HashMap<(StockKey, Timestamp), Corrections>,
    /// Integrations, and their secrets.
    pub integrations: HashMap<IntegrationId, (Integration, IntegrationSecrets)>,
    /// The number of an owner's integrations.
    pub integration_counts: HashMap<Owner, u64>,
    /// Imports.
    pub imports: HashMap<ImportId, Import>,
    /// Transfers.
    pub transfers: HashMap<TransferId, Transfer>,
    /// The lines of open transfers of current stock, if there are any.
    pub open_transfers: HashMap<StockKey, OpenTransfers>,
    /// The pieces under way to current stock, if there are any.
    pub expected: HashMap<StockKey, Vec<Expected>>,
    location_slugs: HashMap<(Owner, Slug), LocationId>,
}

impl State {
    /// Adds a location that was loaded.
    pub fn add_location(&mut self, location: Location) {
        self.location_slugs
            .insert((location.owner, location.slug.clone()), location.id);
        self.locations.insert(location.id, location);
    }

    /// Removes a location that was made since the state was loaded.
    pub(crate) fn forget_new_location(&mut self, location: &Location) {
        let slug = (location.owner, location.slug.clone());
        self.location_slugs.remove(&slug);
        self.locations.remove(&location.id);
        if let Some(count) = self.location_counts.get_mut(&location.owner) {
            *count = count.saturating_sub(1);
        }
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
        // Looked up with an owned key: the map can't be searched with a pair of references.
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
