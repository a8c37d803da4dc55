//! Finding entries: the newest first where that is possible.

use serde::Deserialize;
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::TransactionCondition;
use stockroom_application::{HistoryError, Page, PageRequest};
use stockroom_domain::{EntryAction, Recorded, TransactionId};

use crate::page::moment::moment;
use crate::page::{PAGE_ROWS, Problem};
use crate::product::Known;
use crate::session::Visit;

/// The most entries that are read to show the newest of them first. Ledgers are read from their beginning.
const NEWEST_MAX: u32 = 1_000;

/// The word for the pieces without a location. No slug has this character.
pub(super) const NO_PLACE: &str = ".";

/// The part of the address that says which entries are shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) location: String,
    pub(super) action: String,
    pub(super) reason: String,
    pub(super) reference: String,
    pub(super) from: String,
    pub(super) to: String,
    /// `oldest` for the oldest first.
    pub(super) order: String,
    /// The entry, or the number, after which the page begins.
    pub(super) after: String,
}

/// A page of entries.
pub(super) struct Entries {
    pub(super) page: Page<Recorded, ()>,
    /// The text of the place after which the next page begins.
    pub(super) next: Option<String>,
    pub(super) order: Order,
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    /// The same, without the entries of deleted stock, which only the other order shows.
    NewestOfCurrent,
    OldestFirst,
    /// The oldest first, as there are too many to show the newest first.
    TooMany,
}

impl Entries {
    fn new(items: Vec<Recorded>, total: Option<u64>, next: Option<String>) -> Self {
        Self {
            page: Page {
                items,
                total,
                next: None,
            },
            next,
            order: Order::NewestFirst,
        }
    }
}

impl Wanted {
    /// The parameters that all pages of the list have.
    pub(super) fn kept(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("location", &self.location),
            ("action", &self.action),
            ("reason", &self.reason),
            ("reference", &self.reference),
            ("from", &self.from),
            ("to", &self.to),
            ("order", &self.order),
        ]
    }

    /// The conditions that entries have to fulfil.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn conditions(&self) -> Result<Vec<TransactionCondition>, String> {
        let mut conditions = Vec::new();
        match self.location.as_str() {
            "" => {}
            NO_PLACE => conditions.push(TransactionCondition::Location(TextCondition::IsNull)),
            slug => {
                let slug = TextCondition::In(vec![slug.to_owned()]);
                conditions.push(TransactionCondition::Location(slug));
            }
        }
        if !self.action.is_empty() {
            let action = EntryAction::from_word(&self.action);
            let action = action.ok_or_else(|| format!("“{}” isn't an action.", self.action))?;
            conditions.push(TransactionCondition::Action(vec![action]));
        }
        if !self.reason.is_empty() {
            conditions.push(TransactionCondition::Reason(containing(&self.reason)));
        }
        if !self.reference.is_empty() {
            conditions.push(TransactionCondition::Reference(containing(&self.reference)));
        }
        if let Some(from) = time(&self.from)? {
            let from = Comparison::GreaterOrEqual(from);
            conditions.push(TransactionCondition::CreatedAt(from));
        }
        if let Some(to) = time(&self.to)? {
            let to = Comparison::LessOrEqual(to);
            conditions.push(TransactionCondition::CreatedAt(to));
        }
        Ok(conditions)
    }
}

fn containing(text: &str) -> TextCondition {
    TextCondition::Like(Pattern {
        text: text.to_owned(),
        open_start: true,
        open_end: true,
    })
}

fn time(text: &str) -> Result<Option<stockroom_domain::Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let at = moment(text).ok_or_else(|| format!("“{text}” isn't a date and time."))?;
    Ok(Some(at))
}

/// Reads a page of entries.
///
/// # Errors
/// [`Problem`] if the address names an entry that isn't there, or the database fails.
pub(super) async fn read(
    visit: &Visit,
    known: &Known,
    wanted: &Wanted,
    filter: &[TransactionCondition],
) -> Result<Entries, Problem> {
    if wanted.order == "oldest" {
        return oldest_first(visit, known, wanted, filter).await;
    }
    if filter.is_empty() {
        let total = audit(visit, known, filter, None, 1).await?.total;
        let total = total.unwrap_or_default();
        if total > u64::from(NEWEST_MAX) {
            return newest_of_current(visit, known, wanted, total).await;
        }
    }
    let all = audit(visit, known, filter, None, NEWEST_MAX).await?;
    if all.next.is_some() {
        let entries = oldest_first(visit, known, wanted, filter).await?;
        return Ok(Entries {
            order: Order::TooMany,
            ..entries
        });
    }
    let total = all.items.len() as u64;
    let after = TransactionId::parse(&wanted.after);
    let mut left = all.items.into_iter().rev();
    if let Some(after) = after {
        left.find(|recorded| recorded.entry.id == after);
    }
    let mut items: Vec<Recorded> = left.take(PAGE_ROWS as usize + 1).collect();
    let has_more = items.len() > PAGE_ROWS as usize;
    items.truncate(PAGE_ROWS as usize);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|recorded| recorded.entry.id.to_string());
    Ok(Entries::new(items, Some(total), next))
}

async fn oldest_first(
    visit: &Visit,
    known: &Known,
    wanted: &Wanted,
    filter: &[TransactionCondition],
) -> Result<Entries, Problem> {
    let after = TransactionId::parse(&wanted.after);
    let page = audit(visit, known, filter, after, PAGE_ROWS).await?;
    let next = page.next.map(|id| id.to_string());
    Ok(Entries {
        order: Order::OldestFirst,
        ..Entries::new(page.items, page.total, next)
    })
}

/// A page of the ledger of the current stock, from its end. Its entries are numbered without a gap, so that
/// the newest are found by their numbers.
async fn newest_of_current(
    visit: &Visit,
    known: &Known,
    wanted: &Wanted,
    total: u64,
) -> Result<Entries, Problem> {
    let number = known.stock.as_ref().map(|stock| stock.sequence);
    let Some(last) = number.and_then(|number| u32::try_from(number).ok()) else {
        let entries = oldest_first(visit, known, wanted, &[]).await?;
        return Ok(Entries {
            order: Order::TooMany,
            ..entries
        });
    };
    // The page ends before the number after which it begins: it is read backwards.
    let end = match wanted.after.parse::<u32>() {
        Ok(after) => after.saturating_sub(1).min(last),
        Err(_) => last,
    };
    let offset = end.saturating_sub(PAGE_ROWS);
    let page = PageRequest::from_offset(end.saturating_sub(offset), offset);
    let stockroom = visit.stockroom();
    let found = stockroom.transactions(visit.administrator(), known.id, &[], page);
    let mut items = found.await?.items;
    items.reverse();
    let next = (offset > 0).then(|| offset.saturating_add(1).to_string());
    let order = if total > u64::from(last) {
        Order::NewestOfCurrent
    } else {
        Order::NewestFirst
    };
    Ok(Entries {
        order,
        ..Entries::new(items, Some(u64::from(last)), next)
    })
}

/// The ledger from its beginning. A product that never had stock has an empty one.
async fn audit(
    visit: &Visit,
    known: &Known,
    filter: &[TransactionCondition],
    after: Option<TransactionId>,
    limit: u32,
) -> Result<Page<Recorded, TransactionId>, Problem> {
    let stockroom = visit.stockroom();
    let found = stockroom.audit(visit.administrator(), known.id, filter, after, limit);
    match found.await {
        Err(HistoryError::UnknownStock) => Ok(Page {
            items: Vec::new(),
            total: Some(0),
            next: None,
        }),
        found => Ok(found?),
    }
}
