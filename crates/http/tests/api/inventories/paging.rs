//! Pages of every list: followed by their links, each item is seen once.

use serde_json::{Value, json};

use crate::support::{Answer, FORMS, Form, TestApp, id, query};

/// Follows links of this name to the last, and gives the ids of all pages in the order seen.
async fn follow(app: &TestApp, start: &str, form: Form, name: &str) -> Vec<String> {
    const PAGES_MAX: usize = 1_000;
    let mut seen = Vec::new();
    let mut link = start.to_owned();
    for _ in 0..PAGES_MAX {
        let answer = app.get(&link).form(form).send().await;
        seen.push(answer.ids());
        match &answer.json()["links"][name] {
            Value::String(next) => link.clone_from(next),
            end => {
                assert!(end.is_null());
                return seen.concat();
            }
        }
    }
    panic!("the links have no end");
}

fn link(answer: &Answer, name: &str) -> String {
    answer.json()["links"][name].as_str().unwrap().to_owned()
}

/// Puts more than a page of everything into the application's store; gives the lists.
async fn fill(app: &TestApp) -> Vec<String> {
    app.create_many_stocks(12).await;
    for number in 0..12 {
        app.transact(&id(0), "increment", number).await;
        app.create_location(&format!("location-{number}")).await;
        let product = json!({ "data": { "name": format!("Product {number}") } });
        app.post("/v2/products", &product)
            .send()
            .await
            .expect_status(201);
        let key = json!({ "data": { "name": format!("Key {number}") } });
        app.post("/v2/application-keys", &key)
            .send()
            .await
            .expect_status(201);
    }
    vec![
        "/v2/inventories".to_owned(),
        format!("/v2/inventories/{}/transactions", id(0)),
        "/v2/inventories/locations".to_owned(),
        "/v2/products".to_owned(),
        "/v2/application-keys".to_owned(),
    ]
}

#[tokio::test]
async fn next_leads_through_the_whole_list_and_prev_back() {
    let app = TestApp::new().await;
    for list in fill(&app).await {
        for form in FORMS {
            let all = app.get(&list).form(form).send().await;
            let total = all.json()["meta"]["results"]["total"].as_u64().unwrap();
            let all = all.ids();
            assert_eq!(total, all.len() as u64);
            for limit in [1, 5, 12, 13, 100] {
                for bracket in [("[", "]"), ("%5B", "%5D")] {
                    let (open, close) = bracket;
                    let start = format!("{list}?page{open}limit{close}={limit}");
                    assert_eq!(follow(&app, &start, form, "next").await, all, "{start}");
                    let first = app.get(&start).form(form).send().await;
                    let last = &first.json()["links"]["last"];
                    let Some(last) = last.as_str() else {
                        assert!(limit >= total, "{start}");
                        continue;
                    };
                    let mut back = follow(&app, last, form, "prev").await;
                    back.sort();
                    let mut sorted = all.clone();
                    sorted.sort();
                    assert_eq!(back, sorted, "{start}");
                }
            }
        }
    }
}

#[tokio::test]
async fn links_and_counts() {
    let app = TestApp::new().await;
    app.create_many_stocks(12).await;
    let list = "/v2/inventories";
    let at = |limit: u32, offset: u32| {
        let (limit, offset) = (limit.to_string(), offset.to_string());
        json!(query(
            list,
            &[("page[limit]", &limit), ("page[offset]", &offset)]
        ))
    };
    let null = Value::Null;
    for (limit, offset, next, prev, last, current, pages) in [
        (5, 0, at(5, 5), null.clone(), at(5, 10), 1, 3),
        (5, 5, at(5, 10), at(5, 0), at(5, 10), 2, 3),
        (5, 10, null.clone(), at(5, 5), at(5, 10), 3, 3),
        // Not on the border of a page.
        (5, 3, at(5, 8), at(5, 0), at(5, 10), 1, 3),
        (5, 8, null.clone(), at(5, 3), at(5, 10), 2, 3),
        (5, 7, null.clone(), at(5, 2), at(5, 10), 2, 3),
        // Past the end.
        (5, 50, null.clone(), at(5, 10), at(5, 10), 11, 3),
        (6, 6, null.clone(), at(6, 0), at(6, 6), 2, 2),
        (12, 0, null.clone(), null.clone(), null.clone(), 1, 1),
        (100, 0, null.clone(), null.clone(), null.clone(), 1, 1),
    ] {
        for form in FORMS {
            let path = format!("{list}?page[limit]={limit}&page[offset]={offset}");
            let page = app.get(&path).form(form).send().await.json();
            let links = json!({
                "current": at(limit, offset), "first": at(limit, 0), "last": last,
                "next": next, "prev": prev,
            });
            assert_eq!(page["links"], links, "{path}");
            let meta = json!({
                "results": { "total": 12 },
                "page": { "limit": limit, "offset": offset, "current": current, "total": pages },
            });
            assert_eq!(page["meta"], meta, "{path}");
        }
    }
}

