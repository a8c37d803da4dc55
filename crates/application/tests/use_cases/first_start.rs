//! What the first start makes, and that it is made once.

use stockroom_domain::{
    Answer, Name, Operation, Organization, OrganizationId, Refusal, Settings, Timestamp,
};

use crate::mock::{TestClock, database, stockroom, uuid};

fn organization(id: OrganizationId) -> Organization {
    Organization {
        id,
        name: Name::new("name", "My organization").unwrap(),
        settings: Settings::default(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_database_with_an_organization_is_left_alone() {
    let mut database = database();
    database
        .expect_organizations()
        .returning(|| Ok(vec![organization(OrganizationId::new(uuid(1)))]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_comes_second_makes_nothing() {
    let mut database = database();
    database.expect_organizations().returning(|| Ok(Vec::new()));
    database
        .expect_get_or_keep()
        .returning(|_, _| Ok(uuid(1).as_bytes().to_vec()));
    database
        .expect_commit()
        .times(1)
        .returning(|_, _| Ok(vec![Err(Refusal::OrganizationExists)]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.unwrap().is_none());
}

#[tokio::test]
async fn all_servers_agree_on_the_first_organization() {
    let kept = OrganizationId::new(uuid(1));
    let mut database = database();
    database.expect_organizations().returning(|| Ok(Vec::new()));
    database
        .expect_get_or_keep()
        .returning(|_, _| Ok(uuid(1).as_bytes().to_vec()));
    database
        .expect_commit()
        .withf(move |tenant, commands| {
            *tenant == kept && matches!(&commands[0].operation, Operation::CreateOrganization(it) if it.id == kept)
        })
        .times(1)
        .returning(move |_, _| Ok(vec![Ok(Answer::Organization(organization(kept)))]));
    // The store that comes next is refused, which ends it.
    database
        .expect_commit()
        .returning(|_, _| Ok(vec![Err(Refusal::OrganizationNotFound)]));
    let stockroom = stockroom(database, &TestClock::new()).await;
    assert!(stockroom.first_start().await.is_err());
}
