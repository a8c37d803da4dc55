//! What can be sold by a time, with the pieces that are under way.

use proptest::prelude::*;
use stockroom_domain::{Expected, Forecast, LocationId, Promise, Stock};

use crate::scene::{at, balance, id, location, quantity, slug, stock, store};

const NOW: i64 = 1_000;

fn place(number: u128) -> LocationId {
    location(store(), number, "berlin").id
}

/// 5 pieces in no location and 4 in berlin.
fn shelf() -> Stock {
    let mut stock = stock(store(), balance(5, 2));
    let mut position = stockroom_domain::Position::empty(&location(store(), 1, "berlin"));
    position.balance = balance(4, 0);
    stock.located.insert(place(1), position);
    stock
}

/// Pieces of transfer `number` to a place.
fn expected(number: u128, to: Option<u128>, when: Option<i64>, pieces: u64) -> Expected {
    Expected {
        transfer: id(number),
        to: to.map(|to| (place(to), slug("berlin"))),
        sells: true,
        expected_at: when.map(at),
        quantity: quantity(pieces),
    }
}

fn ask<'a>(stock: &'a Stock, expected: &'a [Expected]) -> Promise<'a> {
    Promise {
        stock,
        expected,
        now: at(NOW),
    }
}

/// The time and the figure of each step.
fn curve(forecast: &Forecast) -> Vec<(i64, u64)> {
    let steps = forecast.steps.iter();
    let steps = steps.map(|step| {
        (
            step.at.as_milliseconds() - at(0).as_milliseconds(),
            step.sellable,
        )
    });
    steps.collect()
}

#[test]
fn pieces_are_promised_from_their_date_on() {
    let stock = shelf();
    let coming = [
        expected(1, Some(1), Some(NOW + 20), 60),
        expected(2, None, Some(NOW), 1),
        expected(3, None, Some(NOW + 10), 2),
    ];
    let promise = ask(&stock, &coming);
    let by = |until| promise.by(at(until));
    assert_eq!(
        [by(NOW), by(NOW + 9), by(NOW + 10), by(NOW + 20)],
        [10, 10, 12, 72]
    );
    assert_eq!(promise.by_at(Some(place(1)), at(NOW + 19)), 4);
    let forecast = promise.forecast();
    assert_eq!(
        curve(&forecast),
        [(NOW, 10), (NOW, 10), (NOW + 10, 12), (NOW + 20, 72)]
    );
    let arrivals: Vec<_> = forecast.steps.iter().map(|step| step.arrival).collect();
    let arrival = |number, pieces| Some((id(number), quantity(pieces)));
    assert_eq!(
        arrivals,
        [None, arrival(2, 1), arrival(3, 2), arrival(1, 60)]
    );
    let pool = promise.forecast_at(None);
    assert_eq!(curve(&pool), [(NOW, 6), (NOW, 6), (NOW + 10, 8)]);
}

#[test]
fn what_has_no_date_or_is_overdue_is_not_promised() {
    let stock = shelf();
    let coming = [
        expected(1, None, None, 60),
        expected(2, None, Some(NOW - 1), 40),
        expected(3, Some(1), Some(0), 2),
    ];
    let forecast = ask(&stock, &coming).forecast();
    assert_eq!(curve(&forecast), [(NOW, 9)]);
    assert_eq!((forecast.overdue, forecast.undated), (42, 60));
    let berlin = ask(&stock, &coming).forecast_at(Some(place(1)));
    assert_eq!((berlin.overdue, berlin.undated), (2, 0));
}

