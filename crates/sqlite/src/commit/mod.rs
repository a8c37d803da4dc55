//! The commit of commands: the only way to make changes.

mod load;
mod records;

use async_trait::async_trait;
use rusqlite::Connection;
use stockroom_application::Environment;
use stockroom_application::ports::{CommandStore, StoreError};
use stockroom_domain::{
    Changes, Command, Context, Needs, OrganizationId, Outcome, Timestamp, decide_all, groups,
};

use crate::connection::open::SqliteDatabase;
use crate::{events, idempotency, ledger, reservations, stock};

#[async_trait]
impl CommandStore for SqliteDatabase {
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        let commands = commands.to_vec();
        let environment = self.environment.clone();
        self.write(move |transaction| commit(transaction, organization, &commands, &environment))
            .await
    }

    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.write(move |transaction| {
            idempotency::store::forget(transaction, organization, now, limit)
        })
        .await
    }
}

/// Decides commands and stores their changes.
fn commit(
    transaction: &Connection,
    organization: OrganizationId,
    commands: &[Command],
    environment: &Environment,
) -> Result<Vec<Outcome>, StoreError> {
    let now = environment.now();
    let mut outcomes = Vec::with_capacity(commands.len());
    for commands in groups(commands) {
        let mut needs = Needs::default();
        for command in commands {
            command.needs(&mut needs);
        }
        let state = load::state(transaction, organization, &needs, now)?;
        let keys = &needs.idempotency_keys;
        let idempotency_records = idempotency::store::load(transaction, organization, keys)?;
        let decided = environment.with_ids(|ids| {
            let mut context = Context::new(now, ids);
            decide_all(commands, state, idempotency_records, &mut context)
        });
        store(transaction, organization, decided.changes, now)?;
        idempotency::store::store(transaction, organization, &decided.idempotency_records)?;
        outcomes.extend(decided.outcomes);
    }
    Ok(outcomes)
}

fn store(
    transaction: &Connection,
    organization: OrganizationId,
    changes: Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    events::store::store(transaction, organization, &changes, now)?;
    // Destructured in full, so that the compiler asks for every new kind of change to be stored here.
    let Changes {
        stocks,
        deleted_stocks,
        entries,
        batches,
        settled,
        reservations,
        records,
        // In the feed already.
        events: _,
    } = changes;
    // Records first: a stock's positions refer to locations.
    records::store(transaction, organization, records)?;
    stock::store::store(transaction, organization, &stocks)?;
    ledger::store::store_deleted(transaction, organization, &deleted_stocks)?;
    ledger::store::store_entries(transaction, organization, &entries)?;
    ledger::store::store_batches(transaction, organization, &batches)?;
    reservations::store::settle(transaction, organization, &settled)?;
    reservations::store::store(transaction, organization, &reservations)
}
