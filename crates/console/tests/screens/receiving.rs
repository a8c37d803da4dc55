//! Receiving transfers and deliveries, line by line.

use axum::http::StatusCode;
use stockroom_domain::{
    CreateStock, CreateTransfer, Quantity, Transfer, TransferLine, TransferState,
};

use crate::support::{Answer, Shop, product, registered};
use crate::transfers::{available, delivery, make, moved, now, path};

/// The number of lines of the long delivery, and the pieces of each.
const LINES: usize = 40;
const PIECES: u64 = 10;

/// A delivery of forty products that is under way.
async fn long_delivery(shop: &Shop) -> Transfer {
    let owner = shop.owner();
    let numbers = 100..100 + LINES as u128;
    for number in numbers.clone() {
        let name = format!("Part <{number}>");
        let request = registered(number, &name);
        shop.stockroom.execute(&owner, request).await.unwrap();
        let stock = CreateStock {
            product: product(number),
            unlocated: Quantity::ZERO,
            located: std::iter::empty().collect(),
        };
        shop.stockroom.execute(&owner, stock).await.unwrap();
    }
    let items: Vec<(u128, u64)> = numbers.map(|number| (number, PIECES)).collect();
    let request: CreateTransfer = delivery(TransferState::InTransit, &items);
    make(shop, request).await
}

/// The fields of the form that a page shows, as a browser would send them.
fn fields(page: &Answer) -> Vec<(String, String)> {
    let main = page.main();
    let inputs = main.split("<input ").skip(1);
    let attribute = |input: &str, name: &str| {
        let (_, value) = input.split_once(&format!("{name}=\""))?;
        Some(value.split('"').next().unwrap().to_owned())
    };
    let field = |input: &str| {
        let input = input.split('>').next().unwrap();
        Some((attribute(input, "name")?, attribute(input, "value")?))
    };
    inputs.filter_map(field).collect()
}

/// Types into fields.
fn type_into(fields: &mut [(String, String)], typed: &[(&str, &str)]) {
    for (name, value) in typed {
        let field = fields.iter_mut().find(|(it, _)| it == name);
        (*value).clone_into(&mut field.expect(name).1);
    }
}

async fn send(shop: &mut Shop, screen: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    shop.post(screen, &fields).await
}

async fn follow(shop: &mut Shop, answer: &Answer) -> Answer {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let location = answer.location().to_owned();
    shop.get(&location).await
}

fn figures(line: &TransferLine) -> [u64; 5] {
    let figures = [
        line.in_transit,
        line.received,
        line.damaged,
        line.missing,
        line.surplus,
    ];
    figures.map(Quantity::get)
}

/// Two lines short, of which one will never come; one piece damaged, and one too many.
const DIFFERENCES: [(&str, &str); 6] = [
    ("received.3", "8"),
    ("received.7", "9"),
    ("missing.7", "1"),
    ("received.12", "9"),
    ("damaged.12", "1"),
    ("surplus.39", "1"),
];

