//! Policies of stock: the pieces that no reservation takes, and the levels at which somebody is told.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stockroom_domain::{
    Alert, CheckAvailability, DeletePolicy, Event, OrderId, Patch, PolicyUpdate, Refusal,
    SetPolicy, Shortage, Stock, Transact, TransactMany, TransactionAction,
};

use crate::scene::{id, product, quantity, slug};
use crate::shop::{BERLIN, EXPIRY, Shop, berlin, item, reserve, reserve_for};

fn safety_stock(pieces: u64) -> PolicyUpdate {
    PolicyUpdate {
        safety_stock: Patch::Set(quantity(pieces)),
        ..PolicyUpdate::default()
    }
}

fn alerts(levels: &[(u64, u64)]) -> PolicyUpdate {
    let alerts = levels.iter();
    let alerts = alerts.map(|(at, rearm_at)| alert(*at, *rearm_at));
    PolicyUpdate {
        alerts: Patch::Set(alerts.collect()),
        ..PolicyUpdate::default()
    }
}

fn alert(at: u64, rearm_at: u64) -> Alert {
    Alert::new(quantity(at), Some(quantity(rearm_at))).expect("an alert")
}

fn set(update: PolicyUpdate) -> SetPolicy {
    SetPolicy {
        product: product(),
        update,
        locations: Patch::Keep,
    }
}

fn set_in(slug: &str, update: Option<PolicyUpdate>) -> SetPolicy {
    SetPolicy {
        locations: Patch::Set([(slug.to_owned(), update)].into()),
        ..set(PolicyUpdate::default())
    }
}

fn transact(action: TransactionAction, pieces: u64) -> Transact {
    Transact::new(product(), action, quantity(pieces))
}

fn short(shortages: &[(Option<&str>, u64, u64)]) -> Refusal {
    let shortages = shortages.iter();
    let shortages = shortages.map(|(location, requested, available)| Shortage {
        product: product(),
        location: location.map(slug),
        requested: *requested,
        available: quantity(*available),
    });
    Refusal::ReservationShort(shortages.collect())
}

/// The alerts that have gone on (`+`) and off (`-`) since the event with this number, by their levels.
fn rung(shop: &Shop, since: usize) -> Vec<String> {
    let events = shop.events[since..].iter();
    let rung = events.filter_map(|event| match event {
        Event::StockLow(it) => Some(("+", it)),
        Event::StockRecovered(it) => Some(("-", it)),
        _ => None,
    });
    let rung = rung.map(|(sign, it)| {
        let place = it.location.as_ref().map_or("", |(_, slug)| slug.as_str());
        let (at, level) = (it.alert.at, it.balance.available);
        format!("{sign}{place}{at}:{level}")
    });
    rung.collect()
}

#[test]
fn safety_stock_is_kept_from_reservations_alone() {
    let mut shop = Shop::with(10);
    shop.ask(0, set(safety_stock(4))).expect("a policy");
    assert_eq!(shop.stock().sellable(), quantity(6));
    assert_eq!(shop.reserve(1, 7), Err(short(&[(None, 7, 6)])));
    shop.reserve(2, 6).expect("what is sellable");
    let decrement = transact(TransactionAction::Decrement, 4);
    shop.ask(3, decrement).expect("it says what happened");
    assert_eq!(shop.figures(), [0, 6, 6]);
    assert_eq!(shop.stock().sellable(), quantity(0));
}

#[test]
fn safety_stock_above_what_is_there_leaves_nothing() {
    let mut shop = Shop::with(3);
    shop.ask(0, set(safety_stock(5))).expect("a policy");
    assert_eq!(shop.reserve(1, 1), Err(short(&[(None, 1, 0)])));
}

