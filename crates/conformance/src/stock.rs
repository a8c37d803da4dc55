//! Creating, setting, deleting and reading stock.

use stockroom_domain::{Balance, EntryAction, Position, Quantity, Refusal, TransactionAction};

use crate::client::stored;
use crate::{Bench, make};

/// The answer to a creation equals a later reading.
pub async fn created_stock_is_read_as_answered(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    let created = store.done(make::stock(product, 5, [("berlin", 7)])).await;
    assert_eq!(store.stock(product).await, Some(created));
}

/// A location that a creation names with a quantity of 0 is part of the stock.
pub async fn a_location_created_empty_is_kept(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 5, [("berlin", 0)])).await;
    let read = store.stock(product).await.expect("the stock");
    let empty = Position::empty(&berlin);
    assert_eq!(read.located.get(&berlin.id), Some(&empty));
}

/// Each position that gets a quantity gets a `create` entry, the unlocated pool's first.
pub async fn creation_writes_an_entry_for_each_position(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    store.locate("empty").await;
    let madrid = store.locate("madrid").await;
    let product = bench.product();
    let located = [("madrid", 3), ("empty", 0), ("berlin", 2)];
    store.done(make::stock(product, 1, located)).await;

    let history = store.history(product).await;
    let read: Vec<_> = history
        .iter()
        .map(|recorded| {
            let entry = &recorded.entry;
            let available = entry.balance.available.get();
            (
                entry.action,
                entry.location,
                entry.quantity.get(),
                available,
            )
        })
        .collect();
    let create = EntryAction::Create;
    let expected = [
        (create, None, 1, 1),
        (create, Some(berlin.id), 2, 2),
        (create, Some(madrid.id), 3, 3),
    ];
    assert_eq!(read, expected);
}

/// Stock created without any quantity starts with one entry of 0.
pub async fn creation_of_nothing_writes_one_entry(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let created = store.create(product, 0).await;
    let history = store.history(product).await;
    assert_eq!(history.len(), 1);
    let entry = &history[0].entry;
    assert_eq!(entry.action, EntryAction::Create);
    assert_eq!(entry.quantity, Quantity::ZERO);
    assert_eq!(entry.stock, created.id);
}

/// A second creation is refused and leaves the existing stock unchanged.
pub async fn existing_stock_is_not_created_again(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let created = store.create(product, 5).await;
    let again = store.ask(make::stock(product, 9, [])).await;
    assert_eq!(again, Err(Refusal::StockExists));
    assert_eq!(store.stock(product).await, Some(created));
}

/// A creation in an unknown location is refused, and creates nothing.
pub async fn creation_in_an_unknown_location_creates_nothing(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let refused = store.ask(make::stock(product, 5, [("nowhere", 1)])).await;
    let slug = "nowhere".to_owned();
    assert_eq!(refused, Err(Refusal::UnknownLocation { slug }));
    assert_eq!(store.stock(product).await, None);
}

/// The largest figures are stored exactly, in every place.
pub async fn the_largest_quantity_is_kept_exactly(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    let most = Quantity::MAX.get();
    let located = [("berlin", most)];
    store.done(make::stock(product, 0, located)).await;
    let allocate = TransactionAction::Allocate;
    store
        .transact_at(product, allocate, most, "berlin")
        .await
        .expect("all of it is available");

    let read = store.stock(product).await.expect("the stock");
    let all_allocated = Balance {
        available: Quantity::ZERO,
        allocated: Quantity::MAX,
    };
    assert_eq!(read.balance(Some(berlin.id)), Some(all_allocated));
    assert_eq!(read.sums(), all_allocated);
    let history = store.history(product).await;
    let last = &history.last().expect("an entry").entry;
    assert_eq!(
        (last.quantity, last.balance),
        (Quantity::MAX, all_allocated)
    );
}

/// A PUT sets a location's figure, adds a location, removes one, and leaves the others unchanged;
/// its answer equals a later reading.
pub async fn put_sets_adds_and_removes_locations(bench: Bench) {
    let store = bench.store().await;
    for slug in ["kept", "removed", "set", "added"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    let located = [("kept", 1), ("removed", 2), ("set", 3)];
    store.done(make::stock(product, 0, located)).await;

    let changes = [("added", Some(4)), ("removed", None), ("set", Some(5))];
    let answer = store.done(make::put(product, changes)).await;
    let read = store.stock(product).await.expect("the stock");
    assert_eq!(read, answer);
    let mut positions: Vec<_> = read
        .located
        .values()
        .map(|position| {
            let available = position.balance.available.get();
            (position.slug.as_str(), available)
        })
        .collect();
    positions.sort_unstable();
    assert_eq!(positions, [("added", 4), ("kept", 1), ("set", 5)]);
}

/// A PUT writes an entry for each figure that it changes, and none for the others.
pub async fn put_writes_entries_for_what_it_changes(bench: Bench) {
    let store = bench.store().await;
    for slug in ["a", "b", "c", "d"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    let located = [("a", 10), ("b", 10), ("c", 10)];
    store.done(make::stock(product, 0, located)).await;
    let changes = [("a", Some(10)), ("b", Some(4)), ("c", None), ("d", Some(0))];
    store.done(make::put(product, changes)).await;

    let history = store.history(product).await;
    let mut written: Vec<_> = history[3..]
        .iter()
        .map(|recorded| {
            let slug = recorded.slug.as_ref().map(ToString::to_string);
            let entry = &recorded.entry;
            (slug.unwrap_or_default(), entry.action, entry.quantity.get())
        })
        .collect();
    written.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        ("b".to_owned(), EntryAction::Decrement, 6),
        ("c".to_owned(), EntryAction::Decrement, 10),
    ];
    assert_eq!(written, expected);
    let read = store.stock(product).await.expect("the stock");
    assert_eq!(read.sequence, 5);
}

/// A location with allocated stock stays in the stock.
pub async fn an_allocated_location_is_not_taken_out(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 5)])).await;
    let allocate = TransactionAction::Allocate;
    let allocated = store.transact_at(product, allocate, 1, "berlin").await;
    allocated.expect("there are five");
    let before = store.stock(product).await;
    let refused = store.ask(make::put(product, [("berlin", None)])).await;
    let slug = make::slug("berlin");
    assert_eq!(refused, Err(Refusal::LocationAllocated { slug }));
    assert_eq!(store.stock(product).await, before);
}

