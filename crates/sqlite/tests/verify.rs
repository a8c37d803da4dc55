//! Damage in the file: whatever is changed, verification names it, and stock is repaired from a
//! ledger that is sound.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_application::{Environment, Repairing};
use stockroom_conformance::damage::{
    DELETED, Damageable, ENTRIES, HELD_DAMAGES, HeldDamage, PRODUCT, TRANSFER_DAMAGES,
};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};
use tempfile::TempDir;
use uuid::Uuid;

struct Scene {
    database: Arc<SqliteDatabase>,
    stock: Damageable,
    /// Someone who can change everything.
    file: Connection,
    _folder: TempDir,
}

async fn setup() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockroom.db");
    let database = SqliteDatabase::open(&path, Environment::system(), SqliteOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let database = Arc::new(database);
    let stock = Damageable::fill(Arc::clone(&database) as _).await;
    let file = Connection::open(&path).unwrap();
    file.execute_batch(
        "PRAGMA ignore_check_constraints = ON;
        PRAGMA foreign_keys = OFF;
        DROP TRIGGER entries_are_never_changed;
        DROP TRIGGER entries_are_never_removed;",
    )
    .unwrap();
    Scene {
        database,
        stock,
        file,
        _folder: folder,
    }
}

impl Scene {
    async fn lines(&self) -> Vec<String> {
        self.stock.verify().await.lines()
    }

    fn execute(&self, statement: &str) -> usize {
        self.file.execute(statement, []).unwrap()
    }

    /// Everything in a table.
    fn rows(&self, table: &str) -> Vec<Vec<Value>> {
        let select = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
        let mut statement = self.file.prepare(&select).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|it| row.get(it)).collect());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// What is in the one row that `condition` names.
    fn value(&self, table: &str, column: &str, condition: &str) -> Value {
        let statement = format!("SELECT {column} FROM {table} WHERE {condition}");
        self.file
            .query_row(&statement, [], |row| row.get(0))
            .unwrap()
    }

    /// Gives whether the column takes the value.
    fn set(&self, table: &str, column: &str, condition: &str, value: &Value) -> bool {
        let statement = format!("UPDATE {table} SET {column} = ?1 WHERE {condition}");
        self.file.execute(&statement, params![value]) == Ok(1)
    }

    fn set_text(&self, table: &str, column: &str, condition: &str, text: &[u8]) -> bool {
        let statement = format!("UPDATE {table} SET {column} = CAST(?1 AS TEXT) WHERE {condition}");
        self.file.execute(&statement, params![text]) == Ok(1)
    }
}

/// The entry that is damaged, whatever becomes of its other columns.
fn entry(number: i64) -> String {
    format!("{} AND sequence = {number}", ledger())
}

fn ledger() -> String {
    format!(
        "stock_id = (SELECT stock_id FROM stocks WHERE product_id = x'{}')",
        PRODUCT.uuid().simple()
    )
}

/// Everything that the value becomes when one of its bytes is changed.
fn flipped(value: &Value) -> Vec<Value> {
    let each = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let flip = |place| {
            let mut bytes = bytes.to_vec();
            bytes[place] ^= 0x81;
            bytes
        };
        (0..bytes.len()).map(flip).collect()
    };
    match value {
        Value::Null => vec![
            Value::Blob(vec![7; 16]),
            Value::Integer(1),
            Value::Text("x".to_owned()),
        ],
        Value::Integer(integer) => {
            let integers = each(&integer.to_be_bytes()).into_iter();
            integers
                .map(|bytes| Value::Integer(i64::from_be_bytes(bytes.try_into().unwrap())))
                .collect()
        }
        Value::Text(text) => each(text.as_bytes()).into_iter().map(Value::Blob).collect(),
        Value::Blob(bytes) => each(bytes).into_iter().map(Value::Blob).collect(),
        Value::Real(_) => panic!("there are none"),
    }
}

#[tokio::test]
async fn what_is_right_verifies() {
    let scene = setup().await;
    scene.stock.assert_intact().await;
    assert_eq!(
        scene.stock.verifier().count_entries().await.unwrap(),
        ENTRIES
    );
}

