//! Optimistic commits: batches that need nothing but stock outside of locations, living reservations and
//! idempotency records, without locks. Most batches are such.
//!
//! A server remembers the stock and the reservations that it has stored. Commands are decided on that
//! memory, and stored by one statement that does nothing unless the rows are still as they were
//! remembered: one round trip, where locks take four and more. A row's revision shows whether it is.
//! PostgreSQL holds each row while it compares and changes it, so that two servers never both find it
//! unchanged. Rows that were only read, because all commands about them were refused, are compared as
//! well, so that a refusal is never based on stale data.
//!
//! Idempotency records are not remembered but read. A key that this server doesn't know is taken to be
//! new, and an order that it knows no reservation of is taken to have none. The statement finds out.
//!
//! If anything has changed, nothing is stored, and the batch is committed under locks. If that happens
//! often, because several servers sell the same products, optimistic commits are tried less and less
//! often.
//!
//! # Reservations
//! The lines of a reservation, and whether it may be paid for, depend on its stock: other servers may
//! book its expiry. So its stock gets another revision whenever the reservation changes. Others notice
//! that in the same way, and the rows of the stock put all changes of one reservation in an order, as
//! locks do.

#[macro_use]
mod statement;
mod load;
mod store;
mod writes;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Command, Context, IdempotencyRecords, Needs, OrganizationId, Outcome, Timestamp, decide_all,
    groups,
};

use self::load::Seen;
use self::writes::Writes;
use crate::commit::notes::Notes;
use crate::connection::error::{certain, is_lost_race, is_outdated};
use crate::connection::open::PostgresDatabase;
use crate::idempotency;
use crate::reservations::orders::Orders;
use crate::revision::Loaded;

/// Decides and stores a batch. Returns `None`, and stores nothing, if it has to be committed under
/// locks.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn commit(
    database: &PostgresDatabase,
    organization: OrganizationId,
    commands: &[Command],
) -> Result<Option<Vec<Outcome>>, StoreError> {
    let mut needs = Needs::default();
    for command in commands {
        command.needs(&mut needs);
    }
    let is_one_group = groups(commands).nth(1).is_none();
    if !is_one_group || !is_admitted(&needs) || !database.stock_cache.is_worth_trying() {
        return Ok(None);
    }
    let mut session = database.session().await?;
    let loaded = load::load(&mut session, database, organization, &needs).await?;
    let now = database.environment.now();
    // Lapsed holds are settled under locks.
    let Some(loaded) = loaded.filter(|loaded| !is_due(loaded, now)) else {
        session.commit().await?;
        return Ok(None);
    };
    let mut seen = Seen::new(&needs, &loaded);
    let keys = needs.idempotency_keys;
    let mut idempotency_records = IdempotencyRecords::default();
    if database.key_cache.may_exist(organization, &keys) {
        idempotency::store::load(&mut session, organization, &keys, &mut idempotency_records)
            .await?;
    } else {
        seen.free_keys.clone_from(&keys);
    }
    let takes_keys_as_free = !seen.free_keys.is_empty();
    let mut orders = Orders::default();
    orders.add_loaded(&loaded.state);
    let Loaded { state, revisions } = loaded;
    let decided = database.environment.with_ids(|ids| {
        let mut context = Context::new(now, ids);
        decide_all(commands, state, idempotency_records, &mut context)
    });
    let Some(writes) = Writes::new(&decided, &revisions, seen, orders) else {
        session.commit().await?;
        return Ok(None);
    };
    let stored = store::store(&mut session, organization, &writes, now).await;
    let Writes {
        seen,
        revised,
        orders,
        ..
    } = writes;
    let mut notes = Notes::default();
    notes.add(decided.changes, &revisions);
    notes.add_revised(revised);
    notes.add_orders(orders);
    notes.add_keys(keys);
    notes.apply(database, organization, stored.is_ok());
    if let Err(error) = &stored {
        seen.forget(database, organization);
        if is_outdated(error) || is_lost_race(error) {
            database.stock_cache.record_success(false);
            if takes_keys_as_free {
                database.key_cache.record_failure();
            }
        } else {
            // Dropping the session closes its connection, which may lead nowhere, or to a read-only
            // server.
            return stored.map(|()| None).map_err(certain);
        }
    } else {
        database.stock_cache.record_success(true);
    }
    // There is no transaction to end: the statement was a transaction of its own.
    session.commit().await?;
    Ok(stored.is_ok().then_some(decided.outcomes))
}

/// Whether this is all that optimistic commits load.
fn is_admitted(needs: &Needs) -> bool {
    // Destructured in full, so that every new kind of need is either loaded or keeps commands off this
    // path.
    let Needs {
        organization,
        management,
        products,
        store_products,
        skus,
        external_refs,
        location_slugs,
        locations,
        location_use,
        location_counts,
        stocks,
        keys,
        key_totals,
        idempotency_keys: _,
        undone,
        reservations: _,
        orders: _,
        layout,
        past,
        corrections,
        integrations,
        integration_counts,
        imports,
        transfers,
        open_transfers,
        expected,
    } = needs;
    // Commands that need no stock change other things.
    !stocks.is_empty()
        && !organization
        && management.is_empty()
        && products.is_empty()
        && store_products.is_empty()
        && skus.is_empty()
        && external_refs.is_empty()
        && location_slugs.is_empty()
        && locations.is_empty()
        && location_use.is_empty()
        && location_counts.is_empty()
        && keys.is_empty()
        && key_totals.is_empty()
        && undone.is_empty()
        && !layout
        && past.is_empty()
        && corrections.is_empty()
        && integrations.is_empty()
        && integration_counts.is_empty()
        && imports.is_empty()
        && transfers.is_empty()
        && open_transfers.is_empty()
        && expected.is_empty()
}

/// Whether anything has run out that isn't booked or stored yet. An order may have another reservation than
/// one that has run out, which is stored under locks.
fn is_due(loaded: &Loaded, now: Timestamp) -> bool {
    let stocks = loaded.state.stocks.values();
    let latest = stocks.clone().fold(now, |now, it| now.max(it.updated_at));
    let mut reservations = loaded.state.reservations.values();
    let mut all = loaded.state.stocks.values();
    all.any(|stock| stock.due(now).is_some())
        || reservations.any(|reservation| reservation.is_due(latest))
}
