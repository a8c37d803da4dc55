//! Query parameters: what the OpenAPI document lists is looked at, and nothing is passed over that
//! would ask another question.

use crate::support::{TestApp, endpoints};

#[tokio::test]
async fn lists_look_at_the_parameters_that_they_document() {
    let lists: Vec<_> = endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.takes("page[limit]"))
        .collect();
    assert!(lists.len() > 7, "{}", lists.len());
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for list in lists {
        let name = list.name();
        // Logs of integrations have no cursors, as in the dialect.
        let has_cursors = !name.contains("/integrations/");
        assert_eq!(list.takes("page[after]"), has_cursors, "{name}");
        for (parameter, value, detail) in [
            ("page[limit]", "1001", "page[limit] must be"),
            ("page[offset]", "10001", "page[offset] must be"),
            ("page[after]", "nothing", "page[after] must be"),
            ("filter", "(", "Could not parse the supplied filter"),
            ("at", "yesterday", "at must be"),
            ("sort", "nothing", "sort must be"),
        ] {
            let request = list.request(&app, &scene);
            let answer = request.query(&format!("{parameter}={value}")).send().await;
            let refusal = (answer.status == 400).then(|| answer.detail());
            let ignores = parameter == "sort" && !list.is("GET /v2/inventories/locations");
            if ignores {
                assert_eq!(refusal, None, "{name} {parameter}");
            } else if list.takes(parameter) {
                let refusal = refusal.unwrap();
                assert!(refusal.starts_with(detail), "{name} {parameter}: {refusal}");
            } else {
                let refusal = refusal.unwrap();
                assert!(refusal.contains(parameter), "{name} {parameter}: {refusal}");
            }
        }
    }
}

/// What can't be read as of another time says so, instead of answering with what there is now.
#[tokio::test]
async fn at_is_refused_where_there_is_no_past() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut refused = 0;
    for endpoint in endpoints() {
        let reads = endpoint.method == "GET" && endpoint.is_secured
            || endpoint.is("POST /v2/inventories/availability");
        if !reads || endpoint.takes("at") {
            continue;
        }
        let request = endpoint.request(&app, &scene);
        let answer = request.query("at=2026-01-31T09:30:00Z").send().await;
        answer.expect_status(400);
        let detail = "The query parameter at is not supported here";
        assert_eq!(answer.detail(), detail, "{}", endpoint.name());
        refused += 1;
    }
    assert!(refused > 10, "{refused}");
}

/// The dialect's SDKs send parameters that other services of theirs know.
#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for endpoint in endpoints().iter().filter(|it| it.method == "GET") {
        let plain = endpoint.request(&app, &scene).send().await;
        let more = endpoint
            .request(&app, &scene)
            .query("include=product&fields=x");
        let more = more.send().await;
        assert_eq!(more.status, plain.status, "{}", endpoint.name());
    }
}
