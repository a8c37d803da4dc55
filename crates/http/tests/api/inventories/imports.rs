//! Imports of files.

use std::io::Write as _;

use axum::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use serde_json::{Value, json};
use stockroom_http::Options;

use crate::support::{Answer, TestApp, TestRequest, Transcript, id};

const PATH: &str = "/v2/inventories/imports";
const DOCUMENT: &str = include_str!("../../../../../docs/import.md");

fn upload<'a>(app: &'a TestApp, query: &str, file: impl Into<Vec<u8>>) -> TestRequest<'a> {
    let request = app.request(Method::POST, PATH).query(query).body(file);
    request.header("content-type", "text/csv")
}

/// The job of a file once it has ended.
async fn imported(app: &TestApp, query: &str, file: &str) -> Value {
    let id = app.import(query, file).await;
    app.finish_imports().await;
    app.import_job(&id).await
}

fn id_of(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

fn lines(job: &Value) -> [u64; 4] {
    let lines = &job["attributes"]["lines"];
    ["changed", "unchanged", "skipped", "failed"].map(|name| lines[name].as_u64().unwrap())
}

async fn errors(app: &TestApp, job: &Value) -> Answer {
    let path = format!("{PATH}/{}/errors", id_of(job));
    app.get(&path).send().await
}

async fn undone(app: &TestApp, job: &Value) -> Value {
    let path = format!("{PATH}/{}/undo", id_of(job));
    app.post_nothing(&path).send().await.expect_status(202);
    app.finish_imports().await;
    app.import_job(id_of(job)).await
}

async fn sku(app: &TestApp, number: u32, sku: &str, quantity: u64) {
    let product = json!({ "type": "product", "id": id(number), "name": sku, "sku": sku });
    let request = app.post("/v2/products", &json!({ "data": product }));
    request.send().await.expect_status(201);
    app.create_stock(&id(number), quantity).await;
}

#[tokio::test]
async fn followed() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let file = "sku,action,quantity,reason\nCHAIR,set,12,counted\nCHAIR,decrement,20,\n,set,1,\n";
    let mut transcript = Transcript::default();
    let request = upload(&app, "abort_after=2", file).header("x-request-id", "r-1");
    let answer = request.send().await;
    transcript.add("sent", &answer);
    let path = format!("{PATH}/{}", answer.created_id());
    app.finish_imports().await;
    for (what, path) in [
        ("ended", path.clone()),
        ("listed", PATH.to_owned()),
        ("errors", format!("{path}/errors")),
        ("errors by page", format!("{path}/errors?page[limit]=1")),
    ] {
        transcript.add(what, &app.get(&path).send().await);
    }
    transcript.add(
        "undo",
        &app.post_nothing(&format!("{path}/undo")).send().await,
    );
    app.finish_imports().await;
    transcript.add("undone", &app.get(&path).send().await);
    for step in ["undo", "cancel"] {
        let path = format!("{path}/{step}");
        transcript.add(
            format!("{step} again"),
            &app.post_nothing(&path).send().await,
        );
    }
    assert_snapshot!(transcript.text());
    assert_eq!(app.figures(&id(1)).await, [10, 0, 10]);
}

