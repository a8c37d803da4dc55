//! Batches of transactions on stock, which most changes are, on the writer thread.

mod load;
mod store;

use rusqlite::{Connection, TransactionBehavior};
use stockroom_application::Environment;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Command, Context, Needs, Operation, OrganizationId, Outcome, decide_all};

use crate::connection::error::failed_directly as failed;

/// All statements of this path, for the test of their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 10] = [
    load::STOCK,
    load::POSITIONS,
    load::LOCATION,
    load::KEPT,
    store::UPDATE,
    store::STORE_POSITION,
    store::ADD,
    store::BEGIN_SPAN,
    store::ADD_BATCH,
    store::KEEP,
];

/// Whether all commands are transactions.
pub(crate) fn are_all(commands: &[Command]) -> bool {
    let mut operations = commands.iter().map(|command| &command.operation);
    operations.all(|it| matches!(it, Operation::Transact(_) | Operation::TransactMany(_)))
}

/// Decides and stores transactions. Returns `None`, and stores nothing, if the general path has to do
/// it: stock has to be settled first, or the commands need other things.
pub(crate) fn commit(
    connection: &mut Connection,
    organization: OrganizationId,
    commands: &[Command],
    environment: &Environment,
) -> Result<Option<Vec<Outcome>>, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let now = environment.now();
    let mut needs = Needs::default();
    for command in commands {
        command.needs(&mut needs);
    }
    let Some((state, idempotency_records)) = load::load(&transaction, organization, &needs)? else {
        return Ok(None);
    };
    if state.stocks.values().any(|stock| stock.due(now).is_some()) {
        return Ok(None);
    }
    let decided = environment.with_ids(|ids| {
        let mut context = Context::new(now, ids);
        decide_all(commands, state, idempotency_records, &mut context)
    });
    store::store(&transaction, organization, &decided)?;
    transaction.commit().map_err(failed)?;
    Ok(Some(decided.outcomes))
}
