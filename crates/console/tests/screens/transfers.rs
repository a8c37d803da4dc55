//! The list of transfers and deliveries, and the page of each.

use axum::http::StatusCode;
use stockroom_application::StepRequest;
use stockroom_domain::{
    CreateStock, CreateTransfer, Note, Owner, ProductId, ProductText, Quantity, Reference,
    RequestedOrigin, RequestedPlace, RequestedStep, Supplier, Timestamp, Transfer, TransferState,
};

use crate::support::{Answer, Shop, new_key, product, registered};

fn pieces(number: u64) -> Quantity {
    Quantity::new(number).unwrap()
}

fn location(slug: &str) -> RequestedPlace {
    RequestedPlace::Location(slug.to_owned())
}

/// A transfer from berlin to paris.
pub(crate) fn moved(state: TransferState, items: &[(u128, u64)]) -> CreateTransfer {
    let items = items.iter();
    CreateTransfer {
        from: RequestedOrigin::Place(location("berlin")),
        to: location("paris"),
        items: items
            .map(|(number, quantity)| (product(*number), pieces(*quantity)))
            .collect(),
        reference: None,
        note: None,
        expected_at: None,
        state,
        reason: None,
    }
}

/// A delivery to paris.
pub(crate) fn delivery(state: TransferState, items: &[(u128, u64)]) -> CreateTransfer {
    let supplier = Supplier::new("supplier", "Beans & <Co>").unwrap();
    CreateTransfer {
        from: RequestedOrigin::Supplier(supplier),
        ..moved(state, items)
    }
}

pub(crate) async fn make(shop: &Shop, request: CreateTransfer) -> Transfer {
    let owner = shop.owner();
    shop.stockroom.execute(&owner, request).await.unwrap()
}

/// The transfer as it is now.
pub(crate) async fn now(shop: &Shop, transfer: &Transfer) -> Transfer {
    let owner = shop.owner();
    let found = shop
        .stockroom
        .transfer(owner.administrator(), transfer.id)
        .await;
    found.unwrap().unwrap()
}

pub(crate) fn path(transfer: &Transfer, screen: &str) -> String {
    format!("/transfers/{}{screen}", transfer.id)
}

/// The pieces that are available in berlin and in paris.
pub(crate) async fn available(shop: &Shop, id: ProductId) -> [u64; 2] {
    let stock = shop.stockroom.stock(shop.owner().caller(), id).await;
    let stock = stock.unwrap().unwrap();
    ["berlin", "paris"].map(|slug| {
        let mut located = stock.located.values();
        let position = located.find(|it| it.slug.as_str() == slug);
        position.map_or(0, |it| it.balance.available.get())
    })
}

fn reference(text: &str) -> Reference {
    Reference::new("reference", text).unwrap()
}

fn time(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).unwrap()
}

/// The main part of a page, with words for what differs in every run.
fn shown(shop: &Shop, page: &Answer, names: &[(&Transfer, &str)]) -> String {
    let main = page.main_of_any_showing();
    let mut main = main.replace(&shop.store.id.to_string(), "STORE");
    for (transfer, name) in names {
        main = main.replace(&transfer.id.to_string(), name);
        for (number, receipt) in (1..).zip(&transfer.progress.receipts) {
            main = main.replace(&receipt.id.to_string(), &format!("RECEIPT {number}"));
        }
    }
    main
}

/// The references of the rows of a list, in order.
fn listed(page: &Answer) -> Vec<String> {
    let rows = page.body.split("id=\"transfer-").skip(1);
    let reference = |row: &str| {
        let row = row.split("</tr>").next().unwrap();
        let from = row.rfind("<bdi>").unwrap() + 5;
        row[from..from + row[from..].find("</bdi>").unwrap()].to_owned()
    };
    rows.map(reference).collect()
}

