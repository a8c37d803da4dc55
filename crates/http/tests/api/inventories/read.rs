//! `GET /v2/inventories/{product}`

use insta::assert_snapshot;

use crate::support::{FORMS, TestApp, Transcript, id};

#[tokio::test]
async fn found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let request = app.get(&format!("/v2/inventories/{}", scene.stocked));
        transcript.add(form, &request.form(form).send().await);
    }
    app.create_stock(&id(2), 0).await;
    for form in FORMS {
        let request = app.get(&format!("/v2/inventories/{}", id(2)));
        transcript.add(
            format!("{form}: without a location"),
            &request.form(form).send().await,
        );
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn not_found() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    app.delete(&format!("/v2/inventories/{}", scene.stocked))
        .send()
        .await
        .expect_status(204);
    let mut transcript = Transcript::default();
    for form in FORMS {
        for (what, id) in [
            ("never managed", id(2)),
            ("no longer managed", scene.stocked.clone()),
            ("registered, but not managed", scene.product.clone()),
            ("no id", "5".to_owned()),
        ] {
            let answer = app
                .get(&format!("/v2/inventories/{id}"))
                .form(form)
                .send()
                .await;
            answer.expect_status(404);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn an_id_is_read_in_letters_of_either_case() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let upper = format!("/v2/inventories/{}", scene.stocked.to_uppercase());
    let answer = app.get(&upper).send().await;
    answer.expect_status(200);
    assert_eq!(answer.data()["id"], scene.stocked);
}

#[tokio::test]
async fn the_header_chooses_the_form() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let path = format!("/v2/inventories/{}", scene.stocked);
    for (value, multi_location) in [
        (Some("true"), true),
        (Some("True"), true),
        (Some("false"), false),
        (Some(""), false),
        (None, false),
    ] {
        let request = app.get(&path);
        let request = match value {
            Some(value) => request.header("ep-inventories-multi-location", value),
            None => request,
        };
        let data = request.send().await.data();
        assert_eq!(
            data.get("attributes").is_some(),
            multi_location,
            "{value:?}"
        );
        assert_eq!(data.get("total").is_none(), multi_location, "{value:?}");
    }
}
