//! Orders that are placed, moved and edited on three servers at once, without a sweeper.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use stockroom_application::ports::{CommandStore, ReservationReader, Scope, StockReader};
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{
    Actor, Answer, Command, CreateLocation, CreateOrganization, CreateStock, EditReservation,
    ExpiresIn, ItemPlace, LocationId, MoveReservation, MovedItem, Name, Operation, OrganizationId,
    Outcome, Owner, Patch, PayReservation, PolicyUpdate, ProductId, Quantity, Refusal,
    ReleaseReservation, Reservation, ReservationItem, Reserve, SetPolicy, Slug, Sourcing, Split,
    Stock,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;
use tokio::task::JoinSet;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const SCOPE: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};
const PLACES: [&str; 3] = ["york", "leeds", "hull"];
const BUYERS: usize = 12;

/// The seed of a test that decides at random, and the generator. It is shown if the test fails.
fn random() -> (u64, StdRng) {
    let seed = std::env::var("STOCKROOM_TEST_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(rand::random);
    println!("STOCKROOM_TEST_SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

fn product(number: u128) -> ProductId {
    ProductId::new(Uuid::from_u128(10 + number))
}

fn pieces(pieces: u64) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn name(text: &str) -> Name {
    Name::new("name", text).unwrap()
}

async fn ask(database: &PostgresDatabase, operation: impl Into<Operation>) -> Outcome {
    let command = Command::new(Actor::OPERATOR, operation);
    let outcomes = database.commit(ORGANIZATION, &[command]).await;
    outcomes.unwrap().pop().unwrap()
}

/// Three servers of an organization with these locations.
async fn setup() -> (Vec<Arc<PostgresDatabase>>, TestDatabase) {
    let server = TestDatabase::create().await;
    let mut databases = Vec::new();
    for _ in PLACES {
        let options = PostgresOptions::default();
        let opened = PostgresDatabase::open(server.url(), Environment::system(), options);
        databases.push(Arc::new(opened.await.unwrap()));
    }
    databases[0].migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: name("Pear Ltd"),
    };
    ask(&databases[0], organization).await.unwrap();
    for place in PLACES {
        let location = CreateLocation::new(name("A location"), Slug::new(place).unwrap());
        ask(&databases[0], location).await.unwrap();
    }
    (databases, server)
}

async fn stock(database: &PostgresDatabase, product: ProductId) -> Stock {
    let found = database.stock(SCOPE, product).await;
    found.unwrap().expect("it is managed")
}

fn items(wanted: &[(ProductId, u64)]) -> Vec<ReservationItem> {
    let items = wanted.iter().filter(|(_, wanted)| *wanted > 0);
    let items = items.map(|(product, wanted)| ReservationItem {
        product: *product,
        place: ItemPlace::Unnamed,
        quantity: pieces(*wanted),
    });
    items.collect()
}

fn placed(wanted: &[(ProductId, u64)]) -> Reserve {
    Reserve {
        order: None,
        expires_in: ExpiresIn::default(),
        items: items(wanted),
        sourcing: Some(Sourcing {
            split: Split::Units,
            ..Sourcing::default()
        }),
    }
}

/// Reserves until nothing is left: if an order is short, it asks for what there was instead. Returns the
/// number of pieces of each product that it got.
async fn buy(
    database: Arc<PostgresDatabase>,
    products: Vec<ProductId>,
    mut random: StdRng,
) -> BTreeMap<ProductId, u64> {
    let mut bought: BTreeMap<ProductId, u64> = BTreeMap::new();
    let mut wanted: Vec<(ProductId, u64)> = Vec::new();
    loop {
        if items(&wanted).is_empty() {
            wanted = products
                .iter()
                .map(|product| (*product, random.random_range(1..=4)))
                .collect();
        }
        match ask(&database, placed(&wanted)).await {
            Ok(_) => {
                for (product, wanted) in std::mem::take(&mut wanted) {
                    *bought.entry(product).or_default() += wanted;
                }
            }
            Err(Refusal::ReservationShort(shortages)) => {
                for shortage in shortages {
                    let of_product = wanted.iter_mut().find(|(it, _)| *it == shortage.product);
                    let (_, wanted) = of_product.expect("it was wanted");
                    assert_eq!(*wanted, shortage.requested);
                    assert!(shortage.available.get() < *wanted);
                    *wanted = shortage.available.get();
                }
                if items(&wanted).is_empty() {
                    return bought;
                }
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

/// No order gets pieces of a safety stock, and none is refused as long as there are enough of all locations
/// together: in the end, exactly what could be sold is.
#[tokio::test(flavor = "multi_thread")]
async fn buyers_race_for_pieces_of_several_locations() {
    let (seed, mut random) = random();
    let (databases, _server) = setup().await;
    let products: Vec<ProductId> = (0..3).map(product).collect();
    let mut sellable = BTreeMap::new();
    for product in &products {
        let mut safety = || random.random_range(0..4);
        let locations = PLACES.map(|place| (place.to_owned(), safety()));
        let whole = random.random_range(0..12);
        let located = PLACES.map(|place| {
            let slug = Slug::new(place).unwrap();
            (slug, pieces(random.random_range(0..30)))
        });
        let create = CreateStock {
            product: *product,
            unlocated: pieces(random.random_range(0..10)),
            located: located.into(),
        };
        ask(&databases[0], create).await.unwrap();
        let update = |safety_stock| PolicyUpdate {
            safety_stock: Patch::Set(pieces(safety_stock)),
            alerts: Patch::Keep,
        };
        let locations = locations.map(|(place, safety)| (place, Some(update(safety))));
        let policy = SetPolicy {
            product: *product,
            update: update(whole),
            locations: Patch::Set(locations.into()),
        };
        ask(&databases[0], policy).await.unwrap();
        let stock = stock(&databases[0], *product).await;
        sellable.insert(*product, stock.sellable().get());
    }
    let mut buyers = JoinSet::new();
    for buyer in 0..BUYERS {
        let database = Arc::clone(&databases[buyer % databases.len()]);
        let random = StdRng::seed_from_u64(random.random());
        // Each begins with another product.
        let mut products = products.clone();
        products.rotate_left(buyer % 3);
        products.truncate(1 + buyer % 2);
        buyers.spawn(buy(database, products, random));
    }
    let mut bought: BTreeMap<ProductId, u64> = BTreeMap::new();
    while let Some(done) = buyers.join_next().await {
        for (product, pieces) in done.unwrap() {
            *bought.entry(product).or_default() += pieces;
        }
    }
    for product in products {
        let stock = stock(&databases[0], product).await;
        assert_eq!(stock.sellable(), Quantity::ZERO, "seed {seed}");
        let bought = bought.get(&product).copied().unwrap_or_default();
        assert_eq!(bought, sellable[&product], "seed {seed}");
        assert!(stock.sums().available >= stock.policy.safety_stock);
        for position in stock.located.values() {
            let least = position.policy.safety_stock;
            let had = position.balance.total();
            assert!(position.balance.available >= least.min(had), "seed {seed}");
        }
    }
}

/// The open pieces of all reservations, by product and location.
async fn held(database: &PostgresDatabase) -> BTreeMap<(ProductId, Option<LocationId>), u64> {
    let now = Environment::system().now();
    let page = PageRequest::from_offset(1_000, 0);
    let found = database.list_reservations(SCOPE, &[], now, page).await;
    let mut held: BTreeMap<_, u64> = BTreeMap::new();
    for reservation in found.unwrap().items {
        assert!(reservation.is_consistent());
        for line in &reservation.lines {
            let location = line.location.as_ref().map(|(location, _)| *location);
            *held.entry((line.key.product, location)).or_default() += line.open().get();
        }
    }
    held
}

/// Does something to one of these reservations, as they are known to this server.
async fn meddle(
    database: Arc<PostgresDatabase>,
    mut reservations: Vec<Reservation>,
    products: Vec<ProductId>,
    mut random: StdRng,
) {
    for _ in 0..40 {
        let index = random.random_range(0..reservations.len());
        let reservation = reservations[index].reference();
        let mut any = || products[random.random_range(0..products.len())];
        let (one, other) = (any(), any());
        let place = |random: &mut StdRng| {
            let place = random.random_range(0..=PLACES.len());
            PLACES.get(place).map(|place| (*place).to_owned())
        };
        let operation: Operation = match random.random_range(0..10) {
            0..4 => EditReservation {
                reservation,
                items: items(&[
                    (one, random.random_range(1..4)),
                    (other, random.random_range(0..3)),
                ]),
                expires_in: None,
                expect_version: None,
            }
            .into(),
            4..8 => MoveReservation {
                reservation,
                items: vec![MovedItem {
                    product: one,
                    from: place(&mut random),
                    to: place(&mut random),
                    quantity: pieces(1),
                }],
            }
            .into(),
            8 => PayReservation { reservation }.into(),
            _ => ReleaseReservation {
                reservation,
                items: Some(items(&[(one, 1)])),
            }
            .into(),
        };
        let id = reservations[index].id;
        match ask(&database, operation).await {
            Ok(Answer::Reservation(changed)) => reservations[index] = changed,
            Ok(answer) => panic!("{answer:?}"),
            Err(Refusal::ReservationEdited) => {
                let found = database.reservation(SCOPE, id).await.unwrap();
                reservations[index] = found.expect("it isn't deleted");
            }
            Err(
                Refusal::ReservationShort(_)
                | Refusal::NotSoManyOpen { .. }
                | Refusal::SamePlace
                | Refusal::ReservationIs(_),
            ) => {}
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

/// Whatever editors and movers do to the same orders at once: what the lines of all orders hold is what the
/// stock says, and no piece comes or goes.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_where_orders_are_edited_at_once() {
    let (seed, mut random) = random();
    let (databases, _server) = setup().await;
    let products: Vec<ProductId> = (0..3).map(product).collect();
    for product in &products {
        let located = PLACES.map(|place| (Slug::new(place).unwrap(), pieces(8)));
        let create = CreateStock {
            product: *product,
            unlocated: pieces(8),
            located: located.into(),
        };
        ask(&databases[0], create).await.unwrap();
    }
    let mut reservations = Vec::new();
    for number in 0..4 {
        let product = products[number % products.len()];
        let answer = ask(&databases[0], placed(&[(product, 2)])).await.unwrap();
        let Answer::Reserved(reserved) = answer else {
            panic!("{answer:?}");
        };
        reservations.push(reserved.reservation);
    }
    let mut meddlers = JoinSet::new();
    for number in 0..BUYERS {
        meddlers.spawn(meddle(
            Arc::clone(&databases[number % databases.len()]),
            reservations.clone(),
            products.clone(),
            StdRng::seed_from_u64(random.random()),
        ));
    }
    while let Some(done) = meddlers.join_next().await {
        done.unwrap();
    }
    let held = held(&databases[0]).await;
    for product in products {
        let stock = stock(&databases[0], product).await;
        let sums = stock.sums();
        assert_eq!(sums.total(), pieces(32), "seed {seed}");
        for place in std::iter::once(None).chain(stock.located.keys().copied().map(Some)) {
            let held = held.get(&(product, place)).copied().unwrap_or_default();
            assert_eq!(stock.held(place).get(), held, "{place:?}, seed {seed}");
            let balance = stock.balance(place).unwrap();
            assert_eq!(balance.allocated.get(), held, "{place:?}, seed {seed}");
        }
    }
}
