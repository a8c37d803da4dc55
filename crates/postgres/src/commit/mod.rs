//! The commit of commands: the only way to make changes.
//!
//! Most batches need no locks (`optimistic`). This module is about all others.
//!
//! # The order of locks
//! Many servers commit at the same time. Before its first decision, a batch locks everything that must
//! not change until its end, for all its commands together, and holds these locks until its end. No two
//! batches wait for each other, because every batch takes its locks in this order:
//!
//! 1. The locks in [`locks::Lock`], in their order: the settings of the organization, the names of its
//!    locations, its application keys, its integrations, then products, texts that only one product may have, and orders.
//!    They stand for things that have no row to lock, or none yet: stock that doesn't exist, a slug or
//!    a `sku` that isn't in use, an order without a reservation, a list's length.
//! 2. Rows of `imports`, in the order of their ids. Two servers that apply the same chunk of a job come one
//!    after the other, and the second finds that the job has moved on. Rows of a job's chunks and errors are
//!    changed under this lock.
//! 3. Rows of `transfers`, in the order of their ids. Lines and receipts are changed under this lock, and open
//!    lines under those of their stocks, too.
//! 4. Rows of `stocks`, in the order of their ids.
//! 5. Rows of `reservations` that are the last ones of their orders, in the order of their ids.
//! 6. At the end, when everything else is stored: rows of `reservation_orders`, then of
//!    `idempotency_keys`, then of `level_counts`, each in the order of their keys.
//!
//! A batch that waits for a lock holds only locks that come before it, so batches never wait in a
//! circle. All other rows are changed under the protection of these locks (positions and entries under
//! their stock's, a location under that of the names, a line of a reservation under its stock's and its
//! state under those of all its stocks, and so on), so that no batch waits for them. An optimistic
//! commit is one statement that takes no advisory lock and changes its rows in the same order. Foreign keys refer
//! to rows whose key never changes, so they cause no waiting. Statements outside of batches lock one
//! row and then end. Those that forget imports lock a job before what belongs to it, or chunks that no batch
//! changes.
//!
//! After it has taken a lock, a batch has to read the protected data again, in a new statement:
//! PostgreSQL shows a statement only data that was committed before the statement began (`READ
//! COMMITTED`). A row of `stocks` is an exception: the statement that locks it returns its current
//! state. A row that doesn't exist can't be locked: a batch that finds no stock decides that there is
//! none, and so comes before the batch that creates it. Each later group of the batch keeps to that,
//! and so sees no stock that others have created since.
//!
//! If PostgreSQL rolls back the transaction all the same, the whole batch is done again.

mod load;
pub(crate) mod locks;
mod notes;
pub(crate) mod optimistic;
mod records;

use async_trait::async_trait;
use stockroom_application::ports::{CommandStore, StoreError};
use stockroom_domain::{
    Changes, Command, Context, IdempotencyRecord, IdempotencyRecords, Needs, OrganizationId,
    Outcome, Timestamp, decide_all, groups,
};
use stockroom_sql::Growth;

use self::notes::Notes;
use crate::connection::error::{is_lost_race, is_read_only, is_taken, unclear};
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::reservations::orders::Orders;
use crate::revision::{Loaded, Revisions};
use crate::{counts, events, idempotency, ledger, reservations, stock};

/// The most attempts at a batch that the database rolls back in favour of others.
const ATTEMPTS_MAX: u32 = 5;

#[async_trait]
impl CommandStore for PostgresDatabase {
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        // Citus can't run the statement of an optimistic commit.
        if self.keeps_statements
            && !self.on_citus
            && let Some(outcomes) = optimistic::commit(self, organization, commands).await?
        {
            return Ok(outcomes);
        }
        let mut attempts = 1;
        loop {
            match self.attempt(organization, commands).await {
                // These errors mean that the transaction was rolled back, so nothing is done twice.
                Err(error)
                    if (is_lost_race(&error) || is_taken(&error)) && attempts < ATTEMPTS_MAX =>
                {
                    attempts += 1;
                }
                result => return result,
            }
        }
    }

    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut session = self.write().await?;
        let forgotten = idempotency::store::forget(&mut session, organization, now, limit).await?;
        session.commit().await?;
        Ok(forgotten)
    }

    fn parallel_commits(&self) -> usize {
        self.parallel_commits
    }
}

