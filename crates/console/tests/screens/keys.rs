//! Application keys.

use axum::http::{StatusCode, header};
use stockroom_application::{NewKey, PageRequest, TokenRequest};
use stockroom_domain::{Access, ApplicationKey, Owner};

use crate::support::{Answer, Shop, new_key};

impl Shop {
    async fn keys(&self) -> Vec<ApplicationKey> {
        let owner = self.owner();
        let page = PageRequest::from_offset(100, 0);
        let found = self.stockroom.list_keys(owner.administrator(), page);
        found.await.unwrap().page.items
    }

    async fn other_key(&self) -> NewKey {
        let owner = self.owner();
        let key = self.stockroom.create_key(&owner, new_key("ERP <1>"));
        key.await.unwrap()
    }
}

fn shown(shop: &Shop, page: &Answer, keys: &[ApplicationKey]) -> String {
    let mut text = page.main().replace(&shop.store.id.to_string(), "STORE");
    for (index, key) in keys.iter().enumerate() {
        text = text.replace(&key.id.to_string(), &format!("KEY-{index}"));
        text = text.replace(&key.client_id, &format!("CLIENT-{index}"));
    }
    text
}

#[tokio::test]
async fn the_list_shows_the_keys_of_a_level() {
    let mut shop = Shop::open().await;
    shop.other_key().await;
    let page = shop.page("/keys").await;
    insta::assert_snapshot!(shown(&shop, &page, &shop.keys().await));
    let mut shop = Shop::of_organization().await;
    let page = shop.get("/console/organization/keys").await;
    assert!(page.body.contains("Head office") && !page.body.contains("Warehouse"));
}

#[tokio::test]
async fn long_lists_have_pages() {
    let mut shop = Shop::open().await;
    for _ in 0..60 {
        shop.other_key().await;
    }
    let page = shop.page("/keys").await;
    assert_eq!(page.body.matches("<tr id=\"key-").count(), 50);
    let next = &page.body[page.body.find("rel=\"next\" href=\"").unwrap() + 17..];
    let next = next[..next.find('"').unwrap()].to_owned();
    let page = shop.get(&next).await;
    assert_eq!(page.body.matches("<tr id=\"key-").count(), 11);
}

#[tokio::test]
async fn the_secret_of_a_new_key_is_shown_once() {
    let mut shop = Shop::open().await;
    let page = shop.page("/keys/new").await;
    insta::assert_snapshot!("new", shown(&shop, &page, &[]));
    let fields = [
        ("name", "ERP <1>"),
        ("access", "read"),
        ("reserved", "5"),
        ("implicit", "on"),
    ];
    let answer = shop.post("/keys", &fields).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let keys = shop.keys().await;
    let key = keys.last().unwrap();
    assert_eq!((key.name.as_str(), key.access), ("ERP <1>", Access::Read));
    assert_eq!((key.reserved_rate_limit, key.allow_implicit), (5, true));
    let secret = &answer.body[answer.body.find("client_secret=").unwrap() + 14..];
    let secret = secret[..64].to_owned();
    let text = shown(&shop, &answer, &keys).replace(&secret, "SECRET");
    insta::assert_snapshot!("secret", text);
    let request = TokenRequest::ClientCredentials {
        client_id: key.client_id.clone(),
        client_secret: secret.clone(),
    };
    assert!(shop.stockroom.issue_token(request).await.is_ok());
    for path in ["/keys".to_owned(), format!("/keys/{}", key.id)] {
        let page = shop.page(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains(&secret) && !page.body.contains("<1>"));
    }
}