#[tokio::test]
async fn policies() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    app.transact(&id(1), "increment", 1).await;
    let file = "sku,location,safety_stock,low_at,low_rearm_at\nCHAIR,,5,40,50\nCHAIR,,,,\nCHAIR,,5,,\n\
                CHAIR,nowhere,1,,\nCHAIR,,,40,40\nLAMP,,1,,\n";
    let dry = imported(&app, "target=policies&dry_run=true&abort_after=9", file).await;
    let job = imported(&app, "target=policies&abort_after=9", file).await;
    assert_eq!(lines(&dry), [1, 1, 1, 3]);
    assert_eq!(lines(&job), lines(&dry));
    let mut transcript = Transcript::default();
    for (what, path) in [
        ("job", format!("{PATH}/{}", id_of(&job))),
        ("preview", format!("{PATH}/{}/preview", id_of(&dry))),
        ("policy", format!("/v2/inventories/{}/policy", id(1))),
        ("errors", format!("{PATH}/{}/errors", id_of(&job))),
    ] {
        transcript.add(what, &app.get(&path).send().await);
    }
    let undo = format!("{PATH}/{}/undo", id_of(&job));
    transcript.add("undo", &app.post_nothing(&undo).send().await);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refused_for_policies() {
    let app = TestApp::new().await;
    let mut transcript = Transcript::default();
    for (what, query, header) in [
        ("an unknown target", "target=prices", "sku,safety_stock"),
        (
            "another profile",
            "target=policies&profile=shopify",
            "sku,safety_stock",
        ),
        (
            "stock to be made",
            "target=policies&create=true",
            "sku,safety_stock",
        ),
        ("movements", "target=policies", "sku,action,quantity"),
        ("no figure", "target=policies", "sku,low_rearm_at"),
    ] {
        let answer = upload(&app, query, format!("{header}\n")).send().await;
        answer.expect_status(400);
        transcript.add(what, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn previewed() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    app.transact(&id(1), "allocate", 3).await;
    let file = "sku,name,location,action,quantity\nCHAIR,,,set,12\nCHAIR,,,set,12\nCHAIR,,,decrement,20\n\
                CHAIR,,,allocate,2\nLAMP,A lamp,Berlin Mitte,set,5\nLAMP,,Berlin Mitte,set_available,7\n";
    let wishes = "products=create&locations=create&abort_after=9";
    let dry = imported(&app, &format!("dry_run=true&{wishes}"), file).await;
    assert_eq!(lines(&dry), [4, 1, 0, 1]);
    let path = format!("{PATH}/{}/preview", id_of(&dry));
    let mut transcript = Transcript::default();
    transcript.add("all", &app.get(&path).send().await);
    let page = app.get(&format!("{path}?page[limit]=3&page[offset]=3"));
    transcript.add("by page", &page.send().await);
    assert_eq!(app.figures(&id(1)).await, [7, 3, 10]);
    let real = imported(&app, wishes, file).await;
    let path = format!("{PATH}/{}/preview", id_of(&real));
    transcript.add("of an import in earnest", &app.get(&path).send().await);
    assert_snapshot!(transcript.text());
    assert_eq!(lines(&dry), lines(&real));
    assert_eq!(app.figures(&id(1)).await, [7, 5, 12]);
}

/// Behind the reach of offsets, too, and no cursor of the errors.
#[tokio::test]
async fn a_preview_is_read_to_its_end() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 0).await;
    let file = format!("sku,action,quantity\n{}", "CHAIR,increment,1\n".repeat(250));
    let dry = imported(&app, "dry_run=true", &file).await;
    let mut next = Some(format!("{PATH}/{}/preview?page[limit]=100", id_of(&dry)));
    let mut totals = Vec::new();
    while let Some(path) = next {
        let page = app.get(&path).send().await.json();
        for change in page["data"].as_array().unwrap() {
            totals.push(change["attributes"]["after"]["total"].as_u64().unwrap());
        }
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(totals, (1..=250).collect::<Vec<u64>>());
}

#[tokio::test]
async fn refused() {
    let app = TestApp::with(Options::default()).await;
    let head = "sku,action,quantity\n";
    let utf16: Vec<u8> = [0xFEFF]
        .into_iter()
        .chain(head.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let long = format!("{head}CHAIR,set,{}\n", "1".repeat(1024 * 1024));
    let files: [(&str, &str, Vec<u8>); 14] = [
        ("an unknown profile", "profile=magento", head.into()),
        ("an unknown wish", "products=make", head.into()),
        ("no number", "abort_after=all", head.into()),
        ("no reason", "reason=", head.into()),
        ("a profile without CSV", "profile=elasticpath", head.into()),
        ("nothing", "", Vec::new()),
        (
            "an unknown column",
            "",
            "sku,action,quantity,colour\n".into(),
        ),
        ("a missing column", "", "sku,quantity\n".into()),
        ("a column twice", "", "sku,action,sku,quantity\n".into()),
        (
            "no UTF-8",
            "",
            b"sku,action,quantity\nCHAIR\xFF,set,5\n".to_vec(),
        ),
        ("UTF-16", "", utf16),
        ("NUL", "", "sku,action,quantity\nCH\0AIR,set,5\n".into()),
        ("a line of a megabyte", "", long.into()),
        (
            "an open quote",
            "",
            format!("{head}\"CHAIR,set,5\n{}", "x\n".repeat(65_536)).into(),
        ),
    ];
    let mut transcript = Transcript::default();
    for (what, query, file) in files {
        let mut answer = upload(&app, query, file).send().await;
        answer.shorten_request(0);
        answer.expect_status(400);
        transcript.add(what, &answer);
    }
    for (what, name, value) in [
        ("another type", "content-type", "application/json"),
        (
            "another charset",
            "content-type",
            "text/csv; charset=latin1",
        ),
        ("another encoding", "content-encoding", "br"),
    ] {
        let answer = upload(&app, "", head).header(name, value).send().await;
        answer.expect_status(415);
        transcript.add(what, &answer);
    }
    let answer = upload(&app, "", head)
        .header("content-encoding", "gzip")
        .send()
        .await;
    answer.expect_status(400);
    transcript.add("no gzip", &answer);
    assert_snapshot!(transcript.text());
    let list = app.get(PATH).send().await.json();
    assert_eq!(list["meta"]["results"]["total"], 0);
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_packed_file_is_unpacked() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let file = "{\"lookupField\":\"sku\",\"lookupValue\":\"CHAIR\",\"quantity\":7,\"action\":\"matchAvailable\"}\n";
    let whole = packed(file.as_bytes());
    let request = upload(&app, "profile=elasticpath", whole.clone());
    let sent = request
        .header("content-type", "application/gzip")
        .send()
        .await;
    sent.expect_status(202);
    app.finish_imports().await;
    assert_eq!(app.figures(&id(1)).await, [7, 0, 7]);
    let csv = packed(b"sku,action,quantity\nCHAIR,set,9\n");
    let sent = upload(&app, "", csv)
        .header("content-encoding", "gzip")
        .send()
        .await;
    sent.expect_status(202);
    app.finish_imports().await;
    assert_eq!(app.figures(&id(1)).await, [9, 0, 9]);
    let torn = upload(&app, "profile=elasticpath", &whole[..whole.len() - 9]);
    let torn = torn.header("content-type", "application/gzip").send().await;
    torn.expect_status(400);
}

/// A few kilobytes that unpack to megabytes are refused by what they unpack to.
#[tokio::test]
async fn a_zip_bomb_is_refused() {
    let app = TestApp::new().await;
    for bomb in [vec![0; 50 << 20], vec![b'x'; 50 << 20]] {
        let bomb = packed(&bomb);
        assert!(bomb.len() < 100_000);
        let request = upload(&app, "", bomb).header("content-type", "application/gzip");
        request.send().await.expect_status(400);
    }
    let many = packed(
        &[
            b"sku,action,quantity\n".to_vec(),
            b"x,set,1\n".repeat(1_000_001),
        ]
        .concat(),
    );
    let request = upload(&app, "", many).header("content-type", "application/gzip");
    let answer = request.send().await;
    answer.expect_status(400);
    assert!(
        answer.detail().contains("1,000,000") || answer.detail().contains("1000000"),
        "{}",
        answer.detail()
    );
}

#[tokio::test]
async fn too_many_failures_change_nothing() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let file = "sku,action,quantity\nCHAIR,set,99\nTABLE,set,5\nLAMP,set,5\n";
    let job = imported(&app, "abort_after=1", file).await;
    assert_eq!(job["attributes"]["status"], "failed");
    assert_eq!(job["attributes"]["stopped_by"], "check");
    assert_eq!(lines(&job), [0, 0, 0, 2]);
    assert_eq!(app.figures(&id(1)).await, [10, 0, 10]);
    let told: Vec<_> = errors(&app, &job)
        .await
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["attributes"]["line"].as_u64().unwrap(),
                error["attributes"]["status"].clone(),
            )
        })
        .collect();
    assert_eq!(told, [(3, json!("404")), (4, json!("404"))]);
}