#[test]
fn safety_stock_of_the_stock_and_of_its_locations_overlap() {
    for (of_stock, in_berlin, at_berlin, in_all) in [
        (0, 0, 5, 8),
        (2, 0, 5, 6),
        (0, 2, 3, 6),
        // They aren't added: what Berlin holds back is part of what the stock holds back.
        (2, 2, 3, 6),
        (4, 2, 3, 4),
        (1, 4, 1, 4),
        (9, 0, 5, 0),
        (0, 9, 0, 3),
    ] {
        let mut shop = Shop::with_berlin(3, 5);
        shop.ask(0, set(safety_stock(of_stock))).expect("a policy");
        let there = set_in("berlin", Some(safety_stock(in_berlin)));
        shop.ask(1, there).expect("a policy");
        let stock: &Stock = shop.stock();
        assert_eq!(stock.sellable_at(Some(berlin())), quantity(at_berlin));
        assert_eq!(
            stock.sellable(),
            quantity(in_all),
            "{of_stock}, {in_berlin}"
        );
    }
}

#[test]
fn lines_of_one_stock_are_gone_through_in_order() {
    let mut shop = Shop::with_berlin(3, 5);
    shop.ask(0, set(safety_stock(4))).expect("a policy");
    let refused = shop.ask(1, reserve(&[(None, 3), (BERLIN, 2)]));
    assert_eq!(refused, Err(short(&[(BERLIN, 2, 1)])));
    let refused = shop.ask(2, reserve(&[(BERLIN, 5), (None, 1)]));
    assert_eq!(refused, Err(short(&[(BERLIN, 5, 4)])));
    shop.ask(3, reserve(&[(BERLIN, 3), (None, 1)]))
        .expect("four in all");
}

#[test]
fn a_check_says_what_could_be_reserved_and_counts_what_an_order_holds() {
    let mut shop = Shop::with_berlin(3, 5);
    shop.ask(0, set(safety_stock(4))).expect("a policy");
    let mut check = |now, order: &str, in_pool, in_berlin| {
        let check = CheckAvailability {
            order: Some(OrderId::new("order_id", order).expect("an order")),
            items: vec![item(None, in_pool), item(BERLIN, in_berlin)],
            sourcing: None,
            by: None,
        };
        let found = shop.ask(now, check).expect("an answer");
        [found[0].available.get(), found[1].available.get()]
    };
    assert_eq!(check(1, "A", 1, 1), [3, 3]);
    assert_eq!(check(2, "A", 3, 2), [3, 1]);
    shop.ask(3, reserve_for("A", &[(None, 2), (BERLIN, 2)]))
        .expect("four in all");
    let mut check = |now, order: &str| {
        let check = CheckAvailability {
            order: Some(OrderId::new("order_id", order).expect("an order")),
            items: vec![item(None, 2), item(BERLIN, 2)],
            sourcing: None,
            by: None,
        };
        let found = shop.ask(now, check).expect("an answer");
        [found[0].available.get(), found[1].available.get()]
    };
    assert_eq!(check(4, "A"), [3, 2]);
    assert_eq!(check(5, "B"), [0, 0]);
}

#[test]
fn an_alert_rings_at_its_level_and_is_silent_until_it_is_rearmed() {
    let mut shop = Shop::with(12);
    shop.ask(0, set(alerts(&[(10, 15)]))).expect("a policy");
    for (action, pieces, expected) in [
        (TransactionAction::Decrement, 1, ""),
        (TransactionAction::Decrement, 1, "+10:10"),
        (TransactionAction::Allocate, 4, ""),
        (TransactionAction::Increment, 8, ""),
        (TransactionAction::Decrement, 5, ""),
        (TransactionAction::Increment, 6, "-10:15"),
        (TransactionAction::Decrement, 4, ""),
        (TransactionAction::Decrement, 8, "+10:3"),
    ] {
        let since = shop.events.len();
        let entries = shop.entries.len();
        shop.ask(1, transact(action, pieces)).expect("a movement");
        assert_eq!(rung(&shop, since).concat(), expected);
        if let Some(Event::StockLow(it) | Event::StockRecovered(it)) = shop.events.get(since) {
            let by = it.by.as_ref().expect("a movement");
            assert_eq!(by.transaction, shop.entries[entries].id);
            assert_eq!(it.sequence, shop.stock().sequence);
        }
    }
    assert!(shop.stock().is_low());
}

