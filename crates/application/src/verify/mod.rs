//! Proving what is stored of stock: each ledger in itself, and current stock against it. What
//! reservations hold of it is read with it, and held against their lines.
//!
//! It works while others write. A stock is read before its ledger, of which the entries up to the
//! last one that the stock knew of never change. What is there beyond it, a ledger longer than its
//! stock or one without a stock, may have come in between, which shows when the stock is read again.

mod stock;
mod walk;

pub use stock::StockVerification;

use crate::pipeline::timed;
use crate::ports::{Chunk, Cursor, LedgerRange, RawReader, StoreError};
use walk::{Closed, Walk};

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::Arc;

use stockroom_domain::{
    Difference, OrganizationId, Problem, RawEntry, RawStock, StockId, UnreadableRow, VerifiedLedger,
};
use tokio::task::JoinHandle;

/// How much stock is read at once.
const STOCKS_MAX: u32 = 4_000;

/// How many entries are read at once, where nobody else has to wait for that.
const ENTRIES_MAX: u32 = 10_000;

/// Is told what a verification finds, as it finds it.
pub trait VerifyObserver: Send {
    /// Something isn't as it should be.
    fn difference(&mut self, difference: Difference);

    /// So many more entries have been looked at.
    fn progress(&mut self, _entries: u64) {}

    /// A ledger has been gone through. All its differences have been told.
    fn verified(&mut self, _ledger: &VerifiedLedger) {}

    /// A stock that isn't as it should be is repaired, or isn't.
    fn repair(&mut self, _repair: &Repair<'_>) {}
}

/// What there was, and what was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifySummary {
    /// How many stocks there were, current and deleted.
    pub stocks: u64,
    /// How many entries.
    pub entries: u64,
    /// How many differences were found.
    pub differences: u64,
    /// How many of them are there still.
    pub differences_left: u64,
    /// How many stocks were repaired, or would be.
    pub repaired: u64,
    /// How many that weren't as they should be are left so.
    pub left: u64,
}

impl AddAssign for VerifySummary {
    fn add_assign(&mut self, other: Self) {
        self.stocks += other.stocks;
        self.entries += other.entries;
        self.differences += other.differences;
        self.differences_left += other.differences_left;
        self.repaired += other.repaired;
        self.left += other.left;
    }
}

/// Whether what can be repaired is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repairing {
    /// It is only shown what would be.
    DryRun,
    /// It is.
    Apply,
}

/// What becomes of a stock that isn't as it should be.
#[derive(Debug)]
pub struct Repair<'a> {
    /// The stock as it was found.
    pub found: &'a RawStock,
    /// What came of it.
    pub outcome: RepairOutcome,
}

/// What came of repairing a stock.
#[derive(Debug)]
pub enum RepairOutcome {
    /// It would be made this.
    Planned(RawStock),
    /// It was made this.
    Done(RawStock),
    /// It was changed by someone else meanwhile, and left as it is.
    Changed,
    /// It isn't current any more, and kept as it is.
    Deleted,
    /// Its ledger isn't sound itself, or reservations hold what by the ledger isn't allocated: nobody
    /// knows what it should be.
    Damaged,
    /// The database doesn't take it.
    Failed(StoreError),
}

/// Verifies, and repairs, the stock of one organization.
pub struct Verifier {
    database: Arc<dyn RawReader>,
    organization: OrganizationId,
    stocks_max: u32,
    entries_max: u32,
}

impl Verifier {
    /// A verifier of this organization's stock.
    #[must_use]
    pub fn new(database: Arc<dyn RawReader>, organization: OrganizationId) -> Self {
        Self {
            database,
            organization,
            stocks_max: STOCKS_MAX,
            entries_max: ENTRIES_MAX,
        }
    }

    /// The same, reading so many rows at once.
    #[must_use]
    pub fn in_chunks_of(self, rows: u32) -> Self {
        Self {
            stocks_max: rows,
            entries_max: rows,
            ..self
        }
    }