#[tokio::test]
async fn a_long_delivery_is_received_undone_and_received_again() {
    let mut shop = Shop::open().await;
    let made = long_delivery(&shop).await;
    let form = path(&made, "/receive");
    let page = shop.page(&form).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.body.matches("autofocus").count(), 1);
    let mut sent = fields(&page);
    let received = sent
        .iter()
        .filter(|(name, _)| name.starts_with("received."));
    assert!(received.clone().all(|(_, value)| value == "10"));
    assert_eq!(received.count(), LINES);
    type_into(&mut sent, &DIFFERENCES);
    let answer = send(&mut shop, &form, &sent).await;
    let page = follow(&mut shop, &answer).await;
    let told = "The receipt is entered: 396\u{a0}received, 1\u{a0}damaged, 1\u{a0}missing, 1\u{a0}surplus.";
    assert!(page.body.contains(told), "{}", page.main());

    let after = now(&shop, &made).await;
    let lines = &after.progress.lines;
    for (index, wanted) in [
        (0, [0, 10, 0, 0, 0]),
        (3, [2, 8, 0, 0, 0]),
        (7, [0, 9, 0, 1, 0]),
        (12, [0, 9, 1, 0, 0]),
        (39, [0, 10, 0, 0, 1]),
    ] {
        assert_eq!(figures(&lines[index]), wanted, "{index}");
    }
    assert_eq!(after.progress.receipts.len(), 1);
    assert_eq!(available(&shop, product(139)).await, [0, 11]);

    // The same form, sent twice, is one receipt.
    let answer = send(&mut shop, &form, &sent).await;
    let page = follow(&mut shop, &answer).await;
    assert!(page.body.contains("It was carried out once."));
    assert_eq!(now(&shop, &made).await, after);

    let receipt = after.progress.receipts[0].id;
    let undo = path(&made, &format!("/receipts/{receipt}/undo"));
    assert!(page.body.contains(&format!("{undo}\"")));
    shop.clock.advance_seconds(60);
    let page = shop.do_and_see(&undo, &[]).await;
    assert!(page.body.contains("The receipt is undone."));
    assert!(
        page.body
            .contains("<span class=\"badge muted\">undone</span>")
    );
    assert!(!page.body.contains(&format!("{undo}\"")));
    let undone = now(&shop, &made).await;
    let mut lines = undone.progress.lines.iter();
    assert!(lines.all(|line| figures(line) == [PIECES, 0, 0, 0, 0]));
    assert_eq!(available(&shop, product(139)).await, [0, 0]);
    let answer = shop.post(&undo, &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("The receipt has already been undone."));

    // What the first form said is received anew, and the two that were short come after it.
    let page = shop.page(&form).await;
    let mut sent = fields(&page);
    type_into(&mut sent, &DIFFERENCES);
    let answer = send(&mut shop, &form, &sent).await;
    follow(&mut shop, &answer).await;
    let page = shop.page(&form).await;
    let rest = fields(&page);
    assert!(page.body.contains("Under way: 2\u{a0}pieces in all."));
    assert!(
        rest.iter()
            .any(|(name, value)| name == "received.3" && value == "2")
    );
    assert_eq!(
        rest.iter()
            .filter(|(name, _)| name.starts_with("received."))
            .count(),
        1
    );
    let answer = send(&mut shop, &form, &rest).await;
    let page = follow(&mut shop, &answer).await;
    assert!(
        page.body
            .contains("<span class=\"badge good\">received</span>")
    );
    assert_eq!(page.body.matches("id=\"receipt-").count(), 3);
    assert_eq!(available(&shop, product(103)).await, [0, 10]);
    assert!(page.body.contains("Part &#60;103&#62;") && !page.body.contains("Part <"));
}

#[tokio::test]
async fn a_receipt_is_undone_from_the_message_about_it() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::InTransit, &[(1, 5)])).await;
    let form = path(&made, "/receive");
    let page = shop.page(&form).await;
    insta::assert_snapshot!(
        page.main_of_any_showing()
            .replace(&shop.store.id.to_string(), "STORE")
            .replace(&made.id.to_string(), "TRANSFER")
    );
    let answer = send(&mut shop, &form, &fields(&page)).await;
    let page = follow(&mut shop, &answer).await;
    let message = page
        .main()
        .split("class=\"message\"")
        .nth(1)
        .unwrap()
        .to_owned();
    let (_, action) = message.split_once("action=\"").unwrap();
    let undo = action.split('"').next().unwrap().to_owned();
    let answer = shop.post_as_is(&undo, &[]).await;
    let page = follow(&mut shop, &answer).await;
    assert!(page.body.contains("The receipt is undone."));
    assert_eq!(
        figures(&now(&shop, &made).await.progress.lines[0]),
        [5, 0, 0, 0, 0]
    );
}

