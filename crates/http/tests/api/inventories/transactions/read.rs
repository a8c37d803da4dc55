//! `GET /v2/inventories/{product}/transactions/{transaction}`

use insta::assert_snapshot;

use crate::support::{FORMS, TestApp, Transcript, id};

fn path(product: &str, transaction: &str) -> String {
    format!("/v2/inventories/{product}/transactions/{transaction}")
}

#[tokio::test]
async fn found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let list = format!("/v2/inventories/{}/transactions", scene.stocked);
    let all = app.get(&list).send().await.ids();
    let mut transcript = Transcript::default();
    for form in FORMS {
        let listed = app.get(&list).form(form).send().await.data();
        for (index, transaction) in all.iter().enumerate() {
            let answer = app
                .get(&path(&scene.stocked, transaction))
                .form(form)
                .send()
                .await;
            answer.expect_status(200);
            assert_eq!(answer.data(), listed[index]);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.create_stock(&id(2), 5).await;
    let of_another = app.transact(&id(2), "increment", 1).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, product, transaction) in [
            ("unknown", &scene.stocked, id(404)),
            ("another product's", &scene.stocked, of_another.clone()),
            ("of an unknown product", &id(404), scene.transaction.clone()),
            ("no id", &scene.stocked, "5".to_owned()),
            (
                "no id of a product",
                &"5".to_owned(),
                scene.transaction.clone(),
            ),
        ] {
            let answer = app
                .get(&path(product, &transaction))
                .form(form)
                .send()
                .await;
            answer.expect_status(404);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}
