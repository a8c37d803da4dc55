//! Transfers and deliveries, in every database.

use TransactionAction::{Deallocate, Decrement};
use stockroom_domain::{
    CreateTransfer, DeleteLocation, DeleteStock, DeleteTransfer, EntryAction, Patch, Quantity,
    Reason, ReceiptId, Reference, Refusal, RequestedOrigin, RequestedStep, TransactionAction,
    Transfer, TransferState, TransferStepRefused, Undo,
};

use crate::transfer_make::{arrival, delivery, draft, is, of, place, step, update, york};
use crate::verify::assert_intact;
use crate::{Bench, make};

/// The example of the contract, with its entries; and every step is stored as it was answered.
pub async fn a_transfer_is_stored_through_all_its_steps(bench: Bench) {
    let (store, product) = york(&bench).await;
    let made = store.done(draft(product, 10, Some("york"), "leeds")).await;
    assert_eq!(store.transfer(made.id).await.as_ref(), Some(&made));
    assert_eq!(store.figures(product).await, [20, 0, 0]);
    bench.clock.advance(5);
    let ready = store.takes(&made, RequestedStep::Ready).await;
    assert_eq!(store.figures(product).await, [10, 10, 10]);
    assert_intact(&store).await;
    assert_eq!(store.done(step(&made, RequestedStep::Ready)).await, ready);
    let parts = RequestedStep::Ship(Some(of(product, 4)));
    let shipped = store.takes(&ready, parts).await;
    assert_eq!(store.figures(product).await, [10, 6, 6]);
    assert_eq!(store.under_way(product).await, [4]);
    assert_intact(&store).await;
    let shipped = store.takes(&shipped, RequestedStep::Ship(None)).await;
    assert_eq!(store.figures(product).await, [10, 0, 0]);
    let received = store.takes(&shipped, arrival(product, [6, 1, 0, 1])).await;
    assert_eq!(store.figures(product).await, [17, 0, 0]);
    assert_eq!(store.under_way(product).await, [3]);
    let done = store.takes(&received, RequestedStep::Cancel(None)).await;
    assert_eq!(done.progress.state, TransferState::Cancelled);
    assert_eq!(store.under_way(product).await, [0_u64; 0]);
    let again = store.done(step(&done, RequestedStep::Cancel(None))).await;
    assert_eq!(again, done);
    let line = done.progress.lines[0];
    let figures = [line.received, line.damaged, line.cancelled, line.surplus];
    assert_eq!(figures.map(Quantity::get), [6, 1, 3, 1]);
    let moves = store.moves(product).await;
    let moves: Vec<_> = moves
        .iter()
        .map(|(place, action, pieces, reason)| (place.as_str(), *action, *pieces, reason.as_str()))
        .collect();
    assert_eq!(
        moves,
        [
            ("york", EntryAction::Allocate, 10, "transfer"),
            ("york", EntryAction::Deallocate, 4, "transfer"),
            ("york", EntryAction::Decrement, 4, "transfer"),
            ("york", EntryAction::Deallocate, 6, "transfer"),
            ("york", EntryAction::Decrement, 6, "transfer"),
            ("leeds", EntryAction::Increment, 6, "transfer"),
            ("leeds", EntryAction::Increment, 1, "transfer damaged"),
            ("leeds", EntryAction::Decrement, 1, "transfer damaged"),
            ("leeds", EntryAction::Increment, 1, "transfer surplus"),
            ("york", EntryAction::Increment, 3, "transfer cancelled"),
        ]
    );
    let receipt = done.progress.receipts[0].id;
    bench.clock.advance(5);
    let undone = store
        .takes(&done, RequestedStep::UndoReceipt(receipt))
        .await;
    assert_eq!(undone.progress.state, TransferState::InTransit);
    assert_eq!(store.figures(product).await, [13, 0, 0]);
    assert_eq!(store.under_way(product).await, [7]);
    let twice = store
        .ask(step(&undone, RequestedStep::UndoReceipt(receipt)))
        .await;
    let refused = TransferStepRefused::ReceiptUndone;
    assert_eq!(twice, Err(Refusal::TransferStep(refused)));
    store.takes(&undone, RequestedStep::Receive(None)).await;
    store.assert_adds_up(product).await;
    assert_intact(&store).await;
}

