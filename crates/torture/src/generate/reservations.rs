//! What is asked of reservations.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::{Generator, LOCATED};
use crate::ask::{Kind, Request};
use crate::model::Location;
use crate::reservation::{Act, Item, ItemPlace, Pick, Reserve};

/// The most items of a reservation.
const ITEMS_MAX: usize = 10;
/// The most items of a part of one.
const PART_MAX: usize = 3;
/// The most items that are moved at once.
const MOVED_MAX: usize = 2;
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
            return (Request::Availability(self.items(false)), None);
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
        let (items, is_sourced) = match order {
            // The same for all who reserve for it.
            Some(order) if self.random.random_ratio(4, 5) => {
                let of_order = StdRng::seed_from_u64(order.into());
                let own = std::mem::replace(&mut self.random, of_order);
                let ordered = self.ordered();
                self.random = own;
                ordered
            }
            _ => self.ordered(),
        };
        Reserve {
            items,
            is_sourced,
            order,
            expires_in,
        }
    }

    /// Items, and whether the places of some are to be chosen.
    fn ordered(&mut self) -> (Vec<Item>, bool) {
        let is_sourced = self.random.random_ratio(2, 5);
        let items = self.items(is_sourced);
        let mut places = items.iter().map(|item| item.place);
        let is_sourced = is_sourced && places.any(|place| place == ItemPlace::Unnamed);
        (items, is_sourced)
    }

    fn items(&mut self, is_sourced: bool) -> Vec<Item> {
        let products: Vec<usize> = (0..self.random.random_range(1..=3))
            .map(|_| {
                // There is nothing to choose where all is in one place.
                let is_located = is_sourced && self.random.random_ratio(2, 3);
                let located = is_located.then(|| self.chosen(&LOCATED));
                located.flatten().unwrap_or_else(|| self.lasting())
            })
            .collect();
        // The more there are, the more often something is short.
        let most = if self.random.random_ratio(2, 3) {
            3
        } else {
            ITEMS_MAX
        };
        let items = (0..self.random.random_range(1..=most)).map(|_| {
            let product = products[self.random.random_range(0..products.len())];
            self.item(product, is_sourced)
        });
        items.collect()
    }

    fn item(&mut self, product: usize, is_sourced: bool) -> Item {
        let (kind, location) = self.place(product);
        // Few of those that are to be sourced name the place themselves.
        let location = location.filter(|_| !is_sourced || self.random.random_ratio(1, 3));
        let is_named = location.is_some() || self.random.random_ratio(1, 8);
        // So many are seldom in one place.
        let is_large = is_sourced && !is_named && self.random.random_ratio(1, 2);
        let most = match kind {
            Kind::Scarce if is_large => 3,
            Kind::Scarce => 1,
            _ if is_large => 16,
            _ => 3,
        };
        let place = if is_named {
            ItemPlace::At(location)
        } else {
            ItemPlace::Unnamed
        };
        Item {
            product,
            place,
            quantity: self.random.random_range(1..=most),
        }
    }

    fn pick(&mut self) -> Pick {
        let most = if self.random.random() { 4 } else { 40 };
        let back = self.random.random_range(0..most);
        let act = match self.random.random_range(0..100) {
            0..28 => Act::Pay,
            28..44 => Act::Release(self.part()),
            44..66 => Act::Fulfil(self.part()),
            66..74 => Act::Extend {
                expires_in: self.chosen(&EXPIRES_IN).unwrap_or(LONG),
            },
            74..82 => self.moved(),
            82..90 => self.edited(),
            _ => Act::Read,
        };
        let due = self.random.random_ratio(1, 12);
        let due = due.then(|| self.random.random_range(-MOMENT..MOMENT));
        let is_edit = matches!(act, Act::Edit(_));
        let added = is_edit.then(|| self.added()).flatten();
        Pick {
            back,
            due,
            act,
            added,
        }
    }

    fn moved(&mut self) -> Act<Vec<(usize, u64)>> {
        let count = self.random.random_range(1..=MOVED_MAX);
        let to = (0..count).map(|_| {
            let place = self.random.random_range(0..=Location::ALL.len());
            Location::ALL.get(place).copied()
        });
        let to = to.collect();
        let part = (0..count).map(|_| {
            let line = self.random.random_range(0..ITEMS_MAX);
            (line, self.random.random_range(1..=3))
        });
        let part = part.collect();
        Act::Move { part, to }
    }

    fn edited(&mut self) -> Act<Vec<(usize, u64)>> {
        let items = (0..self.random.random_range(0..=MOVED_MAX)).map(|_| {
            let line = self.random.random_range(0..ITEMS_MAX);
            (line, self.random.random_range(0..=4))
        });
        Act::Edit(items.collect())
    }

    fn added(&mut self) -> Option<Item> {
        self.random.random_ratio(1, 3).then(|| {
            let product = self.lasting();
            let (_, location) = self.place(product);
            Item {
                product,
                place: ItemPlace::At(location),
                quantity: self.random.random_range(1..=2),
            }
        })
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
