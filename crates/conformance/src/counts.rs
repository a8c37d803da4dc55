//! Counts: the books are corrected to the number of pieces found, once.

use TransactionAction::{Allocate, Decrement, Increment};
use stockroom_domain::{
    Count, CountMany, CountStock, Counted, DeleteLocation, EntryAction, ProductId, Recorded,
    Refusal, Timestamp, TransactionAction, Undo, UndoBatch,
};

use crate::{Bench, Client, make};

fn line(product: ProductId, counted: u64, location: Option<&str>) -> Count {
    Count {
        product,
        location: location.map(str::to_owned),
        counted: make::quantity(counted),
        reference: None,
    }
}

pub(crate) fn count(
    product: ProductId,
    as_of: impl Into<Option<Timestamp>>,
    counted: u64,
    location: Option<&str>,
) -> CountStock {
    CountStock {
        count: line(product, counted, location),
        as_of: as_of.into(),
    }
}

impl Client {
    /// The available and the allocated sum over the pool and all locations.
    async fn sums(&self, product: ProductId) -> (u64, u64) {
        let sums = self.stock(product).await.expect("there is stock").sums();
        (sums.available.get(), sums.allocated.get())
    }

    async fn undone(&self, recorded: &Recorded) -> Result<Recorded, Refusal> {
        let recorded = recorded.clone();
        self.ask(Undo { recorded }).await
    }
}

/// A count keeps the movements since its time.
pub async fn a_count_makes_up_for_what_it_finds(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let before = bench.clock.now();
    bench.clock.advance(1_000);
    store.create(product, 10).await;
    store.transact(product, Allocate, 2).await.expect("enough");
    let counted_at = bench.clock.now();
    bench.clock.advance(1_000);
    store.transact(product, Increment, 5).await.expect("room");
    store.transact(product, Allocate, 9).await.expect("enough");
    for (counted, expected, changed, sums) in [
        (9, 10, (EntryAction::Decrement, 1), (3, 11)),
        (9, 9, (EntryAction::Increment, 0), (3, 11)),
        (13, 9, (EntryAction::Increment, 4), (7, 11)),
        (6, 13, (EntryAction::Decrement, 7), (0, 11)),
    ] {
        let answer = store.done(count(product, counted_at, counted, None)).await;
        assert_eq!((answer.expected, answer.counted.get()), (expected, counted));
        let entry = &answer.recorded.entry;
        assert_eq!((entry.action, entry.quantity.get()), changed);
        assert_eq!(entry.as_of, Some(counted_at));
        let reason = entry.annotation.reason.as_ref().map(ToString::to_string);
        assert_eq!(reason.as_deref(), Some("count"));
        assert_eq!(store.sums(product).await, sums);
        assert_eq!(store.history(product).await.last(), Some(&answer.recorded));
    }
    let short = store.ask(count(product, counted_at, 5, None)).await;
    assert!(
        matches!(short, Err(Refusal::InsufficientStock(_))),
        "{short:?}"
    );
    let ahead = bench.clock.now().plus_milliseconds(5_001);
    let refused = store.ask(count(product, ahead, 9, None)).await;
    assert_eq!(refused, Err(Refusal::AsOfInFuture));
    let refused = store.ask(count(product, before, 9, None)).await;
    assert_eq!(refused, Err(Refusal::NotManagedThen));
    let unknown = store.ask(count(bench.product(), before, 9, None)).await;
    assert_eq!(unknown, Err(Refusal::UnknownStock));
}

/// A position in a location that the stock didn't have at that time was empty.
pub async fn a_count_in_a_location_is_of_that_location(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.locate("paris").await;
    store.done(make::stock(product, 5, [("berlin", 4)])).await;
    let at = bench.clock.now();
    bench.clock.advance(1_000);
    let berlin = Some("berlin");
    store
        .transact_at(product, Allocate, 1, "berlin")
        .await
        .expect("enough");
    let answer = store.done(count(product, at, 6, berlin)).await;
    assert_eq!(answer.expected, 4);
    assert_eq!(answer.recorded.entry.balance.total().get(), 6);
    let answer = store.done(count(product, at, 2, Some("paris"))).await;
    assert_eq!(answer.expected, 0);
    assert_eq!(store.sums(product).await, (12, 1));
    let nowhere = store.ask(count(product, at, 2, Some("nowhere"))).await;
    assert!(matches!(nowhere, Err(Refusal::UnknownLocation { .. })));
    // The latest count is kept for each position.
    let later = bench.clock.now();
    store.done(count(product, later, 6, berlin)).await;
    let again = store.ask(count(product, at, 6, berlin)).await;
    assert_eq!(again, Err(Refusal::LaterCount { as_of: later }));
    let answer = store.done(count(product, at, 1, Some("paris"))).await;
    assert_eq!(answer.expected, 2);
}

