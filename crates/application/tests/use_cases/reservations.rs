//! What is shown of reservations whose time is over.

use std::collections::BTreeSet;

use stockroom_application::filter::Comparison;
use stockroom_application::ports::{ProductFilter, ProductOrder, StockCondition};
use stockroom_application::{Administrator, Clock as _, Page, PageRequest, Writer};
use stockroom_domain::{
    Answer, Command, CommodityType, ExpireReservation, Operation, Owner, Product, ProductId,
    ProductStatus, ProductText, Quantity, Reservation, ReservationId, ReservationState,
    SettleStock, ShowProducts, ShowStock, Stock, StockId, StockKey, StockedProduct, StoreId,
    Timestamp,
};

use crate::inventory::stock_of;
use crate::mock::{MockDatabase, TestClock, database, organization, stockroom, uuid};

fn administrator() -> Administrator {
    let operator = Writer::operator(organization(), Owner::Store(StoreId::new(uuid(2))));
    operator.administrator().clone()
}

/// A reservation whose time has been over for long, as it is stored.
fn due(state: ReservationState) -> Reservation {
    Reservation {
        id: ReservationId::new(uuid(7)),
        owner: Owner::Store(StoreId::new(uuid(2))),
        order: None,
        hold_reason: None,
        state,
        lines: Vec::new(),
        sent: None,
        actor: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    }
}

const PENDING: ReservationState = ReservationState::Pending {
    expires_at: Timestamp::UNIX_EPOCH,
};

fn expires(commands: &[Command]) -> bool {
    let reservation = due(PENDING).reference();
    let expected = Operation::ExpireReservation(ExpireReservation { reservation });
    matches!(commands, [command] if command.operation == expected)
}

/// Expects that the reservation is said to have expired, once.
fn expect_expiry(database: &mut MockDatabase) {
    database
        .expect_commit()
        .withf(|tenant, commands| *tenant == organization() && expires(commands))
        .times(1)
        .returning(|_, _| Ok(vec![Ok(Answer::Expired(false))]));
}

/// It is paid for at the last instant, which is not stored yet when it is read first.
#[tokio::test]
async fn a_reservation_that_is_being_paid_for_is_not_shown_as_expired() {
    let mut database = database();
    let mut states = [PENDING, ReservationState::Paid].into_iter();
    database
        .expect_reservation()
        .times(2)
        .returning(move |_, _| Ok(states.next().map(due)));
    expect_expiry(&mut database);
    let stockroom = stockroom(database, &TestClock::new()).await;
    let id = ReservationId::new(uuid(7));
    let shown = stockroom.reservation(&administrator(), id).await.unwrap();
    assert_eq!(shown, Some(due(ReservationState::Paid)));
}

#[tokio::test]
async fn nor_is_it_in_a_list() {
    let mut database = database();
    let mut states = [PENDING, ReservationState::Paid].into_iter();
    database
        .expect_list_reservations()
        .times(2)
        .returning(move |_, _, _, _| {
            let items = states.next().map(due).into_iter().collect();
            Ok(page(items, 1))
        });
    expect_expiry(&mut database);
    let stockroom = stockroom(database, &TestClock::new()).await;
    let caller = administrator();
    let listed = stockroom.list_reservations(&caller, &[], PageRequest::default());
    let listed = listed.await.unwrap();
    assert_eq!(listed.items, [due(ReservationState::Paid)]);
}

/// A server whose clock is behind reserves what is due at once by the clock of this one.
#[tokio::test]
async fn stock_that_becomes_due_again_holds_nobody_up() {
    let mut database = database();
    let key = StockKey {
        product: ProductId::new(uuid(4)),
        owner: Owner::Organization,
    };
    database
        .expect_due_stocks()
        .times(2)
        .returning(move |_, _, _| Ok([key].into()));
    let stocks = [key].into();
    let expected = Operation::SettleStock(SettleStock { stocks });
    database
        .expect_commit()
        .withf(move |_, commands| matches!(commands, [it] if it.operation == expected))
        .times(1)
        .returning(|_, _| Ok(vec![Ok(Answer::Settled(()))]));
    database
        .expect_list_stocks()
        .times(1)
        .returning(|_, _, _| Ok(page(Vec::new(), 0)));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let administrator = administrator();
    let filter = [StockCondition::Available(Comparison::Greater(0))];
    let listed = stockroom.list_stocks(administrator.caller(), &filter, PageRequest::default());
    assert_eq!(listed.await.unwrap().total, Some(0));
}

/// The only page of a list.
fn page<T, P>(items: Vec<T>, total: u64) -> Page<T, P> {
    Page {
        items,
        total: Some(total),
        next: None,
    }
}

const FIRST: u128 = 4;
const SECOND: u128 = 5;

fn product(number: u128) -> ProductId {
    ProductId::new(uuid(number))
}

/// Two stocks of which a reservation holds. It has expired by the clock of another server, which has
/// settled the first of them.
fn settled_in_part(clock: &TestClock) -> Vec<Stock> {
    let expires_at = clock.now().plus_milliseconds(1);
    let settled = Stock {
        updated_at: expires_at,
        ..stock_of(product(FIRST))
    };
    let held = Stock {
        id: StockId::new(uuid(10)),
        next_expiry: Some(expires_at),
        ..stock_of(product(SECOND))
    };
    vec![settled, held]
}

/// Both as they are once that is settled.
fn settled() -> Vec<Stock> {
    let both = [(FIRST, 9), (SECOND, 10)].into_iter();
    let settled = both.map(|(number, id)| Stock {
        id: StockId::new(uuid(id)),
        sequence: 8,
        ..stock_of(product(number))
    });
    settled.collect()
}

