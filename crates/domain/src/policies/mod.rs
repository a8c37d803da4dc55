//! Policies of stock: the pieces that are held back from buyers, and the levels at which somebody is told.

mod alerts;
pub(crate) mod decide;

pub(crate) use alerts::look;
pub use decide::{DeletePolicy, PolicyUpdate, SetPolicy};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ledger::{Annotation, Balance};
use crate::values::{
    Invalid, LocationId, Owner, ProductId, Quantity, Slug, StockId, Timestamp, TransactionId,
};

/// The policy of a whole stock, or of its part in one location.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The number of pieces that no reservation takes. It may be more than there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub safety_stock: Quantity,
    /// The levels at which somebody is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
const fn is_zero(quantity: &Quantity) -> bool {
    quantity.is_zero()
}

impl Policy {
    /// The largest number of alerts of a whole stock, and of each location. (Source: the HTTP contract.)
    pub const ALERTS_MAX: usize = 4;

    /// Whether it is that of stock of which nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Turns the alerts on and off as they have to be at this level, and returns those that have changed.
    pub(crate) fn turn_alerts(&mut self, level: Quantity) -> Vec<Alert> {
        let alerts = self.alerts.iter_mut();
        let changed = alerts.filter_map(|alert| {
            let is_due = alert.is_due_at(level);
            let has_changed = is_due != alert.is_on;
            alert.is_on = is_due;
            has_changed.then_some(*alert)
        });
        changed.collect()
    }

    /// Whether any alert is on.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.alerts.iter().any(|alert| alert.is_on)
    }
}

/// A level of available pieces at which somebody is told. Between the two figures nobody is told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The alert goes on when this many pieces are available, or fewer.
    pub at: Quantity,
    /// It goes off when this many pieces are available, or more.
    pub rearm_at: Quantity,
    /// Whether it is on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_on: bool,
}

impl Alert {
    /// The alert with these figures, which is off. Without `rearm_at`, it goes off a tenth above `at`, and at
    /// least one piece. (Source: the HTTP contract.)
    ///
    /// # Errors
    /// [`Invalid`] if it would go off at the level at which it goes on, or below.
    pub fn new(at: Quantity, rearm_at: Option<Quantity>) -> Result<Self, Invalid> {
        let rearm_at = rearm_at.unwrap_or_else(|| {
            let tenth = at.get().div_ceil(10).max(1);
            Quantity::new(at.get().saturating_add(tenth)).unwrap_or(Quantity::MAX)
        });
        if rearm_at <= at {
            return Err(Invalid::new("rearm_at", "a number of pieces above at"));
        }
        Ok(Self {
            at,
            rearm_at,
            is_on: false,
        })
    }

    /// These alerts, if one place can have them together.
    ///
    /// # Errors
    /// [`Invalid`] if there are too many, or two with the same `at`.
    pub fn list(alerts: Vec<Self>) -> Result<Vec<Self>, Invalid> {
        let levels: BTreeSet<Quantity> = alerts.iter().map(|alert| alert.at).collect();
        if alerts.len() > Policy::ALERTS_MAX || levels.len() < alerts.len() {
            let most = Policy::ALERTS_MAX;
            let rule = format!("a list of at most {most} alerts, each with another at");
            return Err(Invalid::new("alerts", rule));
        }
        Ok(alerts)
    }

    /// Whether these are the figures of the other one, too.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.at, self.rearm_at) == (other.at, other.rearm_at)
    }

    /// Whether the alert should be on at this level: between its two figures as it is.
    #[must_use]
    pub fn is_due_at(&self, level: Quantity) -> bool {
        if self.is_on {
            level < self.rearm_at
        } else {
            level <= self.at
        }
    }
}

/// The movement that made an alert go on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCause {
    /// The last entry of the request.
    pub transaction: TransactionId,
    /// Its reason and reference.
    pub annotation: Annotation,
}

/// An alert that has gone on or off, with the figures after the movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAlert {
    /// The id of the stock.
    pub stock: StockId,
    /// The product.
    pub product: ProductId,
    /// The owner of the stock.
    pub owner: Owner,
    /// The location and its name, if the alert is that of one.
    pub location: Option<(LocationId, Slug)>,
    /// The alert.
    pub alert: Alert,
    /// The figures of the location, or of the whole stock.
    pub balance: Balance,
    /// The number of pieces there that a new reservation can have.
    pub sellable: Quantity,
    /// The number of the last ledger entry.
    pub sequence: u64,
    /// The movement; nothing if it was a change of the policy.
    pub by: Option<AlertCause>,
    /// Time of the change.
    pub changed_at: Timestamp,
}
