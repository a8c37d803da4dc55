//! Many buyers at once who reserve the same.

use std::collections::BTreeMap;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, DataFolder, Server, fold, product};

const RESERVATIONS: &str = "/v2/inventories/reservations";

/// How often something is tried; `STOCKROOM_TEST_ROUNDS` has it tried more often.
pub(crate) fn rounds(few: u64) -> u64 {
    let rounds = std::env::var("STOCKROOM_TEST_ROUNDS");
    rounds.map_or(few, |number| number.parse().unwrap())
}

impl Client {
    /// Reserves so many pieces of each of these products.
    async fn reserve(&self, items: &[(String, u64)], expires_in: u64) -> (u16, Value) {
        let item = |(product, quantity): &(String, u64)| json!({ "product_id": product, "quantity": quantity });
        let items: Vec<Value> = items.iter().map(item).collect();
        let body = json!({ "data": { "items": items, "expires_in": expires_in } });
        self.post(RESERVATIONS, &body).await
    }

    /// Has something become of a reservation.
    async fn transition(&self, reservation: &Value, name: &str) -> (u16, Value) {
        let path = format!("{RESERVATIONS}/{}/{name}", text(&reservation["data"]["id"]));
        self.try_send(Method::POST, &path, None).await.unwrap()
    }

    /// A history of a few entries, with all that is known of each.
    async fn short_history(&self, product: &str) -> Vec<Value> {
        let path = format!("/v2/inventories/{product}/transactions");
        let request = self.request(Method::GET, &path);
        let request = request.header("EP-Inventories-Multi-Location", "true");
        let mut page: Value = request.send().await.unwrap().json().await.unwrap();
        serde_json::from_value(page["data"].take()).unwrap()
    }

    async fn available(&self, product: &str) -> u64 {
        let (status, stock) = self.get(&format!("/v2/inventories/{product}")).await;
        assert_eq!(status, 200, "{stock}");
        stock["data"]["available"].as_u64().unwrap()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().unwrap()
}

fn expires_at(reservation: &Value) -> Timestamp {
    time(&reservation["data"]["attributes"]["expires_at"])
}

/// Each of so many buyers wants the last piece, again and again: one gets it each time.
pub(crate) async fn the_last_piece(clients: &[Client], buyers: usize, times: u64) {
    for time in 0..times {
        let product = product(time);
        clients[0].create_stock(&product, 1).await;
        let last = [(product.clone(), 1)];
        let buyers = clients.iter().cycle().take(buyers);
        let answers = join_all(buyers.map(|client| client.reserve(&last, 900))).await;
        let won = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(won, 1, "{time}");
        for (status, answer) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(*status, 422, "{answer}");
            let shortages = json!([{
                "product_id": product, "location": null, "requested": 1, "available": 0,
            }]);
            assert_eq!(answer["errors"][0]["meta"]["shortages"], shortages);
        }
    }
}

/// Products come in pairs that are always reserved together, so that whoever sees as much allocated
/// of one as of the other sees no reservation in part.
struct Pairs {
    products: Vec<[String; 2]>,
}

impl Pairs {
    async fn create(client: &Client, pairs: u64, pieces: u64) -> Self {
        let mut products = Vec::new();
        for pair in 0..pairs {
            let pair = [product(2 * pair), product(2 * pair + 1)];
            for product in &pair {
                client.create_stock(product, pieces).await;
            }
            products.push(pair);
        }
        Self { products }
    }

    /// 2 to 10 products in any order, some of them repeated, a few pieces of each.
    fn cart(&self, random: &mut StdRng) -> Vec<(String, u64)> {
        let mut cart = Vec::new();
        for _ in 0..random.random_range(1..=5) {
            let pair = &self.products[random.random_range(0..self.products.len())];
            let pieces = random.random_range(1..=3);
            cart.extend(pair.iter().map(|product| (product.clone(), pieces)));
        }
        cart.shuffle(random);
        cart
    }

