//! Signing in and out, and what protects a session.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::support::Shop;

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let mut shop = Shop::closed().await;
    let stock = shop.path("/stock?q=a");
    let answer = shop.get(&stock).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let sign_in = answer.location().to_owned();
    assert!(sign_in.starts_with("/console/sign-in?next="), "{sign_in}");
    let form = shop.get(&sign_in).await;
    insta::assert_snapshot!(form.main().replace(&shop.store.id.to_string(), "STORE"));
    let key = shop.key.clone();
    let fields = [
        ("client_id", key.key.client_id.as_str()),
        ("client_secret", &key.client_secret),
        ("next", &stock),
    ];
    let answer = shop.post_as_is("/console/sign-in", &fields).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, &*stock)
    );
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    assert_eq!(shop.get(&stock).await.status, StatusCode::OK);
    let answer = shop.get("/console/").await;
    assert_eq!(answer.location(), shop.path("/"));
    let answer = shop.post_as_is("/console/sign-out", &[]).await;
    assert_eq!(answer.location(), "/console/sign-in");
    assert!(shop.cookies().is_empty());
    assert_eq!(shop.get(&stock).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_names_nothing() {
    let mut shop = Shop::closed().await;
    let client_id = shop.key.key.client_id.clone();
    for client_id in [client_id.as_str(), "<script>"] {
        let fields = [("client_id", client_id), ("client_secret", "wrong")];
        let answer = shop.post_as_is("/console/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let problem =
            "<p class=\"problem\" role=\"alert\">The client id or the secret is wrong.</p>";
        assert!(answer.body.contains(problem));
        assert!(!answer.body.contains("<script>") && !answer.body.contains("value=\"wrong\""));
        assert!(shop.cookies().is_empty());
    }
}

#[tokio::test]
async fn a_session_is_not_sent_over_an_open_network() {
    let mut shop = Shop::closed().await;
    let key = shop.key.clone();
    let form = format!(
        "client_id={}&client_secret={}",
        key.key.client_id, key.client_secret
    );
    for (origin, status) in [
        ("http://10.0.0.7:8080", StatusCode::FORBIDDEN),
        ("https://10.0.0.7:8080", StatusCode::SEE_OTHER),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("http://10.0.0.7:8080/console/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", "same-origin");
        let mut request = request.body(Body::from(form.clone())).unwrap();
        request
            .headers_mut()
            .insert(header::HOST, "10.0.0.7:8080".parse().unwrap());
        let answer = shop.send_whole(request).await;
        assert_eq!(answer.status, status, "{origin}");
    }
    let [(name, _)] = shop.cookies() else {
        panic!("{:?}", shop.cookies());
    };
    assert_eq!(name, "__Host-stockroom");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let mut shop = Shop::open().await;
    let path = shop.path("/stock/changes");
    for (site, origin) in [
        (Some("cross-site"), "https://evil.example"),
        (Some("same-site"), "https://evil.localhost"),
        (None, "https://evil.example"),
        (None, "null"),
    ] {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let answer = shop.send(request, Body::from("all=%2B5")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site:?} {origin}");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_key_is_revoked_or_it_is_not_used() {
    let mut shop = Shop::open().await;
    shop.clock.advance_seconds(11 * 3_600);
    assert_eq!(shop.page("/stock").await.status, StatusCode::OK);
    shop.clock.advance_seconds(11 * 3_600);
    assert_eq!(
        shop.page("/stock").await.status,
        StatusCode::OK,
        "it was renewed"
    );
    shop.clock.advance_seconds(12 * 3_600);
    assert_eq!(shop.page("/stock").await.status, StatusCode::SEE_OTHER);

    let key = shop.key.clone();
    shop.sign_in(&key).await;
    assert_eq!(shop.page("/stock").await.status, StatusCode::OK);
    shop.stockroom
        .delete_key(&shop.owner(), key.key.id)
        .await
        .unwrap();
    assert_eq!(shop.page("/stock").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_token_of_the_api_is_no_session() {
    let mut shop = Shop::open().await;
    let token = stockroom_application::TokenRequest::ClientCredentials {
        client_id: shop.key.key.client_id.clone(),
        client_secret: shop.key.client_secret.clone(),
    };
    let token = shop
        .stockroom
        .issue_token(token)
        .await
        .ok()
        .unwrap()
        .access_token;
    shop.forget_cookies();
    let path = shop.path("/stock");
    let request = Request::builder().uri(&path);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let answer = shop.send(request, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    shop.set_cookie("stockroom-local", &token);
    assert_eq!(shop.get(&path).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_key_of_a_store_sees_no_other_level() {
    let mut shop = Shop::open().await;
    let other = stockroom_domain::Name::new("name", "Acme Paris").unwrap();
    let other = shop
        .stockroom
        .create_store(shop.organization.id, other)
        .await
        .unwrap();
    for path in [
        "/console/organization/stock".to_owned(),
        format!("/console/stores/{}/stock", other.id),
        "/console/stores/nonsense/stock".to_owned(),
        "/console/nothing/at/all".to_owned(),
    ] {
        assert_eq!(
            shop.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let mut shop = Shop::of_organization().await;
    assert_eq!(
        shop.get("/console/organization/stock").await.status,
        StatusCode::OK
    );
    assert_eq!(shop.page("/stock").await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_and_files_have_their_headers() {
    let mut shop = Shop::open().await;
    let page = shop.page("/stock").await;
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert!(!page.body.contains(" style=") && !page.body.contains(" onclick="));
    let from = page.body.find("/console/assets/console-").unwrap();
    let to = page.body[from..].find('"').unwrap() + from;
    let style = page.body[from..to].to_owned();
    let style = shop.get(&style).await;
    assert_eq!(style.status, StatusCode::OK);
    assert_eq!(
        style.headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    let missing = shop.get("/console/assets/console-0.css").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_theme_is_kept() {
    let mut shop = Shop::open().await;
    let stock = shop.path("/stock");
    assert!(shop.get(&stock).await.body.contains("data-theme=\"auto\""));
    let fields = [("theme", "dark"), ("next", &*stock)];
    let answer = shop.post_as_is("/console/theme", &fields).await;
    assert_eq!(answer.location(), stock);
    assert!(shop.get(&stock).await.body.contains("data-theme=\"dark\""));
}
