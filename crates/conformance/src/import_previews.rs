//! What is kept of the changes that dry runs would make.

use TransactionAction::{Decrement, Increment};
use stockroom_domain::{
    Balance, ChangedProduct, EntryAction, Import, ImportId, ImportLine, ImportOptions,
    ImportStatus, LineChange, LineContent, LineLocation, LineProduct, NewLocation, NewProduct,
    Quantity, Timestamp, TransactionAction,
};

use crate::client::stored;
use crate::imports::{apply, bearing, checked, import, movement};
use crate::{Bench, Client, make};

fn dry() -> ImportOptions {
    ImportOptions {
        dry_run: true,
        ..bearing(9)
    }
}

async fn changes(client: &Client, id: ImportId, from: u32, limit: u32) -> Vec<LineChange> {
    let database = &client.database;
    let changes = database.import_changes(client.scope.organization, id, from, limit);
    stored(changes.await)
}

fn balance(available: u64) -> Balance {
    Balance {
        available: make::quantity(available),
        allocated: Quantity::ZERO,
    }
}

/// A line like another one, but with a product and a location that nobody knows.
fn unknown(mut line: ImportLine) -> ImportLine {
    if let LineContent::Movements(stock) = &mut line.content {
        stock.product = LineProduct::New(Box::new(NewProduct {
            id: None,
            name: make::text("äußerst 🔑"),
            sku: Some(make::text("KEY")),
            external_ref: None,
        }));
        for movement in &mut stock.movements {
            movement.location = Some(LineLocation::New(Box::new(NewLocation {
                name: make::name("Berlin Mitte"),
                slug: make::slug("berlin-mitte"),
            })));
        }
    }
    line
}

/// A dry run keeps the changes that it would make, of which each line sees those before it, and makes none.
pub async fn a_dry_run_keeps_what_it_would_change(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let id = checked(&bench, &store, dry()).await;
    let lines = vec![
        movement(2, product, Increment, 3),
        movement(3, product, Decrement, 7),
        movement(4, product, Decrement, 2),
    ];
    let begun = store.done(apply(id, 0, lines)).await;
    assert_eq!((begun.changes, begun.lines.failed), (2, 1));
    let done = store
        .done(apply(
            id,
            1,
            vec![unknown(movement(5, product, Increment, 4))],
        ))
        .await;
    assert_eq!((done.changes, done.status), (3, ImportStatus::Success));
    assert_eq!(import(&store, id).await, Some(done));
    let known = |line, (action, pieces), before, after| LineChange {
        line,
        product: ChangedProduct::Known(product),
        location: None,
        action,
        quantity: make::quantity(pieces),
        before: balance(before),
        after: balance(after),
    };
    let expected = [
        known(2, (EntryAction::Increment, 3), 5, 8),
        known(3, (EntryAction::Decrement, 7), 8, 1),
        LineChange {
            line: 5,
            product: ChangedProduct::New {
                id: None,
                name: make::text("äußerst 🔑"),
                sku: Some(make::text("KEY")),
            },
            location: Some(make::slug("berlin-mitte")),
            action: EntryAction::Increment,
            quantity: make::quantity(4),
            before: balance(0),
            after: balance(4),
        },
    ];
    assert_eq!(changes(&store, id, 0, 9).await, expected);
    assert_eq!(store.history(product).await.len(), 1);
    assert_eq!(store.available(product).await, make::quantity(5));
    assert_eq!(store.locations(&[]).await, []);

    let earnest = checked(&bench, &store, bearing(9)).await;
    let lines = vec![movement(2, product, Increment, 3)];
    let applied = store.done(apply(earnest, 0, lines)).await;
    assert_eq!(applied.changes, 0);
    assert_eq!(changes(&store, earnest, 0, 9).await, []);
}

/// Of the changes of a dry run, the first ten thousand are kept, all in one commit, read in pages, and forgotten
/// with the job.
pub async fn changes_are_read_in_pages(bench: Bench) {
    let store = bench.store().await;
    let elsewhere = bench.store().await;
    let product = bench.product();
    store.create(product, 0).await;
    let other = checked(&bench, &store, dry()).await;
    let id = checked(&bench, &store, dry()).await;
    let line = |number| movement(number, product, Increment, 1);
    let first = (1..=Import::CHANGES_MAX - 5).map(line).collect();
    store.done(apply(id, 0, first)).await;
    let rest = (Import::CHANGES_MAX - 4..=Import::CHANGES_MAX + 5).map(line);
    let done = store.done(apply(id, 1, rest.collect())).await;
    assert_eq!(done.changes, Import::CHANGES_MAX);
    assert_eq!(done.lines.changed, Import::CHANGES_MAX + 5);
    for (from, limit, lines) in [
        (0, 3, 1..4),
        (3, 3, 4..7),
        (9_994, 3, 9_995..9_998),
        (9_998, 100, 9_999..10_001),
        (10_000, 100, 0..0),
        (0, 100_000, 1..10_001),
    ] {
        let found = changes(&store, id, from, limit).await;
        let found: Vec<u32> = found.iter().map(|change| change.line).collect();
        assert_eq!(found, lines.collect::<Vec<_>>());
    }
    assert_eq!(changes(&store, other, 0, 9).await, []);
    assert_eq!(changes(&elsewhere, id, 0, 9).await, []);

    bench.clock.advance(1);
    let never = Timestamp::UNIX_EPOCH;
    let organization = store.scope.organization;
    let now = bench.clock.now();
    let forgotten = store
        .database
        .forget_imports(organization, never, now, never);
    stored(forgotten.await);
    assert_eq!(import(&store, id).await, None);
    assert_eq!(changes(&store, id, 0, 9).await, []);
}