    /// About how many entries there are.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn count_entries(&self) -> Result<u64, StoreError> {
        self.database.count_entries(self.organization).await
    }

    /// Recomputes everything from the ledgers, and tells every difference.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn verify(
        &self,
        observer: &mut dyn VerifyObserver,
    ) -> Result<VerifySummary, StoreError> {
        self.run(None, observer).await
    }

    /// The same, and makes current stock what its ledger says, where that is sound, and what is held of
    /// it what reservations say.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn repair(
        &self,
        repairing: Repairing,
        observer: &mut dyn VerifyObserver,
    ) -> Result<VerifySummary, StoreError> {
        self.run(Some(repairing), observer).await
    }

    /// Verifies a stock that was read just now.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub(crate) async fn verify_stock(
        &self,
        stock: RawStock,
        observer: &mut dyn VerifyObserver,
    ) -> Result<VerifySummary, StoreError> {
        let range = LedgerRange::of(stock.id);
        let mut progress = Progress::new(self, None, observer);
        progress.ledgers(vec![stock], range).await?;
        Ok(progress.summary)
    }

    async fn run(
        &self,
        repairing: Option<Repairing>,
        observer: &mut dyn VerifyObserver,
    ) -> Result<VerifySummary, StoreError> {
        let mut progress = Progress::new(self, repairing, observer);
        let mut range = LedgerRange::default();
        let mut next = Some(self.stocks(Cursor::default()));
        while let Some(stocks) = next {
            let chunk = stocks.await?;
            range.until.clone_from(&chunk.next);
            next = chunk.next.map(|after| self.stocks(after));
            progress.unreadable(chunk.unreadable);
            progress.ledgers(chunk.rows, range.clone()).await?;
            range.after = range.until.take().unwrap_or_default().behind();
        }
        Ok(progress.summary)
    }

    /// The numbers of the last entries that this stock knows of now.
    async fn numbers(&self, stocks: &[StockId]) -> Result<HashMap<StockId, i64>, StoreError> {
        let mut numbers = HashMap::new();
        if !stocks.is_empty() {
            let stocks = self.database.raw_stocks_of(self.organization, stocks);
            for stock in timed("stored_stocks_of", stocks).await? {
                let number = numbers.entry(stock.id).or_insert(stock.sequence);
                *number = stock.sequence.max(*number);
            }
        }
        Ok(numbers)
    }

    async fn repair_stock(
        &self,
        found: &RawStock,
        repaired: &RawStock,
        repairing: Repairing,
    ) -> Result<RepairOutcome, StoreError> {
        let stock = repaired.clone();
        if repairing == Repairing::DryRun {
            return Ok(RepairOutcome::Planned(stock));
        }
        let done = self
            .database
            .repair_stock(self.organization, found, repaired);
        match timed("repair_stock", done).await {
            Ok(true) => Ok(RepairOutcome::Done(stock)),
            Ok(false) => Ok(RepairOutcome::Changed),
            Err(error @ StoreError::Unavailable(_)) => Err(error),
            Err(error) => Ok(RepairOutcome::Failed(error)),
        }
    }

    /// Begins to read stock.
    fn stocks(&self, after: Cursor) -> impl Future<Output = Result<Chunk<RawStock>, StoreError>> {
        let (database, organization) = (Arc::clone(&self.database), self.organization);
        let stocks_max = self.stocks_max;
        beside(async move {
            let stocks = database.raw_stocks(organization, &after, stocks_max);
            timed("stored_stocks", stocks).await
        })
    }

    /// Begins to read entries.
    fn entries(
        &self,
        range: LedgerRange,
    ) -> impl Future<Output = Result<Chunk<RawEntry>, StoreError>> {
        let (database, organization) = (Arc::clone(&self.database), self.organization);
        let entries_max = self.entries_max;
        beside(async move {
            let entries = database.raw_entries(organization, &range, entries_max);
            timed("stored_entries", entries).await
        })
    }
}

/// A verification under way.
struct Progress<'a> {
    verifier: &'a Verifier,
    repairing: Option<Repairing>,
    observer: &'a mut dyn VerifyObserver,
    summary: VerifySummary,
}