#[tokio::test]
async fn the_list_shows_what_is_open_and_what_is_overdue() {
    let mut shop = Shop::open().await;
    let empty = shop.page("/transfers").await;
    assert!(empty.body.contains("Nothing is under way."));
    let late = CreateTransfer {
        reference: Some(reference("late <1>")),
        expected_at: Some(time("2026-01-31T10:00:00Z")),
        ..delivery(TransferState::InTransit, &[(1, 1_000), (2, 3), (3, 1)])
    };
    let late = make(&shop, late).await;
    shop.clock.advance_seconds(3_600);
    let ready = CreateTransfer {
        reference: Some(reference("ready 2")),
        expected_at: Some(time("2026-01-01T08:00:00Z")),
        ..moved(TransferState::Ready, &[(1, 2)])
    };
    let ready = make(&shop, ready).await;
    let page = shop.page("/transfers").await;
    assert_eq!(page.status, StatusCode::OK);
    insta::assert_snapshot!(shown(&shop, &page, &[(&late, "LATE"), (&ready, "READY")]));
}

#[tokio::test]
async fn the_list_is_filtered() {
    let mut shop = Shop::open().await;
    for (name, request) in [
        ("draft", moved(TransferState::Draft, &[(2, 9)])),
        ("ready", moved(TransferState::Ready, &[(1, 1)])),
        ("ordered", delivery(TransferState::InTransit, &[(2, 5)])),
        ("moved", moved(TransferState::Received, &[(1, 1)])),
    ] {
        let request = CreateTransfer {
            reference: Some(reference(name)),
            ..request
        };
        make(&shop, request).await;
    }
    for (query, wanted) in [
        ("", vec!["draft", "ready", "ordered"]),
        ("?state=draft", vec!["draft"]),
        ("?state=ready", vec!["ready"]),
        ("?state=in_transit", vec!["ordered"]),
        ("?state=received", vec!["moved"]),
        ("?state=cancelled", vec![]),
        ("?state=nonsense", vec![]),
        ("?state=all", vec!["draft", "ready", "ordered", "moved"]),
        ("?kind=delivery", vec!["ordered"]),
        ("?kind=transfer", vec!["draft", "ready"]),
        ("?product=FILTER", vec!["draft", "ordered"]),
        ("?product=BEAN-1&state=all", vec!["ready", "moved"]),
        ("?reference=mo&state=all", vec!["moved"]),
    ] {
        let page = shop.page(&format!("/transfers{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page), wanted, "{query}");
    }
    let page = shop.page("/transfers?product=NONE&kind=delivery").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("No product has the id or SKU “NONE”."));
    assert!(page.body.contains("value=\"delivery\" selected"));
    let product = shop.page(&format!("/products/{}", product(2))).await;
    let link = "\">Open transfers and deliveries</a>";
    let (before, _) = product.body.split_once(link).expect("a link");
    let (_, href) = before.rsplit_once("href=\"").expect("a link");
    let page = shop.get(href).await;
    assert_eq!(listed(&page), ["draft", "ordered"]);
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let mut shop = Shop::open().await;
    for _ in 0..51 {
        make(&shop, moved(TransferState::Draft, &[(1, 1)])).await;
    }
    let page = shop.page("/transfers?kind=transfer").await;
    assert_eq!(listed(&page).len(), 50);
    let (before, _) = page.body.split_once("\">Next page").expect("a next page");
    let (_, next) = before.rsplit_once("href=\"").expect("a link");
    let next = next.replace("&#38;", "&");
    let page = shop.get(&next).await;
    assert_eq!(listed(&page).len(), 1);
    assert!(page.body.contains("/transfers?kind=transfer\">First page"));
}

#[tokio::test]
async fn a_transfer_is_allocated_shipped_in_parts_and_cancelled() {
    let mut shop = Shop::open().await;
    let request = CreateTransfer {
        reference: Some(reference("TO <17>")),
        note: Some(Note::new("note", "by van\n& \"fragile\"").unwrap()),
        expected_at: Some(time("2026-03-01T08:00:00Z")),
        ..moved(TransferState::Draft, &[(1, 4)])
    };
    let made = make(&shop, request).await;
    let page = shop.page(&path(&made, "")).await;
    insta::assert_snapshot!("draft", shown(&shop, &page, &[(&made, "TRANSFER")]));

    let version = page.field("version").unwrap();
    let page = shop
        .do_and_see(&path(&made, "/ready"), &[("version", &version)])
        .await;
    assert!(page.body.contains("Allocated: the pieces are held"));
    assert_eq!(available(&shop, product(1)).await, [1, 0]);
    let holds = shop.page(&format!("/products/{}", product(1))).await;
    assert!(holds.body.contains(&shop.path(&path(&made, ""))));

    let (once, version) = (page.field("once").unwrap(), page.field("version").unwrap());
    let form = [
        ("once", &*once),
        ("version", &version),
        ("line.0", " 3 "),
        ("step", "ship"),
    ];
    let page = shop.do_and_see(&path(&made, "/parts"), &form).await;
    assert!(page.body.contains("Shipped: the pieces are under way."));
    // The same form again does nothing.
    let again = shop.do_and_see(&path(&made, "/parts"), &form).await;
    assert!(again.body.contains("It was carried out once."));
    let line = now(&shop, &made).await.progress.lines[0];
    assert_eq!((line.allocated.get(), line.in_transit.get()), (1, 3));
    insta::assert_snapshot!(
        "partly_shipped",
        shown(&shop, &page, &[(&made, "TRANSFER")])
    );

    let version = page.field("version").unwrap();
    let page = shop
        .do_and_see(&path(&made, "/cancel"), &[("version", &version)])
        .await;
    assert!(page.body.contains("aren’t on their way any more"));
    assert_eq!(available(&shop, product(1)).await, [5, 0]);
    let state = now(&shop, &made).await.progress.state;
    assert_eq!(state, TransferState::Cancelled);
    for form in ["/parts", "/ship", "/cancel", "/receive"] {
        let action = format!("{}\"", path(&made, form));
        let is_shown = page.body.contains(&action);
        assert_eq!(is_shown, form == "/parts", "{form}");
    }
}

#[tokio::test]
async fn a_delivery_is_ordered_and_received_by_its_page() {
    let mut shop = Shop::open().await;
    let made = make(&shop, delivery(TransferState::Draft, &[(2, 6)])).await;
    let page = shop.page(&path(&made, "")).await;
    assert!(page.body.contains(
        "<h1>Delivery from <bdi>Beans &#38; &#60;Co&#62;</bdi> to <bdi>paris</bdi></h1>"
    ));
    assert!(!page.body.contains("Allocate") && !page.body.contains("Ship these"));
    let version = page.field("version").unwrap();
    let page = shop
        .do_and_see(&path(&made, "/ship"), &[("version", &version)])
        .await;
    assert!(page.body.contains("Ordered: the pieces are under way."));
    assert!(page.body.contains(&path(&made, "/receive\">Receive</a>")));
    let owner = shop.owner();
    let step = StepRequest {
        step: RequestedStep::Receive(None),
        reason: None,
        expect_version: None,
    };
    let received = shop.stockroom.take_step(&owner, made.id, step).await;
    let page = shop.page(&path(&made, "")).await;
    let names = [(&received.unwrap(), "DELIVERY")];
    insta::assert_snapshot!("received", shown(&shop, &page, &names));
    let page = shop.page("/activity?kind=transfers").await;
    let link = format!("{}\"><bdi>delivery from", path(&made, ""));
    assert!(page.body.contains(&link), "{}", page.main());
}

#[tokio::test]
async fn a_draft_is_deleted() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Draft, &[(1, 4)])).await;
    let page = shop.do_and_see(&path(&made, "/delete"), &[]).await;
    assert!(page.body.contains("Deleted.") && listed(&page).is_empty());
    let page = shop.page(&path(&made, "")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let made = make(&shop, moved(TransferState::Ready, &[(1, 4)])).await;
    let answer = shop.post(&path(&made, "/delete"), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Nothing was done. It is ready."));
}

#[tokio::test]
async fn a_refused_step_says_why_and_keeps_what_was_typed() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Draft, &[(1, 9), (3, 1)])).await;
    let version = made.version.to_string();
    let step = |line: &'static str, step| vec![("line.0", line), ("step", step)];
    let name = "Espresso beans, 1 kg";
    for (form, fields, status, told) in [
        (
            "/ready",
            vec![],
            StatusCode::UNPROCESSABLE_ENTITY,
            "There isn’t enough. Espresso beans, 1 kg in berlin: 5 available, 9 wanted; مطحنة قهوة in \
             berlin: 0 available, 1 wanted.",
        ),
        (
            "/parts",
            step("many", "ship"),
            StatusCode::BAD_REQUEST,
            "“many” isn’t a whole number of pieces",
        ),
        (
            "/parts",
            step("", "ship"),
            StatusCode::BAD_REQUEST,
            "Write beside a line how many pieces",
        ),
        (
            "/parts",
            step("10", "ship"),
            StatusCode::UNPROCESSABLE_ENTITY,
            "Of Espresso beans, 1 kg, only 9\u{a0}pieces can be meant.",
        ),
        (
            "/cancel",
            vec![],
            StatusCode::CONFLICT,
            "Nothing was done. It is a draft.",
        ),
    ] {
        let mut sent = fields.clone();
        sent.push(("version", &version));
        let answer = shop.post(&path(&made, form), &sent).await;
        assert_eq!(answer.status, status, "{told}");
        assert!(answer.body.contains(told), "{told}: {}", answer.main());
        assert!(answer.body.contains(name));
        if let Some((_, typed)) = fields.first() {
            assert!(answer.body.contains(&format!("value=\"{typed}\"")));
        }
    }
    let answer = shop.post(&path(&made, "/ship"), &[("version", "7")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Somebody has changed it since"));
    let answer = shop.post(&path(&made, "/nonsense"), &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(now(&shop, &made).await, made);
}

#[tokio::test]
async fn the_address_of_a_step_leads_to_the_transfer() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Draft, &[(1, 1)])).await;
    for step in ["/parts", "/ship", "/receipts/1/undo"] {
        let mut page = shop.page(&path(&made, step)).await;
        while page.status == StatusCode::SEE_OTHER {
            let next = page.location().to_owned();
            page = shop.get(&next).await;
        }
        assert!(
            page.body.contains("<h1>Transfer from <bdi>berlin"),
            "{step}"
        );
    }
}

