//! The history of a reservation: from itself and, where they are found fast, the entries that it made.

use std::collections::BTreeSet;

use stockroom_application::filter::TextCondition;
use stockroom_application::ports::TransactionCondition;
use stockroom_application::{HistoryError, PageRequest};
use stockroom_domain::{
    EntryAction, ProductId, Quantity, Reason, Recorded, Reservation, ReservationState,
    ReservedLine, Stock, StockId, Timestamp,
};

use crate::lookup::Titles;
use crate::page::{Problem, TimeTag, pieces};
use crate::session::Visit;

/// The most products whose ledgers are looked through, and the most entries that these may have.
const PRODUCTS_MAX: usize = 10;
const ENTRIES_MAX: u64 = 2_000;

/// The most entries that are shown of one product.
const SHOWN_MAX: u32 = 100;

/// A moment in the life of a reservation.
pub(super) struct Moment {
    /// The time, if it is known.
    pub(super) at: Option<TimeTag>,
    pub(super) text: String,
    /// The name of the key.
    pub(super) who: String,
}

impl Moment {
    fn new(at: Option<Timestamp>, text: impl Into<String>) -> Self {
        Self {
            at: at.map(TimeTag),
            text: text.into(),
            who: String::new(),
        }
    }
}

/// The moments of a reservation, oldest first.
pub(super) async fn read(
    visit: &Visit,
    reservation: &Reservation,
    titles: &Titles,
) -> Result<Vec<Moment>, Problem> {
    let mut moments = vec![Moment::new(Some(reservation.created_at), "Made.")];
    let moved = match entries(visit, reservation).await? {
        Some(entries) => moved(&entries, reservation.hold_reason.is_some(), titles),
        None => sums(reservation),
    };
    moments.extend(paid(reservation, &moved));
    moments.extend(moved);
    let updated_at = Some(reservation.updated_at);
    moments.extend(match reservation.state {
        ReservationState::Pending { expires_at } => {
            let text = "Runs out, unless it is paid before.";
            Some(Moment::new(Some(expires_at), text))
        }
        ReservationState::Paid | ReservationState::Held => None,
        ReservationState::Fulfilled if reservation.hold_reason.is_some() => {
            Some(Moment::new(updated_at, "All is written off."))
        }
        ReservationState::Fulfilled => Some(Moment::new(updated_at, "All is shipped.")),
        ReservationState::Released => Some(Moment::new(updated_at, "Nothing is held any more.")),
        ReservationState::Expired => Some(Moment::new(updated_at, "Ran out: it wasn't paid.")),
    });
    Ok(moments)
}

/// The payment, whose time is known if nothing has happened since. An edit that took a product out of the
/// order can't be seen here, but for the number of changes.
fn paid(reservation: &Reservation, moved: &[Moment]) -> Option<Moment> {
    if reservation.hold_reason.is_some() {
        return None;
    }
    let times = moved.iter().filter_map(|moment| moment.at).map(|at| at.0);
    let times: BTreeSet<Timestamp> = times.collect();
    let seen = u64::try_from(times.len()).unwrap_or(u64::MAX);
    // It was made and paid besides.
    let is_all_seen = reservation.version <= seen.saturating_add(2);
    let last = times.last();
    let is_last = is_all_seen && last.is_none_or(|last| *last < reservation.updated_at);
    match reservation.state {
        ReservationState::Paid if is_last && moved.iter().all(|it| it.at.is_some()) => {
            Some(Moment::new(Some(reservation.updated_at), "Paid."))
        }
        ReservationState::Paid | ReservationState::Fulfilled => Some(Moment::new(None, "Paid.")),
        _ => None,
    }
}

/// What has left the reservation, as far as it says so itself.
fn sums(reservation: &Reservation) -> Vec<Moment> {
    let sum = |part: fn(&ReservedLine) -> Quantity| {
        let parts = reservation.lines.iter().map(part);
        parts.fold(Quantity::ZERO, Quantity::saturating_add)
    };
    let parts = [
        (
            left(reservation.hold_reason.is_some()),
            sum(|line| line.fulfilled),
        ),
        ("Released", sum(|line| line.released)),
    ];
    let parts = parts.into_iter().filter(|(_, sum)| !sum.is_zero());
    parts
        .map(|(verb, sum)| Moment::new(None, format!("{verb} {} in all.", pieces(sum))))
        .collect()
}