impl<'a> Progress<'a> {
    fn new(
        verifier: &'a Verifier,
        repairing: Option<Repairing>,
        observer: &'a mut dyn VerifyObserver,
    ) -> Self {
        Self {
            verifier,
            repairing,
            observer,
            summary: VerifySummary::default(),
        }
    }

    fn unreadable(&mut self, rows: Vec<UnreadableRow>) {
        for row in rows {
            self.difference(row.into());
        }
    }

    fn difference(&mut self, difference: Difference) {
        self.summary.differences += 1;
        self.summary.differences_left += 1;
        self.observer.difference(difference);
    }

    /// Goes through the ledgers in a range, which are those of this stock.
    async fn ledgers(
        &mut self,
        stocks: Vec<RawStock>,
        range: LedgerRange,
    ) -> Result<(), StoreError> {
        let LedgerRange { after, until } = range;
        let verifier = self.verifier;
        let from = |after| {
            let until = until.clone();
            verifier.entries(LedgerRange { after, until })
        };
        let mut walk = Walk::new(stocks);
        let mut next = Some(from(after));
        while let Some(entries) = next {
            let chunk = entries.await?;
            // The next ones are read while these are looked at.
            next = chunk.next.map(&from);
            self.unreadable(chunk.unreadable);
            for entry in &chunk.rows {
                walk.entry(entry, &mut |difference| self.difference(difference));
            }
            let entries = chunk.rows.len() as u64;
            self.summary.entries += entries;
            self.observer.progress(entries);
            self.close(walk.closed()).await?;
        }
        let closed = walk.finish(&mut |difference| self.difference(difference));
        self.close(closed).await
    }

    /// Tells what came out of ledgers that have been gone through.
    async fn close(&mut self, closed: Vec<Closed>) -> Result<(), StoreError> {
        let doubtful: Vec<StockId> = closed.iter().filter_map(Closed::doubtful).collect();
        let now = self.verifier.numbers(&doubtful).await?;
        for closed in closed {
            match closed {
                Closed::CommandStore(ledger) => {
                    let now = now.get(&ledger.stock.id).copied();
                    self.close_ledger(&ledger, now).await?;
                }
                Closed::NoStock { stock, first, last } if !now.contains_key(&stock) => {
                    self.difference(Difference {
                        product: None,
                        stock: Some(stock),
                        sequence: None,
                        problem: Problem::NoStock { first, last },
                    });
                }
                Closed::NoStock { .. } => {}
            }
        }
        Ok(())
    }

    async fn close_ledger(
        &mut self,
        ledger: &VerifiedLedger,
        now: Option<i64>,
    ) -> Result<(), StoreError> {
        self.summary.stocks += 1;
        let last = ledger.last_beyond();
        let has_gone_on = last.is_some_and(|last| now.is_some_and(|now| now >= last));
        let mut differences = 0;
        for difference in ledger.differences(has_gone_on) {
            differences += 1;
            self.difference(difference);
        }
        self.observer.verified(ledger);
        let is_right = ledger.is_sound && differences == 0;
        if let Some(repairing) = self.repairing.filter(|_| !is_right) {
            let repaired = ledger.repaired(has_gone_on);
            let outcome = match repaired {
                Some(repaired) => {
                    let repair = self
                        .verifier
                        .repair_stock(&ledger.stock, repaired, repairing);
                    repair.await?
                }
                None if ledger.is_sound && !ledger.stock.is_current => RepairOutcome::Deleted,
                None => RepairOutcome::Damaged,
            };
            match outcome {
                RepairOutcome::Planned(_) => self.summary.repaired += 1,
                RepairOutcome::Done(_) => {
                    self.summary.repaired += 1;
                    self.summary.differences_left -= differences;
                }
                _ => self.summary.left += 1,
            }
            let found = &ledger.stock;
            self.observer.repair(&Repair { found, outcome });
        }
        Ok(())
    }
}

/// Does something while its caller does something else. Nobody waiting for it any more ends it.
fn beside<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> impl Future<Output = Result<T, StoreError>> {
    let mut task = Task(tokio::spawn(work));
    async move {
        let panicked = |_| Err(StoreError::Failed("the database's adapter panicked".into()));
        (&mut task.0).await.unwrap_or_else(panicked)
    }
}

struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