#[test]
fn safety_stock_is_filled_before_anything_is_promised() {
    let mut stock = shelf();
    let berlin = stock.located.get_mut(&place(1)).expect("berlin");
    berlin.policy.safety_stock = quantity(10);
    let coming = [
        expected(1, Some(1), Some(NOW + 1), 5),
        expected(2, Some(1), Some(NOW + 2), 5),
    ];
    // 4, 9 and 14 in berlin.
    assert_eq!(
        curve(&ask(&stock, &coming).forecast()),
        [(NOW, 5), (NOW + 1, 5), (NOW + 2, 9)]
    );
    // The stock's own safety stock overlaps with that.
    stock.policy.safety_stock = quantity(12);
    assert_eq!(
        curve(&ask(&stock, &coming).forecast()),
        [(NOW, 0), (NOW + 1, 2), (NOW + 2, 7)]
    );
}

#[test]
fn a_place_that_sells_nothing_promises_nothing() {
    let mut stock = shelf();
    let berlin = stock.located.get_mut(&place(1)).expect("berlin");
    berlin.enabled = false;
    berlin.slug = slug("berlin");
    let closed = Expected {
        sells: false,
        ..expected(2, Some(2), Some(NOW + 1), 8)
    };
    let coming = [expected(1, Some(1), Some(NOW + 1), 5), closed];
    let promise = ask(&stock, &coming);
    assert_eq!(curve(&promise.forecast()), [(NOW, 5)]);
    assert_eq!(
        curve(&promise.forecast_at(Some(place(1)))),
        [(NOW, 0), (NOW + 1, 0)]
    );
    // A location in which the stock isn't yet.
    let open = [expected(2, Some(2), Some(NOW + 1), 8)];
    assert_eq!(ask(&stock, &open).by(at(NOW + 1)), 13);
    assert_eq!(ask(&stock, &open).by_at(Some(place(2)), at(NOW)), 0);
}

#[test]
fn a_forecast_has_a_limited_number_of_steps() {
    let stock = shelf();
    let coming = |count: u128| -> Vec<Expected> {
        (1..=count)
            .map(|number| expected(number, None, Some(NOW + 1), 1))
            .collect()
    };
    let all = coming(99);
    let forecast = ask(&stock, &all).forecast();
    assert_eq!((forecast.steps.len(), forecast.has_more), (100, false));
    let all = coming(100);
    let forecast = ask(&stock, &all).forecast();
    assert_eq!((forecast.steps.len(), forecast.has_more), (100, true));
}

proptest! {
    /// Now, the promise is what can be sold; over time it never falls, and never exceeds all that is there or comes.
    #[test]
    fn a_promise_begins_with_what_can_be_sold_and_never_falls(
        figures in proptest::collection::vec(0_u64..20, 5),
        enabled: bool,
        coming in proptest::collection::vec((0_u128..3, proptest::option::of(990_i64..1_020), 1_u64..9), 0..12),
    ) {
        let mut stock = shelf();
        stock.unlocated = balance(figures[0], figures[1]);
        stock.policy.safety_stock = quantity(figures[2]);
        let berlin = stock.located.get_mut(&place(1)).expect("berlin");
        berlin.balance = balance(figures[3], 0);
        berlin.policy.safety_stock = quantity(figures[4]);
        berlin.enabled = enabled;
        let coming = (1..).zip(coming).map(|(number, (to, when, pieces))| {
            expected(number, Some(to).filter(|it| *it > 0), when, pieces)
        });
        let mut coming: Vec<Expected> = coming.collect();
        let promise = ask(&stock, &coming);
        // What comes at this very moment is promised at once.
        let is_now = |it: &Expected| it.expected_at == Some(at(NOW));
        if !coming.iter().any(is_now) {
            prop_assert_eq!(promise.by(at(NOW)), stock.sellable().get());
        }
        let steps: Vec<u64> = promise.forecast().steps.iter().map(|step| step.sellable).collect();
        prop_assert!(steps.is_sorted(), "{:?}", steps);
        let everything = figures[0] + figures[3] + coming.iter().map(|it| it.quantity.get()).sum::<u64>();
        prop_assert!(steps.last() <= Some(&everything));
        // The order in which pieces are named changes nothing.
        let before = promise.forecast();
        coming.reverse();
        prop_assert_eq!(ask(&stock, &coming).forecast(), before);
    }
}
