//! The demonstration as a whole, on a database in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{SeedableRng as _, rngs::StdRng};
use stockroom_application::{Clock as _, Limits, PageRequest, Stockroom};
use stockroom_domain::{ReservationStatus, Timestamp};
use stockroom_memory::MemoryDatabase;

use crate::places::Desk;
use crate::{DemoClock, Made, make};

async fn made() -> (DemoClock, Made) {
    let clock = DemoClock::default();
    let environment = clock.environment();
    let database = Arc::new(MemoryDatabase::new(environment.clone()));
    let stockroom = Stockroom::open(database, environment, Limits::default(), None).await;
    let made = make(&Arc::new(stockroom.unwrap()), &clock).await.unwrap();
    (clock, made)
}

/// The number of reservations in each state, of all desks.
async fn states(made: &Made) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for desk in Desk::ALL {
        for status in ReservationStatus::ALL {
            let filter = [stockroom_application::ports::ReservationCondition::Status(
                vec![status],
            )];
            let page = PageRequest::from_offset(100, 0);
            let (by, stockroom) = (made.shop.people.at(desk), &made.shop.stockroom);
            let found = stockroom
                .list_reservations(by.administrator(), &filter, page)
                .await;
            *states.entry(status.as_str()).or_default() += found.unwrap().items.len();
        }
    }
    states
}

#[tokio::test]
async fn reservations_are_in_all_states() {
    let (_, made) = made().await;
    let states = states(&made).await;
    assert_eq!(states.len(), ReservationStatus::ALL.len());
    assert!(states.values().all(|count| *count >= 5), "{states:?}");
}

#[tokio::test]
async fn the_same_happens_every_time() {
    let (_, one) = made().await;
    let (_, other) = made().await;
    assert_eq!(states(&one).await, states(&other).await);
    for (number, item) in one.shop.items.iter().enumerate() {
        let mut figures = Vec::new();
        for made in [&one, &other] {
            let by = made.shop.people.at(item.of).caller();
            let product = made.shop.products[number];
            let stock = made.shop.stockroom.stock(by, product).await;
            let stock = stock.unwrap().unwrap();
            figures.push((stock.sums(), stock.sequence));
        }
        assert_eq!(figures[0], figures[1], "{}", item.sku);
    }
}

#[tokio::test]
async fn history_ends_now_and_is_intact() {
    let (clock, made) = made().await;
    assert!(
        clock.now()
            > made
                .organization
                .created_at
                .plus_milliseconds(5 * 86_400_000)
    );
    let mut last = Timestamp::UNIX_EPOCH;
    for (item, product) in made.shop.items.iter().zip(&made.shop.products) {
        let by = made.shop.people.at(item.of);
        let stockroom = &made.shop.stockroom;
        let verified = stockroom
            .verify_stock(by.administrator(), *product)
            .await
            .unwrap();
        let verified = verified.unwrap();
        assert!(verified.differences.is_empty(), "{}", item.sku);
        let stock = stockroom.stock(by.caller(), *product).await;
        last = last.max(stock.unwrap().unwrap().updated_at);
    }
    assert!(last <= clock.now());
    assert!(last > clock.now().plus_milliseconds(-30 * 60_000));
}

#[tokio::test]
async fn the_shop_goes_on_for_hours_and_stays_stocked() {
    let (clock, mut made) = made().await;
    let start = clock.now();
    let mut random = StdRng::seed_from_u64(1);
    let mut missed = None;
    let total = async |made: &Made| {
        let mut total = 0;
        for (item, product) in made.shop.items.iter().zip(&made.shop.products) {
            let by = made.shop.people.at(item.of).caller();
            let stock = made.shop.stockroom.stock(by, *product).await;
            total += stock.unwrap().unwrap().sums().total().get();
        }
        total
    };
    let before = total(&made).await;
    for number in 1..=2_000_u32 {
        clock.stop_at(start.plus_milliseconds(i64::from(number) * 3_500));
        if number.is_multiple_of(5) {
            made.shop.stockroom.expire_reservations().await.unwrap();
        }
        let step = made
            .shop
            .go_on(number, missed.take(), &mut random, &mut made.agenda);
        missed = step.await.unwrap();
    }
    let after = total(&made).await;
    assert!(
        (before / 2..before * 2).contains(&after),
        "{before}, {after}"
    );
    assert!(made.agenda.len() < 200, "{}", made.agenda.len());
}
