//! `GET /v2/inventories/{product}/transactions`

use insta::assert_snapshot;

use crate::support::{FORMS, TestApp, Transcript, id, query};

fn path(product: &str) -> String {
    format!("/v2/inventories/{product}/transactions")
}

#[tokio::test]
async fn listed() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    let list = path(&scene.stocked);
    for form in FORMS {
        for (what, path) in [
            ("all", list.clone()),
            ("a page", format!("{list}?page[limit]=1&page[offset]=1")),
            (
                "filtered",
                query(&list, &[("filter", "eq(location,berlin)")]),
            ),
            ("past the end", format!("{list}?page[offset]=10000")),
        ] {
            let answer = app.get(&path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for query in [
            "page[limit]=101",
            "page[offset]=10001",
            "filter=eq(available,5)",
        ] {
            let path = format!("{}?{query}", path(&scene.stocked));
            let answer = app.get(&path).form(form).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for id in [id(404), scene.product.clone(), "5".to_owned()] {
            let answer = app.get(&path(&id)).form(form).send().await;
            answer.expect_status(404);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}