#[tokio::test]
async fn failures_that_come_out_late_stop_behind_their_thousand() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 1_500).await;
    let file = format!(
        "sku,action,quantity\n{}",
        "CHAIR,decrement,1\n".repeat(2_600)
    );
    let job = imported(&app, "", &file).await;
    assert_eq!(job["attributes"]["status"], "failed");
    assert_eq!(job["attributes"]["stopped_by"], "apply");
    assert_eq!(lines(&job), [1_500, 0, 0, 500]);
    let undone = undone(&app, &job).await;
    assert_eq!(undone["attributes"]["status"], "undone");
    assert_eq!(app.figures(&id(1)).await, [1_500, 0, 1_500]);
}

/// The file of the failed lines, mended, is all that has to be sent.
#[tokio::test]
async fn failed_lines_are_mended_and_sent_again() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let file = "quantity;sku;action\r\n12;CHAIR;set\r\nmany;CHAIR;set\r\n3;\"TA\r\nBLE\";set\r\n";
    let job = imported(&app, "abort_after=2", file).await;
    assert_eq!(lines(&job), [1, 0, 0, 2]);
    let path = format!("{PATH}/{}/errors", id_of(&job));
    let failed = app.get(&path).header("accept", "text/csv").send().await;
    assert_eq!(
        failed.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let text = failed.text();
    assert!(text.contains("many;CHAIR;set;"), "{text}");
    let mended = text.replace("many", "15").replace("\"TA\r\nBLE\"", "CHAIR");
    let job = imported(&app, "", &mended).await;
    assert_eq!(lines(&job), [2, 0, 0, 0], "{mended}");
    assert_eq!(app.figures(&id(1)).await, [3, 0, 3]);
}