    /// Reserves a cart, and has something become of it, or allocates a pair plainly.
    async fn buy(&self, client: &Client, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let (status, reserved) = client.reserve(&self.cart(&mut random), 900).await;
        assert!([201, 422].contains(&status), "{status} {reserved}");
        if status == 422 {
            return;
        }
        let names: &[&str] = match random.random_range(0..6) {
            0 => &[],
            1 => &["pay"],
            2 => &["pay", "fulfil"],
            3 => &["pay", "release"],
            _ => &["release"],
        };
        for name in names {
            let (status, answer) = client.transition(&reserved, name).await;
            assert_eq!(status, 200, "{answer}");
        }
    }

    /// What is allocated of each product, by one list.
    async fn allocated(&self, client: &Client) -> BTreeMap<String, u64> {
        let (status, list) = client.get("/v2/inventories?page[limit]=100").await;
        assert_eq!(status, 200, "{list}");
        figures(&list, "id", "allocated")
    }

    async fn assert_whole(&self, client: &Client) {
        self.assert_pairs(&self.allocated(client).await);
    }

    fn assert_pairs(&self, figures: &BTreeMap<String, u64>) {
        for [one, other] in &self.products {
            assert_eq!(figures[one], figures[other], "{one} {other}");
        }
    }

    /// What is available of each product, by one look at several.
    async fn available(&self, client: &Client) -> BTreeMap<String, u64> {
        let products = self.products.iter().flatten();
        let ids: Vec<Value> = products.map(|id| json!({ "id": id })).collect();
        let body = json!({ "data": ids });
        let (status, list) = client.post("/v2/inventories/multiple", &body).await;
        assert_eq!(status, 200, "{list}");
        figures(&list, "id", "available")
    }

    /// What there is for a cart of all products.
    async fn in_cart(&self, client: &Client) -> BTreeMap<String, u64> {
        let products = self.products.iter().flatten();
        let items = products.map(|id| json!({ "product_id": id, "quantity": 1 }));
        let body = json!({ "data": items.collect::<Vec<_>>() });
        let (status, cart) = client.post("/v2/inventories/availability", &body).await;
        assert_eq!(status, 200, "{cart}");
        figures(&cart, "product_id", "available")
    }
}

/// A figure of each product in a list.
fn figures(list: &Value, id: &str, figure: &str) -> BTreeMap<String, u64> {
    let items = list["data"].as_array().unwrap().iter();
    let figure = |item: &Value| (text(&item[id]).to_owned(), item[figure].as_u64().unwrap());
    items.map(figure).collect()
}

/// What living reservations hold of each product, by the list of them.
async fn held(client: &Client) -> BTreeMap<String, u64> {
    let mut held = BTreeMap::new();
    let filter = "filter=in(state,pending,paid)&page[limit]=100";
    let mut next = Some(format!("{RESERVATIONS}?{filter}"));
    while let Some(path) = next {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        for reservation in page["data"].as_array().unwrap() {
            for item in reservation["attributes"]["items"].as_array().unwrap() {
                let pieces = |name: &str| item[name].as_u64().unwrap();
                let open = pieces("quantity") - pieces("fulfilled") - pieces("released");
                *held
                    .entry(text(&item["product_id"]).to_owned())
                    .or_default() += open;
            }
        }
        next = page["links"]["next"].as_str().map(ToOwned::to_owned);
    }
    held
}

/// So many carts, 64 at once, and somebody who looks on.
pub(crate) async fn carts_in_all_orders(clients: &[Client], carts: u64) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    // A list shows 100 products. There is enough to the end for about every other cart.
    let pairs = (carts / 500).clamp(10, 50);
    let pairs = Pairs::create(&clients[0], pairs, 3 * carts / pairs).await;
    let plainly = json!({ "data": { "action": "allocate", "quantity": 2 } });
    for product in pairs.products.iter().flatten() {
        let path = format!("/v2/inventories/{product}/transactions");
        let (status, answer) = clients[0].post(&path, &plainly).await;
        assert_eq!(status, 200, "{answer}");
    }
    let buying = stream::iter((0..carts).zip(clients.iter().cycle()))
        .map(|(number, client)| pairs.buy(client, seed.wrapping_add(number)))
        .buffer_unordered(64)
        .collect::<()>();
    let looking = async {
        for client in clients.iter().cycle() {
            pairs.assert_whole(client).await;
        }
    };
    tokio::select! {
        () = buying => {}
        () = looking => {}
    }
    let held = held(&clients[0]).await;
    for (product, allocated) in pairs.allocated(&clients[0]).await {
        let held = held.get(&product).copied().unwrap_or_default();
        assert_eq!(allocated, held + 2, "{product}");
        let history = clients[0].history(&product).await;
        let [available, folded] = fold(&history);
        let allocated = i64::try_from(allocated).unwrap();
        assert_eq!(folded, allocated, "{product}");
        let stock = clients[0].available(&product).await;
        assert_eq!(i64::try_from(stock).unwrap(), available, "{product}");
        let (_, holds) = clients[0]
            .get(&format!("/v2/inventories/{product}/holds"))
            .await;
        assert_eq!(holds["meta"]["allocated_unreserved"], 2, "{holds}");
    }
}

