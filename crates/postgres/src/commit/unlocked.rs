//! Transactions without locks, which is what most changes are.
//!
//! What a server has stored it remembers. Transactions are decided on that, and stored by one
//! statement that does nothing unless the rows are still as they were remembered: one round trip,
//! where locks take four. PostgreSQL holds each row while it compares and changes it, so that two
//! servers never both find it unchanged. A row that was only looked at, because all was refused, is
//! compared as well: nobody is refused for what is no longer so.
//!
//! What requests were answered that are sent again is not remembered but read, and compared as well.
//!
//! If anything has changed, nothing is stored, and the batch is done again under locks. Where that
//! happens often, because several servers sell the same products, this way is tried less and less.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Changes, Command, Context, Operation, OrganizationId, Outcome, Owner, ProductId, State, Stock,
    StockChange, StockKey, Timestamp, Transact, run,
};
use uuid::Uuid;

use super::batches::BatchColumns;
use super::columns::{EntryColumns, StockColumns};
use super::kept::{self, KeptColumns};
use crate::error::{
    certain, expect_rows, failed, has_no_such_statement, is_lost_race, is_outdated,
};
use crate::parameter::integer;
use crate::rows::stock::locking_order;
use crate::session::Session;
use crate::{PostgresDatabase, rows};

/// How many stocks are remembered: some 25 MB.
const REMEMBERED_MAX: usize = 128 * 1024;

/// How many batches are done under locks before this way is tried again, at most.
const LOCKED_MAX: u32 = 256;

/// Every stock that a run of commands changes, before and after.
pub(super) type StockChanges = BTreeMap<StockKey, StockChange>;

/// What a server remembers.
pub(crate) struct Memory {
    /// Stock as it was last stored or read here; `None` for stock that lies in locations, which is
    /// left to locks.
    stocks: Cache<(OrganizationId, StockKey), Option<Stock>>,
    luck: Mutex<Luck>,
}

/// How well it went lately.
struct Luck {
    /// How many batches are still to be done under locks.
    locked: u32,
    /// How many there will be the next time that something has changed.
    locked_next: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            stocks: Cache::new(REMEMBERED_MAX),
            luck: Mutex::new(Luck {
                locked: 0,
                locked_next: 1,
            }),
        }
    }
}

impl Memory {
    /// Notes what became of stock, if that was stored. Otherwise nobody knows.
    pub(super) fn note(
        &self,
        organization: OrganizationId,
        changed: impl IntoIterator<Item = StockChanges>,
        is_stored: bool,
    ) {
        for (key, change) in changed.into_iter().flatten() {
            match change.after.filter(|_| is_stored) {
                Some(stock) => self.remember(organization, stock),
                None => self.forget(organization, key),
            }
        }
    }

    /// Remembers stock that was read, unless something is remembered of it, which may be newer.
    pub(crate) fn note_read(&self, organization: OrganizationId, stock: &Stock) {
        if self.stocks.peek(&(organization, stock.key())).is_none() {
            self.remember(organization, stock.clone());
        }
    }

    pub(super) fn forget(&self, organization: OrganizationId, key: StockKey) {
        self.stocks.remove(&(organization, key));
    }

    fn remember(&self, organization: OrganizationId, stock: Stock) {
        let key = (organization, stock.key());
        let unlocated = Some(stock).filter(|stock| stock.located.is_empty());
        self.stocks.insert(key, unlocated);
    }

    fn is_worth_trying(&self) -> bool {
        let mut luck = self.luck.lock().unwrap_or_else(PoisonError::into_inner);
        let is_worth_it = luck.locked == 0;
        luck.locked = luck.locked.saturating_sub(1);
        is_worth_it
    }

    fn went(&self, well: bool) {
        let mut luck = self.luck.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            luck.locked_next = 1;
        } else {
            luck.locked = luck.locked_next;
            luck.locked_next = luck.locked_next.saturating_mul(2).min(LOCKED_MAX);
        }
    }

    fn never_try_again(&self) {
        let mut luck = self.luck.lock().unwrap_or_else(PoisonError::into_inner);
        luck.locked = u32::MAX;
    }
}

