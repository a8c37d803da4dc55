//! Available to promise: the pieces that can be sold by a time, with those expected until then.
//!
//! (Source of all rules: the contract of transfers.)

use std::collections::BTreeMap;

use super::Expected;
use crate::ledger::Balance;
use crate::locations::Priority;
use crate::policies::Policy;
use crate::stock::{Position, Stock};
use crate::values::{LocationId, Quantity, Slug, Timestamp, TransferId};

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
    /// The stock as it will be at a time, if nothing else happens: with the pieces that are expected from now until
    /// then.
    #[must_use]
    pub fn stock_by(&self, until: Timestamp) -> Stock {
        let mut stock = self.stock.clone();
        let in_time = self.expected.iter().filter(|it| {
            let expected_at = it.expected_at;
            expected_at.is_some_and(|at| self.now <= at && at <= until)
        });
        for it in in_time {
            let balance = match &it.to {
                None => &mut stock.unlocated,
                Some((id, slug)) => {
                    let position = stock.located.entry(*id);
                    let position = position.or_insert_with(|| Position::to_be(slug, it.sells));
                    &mut position.balance
                }
            };
            balance.available = balance.available.saturating_add(it.quantity);
        }
        stock
    }

    /// The stock with a position in each location that pieces go to.
    #[must_use]
    pub fn with_places(&self) -> Stock {
        let mut stock = self.stock.clone();
        for it in self.expected {
            if let Some((id, slug)) = &it.to {
                let position = stock.located.entry(*id);
                position.or_insert_with(|| Position::to_be(slug, it.sells));
            }
        }
        stock
    }

    /// The pieces of a position that can be sold by a time: what is there and is expected until then, without the
    /// position's safety stock; none if it doesn't sell.
    #[must_use]
    pub fn by_at(&self, location: Option<LocationId>, until: Timestamp) -> u64 {
        self.stock_by(until).sellable_at(location).get()
    }

    /// The pieces of the whole stock that can be sold by a time: those of all positions, and no more than leaves
    /// the stock's own safety stock among them.
    #[must_use]
    pub fn by(&self, until: Timestamp) -> u64 {
        self.stock_by(until).sellable().get()
    }

    /// The pieces that are under way to a position.
    #[must_use]
    pub fn incoming_at(&self, location: Option<LocationId>) -> u64 {
        let expected = self.expected.iter().filter(|it| it.location() == location);
        sum(expected)
    }

    /// The pieces that are under way to any position.
    #[must_use]
    pub fn incoming(&self) -> u64 {
        sum(self.expected.iter())
    }

    /// The next time at which pieces are expected at positions that sell, and their number.
    #[must_use]
    pub fn next_delivery(&self) -> Option<(Timestamp, u64)> {
        let dated = || {
            let expected = self.expected.iter().filter(|it| self.sells_at(it));
            expected.filter_map(|it| it.expected_at.map(|at| (at, it)))
        };
        let at = dated()
            .map(|(at, _)| at)
            .filter(|at| *at >= self.now)
            .min()?;
        let at_once = dated().filter(|(time, _)| *time == at);
        Some((at, sum(at_once.map(|(_, it)| it))))
    }

    /// The forecast of the whole stock, for what goes to positions that sell.
    #[must_use]
    pub fn forecast(&self) -> Forecast {
        self.over_time(|it| self.sells_at(it), |until| self.by(until))
    }

    /// The forecast of one position.
    #[must_use]
    pub fn forecast_at(&self, location: Option<LocationId>) -> Forecast {
        self.over_time(
            |it| it.location() == location,
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

    /// Whether buyers can order from the place that pieces go to.
    fn sells_at(&self, expected: &Expected) -> bool {
        match expected.location() {
            Some(id) if !self.stock.located.contains_key(&id) => expected.sells,
            place => self.stock.sells_at(place),
        }
    }
}

impl Expected {
    fn location(&self) -> Option<LocationId> {
        self.to.as_ref().map(|(id, _)| *id)
    }
}

impl Position {
    /// The position that a stock gets in a location in which it isn't yet.
    fn to_be(slug: &Slug, enabled: bool) -> Self {
        Self {
            slug: slug.clone(),
            enabled,
            priority: Priority::default(),
            geolocation: None,
            balance: Balance::default(),
            held: Quantity::ZERO,
            set_aside: Quantity::ZERO,
            policy: Policy::default(),
        }
    }
}

fn sum<'a>(expected: impl Iterator<Item = &'a Expected>) -> u64 {
    let pieces = expected.map(|it| it.quantity.get());
    pieces.fold(0, u64::saturating_add)
}