/// Reservations of pairs run out all the time, and are given back by who happens to look at one of
/// the two. Whoever looks at both, so many times, sees that of each as a whole.
pub(crate) async fn carts_that_run_out(clients: &[Client], looks: u64) {
    let pairs = Pairs::create(&clients[0], 2, 1_000_000).await;
    let buying = join_all(clients.iter().cycle().take(6).map(async |client| {
        for pair in pairs.products.iter().cycle() {
            let items = pair.clone().map(|product| (product, 1));
            let (status, answer) = client.reserve(&items, 1).await;
            assert_eq!(status, 201, "{answer}");
        }
    }));
    let settling = join_all(pairs.products.iter().map(async |[one, _]| {
        for client in clients.iter().cycle() {
            client.available(one).await;
        }
    }));
    let looking = async {
        for client in clients.iter().cycle().take(usize::try_from(looks).unwrap()) {
            pairs.assert_whole(client).await;
            pairs.assert_pairs(&pairs.available(client).await);
            pairs.assert_pairs(&pairs.in_cart(client).await);
        }
    };
    tokio::select! {
        _ = buying => {}
        _ = settling => {}
        () = looking => {}
    }
}

/// Someone asks again and again for the one piece of a product that is reserved for a second: as
/// soon as the time is over it is available, and not before.
async fn watch_expiry(client: &Client, product: &str) {
    client.create_stock(product, 1).await;
    let (status, reserved) = client.reserve(&[(product.to_owned(), 1)], 1).await;
    assert_eq!(status, 201, "{reserved}");
    let expires_at = expires_at(&reserved);
    loop {
        let asked_at = now();
        let available = client.available(product).await;
        let answered_at = now();
        if asked_at >= expires_at {
            assert_eq!(available, 1, "{product} {asked_at} {expires_at}");
            return;
        }
        if answered_at < expires_at {
            assert_eq!(available, 0, "{product} {answered_at} {expires_at}");
        }
    }
}

/// In whole milliseconds, as the servers count.
#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with what servers say"
)]
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap()
}

/// A buyer on each server asks for a reserved piece until one of them gets it.
async fn race_for_expired(clients: &[Client], product: &str) {
    clients[0].create_stock(product, 1).await;
    let piece = [(product.to_owned(), 1)];
    let (status, first) = clients[0].reserve(&piece, 1).await;
    assert_eq!(status, 201, "{first}");
    let expires_at = expires_at(&first);
    let buyers = clients.iter().map(async |client| {
        loop {
            let asked_at = now();
            let (status, answer) = client.reserve(&piece, 900).await;
            match status {
                201 => return Some(answer),
                422 if asked_at > expires_at => return None,
                422 => {}
                other => panic!("{other} {answer}"),
            }
        }
    });
    let won: Vec<Value> = join_all(buyers).await.into_iter().flatten().collect();
    let [second] = won.as_slice() else {
        panic!("{won:?}")
    };
    let history = clients[0].short_history(product).await;
    let written: Vec<_> = history
        .iter()
        .map(|entry| {
            (
                text(&entry["attributes"]["action"]),
                &entry["attributes"]["reference"],
            )
        })
        .collect();
    let [first, second] = [&first["data"]["id"], &second["data"]["id"]];
    let expected = [
        ("increment", &Value::Null),
        ("allocate", first),
        ("deallocate", first),
        ("allocate", second),
    ];
    assert_eq!(written, expected);
    let at = |entry: &Value| time(&entry["meta"]["timestamps"]["created_at"]);
    assert_eq!(at(&history[2]), expires_at);
    assert!(at(&history[3]) >= expires_at);
}

