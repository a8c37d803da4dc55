//! The ledger of a product: every entry, its filters, undoing, and the proof.

use axum::http::StatusCode;
use stockroom_domain::TransactionAction;

use crate::product::{page_of, plain};
use crate::support::{Answer, Shop, product};

/// The numbers of the entries that a page shows, in its order.
fn numbers(page: &Answer) -> Vec<u64> {
    let cells = page.body.split("<td class=\"id\">").skip(1);
    let numbers = cells.map(|cell| cell[..cell.find(' ').unwrap()].replace('\u{202f}', ""));
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// Addresses of forms on a page that end with this.
fn actions(page: &Answer, end: &str) -> Vec<String> {
    let parts = page.body.split("action=\"").skip(1);
    let actions = parts.map(|part| part[..part.find('"').unwrap()].to_owned());
    actions.filter(|action| action.ends_with(end)).collect()
}

fn next(page: &Answer) -> Option<String> {
    let at = page.body.find("rel=\"next\" href=\"")?;
    let next = &page.body[at + 17..];
    Some(next[..next.find('"').unwrap()].replace("&#38;", "&"))
}

impl Shop {
    /// Stock with a history: changes with notes, a reservation, a batch, an undo, and stock before it.
    async fn with_history(&mut self) {
        let change = page_of(1, "/change");
        let fields = [
            ("seen", ":10:0"),
            ("change", "+5"),
            ("reason", "delivery <1>"),
            ("reference", "note 7"),
        ];
        self.do_and_see(&change, &fields).await;
        self.reserve(1, "1001", 2).await;
        self.clock.advance_seconds(60);
        self.do_and_see(
            &change,
            &[
                ("seen", "berlin:5:0"),
                ("place", "berlin"),
                ("change", "-2"),
            ],
        )
        .await;
        self.clock.advance_seconds(60);
        let batch = self.batch().await;
        let page = self.get(&batch).await;
        assert_eq!(page.status, StatusCode::OK);
        let page = self.page(&page_of(1, "/ledger?reason=delivery")).await;
        let undo = actions(&page, "/undo").remove(0);
        let answer = self.post_as_is(&undo, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    /// A batch of two changes; where the browser is sent to.
    async fn batch(&mut self) -> String {
        let fields: Vec<(String, &str)> = vec![
            (format!("change.{}", product(1)), "+1"),
            (format!("seen.{}", product(1)), ":13:2,berlin:3:0"),
            (format!("change.{}", product(3)), "+1"),
            (format!("seen.{}", product(3)), ":1:0"),
            ("step".to_owned(), "apply"),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, it)| (&**name, *it)).collect();
        let answer = self.post("/stock/changes", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location().to_owned()
    }
}

#[tokio::test]
async fn the_ledger_shows_every_entry_the_newest_first() {
    let mut shop = Shop::open().await;
    shop.with_history().await;
    let page = shop.page(&page_of(1, "/ledger")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(numbers(&page), [7, 6, 5, 4, 3, 2, 1]);
    assert!(!page.body.contains("<1>"));
    insta::assert_snapshot!(plain(&page.main()));
    let page = shop.page(&page_of(1, "/ledger?order=oldest")).await;
    assert_eq!(numbers(&page), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn entries_are_filtered() {
    let mut shop = Shop::open().await;
    shop.with_history().await;
    for (query, expected) in [
        ("?location=berlin", vec![5, 2]),
        ("?location=.", vec![7, 6, 4, 3, 1]),
        ("?action=allocate", vec![4]),
        ("?action=create&order=oldest", vec![1, 2]),
        ("?reason=deliv", vec![3]),
        ("?reference=note", vec![3]),
        ("?reference=nothing", vec![]),
        ("?from=2026-01-31T09%3A34%3A30", vec![7, 6]),
        ("?to=2026-01-31T09%3A31", vec![2, 1]),
        (
            "?from=2026-01-31T09%3A33&to=2026-01-31T09%3A34",
            vec![5, 4, 3],
        ),
    ] {
        let page = shop.page(&page_of(1, &format!("/ledger{query}"))).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(numbers(&page), expected, "{query}");
    }
    for query in ["?from=%3Cb%3E", "?action=%3Cb%3E"] {
        let page = shop.page(&page_of(1, &format!("/ledger{query}"))).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.main().contains("All entries are shown."));
        assert!(!page.body.contains("<b>"));
        assert_eq!(numbers(&page).len(), 7);
    }
}

#[tokio::test]
async fn deleted_stock_is_in_the_ledger() {
    let mut shop = Shop::open().await;
    shop.do_and_see(&page_of(3, "/stock/delete"), &[]).await;
    let page = shop.page(&page_of(3, "/ledger")).await;
    assert!(page.main().contains("deleted stock") && actions(&page, "/undo").is_empty());
    assert!(!page.main().contains("Verify now"));
    shop.clock.advance_seconds(60);
    shop.do_and_see(&page_of(3, "/stock"), &[("level", "4")])
        .await;
    let page = shop.page(&page_of(3, "/ledger")).await;
    assert_eq!(numbers(&page), [1, 1]);
    assert_eq!(page.main().matches("deleted stock").count(), 1);
    assert_eq!(actions(&page, "/undo").len(), 1);
}

#[tokio::test]
async fn an_entry_is_undone_once() {
    let mut shop = Shop::open().await;
    shop.transact(1, TransactionAction::Increment, 5).await;
    let back = shop.path(&page_of(1, "/ledger?action=increment"));
    let page = shop.get(&back).await;
    let undo = actions(&page, "/undo").remove(0);
    let fields = [("back", &*back)];
    let answer = shop.post_as_is(&undo, &fields).await;
    assert!(
        answer.location().starts_with(&back),
        "{}",
        answer.location()
    );
    let location = answer.location().to_owned();
    let page = shop.get(&location).await;
    assert!(
        page.main()
            .contains("Undone: decrement 5. Now 10 available"),
        "{}",
        page.main()
    );
    assert!(actions(&page, "/undo").is_empty() && page.main().contains(">undone<"));
    assert_eq!(shop.available(1).await, 15);
    let page = shop.post_as_is(&undo, &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.main()
            .contains("Nothing was undone. This has already been undone.")
    );
    assert!(
        page.main()
            .contains("<option value=\"increment\" selected>"),
        "the filter stays"
    );
    for entry in [product(9).to_string(), "nonsense".to_owned()] {
        let undo = page_of(1, &format!("/ledger/{entry}/undo"));
        assert_eq!(shop.post(&undo, &[]).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_reservations_entry_is_not_undone_by_itself() {
    let mut shop = Shop::open().await;
    let reservation = shop.reserve(1, "1001", 2).await;
    let page = shop.page(&page_of(1, "/ledger?action=allocate")).await;
    assert!(actions(&page, "/undo").is_empty());
    assert!(
        page.main()
            .contains(&format!("/reservations/{}\"", reservation.id))
    );
    let id = page.body.split("id=\"entry-").nth(1).unwrap()[..36].to_owned();
    let page = shop
        .post(&page_of(1, &format!("/ledger/{id}/undo")), &[])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.main()
            .contains("made by a reservation cannot be undone")
    );
}

#[tokio::test]
async fn a_batch_has_a_page_with_all_that_was_changed_together() {
    let mut shop = Shop::open().await;
    shop.with_history().await;
    let back = shop.path(&page_of(3, "/ledger"));
    let ledger = shop.get(&back).await;
    let undo = actions(&ledger, "/undo");
    let undo = undo.iter().find(|it| it.contains("/batches/")).unwrap();
    let batch = undo.strip_suffix("/undo").unwrap();
    let page = shop.get(batch).await;
    assert_eq!(page.status, StatusCode::OK);
    let main = page.main();
    for change in ["13&#160;→&#160;<strong>14", "1&#160;→&#160;<strong>2"] {
        assert!(main.contains(change), "{change}: {main}");
    }
    assert!(main.contains("2 in all") && actions(&page, "/undo") == [undo.clone()]);
    let done = shop.post_as_is(undo, &[("back", batch)]).await;
    let page = shop.get(done.location()).await;
    assert_eq!(page.main().matches("undone</span>").count(), 2);
    assert!(actions(&page, "/undo").is_empty());
    let unknown = format!("/batches/{}", product(9));
    assert_eq!(shop.page(&unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.page("/batches/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_batch_is_undone_as_a_whole() {
    let mut shop = Shop::open().await;
    shop.with_history().await;
    let back = shop.path(&page_of(3, "/ledger"));
    let page = shop.get(&back).await;
    let undo = actions(&page, "/undo");
    let undo = undo.iter().find(|it| it.contains("/batches/")).unwrap();
    let answer = shop.post_as_is(undo, &[("back", &back)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.location().to_owned();
    let page = shop.get(&location).await;
    assert!(page.main().contains("The batch is undone."));
    assert_eq!((shop.available(1).await, shop.available(3).await), (11, 1));
    let page = shop.post_as_is(undo, &[("back", &back)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.main().contains("already been undone") && page.main().contains("Ledger of"));
    let page = shop.post_as_is(undo, &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.main().contains("already been undone"));
    let unknown = format!("/batches/{}/undo", product(9));
    assert_eq!(shop.post(&unknown, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_ledger_is_verified_now() {
    let mut shop = Shop::open().await;
    let back = shop.path(&page_of(1, "/ledger?action=create"));
    let page = shop
        .post(&page_of(1, "/ledger/verify"), &[("back", &back)])
        .await;
    assert_eq!(page.status, StatusCode::OK);
    let main = page.main();
    assert!(
        main.contains("<span class=\"badge good\">intact</span>"),
        "{main}"
    );
    assert!(main.contains("2 entries were recomputed at"));
    assert!(main.contains("<option value=\"create\" selected>"));
    assert_eq!(
        shop.post(&page_of(8, "/ledger/verify"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn long_ledgers_have_pages() {
    let mut shop = Shop::open().await;
    for _ in 0..118 {
        shop.transact(3, TransactionAction::Increment, 1).await;
    }
    let newest: Vec<u64> = (1..=119).rev().collect();
    assert_eq!(shop.all_pages("").await, newest);
    assert_eq!(shop.all_pages("?action=increment").await, newest[..118]);
    assert_eq!(
        shop.all_pages("?order=oldest").await,
        (1..=119).collect::<Vec<_>>()
    );
    for _ in 0..900 {
        shop.transact(3, TransactionAction::Increment, 1).await;
    }
    let newest: Vec<u64> = (1..=1_019).rev().collect();
    assert_eq!(
        shop.all_pages("").await,
        newest,
        "too many to read all of them"
    );
    let page = shop.page(&page_of(3, "/ledger?action=increment")).await;
    assert!(page.main().contains("These are more than 1000"));
    assert_eq!(numbers(&page)[..3], [2, 3, 4]);
    shop.do_and_see(&page_of(3, "/stock/delete"), &[]).await;
    shop.clock.advance_seconds(1);
    shop.do_and_see(&page_of(3, "/stock"), &[("level", "4")])
        .await;
    let page = shop.page(&page_of(3, "/ledger")).await;
    assert_eq!(numbers(&page), [1]);
    assert!(
        page.main()
            .contains("Stock of this product that was deleted before")
    );
}

impl Shop {
    /// The numbers of the entries of all pages.
    async fn all_pages(&mut self, query: &str) -> Vec<u64> {
        let mut path = self.path(&page_of(3, &format!("/ledger{query}")));
        let mut all = Vec::new();
        loop {
            let page = self.get(&path).await;
            assert_eq!(page.status, StatusCode::OK);
            all.extend(numbers(&page));
            match next(&page) {
                Some(next) => path = next,
                None => return all,
            }
        }
    }
}

#[tokio::test]
async fn ledgers_of_others_are_not_found() {
    let mut shop = Shop::open().await;
    for path in [
        page_of(8, "/ledger"),
        "/products/nonsense/ledger".to_owned(),
    ] {
        assert_eq!(
            shop.page(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
