//! Single transactions, and their ledger.

use std::collections::HashMap;

use TransactionAction::{Allocate, Deallocate, Decrement, Increment, Set};
use stockroom_domain::{
    Annotation, Balance, EntryAction, EntryHash, LocationId, Reason, Recorded, Reference, Refusal,
    Stock, TransactionAction, TransactionId,
};
use uuid::Uuid;

use crate::{Bench, make};

/// Checks a whole ledger against the resulting stock: sequence numbers have no gap, balances follow
/// from the previous entry, and the stock is their sum.
pub(crate) fn assert_adds_up(stock: &Stock, history: &[Recorded]) {
    let mut positions: HashMap<Option<LocationId>, Balance> = HashMap::new();
    for (recorded, sequence) in history.iter().zip(1..) {
        let entry = &recorded.entry;
        assert_eq!(entry.sequence, sequence, "no gap, nothing twice");
        assert_eq!(entry.stock, stock.id);
        assert_eq!(recorded.product, stock.product);
        let balance = positions.entry(entry.location).or_default();
        let before = [balance.available.get(), balance.allocated.get()];
        let q = entry.quantity.get();
        let after = match entry.action {
            EntryAction::Create | EntryAction::Increment => [before[0] + q, before[1]],
            EntryAction::Decrement => [before[0] - q, before[1]],
            EntryAction::Allocate => [before[0] - q, before[1] + q],
            EntryAction::Deallocate => [before[0] + q, before[1] - q],
        };
        *balance = Balance {
            available: make::quantity(after[0]),
            allocated: make::quantity(after[1]),
        };
        assert_eq!(
            entry.balance, *balance,
            "the balance after entry {sequence}"
        );
    }
    assert_eq!(stock.sequence, history.len() as u64);
    for (location, balance) in &positions {
        let current = stock.balance(*location).unwrap_or_default();
        assert_eq!(current, *balance, "the position {location:?}");
    }
    let kept = stock.located.iter();
    for (location, position) in
        kept.filter(|(location, _)| !positions.contains_key(&Some(**location)))
    {
        assert_eq!(
            position.balance,
            Balance::default(),
            "{location} has no entry"
        );
    }
    let sums = positions
        .values()
        .fold([0, 0], |[available, allocated], balance| {
            [
                available + balance.available.get(),
                allocated + balance.allocated.get(),
            ]
        });
    let read = stock.sums();
    assert_eq!([read.available.get(), read.allocated.get()], sums, "sums");
}

/// Every action moves the figures as documented, and after each the stock shows the entry's
/// balances.
pub async fn every_action_moves_the_figures(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let steps = [
        (Increment, 5, EntryAction::Increment, 5, [15, 0]),
        (Decrement, 3, EntryAction::Decrement, 3, [12, 0]),
        (Allocate, 7, EntryAction::Allocate, 7, [5, 7]),
        (Deallocate, 2, EntryAction::Deallocate, 2, [7, 5]),
        (Set, 20, EntryAction::Increment, 8, [15, 5]),
        (Set, 6, EntryAction::Decrement, 14, [1, 5]),
        (Set, 6, EntryAction::Increment, 0, [1, 5]),
        (Allocate, 0, EntryAction::Allocate, 0, [1, 5]),
    ];
    for (action, pieces, recorded_action, recorded_pieces, after) in steps {
        let recorded = store.transact(product, action, pieces).await;
        let entry = recorded.expect("it can be done").entry;
        let expected = Balance {
            available: make::quantity(after[0]),
            allocated: make::quantity(after[1]),
        };
        assert_eq!(entry.action, recorded_action, "{action:?} {pieces}");
        assert_eq!(entry.quantity.get(), recorded_pieces, "{action:?} {pieces}");
        assert_eq!(entry.balance, expected, "{action:?} {pieces}");
        let read = store.stock(product).await.expect("the stock");
        assert_eq!(read.unlocated, expected, "{action:?} {pieces}");
        assert_eq!(read.sums(), expected, "{action:?} {pieces}");
    }
}

