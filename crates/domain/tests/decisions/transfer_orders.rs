//! Requests about transfers: what they change, and their refusals in order.

use TransferChangeKind::{Cancelled, Ready, Received, Shipped};
use stockroom_domain::{
    BatchId, Change, CreateTransfer, EntryAction, Event, Idempotency, IdempotencyKey,
    OpenTransfers, Owner, Quantity, RecordChange, Refusal, RequestDigest, RequestedOrigin,
    RequestedPlace, RequestedStep, Shortage, StockKey, TakeStep, Transfer, TransferChangeKind,
    TransferOrigin, TransferProgress, TransferState, UpdateTransfer,
};

use crate::scene::{
    MOST, Scene, assert_precedence, at, balance, changed_stock, entries, id, location, product,
    quantity, refused, stock, store,
};

fn place(slug: Option<&str>) -> RequestedPlace {
    slug.map_or(RequestedPlace::Unlocated, |slug| {
        RequestedPlace::Location(slug.to_owned())
    })
}

/// 4 pieces from no location to leeds.
fn create(state: TransferState) -> CreateTransfer {
    CreateTransfer {
        from: RequestedOrigin::Place(place(None)),
        to: place(Some("leeds")),
        items: vec![(product(), quantity(4))],
        reference: None,
        note: None,
        expected_at: None,
        state,
        reason: None,
    }
}

/// A store with 5 pieces in no location, and leeds, in which the stock isn't.
fn creating(state: TransferState) -> Scene<CreateTransfer> {
    Scene::new(create(state))
        .with_stock(stock(store(), balance(5, 0)))
        .with_location(location(store(), 1, "leeds"))
}

/// A transfer in this state that the state has.
fn taking(made: TransferState, step: RequestedStep) -> Scene<TakeStep> {
    let scene = creating(made);
    let decision = scene.accepted();
    let transfer = decision.answer;
    let request = TakeStep {
        transfer: transfer.reference(),
        step,
        reason: None,
        expect_version: None,
    };
    let mut state = scene.state;
    if let Some(stock) = changed_stock(&decision.changes) {
        state.stocks.insert(stock.key(), stock.clone());
    }
    state.transfers.insert(transfer.id, transfer);
    Scene {
        state,
        actor: scene.actor,
        request,
    }
}

fn short(requested: u64, available: u64) -> Refusal {
    Refusal::ReservationShort(vec![Shortage {
        product: product(),
        location: None,
        requested,
        available: quantity(available),
    }])
}

/// The stock of the product is in too many open transfers.
fn crowd<R>(scene: &mut Scene<R>) {
    let key = StockKey {
        product: product(),
        owner: store(),
    };
    let open = OpenTransfers {
        lines: Transfer::OPEN_LINES_OF_STOCK_MAX,
        ..OpenTransfers::default()
    };
    scene.state.open_transfers.insert(key, open);
}

fn empty<R>(scene: &mut Scene<R>) {
    for stock in scene.state.stocks.values_mut() {
        stock.unlocated = balance(3, 0);
    }
}

#[test]
fn refusals_of_new_transfers_come_in_order() {
    let products = vec![product()];
    let lines_max = Transfer::OPEN_LINES_OF_STOCK_MAX;
    assert_precedence(
        &creating(TransferState::Ready),
        &[
            (
                |scene| scene.request.from = RequestedOrigin::Place(place(Some("hull"))),
                Refusal::unknown_location("hull"),
            ),
            (
                |scene| scene.request.to = place(Some("berlin")),
                Refusal::unknown_location("berlin"),
            ),
            (
                |scene| scene.remove_stock(store()),
                Refusal::ProductsWithoutStock { products },
            ),
            (empty, short(4, 3)),
            (
                crowd,
                Refusal::TooManyOpenTransfers {
                    product: product(),
                    lines_max,
                },
            ),
        ],
    );
    let mut same = creating(TransferState::Draft);
    same.request.to = place(None);
    assert_eq!(same.decide(), Err(Refusal::SamePlace));
    let mut unmanaged = creating(TransferState::Draft);
    unmanaged.remove_stock(store());
    unmanaged.accepted();
    let mut shared = creating(TransferState::Draft);
    shared.remove_stock(store());
    shared.add_stock(stock(Owner::Organization, balance(5, 0)));
    assert_eq!(shared.decide(), Err(Refusal::OrganizationKeyRequired));
}