#[tokio::test]
async fn a_key_is_edited() {
    let mut shop = Shop::open().await;
    let key = shop.other_key().await.key;
    let path = format!("/keys/{}", key.id);
    let page = shop.page(&path).await;
    insta::assert_snapshot!(shown(&shop, &page, std::slice::from_ref(&key)));
    shop.clock.advance_seconds(5);
    let seen = key.updated_at.to_string();
    let mut fields = vec![
        ("name", "ERP <1>"),
        ("access", "full"),
        ("reserved", "0"),
        ("seen", seen.as_str()),
    ];
    let page = shop.do_and_see(&path, &fields).await;
    assert!(page.body.contains("Nothing was to be changed."));
    fields[0] = ("name", "Shop");
    fields[1] = ("access", "read");
    fields[2] = ("reserved", "7");
    fields.push(("implicit", "on"));
    let page = shop.do_and_see(&path, &fields).await;
    assert!(page.body.contains("Saved."));
    let keys = shop.keys().await;
    let changed = keys.iter().find(|it| it.id == key.id).unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.access),
        ("Shop", Access::Read)
    );
    assert_eq!(
        (changed.reserved_rate_limit, changed.allow_implicit),
        (7, true)
    );

    let answer = shop.post(&path, &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Somebody has changed this key"));
}

#[tokio::test]
async fn a_form_that_is_refused_stays_typed() {
    let mut shop = Shop::open().await;
    let key = shop.other_key().await.key;
    let seen = key.updated_at.to_string();
    for path in ["/keys".to_owned(), format!("/keys/{}", key.id)] {
        for (field, value, told) in [
            (
                "name",
                " ",
                "The name must be a text of 1 to 1024 characters.",
            ),
            (
                "reserved",
                "many",
                "“many” isn&#39;t a whole number of requests per second",
            ),
            (
                "reserved",
                "4294967296",
                "isn&#39;t a whole number of requests per second",
            ),
        ] {
            let fields = [
                ("name", "Shop & more"),
                ("reserved", "7"),
                ("access", "read"),
                ("seen", &*seen),
            ];
            let mut fields = fields.to_vec();
            fields.retain(|(name, _)| *name != field);
            fields.push((field, value));
            let answer = shop.post(&path, &fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{told}");
            assert!(answer.body.contains(told), "{}", answer.main());
            assert!(answer.body.contains("<option value=\"read\" selected>"));
            assert!(
                answer
                    .body
                    .contains(&format!("name=\"{field}\" value=\"{value}\""))
            );
        }
    }
    assert_eq!(shop.keys().await.len(), 2);
}

#[tokio::test]
async fn a_key_is_revoked() {
    let mut shop = Shop::open().await;
    let key = shop.other_key().await;
    let page = shop.page(&format!("/keys/{}", key.key.id)).await;
    assert!(!page.body.contains("You will be signed out"));
    let page = shop
        .do_and_see(&format!("/keys/{}/revoke", key.key.id), &[])
        .await;
    assert!(
        page.body
            .contains("Revoked. It stops working everywhere within a second.")
    );
    let request = TokenRequest::ClientCredentials {
        client_id: key.key.client_id,
        client_secret: key.client_secret,
    };
    assert!(shop.stockroom.issue_token(request).await.is_err());

    let own = shop.key.key.id;
    let page = shop.page(&format!("/keys/{own}")).await;
    assert!(
        page.body
            .contains("You are signed in with this key. You will be signed out at once")
    );
    let answer = shop.post(&format!("/keys/{own}/revoke"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let list = answer.location().to_owned();
    let answer = shop.get(&list).await;
    assert!(answer.location().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn others_keys_are_not_found_and_a_key_that_looks_changes_nothing() {
    let mut shop = Shop::open().await;
    let owner = shop.operator(Owner::Organization);
    let theirs = shop.stockroom.create_key(&owner, new_key("Head office"));
    let theirs = theirs.await.unwrap().key.id;
    for path in [format!("/keys/{theirs}"), "/keys/nonsense".to_owned()] {
        assert_eq!(shop.page(&path).await.status, StatusCode::NOT_FOUND);
        for path in [path.clone(), format!("{path}/revoke")] {
            let answer = shop.post(&path, &[("name", "x")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
        }
    }
    let own = shop.key.key.id;
    shop.look_only().await;
    let page = shop.page(&format!("/keys/{own}")).await;
    assert!(!page.main().contains("<form"), "{}", page.main());
    assert!(!shop.page("/keys").await.main().contains("/keys/new"));
    assert_eq!(shop.page("/keys/new").await.status, StatusCode::FORBIDDEN);
    for path in [
        "/keys".to_owned(),
        format!("/keys/{own}"),
        format!("/keys/{own}/revoke"),
    ] {
        let answer = shop.post(&path, &[("name", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}
