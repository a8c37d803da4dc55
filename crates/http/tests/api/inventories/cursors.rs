//! Pages by `page[after]`, and what is no cursor of a list.

use insta::assert_snapshot;

use crate::support::{FORMS, TestApp, Transcript, id, query};

/// More than offsets reach.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.create_many_stocks(10_005).await;
    app
}

/// The link behind the last page that an offset reaches.
async fn link(app: &TestApp, parameters: &[(&str, &str)]) -> String {
    let far = [("page[offset]", "10000")];
    let path = query("/v2/inventories", &[parameters, &far].concat());
    let answer = app.get(&path).send().await;
    let next = answer.json()["links"]["next"].take();
    next.as_str().unwrap().to_owned()
}

fn cursor_of(link: &str) -> String {
    let (_, query) = link.split_once('?').unwrap();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let cursor = parameters.find(|(name, _)| name == "page[after]");
    cursor.unwrap().1.into_owned()
}

#[tokio::test]
async fn paged() {
    let app = app().await;
    let limit = ("page[limit]", "2");
    let filtered = ("filter", "ge(total,0)");
    let mut transcript = Transcript::default();
    for parameters in [vec![limit], vec![limit, filtered]] {
        let next = link(&app, &parameters).await;
        for form in FORMS {
            let answer = app.get(&next).form(form).send().await;
            transcript.add(form, &answer);
            let next = answer.json()["links"]["next"].take();
            let answer = app.get(next.as_str().unwrap()).form(form).send().await;
            transcript.add(format!("{form}, the last"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = app().await;
    let list = "/v2/inventories";
    let cursor = cursor_of(&link(&app, &[("page[limit]", "2")]).await);
    let filtered = ("filter", "ge(total,0)");
    let of_filtered = cursor_of(&link(&app, &[("page[limit]", "2"), filtered]).await);
    let longer = format!("{cursor}AAAA");
    let other_version = format!("B{}", &cursor[1..]);
    let holds = format!("/v2/inventories/{}/holds", id(5));
    let mut transcript = Transcript::default();
    for (what, path, parameters) in [
        (
            "another filter",
            list,
            vec![("page[after]", cursor.as_str()), filtered],
        ),
        (
            "no filter",
            list,
            vec![("page[after]", of_filtered.as_str())],
        ),
        (
            "a time",
            list,
            vec![("page[after]", &cursor), ("at", "2026-01-31T09:30:00Z")],
        ),
        (
            "another list",
            "/v2/products",
            vec![("page[after]", &cursor)],
        ),
        (
            "another list",
            "/v2/inventories/locations",
            vec![("page[after]", &cursor)],
        ),
        (
            "another list",
            "/v2/inventories/reservations",
            vec![("page[after]", &cursor)],
        ),
        (
            "another list",
            "/v2/application-keys",
            vec![("page[after]", &cursor)],
        ),
        (
            "another list",
            holds.as_str(),
            vec![("page[after]", &cursor)],
        ),
        (
            "beside an offset",
            list,
            vec![("page[after]", &cursor), ("page[offset]", "0")],
        ),
        (
            "twice",
            list,
            vec![("page[after]", &cursor), ("page[after]", &cursor)],
        ),
        ("nothing", list, vec![("page[after]", "")]),
        (
            "an id",
            list,
            vec![("page[after]", "15fbeab0-75a3-4d6b-b23b-000000000001")],
        ),
        ("too short", list, vec![("page[after]", &cursor[..20])]),
        ("too long", list, vec![("page[after]", &longer)]),
        (
            "of another version",
            list,
            vec![("page[after]", &other_version)],
        ),
        ("no text of a cursor", list, vec![("page[after]", "ä+/=")]),
    ] {
        let answer = app.get(&query(path, &parameters)).send().await;
        answer.expect_status(400);
        transcript.add(what, &answer);
    }
    assert_snapshot!(transcript.text());
}

/// Of what a list takes no notice, its cursors don't either.
#[tokio::test]
async fn an_unknown_order_is_no_other_order() {
    let app = app().await;
    let cursor = cursor_of(&link(&app, &[("page[limit]", "2"), ("sort", "-name")]).await);
    let path = query("/v2/inventories", &[("page[after]", &cursor)]);
    assert_eq!(
        app.get(&path).send().await.ids(),
        [id(10_002), id(10_003), id(10_004)]
    );
}
