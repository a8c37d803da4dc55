//! What only a database in a file can get wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use rusqlite::Connection;
use stockroom_application::Environment;
use stockroom_application::ports::{CommandStore, Scope, ServerState, StockReader, StoreError};
use stockroom_domain::{
    Actor, Command, CreateOrganization, CreateStock, DeleteStock, Idempotency, IdempotencyKey,
    Name, Operation, OrganizationId, Owner, ProductId, Quantity, Refusal, RequestDigest, Transact,
    TransactionAction,
};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};
use tempfile::TempDir;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));
const VIEW: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};

fn file() -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (folder.path().join("stockroom.db"), folder)
}

async fn open_with(path: &Path, options: SqliteOptions) -> SqliteDatabase {
    SqliteDatabase::open(path, Environment::system(), options)
        .await
        .unwrap()
}

async fn open(path: &Path) -> SqliteDatabase {
    let database = open_with(path, SqliteOptions::default()).await;
    database.migrate().await.unwrap();
    database
}

/// A connection of someone else, like that of another process.
fn other(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

async fn commit(
    database: &SqliteDatabase,
    operation: impl Into<Operation>,
) -> Result<(), StoreError> {
    let command = Command::new(Actor::OPERATOR, operation.into());
    let outcomes = database.commit(ORGANIZATION, &[command]).await?;
    for outcome in outcomes {
        outcome.unwrap();
    }
    Ok(())
}

async fn create_stock(database: &SqliteDatabase) {
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: Name::new("name", "Pear Ltd").unwrap(),
    };
    commit(database, organization).await.unwrap();
    let stock = CreateStock {
        product: PRODUCT,
        unlocated: Quantity::new(10).unwrap(),
        located: BTreeMap::new(),
    };
    commit(database, stock).await.unwrap();
}

fn allocate(pieces: u64) -> Transact {
    Transact::new(
        PRODUCT,
        TransactionAction::Allocate,
        Quantity::new(pieces).unwrap(),
    )
}

async fn available(database: &SqliteDatabase) -> u64 {
    let stock = database.stock(VIEW, PRODUCT).await.unwrap().unwrap();
    stock.sums().available.get()
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_crash() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    commit(&database, allocate(3)).await.unwrap();
    // As a crash leaves them: the database and its log, not closed.
    let copy = path.with_file_name("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let database = open(&copy).await;
    assert_eq!(available(&database).await, 7);
}

#[tokio::test]
async fn the_log_begins_again_and_nothing_is_lost() {
    const LOG_PAGES: u32 = 20;
    const COMMITS: u64 = 500;
    let (path, _folder) = file();
    let options = SqliteOptions {
        log_pages: LOG_PAGES,
        ..SqliteOptions::default()
    };
    let database = open_with(&path, options).await;
    database.migrate().await.unwrap();
    create_stock(&database).await;
    let log = path.with_extension("db-wal");
    let before = std::fs::metadata(&log).unwrap().len();
    for commits in 1..=COMMITS {
        commit(&database, allocate(0)).await.unwrap();
        let history = database.transactions(VIEW, PRODUCT, &[], 1, 0);
        let total = history.await.unwrap().unwrap().total;
        assert_eq!(total, Some(commits + 1));
    }
    // Each wrote two pages at least, which would be 4 MB. The file stays as long as the log ever
    // was, and may have outgrown its measure while it was copied.
    let grown = std::fs::metadata(&log)
        .unwrap()
        .len()
        .saturating_sub(before);
    assert!(grown < 2_000_000, "{grown} bytes");
    assert_eq!(available(&database).await, 10);
}

#[tokio::test]
async fn closing_leaves_one_file_with_everything_in_it() {
    let (path, folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    assert_eq!(available(&database).await, 10);
    database.close().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = database.stock(VIEW, PRODUCT).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(available(&open(&path).await).await, 10);
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    database.migrate().await.unwrap();
    assert_eq!(available(&database).await, 10);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let (path, _folder) = file();
    open(&path).await.close().await;
    let version = other(&path).pragma_update(None, "user_version", 9999);
    version.unwrap();
    let database = open_with(&path, SqliteOptions::default()).await;
    for refused in [database.migrate().await, database.check_schema().await] {
        let Err(StoreError::Failed(reason)) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.to_string().contains("newer"), "{reason}");
    }
}

/// Such a file has all tables, and has never counted its migrations.
#[tokio::test]
async fn a_database_from_before_the_first_release_is_refused() {
    let (path, _folder) = file();
    open(&path).await.close().await;
    let version = other(&path).pragma_update(None, "user_version", 0);
    version.unwrap();
    let database = open_with(&path, SqliteOptions::default()).await;
    for refused in [database.migrate().await, database.check_schema().await] {
        let Err(StoreError::Failed(reason)) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.to_string().contains("first release"), "{reason}");
    }
}