#[tokio::test]
async fn a_byte_changed_in_an_entry_is_named() {
    let scene = setup().await;
    let mut damages = 0;
    for column in [
        "transaction_id",
        "location_id",
        "action",
        "quantity",
        "available",
        "allocated",
        "sum_available",
        "sum_allocated",
        "reason",
        "reference",
        "idempotency_key",
        "batch_id",
        "undoes",
        "actor_key_id",
        "as_of",
        "created_at",
        "hash",
    ] {
        let (table, condition) = ("entries", entry(4));
        let before = scene.value(table, column, &condition);
        for damage in flipped(&before) {
            let is_set = match (&before, &damage) {
                (Value::Text(_), Value::Blob(text)) => {
                    scene.set_text(table, column, &condition, text)
                }
                _ => scene.set(table, column, &condition, &damage),
            };
            if !is_set {
                // The column takes no such type.
                assert_eq!(before, Value::Null);
                continue;
            }
            let told = scene.stock.verify().await;
            let are_of_it = told.differences.iter().all(|it| it.sequence == Some(4));
            let lines = told.lines();
            assert!(
                !lines.is_empty() && are_of_it,
                "{column}: {damage:?}: {lines:#?}"
            );
            assert!(scene.set(table, column, &condition, &before));
            damages += 1;
        }
    }
    assert!(damages > 150, "{damages}");
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn an_entry_moved_elsewhere_is_named() {
    let scene = setup().await;
    let id = scene.value("entries", "transaction_id", &entry(4));
    let Value::Blob(id) = id else {
        panic!("{id:?}")
    };
    let id = Uuid::from_slice(&id).unwrap().simple();
    let moved = format!("transaction_id = x'{id}'");
    for column in ["organization_id", "stock_id", "sequence"] {
        let before = scene.value("entries", column, &moved);
        for damage in flipped(&before) {
            assert!(scene.set("entries", column, &moved, &damage));
            let lines = scene.lines().await;
            let is_named = lines.iter().any(|it| it.ends_with(": entry 4 is missing"));
            assert!(is_named, "{column}: {damage:?}: {lines:#?}");
            let is_without = lines.iter().any(|it| it.contains("there is no stock"));
            assert_eq!(is_without, column == "stock_id", "{lines:#?}");
            assert!(scene.set("entries", column, &moved, &before));
        }
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn removed_entries_are_named() {
    for (removed, named) in [
        ("sequence = 1", "entry 1 is missing"),
        ("sequence = 4", "entry 4 is missing"),
        ("sequence = 6", "entry 6 is missing"),
        ("sequence IN (3, 4)", "the entries 3 to 4 are missing"),
        ("sequence > 3", "the entries 4 to 6 are missing"),
        ("true", "the entries 1 to 6 are missing"),
    ] {
        let scene = setup().await;
        scene.execute(&format!(
            "DELETE FROM entries WHERE {} AND {removed}",
            ledger()
        ));
        let lines = scene.lines().await;
        assert!(lines.len() == 1 && lines[0].ends_with(named), "{lines:#?}");
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(told.outcomes, ["damaged"]);
    }
}

#[tokio::test]
async fn inserted_entries_are_named() {
    let scene = setup().await;
    let copy = format!(
        "INSERT INTO entries
        SELECT organization_id, stock_id, 7, randomblob(16), location_id, action, quantity,
            available, allocated, sum_available, sum_allocated, reason, reference, idempotency_key,
            batch_id, undoes, actor_key_id, as_of, created_at, hash
        FROM entries WHERE {}",
        entry(6)
    );
    scene.execute(&copy);
    let lines = scene.lines().await;
    let found = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(found("entry 7: its hash is "), "{lines:#?}");
    assert!(
        found("its last entry is said to be 6, but the ledger ends with 7"),
        "{lines:#?}"
    );
    // In the middle, all behind it moved on.
    let move_on = format!(
        "UPDATE entries SET sequence = -sequence WHERE {} AND sequence > 3",
        ledger()
    );
    scene.execute(&move_on);
    scene.execute("UPDATE entries SET sequence = 1 - sequence WHERE sequence < 0");
    scene.execute(
        &copy
            .replace("7, randomblob", "4, randomblob")
            .replace("= 6", "= 3"),
    );
    let lines = scene.lines().await;
    for number in 4..=8 {
        let named = format!("entry {number}: its hash is ");
        assert!(lines.iter().any(|line| line.contains(&named)), "{lines:#?}");
    }
}

#[tokio::test]
async fn what_is_kept_of_stock_is_held_against_the_ledger_and_repaired() {
    let product = format!("product_id = x'{}'", PRODUCT.uuid().simple());
    let position = ledger();
    for (table, condition, column) in [
        ("stocks", &product, "available"),
        ("stocks", &product, "allocated"),
        ("stocks", &product, "unlocated_available"),
        ("stocks", &product, "unlocated_allocated"),
        ("stocks", &product, "sequence"),
        ("stocks", &product, "last_hash"),
        ("stocks", &product, "created_at"),
        ("positions", &position, "available"),
        ("positions", &position, "allocated"),
    ] {
        let scene = setup().await;
        let right = [scene.rows("stocks"), scene.rows("positions")];
        let before = scene.value(table, column, condition);
        for damage in flipped(&before) {
            assert!(scene.set(table, column, condition, &damage));
            let damaged = [scene.rows("stocks"), scene.rows("positions")];
            let lines = scene.lines().await;
            assert_eq!(lines.len(), 1, "{table}.{column}: {damage:?}: {lines:#?}");
            assert!(lines[0].contains(&PRODUCT.to_string()), "{lines:#?}");
            let told = scene.stock.repair(Repairing::DryRun).await;
            assert_eq!(
                (told.lines(), told.outcomes),
                (lines.clone(), vec!["planned"])
            );
            assert_eq!([scene.rows("stocks"), scene.rows("positions")], damaged);
            let told = scene.stock.repair(Repairing::Apply).await;
            assert_eq!((told.lines(), told.outcomes), (lines, vec!["done"]));
            assert_eq!([scene.rows("stocks"), scene.rows("positions")], right);
        }
        scene.stock.assert_intact().await;
    }
}

#[tokio::test]
async fn a_position_that_is_gone_comes_back() {
    let scene = setup().await;
    let right = [scene.rows("positions"), scene.rows("position_spans")];
    scene.execute("DELETE FROM positions");
    let lines = scene.lines().await;
    assert!(
        lines.len() == 1 && lines[0].contains("there is nothing, but by the"),
        "{lines:#?}"
    );
    scene.stock.repair(Repairing::Apply).await;
    assert_eq!(
        [scene.rows("positions"), scene.rows("position_spans")],
        right
    );
    // The same when nobody knows since when it was there.
    scene.execute("DELETE FROM positions");
    scene.execute("DELETE FROM position_spans");
    scene.stock.repair(Repairing::Apply).await;
    assert_eq!(scene.rows("positions"), right[0]);
    assert_eq!(scene.rows("position_spans").len(), 1);
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn whose_stock_it_is_is_proven_too() {
    let scene = setup().await;
    let product = format!("stock_id = x'{}'", {
        let Value::Blob(id) = scene.value("stocks", "stock_id", &ledger()) else {
            panic!("an id");
        };
        Uuid::from_slice(&id).unwrap().simple()
    });
    for column in ["product_id", "owner_id", "product_owner_id"] {
        let before = scene.value("stocks", column, &product);
        for damage in flipped(&before) {
            assert!(scene.set("stocks", column, &product, &damage));
            let lines = scene.lines().await;
            let is_named = lines.len() == 1 && lines[0].contains("entry 1: its hash is ");
            assert!(is_named, "{column}: {lines:#?}");
            assert!(scene.set("stocks", column, &product, &before));
        }
    }
    // Ids of another length can't be read at all.
    let long = Value::Blob(vec![7; 17]);
    for column in ["product_id", "stock_id"] {
        let before = scene.value("stocks", column, "sequence = 6");
        assert!(scene.set("stocks", column, "sequence = 6", &long));
        let lines = scene.lines().await;
        let unreadable = format!("stocks.{column} holds an impossible value in row ");
        let found = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(found(&unreadable), "{lines:#?}");
        assert!(
            found("there is no stock that the entries 1 to 6 could be of"),
            "{lines:#?}"
        );
        assert!(scene.set("stocks", column, "sequence = 6", &before));
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn deleted_stock_is_held_against_its_ledger() {
    for column in [
        "available",
        "allocated",
        "unlocated_available",
        "unlocated_allocated",
        "sequence",
        "last_hash",
        "created_at",
    ] {
        let scene = setup().await;
        let before = scene.value("deleted_stocks", column, "true");
        for damage in flipped(&before) {
            assert!(scene.set("deleted_stocks", column, "true", &damage));
            let lines = scene.lines().await;
            assert_eq!(lines.len(), 1, "{column}: {damage:?}: {lines:#?}");
            assert!(lines[0].contains(&DELETED.to_string()), "{lines:#?}");
            let told = scene.stock.repair(Repairing::Apply).await;
            assert_eq!(told.outcomes, ["deleted"]);
            assert_eq!(scene.value("deleted_stocks", column, "true"), damage);
        }
    }
}

#[tokio::test]
async fn a_ledger_without_stock_is_named() {
    let scene = setup().await;
    scene.execute(&format!("DELETE FROM stocks WHERE {}", ledger()));
    scene.execute("DELETE FROM deleted_stocks");
    let lines = scene.lines().await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].ends_with("there is no stock that the entries 1 to 6 could be of"));
    assert!(lines[1].ends_with("there is no stock that the entries 1 to 2 could be of"));
}

#[tokio::test]
async fn stock_that_is_current_and_deleted_is_named() {
    let scene = setup().await;
    scene.execute(
        "INSERT INTO deleted_stocks
        SELECT organization_id, stock_id, product_id, owner_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, updated_at
        FROM stocks",
    );
    let lines = scene.lines().await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let twice =
        |line: &String| line.ends_with("it is kept both as current stock and as deleted stock");
    assert!(lines.iter().all(twice), "{lines:#?}");
}

#[tokio::test]
async fn what_reservations_hold_is_held_against_their_lines_and_repaired() {
    for HeldDamage {
        statement,
        named,
        outcome,
    } in HELD_DAMAGES
    {
        let scene = setup().await;
        scene.stock.reserve().await;
        assert_eq!(scene.lines().await, [""; 0]);
        assert_eq!(scene.execute(statement), 1, "{statement}");
        let damaged = [scene.rows("stocks"), scene.rows("positions")];
        let lines = scene.lines().await;
        let are_named = lines
            .iter()
            .zip(named)
            .all(|(it, named)| it.contains(named));
        assert!(
            are_named && lines.len() == named.len(),
            "{statement}: {lines:#?}"
        );
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(
            (told.lines(), told.outcomes),
            (lines.clone(), vec![outcome])
        );
        if outcome == "done" {
            assert_eq!(scene.lines().await, [""; 0], "{statement}");
        } else {
            assert_eq!(scene.lines().await, lines);
            assert_eq!([scene.rows("stocks"), scene.rows("positions")], damaged);
        }
    }
}

/// A transfer has to add up in itself, and what it has allocated is held.
#[tokio::test]
async fn what_is_wrong_with_transfers_is_found() {
    for (statement, named) in TRANSFER_DAMAGES {
        let scene = setup().await;
        scene.stock.transfer().await;
        assert_eq!(scene.lines().await, [""; 0]);
        assert_eq!(scene.execute(statement), 1, "{statement}");
        let lines = scene.lines().await;
        let mut are_named = lines.iter().zip(named);
        assert!(
            are_named.all(|(it, named)| it.contains(named)) && lines.len() == named.len(),
            "{statement}: {lines:#?}"
        );
    }
}

/// A position comes back with what is held of it.
#[tokio::test]
async fn a_position_that_is_reserved_comes_back() {
    let scene = setup().await;
    scene.stock.reserve().await;
    let right = [scene.rows("stocks"), scene.rows("positions")];
    assert_eq!(scene.execute("DELETE FROM positions WHERE held > 0"), 1);
    let lines = scene.lines().await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("there is nothing, but by the ledger"));
    assert!(lines[1].ends_with("are said to hold 0, but by their lines 2"));
    scene.stock.repair(Repairing::Apply).await;
    assert_eq!([scene.rows("stocks"), scene.rows("positions")], right);
}

#[tokio::test]
async fn lines_that_cant_be_read_are_named() {
    for (damage, column) in [
        ("location_id = x'00'", "location_id"),
        ("fulfilled = -9223372036854775807", "quantity"),
    ] {
        let scene = setup().await;
        scene.stock.reserve().await;
        let update = format!("UPDATE reservation_lines SET {damage} WHERE quantity = 3");
        assert_eq!(scene.execute(&update), 1);
        let lines = scene.lines().await;
        let unreadable = format!("reservation_lines.{column} holds an impossible value in row ");
        assert!(lines[0].starts_with(&unreadable), "{lines:#?}");
        assert!(lines[1].ends_with("are said to hold 4, but by their lines 1"));
        assert_eq!(lines.len(), 2);
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(told.outcomes, ["failed"]);
    }
}

/// Nothing is left out because something else is wrong, too.
#[tokio::test]
async fn every_damage_is_named() {
    let scene = setup().await;
    scene.execute(&format!(
        "UPDATE entries SET quantity = 4 WHERE {}",
        entry(3)
    ));
    scene.execute(&format!("DELETE FROM entries WHERE {}", entry(5)));
    scene.execute(&format!(
        "UPDATE stocks SET available = available + 1 WHERE {}",
        ledger()
    ));
    scene.execute("UPDATE deleted_stocks SET unlocated_available = 0");
    let lines = scene.lines().await;
    for named in [
        "entry 3: its hash is",
        ": entry 5 is missing",
        "in all there are ",
        "in no location there are 0 available and 0 allocated",
    ] {
        let found = lines.iter().any(|line| line.contains(named));
        assert!(found, "{named}: {lines:#?}");
    }
}

#[tokio::test]
async fn a_closed_database_reads_no_ledgers() {
    let scene = setup().await;
    scene.stock.verify().await;
    scene.database.close().await;
    let error = scene.stock.verifier().count_entries().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