#[tokio::test]
async fn what_was_sold_since_stays() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 0).await;
    sku(&app, 2, "LAMP", 5).await;
    let job = imported(&app, "", "sku,action,quantity\nCHAIR,set,10\nLAMP,set,1\n").await;
    app.transact(&id(1), "decrement", 8).await;
    let job = undone(&app, &job).await;
    assert_eq!(job["attributes"]["status"], "partly_undone");
    assert_eq!(job["attributes"]["not_undone"], 1);
    assert_eq!(app.figures(&id(1)).await, [2, 0, 2]);
    assert_eq!(app.figures(&id(2)).await, [5, 0, 5]);
    let told = errors(&app, &job).await.data();
    assert_eq!(told[0]["attributes"]["line"], 2);
    assert_eq!(told[0]["attributes"]["content"], "CHAIR,set,10");
}

#[tokio::test]
async fn a_dry_run_predicts_every_line() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 1_200).await;
    // Far more lines than a commit applies: each has to see those before it.
    let file = format!(
        "sku,action,quantity\n{}",
        "CHAIR,decrement,1\nCHAIR,set,0\nCHAIR,increment,1\n".repeat(1_000)
    );
    let dry = imported(&app, "dry_run=true&abort_after=3000", &file).await;
    assert_eq!(dry["attributes"]["exact"], true);
    assert_eq!(app.figures(&id(1)).await, [1_200, 0, 1_200]);
    let real = imported(&app, "abort_after=3000", &file).await;
    assert_eq!(lines(&dry), lines(&real));
    let refused = app
        .post_nothing(&format!("{PATH}/{}/undo", id_of(&dry)))
        .send()
        .await;
    refused.expect_status(409);
}