/// Entries of one request are one batch, which refers to the transfer; none of them is undone alone.
pub async fn the_entries_of_a_transfer_belong_to_it(bench: Bench) {
    let (store, product) = york(&bench).await;
    let mut plain = draft(product, 3, Some("york"), "leeds");
    plain.state = TransferState::Received;
    plain.reason = Reason::new("reason", "rearranged").ok();
    let moved = store.done(plain).await;
    assert_eq!(moved.progress.state, TransferState::Received);
    let receipt = moved.progress.receipts[0].id;
    let history = store.history(product).await;
    let (made, of_transfer) = history.split_first().expect("it was created");
    assert_eq!(of_transfer.len(), 2, "two entries for the one line");
    assert_eq!(made.entry.batch, None);
    for recorded in of_transfer {
        let batch = recorded
            .entry
            .batch
            .map(|batch| ReceiptId::new(batch.uuid()));
        assert_eq!(batch, Some(receipt));
        let annotation = &recorded.entry.annotation;
        let reference = annotation.reference.as_ref().map(ToString::to_string);
        assert_eq!(reference, Some(moved.id.to_string()));
        let reason = annotation.reason.as_ref().map(ToString::to_string);
        assert_eq!(reason.as_deref(), Some("rearranged"));
        let recorded = recorded.clone();
        assert_eq!(
            store.ask(Undo { recorded }).await,
            Err(Refusal::MadeByTransfer)
        );
    }
    store.assert_adds_up(product).await;
}

/// What a transfer has allocated is held: only the transfer can release it. If there is too little, nothing
/// happens.
pub async fn a_transfer_holds_what_it_has_allocated(bench: Bench) {
    let (store, product) = york(&bench).await;
    let other = bench.product();
    store.done(make::stock(other, 0, [("york", 1)])).await;
    let mut both = draft(product, 20, Some("york"), "leeds");
    both.items.push((other, make::quantity(2)));
    let made = store.done(both).await;
    for request in [
        RequestedStep::Ready,
        RequestedStep::Ship(None),
        RequestedStep::Ship(Some(of(other, 1))),
    ] {
        let refused = store
            .ask(step(&made, request))
            .await
            .expect_err("one is short");
        let Refusal::ReservationShort(short) = refused else {
            panic!("{refused:?}")
        };
        let [short] = &short[..] else {
            panic!("{short:?}")
        };
        assert_eq!((short.product, short.requested), (other, 2));
        assert_eq!(short.available, make::quantity(1));
    }
    assert_eq!(store.transfer(made.id).await.as_ref(), Some(&made));
    assert_eq!(store.history(product).await.len(), 1);
    store
        .transact_at(other, TransactionAction::Increment, 1, "york")
        .await
        .expect("it is accepted");
    store.takes(&made, RequestedStep::Ready).await;
    let taken = store.transact_at(product, Deallocate, 1, "york").await;
    assert!(
        matches!(taken, Err(Refusal::AllocatedForReservations { .. })),
        "{taken:?}"
    );
    let taken = store.transact_at(product, Decrement, 1, "york").await;
    assert!(
        matches!(taken, Err(Refusal::InsufficientStock(_))),
        "{taken:?}"
    );
    assert_intact(&store).await;
}

/// Pieces of a delivery are in no stock before they come, and then in one place once.
pub async fn a_delivery_that_comes_in_parts_is_counted_once(bench: Bench) {
    let (store, product) = york(&bench).await;
    let ordered = store.done(delivery(&[(product, 100)], "leeds", None)).await;
    assert_eq!(store.figures(product).await, [20, 0, 0]);
    assert_eq!(store.under_way(product).await, [100]);
    let part = store.takes(&ordered, arrival(product, [30, 0, 0, 0])).await;
    assert_eq!(store.figures(product).await, [50, 0, 0]);
    assert_eq!(store.under_way(product).await, [70]);
    let receipt = part.progress.receipts[0].id;
    let undone = store
        .takes(&part, RequestedStep::UndoReceipt(receipt))
        .await;
    assert_eq!(store.under_way(product).await, [100]);
    assert_eq!(store.figures(product).await, [20, 0, 0]);
    let over = store.takes(&undone, RequestedStep::Cancel(None)).await;
    assert_eq!(over.progress.state, TransferState::Cancelled);
    assert_eq!(store.under_way(product).await, [0_u64; 0]);
    assert_eq!(store.figures(product).await, [20, 0, 0]);
    let ready = store.ask(step(&over, RequestedStep::Ready)).await;
    assert_eq!(ready, Err(is(TransferState::Cancelled)));
    assert_intact(&store).await;
}

