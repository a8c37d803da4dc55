//! Optimistic commits: transactions without locks. Most changes are transactions.
//!
//! A server remembers the stock that it has stored. Transactions are decided on that stock, and stored
//! by one statement that does nothing unless the rows are still as they were remembered: one round
//! trip, where locks take four. PostgreSQL holds each row while it compares and changes it, so that two
//! servers never both find it unchanged. Rows that were only read, because all transactions were
//! refused, are compared as well, so that a refusal is never based on stale data.
//!
//! Idempotency records are not remembered but read, and compared as well.
//!
//! If anything has changed, nothing is stored, and the batch is committed under locks. If that happens
//! often, because several servers sell the same products, optimistic commits are tried less and less
//! often.

mod store;

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Command, Context, IdempotencyRecords, Needs, Operation, OrganizationId, Outcome, Owner,
    ProductId, State, Stock, StockKey, Transact, decide_all,
};

use crate::connection::error::{certain, is_lost_race, is_outdated};
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::stock_cache::StockCache;
use crate::{idempotency, stock};

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
    let stock_cache = &database.stock_cache;
    let transactions = transactions(commands);
    let Some(transactions) = transactions.filter(|_| stock_cache.is_worth_trying()) else {
        return Ok(None);
    };
    let mut session = database.session().await?;
    let loaded = load(&mut session, stock_cache, organization, &transactions).await?;
    let now = database.environment.now();
    // Lapsed holds are settled under locks.
    let is_due = |state: &State| state.stocks.values().any(|stock| stock.due(now).is_some());
    let Some(state) = loaded.filter(|state| !is_due(state)) else {
        session.commit().await?;
        return Ok(None);
    };
    let keys = commands.iter().filter_map(Command::idempotency_key);
    let mut idempotency_records = IdempotencyRecords::default();
    idempotency::store::load(
        &mut session,
        organization,
        &keys.collect(),
        &mut idempotency_records,
    )
    .await?;
    let mut seen = Seen::new(&state, &transactions);
    let decided = database.environment.with_ids(|ids| {
        let mut context = Context::new(now, ids);
        decide_all(commands, state, idempotency_records, &mut context)
    });
    seen.0
        .retain(|key, _| !decided.changes.stocks.contains_key(key));
    let stored = store::store(&mut session, organization, &decided, &seen, now).await;
    stock_cache.note(organization, [decided.changes.stocks], stored.is_ok());
    if let Err(error) = &stored {
        for key in seen.0.into_keys() {
            stock_cache.forget(organization, key);
        }
        if is_outdated(error) || is_lost_race(error) {
            stock_cache.record_success(false);
        } else {
            // Dropping the session closes its connection, which may lead nowhere, or to a read-only
            // server.
            return stored.map(|()| None).map_err(certain);
        }
    } else {
        stock_cache.record_success(true);
    }
    // There is no transaction to end: the statement was a transaction of its own.
    session.commit().await?;
    Ok(stored.is_ok().then_some(decided.outcomes))
}

/// The acting owner and the product of each transaction; `None` if any command needs anything else.
fn transactions(commands: &[Command]) -> Option<Vec<(Owner, ProductId)>> {
    let mut needs = Needs::default();
    for command in commands {
        command.needs(&mut needs);
    }
    // Destructured in full, so that every new kind of need is either loaded here or keeps commands off
    // this path.
    let Needs {
        organization: false,
        management,
        products,
        store_products,
        skus,
        external_refs,
        location_slugs,
        locations,
        location_use,
        location_counts,
        stocks: _,
        keys,
        key_totals,
        idempotency_keys: _,
        undone,
        reservations,
        orders,
        past,
        corrections,
    } = needs
    else {
        return None;
    };
    let needs_nothing_else = management.is_empty()
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
        && reservations.is_empty()
        && orders.is_empty()
        && past.is_empty()
        && corrections.is_empty();
    if !needs_nothing_else {
        return None;
    }
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

/// The keys of the stock that a transaction may concern, in the order in which it looks for them.
fn keys((acting, product): (Owner, ProductId)) -> impl Iterator<Item = StockKey> {
    let owners = acting.visible();
    owners.map(move |owner| StockKey { product, owner })
}

/// Loads the stock that these transactions concern, from the cache or else from the database; `None` if
/// some of it lies in locations.
async fn load(
    session: &mut Session,
    stock_cache: &StockCache,
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
            match stock_cache.stocks.get(&(organization, key)) {
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
        let stocks = stock::rows::stocks(session, organization, unknown).await?;
        for stock in stocks {
            stock_cache.remember(organization, stock.clone());
            if !stock.located.is_empty() {
                return Ok(None);
            }
            state.stocks.insert(stock.key(), stock);
        }
    }
    Ok(Some(state))
}

/// The stock that transactions read; `None` where there is none.
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