/// Positions are independent: a change of one doesn't affect the others, and the sums include all.
pub async fn positions_are_told_apart(bench: Bench) {
    let store = bench.store().await;
    for slug in ["berlin", "madrid"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    let located = [("berlin", 20), ("madrid", 30)];
    store.done(make::stock(product, 10, located)).await;
    for (action, pieces, at) in [
        (Allocate, 3, Some("berlin")),
        (Decrement, 5, Some("madrid")),
        (Increment, 7, None),
        (Allocate, 4, Some("madrid")),
        (Deallocate, 1, Some("berlin")),
        (Set, 1, None),
    ] {
        let request = make::transaction(product, action, pieces, at);
        store.done(request).await;
        let stock = store.stock(product).await.expect("the stock");
        assert_adds_up(&stock, &store.history(product).await);
    }
    let stock = store.stock(product).await.expect("the stock");
    let sums = stock.sums();
    assert_eq!([sums.available.get(), sums.allocated.get()], [40, 6]);
}

/// A refused transaction changes no figure and writes no entry.
pub async fn a_refused_transaction_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    store.transact(product, Allocate, 2).await.expect("enough");
    let before = (store.stock(product).await, store.history(product).await);
    for (action, pieces) in [(Decrement, 4), (Allocate, 4), (Deallocate, 3), (Set, 1)] {
        let refused = store.transact(product, action, pieces).await;
        let refusal = make::insufficient(pieces, 3, 2);
        assert_eq!(refused, Err(refusal), "{action:?}");
    }
    let most = stockroom_domain::Quantity::MAX.get();
    let refused = store.transact(product, Increment, most).await;
    let refusal = Refusal::TotalWouldOverflow(make::refused(most, 3, 2));
    assert_eq!(refused, Err(refusal));
    let after = (store.stock(product).await, store.history(product).await);
    assert_eq!(after, before);
}

/// The limit applies to the whole stock, including positions that a transaction doesn't touch.
pub async fn the_limit_holds_for_all_positions_together(bench: Bench) {
    let store = bench.store().await;
    for slug in ["berlin", "madrid"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    let most = stockroom_domain::Quantity::MAX.get();
    let located = [("berlin", most - 1)];
    store.done(make::stock(product, 0, located)).await;
    store
        .transact(product, Increment, 1)
        .await
        .expect("the last one");
    let refused = store.transact_at(product, Increment, 1, "madrid").await;
    let refusal = Refusal::TotalWouldOverflow(make::refused(1, 0, 0));
    assert_eq!(refused, Err(refusal));
}

/// `increment` and `set` add a location to the stock.
pub async fn a_transaction_adds_a_location(bench: Bench) {
    let store = bench.store().await;
    for slug in ["berlin", "madrid"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    store.create(product, 5).await;
    for (action, slug) in [(Increment, "berlin"), (Set, "madrid")] {
        let recorded = store.transact_at(product, action, 0, slug).await;
        let recorded = recorded.expect("it adds the location");
        assert_eq!(recorded.slug, Some(make::slug(slug)));
    }
    let stock = store.stock(product).await.expect("the stock");
    let positions = stock.located.values();
    let slugs: Vec<_> = positions.map(|position| position.slug.as_str()).collect();
    assert_eq!(slugs, ["berlin", "madrid"]);
}

/// For the other actions, a location that the stock doesn't have counts as empty.
pub async fn a_location_without_stock_has_nothing_to_take(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    store.create(product, 5).await;
    let before = store.stock(product).await;
    for action in [Decrement, Allocate, Deallocate] {
        let refused = store.transact_at(product, action, 0, "berlin").await;
        assert_eq!(refused, Err(make::insufficient(0, 0, 0)), "{action:?}");
    }
    assert_eq!(store.stock(product).await, before);
}

/// Slugs that differ in letter case differ.
pub async fn letter_case_tells_locations_apart(bench: Bench) {
    let store = bench.store().await;
    for slug in ["berlin", "BERLIN"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    let located = [("berlin", 1), ("BERLIN", 2)];
    store.done(make::stock(product, 0, located)).await;
    let recorded = store.transact_at(product, Decrement, 2, "BERLIN").await;
    assert_eq!(
        recorded.map(|recorded| recorded.slug),
        Ok(Some(make::slug("BERLIN")))
    );
    let refused = store.transact_at(product, Decrement, 1, "Berlin").await;
    let slug = "Berlin".to_owned();
    assert_eq!(refused, Err(Refusal::UnknownLocation { slug }));
}

/// The answer to a transaction equals the entry that is found by its id and that the history shows.
pub async fn an_entry_is_found_by_its_id(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let product = bench.product();
    store.create(product, 5).await;
    let mut answers = Vec::new();
    for pieces in 1..=3 {
        // Some happen in the same instant, so the id has to distinguish them.
        bench.clock.advance(i64::from(pieces == 3));
        let pieces = u64::from(pieces == 3) + 1;
        let answer = store
            .transact_at(product, Increment, pieces, "berlin")
            .await;
        answers.push(answer.expect("an increment"));
    }
    for answer in &answers {
        let found = store.entry(product, answer.entry.id).await;
        assert_eq!(found.as_ref(), Some(answer));
    }
    assert_eq!(store.history(product).await[1..], answers);
}

/// An id that isn't in this product's ledger finds nothing.
pub async fn an_unknown_id_finds_no_entry(bench: Bench) {
    let store = bench.store().await;
    let [product, other, unmanaged] = [bench.product(), bench.product(), bench.product()];
    store.create(product, 5).await;
    store.create(other, 5).await;
    let of_other = store.history(other).await.remove(0).entry.id;
    assert_eq!(store.entry(product, of_other).await, None);
    assert_eq!(store.entry(unmanaged, of_other).await, None);
    let same_instant: TransactionId = bench.id();
    assert_eq!(store.entry(product, same_instant).await, None);
    for foreign in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0x4000 << 64)] {
        let foreign = TransactionId::new(foreign);
        assert_eq!(store.entry(product, foreign).await, None);
    }
}

/// An entry names the key of its actor; the operator has none.
pub async fn an_entry_names_its_maker(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, operator] = [tenant.organization(), tenant.operator()];
    let product = bench.product();
    organization.create(product, 5).await;
    operator
        .transact(product, Increment, 1)
        .await
        .expect("an increment");
    let history = organization.history(product).await;
    let makers: Vec<_> = history
        .iter()
        .map(|recorded| recorded.entry.actor)
        .collect();
    assert_eq!(makers, [organization.actor.key, None]);
}

