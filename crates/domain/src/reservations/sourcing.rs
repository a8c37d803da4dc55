//! The rules by which locations are chosen. (Source: the contract of planning.)

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::decision::Needs;
use crate::locations::Geolocation;
use crate::stock::Position;
use crate::stock::lookup::need_location;
use crate::values::{Invalid, LocationId, Owner, Slug, Split};

/// The rules by which locations are chosen for the items of a reservation that name none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourcing {
    /// The order in which locations are looked at.
    pub order: SourcingOrder,
    /// Whether several locations may serve the reservation.
    pub split: Split,
    /// The slugs of the only locations that may serve it, if not all may; the unlocated pool may not.
    pub only: Option<BTreeSet<String>>,
}

/// The order in which locations are looked at. The unlocated pool comes last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourcingOrder {
    /// By priority, and then the oldest first.
    #[default]
    Priority,
    /// The nearest to this point first. Locations of which nobody knows where they are come last.
    Nearest(Geolocation),
}

impl Sourcing {
    /// The largest number of items for which locations are chosen. (Source: the contract of planning.)
    pub const ITEMS_MAX: usize = 100;

    /// The largest number of slugs in [`only`](Self::only). (Source: the contract of planning.)
    pub const ONLY_MAX: usize = 100;

    /// The rules with this order, split, and list of the only locations.
    ///
    /// # Errors
    /// [`Invalid`] if the list is too long.
    pub fn new(
        order: SourcingOrder,
        split: Split,
        only: Option<Vec<String>>,
    ) -> Result<Self, Invalid> {
        if only
            .as_ref()
            .is_some_and(|only| only.len() > Self::ONLY_MAX)
        {
            let rule = format!("a list of at most {} locations", Self::ONLY_MAX);
            return Err(Invalid::new("sourcing.only", rule));
        }
        Ok(Self {
            order,
            split,
            only: only.map(|only| only.into_iter().collect()),
        })
    }

    /// Adds the locations that it names to the needs.
    pub(super) fn needs(&self, acting: Owner, needs: &mut Needs) {
        for slug in self.only.iter().flatten() {
            need_location(needs, acting, Some(slug));
        }
    }

    pub(super) fn admits(&self, slug: &Slug) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.contains(slug.as_str()))
    }

    /// Compares the places of two locations in the order.
    pub(super) fn compare(
        &self,
        one: (LocationId, &Position),
        other: (LocationId, &Position),
    ) -> Ordering {
        let by_distance = match self.order {
            SourcingOrder::Priority => Ordering::Equal,
            SourcingOrder::Nearest(near) => {
                let distance = |position: &Position| {
                    let point = position.geolocation;
                    point.map_or(f64::INFINITY, |point| point.distance_meters(near))
                };
                distance(one.1).total_cmp(&distance(other.1))
            }
        };
        // Ids are in the order of creation.
        by_distance
            .then_with(|| one.1.priority.cmp(&other.1.priority))
            .then_with(|| one.0.cmp(&other.0))
    }
}
