//! Verifying stored stock, and repairing it.

use TransactionAction::{Allocate, Deallocate, Decrement, Increment, Set};
use stockroom_application::ports::{Cursor, LedgerRange};
use stockroom_application::{Repairing, Verifier, VerifySummary};
use stockroom_domain::{
    Annotation, DeleteLocation, ProductId, RawBalance, RawStock, Reason, Reference, Transact,
    TransactMany, TransactionAction, Undo,
};
use tokio::task::JoinSet;

use crate::client::stored;
use crate::damage::Told;
use crate::history::rename;
use crate::{Bench, Client, make};

pub(crate) fn verifier(client: &Client) -> Verifier {
    Verifier::new(client.database.clone(), client.scope.organization)
}

pub(crate) async fn verify(verifier: Verifier) -> (VerifySummary, Told) {
    let mut told = Told::default();
    let summary = stored(verifier.verify(&mut told).await);
    (summary, told)
}

pub(crate) async fn assert_intact(client: &Client) -> VerifySummary {
    let (summary, told) = verify(verifier(client)).await;
    assert_eq!(told.differences, []);
    summary
}

pub(crate) async fn raw_stock(client: &Client, product: ProductId) -> RawStock {
    let found = client.database.raw_stock(client.scope, product).await;
    stored(found).expect("the product is managed")
}

fn annotated(product: ProductId, location: Option<&str>) -> Transact {
    Transact {
        annotation: Annotation {
            reason: Reason::new("reason", "délivery").ok(),
            reference: Reference::new("reference", "DN-17").ok(),
        },
        ..make::transaction(product, Increment, 3, location)
    }
}

/// A stock with every possible change: seventeen entries in two ledgers.
async fn live(bench: &Bench, client: &Client, product: ProductId) {
    let berlin = client.locate("berlin").await;
    let paris = client.locate("paris").await;
    client
        .done(make::stock(product, 10, [("berlin", 5), ("paris", 0)]))
        .await;
    for (action, pieces, location) in [
        (Allocate, 4, None),
        (Deallocate, 1, None),
        (Decrement, 2, Some("berlin")),
        (Set, 7, Some("berlin")),
        (Set, 7, Some("berlin")),
        (Increment, 0, None),
    ] {
        bench.clock.advance(1);
        let transaction = make::transaction(product, action, pieces, location);
        client.ask(transaction).await.expect("it is possible");
    }
    // Time runs backwards for the clock, but not in the ledger.
    bench.clock.advance(-1_000);
    client.done(annotated(product, Some("paris"))).await;
    bench.clock.advance(2_000);
    let put = [("berlin", None), ("paris", Some(9))];
    client.done(make::put(product, put)).await;
    client.done(rename(&paris, "lyon")).await;
    client.done(DeleteLocation { id: berlin.id }).await;
    let lines = [
        annotated(product, None),
        make::transaction(product, Decrement, 1_000, None),
        make::transaction(product, Decrement, 9, Some("lyon")),
    ];
    let many = TransactMany {
        lines: lines.into_iter().map(Some).collect(),
        atomic: false,
    };
    let mut made = client.done(many).await;
    let recorded = made.pop().expect("a line").expect("there are nine");
    client.done(Undo { recorded }).await;
    client.delete(product).await;
    client
        .done(make::stock(product, 0, [("lyon", 9_007_199_254_740_991)]))
        .await;
    client
        .transact_at(product, Allocate, 1, "lyon")
        .await
        .expect("there are many");
    client
        .transact_at(product, Deallocate, 1, "lyon")
        .await
        .expect("one is allocated");
}

/// Stock with every possible change verifies, in chunks of any size.
pub async fn a_whole_life_verifies(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let (product, another) = (bench.product(), bench.product());
    live(&bench, &store, product).await;
    live(&bench, &organization, product).await;
    store.create(another, 0).await;
    let expected = VerifySummary {
        stocks: 5,
        entries: 35,
        ..VerifySummary::default()
    };
    for rows in [1, 2, 3, 5, 1_000] {
        let (summary, told) = verify(verifier(&store).in_chunks_of(rows)).await;
        assert_eq!(told.differences, [], "in chunks of {rows}");
        assert_eq!(summary, expected, "in chunks of {rows}");
        assert_eq!(told.entries, expected.entries);
        let current = told
            .verified
            .iter()
            .filter(|(_, is_current, _)| *is_current);
        assert_eq!(current.count(), 3);
        let stock = store.stock(another).await.expect("it is managed");
        let last = (another, true, Some(stock.last_hash));
        assert!(told.verified.contains(&last));
    }
    let count = stored(verifier(&store).count_entries().await);
    assert_eq!(count, expected.entries);
}

/// A verification covers one organization, and sees nothing of others.
pub async fn organizations_are_verified_apart(bench: Bench) {
    let [one, other] = [bench.store().await, bench.store().await];
    let product = bench.product();
    one.create(product, 5).await;
    other.create(product, 6).await;
    other
        .transact(product, Allocate, 1)
        .await
        .expect("there are six");
    for (client, entries) in [(&one, 1), (&other, 2)] {
        let summary = assert_intact(client).await;
        assert_eq!((summary.stocks, summary.entries), (1, entries));
    }
    let nowhere = Client {
        scope: bench.tenant().await.organization().scope,
        ..one
    };
    assert_eq!(assert_intact(&nowhere).await, VerifySummary::default());
}

