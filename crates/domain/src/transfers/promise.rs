//! Available to promise: the pieces that can be sold by a time, with those expected until then.
//!
//! (Source of all rules: the contract of transfers.)

use std::collections::{BTreeMap, BTreeSet};

use crate::stock::Stock;
use crate::values::{LocationId, Quantity, Timestamp, TransferId};

/// Pieces of a stock that are under way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The transfer.
    pub transfer: TransferId,
    /// The location that they go to; `None` for the unlocated pool.
    pub location: Option<LocationId>,
    /// Whether buyers can order from there.
    pub sells: bool,
    /// Time at which they are expected, if one is named.
    pub expected_at: Option<Timestamp>,
    /// The number of pieces.
    pub quantity: Quantity,
}

/// A stock and all that is under way to it, for questions about what can be sold by a time.
#[derive(Debug, Clone, Copy)]
pub struct Promise<'a> {
    /// The stock.
    pub stock: &'a Stock,
    /// The pieces under way, in any order.
    pub expected: &'a [Expected],
    /// The time of asking: what was expected before it is overdue, and not promised.
    pub now: Timestamp,
}

/// A rise of the number of pieces that can be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForecastStep {
    /// Time of the step: now for the first, and then those at which pieces are expected.
    pub at: Timestamp,
    /// The number of pieces that can be sold from then on.
    pub sellable: u64,
    /// The transfer and its pieces; `None` for the first step.
    pub arrival: Option<(TransferId, Quantity)>,
}

/// The number of pieces that can be sold over time. It never falls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The steps, the present first, in the order of their times.
    pub steps: Vec<ForecastStep>,
    /// Whether there are more steps than the limit.
    pub has_more: bool,
    /// The pieces that were expected before now, and aren't promised until their date is moved.
    pub overdue: u64,
    /// The pieces that are expected at no time, and aren't promised.
    pub undated: u64,
}

impl Forecast {
    /// The largest number of steps.
    pub const STEPS_MAX: usize = 100;
}

impl Promise<'_> {
    /// The pieces of a position that can be sold by a time: what is there and is expected until then, without the
    /// position's safety stock; none if it doesn't sell.
    #[must_use]
    pub fn by_at(&self, location: Option<LocationId>, until: Timestamp) -> u64 {
        if !self.sells_at(location) {
            return 0;
        }
        let position = location.and_then(|location| self.stock.located.get(&location));
        let safety_stock = position.map_or(0, |position| position.policy.safety_stock.get());
        self.there(location, until).saturating_sub(safety_stock)
    }

    /// The pieces of the whole stock that can be sold by a time: those of all positions, and no more than leaves
    /// the stock's own safety stock among them.
    #[must_use]
    pub fn by(&self, until: Timestamp) -> u64 {
        let places = self.selling();
        let by_position = places.iter().map(|place| self.by_at(*place, until));
        let by_position = by_position.fold(0, u64::saturating_add);
        let there = places.iter().map(|place| self.there(*place, until));
        let there = there.fold(0, u64::saturating_add);
        by_position.min(there.saturating_sub(self.stock.policy.safety_stock.get()))
    }

    /// The forecast of the whole stock, for what goes to positions that sell.
    #[must_use]
    pub fn forecast(&self) -> Forecast {
        self.over_time(|it| self.sells_at(it.location), |until| self.by(until))
    }

    /// The forecast of one position.
    #[must_use]
    pub fn forecast_at(&self, location: Option<LocationId>) -> Forecast {
        self.over_time(
            |it| it.location == location,
            |until| self.by_at(location, until),
        )
    }

    fn over_time(
        &self,
        concerns: impl Fn(&Expected) -> bool,
        sellable: impl Fn(Timestamp) -> u64,
    ) -> Forecast {
        let mut forecast = Forecast::default();
        let mut dated = BTreeMap::new();
        for expected in self.expected.iter().filter(|it| concerns(it)) {
            let pieces = expected.quantity.get();
            match expected.expected_at {
                None => forecast.undated = forecast.undated.saturating_add(pieces),
                Some(at) if at < self.now => {
                    forecast.overdue = forecast.overdue.saturating_add(pieces);
                }
                Some(at) => {
                    dated.insert((at, expected.transfer), expected.quantity);
                }
            }
        }
        let present = (self.now, None);
        let arrivals = dated.into_iter();
        let arrivals = arrivals.map(|((at, transfer), quantity)| (at, Some((transfer, quantity))));
        let mut steps = std::iter::once(present).chain(arrivals);
        let first = steps.by_ref().take(Forecast::STEPS_MAX);
        forecast.steps = first
            .map(|(at, arrival)| ForecastStep {
                at,
                sellable: sellable(at),
                arrival,
            })
            .collect();
        forecast.has_more = steps.next().is_some();
        forecast
    }

    /// The positions that sell: those of the stock, and those that it gets when pieces arrive there.
    fn selling(&self) -> BTreeSet<Option<LocationId>> {
        let located = self.stock.located.keys().copied().map(Some);
        let expected = self.expected.iter().map(|expected| expected.location);
        let places = std::iter::once(None).chain(located).chain(expected);
        places.filter(|place| self.sells_at(*place)).collect()
    }

    fn sells_at(&self, location: Option<LocationId>) -> bool {
        let mut expected = self.expected.iter();
        match location {
            Some(id) if !self.stock.located.contains_key(&id) => {
                expected.any(|it| it.location == location && it.sells)
            }
            place => self.stock.sells_at(place),
        }
    }

    /// The pieces available at a position, and those expected there from now until a time.
    fn there(&self, location: Option<LocationId>, until: Timestamp) -> u64 {
        let available = self.stock.balance(location).unwrap_or_default().available;
        let expected = self.expected.iter().filter(|it| it.location == location);
        let in_time = expected.filter(|it| {
            let expected_at = it.expected_at;
            expected_at.is_some_and(|at| self.now <= at && at <= until)
        });
        let pieces = in_time.map(|it| it.quantity.get());
        pieces.fold(available.get(), u64::saturating_add)
    }
}
