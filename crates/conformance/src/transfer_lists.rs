//! Lists of transfers, dates and limits, in every database.

use stockroom_application::PageRequest;
use stockroom_application::filter::{Comparison, TextCondition};
use stockroom_application::ports::TransferCondition;
use stockroom_domain::{
    AnnounceOverdue, Owner, Patch, Quantity, Reference, Refusal, RefusedMovement, RequestedStep,
    Transfer, TransferState,
};

use crate::client::stored;
use crate::transfer_make::{arrival, delivery, draft, step, update, york};
use crate::verify::assert_intact;
use crate::{Bench, make};

/// A store reads the organization's transfers and changes none; of another store's it learns nothing.
pub async fn a_transfer_belongs_to_the_owner_of_its_stock(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let (store, stranger) = (tenant.store().await, tenant.store().await);
    let (shared, own) = (bench.product(), bench.product());
    organization.locate("york").await;
    for place in ["york", "leeds"] {
        store.locate(place).await;
    }
    organization.create(shared, 5).await;
    store.create(own, 5).await;
    let common = organization.done(draft(shared, 1, None, "york")).await;
    assert_eq!(store.transfer(common.id).await.as_ref(), Some(&common));
    let forbidden = Err(Refusal::OrganizationKeyRequired);
    assert_eq!(
        store.ask(step(&common, RequestedStep::Ready)).await,
        forbidden
    );
    assert_eq!(store.ask(update(&common)).await, forbidden);
    assert_eq!(store.ask(draft(shared, 1, None, "york")).await, forbidden);
    let mut through = store.clone();
    through.actor.key_owner = Owner::Organization;
    let made = through.done(draft(shared, 2, None, "york")).await;
    assert_eq!(made.owner, Owner::Organization);
    let mut mixed = draft(own, 1, None, "york");
    mixed.items.push((shared, make::quantity(1)));
    assert_eq!(through.ask(mixed).await, Err(Refusal::DifferentOwners));
    let same = store.ask(draft(own, 1, Some("york"), "york")).await;
    assert_eq!(same, Err(Refusal::SamePlace));
    let unknown = store.ask(draft(own, 1, Some("hull"), "york")).await;
    assert_eq!(unknown, Err(Refusal::unknown_location("hull")));
    let mine = store.done(draft(own, 1, None, "leeds")).await;
    assert_eq!(stranger.transfer(mine.id).await, None);
    let hidden = stranger.ask(step(&mine, RequestedStep::Ready)).await;
    assert_eq!(hidden, Err(Refusal::TransferNotFound));
    assert_eq!(store.transfers(&[]).await, [common.id, made.id, mine.id]);
    assert_eq!(stranger.transfers(&[]).await, [common.id, made.id]);
    assert_eq!(organization.transfers(&[]).await, [common.id, made.id]);
    let page = PageRequest::after(1, common.id);
    let page = stored(store.database.list_transfers(store.scope, &[], page).await);
    assert_eq!((page.items, page.next), (vec![made.clone()], Some(made.id)));
}

/// Lists find transfers by everything that their filter may name.
pub async fn transfers_are_found_by_their_filter(bench: Bench) {
    let (store, product) = york(&bench).await;
    let other = bench.product();
    store.create(other, 5).await;
    let start = bench.clock.now();
    let made = store.done(draft(product, 1, Some("york"), "leeds")).await;
    bench.clock.advance(10);
    let mut pool = draft(other, 1, None, "leeds");
    pool.reference = Reference::new("reference", "TO-17").ok();
    pool.state = TransferState::Ready;
    let pool = store.done(pool).await;
    let items = [(product, 1), (other, 2)];
    let ordered = store.done(delivery(&items, "york", Some(start))).await;
    let text = |text: &str| TextCondition::In(vec![text.to_owned()]);
    for (condition, expected) in [
        (
            TransferCondition::State(vec![TransferState::Draft]),
            vec![made.id],
        ),
        (
            TransferCondition::State(vec![TransferState::Ready, TransferState::InTransit]),
            vec![pool.id, ordered.id],
        ),
        (TransferCondition::From(text("york")), vec![made.id]),
        (
            TransferCondition::From(TextCondition::IsNull),
            vec![pool.id],
        ),
        (TransferCondition::To(text("leeds")), vec![made.id, pool.id]),
        (TransferCondition::To(TextCondition::IsNull), vec![]),
        (TransferCondition::Supplier(text("ACME")), vec![ordered.id]),
        (
            TransferCondition::Supplier(TextCondition::IsNull),
            vec![made.id, pool.id],
        ),
        (TransferCondition::Reference(text("TO-17")), vec![pool.id]),
        (
            TransferCondition::Product(vec![product]),
            vec![made.id, ordered.id],
        ),
        (
            TransferCondition::Product(vec![product, other]),
            vec![made.id, pool.id, ordered.id],
        ),
        (
            TransferCondition::ExpectedAt(Comparison::LessOrEqual(start)),
            vec![ordered.id],
        ),
        (
            TransferCondition::CreatedAt(Comparison::Greater(start)),
            vec![pool.id, ordered.id],
        ),
    ] {
        let found = store.transfers(std::slice::from_ref(&condition)).await;
        assert_eq!(found, expected, "{condition:?}");
        let all = [&made, &pool, &ordered].into_iter();
        let matching: Vec<_> = all
            .filter(|it| condition.matches(it))
            .map(|it| it.id)
            .collect();
        assert_eq!(matching, expected, "{condition:?}");
    }
}