/// The examples of the contract: 10 pieces on hand, and the numbers found later.
pub async fn a_difference_is_applied_once(bench: Bench) {
    let store = bench.store().await;
    let created = bench.clock.now();
    let [first, second] = [1_000, 2_000].map(|later| created.plus_milliseconds(later));
    let products: Vec<ProductId> = (0..4).map(|_| bench.product()).collect();
    for product in &products {
        store.create(*product, 10).await;
    }
    bench.clock.advance(60_000);
    let counts: [&[(Timestamp, u64)]; 4] = [
        // Two sheets, entered in order, then the later one again.
        &[(first, 8), (second, 8), (second, 8)],
        // A corrected count.
        &[(first, 6), (first, 9)],
        // The same count by two people.
        &[(first, 12), (first, 12)],
        &[(first, 8)],
    ];
    for ((product, counts), left) in products.iter().zip(counts).zip([8, 9, 12, 8]) {
        for (as_of, counted) in counts {
            store.done(count(*product, *as_of, *counted, None)).await;
        }
        assert_eq!(store.sums(*product).await, (left, 0));
    }
    let older = store.ask(count(products[0], first, 8, None)).await;
    assert_eq!(older, Err(Refusal::LaterCount { as_of: second }));
    // A typo that is undone before the correction.
    let history = store.history(products[3]).await;
    let typo = history.last().expect("the count");
    let undoing = store.undone(typo).await.expect("it is the latest");
    assert_eq!(store.sums(products[3]).await, (10, 0));
    let redone = store.undone(&undoing).await;
    assert_eq!(redone, Err(Refusal::CountUndone));
    store.done(count(products[3], first, 9, None)).await;
    assert_eq!(store.sums(products[3]).await, (9, 0));
    // Later counts build on earlier ones.
    let counted = store.history(products[0]).await.swap_remove(1);
    let undone = store.undone(&counted).await;
    assert_eq!(undone, Err(Refusal::CountNotLatest));
}

/// An undo counts at the time of the movement that it undoes: if that is before the count's time,
/// so is the undo.
pub async fn counts_know_what_was_undone(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let sold = store.transact(product, Decrement, 3).await.expect("enough");
    let counted_at = bench.clock.now();
    bench.clock.advance(1_000);
    let delivered = store.transact(product, Increment, 6).await.expect("room");
    bench.clock.advance(1_000);
    store.undone(&delivered).await.expect("enough");
    store.undone(&sold).await.expect("room");
    let answer = store.done(count(product, counted_at, 9, None)).await;
    assert_eq!(answer.expected, 10);
    assert_eq!(store.sums(product).await, (9, 0));
}

/// A count without a time is for the moment of the commit, or for that of the last entry if another
/// server's clock, which is ahead, made it.
pub async fn a_count_may_be_for_the_moment(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    store.transact(product, Decrement, 3).await.expect("enough");
    let ahead = bench.clock.now();
    bench.clock.advance(-3_000);
    let behind = bench.clock.now();
    for as_of in [None, Some(behind.plus_milliseconds(5_000))] {
        let answer = store.done(count(product, as_of, 6, None)).await;
        assert_eq!((answer.as_of, answer.counted.get()), (ahead, 6));
    }
    assert_eq!(store.sums(product).await, (6, 0));
}

/// Many counts are one batch, and are undone as a whole.
pub async fn many_counts_are_one_batch(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let products: Vec<ProductId> = (0..3).map(|_| bench.product()).collect();
    for product in &products[..2] {
        store.done(make::stock(*product, 10, [("berlin", 4)])).await;
    }
    let at = bench.clock.now();
    bench.clock.advance(1_000);
    store
        .transact(products[0], Increment, 5)
        .await
        .expect("room");
    let many = |atomic| CountMany {
        counts: vec![
            Some(line(products[0], 8, None)),
            Some(line(products[1], 10, None)),
            None,
            Some(line(products[0], 5, Some("berlin"))),
            Some(line(products[2], 1, None)),
            // The same position again.
            Some(line(products[0], 7, None)),
        ],
        as_of: Some(at),
        atomic,
    };
    let refusal = Box::new(Refusal::NotACount);
    let refused = store.ask(many(true)).await;
    assert_eq!(refused, Err(Refusal::Line { index: 2, refusal }));
    let lines = store.done(many(false)).await;
    let expected = |line: &Result<Counted, Refusal>| line.as_ref().map(|it| it.expected).ok();
    let expected: Vec<Option<i64>> = lines.iter().map(expected).collect();
    assert_eq!(expected, [Some(10), Some(10), None, Some(4), None, Some(8)]);
    assert_eq!(lines[4], Err(Refusal::UnknownStock));
    assert_eq!(store.sums(products[0]).await, (17, 0));
    let made: Vec<Recorded> = lines.into_iter().flatten().map(|it| it.recorded).collect();
    let batch = made[0].entry.batch;
    assert!(batch.is_some() && made.iter().all(|it| it.entry.batch == batch));
    store.done(UndoBatch { entries: made }).await;
    assert_eq!(store.sums(products[0]).await, (19, 0));
    assert_eq!(store.sums(products[1]).await, (14, 0));
}

/// The counts of a position that left the stock and came back are found again.
pub async fn counts_outlast_a_position(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.done(make::stock(product, 1, [("berlin", 4)])).await;
    let first = bench.clock.now();
    bench.clock.advance(1_000);
    let second = bench.clock.now();
    store.done(count(product, second, 3, Some("berlin"))).await;
    store.done(make::put(product, [("berlin", None)])).await;
    let again = store.ask(count(product, first, 3, Some("berlin"))).await;
    assert_eq!(again, Err(Refusal::LaterCount { as_of: second }));
    bench.clock.advance(1_000);
    let answer = store.done(count(product, None, 2, Some("berlin"))).await;
    assert_eq!(answer.expected, 0);
    let location = store.locations(&[]).await.swap_remove(0);
    let in_use = store.ask(DeleteLocation { id: location.id }).await;
    assert_eq!(in_use, Err(Refusal::LocationInUse));
}