/// A draft may change in everything, and may be deleted; later the ledger depends on it.
pub async fn a_draft_is_edited_and_another_is_not(bench: Bench) {
    let (store, product) = york(&bench).await;
    let (second, unmanaged) = (bench.product(), bench.product());
    store.done(make::stock(second, 0, [("leeds", 5)])).await;
    let made = store.done(draft(unmanaged, 3, Some("york"), "leeds")).await;
    let refused = store.ask(step(&made, RequestedStep::Ready)).await;
    let products = vec![unmanaged];
    assert_eq!(refused, Err(Refusal::ProductsWithoutStock { products }));
    bench.clock.advance(7);
    let mut edit = update(&made);
    edit.from = Some(RequestedOrigin::Place(place(Some("leeds"))));
    edit.to = Some(place(None));
    edit.items = Some(vec![
        (second, make::quantity(4)),
        (product, make::quantity(1)),
    ]);
    edit.expected_at = Patch::Set(bench.clock.now());
    edit.expect_version = Some(1);
    let edited = store.done(edit.clone()).await;
    assert_eq!(store.transfer(made.id).await.as_ref(), Some(&edited));
    assert_eq!((edited.version, edited.updated_at), (2, bench.clock.now()));
    // The transfer has other products than when it was read.
    assert_eq!(store.ask(edit.clone()).await, Err(Refusal::TransferEdited));
    edit.transfer = edited.reference();
    assert_eq!(
        store.ask(edit).await,
        Err(Refusal::VersionIs { version: 2 })
    );
    let mut back = update(&edited);
    back.items = Some(vec![(second, make::quantity(4))]);
    let edited = store.done(back).await;
    let ready = store.takes(&edited, RequestedStep::Ready).await;
    let mut late = update(&ready);
    late.items = Some(vec![(second, make::quantity(3))]);
    assert_eq!(store.ask(late).await, Err(is(TransferState::Ready)));
    let mut same = update(&ready);
    same.items = Some(vec![(second, make::quantity(4))]);
    same.expected_at = Patch::Clear;
    let cleared = store.done(same).await;
    assert_eq!(cleared.expected_at, None);
    assert_eq!(store.transfer(made.id).await.as_ref(), Some(&cleared));
    let delete = |transfer: &Transfer| DeleteTransfer {
        transfer: transfer.reference(),
    };
    assert_eq!(
        store.ask(delete(&cleared)).await,
        Err(is(TransferState::Ready))
    );
    let other = store.done(draft(second, 1, Some("leeds"), "york")).await;
    store.done(delete(&other)).await;
    assert_eq!(store.transfer(other.id).await, None);
    assert_eq!(
        store.ask(delete(&other)).await,
        Err(Refusal::TransferNotFound)
    );
    assert_eq!(store.transfers(&[]).await, [made.id]);
    assert_intact(&store).await;
}

/// Stock and locations stay while an open transfer has them; names may change.
pub async fn what_an_open_transfer_has_stays(bench: Bench) {
    let (store, product) = york(&bench).await;
    let leeds = store.locate("hull").await;
    let made = store.done(draft(product, 20, Some("york"), "hull")).await;
    let shipped = store.takes(&made, RequestedStep::Ship(None)).await;
    let slug = |slug: &str| Refusal::LocationInTransfer {
        slug: make::slug(slug),
    };
    let deletion = DeleteLocation { id: leeds.id };
    assert_eq!(
        store.ask(DeleteStock { product }).await,
        Err(Refusal::StockInTransfer)
    );
    let put = store.ask(make::put(product, [("york", None)])).await;
    assert_eq!(put.map(drop), Err(slug("york")));
    assert_eq!(store.ask(deletion.clone()).await, Err(slug("hull")));
    store.done(crate::history::rename(&leeds, "kingston")).await;
    // The names were read before the location was renamed.
    let outdated = store
        .ask(step(&shipped, RequestedStep::Receive(None)))
        .await;
    assert_eq!(outdated, Err(Refusal::TransferEdited));
    let renamed = store.transfer(made.id).await.expect("it is there");
    let to = renamed.to.as_ref().map(|(_, slug)| slug.as_str());
    assert_eq!(to, Some("kingston"));
    let over = store.takes(&renamed, RequestedStep::Receive(None)).await;
    store.done(make::put(product, [("york", None)])).await;
    store
        .transact_at(product, Decrement, 20, "kingston")
        .await
        .expect("they are there");
    store.done(deletion).await;
    // The receipt can't be undone: its pieces have no place any more.
    let receipt = over.progress.receipts[0].id;
    let undone = store
        .ask(step(&over, RequestedStep::UndoReceipt(receipt)))
        .await;
    assert_eq!(undone, Err(Refusal::LocationGone));
    store.delete(product).await;
    assert_intact(&store).await;
}

