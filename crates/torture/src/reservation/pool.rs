//! The reservations that clients know of, and what they pick of them.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Act, Item, ItemPlace, Shown};
use crate::ask::Product;
use crate::model::Location;

/// What is to be done to a reservation of which nobody knows yet which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// How many were told of after it.
    pub(crate) back: usize,
    /// If so, it is rather the one that expires next, and it is asked for so many milliseconds after
    /// that, or before.
    pub(crate) due: Option<i64>,
    /// What is done to it. A part has so many pieces of the items in these lines.
    pub(crate) act: Act<Vec<(usize, u64)>>,
    /// What an edit adds.
    pub(crate) added: Option<Item>,
}

/// The reservations that clients were told of.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Known>>);

/// One of them.
#[derive(Clone, Debug)]
struct Known {
    id: Uuid,
    /// What was asked for.
    items: Arc<[Item]>,
    /// The lines in which it was shown last, each with its place.
    lines: Vec<Item>,
    /// Those of them whose product is in several places.
    movable: Vec<Item>,
    /// Whether it was shown as it was made. Only what was is moved: of all else nobody could tell
    /// where its pieces had been.
    was_shown_new: bool,
    /// Whether it may be edited: half of those whose places aren't chosen. The others may be moved, after
    /// which nobody could tell what an edit did.
    is_editable: bool,
    /// When it expires, as it was shown last.
    expires_at: Option<Timestamp>,
}

/// What is picked.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    pub(crate) reservation: Uuid,
    pub(crate) act: Act,
    /// When it is to be done, if not at once.
    pub(crate) at: Option<Timestamp>,
}

/// Whoever is to do something when a reservation expires waits for no longer than this.
const WAIT_MAX: SignedDuration = SignedDuration::from_millis(300);

impl Pool {
    /// Notes a reservation that was shown to who asked for these items, or for something else.
    pub(crate) fn note(
        &self,
        shown: &Shown,
        items: Option<&[Item]>,
        is_new: bool,
        products: &[Product],
    ) {
        let lines = shown.lines.iter().filter_map(|line| {
            let is_its = |product: &Product| product.id == line.product_id;
            Some(Item {
                product: products.iter().position(is_its)?,
                place: ItemPlace::At(line.location),
                quantity: line.quantity,
            })
        });
        let lines: Vec<Item> = lines.collect();
        let movable = lines.iter().filter(|item| {
            let product = products.get(item.product);
            product.is_some_and(|product| !product.located.is_empty())
        });
        let is_plain = !shown.lines.iter().any(|line| line.is_sourced);
        let is_editable = is_plain && shown.id.as_u128().is_multiple_of(2);
        let movable = movable.filter(|_| !is_editable).cloned().collect();
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expires_at = shown.expires_at;
        if let Some(known) = pool.iter_mut().find(|known| known.id == shown.id) {
            known.expires_at = expires_at;
            (known.lines, known.movable) = (lines, movable);
            known.was_shown_new |= is_new;
        } else if let Some(items) = items {
            pool.push(Known {
                id: shown.id,
                items: items.into(),
                lines,
                movable,
                was_shown_new: is_new,
                is_editable,
                expires_at,
            });
        }
    }

    /// What is picked at this time, and of which reservation; `None` as long as there is no
    /// reservation.
    pub(crate) fn picked(&self, pick: &Pick, now: Timestamp) -> Option<Picked> {
        let pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let back = pick.back.checked_rem(pool.len())?;
        let time = |known: &Known| {
            let expires_at = known.expires_at?;
            let wait = expires_at.duration_since(now);
            (SignedDuration::ZERO..WAIT_MAX)
                .contains(&wait)
                .then_some(expires_at)
        };
        let due = pick.due.and_then(|offset| {
            let times = pool.iter().filter_map(|known| Some((time(known)?, known)));
            let (expires_at, known) = times.min_by_key(|(expires_at, _)| *expires_at)?;
            let at = expires_at.checked_add(SignedDuration::from_millis(offset));
            Some((known, at.ok()))
        });
        let (known, at) = match due {
            Some(due) => due,
            None => (pool.iter().rev().nth(back)?, None),
        };
        let act = match &pick.act {
            Act::Pay => Act::Pay,
            Act::Release(part) => Act::Release(part.as_ref().map(|part| known.part(part))),
            Act::Fulfil(part) => Act::Fulfil(part.as_ref().map(|part| known.part(part))),
            Act::Extend { expires_in } => Act::Extend {
                expires_in: *expires_in,
            },
            Act::Move { part, to } => known.moved(part, to),
            Act::Edit(part) => known.edited(part, pick.added.as_ref()),
            Act::Read => Act::Read,
        };
        Some(Picked {
            reservation: known.id,
            act,
            at,
        })
    }
}

/// So many pieces of the items in these places, as if they stood in a circle.
fn around(items: &[&Item], part: &[(usize, u64)]) -> Vec<Item> {
    let chosen = part.iter().filter_map(|(place, quantity)| {
        let item = *items.get(place.checked_rem(items.len())?)?;
        Some(Item {
            quantity: *quantity,
            ..item.clone()
        })
    });
    chosen.collect()
}

impl Known {
    /// A part of it, whose items are named as they were asked for, or by their places.
    fn part(&self, part: &[(usize, u64)]) -> Vec<Item> {
        let items: Vec<&Item> = self.items.iter().chain(&self.lines).collect();
        around(&items, part)
    }

    /// The items of an edit: those of a part have so many pieces instead of what was in their lines. An item
    /// of no pieces is taken out, unless it is the last. What may not be edited
    /// is paid for instead.
    fn edited(&self, part: &[(usize, u64)], added: Option<&Item>) -> Act {
        if !self.is_editable || !self.was_shown_new {
            return Act::Pay;
        }
        let mut items: Vec<Item> = Vec::new();
        for line in self.lines.iter().chain(added) {
            let is_same =
                |item: &&mut Item| (item.product, item.place) == (line.product, line.place);
            match items.iter_mut().find(is_same) {
                Some(item) => item.quantity += line.quantity,
                None => items.push(line.clone()),
            }
        }
        for (place, quantity) in part {
            let count = items.len();
            if let Some(item) = place
                .checked_rem(count)
                .and_then(|place| items.get_mut(place))
            {
                item.quantity = *quantity;
            }
        }
        let last = items.last().cloned();
        items.retain(|item| item.quantity > 0);
        if items.is_empty() {
            items.extend(last.map(|item| Item {
                quantity: 1,
                ..item
            }));
        }
        Act::Edit(items)
    }

    /// The move of a part. Where there is nothing to be moved, it is paid for instead.
    fn moved(&self, part: &[(usize, u64)], to: &[Option<Location>]) -> Act {
        let movable: Vec<&Item> = self.movable.iter().collect();
        let moved = around(&movable, part).into_iter().zip(to.iter().copied());
        let moved = moved.filter(|(item, to)| item.place != ItemPlace::At(*to));
        let (part, to): (Vec<Item>, Vec<_>) = moved.unzip();
        if part.is_empty() || !self.was_shown_new {
            return Act::Pay;
        }
        Act::Move { part, to }
    }
}