#[tokio::test]
async fn figures_that_do_not_add_up_are_shown_at_their_lines() {
    let mut shop = Shop::open().await;
    let made = make(
        &shop,
        delivery(TransferState::InTransit, &[(1, 10), (2, 1), (3, 4)]),
    )
    .await;
    let form = path(&made, "/receive");
    let page = shop.page(&form).await;
    let mut sent = fields(&page);
    type_into(
        &mut sent,
        &[
            ("damaged.0", "1"),
            ("received.1", " 2 "),
            ("surplus.2", "<few>"),
        ],
    );
    let answer = send(&mut shop, &form, &sent).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let body = &answer.body;
    for told in [
        "Nothing was received. 3 lines don’t add up: they are marked below.",
        "id=\"fault-0\">Received, damaged and missing are 11\u{a0}pieces together, and only 10\u{a0}pieces are under \
         way.</p>",
        "id=\"fault-1\">Only 1\u{a0}piece is under way. What came beyond that is surplus.</p>",
        "id=\"fault-2\">“&#60;few&#62;” isn’t a whole number of pieces, such as 3.</p>",
        "name=\"damaged.0\" value=\"1\"",
        "name=\"received.1\" value=\" 2 \"",
        "name=\"surplus.2\" value=\"&#60;few&#62;\"",
    ] {
        assert!(body.contains(told), "{told}: {}", answer.main());
    }
    assert!(!body.contains("<few>"));
    let (_, first) = body.split_once("autofocus").unwrap();
    assert!(first.contains("received.1") && !first.contains("received.0"));
    assert_eq!(now(&shop, &made).await, made);

    // Nothing at all is no receipt.
    let empty = ["received.0", "received.1", "received.2"].map(|name| (name, "0"));
    let mut sent = fields(&page);
    type_into(&mut sent, &empty);
    let answer = send(&mut shop, &form, &sent).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer
            .body
            .contains("Write beside a line what has become of its pieces.")
    );
    assert!(answer.body.contains("name=\"received.0\" value=\"0\""));
}

#[tokio::test]
async fn two_people_do_not_receive_the_same_pieces_twice() {
    let mut shop = Shop::open().await;
    let made = make(
        &shop,
        delivery(TransferState::InTransit, &[(1, 10), (2, 6)]),
    )
    .await;
    let form = path(&made, "/receive");
    let (one, other) = (shop.page(&form).await, shop.page(&form).await);
    let mut sent = fields(&one);
    type_into(&mut sent, &[("received.0", "4")]);
    let answer = send(&mut shop, &form, &sent).await;
    follow(&mut shop, &answer).await;

    let mut sent = fields(&other);
    type_into(&mut sent, &[("received.0", "5")]);
    let answer = send(&mut shop, &form, &sent).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .body
            .contains("Somebody has changed it since you loaded the page.")
    );
    assert!(answer.body.contains("name=\"received.0\" value=\"5\""));
    assert!(answer.body.contains("Under way: 6\u{a0}pieces in all."));
    assert!(!answer.body.contains("name=\"received.1\""));
    // The figures were looked at, and the form is sent again.
    let answer = send(&mut shop, &form, &fields(&answer)).await;
    follow(&mut shop, &answer).await;
    let lines = now(&shop, &made).await.progress.lines;
    assert_eq!(figures(&lines[0]), [1, 9, 0, 0, 0]);

    let last = shop.page(&form).await;
    let answer = send(&mut shop, &form, &fields(&last)).await;
    follow(&mut shop, &answer).await;
    let answer = send(&mut shop, &form, &fields(&one)).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Nothing was done. It is received."));
    let page = shop.page(&form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("Nothing of it is under way."));
}

#[tokio::test]
async fn a_receipt_whose_pieces_are_gone_can_not_be_undone() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Received, &[(1, 5)])).await;
    let back = CreateTransfer {
        from: stockroom_domain::RequestedOrigin::Place(stockroom_domain::RequestedPlace::Location(
            "paris".to_owned(),
        )),
        to: stockroom_domain::RequestedPlace::Unlocated,
        ..moved(TransferState::Received, &[(1, 2)])
    };
    make(&shop, back).await;
    let receipt = made.progress.receipts[0].id;
    let undo = path(&made, &format!("/receipts/{receipt}/undo"));
    let answer = shop.post(&undo, &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = "There isn’t enough. Espresso beans, 1 kg in paris: 3 available, 5 wanted.";
    assert!(answer.body.contains(told), "{}", answer.main());
    let unknown = path(&made, &format!("/receipts/{}/undo", made.id));
    let answer = shop.post(&unknown, &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