/// It is announced once for each date that a transfer is overdue, while pieces are under way.
pub async fn an_overdue_transfer_is_announced_once_for_each_date(bench: Bench) {
    let (store, product) = york(&bench).await;
    let at = |milliseconds| Some(bench.clock.now().plus_milliseconds(milliseconds));
    let late = store.done(delivery(&[(product, 5)], "york", at(10))).await;
    let later = store.done(delivery(&[(product, 6)], "york", at(20))).await;
    store.done(delivery(&[(product, 7)], "york", None)).await;
    bench.clock.advance(10);
    assert_eq!(store.overdue(bench.clock.now()).await, []);
    let announce = |transfer: &Transfer| AnnounceOverdue {
        transfer: transfer.reference(),
    };
    assert_eq!(store.done(announce(&late)).await, late);
    bench.clock.advance(11);
    assert_eq!(store.overdue(bench.clock.now()).await, [late.id, later.id]);
    let announced = store.done(announce(&late)).await;
    assert_eq!(
        (announced.announced, announced.version),
        (late.expected_at, 2)
    );
    assert_eq!(store.overdue(bench.clock.now()).await, [later.id]);
    assert_eq!(store.transfer(late.id).await.as_ref(), Some(&announced));
    let mut moved = update(&late);
    moved.expected_at = Patch::Set(bench.clock.now());
    let moved = store.done(moved).await;
    assert_eq!(store.overdue(bench.clock.now()).await, [later.id]);
    store.takes(&later, RequestedStep::Receive(None)).await;
    bench.clock.advance(1);
    assert_eq!(store.overdue(bench.clock.now()).await, [late.id]);
    store.takes(&moved, RequestedStep::Cancel(None)).await;
    assert_eq!(store.overdue(bench.clock.now()).await, []);
}

/// Limits are kept: of the pieces under way, of the total, and of open lines.
pub async fn the_limits_of_transfers_are_kept(bench: Bench) {
    let (store, product) = york(&bench).await;
    let max = Quantity::MAX.get();
    let huge = store.done(delivery(&[(product, max)], "york", None)).await;
    let more = store.ask(delivery(&[(product, 1)], "york", None)).await;
    assert_eq!(more, Err(Refusal::TooManyUnderWay { product }));
    let received = store.ask(step(&huge, RequestedStep::Receive(None))).await;
    let refused = RefusedMovement {
        reserved: Quantity::ZERO,
        ..make::refused(max, 20, 0)
    };
    assert_eq!(received, Err(Refusal::TotalWouldOverflow(refused)));
    store
        .takes(&huge, arrival(product, [max - 20, 0, 0, 0]))
        .await;
    assert_intact(&store).await;
    let many = bench.product();
    store.create(many, 0).await;
    let lines_max = Transfer::OPEN_LINES_OF_STOCK_MAX;
    let orders = (0..lines_max).map(|_| store.command(delivery(&[(many, 1)], "leeds", None)));
    let made = store.commit(orders.collect()).await;
    assert!(made.iter().all(Result::is_ok));
    let more = store.ask(delivery(&[(many, 1)], "leeds", None)).await;
    let refused = Refusal::TooManyOpenTransfers {
        product: many,
        lines_max,
    };
    assert_eq!(more, Err(refused));
    assert_eq!(store.under_way(many).await.len(), 1_000);
}
