//! Positions: the parts of stock in locations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Balance, LocationId, Position, Slug, Stock};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;
use crate::locations::{decode_geolocation, decode_priority};
use crate::policies::{decode_policy, encode_policy};

row! {
    /// A row of `positions`.
    PositionRow {
        stock_id: Uuid,
        location_id: Uuid,
        available: i64,
        allocated: i64,
        held: i64,
        set_aside: i64,
        policy: Option<String>,
        low: bool,
    }
}

row! {
    /// A position of one stock, with what it shows of its location.
    LocatedRow {
        location_id: Uuid,
        slug: String,
        enabled: bool,
        priority: i64,
        latitude: Option<f64>,
        longitude: Option<f64>,
        available: i64,
        allocated: i64,
        held: i64,
        set_aside: i64,
        policy: Option<String>,
        low: bool,
    }
}

impl LocatedRow {
    /// Decodes a position of the stock with this id.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, stock_id: Uuid) -> Result<(LocationId, Position), StoreError> {
        let row = Row::new("positions", stock_id);
        let location = Row::new("locations", self.location_id);
        let position = Position {
            slug: location.valid("slug", Slug::new(self.slug))?,
            enabled: self.enabled,
            priority: decode_priority(location, self.priority)?,
            geolocation: decode_geolocation(location, self.latitude, self.longitude)?,
            balance: Balance {
                available: row.quantity("available", self.available)?,
                allocated: row.quantity("allocated", self.allocated)?,
            },
            held: row.quantity("held", self.held)?,
            set_aside: row.quantity("set_aside", self.set_aside)?,
            policy: decode_policy(&row, self.policy.as_deref())?,
        };
        if position.policy.is_low() != self.low {
            return Err(row.corrupt("low"));
        }
        Ok((LocationId::new(self.location_id), position))
    }
}

/// The beginning or the end of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The stock.
    pub stock_id: Uuid,
    /// The location.
    pub location_id: Uuid,
    /// The time, in milliseconds since 1970.
    pub at: i64,
}

/// The changes of positions.
#[derive(Debug, Default)]
pub struct PositionChanges {
    /// New and changed positions.
    pub stored: Vec<PositionRow>,
    /// The spans that begin.
    pub begun: Vec<Span>,
    /// The spans that end: their positions are removed.
    pub ended: Vec<Span>,
}

impl PositionChanges {
    /// The changes of the positions of stock, which is given as it was before, if it existed, and as it
    /// is after.
    pub fn new<'a>(changes: impl Iterator<Item = (Option<&'a Stock>, &'a Stock)>) -> Self {
        let mut sorted = Self::default();
        for (before, after) in changes {
            let span = |location: &LocationId| Span {
                stock_id: after.id.uuid(),
                location_id: location.uuid(),
                at: after.updated_at.as_milliseconds(),
            };
            for (location, position) in &after.located {
                let former = before.and_then(|before| before.located.get(location));
                if former != Some(position) {
                    sorted.stored.push(PositionRow {
                        stock_id: after.id.uuid(),
                        location_id: location.uuid(),
                        available: position.balance.available.into(),
                        allocated: position.balance.allocated.into(),
                        held: position.held.into(),
                        set_aside: position.set_aside.into(),
                        policy: encode_policy(&position.policy),
                        low: position.policy.is_low(),
                    });
                }
                if former.is_none() {
                    sorted.begun.push(span(location));
                }
            }
            for location in before.into_iter().flat_map(|before| before.located.keys()) {
                if !after.located.contains_key(location) {
                    sorted.ended.push(span(location));
                }
            }
        }
        sorted
    }
}