/// The entries that the reservation made, in order; `None` if that takes a look at too many.
async fn entries(
    visit: &Visit,
    reservation: &Reservation,
) -> Result<Option<Vec<Recorded>>, Problem> {
    let products: BTreeSet<ProductId> = reservation
        .lines
        .iter()
        .map(|line| line.key.product)
        .collect();
    if products.len() > PRODUCTS_MAX {
        return Ok(None);
    }
    let products: Vec<ProductId> = products.into_iter().collect();
    let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
    let stocks = stockroom.stock_of_products(administrator, &products);
    let stocks: Vec<Stock> = stocks.await?;
    let known: BTreeSet<StockId> = stocks.iter().map(|stock| stock.id).collect();
    let is_known = |line: &ReservedLine| known.contains(&line.stock);
    let is_short = stocks.iter().all(|stock| stock.sequence <= ENTRIES_MAX);
    if !is_short || !reservation.lines.iter().all(is_known) {
        return Ok(None);
    }
    let reference = TextCondition::In(vec![reservation.id.to_string()]);
    let filter = [TransactionCondition::Reference(reference)];
    let mut entries = Vec::new();
    for product in products {
        let page = PageRequest::from_offset(SHOWN_MAX, 0);
        let found = stockroom.transactions(administrator, product, &filter, page);
        match found.await {
            Ok(page) => entries.extend(page.items),
            // It was deleted meanwhile.
            Err(HistoryError::UnknownStock) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    entries.sort_by_key(|recorded| {
        let entry = &recorded.entry;
        (entry.created_at, entry.stock, entry.sequence)
    });
    Ok(Some(entries))
}

/// The word for pieces that have left the stock.
const fn left(is_hold: bool) -> &'static str {
    if is_hold { "Wrote off" } else { "Shipped" }
}

/// What was shipped, released, moved and edited.
fn moved(entries: &[Recorded], is_hold: bool, titles: &Titles) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut rest = entries;
    let mut before: Option<&Recorded> = None;
    while let [first, others @ ..] = rest {
        let next = others.first().filter(|next| is_next(first, next));
        let after = next.and_then(|next| others.get(1).filter(|after| is_next(next, after)));
        let is_one = |one: Option<&Recorded>, other: Option<&Recorded>| match (one, other) {
            (Some(one), Some(other)) => one.entry.action != other.entry.action,
            _ => true,
        };
        let before_it = before.filter(|before| is_next(before, first));
        let is_alone = is_one(before_it, Some(first)) && is_one(next, after);
        let told = told(first, next, (is_alone, is_hold), titles);
        before = Some(first);
        rest = match told {
            Some((_, true)) => others.get(1..).unwrap_or_default(),
            _ => others,
        };
        if let Some((text, _)) = told {
            let mut moment = Moment::new(Some(first.entry.created_at), text);
            let who = first.actor_name.as_deref().unwrap_or_default();
            who.clone_into(&mut moment.who);
            moments.push(moment);
        }
    }
    moments
}

/// Whether an entry is the next one of the same stock, for the same reason.
fn is_next(entry: &Recorded, next: &Recorded) -> bool {
    let (entry, next) = (&entry.entry, &next.entry);
    next.stock == entry.stock
        && next.sequence == entry.sequence.saturating_add(1)
        && next.annotation.reason == entry.annotation.reason
}

/// The words for an entry, and whether they are those for the next one, too. Where pieces of several places
/// were moved at once, it isn't known which of them went where.
fn told(
    first: &Recorded,
    next: Option<&Recorded>,
    (is_alone, is_hold): (bool, bool),
    titles: &Titles,
) -> Option<(String, bool)> {
    let entry = &first.entry;
    let quantity = pieces(entry.quantity);
    let what = format!("{quantity} of {}", titles.title(first.product));
    let place = |recorded: &Recorded| match &recorded.slug {
        Some(slug) => slug.to_string(),
        None => "no location".to_owned(),
    };
    let there = first.slug.as_ref();
    let there = there.map_or_else(String::new, |slug| format!(" in {slug}"));
    // The reason of a hold can be any text.
    let reason = entry.annotation.reason.as_ref().filter(|_| !is_hold);
    let reason = reason.map(Reason::as_str);
    let left = left(is_hold);
    let is = |recorded: &Recorded, action| recorded.entry.action == action;
    match (reason, entry.action) {
        (Some("moved"), EntryAction::Deallocate) => {
            let to = next.filter(|next| {
                is_alone && is(next, EntryAction::Allocate) && next.entry.quantity == entry.quantity
            });
            let from = place(first);
            Some(match to {
                Some(to) => (format!("Moved {what} from {from} to {}.", place(to)), true),
                None => (format!("Moved {what} away from {from}."), false),
            })
        }
        (Some("moved"), EntryAction::Allocate) => {
            Some((format!("Moved {what} to {}.", place(first)), false))
        }
        (Some("edited"), EntryAction::Deallocate) => {
            Some((format!("Edited: gave back {what}{there}."), false))
        }
        (Some("edited"), EntryAction::Allocate) => {
            Some((format!("Edited: added {what}{there}."), false))
        }
        // Pieces that are shipped are deallocated first, in an entry of its own.
        (_, EntryAction::Deallocate)
            if next.is_some_and(|next| {
                is(next, EntryAction::Decrement) && next.entry.location == entry.location
            }) =>
        {
            Some((format!("{left} {what}{there}."), true))
        }
        (_, EntryAction::Deallocate) => Some((format!("Released {what}{there}."), false)),
        (_, EntryAction::Decrement) => Some((format!("{left} {what}{there}."), false)),
        // Damaged pieces that come back are written off in the next entry, and others may be reserved again.
        (_, EntryAction::Increment) => {
            let is_next = |action| next.is_some_and(|next| is(next, action));
            Some(if is_next(EntryAction::Decrement) {
                (
                    format!("Damaged {what} came back{there}, written off."),
                    true,
                )
            } else if is_next(EntryAction::Allocate) {
                (format!("{what} came back{there}, reserved again."), true)
            } else {
                (format!("{what} came back{there}."), false)
            })
        }
        // What was reserved stands in the lines.
        (_, EntryAction::Create | EntryAction::Allocate) => None,
    }
}
