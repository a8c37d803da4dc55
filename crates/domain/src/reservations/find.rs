//! Finding the pieces of a reservation: at the places that its items name, or at those that are chosen for
//! them. (Source of the rules: the contract of planning.)

use std::collections::BTreeMap;

use super::placement::{LineShortage, SOURCING_CANDIDATES_MAX, Share, WantedLine, place_lines};
use super::sourcing::Sourcing;
use super::{Reservation, ReservedLine, SentPlace, Shortage};
use crate::decision::Refusal;
use crate::stock::{Position, Stock};
use crate::values::{LocationId, Owner, ProductId, Quantity, Slug, Split, StockId};

/// An item for which pieces are to be found.
pub(super) struct Request<'a> {
    pub(super) product: ProductId,
    /// The stock of the product that the caller sees, if there is any.
    pub(super) stock: Option<&'a Stock>,
    pub(super) place: RequestPlace,
    /// The number of pieces.
    pub(super) quantity: Quantity,
}

/// The place at which pieces are to be found.
#[derive(Clone)]
pub(super) enum RequestPlace {
    /// This place.
    At(Place),
    /// A location with this slug, which the stock doesn't have.
    Missing(String),
    /// Wherever the rules say.
    Anywhere,
}

impl Request<'_> {
    /// Whether the request itself names its place.
    pub(super) fn sent_place(&self) -> SentPlace {
        match self.place {
            RequestPlace::At(_) | RequestPlace::Missing(_) => SentPlace::Named,
            RequestPlace::Anywhere => SentPlace::Unnamed,
        }
    }
}

/// A location with its current name, or the unlocated pool.
pub(super) type Place = Option<(LocationId, Slug)>;

pub(super) fn location_of(place: &Place) -> Option<LocationId> {
    place.as_ref().map(|(location, _)| *location)
}

/// The pieces found for an item.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The places that serve it, with at least 1 piece each; none if the item can't be served.
    pub(super) sources: Vec<(Place, Quantity)>,
    /// The number of pieces that could be had of the product at the item's place, for all items together
    /// that name it.
    pub(super) available: Quantity,
}

/// Pieces that become available with the request: of each stock and position.
pub(super) type Freed = BTreeMap<StockId, BTreeMap<Option<LocationId>, Quantity>>;

/// Notes pieces of a line's position as freed.
pub(super) fn free(freed: &mut Freed, line: &ReservedLine, pieces: Quantity) {
    let positions = freed.entry(line.stock).or_default();
    let free = positions.entry(line.location_id()).or_default();
    *free = free.saturating_add(pieces);
}

/// The pieces that a reservation holds.
pub(super) fn held_by(reservation: &Reservation) -> Freed {
    let mut freed = Freed::new();
    for line in &reservation.lines {
        free(&mut freed, line, line.open());
    }
    freed
}

/// Checks that locations are not to be chosen for too many items.
///
/// # Errors
/// [`Refusal::TooManyToPlace`] if they are.
pub(super) fn check_count<'a>(
    places: impl Iterator<Item = &'a RequestPlace>,
) -> Result<(), Refusal> {
    let to_place = places.filter(|place| matches!(place, RequestPlace::Anywhere));
    if to_place.count() > Sourcing::ITEMS_MAX {
        return Err(Refusal::TooManyToPlace {
            items_max: Sourcing::ITEMS_MAX,
        });
    }
    Ok(())
}

