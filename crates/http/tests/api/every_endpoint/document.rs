//! The OpenAPI document itself: ids, parameters, examples and links.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{TestApp, TestRequest, description, endpoints, query};

/// The ids that clients know, each with its method and path. Generated clients are named after them:
/// lines are added here, and never changed or removed.
const KNOWN_IDS: &str = include_str!("operation_ids.txt");

#[test]
fn operation_ids_are_unique_and_stay() {
    let endpoints = endpoints();
    let ids: BTreeMap<&str, String> = endpoints
        .iter()
        .map(|endpoint| (endpoint.id(), endpoint.name()))
        .collect();
    assert_eq!(ids.len(), endpoints.len(), "an id stands twice: {ids:?}");
    let known: BTreeMap<&str, String> = KNOWN_IDS
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(id, name)| (id, name.to_owned()))
        .collect();
    let lines = |ids: &BTreeMap<&str, String>| -> Vec<String> {
        ids.iter()
            .map(|(id, name)| format!("{id} {name}"))
            .collect()
    };
    assert_eq!(lines(&ids), lines(&known));
    for id in ids.keys() {
        // The name of a handler, which an operation without an id of its own is given.
        assert!(
            id.contains(|it: char| it.is_uppercase()),
            "{id} says too little"
        );
    }
}

/// All that is named within a value.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn everything_that_is_named_is_there() {
    let document = description();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn no_query_parameter_is_ignored() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let mut seen = BTreeSet::new();
    for endpoint in endpoints() {
        for parameter in endpoint.parameters("query") {
            let parameter = parameter["name"].as_str().unwrap();
            let request = endpoint.request(&app, &scene);
            // Nothing takes this for a value, and none may be given twice.
            let takes_any = ["include", "reason", "reference"].contains(&parameter)
                || parameter == "sort" && !endpoint.is("GET /v2/inventories/locations");
            let nonsense = if takes_any {
                // The dialect's SDKs send words of other services, which are ignored.
                query_of(&[(parameter, "product"), (parameter, "product")])
            } else {
                query_of(&[(parameter, "(")])
            };
            let nonsense = request.clone().query(&nonsense);
            let answer = nonsense.send().await;
            assert_eq!(
                answer.status,
                400,
                "{} ignores {parameter}",
                endpoint.name()
            );
            seen.insert(parameter.to_owned());
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[tokio::test]
async fn no_header_is_ignored() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for endpoint in endpoints() {
        for parameter in endpoint.parameters("header") {
            let parameter = parameter["name"].as_str().unwrap();
            let request = || endpoint.request(&app, &scene);
            let (request, expected) = match parameter {
                "X-Moltin-Auth-Store" => (request().header("x-moltin-auth-store", "none"), 404),
                "Idempotency-Key" => (request().header("idempotency-key", "two words"), 400),
                "EP-Geolocation" => {
                    let nowhere = request().header("ep-geolocation", "nowhere");
                    (nowhere.query("sort=location"), 400)
                }
                _ => continue,
            };
            let name = endpoint.name();
            let status = request.send().await.status;
            assert_eq!(status, expected, "{name} ignores {parameter}");
        }
    }
}

#[tokio::test]
async fn every_request_body_has_examples_that_are_accepted() {
    for endpoint in endpoints().into_iter().filter(|it| it.has_body) {
        let name = endpoint.name();
        for (content_type, content) in endpoint.content() {
            if content_type == "application/gzip" {
                continue;
            }
            let examples = content["examples"].as_object();
            let examples = examples.unwrap_or_else(|| panic!("{name} has no examples"));
            assert!(!examples.is_empty(), "{name}");
            for (title, example) in examples {
                // Each stands alone.
                let app = TestApp::new().await;
                let mut scene = app.scene().await;
                if endpoint.id() == "CreateProductStock" {
                    scene.stocked.clone_from(&scene.product);
                }
                let request = endpoint.bare(&app, &scene);
                // The store has a location of that slug already.
                let request = match endpoint.id() {
                    "CreateLocation" => request.organization(),
                    _ => request,
                };
                let request = with_body(request, content_type, &example["value"]);
                let answer = request.send().await;
                let status = answer.status;
                let text = answer.text();
                // Some name products that there aren't in the scene.
                let expected = [200, 201, 202, 207, 401, 404, 409, 422];
                assert!(
                    expected.contains(&status),
                    "{name}, {title}: {status} {text}"
                );
            }
        }
    }
}

fn with_body<'a>(request: TestRequest<'a>, content_type: &str, body: &Value) -> TestRequest<'a> {
    if content_type == "application/json" {
        return request.json(body);
    }
    if let Some(text) = body.as_str() {
        return request.header("content-type", content_type).body(text);
    }
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    let fields = body.as_object().unwrap().iter();
    let fields: Vec<(&str, &str)> = fields
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let request = request.header("content-type", content_type);
    request.body(query_of(&fields))
}

fn query_of(parameters: &[(&str, &str)]) -> String {
    query("", parameters).split_off(1)
}

#[test]
fn links_between_operations_can_be_followed() {
    let endpoints = endpoints();
    let mut followed = 0;
    for endpoint in &endpoints {
        for (target, link) in endpoint.links() {
            let target = endpoints.iter().find(|it| it.id() == target);
            let target = target.unwrap_or_else(|| panic!("{}: {link}", endpoint.name()));
            let given: BTreeSet<&str> = link["parameters"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let needed: BTreeSet<&str> = target
                .parameters("path")
                .iter()
                .map(|it| it["name"].as_str().unwrap())
                .collect();
            assert_eq!(given, needed, "{} to {}", endpoint.name(), target.name());
            followed += 1;
        }
    }
    assert!(followed > 20, "{followed}");
}

/// The targets of the links in a text.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| rest.split(')').next()).collect()
}

/// All texts of a kind in the document.
fn texts<'a>(value: &'a Value, key: &str, texts: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            texts.extend(fields.get(key).and_then(Value::as_str));
            fields
                .values()
                .for_each(|value| self::texts(value, key, texts));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|value| self::texts(value, key, texts)),
        _ => {}
    }
}

#[tokio::test]
async fn links_lead_somewhere() {
    let app = TestApp::new().await;
    let document = description();
    let mut descriptions = Vec::new();
    texts(&document, "description", &mut descriptions);
    texts(&document, "url", &mut descriptions);
    assert!(descriptions.len() > 100);
    for description in descriptions {
        assert!(
            !description.contains("[`"),
            "a link of the source code: {description}"
        );
        for target in links(description) {
            if !target.starts_with("https://") {
                let answer = app.get(target).send().await;
                assert_eq!(answer.status, 200, "{target} in {description}");
            }
        }
    }
    // What the reference page loads.
    let page = app.get("/docs/").send().await.text();
    let mut loaded: Vec<&str> = Vec::new();
    for attribute in ["href=\"", "src=\""] {
        let targets = page.split(attribute).skip(1);
        loaded.extend(targets.filter_map(|rest| rest.split('"').next()));
    }
    assert!(loaded.len() > 3, "{page}");
    for target in loaded {
        let path = format!("/docs/{}", target.trim_start_matches("./"));
        let answer = app.get(&path).send().await;
        assert_eq!(answer.status, 200, "{path}");
    }
}
