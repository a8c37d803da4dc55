//! An entry of a ledger, as pages show it.

use stockroom_domain::{
    Balance, BatchId, Entry, EntryAction, Recorded, StockId, Timestamp, TransactionId,
};

use super::document::{Document, Documents};
use crate::page::moment::{field, whole_second};
use crate::page::{Number, Problem, TimeTag, query};
use crate::session::Visit;
use crate::stock::Figures;

/// The digits of a hash that are shown.
const SHORT_HASH: usize = 8;

/// A figure before and after an entry.
pub(crate) struct Step {
    pub(crate) before: Number,
    pub(crate) after: Number,
}

impl Step {
    /// Whether the entry changed the figure.
    pub(crate) fn is_change(&self) -> bool {
        self.before != self.after
    }
}

/// Another entry: one that this one undoes, or that undoes it.
pub(crate) struct Other {
    /// The address of the ledger at that entry.
    pub(crate) href: String,
    pub(crate) at: Option<TimeTag>,
}

/// An entry.
pub(crate) struct Row {
    pub(crate) id: TransactionId,
    pub(crate) at: TimeTag,
    /// What was done, in words.
    pub(crate) action: String,
    pub(crate) place: Option<String>,
    /// The figures of the position.
    pub(crate) available: Step,
    pub(crate) allocated: Step,
    /// The figures of the whole stock afterwards.
    pub(crate) sums: Figures,
    pub(crate) who: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
    /// The reservation or transfer that made the entry, if this level sees it.
    pub(crate) document: Option<Document>,
    pub(crate) batch: Option<BatchId>,
    /// The time that a count is for.
    pub(crate) as_of: Option<TimeTag>,
    pub(crate) number: Number,
    pub(crate) hash: String,
    pub(crate) undoes: Option<Other>,
    pub(crate) undone_by: Option<Other>,
    /// Whether it can be undone, as far as the entry itself says.
    pub(crate) can_be_undone: bool,
    /// Whether its stock was deleted since.
    pub(crate) is_of_deleted: bool,
}

impl Row {
    /// The first digits of the hash.
    pub(crate) fn short_hash(&self) -> &str {
        self.hash.get(..SHORT_HASH).unwrap_or_default()
    }

    /// The last digits of the batch's id. Those at the beginning are of its time, which many batches share.
    pub(crate) fn short_batch(&self) -> String {
        let text = self.batch.as_ref().map(ToString::to_string);
        let mut text = text.unwrap_or_default();
        text.split_off(text.len().saturating_sub(SHORT_HASH))
    }

    /// An entry. `ledger` is the path of its ledger, and `current` the stock that the product has now.
    fn new(
        recorded: Recorded,
        ledger: &str,
        current: Option<StockId>,
        documents: &Documents,
    ) -> Self {
        let before = before(&recorded.entry);
        let Recorded {
            entry,
            slug,
            actor_name,
            undone_by,
            ..
        } = recorded;
        let reference = entry.annotation.reference.map(|it| it.as_str().to_owned());
        let document = reference.as_deref().and_then(|it| documents.get(it));
        let is_of_deleted = current != Some(entry.stock);
        let figure = |figure: fn(&Balance) -> Number| Step {
            before: figure(&before),
            after: figure(&entry.balance),
        };
        Self {
            id: entry.id,
            at: TimeTag(entry.created_at),
            action: words(entry.action, entry.quantity.into()),
            place: slug.map(|slug| slug.as_str().to_owned()),
            available: figure(|balance| balance.available.into()),
            allocated: figure(|balance| balance.allocated.into()),
            sums: entry.sums.into(),
            who: actor_name.map(|name| name.to_string()),
            reason: entry.annotation.reason.map(|it| it.as_str().to_owned()),
            document: document.copied(),
            reference,
            batch: entry.batch,
            as_of: entry.as_of.map(TimeTag),
            number: entry.sequence.into(),
            hash: entry.hash.to_string(),
            undoes: entry.undoes.map(|id| other(ledger, id)),
            undone_by: undone_by.map(|id| other(ledger, id)),
            can_be_undone: !is_of_deleted && undone_by.is_none() && document.is_none(),
            is_of_deleted,
        }
    }
}

/// The entries of one ledger as pages show them. `ledger` is its path.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn rows(
    visit: &Visit,
    ledger: &str,
    current: Option<StockId>,
    entries: Vec<Recorded>,
) -> Result<Vec<Row>, Problem> {
    let documents = Documents::of(visit, &entries).await?;
    let rows = entries.into_iter();
    let rows = rows.map(|recorded| Row::new(recorded, ledger, current, &documents));
    Ok(rows.collect())
}

/// Entries of several ledgers, of stock that still exists.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn rows_of_batch(
    visit: &Visit,
    entries: Vec<Recorded>,
) -> Result<Vec<Row>, Problem> {
    let documents = Documents::of(visit, &entries).await?;
    let rows = entries.into_iter().map(|recorded| {
        let ledger = visit.path(&format!("/products/{}/ledger", recorded.product));
        let current = Some(recorded.entry.stock);
        Row::new(recorded, &ledger, current, &documents)
    });
    Ok(rows.collect())
}

/// The ledger in the second of another entry, at that entry.
fn other(ledger: &str, id: TransactionId) -> Other {
    let second = |at: Timestamp| {
        let from = whole_second(at);
        (field(from), field(from.plus_milliseconds(1_000)))
    };
    let at = id.created_at();
    let (from, to) = at.map(second).unwrap_or_default();
    Other {
        href: format!(
            "{}#entry-{id}",
            query(ledger, &[("from", &from), ("to", &to)])
        ),
        at: at.map(TimeTag),
    }
}

/// The figures of the position before an entry.
fn before(entry: &Entry) -> Balance {
    let opposite = match entry.action {
        EntryAction::Create => return Balance::default(),
        EntryAction::Increment => EntryAction::Decrement,
        EntryAction::Decrement => EntryAction::Increment,
        EntryAction::Allocate => EntryAction::Deallocate,
        EntryAction::Deallocate => EntryAction::Allocate,
    };
    let before = opposite.apply(entry.quantity, entry.balance);
    before.unwrap_or(entry.balance)
}

/// An action in words.
fn words(action: EntryAction, pieces: Number) -> String {
    match action {
        EntryAction::Create => format!("created with {pieces}"),
        EntryAction::Increment => format!("added {pieces}"),
        EntryAction::Decrement => format!("removed {pieces}"),
        EntryAction::Allocate => format!("allocated {pieces}"),
        EntryAction::Deallocate => format!("deallocated {pieces}"),
    }
}
