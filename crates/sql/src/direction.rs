//! The direction of sorted lists.

/// How a list runs that is sorted by its first two columns.
#[derive(Clone, Copy)]
pub struct Direction {
    /// The operator between the values of an item and those of an item before it.
    pub follows: &'static str,
    /// What stands after `ORDER BY`.
    pub order: &'static str,
}

impl Direction {
    /// The smallest value first, or the largest.
    #[must_use]
    pub const fn new(descending: bool) -> Self {
        if descending {
            Self {
                follows: "<",
                order: "1 DESC, 2 DESC",
            }
        } else {
            Self {
                follows: ">",
                order: "1, 2",
            }
        }
    }
}