/// Expects that the caller is shown both together, once.
fn expect_show(database: &mut MockDatabase) {
    let products = [product(FIRST), product(SECOND)].into();
    let expected = Operation::ShowStock(ShowStock { products });
    let acting = administrator().scope().acting;
    database
        .expect_commit()
        .withf(move |_, commands| {
            matches!(commands, [it] if it.operation == expected && it.actor.acting == acting)
        })
        .times(1)
        .returning(|_, _| {
            let stocks = settled().into_iter().rev().collect();
            Ok(vec![Ok(Answer::Stocks(stocks))])
        });
}

#[tokio::test]
async fn stocks_that_are_read_together_show_a_reservation_as_a_whole() {
    let clock = TestClock::new();
    let mut database = database();
    let found = settled_in_part(&clock);
    database
        .expect_stocks()
        .times(1)
        .returning(move |_, _| Ok(found.clone()));
    expect_show(&mut database);
    let stockroom = stockroom(database, &clock).await;
    let caller = administrator().caller().clone();
    let ids = [FIRST, SECOND].map(|number| product(number).to_string());
    let shown = stockroom.stock_of_several(&caller, &ids).await.unwrap();
    assert_eq!(shown, (settled(), Vec::new()));
}

#[tokio::test]
async fn so_do_lists() {
    let clock = TestClock::new();
    let mut database = database();
    let items = settled_in_part(&clock);
    database
        .expect_list_stocks()
        .times(1)
        .returning(move |_, _, _| {
            let items = items.clone();
            Ok(page(items, 7))
        });
    expect_show(&mut database);
    let stockroom = stockroom(database, &clock).await;
    let administrator = administrator();
    let listed = stockroom.list_stocks(administrator.caller(), &[], PageRequest::default());
    let listed = listed.await.unwrap();
    assert_eq!(listed.items, settled());
    assert_eq!(listed.total, Some(7));
}

/// The second isn't there any more.
#[tokio::test]
async fn what_does_not_fulfil_a_filter_any_more_is_not_listed() {
    let clock = TestClock::new();
    let mut database = database();
    let items = settled_in_part(&clock);
    database
        .expect_due_stocks()
        .returning(|_, _, _| Ok(BTreeSet::new()));
    database
        .expect_list_stocks()
        .times(1)
        .returning(move |_, _, _| {
            let items = items.clone();
            Ok(page(items, 7))
        });
    database.expect_commit().times(1).returning(|_, _| {
        let [first, mut second] = <[Stock; 2]>::try_from(settled()).unwrap();
        second.unlocated.available = Quantity::new(5).unwrap();
        Ok(vec![Ok(Answer::Stocks(vec![first, second]))])
    });
    let stockroom = stockroom(database, &clock).await;
    let administrator = administrator();
    let filter = [StockCondition::Available(Comparison::Less(5))];
    let listed = stockroom.list_stocks(administrator.caller(), &filter, PageRequest::default());
    let listed = listed.await.unwrap();
    assert_eq!(listed.items, settled()[..1]);
    assert_eq!(listed.total, Some(6));
}

/// Single stocks that are asked for at the same time are fetched together, but each for itself.
#[tokio::test]
async fn a_stock_is_settled_without_others() {
    let clock = TestClock::new();
    let mut database = database();
    let mut due = stock_of(product(FIRST));
    due.next_expiry = Some(clock.now());
    database
        .expect_stock()
        .times(1)
        .returning(move |_, _| Ok(Some(due.clone())));
    let products = [product(FIRST)].into();
    let expected = Operation::ShowStock(ShowStock { products });
    database
        .expect_commit()
        .withf(move |_, commands| matches!(commands, [it] if it.operation == expected))
        .times(1)
        .returning(|_, _| Ok(vec![Ok(Answer::Stocks(settled()[..1].to_vec()))]));
    let stockroom = stockroom(database, &clock).await;
    let administrator = administrator();
    let shown = stockroom.stock(administrator.caller(), product(FIRST));
    assert_eq!(shown.await.unwrap().as_ref(), settled().first());
}

fn registered(number: u128) -> Product {
    let name = ProductText::new("name", format!("Product {number}")).unwrap();
    Product {
        id: product(number),
        owner: Owner::Organization,
        name,
        sku: None,
        slug: None,
        description: None,
        status: ProductStatus::default(),
        commodity_type: CommodityType::default(),
        manage_stock: true,
        external_ref: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    }
}

#[tokio::test]
async fn products_show_a_reservation_as_a_whole() {
    let clock = TestClock::new();
    let mut database = database();
    let found = settled_in_part(&clock).into_iter();
    let found = found.map(|stock| (registered(stock.product.uuid().as_u128()), Some(stock)));
    let items: Vec<_> = found.collect();
    database
        .expect_list_products()
        .times(1)
        .returning(move |_, _, _, _| {
            let items = items.clone();
            Ok(Some(page(items, 7)))
        });
    let products = [product(FIRST), product(SECOND)].into();
    let expected = Operation::ShowProducts(ShowProducts { products });
    let stocked = [(FIRST, 1), (SECOND, 2)].map(|(number, level)| StockedProduct {
        product: registered(number),
        level: Quantity::new(level).unwrap(),
    });
    let answer = stocked.to_vec();
    database
        .expect_commit()
        .withf(move |_, commands| matches!(commands, [it] if it.operation == expected))
        .times(1)
        .returning(move |_, _| Ok(vec![Ok(Answer::Products(answer.clone()))]));
    let stockroom = stockroom(database, &clock).await;
    let administrator = administrator();
    let (filter, order) = (ProductFilter::default(), ProductOrder::default());
    let listed = stockroom.list_products(&administrator, &filter, order, PageRequest::default());
    let listed = listed.await.unwrap();
    assert_eq!(listed.items, stocked);
    assert_eq!(listed.total, Some(7));
}