/// Raw stock is read as stored, with only its own ledger.
pub async fn one_stock_is_read_with_its_ledger(bench: Bench) {
    let store = bench.store().await;
    let (product, another) = (bench.product(), bench.product());
    live(&bench, &store, product).await;
    store.create(another, 1).await;
    let stock = store.stock(product).await.expect("it is managed");
    let found = raw_stock(&store, product).await;
    assert_eq!(found, RawStock::new(&stock, true));
    let organization = store.scope.organization;
    let ids = [stock.id];
    let of = store.database.raw_stocks_of(organization, &ids);
    assert_eq!(stored(of.await), [found]);
    let range = LedgerRange::of(stock.id);
    let entries = store.database.raw_entries(organization, &range, 100);
    let entries = stored(entries.await);
    let history = store.history(product).await;
    let history: Vec<_> = history.into_iter().map(|it| it.entry.into()).collect();
    assert_eq!(entries.rows, history);
    assert_eq!(entries.next, None);
    // Behind an entry comes the next one.
    let range = LedgerRange {
        after: Cursor::at(stock.id, 2),
        ..range
    };
    let entries = store.database.raw_entries(organization, &range, 1);
    assert_eq!(stored(entries.await).rows, history[2..]);
    let unmanaged = bench.product();
    let none = store.database.raw_stock(store.scope, unmanaged).await;
    assert_eq!(stored(none), None);
}

/// Stock may change while it is verified.
pub async fn what_changes_meanwhile_is_no_difference(bench: Bench) {
    const PRODUCTS: usize = 4;
    const ROUNDS: u64 = 40;
    let store = bench.store().await;
    store.locate("berlin").await;
    let products: Vec<ProductId> = (0..PRODUCTS).map(|_| bench.product()).collect();
    for product in &products {
        store.create(*product, 1_000).await;
    }
    let mut writers = JoinSet::new();
    for (number, product) in (0_u64..).zip(products) {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..ROUNDS {
                let location = (round % 3 == 0).then_some("berlin");
                let increment = make::transaction(product, Increment, 1, location);
                store.done(increment).await;
                if round % 10 == number {
                    store.delete(product).await;
                    store.create(product, 1_000).await;
                }
            }
        });
    }
    let mut times = 0;
    while !writers.is_empty() || times == 0 {
        let (_, told) = verify(verifier(&store).in_chunks_of(7)).await;
        assert_eq!(told.differences, []);
        times += 1;
        while let Some(done) = writers.try_join_next() {
            done.expect("a writer");
        }
    }
    let summary = assert_intact(&store).await;
    let created = PRODUCTS as u64 * 5;
    assert_eq!(summary.stocks, created);
    assert_eq!(summary.entries, created + PRODUCTS as u64 * ROUNDS);
}

/// Stock that disagrees with its ledger is corrected, and then is like any other.
pub async fn stock_is_repaired(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("paris").await;
    store.done(make::stock(product, 10, [("paris", 5)])).await;
    store
        .transact(product, Allocate, 3)
        .await
        .expect("there are ten");
    let right = store.stock(product).await.expect("it is managed");
    let found = raw_stock(&store, product).await;
    // A value that no ledger supports.
    let mut wrong = found.clone();
    wrong.unlocated.available += 1;
    wrong.sums.available -= 4;
    wrong.located.clear();
    let organization = store.scope.organization;
    let damage = store.database.repair_stock(organization, &found, &wrong);
    assert!(stored(damage.await));
    assert_eq!(raw_stock(&store, product).await, wrong);

    let mut told = Told::default();
    let summary = stored(verifier(&store).repair(Repairing::DryRun, &mut told).await);
    assert_eq!(
        (summary.differences, summary.repaired, summary.left),
        (3, 1, 0)
    );
    assert_eq!(told.planned, std::slice::from_ref(&found));
    assert_eq!(raw_stock(&store, product).await, wrong);

    let mut told = Told::default();
    let summary = stored(verifier(&store).repair(Repairing::Apply, &mut told).await);
    assert_eq!(
        (summary.differences, summary.repaired, told.outcomes),
        (3, 1, vec!["done"])
    );
    assert_eq!(store.stock(product).await, Some(right));
    assert_intact(&store).await;
    let entry = store.transact(product, Increment, 1).await;
    assert_eq!(
        entry.expect("an increment").entry.balance.available,
        make::quantity(8)
    );
    store.done(make::put(product, [("paris", None)])).await;
    assert_eq!(assert_intact(&store).await.entries, 5);
}

/// A repair doesn't undo concurrent changes.
pub async fn stock_that_was_changed_meanwhile_is_not_repaired(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let found = raw_stock(&store, product).await;
    let mut repaired = found.clone();
    repaired.sums = RawBalance::default();
    repaired.unlocated = RawBalance::default();
    store
        .transact(product, Increment, 1)
        .await
        .expect("an increment");
    let organization = store.scope.organization;
    let repair = store.database.repair_stock(organization, &found, &repaired);
    assert!(!stored(repair.await));
    assert_eq!(store.available(product).await, make::quantity(11));
    store.delete(product).await;
    let repair = store.database.repair_stock(organization, &found, &repaired);
    assert!(!stored(repair.await));
    assert_eq!(store.stock(product).await, None);
    assert_intact(&store).await;
}
