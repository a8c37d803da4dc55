//! What the first start makes, and that it is made once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use stockroom_domain::{
    Answer, Name, Operation, Organization, OrganizationId, Owner, Refusal, Settings, Store,
    StoreId, Timestamp,
};
use uuid::Uuid;

use crate::mock::{MockDatabase, TestClock, database, stockroom, uuid};

fn organization(id: OrganizationId) -> Organization {
    Organization {
        id,
        name: Name::new("name", "My organization").unwrap(),
        settings: Settings::default(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// A database that keeps what it is given, and has kept this already. Its first organization is to
/// have the id 1.
fn keeping(kept: &[(&str, Uuid)]) -> MockDatabase {
    let first = ("first_organization", uuid(1));
    let kept = kept.iter().chain([&first]);
    let kept = kept.map(|(name, id)| ((*name).to_owned(), id.as_bytes().to_vec()));
    let kept: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::new(Mutex::new(kept.collect()));
    let mut database = database();
    let read = Arc::clone(&kept);
    database
        .expect_kept()
        .returning(move |name| Ok(read.lock().unwrap().get(name).cloned()));
    database.expect_get_or_keep().returning(move |name, value| {
        let mut kept = kept.lock().unwrap();
        let kept = kept.entry(name.to_owned()).or_insert(value.to_vec());
        Ok(kept.clone())
    });
    database
}

#[tokio::test]
async fn what_was_shown_is_not_made_again() {
    let database = keeping(&[("first_start_shown", uuid(0))]);
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_made_and_never_shown_gets_a_fresh_key() {
    let first = OrganizationId::new(uuid(1));
    let store = Store {
        id: StoreId::new(uuid(2)),
        name: Name::new("name", "My store").unwrap(),
        created_at: Timestamp::UNIX_EPOCH,
    };
    let mut database = keeping(&[
        ("first_start_turn_1", uuid(7)),
        ("first_start_turn_2", uuid(8)),
    ]);
    database
        .expect_organizations()
        .returning(move || Ok(vec![organization(first)]));
    let stores = vec![store.clone()];
    database
        .expect_stores()
        .returning(move |_| Ok(stores.clone()));
    let owner = Owner::Store(store.id);
    database
        .expect_commit()
        .withf(move |_, commands| {
            matches!(commands[0].operation, Operation::CreateKey(_))
                && commands[0].actor.acting == owner
        })
        .times(1)
        .returning(|_, _| Ok(vec![Err(Refusal::TooManyKeys { keys_max: 0 })]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    // That the key is refused shows that it was asked for.
    assert!(stockroom.first_start().await.is_err());
}

#[tokio::test]
async fn an_organization_that_an_operator_made_is_left_alone() {
    let mut database = keeping(&[]);
    database
        .expect_organizations()
        .returning(|| Ok(vec![organization(OrganizationId::new(uuid(9)))]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_second_waits_and_makes_nothing() {
    let mut database = database();
    database.expect_organizations().returning(|| Ok(Vec::new()));
    database
        .expect_get_or_keep()
        .returning(|_, _| Ok(uuid(1).as_bytes().to_vec()));
    let mut looked = 0;
    database.expect_kept().returning(move |name| {
        looked += i32::from(name == "first_start_shown");
        Ok((looked > 10).then(Vec::new))
    });
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.unwrap().is_none());
}

#[tokio::test]
async fn all_servers_agree_on_the_first_organization() {
    let kept = OrganizationId::new(uuid(1));
    let mut database = keeping(&[]);
    database.expect_organizations().returning(|| Ok(Vec::new()));
    database
        .expect_commit()
        .withf(move |tenant, commands| {
            *tenant == kept && matches!(&commands[0].operation, Operation::CreateOrganization(it) if it.id == kept)
        })
        .times(1)
        .returning(move |_, _| Ok(vec![Ok(Answer::Organization(organization(kept)))]));
    database.expect_stores().returning(|_| Ok(Vec::new()));
    // The store that comes next is refused, which ends it.
    database
        .expect_commit()
        .returning(|_, _| Ok(vec![Err(Refusal::OrganizationNotFound)]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.is_err());
}