impl PostgresDatabase {
    async fn attempt(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut session = self.write().await?;
        match self.decide(&mut session, organization, commands).await {
            Ok((outcomes, notes)) => {
                let committed = session.commit().await.map_err(unclear);
                notes.apply(self, organization, committed.is_ok());
                committed?;
                Ok(outcomes)
            }
            // Dropping the session closes its connection: the next one may lead to another server.
            Err(error) if is_read_only(&error) => Err(error),
            Err(error) => {
                // The rollback makes the connection usable again. If the connection is lost, so is the
                // transaction.
                drop(session.rollback().await);
                Err(error)
            }
        }
    }

    async fn decide(
        &self,
        session: &mut Session,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<(Vec<Outcome>, Notes), StoreError> {
        let groups: Vec<(&[Command], Needs)> = groups(commands)
            .map(|commands| {
                let mut needs = Needs::default();
                for command in commands {
                    command.needs(&mut needs);
                }
                (commands, needs)
            })
            .collect();
        let needs = groups.iter().map(|(_, needs)| needs);
        let mut stocks = locks::take(session, organization, commands, needs).await?;
        let now = self.environment.now();
        let mut end = End::default();
        let mut outcomes = Vec::with_capacity(commands.len());
        let mut notes = Notes::default();
        let mut idempotency_records: Vec<IdempotencyRecord> = Vec::new();
        for (commands, needs) in groups {
            let loaded = load::load(session, organization, &needs, &mut stocks, &end, now);
            let Loaded { state, revisions } = loaded.await?;
            end.orders.add_loaded(&state);
            let mut known_answers = IdempotencyRecords::default();
            let keys = &needs.idempotency_keys;
            idempotency::store::load(session, organization, keys, &mut known_answers).await?;
            for kept in &idempotency_records {
                known_answers.add(kept.clone());
            }
            let decided = self.environment.with_ids(|ids| {
                let mut context = Context::new(now, ids);
                decide_all(commands, state, known_answers, &mut context)
            });
            stocks.changed(decided.changes.stocks.keys().copied());
            let changes = decided.changes;
            store(session, organization, &changes, &revisions, &mut end).await?;
            notes.add(changes, &revisions);
            notes.add_keys(needs.idempotency_keys);
            outcomes.extend(decided.outcomes);
            // The records are stored at the end of the batch.
            idempotency_records.extend(decided.idempotency_records);
        }
        end.orders.store(session, organization).await?;
        idempotency::store::store(session, organization, &idempotency_records, now).await?;
        counts::store(session, organization, &end.growth).await?;
        notes.add_orders(end.orders);
        Ok((outcomes, notes))
    }
}

/// What a batch stores at its end, for all of its groups together.
#[derive(Default)]
pub(crate) struct End {
    orders: Orders,
    growth: Growth,
}

/// Stores all of these changes, apart from what is stored at the end.
async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &Changes,
    revisions: &Revisions,
    End { orders, growth }: &mut End,
) -> Result<(), StoreError> {
    events::store::store(session, organization, changes).await?;
    // Destructured in full, so that the compiler asks for every new kind of change to be stored here.
    let Changes {
        stocks,
        deleted_stocks,
        entries,
        batches,
        settled,
        reservations,
        records,
        // In the inbox already.
        events: _,
    } = changes;
    // Records first: a stock's positions refer to locations.
    records::store(session, organization, records, growth).await?;
    stock::store::store(session, organization, stocks, revisions, growth).await?;
    ledger::store::store_deleted(session, organization, deleted_stocks).await?;
    ledger::store::store_entries(session, organization, entries).await?;
    ledger::batches::store(session, organization, batches).await?;
    reservations::store::settle(session, organization, settled).await?;
    reservations::store::store(session, organization, reservations, revisions, growth).await?;
    orders.add_made(reservations);
    Ok(())
}
