//! The items of reservations, as shops name them, and the lines that serve them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sourcing::Sourcing;
use super::{Reservation, ReservedLine};
use crate::values::{ProductId, Quantity, Slug};

/// A quantity of a product to be reserved, released or shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationItem {
    /// The product.
    pub product: ProductId,
    /// The place that it is taken from.
    pub place: ItemPlace,
    /// The number of pieces.
    pub quantity: Quantity,
}

/// The place of an item, as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemPlace {
    /// The location with this slug. A text that is not a slug is refused like an unknown location.
    Location(String),
    /// The unlocated pool.
    Unlocated,
    /// None is named. Where locations are chosen for the item, or were, it is any of these; or else it is the
    /// unlocated pool.
    #[default]
    Unnamed,
}

impl ItemPlace {
    /// The slug of the location, if one is named.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        match self {
            Self::Location(slug) => Some(slug),
            Self::Unlocated | Self::Unnamed => None,
        }
    }
}

/// The location with this slug, or else none.
impl From<Option<String>> for ItemPlace {
    fn from(slug: Option<String>) -> Self {
        slug.map_or(Self::Unnamed, Self::Location)
    }
}

/// The items of a reservation as they were sent, if they say more than its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentItems {
    /// The rules by which locations are chosen, if the server chooses them.
    pub sourcing: Option<Sourcing>,
    /// The items. Their lines stand in the reservation one item after the other.
    pub items: Vec<SentItem>,
}

/// An item of a reservation as it was sent. Its product and quantity are those of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentItem {
    /// The place that was named.
    pub place: SentPlace,
    /// The number of lines that serve it.
    pub lines: u32,
}

/// The place that was named for an item of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SentPlace {
    /// None: the server has chosen.
    Unnamed,
    /// That of its only line.
    Named,
    /// This location, or the unlocated pool, from which pieces were moved since.
    Moved(Option<Slug>),
}

/// The place that was named for an item, to compare requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named<'a> {
    /// The location with this slug, or the unlocated pool.
    At(Option<&'a str>),
    /// None: the server chooses.
    Anywhere,
}

impl<'a> Named<'a> {
    /// The place of a requested item. If nothing is sourced, no place is the unlocated pool.
    pub(super) fn of(item: &'a ReservationItem, is_sourced: bool) -> Self {
        match &item.place {
            ItemPlace::Unnamed if is_sourced => Self::Anywhere,
            place => Self::At(place.slug()),
        }
    }
}

/// The quantity wanted of each product and place.
pub(crate) type Wanted<'a> = BTreeMap<(ProductId, Named<'a>), u64>;

/// Adds up the quantities of items that are named several times.
fn sums<'a>(items: impl Iterator<Item = (ProductId, Named<'a>, Quantity)>) -> Wanted<'a> {
    let mut sums = Wanted::new();
    for (product, place, quantity) in items {
        let sum = sums.entry((product, place)).or_default();
        *sum = sum.saturating_add(quantity.get());
    }
    sums
}

/// Adds up the quantities of requested items.
pub(super) fn wanted(items: &[ReservationItem], is_sourced: bool) -> Wanted<'_> {
    let items = items.iter();
    sums(items.map(|item| (item.product, Named::of(item, is_sourced), item.quantity)))
}

/// An item of a reservation, with the lines that serve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservedItem<'a> {
    /// The product.
    pub product: ProductId,
    /// Its lines: just one, at the place that was named, unless it [is sourced](Self::is_sourced).
    pub lines: &'a [ReservedLine],
    /// The place that was named. Where nothing else is said, it is that of the only line.
    place: Option<&'a SentPlace>,
}

impl<'a> ReservedItem<'a> {
    fn of(lines: &'a [ReservedLine], place: Option<&'a SentPlace>) -> Option<Self> {
        let product = lines.first()?.key.product;
        Some(Self {
            product,
            lines,
            place,
        })
    }

    /// The place that was named, if the reservation says more of it than its only line.
    #[must_use]
    pub const fn sent_place(&self) -> Option<&'a SentPlace> {
        self.place
    }

    /// Whether the server has chosen the places of the item, or some of it was moved.
    #[must_use]
    pub fn is_sourced(&self) -> bool {
        match self.place {
            None | Some(SentPlace::Named) => false,
            Some(SentPlace::Unnamed | SentPlace::Moved(_)) => true,
        }
    }

    /// The number of pieces reserved.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.sum(|line| line.quantity)
    }

    /// The number of pieces shipped.
    #[must_use]
    pub fn fulfilled(&self) -> Quantity {
        self.sum(|line| line.fulfilled)
    }

    /// The number of shipped pieces that came back.
    #[must_use]
    pub fn returned(&self) -> Quantity {
        self.sum(|line| line.returned)
    }

    /// The number of pieces released.
    #[must_use]
    pub fn released(&self) -> Quantity {
        self.sum(|line| line.released)
    }

    /// The number of open pieces: neither shipped nor released.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.sum(ReservedLine::open)
    }

    fn sum(&self, part: impl Fn(&ReservedLine) -> Quantity) -> Quantity {
        let parts = self.lines.iter().map(part);
        parts.fold(Quantity::ZERO, Quantity::saturating_add)
    }

    /// The place that was named.
    pub(super) fn named(&self) -> Named<'a> {
        match self.place {
            Some(SentPlace::Unnamed) => Named::Anywhere,
            Some(SentPlace::Moved(slug)) => Named::At(slug.as_ref().map(Slug::as_str)),
            None | Some(SentPlace::Named) => {
                Named::At(self.lines.first().and_then(ReservedLine::slug))
            }
        }
    }

    /// Whether its lines fit what is said of it.
    fn is_consistent(&self) -> bool {
        let mut lines = self.lines.iter();
        (self.is_sourced() || self.lines.len() == 1)
            && lines.all(|line| line.key.product == self.product)
    }
}