#[tokio::test]
async fn a_schema_is_checked_and_left_as_it_is() {
    let (path, _folder) = file();
    let database = open_with(&path, SqliteOptions::default()).await;
    for _ in 0..2 {
        let checked = database.check_schema().await;
        let Err(StoreError::Failed(reason)) = checked else {
            panic!("{checked:?}");
        };
        assert!(reason.to_string().contains("migrate"), "{reason}");
    }
    database.migrate().await.unwrap();
    database.check_schema().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let (path, _folder) = file();
    std::fs::write(&path, "To whom it may concern. ".repeat(100)).unwrap();
    let opened = SqliteDatabase::open(&path, Environment::system(), SqliteOptions::default()).await;
    assert!(opened.is_err());
}

#[tokio::test]
async fn a_lock_of_another_process_makes_it_unavailable() {
    let (path, _folder) = file();
    open(&path).await.close().await;
    let options = SqliteOptions {
        busy_timeout: Duration::ZERO,
        ..SqliteOptions::default()
    };
    let database = open_with(&path, options).await;
    create_stock(&database).await;
    let other = other(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for error in [
        commit(&database, allocate(3)).await.unwrap_err(),
        database.ping().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    // Reading goes on, and so does writing as soon as the lock is gone.
    assert_eq!(available(&database).await, 10);
    other.execute_batch("ROLLBACK").unwrap();
    commit(&database, allocate(3)).await.unwrap();
    assert_eq!(available(&database).await, 7);
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_hurts_no_one() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    // Dropped after it had to wait once, twice, and so on, or finished before that.
    for polls_max in 1..=20 {
        let mut polls = 0;
        let mut doomed = Box::pin(commit(&database, allocate(0)));
        std::future::poll_fn(|context| {
            polls += 1;
            match doomed.as_mut().poll(context) {
                Poll::Pending if polls < polls_max => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
        drop(doomed);
        // Whoever comes next can write, and sees a ledger without a gap.
        commit(&database, allocate(0)).await.unwrap();
        let history = database.transactions(VIEW, PRODUCT, &[], 100, 0);
        let history = history.await.unwrap().unwrap();
        let entries = history.items.iter().map(|recorded| recorded.entry.sequence);
        assert!(entries.eq(1..=history.total.unwrap()));
    }
}

#[tokio::test]
async fn the_ledger_cannot_be_rewritten() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    let other = other(&path);
    for statement in ["UPDATE entries SET quantity = 5", "DELETE FROM entries"] {
        let error = other.execute(statement, []).unwrap_err();
        assert!(error.to_string().contains("never"), "{error}");
    }
}

#[tokio::test]
async fn an_impossible_row_is_named() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    let changed = other(&path).execute("UPDATE stocks SET available = 11", []);
    changed.unwrap();
    let error = database.stock(VIEW, PRODUCT).await.unwrap_err();
    assert!(error.to_string().starts_with("stocks.available"), "{error}");
}

/// It was carried out: to do so again is what a key is to prevent.
#[tokio::test]
async fn a_request_whose_answer_cannot_be_read_is_not_carried_out_again() {
    let (path, _folder) = file();
    let database = open(&path).await;
    create_stock(&database).await;
    let single = keyed("single", allocate(2));
    let removal = keyed("removal", DeleteStock { product: PRODUCT });
    for command in [&single, &removal] {
        let outcomes = database
            .commit(ORGANIZATION, std::slice::from_ref(command))
            .await;
        assert!(outcomes.unwrap()[0].is_ok());
    }
    let file = other(&path);
    let changed =
        "UPDATE idempotency_keys SET outcome = replace(outcome, '\"format\":1', '\"format\":0')";
    file.execute(changed, []).unwrap();
    for command in [single, removal] {
        for _ in 0..2 {
            let outcomes = database
                .commit(ORGANIZATION, std::slice::from_ref(&command))
                .await;
            assert_eq!(outcomes.unwrap(), [Err(Refusal::KeptAnswerUnreadable)]);
        }
    }
}

fn keyed(key: &str, operation: impl Into<Operation>) -> Command {
    let mut command = Command::new(Actor::OPERATOR, operation.into());
    command.idempotency = Some(Idempotency {
        key: IdempotencyKey::new(key).unwrap(),
        request: RequestDigest([1; 32]),
        kept_milliseconds: 3_600_000,
    });
    command
}