#[tokio::test]
async fn the_limit_is_25_where_none_is_named_or_0() {
    let app = TestApp::new().await;
    app.create_many_stocks(30).await;
    for path in ["/v2/inventories", "/v2/inventories?page[limit]=0"] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.ids().len(), 25);
        assert_eq!(answer.json()["meta"]["page"]["limit"], 25);
        assert_eq!(follow(&app, path, Form::Basic, "next").await.len(), 30);
    }
}

#[tokio::test]
async fn links_keep_the_filter() {
    let app = TestApp::new().await;
    app.create_many_stocks(30).await;
    let wanted: Vec<String> = (10..20).map(id).collect();
    let awkward = "ge(available,'10'):lt( available , \"20\" )";
    let start = query(
        "/v2/inventories",
        &[("filter", awkward), ("page[limit]", "3")],
    );
    for form in FORMS {
        assert_eq!(follow(&app, &start, form, "next").await, wanted);
        let first = app.get(&start).form(form).send().await;
        assert_eq!(first.json()["meta"]["results"]["total"], 10);
        let last = app.get(&link(&first, "last")).form(form).send().await;
        assert_eq!(last.ids(), [id(19)]);
        let current = app.get(&link(&first, "current")).form(form).send().await;
        assert_eq!(current.text(), first.text());
    }
}

#[tokio::test]
async fn links_keep_what_is_special_in_addresses() {
    let app = TestApp::new().await;
    for slug in ["a", "b", "c"] {
        let body = json!({
            "data": { "name": "Größe & <100%>?#+ 'x'", "slug": slug, "external_ref": "a,b" }
        });
        let answer = app.post("/v2/inventories/locations", &body).send().await;
        answer.expect_status(201);
    }
    let filter = r#"eq(name,"Größe & <100%>?#+ 'x'"):eq(external_ref,a\,b)"#;
    let path = query(
        "/v2/inventories/locations",
        &[("filter", filter), ("page[limit]", "1")],
    );
    let all = app.get("/v2/inventories/locations").send().await.ids();
    assert_eq!(follow(&app, &path, Form::Basic, "next").await, all);
}

#[tokio::test]
async fn offsets_go_as_far_as_they_can_be_followed_and_links_on() {
    let app = TestApp::new().await;
    app.create_many_stocks(10_150).await;
    for (limit, last) in [(100, 10_000), (7, 9_996), (1, 10_000)] {
        let path = format!("/v2/inventories?page[limit]={limit}");
        let first = app.get(&path).send().await;
        assert_eq!(first.json()["meta"]["results"]["total"], 10_150);
        let end = app.get(&link(&first, "last")).send().await;
        assert_eq!(end.json()["meta"]["page"]["offset"], last);
        assert_eq!(end.ids().len(), limit);
        assert_eq!(end.ids()[0], id(last));
        // From there on links go by cursors, to the end of the list.
        let mut rest = end.ids();
        let mut page = end;
        while let Some(next) = page.json()["links"]["next"].as_str() {
            page = app.get(next).send().await;
            rest.extend(page.ids());
        }
        assert_eq!(rest, (last..10_150).map(id).collect::<Vec<_>>());
        assert_eq!(page.json()["links"]["prev"], Value::Null);
        assert_eq!(page.json()["links"]["last"], Value::Null);
    }
}