/// Decides and stores a batch, or gives `None` if that is to be done under locks. Then nothing is
/// stored.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(super) async fn commit(
    database: &PostgresDatabase,
    organization: OrganizationId,
    commands: &[Command],
) -> Result<Option<Vec<Outcome>>, StoreError> {
    let memory = &database.memory;
    let transactions = transactions(commands);
    let Some(transactions) = transactions.filter(|_| memory.is_worth_trying()) else {
        return Ok(None);
    };
    let mut session = database.session().await?;
    let loaded = load(&mut session, memory, organization, &transactions).await?;
    let now = database.environment.now();
    // What has run out of reservations is settled under locks.
    let is_due = |state: &State| state.stocks.values().any(|stock| stock.due(now).is_some());
    let Some(mut state) = loaded.filter(|state| !is_due(state)) else {
        session.commit().await?;
        return Ok(None);
    };
    let keys = commands.iter().filter_map(Command::idempotency_key);
    kept::load(&mut session, organization, &keys.collect(), &mut state).await?;
    let mut seen = Seen::new(&state, &transactions);
    let (outcomes, changes) = database
        .environment
        .with_ids(|ids| run(commands, state, &mut Context::new(now, ids)));
    seen.0.retain(|key, _| !changes.stocks.contains_key(key));
    let stored = store(&mut session, organization, &changes, &seen, now).await;
    memory.note(organization, [changes.stocks], stored.is_ok());
    if let Err(error) = &stored {
        for key in seen.0.into_keys() {
            memory.forget(organization, key);
        }
        if is_outdated(error) || is_lost_race(error) {
            memory.went(false);
        } else if has_no_such_statement(error) {
            // Spread over machines, a database can do less.
            memory.never_try_again();
        } else {
            // The connection goes with the session: it may lead nowhere, or to a server that only
            // reads.
            return stored.map(|()| None).map_err(certain);
        }
    } else {
        memory.went(true);
    }
    // There is no transaction to end: the statement was one.
    session.commit().await?;
    Ok(stored.is_ok().then_some(outcomes))
}

/// For each transaction who acts, and on which product's stock; `None` if any command needs to know
/// of anything else.
fn transactions(commands: &[Command]) -> Option<Vec<(Owner, ProductId)>> {
    let mut transactions = Vec::with_capacity(commands.len());
    for command in commands {
        let acting = command.actor.acting;
        let mut add = |transact: &Transact| {
            transactions.push((acting, transact.product));
            transact.location.is_none().then_some(())
        };
        match &command.operation {
            Operation::Transact(transact) => add(transact)?,
            Operation::TransactMany(many) => many.lines.iter().flatten().try_for_each(add)?,
            _ => return None,
        }
    }
    Some(transactions)
}

/// The stock that a transaction may be about, the one that it looks for first first.
fn keys((acting, product): (Owner, ProductId)) -> impl Iterator<Item = StockKey> {
    let owners = acting.visible();
    owners.map(move |owner| StockKey { product, owner })
}

/// The stock that these transactions are about, as it is remembered, or as it is; `None` if some
/// lies in locations.
async fn load(
    session: &mut Session,
    memory: &Memory,
    organization: OrganizationId,
    transactions: &[(Owner, ProductId)],
) -> Result<Option<State>, StoreError> {
    let mut state = State::default();
    let mut unknown = Vec::new();
    for transaction in transactions {
        for key in keys(*transaction) {
            if state.stocks.contains_key(&key) {
                break;
            }
            match memory.stocks.get(&(organization, key)) {
                Some(Some(stock)) => {
                    state.stocks.insert(key, stock);
                    break;
                }
                Some(None) => return Ok(None),
                None => unknown.push(key),
            }
        }
    }
    if !unknown.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        let stocks = rows::stock::stocks(session, organization, unknown).await?;
        for stock in stocks {
            memory.remember(organization, stock.clone());
            if !stock.located.is_empty() {
                return Ok(None);
            }
            state.stocks.insert(stock.key(), stock);
        }
    }
    Ok(Some(state))
}

/// What transactions look at: stock, or that there is none.
struct Seen(BTreeMap<StockKey, Option<Stock>>);

impl Seen {
    fn new(state: &State, transactions: &[(Owner, ProductId)]) -> Self {
        let mut seen = BTreeMap::new();
        for transaction in transactions {
            for key in keys(*transaction) {
                let stock = state.stocks.get(&key);
                seen.entry(key).or_insert_with(|| stock.cloned());
                if stock.is_some() {
                    break;
                }
            }
        }
        Self(seen)
    }
}