/// If a server's clock is set back, a ledger's time stands still until the clock has caught up.
pub async fn time_never_runs_backwards_in_a_ledger(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let created_at = bench.clock.now();
    bench.clock.advance(-60_000);
    let recorded = store.transact(product, Increment, 1).await;
    let recorded = recorded.expect("an increment");
    assert_eq!(recorded.entry.created_at, created_at);
    let stock = store.stock(product).await.expect("the stock");
    assert_eq!(stock.updated_at, created_at);
    let found = store.entry(product, recorded.entry.id).await;
    assert_eq!(found, Some(recorded));
}

/// An entry keeps the client's annotation, and the figures of the whole stock at that time.
pub async fn an_entry_keeps_what_is_said_of_it(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.done(make::stock(product, 5, [("berlin", 3)])).await;
    for location in [None, Some("berlin")] {
        let mut request = make::transaction(product, Allocate, 1, location);
        request.annotation = Annotation {
            reason: Reason::new("reason", "sold 'quickly' ☺").ok(),
            reference: Reference::new("reference", "order \"7\"").ok(),
        };
        let annotation = request.annotation.clone();
        let made = store.done(request).await;
        assert_eq!(made.entry.annotation, annotation);
        assert_eq!(made.entry.sums.total().get(), 8);
        assert_eq!(store.entry(product, made.entry.id).await, Some(made));
    }
}

/// If a position isn't as expected, nothing is done.
pub async fn a_position_has_to_be_as_expected(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let mut request = make::transaction(product, Allocate, 2, None);
    request.expectation.available = Some(make::quantity(5));
    store.done(request.clone()).await;
    let refused = store.ask(request).await;
    let balance = store.stock(product).await.expect("the stock").unlocated;
    assert_eq!(refused, Err(Refusal::ExpectationFailed(balance)));
    assert_eq!(store.available(product).await.get(), 3);
}

/// Each entry's hash covers its content as read, and the previous entry.
pub async fn entries_are_chained(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    let stock = store.done(make::stock(product, 5, [("berlin", 3)])).await;
    for (action, location) in [(Allocate, None), (Increment, Some("berlin")), (Set, None)] {
        let mut request = make::transaction(product, action, 2, location);
        request.annotation.reason = Reason::new("reason", "text").ok();
        store.done(request).await;
    }
    let mut previous = EntryHash::start(stock.id, stock.product, stock.owner, stock.product_owner);
    for recorded in store.history(product).await {
        assert_eq!(recorded.entry.hash, recorded.entry.seal(previous));
        previous = recorded.entry.hash;
    }
    let stock = store.stock(product).await.expect("the stock");
    assert_eq!(stock.last_hash, previous);
}
