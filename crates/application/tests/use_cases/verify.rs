//! Verifying and repairing: what is asked of a database, and what is made of what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockroom_application::ports::{CheckedTransfers, Chunk, Cursor, StoreError};
use stockroom_application::{
    Repair, RepairOutcome, Repairing, StockVerification, Verifier, VerifyObserver, VerifySummary,
    Writer,
};
use stockroom_domain::{
    Actor, Command, Context, CreateStock, Difference, IdempotencyRecords, Operation, Owner,
    ProductId, Quantity, RawEntry, RawStock, State, Timestamp, Transact, TransactionAction,
    UnreadableRow, decide_all,
};
use uuid::Uuid;

use crate::mock::{MockDatabase, TestClock, database, environment, organization, stockroom, uuid};

const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(4));

/// A stock after each of its entries, and these.
fn stock(entries: u64) -> (Vec<RawStock>, Vec<RawEntry>) {
    let create = CreateStock {
        product: PRODUCT,
        unlocated: Quantity::new(10).unwrap(),
        located: BTreeMap::new(),
    };
    let increment = Transact::new(
        PRODUCT,
        TransactionAction::Increment,
        Quantity::new(1).unwrap(),
    );
    let mut state = State::default();
    let environment = environment(&TestClock::new());
    let (mut stocks, mut ledger) = (Vec::new(), Vec::new());
    for number in 0..entries {
        let operation: Operation = if number == 0 {
            create.clone().into()
        } else {
            increment.clone().into()
        };
        let commands = [Command::new(Actor::OPERATOR, operation)];
        let state_before = std::mem::take(&mut state);
        let decided = environment.with_ids(|ids| {
            let context = &mut Context::new(Timestamp::UNIX_EPOCH, ids);
            decide_all(
                &commands,
                state_before,
                IdempotencyRecords::default(),
                context,
            )
        });
        let (outcomes, changes) = (decided.outcomes, decided.changes);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        ledger.extend(changes.entries.into_iter().map(RawEntry::from));
        let touched = changes.stocks.into_values();
        for stock in touched.filter_map(|change| change.after) {
            stocks.push(RawStock::new(&stock, true));
            state.stocks.insert(stock.key(), stock);
        }
    }
    (stocks, ledger)
}

fn chunk<T>(rows: Vec<T>) -> Chunk<T> {
    Chunk {
        rows,
        unreadable: Vec::new(),
        next: None,
    }
}

fn without_transfers() -> MockDatabase {
    let mut database = MockDatabase::new();
    database
        .expect_check_transfers()
        .returning(|_, _, _| Ok(CheckedTransfers::default()));
    database
}

/// A database that has this.
fn holding(stocks: Vec<RawStock>, entries: Vec<RawEntry>) -> MockDatabase {
    let mut database = without_transfers();
    database
        .expect_raw_stocks()
        .return_once(|_, _, _| Ok(chunk(stocks)));
    database
        .expect_raw_entries()
        .return_once(|_, _, _| Ok(chunk(entries)));
    database
}

#[derive(Default)]
struct Told {
    lines: Vec<String>,
    outcomes: Vec<String>,
}

impl VerifyObserver for Told {
    fn difference(&mut self, difference: Difference) {
        self.lines.push(difference.problem.to_string());
    }

    fn repair(&mut self, repair: &Repair<'_>) {
        self.outcomes.push(match &repair.outcome {
            RepairOutcome::Failed(error) => error.to_string(),
            outcome => format!("{outcome:?}"),
        });
    }
}

async fn verify(database: MockDatabase) -> (VerifySummary, Vec<String>) {
    let mut told = Told::default();
    let verifier = Verifier::new(Arc::new(database), organization());
    let summary = verifier.verify(&mut told).await.unwrap();
    (summary, told.lines)
}

#[tokio::test]
async fn what_is_intact_is_read_once() {
    let (mut stocks, entries) = stock(3);
    let database = holding(vec![stocks.remove(2)], entries);
    let (summary, lines) = verify(database).await;
    assert_eq!(lines, [""; 0]);
    assert_eq!((summary.stocks, summary.entries), (1, 3));
}

/// More entries than the stock knew of may have come in between.
#[tokio::test]
async fn a_longer_ledger_is_no_difference_if_the_stock_has_gone_on() {
    let (stocks, entries) = stock(4);
    for (now, found) in [(3, 0), (2, 1), (1, 1)] {
        let mut database = holding(vec![stocks[1].clone()], entries.clone());
        let now = vec![stocks[now].clone()];
        let id = stocks[0].id;
        database
            .expect_raw_stocks_of()
            .withf(move |_, ids| *ids == [id])
            .times(1)
            .return_once(|_, _| Ok(now));
        let (_, lines) = verify(database).await;
        assert_eq!(lines.len(), found, "{lines:#?}");
        let ends = |line: &String| line.ends_with("the ledger ends with 4");
        assert!(lines.iter().all(ends), "{lines:#?}");
    }
}

/// So may a ledger whose stock wasn't there.
#[tokio::test]
async fn a_ledger_without_stock_is_no_difference_if_the_stock_has_come() {
    let (stocks, entries) = stock(2);
    for (now, found) in [(vec![stocks[1].clone()], 0), (Vec::new(), 1)] {
        let mut database = holding(Vec::new(), entries.clone());
        database.expect_raw_stocks_of().return_once(|_, _| Ok(now));
        let (summary, lines) = verify(database).await;
        assert_eq!(lines.len(), found, "{lines:#?}");
        assert_eq!(summary.stocks, 0);
    }
}

