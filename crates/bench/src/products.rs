//! The products that are measured on: the same in every database and in every process, without
//! anyone having to pass a hundred thousand ids around.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// How many of the first products, after the very first, have a page of history.
pub(crate) const WITH_HISTORY: usize = 1_000;

/// How long that history is: one page.
pub(crate) const HISTORY: u32 = 25;

/// How much there is of each product: more than can be bought in a run.
pub(crate) const PIECES: u32 = 1_000_000_000;

/// The ids of products, which follow from the seed. They are random, as clients' ids are, so that
/// neighbours in an index aren't neighbours in time.
pub(crate) fn products(seed: u64, count: usize) -> Vec<Uuid> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count)
        .map(|_| Builder::from_random_bytes(random.random()).into_uuid())
        .collect()
}

/// Which product is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Choice {
    /// The first, always.
    Hot,
    /// Any.
    Uniform,
    /// Any of those that have a page of history.
    WithHistory,
    /// Each once, in order; then it is over.
    Each,
    /// Each of those that are to have a history, as many times as it has entries; then it is over.
    EachHistory,
}

/// Chooses products.
pub(crate) struct Chooser {
    products: Vec<Uuid>,
    choice: Choice,
    random: StdRng,
    chosen: usize,
}

impl Chooser {
    /// Chooses among the first so many products of a seed.
    pub(crate) fn new(seed: u64, count: usize, choice: Choice) -> Self {
        let mut products = products(seed, count);
        if matches!(choice, Choice::WithHistory | Choice::EachHistory) {
            // Not the very first, whose history is as long as a run.
            products = products.split_off(1.min(count));
            products.truncate(WITH_HISTORY);
        }
        Self::among(products, seed, choice)
    }

    /// Chooses among these, whatever they are the ids of.
    pub(crate) fn among(products: Vec<Uuid>, seed: u64, choice: Choice) -> Self {
        Self {
            products,
            choice,
            // Another sequence than that of the ids.
            random: StdRng::seed_from_u64(seed.wrapping_add(1)),
            chosen: 0,
        }
    }

    /// The next product, if there is one.
    pub(crate) fn next(&mut self) -> Option<Uuid> {
        let chosen = self.chosen;
        self.chosen += 1;
        let index = match self.choice {
            Choice::Hot => 0,
            Choice::Uniform | Choice::WithHistory if self.products.is_empty() => return None,
            Choice::Uniform | Choice::WithHistory => {
                self.random.random_range(..self.products.len())
            }
            Choice::Each => chosen,
            // Not one after the other of the same product, which would have to wait.
            Choice::EachHistory if chosen >= self.products.len() * HISTORY as usize => return None,
            Choice::EachHistory => chosen % self.products.len(),
        };
        self.products.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(count: usize, choice: Choice) -> Vec<Uuid> {
        let mut chooser = Chooser::new(7, count, choice);
        std::iter::from_fn(|| chooser.next())
            .take(100_000)
            .collect()
    }

    #[test]
    fn products_follow_from_the_seed() {
        assert_eq!(products(1, 3), products(1, 3));
        assert_eq!(products(1, 3)[..2], products(1, 2));
        assert_ne!(products(1, 3), products(2, 3));
    }

    #[test]
    fn choices_are_what_they_say() {
        let all = products(7, 10);
        assert!(chosen(10, Choice::Hot).iter().all(|it| *it == all[0]));
        assert_eq!(chosen(10, Choice::Each), all);
        let uniform = chosen(10, Choice::Uniform);
        assert!(all.iter().all(|product| uniform.contains(product)));
        let history = chosen(10, Choice::WithHistory);
        assert!(!history.contains(&all[0]) && history.contains(&all[9]));
        let each = chosen(10, Choice::EachHistory);
        assert_eq!(each.len(), 9 * HISTORY as usize);
        assert_eq!(each[..9], all[1..]);
    }

    #[test]
    fn others_than_products_can_be_chosen_among() {
        let ids = products(8, 2);
        let mut chooser = Chooser::among(ids.clone(), 7, Choice::Each);
        assert_eq!(chooser.next(), Some(ids[0]));
        assert_eq!(chooser.next(), Some(ids[1]));
        assert_eq!(chooser.next(), None);
    }

    #[test]
    fn nothing_is_chosen_of_nothing() {
        for choice in [
            Choice::Hot,
            Choice::Uniform,
            Choice::WithHistory,
            Choice::Each,
            Choice::EachHistory,
        ] {
            assert!(chosen(0, choice).is_empty(), "{choice:?}");
        }
    }
}