/// Finds the pieces of all items on one state: first of those that name a place, then of the others. Items
/// of the same product and place are one.
///
/// Where locations are chosen without rules, the default ones hold. The answer has an element for each item, in order, and all
/// shortages with the place of the first item that each concerns, in the order of these. If there are none,
/// each item is served whole.
pub(super) fn find(
    requests: &[Request<'_>],
    taking: Taking<'_>,
    freed: &Freed,
) -> (Vec<Found>, Vec<(usize, Shortage)>) {
    let default = Sourcing::default();
    let mut finding = Finding::new(requests, taking, freed);
    finding.find_named();
    finding.find_others(match taking {
        Taking::ForSale(Some(sourcing)) => sourcing,
        Taking::ForSale(None) | Taking::Aside => &default,
    });
    finding.end()
}

/// The purpose for which pieces are found.
#[derive(Clone, Copy)]
pub(super) enum Taking<'a> {
    /// To be sold: those that may be, chosen by these rules for items that name no place.
    ForSale(Option<&'a Sourcing>),
    /// To be set aside: all that are available.
    Aside,
}

/// The pieces of a stock that can still be had.
struct Supply<'r, 'a> {
    stock: &'a Stock,
    taking: Taking<'r>,
    /// The pieces that become available at each position.
    freed: Option<&'r BTreeMap<Option<LocationId>, Quantity>>,
    /// The pieces that were taken of each position.
    taken: BTreeMap<Option<LocationId>, Quantity>,
    /// The pieces that can still be had of the whole stock.
    left: Quantity,
}

impl<'r, 'a> Supply<'r, 'a> {
    fn new(stock: &'a Stock, taking: Taking<'r>, freed: &'r Freed) -> Self {
        let freed = freed.get(&stock.id);
        let all = freed.into_iter().flat_map(BTreeMap::values);
        let in_all = match taking {
            Taking::ForSale(_) => stock.sellable(),
            Taking::Aside => stock.sums().available,
        };
        Self {
            stock,
            taking,
            freed,
            taken: BTreeMap::new(),
            left: all.copied().fold(in_all, Quantity::saturating_add),
        }
    }

    /// The pieces that become available at a position.
    fn freed_at(&self, place: Option<LocationId>) -> Quantity {
        let freed = self.freed.and_then(|freed| freed.get(&place));
        freed.copied().unwrap_or_default()
    }

    /// The pieces of a position, however many can be had of the whole stock.
    fn pieces(&self, place: Option<LocationId>) -> Quantity {
        let pieces = match self.taking {
            Taking::ForSale(_) => self.stock.sellable_at(place),
            Taking::Aside => self.stock.balance(place).unwrap_or_default().available,
        };
        let pieces = pieces.saturating_add(self.freed_at(place));
        let taken = self.taken.get(&place).copied();
        pieces
            .checked_sub(taken.unwrap_or_default())
            .unwrap_or_default()
    }

    fn at(&self, place: Option<LocationId>) -> Quantity {
        self.pieces(place).min(self.left)
    }

    fn take(&mut self, place: Option<LocationId>, quantity: Quantity) {
        let taken = self.taken.entry(place).or_default();
        *taken = taken.saturating_add(quantity);
        self.left = self.left.checked_sub(quantity).unwrap_or_default();
    }
}

/// Items of the same product and place.
struct Group<'a> {
    stock: Option<&'a Stock>,
    place: RequestPlace,
    requested: u64,
    /// Their places among the items.
    items: Vec<usize>,
}

struct Finding<'r, 'a> {
    requests: &'r [Request<'a>],
    supplies: BTreeMap<ProductId, Supply<'r, 'a>>,
    /// In the order in which they are named.
    groups: Vec<(ProductId, Group<'a>)>,
    found: Vec<Found>,
    shortages: Vec<(usize, Shortage)>,
}

