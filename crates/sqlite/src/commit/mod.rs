//! The commit of commands: the only way to make changes.

mod load;
mod records;
pub(crate) mod transactions;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use stockroom_application::ports::{CommandStore, StoreError};
use stockroom_domain::{
    Changes, Command, Context, IdempotencyRecords, Needs, OrganizationId, Outcome, Timestamp,
    decide_all, groups,
};

use crate::connection::open::SqliteDatabase;
use crate::{idempotency, ledger, reservations, stock};

#[async_trait]
impl CommandStore for SqliteDatabase {
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        if transactions::are_all(commands) {
            let commands = commands.to_vec();
            let environment = self.environment.clone();
            let commit = move |connection: &mut rusqlite::Connection| {
                transactions::commit(connection, organization, &commands, &environment)
            };
            if let Some(outcomes) = self
                .writer_thread
                .run(self.write_permit().await?, commit)
                .await?
            {
                return Ok(outcomes);
            }
        }
        let mut transaction = self.write().await?;
        let now = self.environment.now();
        let mut outcomes = Vec::with_capacity(commands.len());
        for commands in groups(commands) {
            let mut needs = Needs::default();
            for command in commands {
                command.needs(&mut needs);
            }
            let state = load::state(&mut transaction, organization, &needs, now).await?;
            let mut idempotency_records = IdempotencyRecords::default();
            let keys = &needs.idempotency_keys;
            idempotency::store::load(
                &mut transaction,
                organization,
                keys,
                &mut idempotency_records,
            )
            .await?;
            let decided = self.environment.with_ids(|ids| {
                let mut context = Context::new(now, ids);
                decide_all(commands, state, idempotency_records, &mut context)
            });
            store(&mut transaction, organization, decided.changes).await?;
            idempotency::store::store(&mut transaction, organization, &decided.idempotency_records)
                .await?;
            outcomes.extend(decided.outcomes);
        }
        transaction.commit().await?;
        Ok(outcomes)
    }

    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let forgotten =
            idempotency::store::forget(&mut transaction, organization, now, limit).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    changes: Changes,
) -> Result<(), StoreError> {
    // Destructured in full, so that the compiler asks for every new kind of change to be stored here.
    let Changes {
        stocks,
        deleted_stocks,
        entries,
        batches,
        settled,
        reservations,
        records,
    } = changes;
    // Records first: a stock's positions refer to locations.
    records::store(connection, organization, records).await?;
    stock::store::store(connection, organization, &stocks).await?;
    ledger::store::store_deleted(connection, organization, &deleted_stocks).await?;
    ledger::store::store_entries(connection, organization, &entries).await?;
    ledger::batches::store(connection, organization, &batches).await?;
    reservations::store::settle(connection, organization, &settled).await?;
    reservations::store::store(connection, organization, &reservations).await
}