/// A transfer of the organization's stock.
async fn of_organization(shop: &Shop) -> Transfer {
    let owner = shop.operator(Owner::Organization);
    let mut request = registered(9, "Shared kettle");
    request.sku = Some(ProductText::new("sku", "KETTLE").unwrap());
    shop.stockroom.execute(&owner, request).await.unwrap();
    let stock = CreateStock {
        product: product(9),
        unlocated: pieces(5),
        located: std::iter::empty().collect(),
    };
    shop.stockroom.execute(&owner, stock).await.unwrap();
    let request = CreateTransfer {
        to: RequestedPlace::Unlocated,
        ..delivery(TransferState::InTransit, &[(9, 4)])
    };
    shop.stockroom.execute(&owner, request).await.unwrap()
}

#[tokio::test]
async fn a_key_of_a_store_only_looks_at_a_transfer_of_the_organization() {
    let mut shop = Shop::open().await;
    let made = of_organization(&shop).await;
    let list = shop.page("/transfers").await;
    assert!(list.body.contains("Shared kettle"));
    let page = shop.page(&path(&made, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains("Only one of the organization’s own keys can change it.")
    );
    for control in ["/receive\"", "/edit\"", "/cancel\"", "name=\"line.0\""] {
        assert!(!page.body.contains(control), "{control}");
    }
    for form in ["/edit", "/receive"] {
        let answer = shop.page(&path(&made, form)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
    }
    let receipt = format!("/receipts/{}/undo", made.id);
    for form in ["/edit", "/receive", "/cancel", "/delete", &receipt] {
        let answer = shop.post(&path(&made, form), &[("version", "1")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
    }

    let mut shop = Shop::of_organization().await;
    let made = of_organization(&shop).await;
    let page = shop.page(&path(&made, "")).await;
    assert!(page.body.contains("which all its stores share"));
    assert!(page.body.contains(&path(&made, "/receive\"")));
}

#[tokio::test]
async fn a_transfer_of_another_store_is_not_found() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Draft, &[(1, 1)])).await;
    let name = stockroom_domain::Name::new("name", "Elsewhere").unwrap();
    let store = shop.stockroom.create_store(shop.organization.id, name);
    let other = shop.operator(Owner::Store(store.await.unwrap().id));
    let key = shop.stockroom.create_key(&other, new_key("Other")).await;
    shop.forget_cookies();
    shop.sign_in(&key.unwrap()).await;
    for screen in ["", "/edit", "/receive"] {
        let page = shop.page(&path(&made, screen)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{screen}");
    }
}

#[tokio::test]
async fn a_key_that_looks_sees_no_buttons() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::InTransit, &[(1, 1)])).await;
    shop.look_only().await;
    let page = shop.page(&path(&made, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    let buttons = page.main().matches("<button").count();
    assert_eq!((buttons, page.main().contains("/receive")), (0, false));
    let list = shop.page("/transfers").await;
    assert!(!list.body.contains("New transfer"));
    let form = shop.page("/transfers/new").await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn entries_that_a_transfer_made_lead_to_it_and_are_undone_there_alone() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Received, &[(1, 2)])).await;
    let link = format!("{}\">transfer</a>", path(&made, ""));
    let ledger = shop.page(&format!("/products/{}/ledger", product(1))).await;
    assert_eq!(ledger.body.matches(&link).count(), 2);
    // The stock's own entries can be undone, and those of the transfer can't.
    let rows = ledger.body.split("<tr id=\"entry-").skip(1);
    for row in rows.map(|row| row.split("</tr>").next().unwrap()) {
        assert_ne!(row.contains(&link), row.contains("/undo"), "{row}");
    }
    let (before, _) = ledger
        .body
        .split_once("\">What was changed")
        .expect("a batch");
    let (_, batch) = before.rsplit_once("href=\"").expect("a link");
    let batch = shop.get(batch).await;
    assert_eq!(batch.body.matches(&link).count(), 2);
    assert!(!batch.body.contains("Undo the batch"));
}

