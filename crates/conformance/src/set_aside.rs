//! Stock set aside with a reason, in every database.

use stockroom_application::filter::{Pattern, TextCondition};
use stockroom_application::ports::ReservationCondition;
use stockroom_application::{PageRequest, Repairing};
use stockroom_domain::{
    Owner, PayReservation, ProductId, Reason, Refusal, Reservation, ReservationState,
    ReservationStatus, SetAside,
};

use crate::client::stored;
use crate::damage::Told;
use crate::reservations::{EXPIRY, fulfil, item, release, reserve, reserve_all};
use crate::verify::{assert_intact, raw_stock, verifier, verify};
use crate::{Bench, Client, make};

pub(crate) fn set_aside(reason: &str, items: &[(ProductId, Option<&str>, u64)]) -> SetAside {
    SetAside {
        reason: Reason::new("reason", reason).expect("a reason"),
        items: reserve_all(items).items,
    }
}

impl Client {
    async fn aside(&self, reason: &str, items: &[(ProductId, Option<&str>, u64)]) -> Reservation {
        self.done(set_aside(reason, items)).await.reservation
    }

    /// The pieces of a product that are set aside: in no location, and in all.
    async fn set_aside(&self, product: ProductId) -> [u64; 2] {
        let stock = self.stock(product).await.expect("the product is managed");
        [stock.set_aside(None).get(), stock.set_aside_in_all().get()]
    }
}

/// What is set aside stays so until it is released or written off, whatever the time.
pub async fn stock_is_set_aside_until_released_or_written_off(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.done(make::stock(product, 9, [("berlin", 4)])).await;
    let items = [(product, None, 5), (product, Some("berlin"), 4)];
    let held = store.aside("on \u{2028} display", &items).await;
    assert_eq!(store.set_aside(product).await, [5, 9]);
    assert_eq!(store.figures(product).await, [4, 9, 9]);
    bench.clock.advance(EXPIRY);
    let now = bench.clock.now();
    assert_eq!(store.reservation(held.id, now).await, Some(held.clone()));
    let reservation = held.reference();
    let paid = store.ask(PayReservation { reservation }).await;
    assert_eq!(paid, Err(Refusal::ReservationIs(ReservationState::Held)));
    let mut part = release(&held);
    part.items = Some(vec![item(product, None, 1)]);
    store.done(part).await;
    assert_eq!(store.set_aside(product).await, [4, 8]);
    let mut part = fulfil(&held);
    part.items = Some(vec![item(product, Some("berlin"), 4)]);
    store.done(part).await;
    assert_eq!(store.set_aside(product).await, [4, 4]);
    assert_intact(&store).await;
    let done = store.done(fulfil(&held)).await;
    assert_eq!(done.state, ReservationState::Fulfilled);
    assert_eq!(store.reservation(held.id, now).await, Some(done));
    assert_eq!(store.set_aside(product).await, [0, 0]);
    assert_eq!(store.figures(product).await, [5, 0, 0]);
    store.assert_adds_up(product).await;
    assert_intact(&store).await;
    store.delete(product).await;
}

/// Lists find what is set aside by its reason and its state, and say both of what holds a stock.
pub async fn what_is_set_aside_is_listed_with_its_reason(bench: Bench) {
    let tenant = bench.tenant().await;
    let (organization, store) = (tenant.organization(), tenant.store().await);
    let product = bench.product();
    organization.create(product, 20).await;
    let sold = store.reserved(reserve(product, 1)).await.id;
    let items = [(product, None, 2)];
    let damaged = store.aside("damaged", &items).await;
    let recalled = store.aside("recall of May", &items).await.id;
    let other = organization.aside("damaged", &items).await.id;
    store.done(release(&damaged)).await;
    let now = bench.clock.now();
    let is = |reason: &str| TextCondition::In(vec![reason.to_owned()]);
    let begins = TextCondition::Like(Pattern {
        text: "recall".to_owned(),
        open_start: false,
        open_end: true,
    });
    for (condition, expected) in [
        (
            ReservationCondition::HoldReason(is("damaged")),
            vec![damaged.id],
        ),
        (ReservationCondition::HoldReason(begins), vec![recalled]),
        (
            ReservationCondition::HoldReason(TextCondition::IsNull),
            vec![sold],
        ),
        (
            ReservationCondition::Status(vec![ReservationStatus::Held]),
            vec![recalled],
        ),
    ] {
        let found = store
            .reservations(std::slice::from_ref(&condition), now)
            .await;
        assert_eq!(found, expected, "{condition:?}");
    }
    let stock = organization.stock(product).await.expect("it is managed").id;
    let page = PageRequest::from_offset(100, 0);
    let holds = store
        .database
        .holds(store.scope.organization, stock, now, page);
    let holds = stored(holds.await).items.into_iter();
    let holds: Vec<_> = holds
        .map(|it| (it.reservation, it.owner, it.reason.map(|it| it.to_string())))
        .collect();
    let own = store.owner();
    let expected = [
        (sold, own, None),
        (recalled, own, Some("recall of May".to_owned())),
        (other, Owner::Organization, Some("damaged".to_owned())),
    ];
    assert_eq!(holds, expected);
    assert_eq!(organization.set_aside(product).await, [4, 4]);
    let figures = store.database.reservation_figures(store.scope.organization);
    let figures = stored(figures.await).by_status;
    assert_eq!(figures[&ReservationStatus::Held], 2);
}

/// Figures of what is set aside that disagree with the reservations' lines are corrected by the lines.
pub async fn what_is_set_aside_is_repaired(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let berlin = store.locate("berlin").await;
    store.done(make::stock(product, 10, [("berlin", 5)])).await;
    store.reserved(reserve(product, 3)).await;
    let items = [(product, None, 2), (product, Some("berlin"), 2)];
    store.aside("damaged", &items).await;
    assert_intact(&store).await;
    let right = store.stock(product).await.expect("it is managed");
    let found = raw_stock(&store, product).await;
    let organization = store.scope.organization;
    for (place, pieces) in [(None, 0), (None, 5), (Some(berlin.id), 1)] {
        let mut wrong = found.clone();
        wrong.held.set_aside.insert(place, pieces);
        wrong.held.set_aside.retain(|_, pieces| *pieces != 0);
        let damage = store.database.repair_stock(organization, &found, &wrong);
        assert!(stored(damage.await));
        assert_eq!(raw_stock(&store, product).await, wrong);
        let (_, told) = verify(verifier(&store)).await;
        assert_eq!(told.lines().len(), 1);
        let mut repairs = Told::default();
        let repaired = verifier(&store)
            .repair(Repairing::Apply, &mut repairs)
            .await;
        assert_eq!(stored(repaired).repaired, 1);
        assert_eq!(repairs.lines(), told.lines());
        assert_eq!(store.stock(product).await, Some(right.clone()));
        assert_intact(&store).await;
    }
}
