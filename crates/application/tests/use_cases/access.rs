//! In which store a caller may act.

use std::sync::Arc;

use mockall::predicate::eq;
use stockroom_application::ports::ImportUsage;
use stockroom_application::{
    AccessError, Administrator, Caller, Grant, ImportError, ImportRequest,
};
use stockroom_domain::{
    Access, Actor, Answer, CountMany, ImportOptions, Name, Operation, Owner, Store, StoreId,
    Timestamp, TransactMany,
};
use stockroom_files::Profile;

use crate::mock::{TestClock, database, organization, stockroom, uuid};

fn caller(key_owner: Owner) -> Caller {
    Caller {
        organization: organization(),
        actor: Actor {
            key: None,
            key_name: None,
            key_owner,
            acting: key_owner,
        },
        grant: Grant::ClientCredentials,
        access: Access::Full,
        reserved_rate_limit: 0,
    }
}

#[tokio::test]
async fn an_organizations_key_acts_in_its_stores_which_are_looked_up_once() {
    let store = StoreId::new(uuid(2));
    let mut database = database();
    database
        .expect_store()
        .with(eq(organization()), eq(store))
        .times(1)
        .returning(|_, id| {
            Ok(Some(Store {
                id,
                name: Name::new("name", "Store").unwrap(),
                created_at: Timestamp::UNIX_EPOCH,
            }))
        });
    let stockroom = stockroom(database, &TestClock::new()).await;
    for _ in 0..2 {
        let caller = stockroom.act_in(caller(Owner::Organization), store).await;
        let actor = caller.unwrap().actor;
        assert_eq!(actor.acting, Owner::Store(store));
        assert_eq!(actor.key_owner, Owner::Organization);
    }
}

#[tokio::test]
async fn a_store_that_is_not_the_organizations_is_not_found() {
    let mut database = database();
    database.expect_store().returning(|_, _| Ok(None));
    let stockroom = stockroom(database, &TestClock::new()).await;
    let caller = caller(Owner::Organization);
    let refused = stockroom.act_in(caller, StoreId::new(uuid(2))).await;
    assert!(matches!(refused, Err(AccessError::StoreNotFound)));
}

#[tokio::test]
async fn a_stores_key_acts_in_no_other_store() {
    let stockroom = stockroom(database(), &TestClock::new()).await;
    let own = StoreId::new(uuid(2));
    let caller = caller(Owner::Store(own));
    let entered = stockroom.act_in(caller.clone(), own).await.unwrap();
    assert_eq!(entered, caller);
    let refused = stockroom.act_in(caller, StoreId::new(uuid(3))).await;
    assert!(matches!(refused, Err(AccessError::StoreNotFound)));
}

/// A caller whose key may only read.
fn reader() -> Administrator {
    let caller = Caller {
        access: Access::Read,
        ..caller(Owner::Organization)
    };
    caller.administrator().unwrap()
}

#[tokio::test]
async fn who_may_only_read_may_try_a_change_out() {
    let mut database = database();
    database
        .expect_commit()
        .withf(|_, commands| match commands[0].operation {
            Operation::PreviewTransactions(_) | Operation::PreviewCounts(_) => {
                commands[0].idempotency.is_none()
            }
            _ => false,
        })
        .times(2)
        .returning(|_, commands| {
            Ok(vec![Ok(match commands[0].operation {
                Operation::PreviewTransactions(_) => Answer::Lines(vec![]),
                _ => Answer::CountedLines(vec![]),
            })])
        });
    let stockroom = stockroom(database, &TestClock::new()).await;
    let reader = reader();
    let transactions = TransactMany {
        lines: vec![],
        atomic: true,
    };
    let previewed = stockroom.preview_transactions(&reader, transactions);
    assert!(previewed.await.unwrap().is_empty());
    let counts = CountMany {
        counts: vec![],
        as_of: None,
        atomic: true,
    };
    let previewed = stockroom.preview_counts(&reader, counts);
    assert!(previewed.await.unwrap().is_empty());
}

#[tokio::test]
async fn who_may_only_read_imports_nothing_but_in_a_dry_run() {
    let mut database = database();
    database
        .expect_import_usage()
        .times(1)
        .returning(|_| Ok(ImportUsage::default()));
    let stockroom = Arc::new(stockroom(database, &TestClock::new()).await);
    let request = |dry_run| ImportRequest {
        profile: Profile::Stockroom,
        format: None,
        options: ImportOptions {
            dry_run,
            ..ImportOptions::default()
        },
        request_id: None,
    };
    let refused = stockroom.begin_import(&reader(), request(false)).await;
    let refused = refused.err();
    assert!(matches!(
        refused,
        Some(ImportError::Access(AccessError::ReadOnly))
    ));
    assert!(
        stockroom
            .begin_import(&reader(), request(true))
            .await
            .is_ok()
    );
}