#[test]
fn refusals_of_steps_come_in_order() {
    let products = vec![product()];
    let lines_max = Transfer::OPEN_LINES_OF_STOCK_MAX;
    assert_precedence(
        &taking(TransferState::Draft, RequestedStep::Ready),
        &[
            (
                |scene| scene.state.transfers.clear(),
                Refusal::TransferNotFound,
            ),
            (
                |scene| {
                    scene.request.transfer.products.insert(id(0xB));
                },
                Refusal::TransferEdited,
            ),
            (
                |scene| {
                    for transfer in scene.state.transfers.values_mut() {
                        transfer.progress.state = TransferState::Cancelled;
                    }
                },
                Refusal::transfer_is(TransferState::Cancelled),
            ),
            (
                |scene| scene.request.expect_version = Some(7),
                Refusal::VersionIs { version: 1 },
            ),
            (
                |scene| scene.remove_stock(store()),
                Refusal::ProductsWithoutStock { products },
            ),
            (empty, short(4, 3)),
            (
                crowd,
                Refusal::TooManyOpenTransfers {
                    product: product(),
                    lines_max,
                },
            ),
        ],
    );
    // Nothing is told of another level's transfer.
    let mut hidden = taking(TransferState::Draft, RequestedStep::Ready);
    for transfer in hidden.state.transfers.values_mut() {
        transfer.owner = crate::scene::other_store();
    }
    assert_eq!(hidden.decide(), Err(Refusal::TransferNotFound));
}

#[test]
fn a_receipt_has_to_fit_into_the_stock() {
    let receive = RequestedStep::Receive(None);
    let mut full = taking(TransferState::InTransit, receive.clone());
    for stock in full.state.stocks.values_mut() {
        stock.unlocated = balance(MOST - 3, 0);
    }
    let figures = refused(4, balance(MOST - 3, 0));
    assert_eq!(full.decide(), Err(Refusal::TotalWouldOverflow(figures)));
    let mut gone = taking(TransferState::InTransit, receive.clone());
    let other = location(store(), 2, "leeds");
    gone.state.locations.clear();
    gone.state.add_location(other);
    assert_eq!(gone.decide(), Err(Refusal::LocationGone));
    let received = taking(TransferState::InTransit, receive).accepted();
    let written: Vec<_> = entries(&received.changes);
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].action, EntryAction::Increment);
    let receipt = received.answer.progress.receipts[0].id;
    assert_eq!(written[0].batch.map(BatchId::uuid), Some(receipt.uuid()));
}

#[test]
fn all_steps_up_to_a_state_are_one_batch() {
    let moved = creating(TransferState::Received).accepted();
    let written = entries(&moved.changes);
    let batches: Vec<_> = written.iter().map(|entry| entry.batch).collect();
    assert_eq!(batches, [batches[0]; 2]);
    let figures: Vec<_> = written
        .iter()
        .map(|entry| (entry.action, entry.quantity))
        .collect();
    let four = quantity(4);
    assert_eq!(
        figures,
        [
            (EntryAction::Decrement, four),
            (EntryAction::Increment, four)
        ]
    );
    let stock = changed_stock(&moved.changes).expect("it has changed");
    assert_eq!(stock.sums(), balance(5, 0));
    let after = &moved.answer;
    assert_eq!(
        (after.version, after.progress.state),
        (1, TransferState::Received)
    );
}

/// What is allocated for a transfer is held; a repeated step changes nothing, whatever version is expected.
#[test]
fn a_transfer_holds_until_it_is_shipped() {
    let ready = creating(TransferState::Ready).accepted();
    let stock = changed_stock(&ready.changes).expect("it has changed");
    assert_eq!(stock.held(None), quantity(4));
    let mut again = taking(TransferState::Ready, RequestedStep::Ready);
    again.request.expect_version = Some(9);
    assert_eq!(again.accepted().changes, []);
    let shipped = taking(TransferState::Ready, RequestedStep::Ship(None)).accepted();
    let stock = changed_stock(&shipped.changes).expect("it has changed");
    assert_eq!(
        (stock.held(None), stock.sums()),
        (Quantity::ZERO, balance(1, 0))
    );
    // Data that says that less is held than the transfer has allocated ships nothing.
    let mut damaged = taking(TransferState::Ready, RequestedStep::Ship(None));
    for stock in damaged.state.stocks.values_mut() {
        stock.unlocated_held = quantity(3);
    }
    assert_eq!(damaged.decide(), Err(short(4, 3)));
}

