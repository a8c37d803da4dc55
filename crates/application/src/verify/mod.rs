//! Verification of stored stock: each ledger in itself, and current stock against its ledger. Held
//! quantities are read with the stock, and compared with the lines of reservations and transfers. Transfers have
//! to add up in themselves.
//!
//! It works while others write. A stock is read before its ledger. Entries up to the last one that the
//! stock records never change. Entries beyond that one, or a ledger without a stock, may have been added
//! in between: the stock is read again to find out.

mod stock;
mod walk;

pub use stock::StockVerification;

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::Arc;

use stockroom_domain::{
    Difference, OrganizationId, Problem, RawEntry, RawStock, StockId, TransferId, UnreadableRow,
    VerifiedLedger,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::pipeline::timed;
use crate::ports::{Chunk, Cursor, LedgerRange, RawReader, StoreError};
use walk::{Closed, Walk};

/// The number of stocks read at once.
const STOCKS_MAX: u32 = 4_000;

/// The number of entries read at once, if no other request has to wait for that.
const ENTRIES_MAX: u32 = 10_000;

/// The number of transfers read at once.
const TRANSFERS_MAX: u32 = 100;

/// An observer of a verification, called as results are found.
pub trait VerifyObserver: Send {
    /// A difference was found.
    fn difference(&mut self, difference: Difference);

    /// This number of further entries has been verified.
    fn progress(&mut self, _entries: u64) {}

    /// A ledger has been verified. All its differences have been reported.
    fn verified(&mut self, _ledger: &VerifiedLedger) {}

    /// The repair of a wrong stock has ended, successfully or not.
    fn repair(&mut self, _repair: &Repair<'_>) {}
}

/// The totals of a verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifySummary {
    /// The number of stocks, current and deleted.
    pub stocks: u64,
    /// The number of entries.
    pub entries: u64,
    /// The number of differences found.
    pub differences: u64,
    /// The number of differences that remain.
    pub differences_left: u64,
    /// The number of stocks that were repaired, or would be in a dry run.
    pub repaired: u64,
    /// The number of wrong stocks that were not repaired.
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

/// Whether repairs are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repairing {
    /// Repairs are only shown.
    DryRun,
    /// Repairs are made.
    Apply,
}

/// The repair of a wrong stock.
#[derive(Debug)]
pub struct Repair<'a> {
    /// The stock as it was found.
    pub found: &'a RawStock,
    /// The outcome.
    pub outcome: RepairOutcome,
}

/// The outcome of repairing a stock.
#[derive(Debug)]
pub enum RepairOutcome {
    /// The stock would become this.
    Planned(RawStock),
    /// The stock became this.
    Done(RawStock),
    /// The stock was changed meanwhile, and left as it is.
    Changed,
    /// The stock is deleted, and left as it is.
    Deleted,
    /// The ledger is damaged, or reservations hold more than is allocated by the ledger: the right
    /// values can't be determined.
    Damaged,
    /// The database rejected the repair.
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

    /// The same verifier, reading these numbers of rows at once.
    #[must_use]
    pub fn in_chunks_of(self, rows: u32) -> Self {
        Self {
            stocks_max: rows,
            entries_max: rows,
            ..self
        }
    }

    /// The approximate number of entries.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn count_entries(&self) -> Result<u64, StoreError> {
        self.database.count_entries(self.organization).await
    }

    /// Recomputes everything from the ledgers, and reports every difference.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn verify(
        &self,
        observer: &mut dyn VerifyObserver,
    ) -> Result<VerifySummary, StoreError> {
        self.run(None, observer).await
    }

    /// The same as [`verify`](Self::verify), and repairs current stock whose ledger is sound: its
    /// figures become those of the ledger, its held quantities those of the lines of reservations.
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

    /// Verifies a stock that has just been read.
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
        let mut after = Some(TransferId::new(Uuid::nil()));
        while let Some(place) = after {
            let checked = self
                .database
                .check_transfers(self.organization, place, TRANSFERS_MAX);
            let checked = timed("check_transfers", checked).await?;
            progress.unreadable(checked.wrong);
            after = checked.next;
        }
        Ok(progress.summary)
    }

    /// The numbers of the last entries that these stocks record now.
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

    /// Starts reading stock.
    fn stocks(&self, after: Cursor) -> impl Future<Output = Result<Chunk<RawStock>, StoreError>> {
        let (database, organization) = (Arc::clone(&self.database), self.organization);
        let stocks_max = self.stocks_max;
        beside(async move {
            let stocks = database.raw_stocks(organization, &after, stocks_max);
            timed("stored_stocks", stocks).await
        })
    }

    /// Starts reading entries.
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

    /// Verifies the ledgers in a range, which are those of these stocks.
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
            // The next entries are read while these are verified.
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

    /// Reports the results of ledgers that have been verified.
    async fn close(&mut self, closed: Vec<Closed>) -> Result<(), StoreError> {
        let doubtful: Vec<StockId> = closed.iter().filter_map(Closed::doubtful).collect();
        let now = self.verifier.numbers(&doubtful).await?;
        for closed in closed {
            match closed {
                Closed::Ledger(ledger) => {
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

/// Runs `work` in parallel with its caller. The work is aborted when the returned future is dropped.
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
