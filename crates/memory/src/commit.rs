//! The commit of commands: the only way to make changes.

use async_trait::async_trait;
use stockroom_application::ports::{CommandStore, StoreError};
use stockroom_domain::{
    Changes, Command, Context, IdempotencyRecord, Needs, OrganizationId, Outcome, RecordChange,
    Timestamp, decide_all, groups,
};

use crate::{MemoryDatabase, Tables};

#[async_trait]
impl CommandStore for MemoryDatabase {
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut tables = self.write();
        let now = self.environment.now();
        let mut outcomes = Vec::with_capacity(commands.len());
        for commands in groups(commands) {
            let mut needs = Needs::default();
            for command in commands {
                command.needs(&mut needs);
            }
            let (state, idempotency_records) = tables
                .tenants
                .get(&organization)
                .map(|tenant| (tenant.load(&needs, now), tenant.idempotency_records(&needs)))
                .unwrap_or_default();
            let decided = self.environment.with_ids(|ids| {
                let mut context = Context::new(now, ids);
                decide_all(commands, state, idempotency_records, &mut context)
            });
            tables.store(
                organization,
                now,
                decided.changes,
                decided.idempotency_records,
            );
            outcomes.extend(decided.outcomes);
        }
        Ok(outcomes)
    }

    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut tables = self.write();
        let tenant = tables.tenants.get_mut(&organization);
        Ok(tenant.map_or(0, |tenant| tenant.forget_answers(now, limit as usize)))
    }
}

impl Tables {
    fn store(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        changes: Changes,
        idempotency_records: Vec<IdempotencyRecord>,
    ) {
        if changes.is_empty() && idempotency_records.is_empty() {
            return;
        }
        let tenant = self.tenants.entry(organization).or_default();
        tenant.feed.add(&changes, now);
        // Destructured in full, so that the compiler asks for every new kind of change to be stored
        // here.
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
        for (key, change) in stocks {
            tenant.store_stock(key, change);
        }
        tenant.deleted_stocks.extend(deleted_stocks);
        for entry in entries {
            if let Some(undone) = entry.undoes {
                tenant.undone.insert(undone, entry.id);
            }
            // Most stocks have a single entry for a long time, and an empty vector would make room for
            // four.
            let ledger = tenant.ledgers.entry(entry.stock);
            ledger.or_insert_with(|| Vec::with_capacity(1)).push(entry);
        }
        for hold in &settled {
            tenant.reservations.settle(hold);
        }
        for change in reservations.into_values() {
            tenant.reservations.store(change);
        }
        for batch in batches {
            tenant.batches.insert(batch.id, batch);
        }
        for kept in idempotency_records {
            tenant.keep(kept);
        }
        for record in records {
            match &record {
                RecordChange::Key(key) => {
                    self.client_ids
                        .insert(key.client_id.clone(), (organization, key.id));
                }
                RecordChange::KeyDeleted(key) => {
                    self.client_ids.remove(&key.client_id);
                }
                RecordChange::TokensRevoked(key, grants, at) => {
                    let revoked_at = self.revocations.entry((*key, *grants)).or_insert(*at);
                    *revoked_at = (*at).max(*revoked_at);
                }
                _ => {}
            }
            tenant.store_record(record);
        }
    }
}