#[tokio::test]
async fn two_rows_for_one_position_of_shopify_both_fail() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    sku(&app, 2, "LAMP", 10).await;
    let file = "Handle,Title,SKU,Location,On hand (current),On hand (new)\nc,C,CHAIR,,1,\nl,L,LAMP,,2,\nc,C,CHAIR,,3,\n";
    let job = imported(&app, "profile=shopify&abort_after=2", file).await;
    assert_eq!(lines(&job), [1, 0, 0, 2]);
    assert_eq!(app.figures(&id(1)).await, [10, 0, 10]);
    assert_eq!(app.figures(&id(2)).await, [2, 0, 2]);
    let told = errors(&app, &job).await.data();
    assert_eq!(
        told[0]["attributes"]["message"],
        "line 4 is about the same position"
    );
}

#[tokio::test]
async fn jobs_that_wait_are_cancelled_and_limited() {
    let app = TestApp::new().await;
    let file = "sku,action,quantity\n";
    let first = app.import("", file).await;
    for _ in 1..10 {
        app.import("", file).await;
    }
    let answer = upload(&app, "", file).send().await;
    answer.expect_status(429);
    assert!(answer.header("retry-after").is_some());
    let cancelled = app
        .post_nothing(&format!("{PATH}/{first}/cancel"))
        .send()
        .await;
    assert_eq!(cancelled.data()["attributes"]["status"], "cancelled");
    app.import("", file).await;
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_job() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let file = "sku,action,quantity\nCHAIR,increment,5\n";
    let send = |file: &'static str| {
        upload(&app, "", file).header("idempotency-key", "delivery 7".replace(' ', "-"))
    };
    let first = send(file).send().await;
    let again = send(file).send().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.created_id(), again.created_id());
    let other = send("sku,action,quantity\nCHAIR,increment,6\n")
        .send()
        .await;
    other.expect_status(409);
    app.finish_imports().await;
    assert_eq!(app.figures(&id(1)).await, [15, 0, 15]);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let app = TestApp::with(Options {
        import_bytes_max: 30,
        ..Options::default()
    })
    .await;
    let file = "sku,action,quantity\nCHAIR,set,5\n";
    upload(&app, "", file).send().await.expect_status(413);
    upload(&app, "", &file[..30])
        .send()
        .await
        .expect_status(202);
}

/// A line that names a product twice has to mean the same one.
#[tokio::test]
async fn names_that_contradict_each_other_fail() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    sku(&app, 2, "LAMP", 10).await;
    for (product, sku, status) in [
        (1, "CHAIR", "success"),
        (1, "LAMP", "failed"),
        (1, "UNKNOWN", "success"),
    ] {
        let file = format!(
            "product_id,sku,action,quantity\n{},{sku},increment,1\n",
            id(product)
        );
        let job = imported(&app, "", &file).await;
        assert_eq!(job["attributes"]["status"], status, "{sku}");
    }
}

/// The store's product of a name goes before the organization's.
#[tokio::test]
async fn a_name_finds_the_stores_product_first() {
    let app = TestApp::new().await;
    let shared =
        json!({ "data": { "type": "product", "name": "Shared", "sku": "CHAIR", "stock": 50 } });
    let shared = app
        .post("/v2/products", &shared)
        .organization()
        .send()
        .await
        .created_id();
    let file = "sku,action,quantity\nCHAIR,increment,1\n";
    imported(&app, "", file).await;
    assert_eq!(app.figures(&shared).await, [51, 0, 51]);
    sku(&app, 1, "CHAIR", 10).await;
    imported(&app, "", file).await;
    assert_eq!(app.figures(&shared).await, [51, 0, 51]);
    assert_eq!(app.figures(&id(1)).await, [11, 0, 11]);
}