/// A location that was removed and is added again starts from nothing.
pub async fn a_location_taken_out_can_be_added_again(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 5)])).await;
    store.done(make::put(product, [("berlin", None)])).await;
    store.done(make::put(product, [("berlin", Some(2))])).await;
    let read = store.stock(product).await.expect("the stock");
    let expected = Balance {
        available: make::quantity(2),
        allocated: Quantity::ZERO,
    };
    assert_eq!(read.balance(Some(berlin.id)), Some(expected));
}

/// After a delete neither the stock nor its transactions can be read.
pub async fn deleted_stock_is_gone(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 5, [("berlin", 5)])).await;
    let entry = store.history(product).await.remove(0).entry;
    store.delete(product).await;

    assert_eq!(store.stock(product).await, None);
    assert_eq!(store.several(&[product]).await, []);
    let database = &store.database;
    let history = database
        .transactions(store.scope, product, &[], 25, 0)
        .await;
    assert_eq!(stored(history), None);
    assert_eq!(store.entry(product, entry.id).await, None);
    let again = store.ask(stockroom_domain::DeleteStock { product }).await;
    assert_eq!(again, Err(Refusal::UnknownStock));
}

/// Stock created anew is another stock: it has its own id, figures, locations and history.
pub async fn stock_created_anew_starts_anew(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    let first = store.done(make::stock(product, 5, [("berlin", 5)])).await;
    let old = store.history(product).await;
    store.delete(product).await;
    bench.clock.advance(1_000);
    let second = store.create(product, 3).await;

    assert_ne!(first.id, second.id);
    assert_eq!(second.created_at, bench.clock.now());
    assert_eq!(store.stock(product).await, Some(second));
    let history = store.history(product).await;
    let sequences: Vec<_> = history.iter().map(|made| made.entry.sequence).collect();
    assert_eq!(sequences, [1]);
    for recorded in old {
        let found = store.entry(product, recorded.entry.id).await;
        assert_eq!(found, None, "an entry of the stock before");
    }
}

/// The same if everything happens in one instant, and on a server whose clock is behind another's.
pub async fn one_stock_of_a_product_ends_before_the_next_begins(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let mut ids = Vec::new();
    for step in [0, 0, -60_000, 0, 0, 1] {
        bench.clock.advance(step);
        ids.push(store.create(product, 1).await.id);
        store.delete(product).await;
    }
    let periods = store.database.periods(store.scope, &[product]).await;
    let periods = stored(periods);
    let listed: Vec<_> = periods.iter().map(|period| period.id).collect();
    assert_eq!(listed, ids);
    for (period, next) in periods.iter().zip(&periods[1..]) {
        assert!(period.deleted_at < Some(next.created_at), "{periods:?}");
    }
}

/// The times of creation and of the last change are stored to the millisecond.
pub async fn times_are_kept(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let created_at = bench.clock.now();
    store.create(product, 5).await;
    bench.clock.advance(1);
    let increment = TransactionAction::Increment;
    let recorded = store.transact(product, increment, 1).await;
    let recorded = recorded.expect("an increment of one");
    let read = store.stock(product).await.expect("the stock");
    assert_eq!(read.created_at, created_at);
    assert_eq!(read.updated_at, bench.clock.now());
    assert_eq!(recorded.entry.created_at, bench.clock.now());
}

/// A request for several products gets the managed ones, each once.
pub async fn several_are_read_at_once(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let [one, other, unmanaged] = [bench.product(), bench.product(), bench.product()];
    let one_stock = store.done(make::stock(one, 1, [("berlin", 1)])).await;
    let other_stock = store.create(other, 2).await;
    let mut found = store.several(&[other, unmanaged, one, other]).await;
    found.sort_by_key(|stock| stock.id);
    assert_eq!(found, [one_stock, other_stock]);
    assert_eq!(store.several(&[]).await, []);
}

/// The maximum number of products in a request is read at once.
pub async fn a_thousand_are_read_at_once(bench: Bench) {
    let store = bench.store().await;
    let products: Vec<_> = (0..1_000).map(|_| bench.product()).collect();
    let creations = products
        .iter()
        .map(|product| store.command(make::stock(*product, 1, [])));
    store.commit(creations.collect()).await;
    let found = store.several(&products).await;
    assert_eq!(found.len(), 1_000);
}
