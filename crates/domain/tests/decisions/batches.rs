//! Batches: runs of commands on one state.

use stockroom_domain::{
    Actor, Answer, Changes, Command, Context, CreateLocation, CreateStock, DeleteStock, Operation,
    Outcome, Owner, Refusal, State, Stock, StockKey, Transact, TransactionAction, groups,
};

use crate::scene::{
    CountingIds, actor, at, balance, decide_all, name, other_store, product, quantity, refused,
    slug, stock, store,
};
use TransactionAction::{Allocate, Decrement, Increment};

fn command(actor: Actor, operation: impl Into<Operation>) -> Command {
    Command::new(actor, operation)
}

fn create(owner: Owner, pieces: u64) -> Command {
    let request = CreateStock {
        product: product(),
        unlocated: quantity(pieces),
        located: std::collections::BTreeMap::new(),
    };
    command(actor(owner), request)
}

fn transact(owner: Owner, action: TransactionAction, pieces: u64) -> Command {
    let request = Transact::new(product(), action, quantity(pieces));
    command(actor(owner), request)
}

fn delete(owner: Owner) -> Command {
    command(actor(owner), DeleteStock { product: product() })
}

fn locate() -> Command {
    let request = CreateLocation::new(name("A location"), slug("here"));
    command(actor(store()), request)
}

fn run_on(state: State, commands: &[Command]) -> (Vec<Outcome>, Changes) {
    let mut ids = CountingIds::default();
    let ids = &mut ids;
    decide_all(commands, state, &mut Context::new(at(0), ids))
}

fn holding(available: u64) -> State {
    let held = stock(store(), balance(available, 0));
    let mut state = State::default();
    state.stocks.insert(held.key(), held);
    state
}

/// Commands on stock share a run; every other one has a run of its own.
#[test]
fn commands_on_stock_share_a_run() {
    let commands = [
        create(store(), 1),
        transact(store(), Increment, 1),
        locate(),
        locate(),
        delete(store()),
        create(store(), 1),
        locate(),
    ];
    let lengths: Vec<usize> = groups(&commands).map(<[Command]>::len).collect();
    assert_eq!(lengths, [2, 1, 1, 2, 1]);
    let joined: Vec<Command> = groups(&commands).flatten().cloned().collect();
    assert_eq!(joined, commands);
    assert_eq!(groups(&[]).count(), 0);
}

#[test]
fn each_command_sees_the_ones_before_it() {
    let commands = vec![transact(store(), Allocate, 2); 3];
    let (outcomes, changes) = run_on(holding(5), &commands);
    let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, true, false]);
    let refusal = Refusal::InsufficientStock(refused(2, balance(1, 4)));
    assert_eq!(outcomes[2], Err(refusal));
    let sequences: Vec<u64> = changes.entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [2, 3]);
    let key = StockKey {
        product: product(),
        owner: store(),
    };
    let change = &changes.stocks[&key];
    let figures = |stock: &Option<Stock>| stock.as_ref().map(Stock::sums);
    assert_eq!(figures(&change.before), Some(balance(5, 0)));
    assert_eq!(figures(&change.after), Some(balance(1, 4)));
}

#[test]
fn refusals_alone_change_nothing() {
    let commands = vec![transact(store(), Decrement, 6); 3];
    let (outcomes, changes) = run_on(holding(5), &commands);
    let refusal = Refusal::InsufficientStock(refused(6, balance(5, 0)));
    assert_eq!(outcomes, vec![Err(refusal); 3]);
    assert!(changes.is_empty());
}

/// Deleted and created anew, the stock is another one; the old one is kept as it was last.
#[test]
fn a_stock_replaced_within_a_run_is_another_one() {
    let commands = [
        transact(store(), Increment, 1),
        delete(store()),
        transact(store(), Increment, 1),
        create(store(), 9),
        transact(store(), Increment, 1),
    ];
    let (outcomes, changes) = run_on(holding(5), &commands);
    assert_eq!(outcomes[2], Err(Refusal::UnknownStock));
    let [deleted] = &changes.deleted_stocks[..] else {
        panic!("one deleted stock")
    };
    assert_eq!(deleted.stock.sums(), balance(6, 0));
    assert_eq!(deleted.stock.sequence, 2);
    assert_eq!(deleted.deleted_at, at(0));
    let change = changes.stocks.values().next().expect("the change");
    let [before, after] = [&change.before, &change.after].map(Option::as_ref);
    let [before, after] = [before.expect("before"), after.expect("after")];
    assert_eq!(before.sums(), balance(5, 0));
    assert_eq!(after.sums(), balance(10, 0));
    assert_ne!(before.id, after.id);
    let sequences: Vec<_> = changes
        .entries
        .iter()
        .map(|entry| (entry.stock == after.id, entry.sequence))
        .collect();
    assert_eq!(sequences, [(false, 2), (true, 1), (true, 2)]);
}

/// What comes and goes within a run leaves its ledger, and no stock.
#[test]
fn a_stock_that_comes_and_goes_leaves_its_ledger() {
    let (outcomes, changes) = run_on(State::default(), &[create(store(), 3), delete(store())]);
    assert!(outcomes.iter().all(Result::is_ok));
    let change = changes.stocks.values().next().expect("the change");
    assert_eq!((&change.before, &change.after), (&None, &None));
    assert_eq!(changes.deleted_stocks.len(), 1);
    assert_eq!(changes.entries.len(), 1);
}

/// The second creator of an organization-level product in a run is told so, and gets it once the
/// first one has given it up.
#[test]
fn creators_in_a_run_see_each_other() {
    let commands = [
        create(Owner::Organization, 1),
        create(store(), 1),
        delete(Owner::Organization),
        create(store(), 1),
        create(other_store(), 1),
    ];
    let (outcomes, _) = run_on(State::default(), &commands);
    let elsewhere = Err(Refusal::InvalidProductIdentifier);
    assert_eq!(outcomes[1], elsewhere);
    assert_eq!(outcomes[4], elsewhere);
    let Ok(Answer::Stock(created)) = &outcomes[3] else {
        panic!("created after the organization's stock is gone")
    };
    assert_eq!(created.product_owner, Owner::Organization);
}

/// A deletion is never dated before the stock's last change.
#[test]
fn a_deletion_does_not_turn_time_back() {
    let mut held = stock(store(), balance(5, 0));
    held.updated_at = at(500);
    let mut state = State::default();
    state.stocks.insert(held.key(), held);
    let (_, changes) = run_on(state, &[delete(store())]);
    assert_eq!(changes.deleted_stocks[0].deleted_at, at(500));
}