#[test]
fn the_event_says_what_has_changed() {
    let kinds = |made, step| -> Vec<TransferChangeKind> {
        let scene = taking(made, step);
        let commands = [scene.command()];
        let mut ids = crate::scene::CountingIds::after(100);
        let mut context = stockroom_domain::Context::new(at(5), &mut ids);
        let (outcomes, changes) = crate::scene::decide_all(&commands, scene.state, &mut context);
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
        match &changes.events[..] {
            [Event::TransferUpdated(transfer, kinds)] => {
                assert_eq!((transfer.version, transfer.updated_at), (2, at(5)));
                assert_eq!(transfer.progress.receipts, []);
                kinds.clone()
            }
            other => panic!("{other:?}"),
        }
    };
    let part = || Some([(product(), quantity(1))].into());
    assert_eq!(kinds(TransferState::Draft, RequestedStep::Ready), [Ready]);
    assert_eq!(
        kinds(TransferState::Draft, RequestedStep::Ship(None)),
        [Shipped]
    );
    assert_eq!(
        kinds(TransferState::Draft, RequestedStep::Ship(part())),
        [Ready, Shipped]
    );
    assert_eq!(
        kinds(TransferState::Ready, RequestedStep::Cancel(part())),
        [Cancelled]
    );
    assert_eq!(
        kinds(TransferState::InTransit, RequestedStep::Receive(None)),
        [Received]
    );
}

/// A draft becomes a delivery, and has other lines than before; what was announced of it stays so.
#[test]
fn a_draft_is_edited_in_everything() {
    let scene = taking(TransferState::Draft, RequestedStep::Ready);
    let supplier = stockroom_domain::Supplier::new("supplier", "ACME").expect("a text");
    let request = UpdateTransfer {
        transfer: scene.request.transfer.clone(),
        from: Some(RequestedOrigin::Supplier(supplier.clone())),
        to: None,
        items: Some(vec![(product(), quantity(9))]),
        reference: stockroom_domain::Patch::Keep,
        note: stockroom_domain::Patch::Keep,
        expected_at: stockroom_domain::Patch::Set(at(50)),
        expect_version: Some(1),
    };
    let edit = Scene {
        state: scene.state,
        actor: scene.actor,
        request,
    };
    let edited = edit.accepted();
    let after = edited.answer;
    assert_eq!(after.from, TransferOrigin::Supplier(supplier));
    let lines = [(product(), quantity(9))];
    assert_eq!(
        after.progress,
        TransferProgress::draft(after.from.kind(), lines)
    );
    assert_eq!((after.version, after.expected_at), (2, Some(at(50))));
    assert!(matches!(
        edited.changes[..],
        [Change::Record(RecordChange::Transfer(_))]
    ));
}

/// A request that was read for another transfer is decided anew at once, so its refusal is not the answer to its key.
#[test]
fn a_refusal_that_is_decided_anew_is_not_kept() {
    let mut scene = taking(TransferState::Draft, RequestedStep::Ready);
    scene.request.transfer.products.insert(id(0xB));
    let mut command = scene.command();
    command.idempotency = Some(Idempotency {
        key: IdempotencyKey::new("key").expect("a key"),
        request: RequestDigest([0; 32]),
        kept_milliseconds: 1_000,
    });
    let mut ids = crate::scene::CountingIds::default();
    let mut context = stockroom_domain::Context::new(at(5), &mut ids);
    let records = stockroom_domain::IdempotencyRecords::default();
    let decided = stockroom_domain::decide_all(&[command], scene.state, records, &mut context);
    assert_eq!(decided.outcomes, [Err(Refusal::TransferEdited)]);
    assert_eq!(decided.idempotency_records, []);
}
