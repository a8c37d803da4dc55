//! What is asked of reservations.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::Generator;
use crate::ask::{Kind, Request};
use crate::reservation::{Act, Item, Pick, Reserve};

/// The most items of a reservation.
const ITEMS_MAX: usize = 10;
/// The most items of a part of one.
const PART_MAX: usize = 3;
/// What doesn't expire within a round: a day.
const LONG: u32 = 86_400;

/// How many milliseconds before or after a reservation expires something is done to it on purpose.
const MOMENT: i64 = 6;

/// While clients make so many requests, they reserve for so many orders: the same ones.
const REQUESTS: usize = 32;
const ORDERS: u32 = 10;

/// For how many seconds stock is reserved, and how often.
const EXPIRES_IN: [(u32, u32); 4] = [(45, 1), (15, 2), (10, 3), (30, LONG)];

impl Generator {
    /// What is asked for if there is no reservation yet, and what if there is one.
    pub(super) fn reservation(&mut self) -> (Request, Option<Pick>) {
        if self.random.random_ratio(1, 10) {
            return (Request::Availability(self.items()), None);
        }
        let pick = self.random.random_ratio(3, 5).then(|| self.pick());
        (Request::Reserve(self.reserve()), pick)
    }

    fn reserve(&mut self) -> Reserve {
        let expires_in = self.chosen(&EXPIRES_IN).unwrap_or(LONG);
        let order = self.random.random_ratio(2, 3).then(|| {
            let past = u32::try_from(self.number / REQUESTS).unwrap_or_default();
            past * ORDERS + self.random.random_range(0..ORDERS)
        });
        let items = match order {
            // The same for all who reserve for it.
            Some(order) if self.random.random_ratio(4, 5) => {
                let of_order = StdRng::seed_from_u64(order.into());
                let own = std::mem::replace(&mut self.random, of_order);
                let items = self.items();
                self.random = own;
                items
            }
            _ => self.items(),
        };
        Reserve {
            items,
            order,
            expires_in,
        }
    }

    fn items(&mut self) -> Vec<Item> {
        let products: Vec<usize> = (0..self.random.random_range(1..=3))
            .map(|_| self.lasting())
            .collect();
        // The more there are, the more often something is short.
        let most = if self.random.random_ratio(2, 3) {
            3
        } else {
            ITEMS_MAX
        };
        let items = (0..self.random.random_range(1..=most)).map(|_| {
            let product = products[self.random.random_range(0..products.len())];
            self.item(product)
        });
        items.collect()
    }

    fn item(&mut self, product: usize) -> Item {
        let (kind, location) = self.place(product);
        let most = if kind == Kind::Scarce { 1 } else { 3 };
        Item {
            product,
            location,
            quantity: self.random.random_range(1..=most),
        }
    }

    fn pick(&mut self) -> Pick {
        let most = if self.random.random() { 4 } else { 40 };
        let back = self.random.random_range(0..most);
        let act = match self.random.random_range(0..100) {
            0..30 => Act::Pay,
            30..48 => Act::Release(self.part()),
            48..73 => Act::Fulfil(self.part()),
            73..83 => Act::Extend {
                expires_in: self.chosen(&EXPIRES_IN).unwrap_or(LONG),
            },
            _ => Act::Read,
        };
        let due = self.random.random_ratio(1, 12);
        let due = due.then(|| self.random.random_range(-MOMENT..MOMENT));
        Pick { back, due, act }
    }

    fn part(&mut self) -> Option<Vec<(usize, u64)>> {
        if self.random.random_ratio(2, 5) {
            return None;
        }
        let items = (0..self.random.random_range(1..=PART_MAX)).map(|_| {
            let line = self.random.random_range(0..ITEMS_MAX);
            (line, self.random.random_range(1..=2))
        });
        Some(items.collect())
    }
}
