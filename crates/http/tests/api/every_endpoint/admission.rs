//! Clients that send half a request, or go away: nobody else notices.

use axum::body::Body;
use futures::{poll, stream};
use serde_json::json;
use stockroom_domain::Owner;
use stockroom_http::Options;

use crate::support::{Answer, Failure, TestApp, TestRequest};

const PRODUCT: &str = "15fbeab0-75a3-4d6b-b23b-9db7455c077e";

/// Few places, so that they are soon taken.
fn few_places() -> Options {
    Options {
        concurrent_requests_max: 4,
        ..Options::default()
    }
}

/// The beginning of a body, of which the rest never comes.
fn half(begin: &str) -> Body {
    let begin = Ok::<_, std::io::Error>(begin.as_bytes().to_vec());
    let never = stream::pending();
    Body::from_stream(futures::StreamExt::chain(
        stream::once(async { begin }),
        never,
    ))
}

/// Sends requests whose bodies never come to their end, until they wait for more.
async fn send_halves<'a>(
    count: usize,
    request: impl Fn() -> TestRequest<'a>,
) -> Vec<std::pin::Pin<Box<dyn Future<Output = Answer> + 'a>>> {
    let mut waiting = Vec::new();
    for _ in 0..count {
        let mut sent: std::pin::Pin<Box<dyn Future<Output = Answer>>> =
            Box::pin(request().send_with(half("{\"data\"")));
        assert!(poll!(&mut sent).is_pending());
        waiting.push(sent);
    }
    give_time().await;
    waiting
}

/// Gives the tasks of requests time to come to where they wait.
async fn give_time() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn half_requests_for_tokens_keep_nobody_out() {
    let mut app = TestApp::new().await;
    app.set_options(few_places());
    let token = || app.post_nothing("/oauth/access_token");
    let _halves = send_halves(20, token).await;
    app.get("/v2/inventories").send().await.expect_status(200);
    let key = app.key(Owner::Organization, false).await;
    app.token_for(&key.key.client_id, &key.client_secret).await;
}

#[tokio::test]
async fn an_organization_has_half_of_the_places() {
    let mut app = TestApp::new().await;
    let (_, stranger, _) = app.stranger().await;
    app.set_options(few_places());
    let body = json!({ "data": { "quantity": 1 } });
    let create = || app.post("/v2/inventories", &body);
    let _halves = send_halves(2, create).await;
    let answer = app.get("/v2/inventories").send().await;
    answer.expect_status(503);
    let detail = "The organization has too many requests at once (limit 2)";
    assert_eq!(answer.detail(), detail);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let others = app.get("/v2/inventories").token(&stranger);
    others.send().await.expect_status(200);
}

#[tokio::test]
async fn half_batches_hinder_only_their_own_key() {
    let app = TestApp::new().await;
    let (_, stranger, _) = app.stranger().await;
    let line = json!({ "product_id": PRODUCT, "action": "increment", "quantity": 1 });
    let body = json!({ "data": [line] });
    let batch = || app.post("/v2/inventories/transactions", &body);
    let _halves = send_halves(4, batch).await;
    let mut next = Box::pin(batch().send());
    assert!(poll!(&mut next).is_pending());
    let sister = app.token_of(Owner::Store(app.store.id)).await;
    for token in [&stranger, &sister, &app.organization_token] {
        batch().token(token).send().await.expect_status(207);
    }
    assert!(poll!(&mut next).is_pending(), "the key's next batch waits");
}

/// A search that has begun is finished; one that waits for its turn goes with its client.
#[tokio::test]
async fn searches_whose_clients_have_gone_take_no_turn() {
    const SEARCHES_AT_ONCE: usize = 2;
    let mut app = TestApp::new().await;
    let options = Options {
        concurrent_requests_max: 8,
        ..Options::default()
    };
    app.break_database(Failure::Hang, options).await;
    let search = || app.get("/v2/inventories?filter=gt(available,1)");
    let mut searches = Vec::new();
    for _ in 0..4 {
        let mut sent = Box::pin(search().send());
        assert!(poll!(&mut sent).is_pending());
        searches.push(sent);
        give_time().await;
    }
    search().send().await.expect_status(503);

    drop(searches.split_off(SEARCHES_AT_ONCE));
    give_time().await;
    let mut next: Vec<_> = (0..2).map(|_| Box::pin(search().send())).collect();
    for next in &mut next {
        assert!(poll!(next).is_pending());
        give_time().await;
    }
    drop(searches);
    give_time().await;
    let answer = search().send().await;
    answer.expect_status(503);
    assert_eq!(
        answer.detail(),
        "The organization has too many requests at once (limit 4)"
    );
}

#[tokio::test]
async fn a_change_is_made_though_its_client_has_gone() {
    let app = TestApp::new().await;
    app.create_stock(PRODUCT, 5).await;
    let path = format!("/v2/inventories/{PRODUCT}/transactions");
    let body = json!({ "data": { "action": "increment", "quantity": 2 } });
    let mut sent = Box::pin(app.post(&path, &body).send());
    assert!(poll!(&mut sent).is_pending());
    drop(sent);
    loop {
        let [available, ..] = app.figures(PRODUCT).await;
        if available != 5 {
            assert_eq!(available, 7);
            return;
        }
    }
}
