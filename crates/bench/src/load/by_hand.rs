//! What people write who need a stock and its history and have no Stockroom: statements on two
//! narrow tables, with nothing between them and PostgreSQL.
//!
//! They are what Stockroom is held against, so they are given what helps them: prepared
//! statements, plans made once, tables without needless indexes and with room for updates in place,
//! a Unix socket, and the driver that costs less. That is tokio-postgres: over 32 connections it
//! takes 21 µs of processor time for a statement where sqlx takes 25 and pgbench, in C, 23. (A lone
//! client would be served by sqlx as well or slightly better, by some 10 µs: no second task is woken
//! there.) The history's key is the product and a number, since a history has to be read, too; a key
//! that only counts costs PostgreSQL the same.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client as Postgres, Config, NoTls, Statement};
use uuid::Uuid;

use super::Client;
use crate::products::Chooser;

/// Changes in one statement.
pub(crate) const BATCH: usize = 256;

const TABLES: &str = "
    CREATE TABLE by_hand_stocks (
        product_id uuid   NOT NULL PRIMARY KEY,
        available  bigint NOT NULL CHECK (available >= 0),
        allocated  bigint NOT NULL CHECK (allocated >= 0),
        sequence   bigint NOT NULL
    ) WITH (fillfactor = 70);
    CREATE TABLE by_hand_history (
        product_id uuid        NOT NULL,
        sequence   bigint      NOT NULL,
        action     text        NOT NULL,
        quantity   bigint      NOT NULL,
        available  bigint      NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (product_id, sequence)
    )";

/// Fills the tables: stock of `$2` pieces of each of the products `$1`.
const FILL: &str = "
    INSERT INTO by_hand_stocks (product_id, available, allocated, sequence)
    SELECT product_id, $2, 0, 0 FROM unnest($1::uuid[]) AS product_id";

const LOCK: &str = "
    SELECT available, allocated, sequence FROM by_hand_stocks WHERE product_id = $1 FOR UPDATE";

const UPDATE: &str = "
    UPDATE by_hand_stocks SET available = $2, allocated = $3, sequence = $4 WHERE product_id = $1";

const INSERT: &str = "
    INSERT INTO by_hand_history (product_id, sequence, action, quantity, available)
    VALUES ($1, $2, 'allocate', $3, $4)";

/// Changes a stock by `$2` pieces, if it has as many, and adds to its history.
pub(crate) const ONE_STATEMENT: &str = "
    WITH changed AS (
        UPDATE by_hand_stocks
        SET available = available - $2, allocated = allocated + $2, sequence = sequence + 1
        WHERE product_id = $1 AND available >= $2
        RETURNING product_id, sequence, available
    )
    INSERT INTO by_hand_history (product_id, sequence, action, quantity, available)
    SELECT product_id, sequence, 'allocate', $2, available FROM changed";

/// The products come in order, and are locked in that order: nobody waits in a circle. The changes
/// of one product are added up, so that its row is written once.
const ONE_STATEMENT_FOR_MANY: &str = "
    WITH asked AS (
        SELECT product_id, sum(quantity)::bigint AS quantity, count(*) AS changes,
               array_agg(quantity ORDER BY line) AS quantities
        FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY
             AS lines (product_id, quantity, line)
        GROUP BY product_id
    ), changed AS (
        UPDATE by_hand_stocks AS stock
        SET available = stock.available - asked.quantity,
            allocated = stock.allocated + asked.quantity,
            sequence = stock.sequence + asked.changes
        FROM asked
        WHERE stock.product_id = asked.product_id AND stock.available >= asked.quantity
        RETURNING stock.product_id, stock.sequence - asked.changes AS sequence,
                  stock.available + asked.quantity AS available, asked.quantities
    )
    INSERT INTO by_hand_history (product_id, sequence, action, quantity, available)
    SELECT changed.product_id, changed.sequence + line, 'allocate', quantity,
           changed.available
               - sum(quantity) OVER (PARTITION BY changed.product_id ORDER BY line)
    FROM changed, unnest(changed.quantities) WITH ORDINALITY AS lines (quantity, line)";

/// How a change is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// Begin, select for update, update, insert, commit: five round trips.
    ForUpdate,
    /// One statement that updates where there is enough, and inserts.
    OneStatement,
    /// One statement for [`BATCH`] changes.
    Batch,
}

