//! `GET /v2/inventories/locations`

use insta::assert_snapshot;
use serde_json::json;

use super::PATH;
use crate::support::{FORMS, TestApp, Transcript, query};

/// Locations with and without a geolocation; gives their ids by name.
async fn cities(app: &TestApp) -> impl Fn(&[&str]) -> Vec<String> {
    let mut ids = std::collections::BTreeMap::new();
    for (slug, point) in [
        ("nowhere", None),
        ("tokyo", Some((35.68, 139.65))),
        ("berlin", Some((52.52, 13.40))),
        ("elsewhere", None),
        ("suva", Some((-18.14, 178.44))),
        ("apia", Some((-13.83, -171.76))),
        ("hamburg", Some((53.55, 9.99))),
    ] {
        let point = point.map(|(lat, lon)| json!({ "lat": lat, "lon": lon }));
        let body = json!({ "data": { "name": slug, "slug": slug, "geolocation": point } });
        let id = app.post(PATH, &body).send().await.created_id();
        ids.insert(slug.to_owned(), id);
    }
    move |slugs| slugs.iter().map(|slug| ids[*slug].clone()).collect()
}

#[tokio::test]
async fn listed() {
    let app = TestApp::new().await;
    app.scene().await;
    let mut transcript = Transcript::default();
    let filtered = query(PATH, &[("filter", "like(slug,*er*)"), ("page[limit]", "1")]);
    for form in FORMS {
        for (what, path) in [
            ("all", PATH),
            (
                "a page",
                "/v2/inventories/locations?page[limit]=1&page[offset]=1",
            ),
            ("filtered", &filtered),
            (
                "past the end",
                "/v2/inventories/locations?page[offset]=10000",
            ),
        ] {
            let answer = app.get(path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(format!("{form}: {what}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn sorted_by_distance() {
    let app = TestApp::new().await;
    let _ids = cities(&app).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let request = app.get("/v2/inventories/locations?sort=location&page[limit]=2");
        let answer = request
            .form(form)
            .header("ep-geolocation", "52.5,13.4")
            .send()
            .await;
        answer.expect_status(200);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        for query in [
            "sort=location",
            "sort=name",
            "sort=-priority",
            "page[limit]=101",
            "page[offset]=10001",
            "filter=eq(description,x)",
            "filter=eq(enabled,yes)",
            "filter=like(enabled,t*)",
            "filter=eq(priority,5)",
        ] {
            let answer = app.get(&format!("{PATH}?{query}")).form(form).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn the_nearest_come_first_and_those_without_a_place_last() {
    let app = TestApp::new().await;
    let ids = cities(&app).await;
    for (point, expected) in [
        (
            "52.5,13.4",
            [
                "berlin",
                "hamburg",
                "tokyo",
                "apia",
                "suva",
                "nowhere",
                "elsewhere",
            ],
        ),
        (
            "53.5, 10.0",
            [
                "hamburg",
                "berlin",
                "tokyo",
                "apia",
                "suva",
                "nowhere",
                "elsewhere",
            ],
        ),
        // Across the date line.
        (
            "-17,-179.9",
            [
                "suva",
                "apia",
                "tokyo",
                "hamburg",
                "berlin",
                "nowhere",
                "elsewhere",
            ],
        ),
        (
            "-14,-172",
            [
                "apia",
                "suva",
                "tokyo",
                "hamburg",
                "berlin",
                "nowhere",
                "elsewhere",
            ],
        ),
    ] {
        let all = app
            .get(&format!("{PATH}?sort=location"))
            .header("ep-geolocation", point);
        assert_eq!(all.send().await.ids(), ids(&expected), "{point}");
        // The order is kept over pages, to which the links lead with the same header.
        let mut seen = Vec::new();
        let mut link = Some(format!("{PATH}?sort=location&page[limit]=3"));
        while let Some(path) = link {
            let page = app.get(&path).header("ep-geolocation", point).send().await;
            seen.extend(page.ids());
            link = page.json()["links"]["next"].as_str().map(ToOwned::to_owned);
        }
        assert_eq!(seen, ids(&expected), "{point}");
    }
    let filtered = query(PATH, &[("sort", "location"), ("filter", "like(slug,*er*)")]);
    let filtered = app
        .get(&filtered)
        .header("ep-geolocation", "52.5,13.4")
        .send()
        .await;
    assert_eq!(filtered.ids(), ids(&["berlin", "nowhere", "elsewhere"]));
    // Without `sort` the header does nothing.
    let unsorted = app
        .get(PATH)
        .header("ep-geolocation", "52.5,13.4")
        .send()
        .await;
    assert_eq!(unsorted.ids()[0], ids(&["nowhere"])[0]);
}

/// Creates locations of these slugs; gives their ids.
async fn ranked(app: &TestApp, locations: &[(&str, Option<u64>)]) -> Vec<String> {
    let mut ids = Vec::new();
    for (slug, priority) in locations {
        let body = json!({ "data": { "name": slug, "slug": slug, "priority": priority } });
        ids.push(app.post(PATH, &body).send().await.created_id());
    }
    ids
}

#[tokio::test]
async fn the_lowest_priority_comes_first_and_then_the_oldest() {
    let app = TestApp::new().await;
    let ids = ranked(
        &app,
        &[
            ("usual", None),
            ("last", Some(1_000_000)),
            ("first", Some(0)),
            ("usual-too", Some(1_000)),
            ("second", Some(999)),
        ],
    )
    .await;
    let expected = [2, 4, 0, 3, 1].map(|place: usize| ids[place].clone());
    let all = app.get(&format!("{PATH}?sort=priority")).send().await;
    assert_eq!(all.ids(), expected);
    assert_eq!(all.json()["meta"]["results"]["total"], 5);
    let mut seen = Vec::new();
    let mut link = Some(format!("{PATH}?sort=priority&page[limit]=2"));
    while let Some(path) = link {
        let page = app.get(&path).send().await;
        page.expect_status(200);
        seen.extend(page.ids());
        link = page.json()["links"]["next"].as_str().map(ToOwned::to_owned);
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn locations_are_filtered_by_whether_they_are_enabled() {
    let app = TestApp::new().await;
    let ids = ranked(
        &app,
        &[("one", Some(2)), ("two", Some(1)), ("three", Some(0))],
    )
    .await;
    let path = format!("{PATH}/{}", ids[1]);
    let body = json!({ "data": { "enabled": false } });
    app.put(&path, &body).send().await.expect_status(200);
    for (filter, sort, expected) in [
        ("eq(enabled,true)", None, vec![0, 2]),
        ("eq(enabled,false)", None, vec![1]),
        ("in(enabled,true,false)", None, vec![0, 1, 2]),
        ("eq(enabled,true)", Some("priority"), vec![2, 0]),
        ("eq(enabled,false):eq(slug,one)", None, vec![]),
    ] {
        let sort = sort.map(|sort| ("sort", sort));
        let parameters: Vec<_> = [("filter", filter)].into_iter().chain(sort).collect();
        let found = app.get(&query(PATH, &parameters)).send().await;
        let expected: Vec<&String> = expected
            .into_iter()
            .map(|place: usize| &ids[place])
            .collect();
        assert_eq!(found.ids().iter().collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_point_off_the_globe_is_refused() {
    let app = TestApp::new().await;
    let _ids = cities(&app).await;
    for point in [
        "",
        "52.5",
        "52.5;13.4",
        "52.5,13.4,5",
        "91,0",
        "0,181",
        "NaN,NaN",
        "inf,0",
        "a,b",
        ",",
    ] {
        let request = app.get(&format!("{PATH}?sort=location"));
        let answer = request.header("ep-geolocation", point).send().await;
        assert_eq!(answer.status, 400, "{point}");
    }
}