impl<'r, 'a> Finding<'r, 'a> {
    fn new(requests: &'r [Request<'a>], taking: Taking<'r>, freed: &'r Freed) -> Self {
        let mut supplies = BTreeMap::new();
        let mut groups: Vec<(ProductId, Group<'a>)> = Vec::new();
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for (index, request) in requests.iter().enumerate() {
            if let Some(stock) = request.stock {
                let supply = supplies.entry(request.product);
                supply.or_insert_with(|| Supply::new(stock, taking, freed));
            }
            let place = match &request.place {
                RequestPlace::At(place) => (0, location_of(place), ""),
                RequestPlace::Missing(slug) => (1, None, slug.as_str()),
                RequestPlace::Anywhere => (2, None, ""),
            };
            let next = groups.len();
            let group = *known.entry((request.product, place)).or_insert(next);
            if group == next {
                let group = Group {
                    stock: request.stock,
                    place: request.place.clone(),
                    requested: 0,
                    items: Vec::new(),
                };
                groups.push((request.product, group));
            }
            if let Some((_, group)) = groups.get_mut(group) {
                let quantity = request.quantity.get();
                group.requested = group.requested.saturating_add(quantity);
                group.items.push(index);
            }
        }
        let found = requests.iter().map(|_| Found::default());
        Self {
            requests,
            supplies,
            groups,
            found: found.collect(),
            shortages: Vec::new(),
        }
    }

    /// Finds the pieces of the items that name a place.
    fn find_named(&mut self) {
        for (product, group) in std::mem::take(&mut self.groups) {
            let place = match &group.place {
                RequestPlace::At(place) => place.clone(),
                RequestPlace::Missing(_) => {
                    self.tell_short(product, &group, None, Quantity::ZERO);
                    continue;
                }
                RequestPlace::Anywhere => {
                    self.groups.push((product, group));
                    continue;
                }
            };
            let supply = self.supplies.get_mut(&product);
            let available = supply.as_ref().map(|supply| supply.at(location_of(&place)));
            let available = available.unwrap_or_default();
            let pieces = Quantity::new(group.requested).filter(|pieces| *pieces <= available);
            if let (Some(supply), Some(pieces)) = (supply, pieces) {
                supply.take(location_of(&place), pieces);
                self.serve(&group.items, vec![(place, pieces)], available);
            } else {
                let slug = place.map(|(_, slug)| slug);
                self.tell_short(product, &group, slug, available);
            }
        }
    }

    /// Chooses the places of the other items: the store's and the organization's stock apart, as no location
    /// has both.
    fn find_others(&mut self, sourcing: &Sourcing) {
        let mut by_owner: BTreeMap<Owner, Vec<(ProductId, Group<'a>)>> = BTreeMap::new();
        for (product, group) in std::mem::take(&mut self.groups) {
            match group.stock {
                None => self.tell_short(product, &group, None, Quantity::ZERO),
                Some(stock) => {
                    let groups = by_owner.entry(stock.owner).or_default();
                    groups.push((product, group));
                }
            }
        }
        for groups in by_owner.into_values() {
            self.choose(&groups, sourcing);
        }
    }

    fn choose(&mut self, groups: &[(ProductId, Group<'a>)], sourcing: &Sourcing) {
        let supplies = groups.iter().map(|(product, _)| self.supplies.get(product));
        let supplies: Vec<&Supply<'r, 'a>> = supplies.flatten().collect();
        let candidates = candidates(&supplies, sourcing);
        let offers = candidates.iter().map(|candidate| {
            let pieces = supplies
                .iter()
                .map(|supply| supply.at(location_of(candidate)));
            pieces.collect::<Vec<_>>()
        });
        let offers: Vec<Vec<Quantity>> = offers.collect();
        let lines = groups
            .iter()
            .zip(&supplies)
            .map(|((_, group), supply)| WantedLine {
                quantity: group.requested,
                sellable: supply.left,
            });
        let lines: Vec<WantedLine> = lines.collect();
        match place_lines(&lines, &offers, sourcing.split) {
            Ok(shares) => {
                for (line, ((_, group), shares)) in groups.iter().zip(shares).enumerate() {
                    let available = available(line, &lines, &offers, &shares, sourcing.split);
                    let sources = shares.into_iter().filter_map(|share| {
                        let place = candidates.get(share.candidate)?.clone();
                        Some((place, share.quantity))
                    });
                    self.serve(&group.items, sources.collect(), available);
                }
            }
            Err(shortages) => {
                let short: BTreeMap<usize, LineShortage> =
                    shortages.into_iter().map(|it| (it.line, it)).collect();
                for (line, (product, group)) in groups.iter().enumerate() {
                    if let Some(short) = short.get(&line) {
                        self.tell_short(*product, group, None, short.available);
                    } else {
                        let available = available(line, &lines, &offers, &[], sourcing.split);
                        self.note(&group.items, available);
                    }
                }
            }
        }
    }

    /// Divides what was found among the items.
    fn serve(&mut self, items: &[usize], sources: Vec<(Place, Quantity)>, available: Quantity) {
        self.note(items, available);
        let mut sources = sources.into_iter();
        let mut source = sources.next();
        for index in items {
            let wanted = self.requests.get(*index).map(|request| request.quantity);
            let mut wanted = wanted.unwrap_or_default();
            while let Some((place, pieces)) = &mut source
                && !wanted.is_zero()
            {
                let taken = wanted.min(*pieces);
                wanted = wanted.checked_sub(taken).unwrap_or_default();
                *pieces = pieces.checked_sub(taken).unwrap_or_default();
                if let Some(found) = self.found.get_mut(*index) {
                    found.sources.push((place.clone(), taken));
                }
                if pieces.is_zero() {
                    source = sources.next();
                }
            }
        }
    }

    fn note(&mut self, items: &[usize], available: Quantity) {
        for index in items {
            if let Some(found) = self.found.get_mut(*index) {
                found.available = available;
            }
        }
    }

    fn tell_short(
        &mut self,
        product: ProductId,
        group: &Group<'_>,
        location: Option<Slug>,
        available: Quantity,
    ) {
        self.note(&group.items, available);
        let first = group.items.first().copied().unwrap_or_default();
        let shortage = Shortage {
            product,
            location,
            requested: group.requested,
            available,
        };
        if shortage.requested > 0 {
            self.shortages.push((first, shortage));
        }
    }

    fn end(mut self) -> (Vec<Found>, Vec<(usize, Shortage)>) {
        self.shortages.sort_by_key(|(first, _)| *first);
        (self.found, self.shortages)
    }
}

/// The places that can serve any of these stocks, in their order: the unlocated pool behind all locations.
fn candidates(supplies: &[&Supply<'_, '_>], sourcing: &Sourcing) -> Vec<Place> {
    let mut located: BTreeMap<LocationId, &Position> = BTreeMap::new();
    let mut is_pool = false;
    for supply in supplies {
        is_pool |= sourcing.only.is_none() && !supply.pieces(None).is_zero();
        let positions = supply.stock.located.iter();
        let positions = positions.map(|(location, position)| (*location, position));
        located.extend(positions.filter(|(location, position)| {
            // What the order holds stays its own, even where nothing is sold any more.
            let is_open = position.enabled || !supply.freed_at(Some(*location)).is_zero();
            let is_meant = is_open && sourcing.admits(&position.slug);
            is_meant && !supply.pieces(Some(*location)).is_zero()
        }));
    }
    let mut located: Vec<(LocationId, &Position)> = located.into_iter().collect();
    located.sort_by(|one, other| sourcing.compare(*one, *other));
    let located = located.into_iter();
    let places = located.map(|(location, position)| Some((location, position.slug.clone())));
    let places = places.chain(is_pool.then_some(None));
    places.take(SOURCING_CANDIDATES_MAX).collect()
}

/// The number of pieces of a line that can be had as the split allows: of all candidates, or of the one that
/// was chosen, or could be.
fn available(
    line: usize,
    lines: &[WantedLine],
    offers: &[Vec<Quantity>],
    shares: &[Share],
    split: Split,
) -> Quantity {
    let offer = |offers: &Vec<Quantity>| offers.get(line).copied().unwrap_or_default();
    let pieces = match split {
        Split::Units => offers
            .iter()
            .map(offer)
            .fold(Quantity::ZERO, Quantity::saturating_add),
        Split::Lines | Split::Never => {
            let chosen = shares.iter();
            let chosen = chosen.filter_map(|share| offers.get(share.candidate));
            let most = chosen.map(offer).max();
            most.or_else(|| offers.iter().map(offer).max())
                .unwrap_or_default()
        }
    };
    let sellable = lines.get(line).map(|line| line.sellable);
    pieces.min(sellable.unwrap_or_default())
}
