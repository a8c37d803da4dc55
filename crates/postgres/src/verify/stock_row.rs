//! The row of a stock with its positions and the lines of reservations, and its decoding.

use stockroom_domain::{
    HeldTotals, LocationId, OrganizationId, Owner, ProductId, RawBalance, RawStock, StockId,
};
use stockroom_sql::raw_policy;
use uuid::Uuid;

use super::rows::hash;

/// What the statement for stock gives, by columns.
pub(super) struct StockRow {
    pub(super) is_current: bool,
    pub(super) stock_id: Uuid,
    pub(super) product_id: Uuid,
    pub(super) owner_id: Uuid,
    pub(super) product_owner_id: Uuid,
    pub(super) available: i64,
    pub(super) allocated: i64,
    pub(super) unlocated_available: i64,
    pub(super) unlocated_allocated: i64,
    pub(super) sequence: i64,
    pub(super) last_hash: Vec<u8>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) unlocated_held: i64,
    pub(super) unlocated_set_aside: i64,
    pub(super) next_expiry: Option<i64>,
    pub(super) policy: Option<String>,
    pub(super) low: bool,
    pub(super) location_ids: Option<Vec<Uuid>>,
    pub(super) located_available: Option<Vec<i64>>,
    pub(super) located_allocated: Option<Vec<i64>>,
    pub(super) located_held: Option<Vec<i64>>,
    pub(super) located_set_aside: Option<Vec<i64>>,
    pub(super) located_policies: Option<Vec<Option<String>>>,
    pub(super) located_low: Option<Vec<bool>>,
    pub(super) line_location_ids: Option<Vec<Option<Uuid>>>,
    pub(super) line_open: Option<Vec<i64>>,
    pub(super) line_set_aside: Option<Vec<i64>>,
    pub(super) first_expiry: Option<i64>,
}

impl StockRow {
    /// Decodes the stock. Impossible values stay as they are.
    pub(super) fn decode(self, organization: OrganizationId) -> RawStock {
        let available = self.located_available.into_iter().flatten();
        let figures = available.zip(self.located_allocated.into_iter().flatten());
        let locations = self.location_ids.into_iter().flatten();
        let locations: Vec<_> = locations.map(LocationId::new).collect();
        let mut held = HeldTotals {
            first_expiry: self.next_expiry,
            ..HeldTotals::default()
        };
        held.add(None, self.unlocated_held, self.unlocated_set_aside);
        let pieces = self.located_held.into_iter().flatten();
        let pieces = pieces.zip(self.located_set_aside.into_iter().flatten());
        for (location, (pieces, set_aside)) in locations.iter().zip(pieces) {
            held.add(Some(*location), pieces, set_aside);
        }
        let texts = self.located_policies.into_iter().flatten();
        let lows = self.located_low.into_iter().flatten();
        let located = locations.iter().zip(texts.zip(lows));
        let policies = located.map(|(location, (text, low))| (Some(*location), text, low));
        let policies = std::iter::once((None, self.policy, self.low)).chain(policies);
        let policies = policies
            .filter_map(|(location, text, low)| Some((location, raw_policy(text, low)?)))
            .collect();
        let mut lines = HeldTotals {
            first_expiry: self.first_expiry,
            ..HeldTotals::default()
        };
        let open = self.line_open.into_iter().flatten();
        let open = open.zip(self.line_set_aside.into_iter().flatten());
        let location_ids = self.line_location_ids.into_iter().flatten();
        for (location_id, (pieces, set_aside)) in location_ids.zip(open) {
            lines.add(location_id.map(LocationId::new), pieces, set_aside);
        }
        RawStock {
            id: StockId::new(self.stock_id),
            product: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            product_owner: Owner::from_uuid(self.product_owner_id, organization),
            is_current: self.is_current,
            sums: RawBalance {
                available: self.available,
                allocated: self.allocated,
            },
            unlocated: RawBalance {
                available: self.unlocated_available,
                allocated: self.unlocated_allocated,
            },
            located: locations
                .into_iter()
                .zip(figures)
                .map(|(location, (available, allocated))| {
                    let balance = RawBalance {
                        available,
                        allocated,
                    };
                    (location, balance)
                })
                .collect(),
            policies,
            held,
            lines,
            sequence: self.sequence,
            last_hash: hash(&self.last_hash).ok(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