/// The page of a product shows what is under way to it, from when on it can be sold, and what is late.
#[tokio::test]
async fn the_page_of_a_product_shows_what_is_under_way() {
    let mut shop = Shop::open().await;
    let screen = format!("/products/{}", product(2));
    let before = shop.page(&screen).await.body;
    assert!(!before.contains("id=\"outlook\""), "{before}");
    let stock = shop
        .stockroom
        .stock(shop.owner().caller(), product(2))
        .await;
    let sellable = stock.unwrap().unwrap().sellable().get();
    let start = shop.stockroom.now();
    for (quantity, days) in [(60, Some(2)), (100, Some(4)), (40, Some(-1)), (7, None)] {
        let order = CreateTransfer {
            expected_at: days.map(|days: i64| start.plus_milliseconds(days * 86_400_000)),
            ..delivery(TransferState::InTransit, &[(2, quantity)])
        };
        make(&shop, order).await;
    }
    let shown = shop.page(&screen).await.body;
    let figure = |figure: u64| format!("<td class=\"num\">{figure}</td>");
    for expected in [
        "<dt>Pieces under way</dt><dd>207</dd>".to_owned(),
        "</dt><dd>60</dd>".to_owned(),
        "40 pieces should have come by now".to_owned(),
        "7 pieces have no date".to_owned(),
        format!("{}{}", figure(60), figure(sellable + 60)),
        format!("{}{}", figure(100), figure(sellable + 160)),
        "aria-label=\"What can be sold from now on\"".to_owned(),
    ] {
        assert!(shown.contains(&expected), "{expected}: {shown}");
    }
}