/// A connection to PostgreSQL.
pub(crate) struct Session {
    postgres: Postgres,
    statements: Statements,
    chooser: Rc<RefCell<Chooser>>,
}

enum Statements {
    ForUpdate {
        lock: Statement,
        update: Statement,
        insert: Statement,
    },
    OneStatement(Statement),
    Batch(Statement),
}

/// Connects.
///
/// # Errors
/// If there is no server.
pub(crate) async fn connect(database: &str) -> anyhow::Result<Postgres> {
    let mut config: Config = database.parse()?;
    // Plans are made once, and along the index, also while the planner thinks the table is empty.
    config.options("-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off");
    let (postgres, connection) = config.connect(NoTls).await?;
    // An error reaches whoever waits for an answer.
    tokio::spawn(connection);
    Ok(postgres)
}

/// Makes the tables, with stock of so many pieces of each of these products.
///
/// # Errors
/// If they are there already.
pub(crate) async fn fill(database: &str, products: &[Uuid], pieces: u32) -> anyhow::Result<()> {
    let postgres = connect(database).await?;
    postgres.batch_execute(TABLES).await?;
    postgres
        .execute(FILL, &[&products, &i64::from(pieces)])
        .await?;
    Ok(())
}

impl Session {
    /// Connects, and prepares what is to be sent.
    ///
    /// # Errors
    /// If there is no server, or no table.
    pub(crate) async fn open(
        database: &str,
        way: Way,
        chooser: &Rc<RefCell<Chooser>>,
    ) -> anyhow::Result<Self> {
        let postgres = connect(database).await?;
        let statements = match way {
            Way::ForUpdate => Statements::ForUpdate {
                lock: postgres.prepare(LOCK).await?,
                update: postgres.prepare(UPDATE).await?,
                insert: postgres.prepare(INSERT).await?,
            },
            Way::OneStatement => Statements::OneStatement(postgres.prepare(ONE_STATEMENT).await?),
            Way::Batch => Statements::Batch(postgres.prepare(ONE_STATEMENT_FOR_MANY).await?),
        };
        Ok(Self {
            postgres,
            statements,
            chooser: Rc::clone(chooser),
        })
    }

    fn product(&self) -> Option<Uuid> {
        self.chooser.borrow_mut().next()
    }
}

impl Client for Session {
    async fn send(&mut self) -> anyhow::Result<bool> {
        let Some(product) = self.product() else {
            return Ok(false);
        };
        let postgres = &self.postgres;
        let quantity = 1_i64;
        match &self.statements {
            Statements::ForUpdate {
                lock,
                update,
                insert,
            } => {
                postgres.batch_execute("BEGIN").await?;
                let row = postgres.query_one(lock, &[&product]).await?;
                let (available, allocated): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let sequence = row.try_get::<_, i64>(2)?.checked_add(1);
                let sequence = sequence.context("too many changes")?;
                let available = available.checked_sub(quantity).context("not enough")?;
                let allocated = allocated.checked_add(quantity).context("too much")?;
                let updated = postgres
                    .execute(update, &[&product, &available, &allocated, &sequence])
                    .await?;
                let inserted = postgres
                    .execute(insert, &[&product, &sequence, &quantity, &available])
                    .await?;
                ensure!(updated == 1 && inserted == 1, "no row was changed");
                postgres.batch_execute("COMMIT").await?;
            }
            Statements::OneStatement(statement) => {
                let inserted = postgres.execute(statement, &[&product, &quantity]).await?;
                ensure!(inserted == 1, "{inserted} changes instead of 1");
            }
            Statements::Batch(statement) => {
                let more = std::iter::from_fn(|| self.product());
                let mut products: Vec<Uuid> = std::iter::once(product)
                    .chain(more.take(BATCH - 1))
                    .collect();
                products.sort_unstable();
                let quantities = vec![quantity; products.len()];
                let inserted = postgres
                    .execute(statement, &[&products, &quantities])
                    .await?;
                ensure!(
                    inserted == BATCH as u64,
                    "{inserted} changes instead of {BATCH}"
                );
            }
        }
        Ok(true)
    }
}