impl Reservation {
    /// Its items in the order in which they were sent.
    #[must_use]
    pub fn items(&self) -> Vec<ReservedItem<'_>> {
        let Some(sent) = &self.sent else {
            let lines = self.lines.chunks(1);
            let items = lines.filter_map(|lines| ReservedItem::of(lines, None));
            return items.collect();
        };
        let mut rest = &*self.lines;
        let items = sent.items.iter().filter_map(|item| {
            let count = usize::try_from(item.lines).unwrap_or(usize::MAX);
            let (lines, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = others;
            ReservedItem::of(lines, Some(&item.place))
        });
        items.collect()
    }

    /// The rules by which the server chooses locations, if it does.
    #[must_use]
    pub fn sourcing(&self) -> Option<&Sourcing> {
        self.sent.as_ref()?.sourcing.as_ref()
    }

    /// The quantity that was asked for of each product and place.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        let items = self.items().into_iter();
        sums(items.map(|item| (item.product, item.named(), item.quantity())))
    }

    /// Whether the lines are of other positions or quantities than before, or are said to be of other items, or
    /// pieces have come back.
    /// Otherwise, it has only got another state, and more pieces shipped or released.
    #[must_use]
    pub fn is_rearranged(&self, before: &Self) -> bool {
        // In full, so that a field that is added is looked at here.
        let Self {
            id: _,
            owner: _,
            order: _,
            hold_reason: _,
            state: _,
            lines,
            sent,
            actor: _,
            created_at: _,
            updated_at: _,
            version: _,
        } = self;
        let mut pairs = before.lines.iter().zip(lines);
        let is_same = |(before, after): (&ReservedLine, &ReservedLine)| {
            let place = |line: &ReservedLine| (line.stock, line.key, line.location_id());
            place(before) == place(after)
                && before.quantity == after.quantity
                && before.released <= after.released
                && before.fulfilled <= after.fulfilled
                && before.returned == after.returned
        };
        *sent != before.sent || before.lines.len() != lines.len() || !pairs.all(is_same)
    }

    /// Whether its items and its lines fit together.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let Some(sent) = &self.sent else { return true };
        let counts = sent.items.iter().map(|item| u64::from(item.lines));
        let count = counts.fold(0, u64::saturating_add);
        let items = self.items();
        u64::try_from(self.lines.len()) == Ok(count)
            && items.len() == sent.items.len()
            && items.iter().all(ReservedItem::is_consistent)
    }
}

impl SentPlace {
    /// Notes that pieces of the only line of an item are moved to another place.
    pub(super) fn note_moved(&mut self, line: &ReservedLine) {
        if *self == Self::Named {
            *self = Self::Moved(line.location.as_ref().map(|(_, slug)| slug.clone()));
        }
    }
}

/// An item of a reservation that is being made or changed, with its lines.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) place: SentPlace,
    pub(super) lines: Vec<ReservedLine>,
}

impl Draft {
    /// The items of a reservation.
    pub(super) fn of(reservation: &Reservation) -> Vec<Self> {
        let items = reservation.items().into_iter().map(|item| Self {
            place: item.place.cloned().unwrap_or(SentPlace::Named),
            lines: item.lines.to_vec(),
        });
        items.collect()
    }

    /// The items and lines of a reservation of these items.
    pub(super) fn close(
        drafts: Vec<Self>,
        sourcing: Option<Sourcing>,
    ) -> (Vec<ReservedLine>, Option<Box<SentItems>>) {
        let is_plain = |draft: &Self| draft.place == SentPlace::Named && draft.lines.len() == 1;
        let says_more = sourcing.is_some() || !drafts.iter().all(is_plain);
        let items = drafts.iter().map(|draft| SentItem {
            place: draft.place.clone(),
            lines: u32::try_from(draft.lines.len()).unwrap_or(u32::MAX),
        });
        let sent = says_more.then(|| {
            Box::new(SentItems {
                sourcing,
                items: items.collect(),
            })
        });
        let lines = drafts.into_iter().flat_map(|draft| draft.lines);
        (lines.collect(), sent)
    }
}

/// Adds pieces, of which none are released, to the lines of an item: to the line of their position, if
/// there is one.
pub(super) fn add(lines: &mut Vec<ReservedLine>, line: ReservedLine) {
    let is_same =
        |it: &&mut ReservedLine| it.stock == line.stock && it.location_id() == line.location_id();
    match lines.iter_mut().find(is_same) {
        Some(found) => {
            found.quantity = found.quantity.saturating_add(line.quantity);
            found.fulfilled = found.fulfilled.saturating_add(line.fulfilled);
            found.returned = found.returned.saturating_add(line.returned);
        }
        None => lines.push(line),
    }
}
