//! What is shown of reservations whose time is over.

use stockroom_application::{Administrator, Page, PageRequest};
use stockroom_domain::{
    Answer, Command, ExpireReservation, Operation, Owner, ProductId, Reservation, ReservationId,
    ReservationState, SettleStock, StockKey, StoreId, Timestamp,
};

use crate::mock::{MockDatabase, TestClock, database, organization, stockroom, uuid};

fn administrator() -> Administrator {
    Administrator::operator(organization(), Owner::Store(StoreId::new(uuid(2))))
}

/// A reservation whose time has been over for long, as it is stored.
fn due(state: ReservationState) -> Reservation {
    Reservation {
        id: ReservationId::new(uuid(7)),
        owner: Owner::Store(StoreId::new(uuid(2))),
        order: None,
        state,
        lines: Vec::new(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
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
            Ok(Page { items, total: 1 })
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
    database.expect_list_stocks().times(1).returning(|_, _, _| {
        let (items, total) = (Vec::new(), 0);
        Ok(Page { items, total })
    });
    let stockroom = stockroom(database, &TestClock::new()).await;
    let administrator = administrator();
    let listed = stockroom.list_stocks(administrator.caller(), &[], PageRequest::default());
    assert_eq!(listed.await.unwrap().total, 0);
}