#[test]
fn a_request_that_crosses_a_level_many_times_rings_once() {
    let mut shop = Shop::with(12);
    shop.ask(0, set(alerts(&[(10, 11)]))).expect("a policy");
    let since = shop.events.len();
    let lines = [TransactionAction::Decrement, TransactionAction::Increment];
    let lines = lines.into_iter().cycle().take(11);
    let many = TransactMany {
        lines: lines.map(|action| Some(transact(action, 3))).collect(),
        atomic: true,
    };
    shop.ask(1, many).expect("a batch");
    assert_eq!(rung(&shop, since), ["+10:9"]);
}

#[test]
fn each_alert_has_its_own_level() {
    let mut shop = Shop::with(50);
    let several = set(alerts(&[(40, 44), (0, 1), (10, 11)]));
    shop.ask(0, several).expect("a policy");
    let since = shop.events.len();
    for pieces in [5, 7, 30, 8] {
        shop.reserve(1, pieces).expect("a reservation");
    }
    assert_eq!(rung(&shop, since), ["+40:38", "+10:8", "+0:0"]);
    // Expiry gives all of it back at once.
    shop.reserve(1 + EXPIRY, 1).expect("a reservation");
    let after = rung(&shop, since + 3);
    let off: Vec<_> = after.iter().filter(|it| it.starts_with('-')).collect();
    assert_eq!(off, ["-40:50", "-0:50", "-10:50"]);
}

#[test]
fn an_alert_of_a_location_looks_at_that_location() {
    let mut shop = Shop::with_berlin(30, 5);
    let there = set_in("berlin", Some(alerts(&[(3, 4)])));
    shop.ask(0, there).expect("a policy");
    let since = shop.events.len();
    shop.reserve(1, 30).expect("of the pool");
    assert_eq!(rung(&shop, since), [] as [String; 0]);
    shop.ask(2, reserve(&[(BERLIN, 2)])).expect("of Berlin");
    assert_eq!(rung(&shop, since), ["+berlin3:3"]);
    assert!(shop.stock().is_low());
}

#[test]
fn a_policy_on_low_stock_rings_at_once() {
    let mut shop = Shop::with(2);
    shop.ask(0, set(alerts(&[(5, 6)]))).expect("a policy");
    assert_eq!(rung(&shop, 0), ["+5:2"]);
    let Some(Event::StockLow(it)) = shop.events.last() else {
        panic!("{:?}", shop.events);
    };
    assert_eq!(it.by, None);
    // The same alert again changes nothing.
    let since = shop.events.len();
    shop.ask(1, set(alerts(&[(5, 6)]))).expect("a policy");
    assert_eq!(shop.events.len(), since);
    // With another figure it is another alert, which starts as off.
    shop.ask(2, set(alerts(&[(5, 7)]))).expect("a policy");
    assert_eq!(rung(&shop, since), ["+5:2"]);
    let since = shop.events.len();
    shop.ask(3, set(alerts(&[]))).expect("a policy");
    assert_eq!(rung(&shop, since), [] as [String; 0]);
    assert!(!shop.stock().is_low());
}

#[test]
fn a_policy_keeps_what_an_update_does_not_name() {
    let mut shop = Shop::with_berlin(3, 5);
    shop.ask(0, set(safety_stock(2))).expect("a policy");
    shop.ask(1, set(alerts(&[(0, 1)]))).expect("a policy");
    shop.ask(2, set_in("berlin", Some(safety_stock(1))))
        .expect("a policy");
    let stock = shop.stock().clone();
    assert_eq!(stock.policy.safety_stock, quantity(2));
    assert_eq!(stock.policy.alerts, [alert(0, 1)]);
    let there = stock.located[&berlin()].policy.safety_stock;
    assert_eq!(there, quantity(1));
    assert_eq!(shop.entries, []);
    let cleared = PolicyUpdate {
        safety_stock: Patch::Clear,
        alerts: Patch::Keep,
    };
    shop.ask(3, set(cleared)).expect("a policy");
    shop.ask(4, set_in("berlin", None)).expect("a policy");
    let stock = shop.stock().clone();
    assert_eq!(stock.policy.safety_stock, quantity(0));
    assert_eq!(stock.policy.alerts, [alert(0, 1)]);
    assert!(stock.located[&berlin()].policy.is_default());
    let product = product();
    shop.ask(5, DeletePolicy { product }).expect("deleted");
    assert!(!shop.stock().has_policy());
}

