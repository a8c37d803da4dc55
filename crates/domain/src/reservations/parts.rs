//! Parts of a reservation: the pieces of its lines that items name.

use std::collections::BTreeMap;

use super::items::ItemPlace;
use super::{Reservation, ReservationItem, ReservedLine};
use crate::values::{ProductId, Quantity};

/// The pieces of a line that an item names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The place of the item among those given.
    pub(super) item: usize,
    /// The place of the line in the reservation.
    pub(super) line: usize,
    pub(super) quantity: Quantity,
}

/// A product of which the lines have fewer pieces than the items name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooFew {
    pub(super) product: ProductId,
    /// The number of pieces that are there.
    pub(super) there: u64,
}

/// The pieces of each line that these items name, `of` saying how many a line has: taken from the lines in
/// their order. Items that name no place come last: they get what the others leave.
pub(super) fn parts<'i>(
    reservation: &Reservation,
    items: impl Iterator<Item = &'i ReservationItem>,
    of: impl Fn(&ReservedLine) -> Quantity,
) -> Result<Vec<Part>, TooFew> {
    let reserved = reservation.items();
    let lines: Vec<(&ReservedLine, bool)> = reserved
        .iter()
        .flat_map(|item| item.lines.iter().map(|line| (line, item.is_sourced())))
        .collect();
    let is_sourced = |product| {
        let mut lines = lines.iter();
        lines.any(|(line, is_sourced)| *is_sourced && line.key.product == product)
    };
    let items = items.enumerate().map(|(index, item)| {
        let place = match &item.place {
            ItemPlace::Unnamed if !is_sourced(item.product) => &ItemPlace::Unlocated,
            place => place,
        };
        ((item.product, place), index, item.quantity)
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|(named, ..)| *named);
    let mut left: Vec<Quantity> = lines.iter().map(|(line, _)| of(line)).collect();
    let mut there: BTreeMap<(ProductId, &ItemPlace), u64> = BTreeMap::new();
    let mut parts = Vec::new();
    for (named @ (product, place), item, wanted) in items {
        let mut wanted = wanted;
        let there = there.entry(named).or_default();
        for (index, ((line, is_sourced), left)) in lines.iter().zip(&mut left).enumerate() {
            let is_meant = match place {
                ItemPlace::Location(slug) => line.slug() == Some(slug),
                ItemPlace::Unlocated => line.location.is_none(),
                ItemPlace::Unnamed => *is_sourced || line.location.is_none(),
            };
            let quantity = wanted.min(*left);
            if line.key.product == product && is_meant && !quantity.is_zero() {
                *left = left.checked_sub(quantity).unwrap_or_default();
                wanted = wanted.checked_sub(quantity).unwrap_or_default();
                *there = there.saturating_add(quantity.get());
                parts.push(Part {
                    item,
                    line: index,
                    quantity,
                });
            }
        }
        if !wanted.is_zero() {
            return Err(TooFew {
                product,
                there: *there,
            });
        }
    }
    Ok(parts)
}
