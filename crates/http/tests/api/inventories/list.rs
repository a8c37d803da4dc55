//! `GET /v2/inventories`

use insta::assert_snapshot;

use crate::support::{FORMS, TestApp, Transcript, id, query};

const LIST: &str = "/v2/inventories";

#[tokio::test]
async fn listed() {
    let app = TestApp::new().await;
    app.scene().await;
    app.create_stock(&id(2), 5).await;
    app.create_stock(&id(3), 0).await;
    let mut transcript = Transcript::default();
    let filtered = query(LIST, &[("filter", "gt(available,0)"), ("page[limit]", "1")]);
    for form in FORMS {
        for (what, path) in [
            ("all", LIST),
            (
                "a page in the middle",
                "/v2/inventories?page[limit]=1&page[offset]=1",
            ),
            ("a filtered page", filtered.as_str()),
            ("past the end", "/v2/inventories?page[offset]=100"),
        ] {
            let answer = app.get(path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn empty() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        transcript.add(form, &app.get(LIST).form(form).send().await);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for query in [
            "page[limit]=101",
            "page[offset]=10001",
            "page[limit]=1&page[limit]=1",
            "filter=eq(nothing,5)",
            "filter=",
            "filter=eq(available,5)&filter=eq(available,5)",
        ] {
            let answer = app.get(&format!("{LIST}?{query}")).form(form).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}