/// A transfer isn't open between places that are gone: neither a draft nor a receipt that is undone makes it so.
pub async fn nothing_is_under_way_between_places_that_are_gone(bench: Bench) {
    let (store, product) = york(&bench).await;
    let hull = store.locate("hull").await;
    store.done(make::put(product, [("hull", Some(2))])).await;
    let mut moved = draft(product, 2, Some("hull"), "york");
    moved.state = TransferState::Received;
    let moved = store.done(moved).await;
    store.done(make::put(product, [("hull", None)])).await;
    let receipt = moved.progress.receipts[0].id;
    // The stock gets its position again.
    let open = store
        .takes(&moved, RequestedStep::UndoReceipt(receipt))
        .await;
    let part = RequestedStep::Cancel(Some(of(product, 1)));
    let open = store.takes(&open, part).await;
    assert_eq!(open.progress.state, TransferState::InTransit);
    let over = store.takes(&open, RequestedStep::Receive(None)).await;
    let towards = store.done(draft(product, 1, Some("york"), "hull")).await;
    let ordered = delivery(&[(product, 1)], "hull", None);
    let ordered = CreateTransfer {
        state: TransferState::Draft,
        ..ordered
    };
    let ordered = store.done(ordered).await;
    store.done(make::put(product, [("hull", None)])).await;
    store.done(DeleteLocation { id: hull.id }).await;
    let receipt = over.progress.receipts[1].id;
    let refused = store
        .ask(step(&over, RequestedStep::UndoReceipt(receipt)))
        .await;
    assert_eq!(refused, Err(Refusal::LocationGone));
    let unknown = Err(Refusal::unknown_location("hull"));
    for (draft, taken) in [
        (&towards, RequestedStep::Ready),
        (&towards, RequestedStep::Ship(None)),
        (&ordered, RequestedStep::Ship(None)),
    ] {
        assert_eq!(store.ask(step(draft, taken)).await, unknown);
    }
    // Another location of that name is another place.
    store.locate("hull").await;
    assert_eq!(
        store.ask(step(&ordered, RequestedStep::Ship(None))).await,
        unknown
    );
    assert_eq!(store.under_way(product).await, [0_u64; 0]);
    assert_intact(&store).await;
}

/// A receipt of pieces that never came makes no entry, and still can't be undone once their stock is gone.
pub async fn a_receipt_is_not_undone_without_its_stock(bench: Bench) {
    let (store, product) = york(&bench).await;
    let made = store.done(draft(product, 2, Some("york"), "leeds")).await;
    let shipped = store.takes(&made, RequestedStep::Ship(None)).await;
    let over = store.takes(&shipped, arrival(product, [0, 1, 1, 0])).await;
    store.delete(product).await;
    store.done(make::stock(product, 0, [("york", 20)])).await;
    let receipt = over.progress.receipts[0].id;
    let refused = store
        .ask(step(&over, RequestedStep::UndoReceipt(receipt)))
        .await;
    let products = vec![product];
    assert_eq!(refused, Err(Refusal::ProductsWithoutStock { products }));
}

/// Who writes the id of a transfer into entries of his own can undo them.
pub async fn own_entries_may_name_a_transfer(bench: Bench) {
    let (store, product) = york(&bench).await;
    let mut moved = draft(product, 2, Some("york"), "leeds");
    moved.state = TransferState::Received;
    let moved = store.done(moved).await;
    let mut own = make::transaction(product, TransactionAction::Increment, 1, Some("york"));
    own.annotation.reference = Reference::new("reference", moved.id.to_string()).ok();
    let recorded = store.done(own).await;
    store.done(Undo { recorded }).await;
}
