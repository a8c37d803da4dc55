//! Changes and readings of stock.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_application::{Error, Writer};
use stockroom_domain::{
    Answer, Balance, EntryHash, Operation, Owner, Policy, ProductId, Quantity, Refusal, Stock,
    StockId, StoreId, Timestamp, Transact, TransactionAction,
};

use crate::mock::{TestClock, database, organization, stockroom, uuid};

fn writer() -> Writer {
    Writer::operator(organization(), Owner::Store(StoreId::new(uuid(2))))
}

pub(crate) fn stock_of(product: ProductId) -> Stock {
    Stock {
        id: StockId::new(uuid(9)),
        product,
        owner: Owner::Organization,
        product_owner: Owner::Organization,
        unlocated: Balance::default(),
        unlocated_held: Quantity::ZERO,
        unlocated_set_aside: Quantity::ZERO,
        located: BTreeMap::new(),
        sequence: 1,
        last_hash: EntryHash([0; 32]),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        next_expiry: None,
        policy: Policy::default(),
    }
}

fn allocation() -> Transact {
    Transact::new(
        ProductId::new(uuid(4)),
        TransactionAction::Allocate,
        Quantity::new(1).unwrap(),
    )
}

#[tokio::test]
async fn a_change_is_committed_as_the_caller() {
    let mut database = database();
    database
        .expect_commit()
        .withf(|tenant, commands| {
            *tenant == organization()
                && commands.len() == 1
                && commands[0].actor == writer().caller().actor
                && commands[0].operation == Operation::Transact(allocation())
        })
        .times(1)
        .returning(|_, _| Ok(vec![Err(Refusal::UnknownStock)]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let refused = stockroom.execute(&writer(), allocation()).await;
    assert!(matches!(
        refused,
        Err(Error::Refused(Refusal::UnknownStock))
    ));
}

#[tokio::test]
async fn a_failing_database_is_no_refusal() {
    let mut database = database();
    database
        .expect_commit()
        .returning(|_, _| Err(StoreError::Unavailable("gone".into())));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let failed = stockroom.execute(&writer(), allocation()).await;
    assert!(matches!(
        failed,
        Err(Error::Store(StoreError::Unavailable(_)))
    ));
}

#[tokio::test]
async fn an_answer_to_something_else_is_a_fault() {
    for outcomes in [Vec::new(), vec![Ok(Answer::Deleted(()))]] {
        let mut database = database();
        database
            .expect_commit()
            .return_once(move |_, _| Ok(outcomes));
        let stockroom = stockroom(database, &TestClock::new()).await;
        let failed = stockroom.execute(&writer(), allocation()).await;
        assert!(matches!(failed, Err(Error::Store(StoreError::Failed(_)))));
    }
}

#[tokio::test]
async fn several_stocks_come_in_the_order_asked_each_once() {
    let ids: Vec<ProductId> = (1..=3).map(|number| ProductId::new(uuid(number))).collect();
    let managed = [ids[0], ids[1]];
    let mut database = database();
    database.expect_stocks().returning(move |_, products| {
        let found = managed.iter().filter(|id| products.contains(id));
        Ok(found.map(|id| stock_of(*id)).collect())
    });
    let stockroom = stockroom(database, &TestClock::new()).await;
    let asked = [
        ids[1].to_string(),
        "no id".to_owned(),
        ids[0].to_string(),
        ids[1].to_string().to_uppercase(),
        ids[2].to_string(),
        "no id".to_owned(),
    ];
    let caller = writer().caller().clone();
    let (stocks, missing) = stockroom.stock_of_several(&caller, &asked).await.unwrap();
    let found: Vec<ProductId> = stocks.iter().map(|stock| stock.product).collect();
    assert_eq!(found, [ids[1], ids[0]]);
    assert_eq!(missing, ["no id".to_owned(), ids[2].to_string()]);
}