/// Readers and buyers at the instant at which many reservations run out.
pub(crate) async fn expiry_at_the_instant(clients: &[Client], times: u64) {
    let watched = stream::iter((0..times).zip(clients.iter().cycle()))
        .map(async |(number, client)| watch_expiry(client, &product(number)).await)
        .buffer_unordered(10)
        .collect::<()>();
    let raced = stream::iter(times..2 * times)
        .map(async |number| race_for_expired(clients, &product(number)).await)
        .buffer_unordered(10)
        .collect::<()>();
    tokio::join!(watched, raced);
}

/// A buyer pays at the instant at which the time is over, and another one wants the piece.
async fn pay_or_expire(clients: &[Client], product: &str, early_by: i64) {
    let [payer, rival, reader] = [0, 1, 2].map(|number| &clients[number % clients.len()]);
    payer.create_stock(product, 1).await;
    let piece = [(product.to_owned(), 1)];
    let (status, reserved) = payer.reserve(&piece, 1).await;
    assert_eq!(status, 201, "{reserved}");
    let expires_at = expires_at(&reserved);
    let left = expires_at.as_millisecond() - now().as_millisecond() - early_by;
    let left = u64::try_from(left).unwrap_or(0);
    tokio::time::sleep(std::time::Duration::from_millis(left)).await;
    let ((paid, _), (taken, answer), _) = tokio::join!(
        payer.transition(&reserved, "pay"),
        rival.reserve(&piece, 900),
        reader.available(product),
    );
    let path = format!("{RESERVATIONS}/{}", text(&reserved["data"]["id"]));
    while now() <= expires_at {
        tokio::task::yield_now().await;
    }
    let (_, after) = reader.get(&path).await;
    let state = text(&after["data"]["attributes"]["state"]);
    let history = payer.history(product).await;
    let actions: Vec<&str> = history.iter().map(|entry| text(&entry["action"])).collect();
    let given_back = actions.iter().filter(|it| **it == "deallocate").count();
    match paid {
        200 => {
            assert_eq!((state, taken), ("paid", 422), "{answer}");
            assert_eq!(actions, ["create", "allocate"]);
        }
        409 => {
            assert_eq!((state, given_back), ("expired", 1), "{actions:?}");
            let is_left = rival.available(product).await == 1;
            assert_eq!(is_left, taken == 422, "{answer}");
        }
        other => panic!("{other}"),
    }
}

/// So often a payment and the end of the time race each other.
pub(crate) async fn payments_at_the_last_instant(clients: &[Client], times: u64) {
    stream::iter(0..times)
        .map(async |number| {
            let early_by = i64::try_from(number % 16).unwrap() - 4;
            pay_or_expire(clients, &product(number), early_by).await;
        })
        .buffer_unordered(50)
        .collect::<()>()
        .await;
}

async fn single(folder: &DataFolder) -> (Server, [Client; 1]) {
    let server = Server::start_with(&folder.path(), &["--expiry-sweep-seconds", "0"]);
    let client = server.client(&server.first_key()).await;
    (server, [client])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_piece_is_reserved_once() {
    let folder = DataFolder::new();
    let (_server, clients) = single(&folder).await;
    the_last_piece(&clients, 200, rounds(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_are_reserved_whole() {
    let folder = DataFolder::new();
    let (_server, clients) = single(&folder).await;
    carts_in_all_orders(&clients, 40 * rounds(25)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_are_seen_whole_when_they_run_out() {
    let folder = DataFolder::new();
    let (_server, clients) = single(&folder).await;
    carts_that_run_out(&clients, 10 * rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_available_from_the_instant_of_expiry_on() {
    let folder = DataFolder::new();
    let (_server, clients) = single(&folder).await;
    expiry_at_the_instant(&clients, rounds(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_paid_for_or_expires() {
    let folder = DataFolder::new();
    let (_server, clients) = single(&folder).await;
    payments_at_the_last_instant(&clients, rounds(100)).await;
}
