//! In which store a caller may act.

use mockall::predicate::eq;
use stockroom_application::{AccessError, Caller, Grant};
use stockroom_domain::{Actor, Name, Owner, Store, StoreId, Timestamp};

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