#[test]
fn changes_of_a_policy_have_an_order_within_a_millisecond() {
    let mut shop = Shop::with(3);
    for pieces in 1..=3 {
        shop.ask(0, set(safety_stock(pieces))).expect("a policy");
    }
    let times: Vec<_> = shop.events.iter().map(Event::at).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
}

#[test]
fn a_policy_is_refused_for_unknown_stock_and_for_locations_without_it() {
    let mut shop = Shop::with(3);
    let there = set_in("berlin", Some(safety_stock(1)));
    let unknown = |slug: &str| Refusal::LocationNotStocked {
        slug: slug.to_owned(),
    };
    assert_eq!(shop.ask(0, there), Err(unknown("berlin")));
    assert_eq!(
        shop.ask(0, set_in("no slug!", None)),
        Err(unknown("no slug!"))
    );
    let elsewhere = SetPolicy {
        product: id(0xC),
        locations: Patch::Set(BTreeMap::new()),
        ..set(safety_stock(1))
    };
    assert_eq!(shop.ask(0, elsewhere), Err(Refusal::UnknownStock));
    assert_eq!(shop.events, []);
}

#[test]
fn a_location_that_leaves_takes_its_policy_along() {
    let mut shop = Shop::with_berlin(3, 0);
    let there = set_in("berlin", Some(alerts(&[(0, 1)])));
    shop.ask(0, there).expect("a policy");
    assert!(shop.stock().is_low());
    let since = shop.events.len();
    let removed = stockroom_domain::SetLocations {
        product: product(),
        located: [(slug("berlin"), None)].into(),
        echoed: stockroom_domain::EchoedFigures::default(),
    };
    shop.ask(1, removed).expect("it is empty");
    assert!(!shop.stock().is_low() && !shop.stock().has_policy());
    assert_eq!(shop.events.len(), since);
}

#[test]
fn an_alert_is_rearmed_a_tenth_above_its_level() {
    for (at, rearm_at) in [(0, 1), (1, 2), (10, 11), (11, 13), (20, 22), (40, 44)] {
        let alert = Alert::new(quantity(at), None).expect("an alert");
        assert_eq!(alert.rearm_at, quantity(rearm_at));
    }
    assert!(Alert::new(quantity(5), Some(quantity(5))).is_err());
    assert!(Alert::new(quantity(crate::scene::MOST), None).is_err());
    let list = |levels: &[u64]| {
        let alerts = levels.iter().map(|at| alert(*at, 100));
        Alert::list(alerts.collect()).is_ok()
    };
    assert!(list(&[1, 2, 3, 4]));
    assert!(!list(&[1, 2, 3, 4, 5]));
    assert!(!list(&[1, 1]));
}

proptest! {
    /// Whatever happens around a level, an alert goes on and off in turns, and is as it has to be.
    #[test]
    fn alerts_go_on_and_off_in_turns(steps in prop::collection::vec((0..4_u8, 1..4_u64), 1..40)) {
        let mut shop = Shop::with(5);
        shop.ask(0, set(alerts(&[(4, 7)]))).expect("a policy");
        let mut is_on = false;
        for (now, (step, pieces)) in steps.into_iter().enumerate() {
            let since = shop.events.len();
            let now = i64::try_from(now).expect("few steps") * EXPIRY / 4;
            // Whether it is refused doesn't matter.
            let _ = match step {
                0 => shop.ask(now, transact(TransactionAction::Increment, pieces)).map(drop),
                1 => shop.ask(now, transact(TransactionAction::Decrement, pieces)).map(drop),
                _ => shop.reserve(now, pieces).map(drop),
            };
            for rung in rung(&shop, since) {
                prop_assert_eq!(rung.starts_with('+'), !is_on);
                is_on = !is_on;
            }
            let level = shop.figures()[0];
            prop_assert_eq!(shop.stock().is_low(), is_on);
            prop_assert!(level > 4 || is_on);
            prop_assert!(level < 7 || !is_on);
        }
    }
}
