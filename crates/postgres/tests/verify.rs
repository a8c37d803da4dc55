//! Damage in the database: whatever is changed, verification names it, and stock is repaired from a
//! ledger that is sound.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use stockroom_application::ports::{
    CommandStore as _, Database, ReservationReader as _, Scope, StockReader,
};
use stockroom_application::{Environment, Repairing};
use stockroom_conformance::damage::{
    DELETED, Damageable, ENTRIES, HELD_DAMAGES, HeldDamage, OTHER, PRODUCT, TRANSFER_DAMAGES,
};
use stockroom_domain::{
    Actor, Command, ExpiresIn, ItemPlace, Operation, OrganizationId, Owner, Quantity,
    ReservationItem, Reserve, Timestamp, Transact, TransactionAction,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;
use uuid::Uuid;

/// What the schema does against it.
const UNPROTECTED: &str = "
    GRANT UPDATE, DELETE ON entries TO CURRENT_USER;
    ALTER TABLE positions DROP CONSTRAINT positions_organization_id_location_id_fkey;
    DO $$
    DECLARE checked record;
    BEGIN
        FOR checked IN
            SELECT conrelid::regclass AS name, conname FROM pg_constraint
            WHERE contype = 'c' AND connamespace = 'public'::regnamespace
        LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', checked.name, checked.conname);
        END LOOP;
    END $$";

struct Scene {
    database: Arc<PostgresDatabase>,
    stock: Damageable,
    /// Someone who can change everything.
    other: PgConnection,
    server: TestDatabase,
}

async fn open(server: &TestDatabase) -> PostgresDatabase {
    PostgresDatabase::open(
        server.url(),
        Environment::system(),
        PostgresOptions::default(),
    )
    .await
    .unwrap()
}

async fn setup() -> Scene {
    let server = TestDatabase::create().await;
    let database = open(&server).await;
    database.migrate().await.unwrap();
    let database = Arc::new(database);
    let stock = Damageable::fill(Arc::clone(&database) as _).await;
    let mut other = PgConnection::connect(server.url()).await.unwrap();
    other.execute(sqlx::raw_sql(UNPROTECTED)).await.unwrap();
    Scene {
        database,
        stock,
        other,
        server,
    }
}

impl Scene {
    async fn lines(&self) -> Vec<String> {
        self.stock.verify().await.lines()
    }

    async fn execute(&mut self, statement: &str) -> u64 {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        let done = self.other.execute(statement).await;
        done.unwrap().rows_affected()
    }

    /// Everything in a table but revisions, which a repair counts up.
    async fn rows(&mut self, table: &str) -> Vec<String> {
        let select =
            format!("SELECT (to_jsonb(r) - 'revision')::text FROM {table} AS r ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(select));
        rows.fetch_all(&mut self.other).await.unwrap()
    }

    async fn current(&mut self) -> [Vec<String>; 2] {
        [self.rows("stocks").await, self.rows("positions").await]
    }

    /// Sets a column of the one row that `condition` names.
    async fn set(&mut self, table: &str, column: &str, condition: &str, value: &str) {
        let update = format!("UPDATE {table} SET {column} = {value} WHERE {condition}");
        assert_eq!(self.execute(&update).await, 1, "{update}");
    }
}

fn ledger() -> String {
    format!("stock_id = (SELECT stock_id FROM stocks WHERE product_id = '{PRODUCT}')")
}

fn entry(number: i64) -> String {
    format!("{} AND sequence = {number}", ledger())
}

/// What a column of a type becomes when one of its bytes is changed, and how it is changed back.
fn flips(kind: &str, column: &str) -> Vec<(String, String)> {
    let both = |flip: String| (flip.clone(), flip);
    match kind {
        "bigint" => (0..8)
            .map(|byte| both(format!("{column} # (65::bigint << {})", 8 * byte)))
            .collect(),
        "bytea" => [0, 15, 31]
            .map(|byte| {
                let flip = format!("set_byte({column}, {byte}, get_byte({column}, {byte}) # 129)");
                both(flip)
            })
            .into(),
        "uuid" => [0, 5, 6, 15]
            .map(|byte| {
                let bytes = format!("uuid_send({column})");
                let flip = format!(
                    "encode(set_byte({bytes}, {byte}, get_byte({bytes}, {byte}) # 129), 'hex')::uuid"
                );
                both(flip)
            })
            .into(),
        "text" => vec![(format!("'~' || {column}"), format!("substr({column}, 2)"))],
        null => vec![(null.to_owned(), "NULL".to_owned())],
    }
}

#[tokio::test]
async fn what_is_right_verifies() {
    let scene = setup().await;
    scene.stock.assert_intact().await;
    let count = scene.stock.verifier().count_entries().await.unwrap();
    assert_eq!(count, ENTRIES);
}

#[tokio::test]
async fn a_byte_changed_in_an_entry_is_named() {
    let mut scene = setup().await;
    let an_id = "'15fbeab0-75a3-4d6b-b23b-9db7455c077e'::uuid";
    for (column, kind) in [
        ("transaction_id", "uuid"),
        ("location_id", "uuid"),
        ("action", "text"),
        ("quantity", "bigint"),
        ("available", "bigint"),
        ("allocated", "bigint"),
        ("sum_available", "bigint"),
        ("sum_allocated", "bigint"),
        ("reason", "text"),
        ("reference", "text"),
        ("idempotency_key", "text"),
        ("batch_id", "uuid"),
        ("undoes", an_id),
        ("actor_key_id", "uuid"),
        ("as_of", "0::bigint"),
        ("created_at", "bigint"),
        ("hash", "bytea"),
    ] {
        for (flip, back) in flips(kind, column) {
            scene.set("entries", column, &entry(4), &flip).await;
            let told = scene.stock.verify().await;
            let are_of_it = told.differences.iter().all(|it| it.sequence == Some(4));
            let lines = told.lines();
            assert!(
                !lines.is_empty() && are_of_it,
                "{column}: {flip}: {lines:#?}"
            );
            scene.set("entries", column, &entry(4), &back).await;
        }
    }
    // What the types leave room for, and no entry.
    scene
        .execute("ALTER TABLE entries ALTER hash DROP NOT NULL, ALTER quantity DROP NOT NULL")
        .await;
    for (column, impossible) in [("hash", "NULL"), ("hash", "'x'"), ("quantity", "NULL")] {
        let before = format!("(SELECT {column} FROM entries WHERE {})", entry(4));
        let keep = format!("CREATE TEMPORARY TABLE kept AS SELECT {before} AS kept");
        scene.execute(&keep).await;
        scene.set("entries", column, &entry(4), impossible).await;
        let lines = scene.lines().await;
        let named = format!("entry 4: its {column} holds an impossible value");
        assert!(lines.len() == 1 && lines[0].ends_with(&named), "{lines:#?}");
        let back = "(SELECT kept FROM kept)";
        scene.set("entries", column, &entry(4), back).await;
        scene.execute("DROP TABLE kept").await;
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn an_entry_moved_elsewhere_is_named() {
    let mut scene = setup().await;
    let id = format!("SELECT transaction_id FROM entries WHERE {}", entry(4));
    let id: Uuid = sqlx::query_scalar(AssertSqlSafe(id))
        .fetch_one(&mut scene.other)
        .await
        .unwrap();
    let moved = format!("transaction_id = '{id}'");
    for (column, kind) in [
        ("organization_id", "uuid"),
        ("stock_id", "uuid"),
        ("sequence", "bigint"),
    ] {
        for (flip, back) in flips(kind, column) {
            scene.set("entries", column, &moved, &flip).await;
            let lines = scene.lines().await;
            let found = |text: &str| lines.iter().any(|line| line.contains(text));
            assert!(found(": entry 4 is missing"), "{column}: {lines:#?}");
            let is_without_stock = found("there is no stock that the entries 4 to 4");
            assert_eq!(is_without_stock, column == "stock_id", "{lines:#?}");
            scene.set("entries", column, &moved, &back).await;
        }
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn removed_and_inserted_entries_are_named() {
    for (removed, named) in [
        ("sequence = 1", "entry 1 is missing"),
        ("sequence = 4", "entry 4 is missing"),
        ("sequence = 6", "entry 6 is missing"),
        ("true", "the entries 1 to 6 are missing"),
    ] {
        let mut scene = setup().await;
        let delete = format!("DELETE FROM entries WHERE {} AND {removed}", ledger());
        scene.execute(&delete).await;
        let lines = scene.lines().await;
        assert!(lines.len() == 1 && lines[0].ends_with(named), "{lines:#?}");
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(told.outcomes, ["damaged"]);
    }
    let mut scene = setup().await;
    let insert = format!(
        "INSERT INTO entries
        SELECT organization_id, stock_id, 7, transaction_id, location_id, action, quantity,
            available, allocated, sum_available, sum_allocated, reason, reference, idempotency_key,
            batch_id, undoes, actor_key_id, as_of, created_at, hash
        FROM entries WHERE {}",
        entry(6)
    );
    scene.execute(&insert).await;
    let lines = scene.lines().await;
    let found = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(found("entry 7: its hash is "), "{lines:#?}");
    assert!(
        found("its last entry is said to be 6, but the ledger ends with 7"),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn what_is_kept_of_stock_is_held_against_the_ledger_and_repaired() {
    let mut scene = setup().await;
    let right = scene.current().await;
    let product = format!("product_id = '{PRODUCT}'");
    let position = ledger();
    for (table, condition, column, kind) in [
        ("stocks", &product, "available", "bigint"),
        ("stocks", &product, "allocated", "bigint"),
        ("stocks", &product, "unlocated_available", "bigint"),
        ("stocks", &product, "unlocated_allocated", "bigint"),
        ("stocks", &product, "sequence", "bigint"),
        ("stocks", &product, "last_hash", "bytea"),
        ("stocks", &product, "created_at", "bigint"),
        ("positions", &position, "available", "bigint"),
        ("positions", &position, "allocated", "bigint"),
    ] {
        for (flip, _) in flips(kind, column) {
            scene.set(table, column, condition, &flip).await;
            let damaged = scene.current().await;
            let lines = scene.lines().await;
            assert_eq!(lines.len(), 1, "{table}.{column}: {flip}: {lines:#?}");
            assert!(lines[0].contains(&PRODUCT.to_string()), "{lines:#?}");
            let told = scene.stock.repair(Repairing::DryRun).await;
            assert_eq!(
                (told.lines(), told.outcomes),
                (lines.clone(), vec!["planned"])
            );
            assert_eq!(scene.current().await, damaged);
            let told = scene.stock.repair(Repairing::Apply).await;
            assert_eq!((told.lines(), told.outcomes), (lines, vec!["done"]));
            assert_eq!(scene.current().await, right);
        }
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn what_reservations_hold_is_held_against_their_lines_and_repaired() {
    for HeldDamage {
        statement,
        named,
        outcome,
    } in HELD_DAMAGES
    {
        let mut scene = setup().await;
        scene.stock.reserve().await;
        assert_eq!(scene.lines().await, [""; 0]);
        assert_eq!(scene.execute(statement).await, 1, "{statement}");
        let damaged = scene.current().await;
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
            assert_eq!(scene.current().await, damaged);
        }
    }
}

/// A transfer has to add up in itself, and what it has allocated is held.
#[tokio::test]
async fn what_is_wrong_with_transfers_is_found() {
    for (statement, named) in TRANSFER_DAMAGES {
        let mut scene = setup().await;
        scene.stock.transfer().await;
        assert_eq!(scene.lines().await, [""; 0]);
        assert_eq!(scene.execute(statement).await, 1, "{statement}");
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
    let mut scene = setup().await;
    scene.stock.reserve().await;
    let right = scene.current().await;
    for damage in [
        "DELETE FROM positions WHERE held > 0",
        "UPDATE stocks SET located = false WHERE unlocated_held > 0",
    ] {
        assert_eq!(scene.execute(damage).await, 1);
        let lines = scene.lines().await;
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].contains("there is nothing, but by the ledger"));
        assert!(lines[1].ends_with("are said to hold 0, but by their lines 2"));
        scene.stock.repair(Repairing::Apply).await;
        assert_eq!(scene.current().await, right);
    }
}

/// Whatever stands in lines, they are added up.
#[tokio::test]
async fn lines_that_hold_more_than_can_be_are_named() {
    let mut scene = setup().await;
    scene.stock.reserve().await;
    let least = "fulfilled = -9223372036854775807";
    let update = format!("UPDATE reservation_lines SET {least} WHERE expires_at IS NOT NULL");
    assert_eq!(scene.execute(&update).await, 2);
    let lines = scene.lines().await;
    let by_their_lines = "by their lines 9223372036854775807";
    let overheld = "reservations hold 9223372036854775807 in ";
    let count = |text: &str| lines.iter().filter(|it| it.contains(text)).count();
    assert_eq!(
        [count(by_their_lines), count(overheld)],
        [2, 2],
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_position_that_is_gone_or_passed_over_comes_back() {
    let mut scene = setup().await;
    let right = scene.current().await;
    let spans = scene.rows("position_spans").await;
    // Nobody reads the position if the stock says that there is none.
    for damage in [
        "DELETE FROM positions",
        "UPDATE stocks SET located = false",
        "DELETE FROM positions; DELETE FROM position_spans",
    ] {
        scene.execute(damage).await;
        let lines = scene.lines().await;
        let is_named = lines.len() == 1 && lines[0].contains("there is nothing, but by the ledger");
        assert!(is_named, "{lines:#?}");
        scene.stock.repair(Repairing::Apply).await;
        assert_eq!(scene.current().await, right);
        assert_eq!(scene.rows("position_spans").await.len(), spans.len());
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn whose_stock_it_is_is_proven_too() {
    let mut scene = setup().await;
    for column in ["product_id", "owner_id", "product_owner_id"] {
        for (flip, back) in flips("uuid", column) {
            scene.set("stocks", column, "sequence = 6", &flip).await;
            let lines = scene.lines().await;
            let is_named = lines.len() == 1 && lines[0].contains("entry 1: its hash is ");
            assert!(is_named, "{column}: {lines:#?}");
            scene.set("stocks", column, "sequence = 6", &back).await;
        }
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn deleted_stock_is_held_against_its_ledger() {
    let mut scene = setup().await;
    for (column, kind) in [
        ("available", "bigint"),
        ("allocated", "bigint"),
        ("unlocated_available", "bigint"),
        ("unlocated_allocated", "bigint"),
        ("sequence", "bigint"),
        ("last_hash", "bytea"),
        ("created_at", "bigint"),
    ] {
        for (flip, back) in flips(kind, column) {
            scene.set("deleted_stocks", column, "true", &flip).await;
            let lines = scene.lines().await;
            assert_eq!(lines.len(), 1, "{column}: {flip}: {lines:#?}");
            assert!(lines[0].contains(&DELETED.to_string()), "{lines:#?}");
            let told = scene.stock.repair(Repairing::Apply).await;
            assert_eq!(told.outcomes, ["deleted"]);
            scene.set("deleted_stocks", column, "true", &back).await;
        }
    }
    scene.stock.assert_intact().await;
}

#[tokio::test]
async fn a_ledger_without_stock_is_named() {
    let mut scene = setup().await;
    let delete = format!(
        "DELETE FROM stocks WHERE {}; DELETE FROM deleted_stocks",
        ledger()
    );
    scene.execute(&delete).await;
    let lines = scene.lines().await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].ends_with("there is no stock that the entries 1 to 6 could be of"));
    assert!(lines[1].ends_with("there is no stock that the entries 1 to 2 could be of"));
}

/// Another server has read the stock while it was wrong, and goes on as if nothing had been.
#[tokio::test]
async fn servers_notice_that_stock_was_repaired() {
    for damage in [
        "UPDATE stocks SET last_hash = sha256(last_hash)",
        "UPDATE stocks SET available = 1, unlocated_available = 1",
    ] {
        let mut scene = setup().await;
        let server = open(&scene.server).await;
        scene
            .execute(&format!("{damage} WHERE product_id = '{OTHER}'"))
            .await;
        let scope = Scope {
            organization: OrganizationId::new(Uuid::from_u128(1)),
            acting: Owner::Organization,
        };
        server.stock(scope, OTHER).await.unwrap().unwrap();
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(told.outcomes, ["done"]);
        let increment = Transact::new(
            OTHER,
            TransactionAction::Increment,
            Quantity::new(1).unwrap(),
        );
        let command = Command::new(Actor::OPERATOR, increment);
        let server: Arc<dyn Database> = Arc::new(server);
        let outcomes = server.commit(scope.organization, &[command]).await.unwrap();
        outcomes.into_iter().next().unwrap().unwrap();
        assert_eq!(scene.lines().await, [""; 0]);
        let stock = scene.database.stock(scope, OTHER).await;
        assert_eq!(stock.unwrap().unwrap().sums().available.get(), 11);
    }
}

/// Another server has read how much is reserved while that was wrong, too little or too much.
#[tokio::test]
async fn servers_notice_that_what_is_held_was_repaired() {
    let quantity = |pieces| Quantity::new(pieces).unwrap();
    let scope = Scope {
        organization: OrganizationId::new(Uuid::from_u128(1)),
        acting: Owner::Organization,
    };
    let commit = async |database: &dyn Database, operation: Operation| {
        let command = Command::new(Actor::OPERATOR, operation);
        let outcomes = database.commit(scope.organization, &[command]).await;
        outcomes.unwrap().remove(0)
    };
    for (held, deallocated, is_done) in [(0, 3, false), (5, 2, true)] {
        let mut scene = setup().await;
        let allocate = Transact::new(OTHER, TransactionAction::Allocate, quantity(2));
        let reserve = Reserve {
            order: None,
            expires_in: ExpiresIn::default(),
            items: vec![ReservationItem {
                product: OTHER,
                place: ItemPlace::Unnamed,
                quantity: quantity(3),
            }],
            sourcing: None,
        };
        for operation in [allocate.into(), reserve.into()] {
            commit(&*scene.database, operation).await.unwrap();
        }
        let wrong =
            format!("UPDATE stocks SET unlocated_held = {held} WHERE product_id = '{OTHER}'");
        assert_eq!(scene.execute(&wrong).await, 1);
        let server = open(&scene.server).await;
        server.stock(scope, OTHER).await.unwrap().unwrap();
        let told = scene.stock.repair(Repairing::Apply).await;
        assert_eq!(told.outcomes, ["done"]);
        let deallocate = TransactionAction::Deallocate;
        let deallocate = Transact::new(OTHER, deallocate, quantity(deallocated));
        let outcome = commit(&server, deallocate.into()).await;
        assert_eq!(outcome.is_ok(), is_done, "{outcome:?}");
        assert_eq!(scene.lines().await, [""; 0]);
    }
}

/// It holds nothing, and nobody else's can be kept from being read.
#[tokio::test]
async fn a_reservation_that_lost_its_lines_is_read() {
    let mut scene = setup().await;
    let organization = OrganizationId::new(Uuid::from_u128(1));
    let reserve = Reserve {
        order: None,
        expires_in: ExpiresIn::from_seconds(1).unwrap(),
        items: vec![ReservationItem {
            product: OTHER,
            place: ItemPlace::Unnamed,
            quantity: Quantity::new(3).unwrap(),
        }],
        sourcing: None,
    };
    let commands = [(); 2].map(|()| Command::new(Actor::OPERATOR, reserve.clone()));
    let outcomes = scene.database.commit(organization, &commands).await;
    assert!(outcomes.unwrap().iter().all(Result::is_ok));
    let delete = "DELETE FROM reservation_lines WHERE reservation_id = (
        SELECT reservation_id FROM reservations ORDER BY reservation_id LIMIT 1
    )";
    assert_eq!(scene.execute(delete).await, 1);
    let long_after = Timestamp::from_milliseconds(32_503_680_000_000).unwrap();
    let database = &scene.database;
    let due = database.due_reservations(organization, long_after, 10);
    let stocks = due
        .await
        .unwrap()
        .into_iter()
        .map(|(_, it)| it.stocks.len());
    assert_eq!(stocks.collect::<Vec<_>>(), [0, 1]);
}