/// The three files of `docs/import.md`, and what the page says of them.
#[tokio::test]
async fn the_files_of_the_page_are_imported() {
    let mut seen = 0;
    for block in DOCUMENT
        .split("\n```")
        .filter(|block| block.starts_with("csv ") || block.starts_with("jsonl "))
    {
        let (head, file) = block.split_once('\n').unwrap();
        let (kind, name) = head.split_once(' ').unwrap();
        let request = DOCUMENT
            .split("```console")
            .find(|block| block.contains(&format!("@{name}")))
            .unwrap();
        let query = request
            .split("imports?")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let expected = DOCUMENT.split(&format!("```json {name}\n")).nth(1).unwrap();
        let expected: Value = serde_json::from_str(expected.lines().next().unwrap()).unwrap();
        let app = TestApp::new().await;
        let reference =
            json!({ "data": { "type": "product", "name": "Table", "external_ref": "erp-77" } });
        app.post("/v2/products", &reference)
            .send()
            .await
            .expect_status(201);
        if query == "target=policies" {
            let wishes = "products=create&locations=create";
            let (_, count) = DOCUMENT.split_once("```csv count.csv\n").unwrap();
            let (count, _) = count.split_once("```").unwrap();
            imported(&app, wishes, count).await;
        }
        let content_type = if kind == "csv" {
            "text/csv"
        } else {
            "application/x-ndjson"
        };
        let request = upload(&app, query, format!("{file}\n")).header("content-type", content_type);
        let answer = request.send().await;
        answer.expect_status(202);
        app.finish_imports().await;
        let job = app.import_job(&answer.created_id()).await;
        assert_eq!(
            job["attributes"]["lines"],
            expected,
            "{name}: {}",
            errors(&app, &job).await.text()
        );
        assert_eq!(job["attributes"]["status"], "success");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// Nothing is changed for what a look at the names tells.
#[tokio::test]
async fn what_can_be_known_before_is_known_before() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 10).await;
    let reference = json!({ "data": { "type": "product", "name": "Table", "external_ref": "T" } });
    let created = app.post("/v2/products", &reference).send().await;
    created.expect_status(201);
    let new = id(90);
    for line in [
        "LAMP ,,,,5".to_owned(),
        "LAMP,,T,,5".to_owned(),
        format!("CHAIR,{new},,,5"),
        "LAMP,,,\"Berlin \",5".to_owned(),
        "LAMP,,,B,5".to_owned(),
    ] {
        let file = format!(
            "sku,product_id,external_ref,location,action,quantity\nSOFA,,,,set,1\n{}\n",
            line.replacen(",5", ",set,5", 1)
        );
        let job = imported(&app, "products=create&locations=create", &file).await;
        assert_eq!(job["attributes"]["stopped_by"], "check", "{line}");
        assert_eq!(lines(&job), [0, 0, 0, 1], "{line}");
    }
}

/// A location that a file makes is found by its name and by its slug, by later lines and by later files.
#[tokio::test]
async fn a_new_location_has_one_name_and_one_slug() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 0).await;
    let file = "sku,location,action,quantity\nCHAIR,Berlin Mitte,set,1\nCHAIR,berlin-mitte,set,2\n";
    let job = imported(&app, "locations=create", file).await;
    assert_eq!(lines(&job), [2, 0, 0, 0]);
    assert_eq!(app.figures(&id(1)).await, [2, 0, 2]);
    let job = imported(
        &app,
        "locations=create",
        "sku,location,action,quantity\nCHAIR,berlin-mitte,set,2\n",
    )
    .await;
    assert_eq!(lines(&job), [0, 1, 0, 0]);
}

/// A line that was applied, and whose entry can't be undone, isn't among those to be sent again.
#[tokio::test]
async fn the_file_of_failed_lines_has_none_that_was_applied() {
    let app = TestApp::new().await;
    sku(&app, 1, "CHAIR", 0).await;
    let file = "sku,action,quantity\nCHAIR,set,10\nNONE,set,1\n";
    let job = imported(&app, "abort_after=1", file).await;
    app.transact(&id(1), "decrement", 8).await;
    let job = undone(&app, &job).await;
    let told = errors(&app, &job).await.data();
    assert_eq!(told[1]["attributes"]["not_undone"], true);
    let path = format!("{PATH}/{}/errors", id_of(&job));
    let failed = app.get(&path).header("accept", "text/csv").send().await;
    assert_eq!(failed.text().lines().count(), 2, "{}", failed.text());
}
