//! Amounts of stock.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number of pieces: an integer from 0 to 2^53-1, the largest that JavaScript keeps exact.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "i64")]
pub struct Quantity(u64);

impl Quantity {
    /// No pieces.
    pub const ZERO: Self = Self(0);
    /// The largest quantity, 2^53-1.
    pub const MAX: Self = Self(9_007_199_254_740_991);

    /// The quantity of this many pieces, or `None` above [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(pieces: u64) -> Option<Self> {
        if pieces <= Self::MAX.0 {
            Some(Self(pieces))
        } else {
            None
        }
    }

    /// The number of pieces.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` above [`MAX`](Self::MAX).
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// The difference, or `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, or [`Quantity::MAX`] if it is larger than that.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or(Self::MAX)
    }

    /// The difference, or zero if `other` is larger.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or_default()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// For numbers stored in a database, which has no unsigned integers.
impl TryFrom<i64> for Quantity {
    type Error = i64;

    fn try_from(pieces: i64) -> Result<Self, i64> {
        u64::try_from(pieces).ok().and_then(Self::new).ok_or(pieces)
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        // Every quantity is below 2^53.
        Self::try_from(quantity.0).unwrap_or(Self::MAX)
    }
}

/// Whether there are none: such a quantity isn't written where none is usual.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
pub(crate) const fn no_pieces(pieces: &Quantity) -> bool {
    pieces.is_zero()
}