/// Reading goes on where the database says, whatever it gives.
#[tokio::test]
async fn chunks_follow_one_another() {
    let (mut stocks, entries) = stock(3);
    let stock = stocks.remove(2);
    let mut database = without_transfers();
    let next = Cursor::before(stock.id);
    let behind = next.clone();
    database.expect_raw_stocks().returning(move |_, after, _| {
        let mut chunk = chunk(Vec::new());
        if *after == Cursor::default() {
            chunk.rows.push(stock.clone());
            chunk.next = Some(next.clone());
        }
        Ok(chunk)
    });
    database.expect_raw_entries().returning(move |_, range, _| {
        let mut chunk = chunk(Vec::new());
        if range.after == Cursor::default() {
            assert_eq!(range.until.as_ref(), Some(&behind));
            chunk.rows.push(entries[0].clone());
            chunk.next = Some(Cursor::at(entries[0].stock, 1));
        } else if range.until.is_some() {
            assert_eq!(range.after, Cursor::at(entries[0].stock, 1));
            chunk.rows.extend(entries[1..].iter().cloned());
            chunk.unreadable.push(UnreadableRow {
                table: "entries",
                column: "stock_id",
                row: "a row".to_owned(),
            });
        } else {
            assert_eq!(range.after, behind.clone().behind());
        }
        Ok(chunk)
    });
    let (summary, lines) = verify(database).await;
    let unreadable = "entries.stock_id holds an impossible value in row a row";
    assert_eq!(lines, [unreadable]);
    assert_eq!((summary.stocks, summary.entries), (1, 3));
}

async fn repair(
    repaired: Result<bool, StoreError>,
) -> Result<(VerifySummary, Vec<String>), StoreError> {
    let (mut stocks, entries) = stock(2);
    let mut stock = stocks.remove(1);
    stock.sums.available = 7;
    let mut database = holding(vec![stock], entries);
    database
        .expect_repair_stock()
        .withf(|_, found, repaired| found.sums.available == 7 && repaired.sums.available == 11)
        .times(1)
        .return_once(|_, _, _| repaired);
    let mut told = Told::default();
    let verifier = Verifier::new(Arc::new(database), organization());
    let summary = verifier.repair(Repairing::Apply, &mut told).await?;
    Ok((summary, told.outcomes))
}

#[tokio::test]
async fn what_cannot_be_repaired_is_told() {
    let (summary, _) = repair(Ok(true)).await.unwrap();
    assert_eq!((summary.repaired, summary.left), (1, 0));
    assert_eq!((summary.differences, summary.differences_left), (1, 0));
    let (summary, outcomes) = repair(Ok(false)).await.unwrap();
    assert_eq!(outcomes, ["Changed"]);
    assert_eq!((summary.left, summary.differences_left), (1, 1));
    let failed = repair(Err(StoreError::Failed("no".into()))).await;
    let (summary, outcomes) = failed.unwrap();
    assert_eq!(outcomes, ["the database failed"]);
    assert_eq!((summary.left, summary.differences_left), (1, 1));
    let lost = repair(Err(StoreError::Unavailable("gone".into()))).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
}

#[tokio::test]
async fn a_database_that_fails_ends_it() {
    let (stocks, _) = stock(1);
    let mut database = without_transfers();
    database
        .expect_raw_stocks()
        .return_once(|_, _, _| Ok(chunk(stocks)));
    database
        .expect_raw_entries()
        .return_once(|_, _, _| Err(StoreError::Unavailable("gone".into())));
    let verifier = Verifier::new(Arc::new(database), organization());
    let failed = verifier.verify(&mut Told::default()).await;
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );
}

/// A client is told so much, and how much there is.
#[tokio::test]
async fn very_many_differences_are_counted() {
    let missing = StockVerification::DIFFERENCES_MAX + 7;
    let (mut stocks, mut entries) = stock(2 * missing as u64 + 1);
    // Every other one is left.
    entries.retain(|entry| entry.sequence % 2 == 1);
    let stock = stocks.pop().unwrap();
    let mut database = database();
    database
        .expect_raw_stock()
        .return_once(|_, _| Ok(Some(stock)));
    database
        .expect_raw_entries()
        .return_once(|_, _, _| Ok(chunk(entries)));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let operator = Writer::operator(organization(), Owner::Organization);
    let verified = stockroom
        .verify_stock(operator.administrator(), PRODUCT)
        .await;
    let verified = verified.unwrap().unwrap();
    let told = verified.differences.len();
    assert_eq!(told, StockVerification::DIFFERENCES_MAX);
    assert_eq!(verified.differences_total, missing as u64);
    assert_eq!(verified.entries, missing as u64 + 1);
    assert!(!verified.is_intact());
}

#[tokio::test]
async fn unmanaged_stock_is_not_verified() {
    let mut database = database();
    database.expect_raw_stock().return_once(|_, _| Ok(None));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let operator = Writer::operator(organization(), Owner::Organization);
    let product = ProductId::new(uuid(5));
    let verified = stockroom
        .verify_stock(operator.administrator(), product)
        .await;
    assert_eq!(verified.unwrap(), None);
}