/// Stores changes in one statement, or fails if anything that was seen or changed isn't any more as
/// it was.
#[expect(clippy::too_many_lines, reason = "it is one statement")]
async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &Changes,
    seen: &Seen,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut updated: Vec<(&Stock, &Stock)> = changes.stocks.values().filter_map(both).collect();
    updated.sort_unstable_by_key(|(stock, _)| locking_order(organization, stock.key()));
    let before = StockColumns::new(organization, updated.iter().map(|(before, _)| *before));
    let after = StockColumns::new(organization, updated.iter().map(|(_, after)| *after));
    let seen = SeenColumns::new(organization, seen);
    let entries = EntryColumns::new(&changes.entries);
    let batches = BatchColumns::new(organization, &changes.batches);
    let kept = KeptColumns::new(organization, &changes.kept_answers)?;
    let result = sqlx::query!(
        r#"
        WITH changed AS (
            UPDATE stocks SET
                available = after.available,
                allocated = after.allocated,
                unlocated_available = after.available,
                unlocated_allocated = after.allocated,
                sequence = after.sequence,
                last_hash = after.last_hash,
                updated_at = after.updated_at
            FROM unnest(
                $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[],
                $46::bytea[], $47::bigint[]
            ) AS after (
                product_id, owner_id, stock_id, available_before, allocated_before,
                sequence_before, available, allocated, sequence, last_hash, updated_at,
                last_hash_before, next_expiry_before
            )
            CROSS JOIN LATERAL (
                SELECT ctid FROM stocks
                WHERE organization_id = $1
                    AND product_id = after.product_id
                    AND owner_id = after.owner_id
                OFFSET 0
            ) AS found
            -- Names a row, and leaves PostgreSQL no other way to it. It is the only condition that
            -- PostgreSQL doesn't look at again after it had to wait for someone else's change.
            WHERE stocks.ctid = found.ctid
                AND stocks.organization_id IS NOT DISTINCT FROM $1
                AND stocks.stock_id = after.stock_id
                AND stocks.available = after.available_before
                AND stocks.allocated = after.allocated_before
                AND stocks.sequence = after.sequence_before
                AND stocks.last_hash = after.last_hash_before
                AND stocks.next_expiry IS NOT DISTINCT FROM after.next_expiry_before
                AND NOT stocks.located
            RETURNING 1
        ),
        kept AS (
            INSERT INTO idempotency_keys AS stored (
                organization_id, owner_id, idempotency_key, request_digest, outcome, expires_at
            )
            SELECT $1, kept.*
            FROM unnest($40::uuid[], $41::text[], $42::bytea[], $43::text[], $44::bigint[]) AS kept
            ON CONFLICT (organization_id, owner_id, idempotency_key) DO UPDATE SET
                request_digest = excluded.request_digest,
                outcome = excluded.outcome,
                expires_at = excluded.expires_at
            WHERE stored.expires_at <= $45
            RETURNING 1
        ),
        outdated AS (
            SELECT
                cardinality($2) - (SELECT count(*) FROM changed)
                + cardinality($40) - (SELECT count(*) FROM kept)
                + (
                    SELECT count(*)
                    FROM unnest(
                        $13::uuid[], $14::uuid[], $15::uuid[], $16::bigint[], $17::bigint[],
                        $18::bigint[], $48::bigint[]
                    ) AS seen (
                        product_id, owner_id, stock_id, available, allocated, sequence, next_expiry
                    )
                    LEFT JOIN LATERAL (
                        SELECT stock_id, available, allocated, sequence, next_expiry FROM stocks
                        WHERE organization_id = $1
                            AND product_id = seen.product_id
                            AND owner_id = seen.owner_id
                        OFFSET 0
                    ) AS stocks ON true
                    WHERE stocks.stock_id IS DISTINCT FROM seen.stock_id
                        OR stocks.available IS DISTINCT FROM seen.available
                        OR stocks.allocated IS DISTINCT FROM seen.allocated
                        OR stocks.sequence IS DISTINCT FROM seen.sequence
                        OR stocks.next_expiry IS DISTINCT FROM seen.next_expiry
                ) AS rows
        ),
        made AS (
            INSERT INTO batches (organization_id, batch_id, owner_id, entries)
            SELECT $1, made.* FROM unnest($37::uuid[], $38::uuid[], $39::bytea[]) AS made
        )
        INSERT INTO entries (
            organization_id, stock_id, sequence, transaction_id, location_id, action, quantity,
            available, allocated, sum_available, sum_allocated, reason, reference, idempotency_key,
            batch_id, undoes, actor_key_id, created_at, hash
        )
        SELECT $1, added.*
        FROM unnest(
            $19::uuid[], $20::bigint[], $21::uuid[], $22::uuid[], $23::text[], $24::bigint[],
            $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::text[],
            $30::text[], $31::text[], $32::uuid[], $33::uuid[], $34::uuid[], $35::bigint[],
            $36::bytea[]
        ) AS added
        -- Fails, and undoes all of it, if any row is outdated. The text is what the log shows.
        WHERE (
            SELECT CASE WHEN rows = 0 THEN true ELSE (rows || ' rows are outdated')::boolean END
            FROM outdated
        )
        "#,
        organization.uuid(),
        &before.product_ids,
        &before.owner_ids,
        &before.stock_ids,
        &before.available,
        &before.allocated,
        &before.sequences,
        &after.available,
        &after.allocated,
        &after.sequences,
        &after.last_hashes,
        &after.updated_at,
        &seen.product_ids,
        &seen.owner_ids,
        &seen.stock_ids as &[Option<Uuid>],
        &seen.available as &[Option<i64>],
        &seen.allocated as &[Option<i64>],
        &seen.sequences as &[Option<i64>],
        &entries.stock_ids,
        &entries.sequences,
        &entries.transaction_ids,
        &entries.location_ids as &[Option<Uuid>],
        &entries.actions as &[&'static str],
        &entries.quantities,
        &entries.available,
        &entries.allocated,
        &entries.sum_available as &[Option<i64>],
        &entries.sum_allocated as &[Option<i64>],
        &entries.reasons as &[Option<&str>],
        &entries.references as &[Option<&str>],
        &entries.idempotency_keys as &[Option<&str>],
        &entries.batch_ids as &[Option<Uuid>],
        &entries.undoes as &[Option<Uuid>],
        &entries.actor_key_ids as &[Option<Uuid>],
        &entries.created_at,
        &entries.hashes,
        &batches.batch_ids,
        &batches.owner_ids,
        &batches.entries,
        &kept.owner_ids,
        &kept.keys as &[&str],
        &kept.request_digests,
        &kept.outcomes,
        &kept.expires_at,
        now.as_milliseconds(),
        &before.last_hashes,
        &before.next_expiry as &[Option<i64>],
        &seen.next_expiry as &[Option<i64>],
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("entries", changes.entries.len(), &result)
}

fn both(change: &StockChange) -> Option<(&Stock, &Stock)> {
    change.before.as_ref().zip(change.after.as_ref())
}

/// What was only looked at, by columns.
#[derive(Default)]
struct SeenColumns {
    product_ids: Vec<Uuid>,
    owner_ids: Vec<Uuid>,
    stock_ids: Vec<Option<Uuid>>,
    available: Vec<Option<i64>>,
    allocated: Vec<Option<i64>>,
    sequences: Vec<Option<i64>>,
    next_expiry: Vec<Option<i64>>,
}

impl SeenColumns {
    fn new(organization: OrganizationId, seen: &Seen) -> Self {
        let mut columns = Self::default();
        for (key, stock) in &seen.0 {
            let stock = stock.as_ref();
            columns.product_ids.push(key.product.uuid());
            columns.owner_ids.push(key.owner.to_uuid(organization));
            columns.stock_ids.push(stock.map(|stock| stock.id.uuid()));
            let sums = stock.map(Stock::sums);
            columns
                .available
                .push(sums.map(|sums| sums.available.into()));
            columns
                .allocated
                .push(sums.map(|sums| sums.allocated.into()));
            columns
                .sequences
                .push(stock.map(|stock| integer(stock.sequence)));
            let next_expiry = stock.and_then(|stock| stock.next_expiry);
            columns
                .next_expiry
                .push(next_expiry.map(Timestamp::as_milliseconds));
        }
        columns
    }
}
