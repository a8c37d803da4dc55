//! Undoing.

use TransactionAction::{Allocate, Deallocate, Decrement, Increment};
use stockroom_domain::{
    EntryAction, ProductId, Recorded, Refusal, TransactMany, TransactionAction, Undo, UndoBatch,
};

use crate::{Bench, Client, make};

async fn undo(client: &Client, recorded: &Recorded) -> Result<Recorded, Refusal> {
    let recorded = recorded.clone();
    client.ask(Undo { recorded }).await
}

async fn figures(client: &Client, product: ProductId) -> (u64, u64) {
    let sums = client.stock(product).await.expect("the stock").sums();
    (sums.available.get(), sums.allocated.get())
}

/// Every action is undone by its opposite; each of the two entries then names the other.
pub async fn an_entry_is_undone_once(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 9).await;
    store.transact(product, Allocate, 4).await.expect("enough");
    let before = figures(&store, product).await;
    for action in [Increment, Decrement, Allocate, Deallocate] {
        let made = store.transact(product, action, 2).await.expect("enough");
        let undoing = undo(&store, &made).await.expect("it can be undone");
        assert_eq!(undoing.entry.undoes, Some(made.entry.id));
        assert_eq!(figures(&store, product).await, before);
        let undone = store
            .entry(product, made.entry.id)
            .await
            .expect("the entry");
        assert_eq!(undone.undone_by, Some(undoing.entry.id));
        assert_eq!(undo(&store, &made).await, Err(Refusal::AlreadyUndone));
        let again = undo(&store, &undoing).await;
        assert!(again.is_ok(), "what undoes can be undone: {again:?}");
        let opposite = undo(&store, &again.expect("just made")).await;
        assert!(opposite.is_ok(), "{opposite:?}");
        assert_eq!(figures(&store, product).await, before);
    }
    let history = store.history(product).await;
    let undoing = undo(&store, &history[0]).await;
    let refusal = Err(make::insufficient(9, 5, 4));
    assert_eq!(undoing, refusal, "4 are allocated");
}

/// If the stock doesn't allow an undo, nothing changes.
pub async fn what_stock_no_longer_allows_is_not_undone(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 0).await;
    let made = store.transact(product, Increment, 5).await.expect("room");
    store.transact(product, Allocate, 1).await.expect("enough");
    let refusal = Err(make::insufficient(5, 4, 1));
    assert_eq!(undo(&store, &made).await, refusal);
    assert_eq!(figures(&store, product).await, (4, 1));
    store
        .transact(product, Deallocate, 1)
        .await
        .expect("enough");
    assert!(undo(&store, &made).await.is_ok());
    assert_eq!(figures(&store, product).await, (0, 0));
}

/// The undo adds the location to the stock again, if the location still exists.
pub async fn an_entry_in_a_location_is_undone_there(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let berlin = store.locate("berlin").await;
    store.done(make::stock(product, 0, [("berlin", 5)])).await;
    store.done(make::put(product, [("berlin", None)])).await;
    let taken = store.history(product).await.pop().expect("the last");
    assert_eq!(taken.entry.action, EntryAction::Decrement);
    let undoing = undo(&store, &taken).await.expect("it can be undone");
    assert_eq!(undoing.entry.location, Some(berlin.id));
    assert_eq!(figures(&store, product).await, (5, 0));
    store.done(make::put(product, [("berlin", None)])).await;
    let taken = store.history(product).await.pop().expect("the last");
    let id = berlin.id;
    store.done(stockroom_domain::DeleteLocation { id }).await;
    assert_eq!(undo(&store, &taken).await, Err(Refusal::LocationGone));
}

/// Entries of deleted stock, or of another owner's, can't be undone.
pub async fn entries_of_other_stock_are_not_undone(bench: Bench) {
    let tenant = bench.tenant().await;
    let (store, other) = (tenant.store().await, tenant.store().await);
    let product = bench.product();
    for client in [&store, &other] {
        client.create(product, 5).await;
    }
    let made = store.transact(product, Allocate, 1).await.expect("enough");
    assert_eq!(undo(&other, &made).await, Err(Refusal::UnknownStock));
    store.delete(product).await;
    assert_eq!(undo(&store, &made).await, Err(Refusal::UnknownStock));
    store.create(product, 5).await;
    assert_eq!(undo(&store, &made).await, Err(Refusal::UnknownStock));
    assert_eq!(figures(&store, product).await, (5, 0));
}

/// In stock that stores share, a store's keys undo their own changes, and the organization's undo
/// all.
pub async fn stores_undo_their_own_changes_of_shared_stock(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let (mut berlin, mut paris) = (tenant.store().await, tenant.store().await);
    for (store, client_id) in [(&mut berlin, "berlin"), (&mut paris, "paris")] {
        store.actor.key = Some(store.done(make::key(client_id)).await.id);
    }
    let product = bench.product();
    organization.create(product, 9).await;
    let refusal = Err(Refusal::OrganizationKeyRequired);
    for (maker, other) in [(&berlin, &paris), (&paris, &berlin)] {
        let made = maker.transact(product, Allocate, 2).await.expect("enough");
        assert_eq!(undo(other, &made).await, refusal);
        let undoing = undo(maker, &made).await.expect("its own");
        assert_eq!(undo(other, &undoing).await, refusal);
        assert!(undo(&organization, &undoing).await.is_ok());
    }
    let made = organization.transact(product, Allocate, 1).await;
    assert_eq!(undo(&berlin, &made.expect("enough")).await, refusal);
    assert_eq!(figures(&organization, product).await, (4, 5));
}

/// Entries that are already undone are skipped; if the stock doesn't allow one undo, none is made.
pub async fn a_batch_is_undone_as_a_whole(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 2).await;
    let lines = [(Allocate, 2), (Increment, 5), (Allocate, 5), (Increment, 1)];
    let lines =
        lines.map(|(action, pieces)| Some(make::transaction(product, action, pieces, None)));
    let many = TransactMany {
        lines: lines.into(),
        atomic: true,
    };
    let made: Vec<_> = store.done(many).await.into_iter().flatten().collect();
    assert_eq!(figures(&store, product).await, (1, 7));
    undo(&store, &made[3]).await.expect("it can be undone");
    let entries = || UndoBatch {
        entries: made.clone(),
    };
    store
        .transact(product, Deallocate, 1)
        .await
        .expect("enough");
    store.transact(product, Decrement, 1).await.expect("enough");
    let refused = store.ask(entries()).await;
    let line = |index, refusal| Refusal::Line {
        index,
        refusal: Box::new(refusal),
    };
    // Of six allocated pieces, the undos release five, then remove five, and then would release two,
    // but only one is left.
    let refusal = make::insufficient(2, 0, 1);
    assert_eq!(refused, Err(line(0, refusal)));
    assert_eq!(figures(&store, product).await, (0, 6));
    store.transact(product, Increment, 1).await.expect("room");
    store.transact(product, Allocate, 1).await.expect("enough");
    let undoing: Vec<_> = store.done(entries()).await.into_iter().flatten().collect();
    let undone: Vec<_> = undoing.iter().map(|it| it.entry.undoes).collect();
    let expected: Vec<_> = made[..3].iter().rev().map(|it| Some(it.entry.id)).collect();
    assert_eq!(undone, expected);
    assert!(
        undoing
            .iter()
            .all(|it| it.entry.batch == undoing[0].entry.batch)
    );
    assert_eq!(figures(&store, product).await, (2, 0));
    assert_eq!(store.ask(entries()).await, Err(Refusal::AlreadyUndone));
}
