//! Files in and out.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use stockroom_application::{Importer, PageRequest};
use stockroom_domain::Owner;
use tokio::sync::watch;

use crate::support::{Answer, Shop};

const HEADER: &str = "sku,location,action,quantity\n";

impl Shop {
    /// Sends the form, with a file if there is one.
    async fn send_file(
        &mut self,
        step: &str,
        fields: &[(&str, &str)],
        file: Option<&[u8]>,
    ) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!(
                "--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        if let Some(file) = file {
            body.extend_from_slice(
                b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"count.csv\"\r\n\
                  content-type: text/csv\r\n\r\n",
            );
            body.extend_from_slice(file);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--cut--\r\n");
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.path(&format!("/imports?step={step}")))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut")
            .header("sec-fetch-site", "same-origin");
        // In pieces, as it comes over a network.
        let pieces: Vec<_> = body.chunks(16 * 1024).map(<[u8]>::to_vec).collect();
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures::stream::iter(pieces));
        self.send(request, body).await
    }

    /// Works on all files.
    async fn finish_imports(&self) {
        let (stop, stopping) = watch::channel(false);
        let worker = tokio::spawn(Importer::new(&self.stockroom).run(stopping));
        let owner = self.owner();
        loop {
            let page = PageRequest::from_offset(100, 0);
            let jobs = self
                .stockroom
                .list_imports(owner.administrator(), page)
                .await
                .unwrap();
            if !jobs.items.iter().any(|job| job.status.is_active()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send_replace(true);
        worker.await.unwrap();
    }

    /// Sends a file that is taken, and returns the path of its job.
    async fn take(&mut self, step: &str, fields: &[(&str, &str)], lines: &str) -> String {
        let file = format!("{HEADER}{lines}");
        let answer = self.send_file(step, fields, Some(file.as_bytes())).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location().to_owned()
    }

    /// The page without what differs from run to run.
    fn stable(&self, page: &Answer, job: &str) -> String {
        let id = job.rsplit('/').next().unwrap();
        let main = page.main().replace(id, "JOB");
        main.replace(&self.store.id.to_string(), "STORE")
    }
}

#[tokio::test]
async fn a_file_is_previewed_applied_and_undone() {
    let mut shop = Shop::open().await;
    let page = shop.page("/imports").await;
    insta::assert_snapshot!("begin", shop.stable(&page, "/JOB"));

    let lines = "BEAN-1,berlin,set,9\nFILTER,,increment,4\n";
    let preview = shop.take("preview", &[("reason", "count")], lines).await;
    let page = shop.get(&preview).await;
    assert!(page.body.contains("data-refresh") && page.body.contains("Look again"));
    shop.finish_imports().await;
    let page = shop.get(&preview).await;
    assert!(!page.body.contains("data-refresh"));
    insta::assert_snapshot!("previewed", shop.stable(&page, &preview));
    for change in ["5&#160;→&#160;<strong>9", "0&#160;→&#160;<strong>4"] {
        assert!(page.main().contains(change), "{change}");
    }
    assert_eq!((shop.available(1).await, shop.available(2).await), (15, 0));

    let job = shop.take("apply", &[("reason", "count")], lines).await;
    shop.finish_imports().await;
    let page = shop.get(&job).await;
    insta::assert_snapshot!("applied", shop.stable(&page, &job));
    assert_eq!((shop.available(1).await, shop.available(2).await), (19, 4));
    let changes = shop.get(&format!("{job}/changes")).await.main();
    for change in ["5&#160;→&#160;<strong>9", "0&#160;→&#160;<strong>4"] {
        assert!(changes.contains(change), "{change}: {changes}");
    }
    let nothing = shop.get(&format!("{preview}/changes")).await;
    assert!(
        nothing
            .main()
            .contains("No line of this part changed anything")
    );
    let page = shop.page("/imports").await;
    let at = |path: &str| page.body.find(path).unwrap();
    assert!(at(&job) < at(&preview), "the newest is first");

    let answer = shop.post_as_is(&format!("{job}/undo"), &[]).await;
    assert_eq!(answer.location(), job);
    shop.finish_imports().await;
    let page = shop.get(&job).await;
    assert!(page.body.contains("All that it did is undone"));
    assert_eq!((shop.available(1).await, shop.available(2).await), (15, 0));
    let changes = shop.get(&format!("{job}/changes")).await.main();
    assert_eq!(changes.matches("undone</span>").count(), 2);
    let answer = shop.post_as_is(&format!("{job}/undo"), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("role=\"alert\""));
}

/// A preview says what it would change, page by page, and new things by their names.
#[tokio::test]
async fn a_preview_shows_every_change() {
    let mut shop = Shop::open().await;
    let fields = [("create_products", "1"), ("create_locations", "1")];
    let lines = format!(
        "<b>CUP</b>,Rome,set,3\nNOBODY,,decrement,1\n{}",
        "BEAN-1,berlin,increment,1\n".repeat(60)
    );
    let preview = shop.take("preview", &fields, &lines).await;
    shop.finish_imports().await;
    let page = shop.get(&preview).await.main();
    assert!(!page.contains("<b>CUP"), "{page}");
    assert!(page.contains("50 of 61"), "{page}");
    let next = format!("{preview}/preview?after=49");
    assert!(page.contains(&next), "{page}");
    let rest = shop.get(&next).await;
    assert!(rest.main().contains("11 of 61"), "{}", rest.main());
    let first = shop.get(&format!("{preview}/preview")).await;
    insta::assert_snapshot!("changes", shop.stable(&first, &preview));
    assert!(!shop.page("/stock?q=CUP").await.body.contains("CUP</b>"));
    let applied = shop.take("apply", &[], "FILTER,,increment,4\n").await;
    shop.finish_imports().await;
    let none = shop.get(&format!("{applied}/preview")).await;
    assert!(none.main().contains("No line would change anything."));
}

/// As the tokens of such a key may send a dry run, and nothing else.
#[tokio::test]
async fn a_key_that_looks_previews_files_and_applies_none() {
    let mut shop = Shop::open().await;
    shop.look_only().await;
    let page = shop.page("/imports").await;
    insta::assert_snapshot!("looked_at", shop.stable(&page, "/JOB"));
    let lines = "BEAN-1,berlin,set,9\nFILTER,,increment,4\n";
    let preview = shop.take("preview", &[], lines).await;
    let refused = shop.post_as_is(&format!("{preview}/cancel"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    shop.finish_imports().await;
    let page = shop.get(&preview).await.main();
    assert!(page.contains("5&#160;→&#160;<strong>9"), "{page}");
    assert!(!page.contains("<form"), "{page}");
    let file = format!("{HEADER}{lines}");
    let refused = shop.send_file("apply", &[], Some(file.as_bytes())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("change nothing"));
    assert_eq!((shop.available(1).await, shop.available(2).await), (15, 0));
}

#[tokio::test]
async fn lines_that_fail_are_listed_and_come_back_as_a_file() {
    let mut shop = Shop::open().await;
    let lines = "BEAN-1,berlin,set,9\n<script>alert(1)</script>,,set,1\nFILTER,,decrement,7\n";
    let job = shop.take("apply", &[("abort_after", "5")], lines).await;
    shop.finish_imports().await;
    let page = shop.get(&job).await;
    assert!(!page.body.contains("<script>alert"));
    insta::assert_snapshot!("failed", shop.stable(&page, &job));
    assert_eq!(shop.available(1).await, 19);
    let file = shop.get(&format!("{job}/errors-file")).await;
    let disposition = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"errors.csv\"");
    insta::assert_snapshot!("errors_file", file.body);
}

#[tokio::test]
async fn by_default_nothing_is_changed_if_a_line_fails() {
    let mut shop = Shop::open().await;
    let job = shop
        .take("apply", &[], "BEAN-1,,set,9\nNOBODY,,set,1\n")
        .await;
    shop.finish_imports().await;
    let page = shop.get(&job).await;
    assert!(page.body.contains("Nothing was changed."));
    assert_eq!(shop.available(1).await, 15);
}

#[tokio::test]
async fn unknown_things_are_made_if_asked_for() {
    let mut shop = Shop::open().await;
    let fields = [("create_products", "1"), ("create_locations", "1")];
    let job = shop.take("apply", &fields, "CUP,Rome,set,3\n").await;
    shop.finish_imports().await;
    assert!(shop.get(&job).await.body.contains("Every line is applied."));
    assert!(shop.page("/stock?q=CUP").await.body.contains("CUP"));
}

#[tokio::test]
async fn files_that_make_no_sense_are_refused_with_what_was_typed() {
    let mut shop = Shop::open().await;
    let files: [(Option<&[u8]>, &str); 5] = [
        (None, "Choose a file."),
        (Some(b""), "is empty"),
        (Some(b"sku,action,quantity\nBEAN-1\xff,set,1\n"), "UTF-8"),
        (
            Some(b"sku,<b>size</b>,action,quantity\nBEAN-1,1,set,1\n"),
            "can’t be read",
        ),
        (Some(b"\x1f\x8b\x08\x00\x00\x00"), "can’t be read"),
    ];
    for (file, told) in files {
        let fields = [("reason", "typed <here>"), ("create_stock", "1")];
        let answer = shop.send_file("preview", &fields, file).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(answer.body.contains("role=\"alert\""), "{told}");
        assert!(answer.body.contains(told), "{told}: {}", answer.main());
        assert!(
            answer.body.contains("value=\"typed &#60;here&#62;\""),
            "{told}"
        );
        assert!(!answer.body.contains("<b>size"), "{told}");
    }
    let file = HEADER.as_bytes();
    let answer = shop
        .send_file("apply", &[("abort_after", "-1")], Some(file))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("value=\"-1\""));
    let answer = shop.post("/imports", &[("profile", "stockroom")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        shop.page("/imports")
            .await
            .body
            .contains("No file has come yet.")
    );
}

#[tokio::test]
async fn a_file_has_a_limit_of_its_own() {
    let mut shop = Shop::open().await;
    // Larger than any other form may be.
    let lines = "BEAN-1,berlin,set,9\n".repeat(150_000);
    let job = shop.take("preview", &[], &lines).await;
    let answer = shop.post_as_is(&format!("{job}/cancel"), &[]).await;
    assert_eq!(answer.location(), format!("{job}?done=cancelled"));
    let file = vec![b'x'; 101 * 1024 * 1024];
    let mut file = [HEADER.as_bytes(), &file].concat();
    for end in file.iter_mut().step_by(1_000).skip(1) {
        *end = b'\n';
    }
    let answer = shop.send_file("preview", &[], Some(&file)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("is larger than 100\u{a0}MiB"));
}

#[tokio::test]
async fn what_is_listed_is_exported() {
    let mut shop = Shop::open().await;
    let all = shop.page("/export?at=2026-01-31T09:32:30").await;
    assert_eq!(all.status, StatusCode::OK);
    insta::assert_snapshot!("exported", all.body);
    let out = shop.page("/export?show=out&at=2026-01-31T09:32:30").await;
    assert!(out.body.contains("FILTER") && !out.body.contains("BEAN-1"));
    let berlin = shop.page("/export?location=berlin&profile=elasticpath&at=2026-01-31T09:32:30");
    let berlin = berlin.await;
    assert!(berlin.body.contains("\"lookupValue\":\"BEAN-1\""));
    for query in [
        "profile=magento",
        "format=pdf",
        "profile=shopify&format=jsonl",
        "at=soon",
        "at=2030-01-01",
    ] {
        let answer = shop.page(&format!("/export?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.body.contains("role=\"alert\""), "{query}");
    }
}

#[tokio::test]
async fn a_job_of_others_is_not_found() {
    let mut shop = Shop::of_organization().await;
    let job = shop.take("preview", &[], "BEAN-1,,set,9\n").await;
    let others = job.replace(&shop.path(""), "/console/organization");
    for path in [
        &others,
        &format!("{others}/preview"),
        &format!("{others}/errors-file"),
    ] {
        assert_eq!(shop.get(path).await.status, StatusCode::NOT_FOUND);
    }
    for step in ["cancel", "undo"] {
        let answer = shop.post_as_is(&format!("{others}/{step}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(
        shop.page("/imports/nonsense").await.status,
        StatusCode::NOT_FOUND
    );
    let owner = shop.operator(Owner::Organization);
    let page = PageRequest::from_offset(1, 0);
    let jobs = shop
        .stockroom
        .list_imports(owner.administrator(), page)
        .await
        .unwrap();
    assert!(jobs.items.is_empty());
}
