//! Filters: every condition on seeded data, compared with the conditions' own meaning.

use TransactionAction::{Allocate, Deallocate, Decrement, Increment, Set};
use stockroom_application::LocationOrder;
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{LocationCondition, StockCondition, TransactionCondition};
use stockroom_domain::{
    CreateLocation, EntryAction, ExternalRef, Patch, ProductId, Quantity, Timestamp,
    TransactionAction, UpdateLocation,
};

use crate::{Bench, Client, make};

/// Texts that look alike, or have a meaning in some pattern language.
const TEXTS: [&str; 22] = [
    "berlin",
    "Berlin",
    "BERLIN",
    "berlin-mitte",
    "west-berlin",
    "ber_lin",
    "berXlin",
    "100%",
    "100",
    "100 percent",
    "a%b",
    "axb",
    "a_b",
    "a*b",
    "a?b",
    "[ab]",
    "back\\slash",
    "it's",
    "\"quoted\"",
    "Zürich",
    "ZÜRICH",
    "東京 🏬",
];

/// All patterns of pieces of the texts.
fn patterns() -> Vec<TextCondition> {
    const PIECES: [&str; 23] = [
        "", "berlin", "Berlin", "ber", "lin", "erli", "%", "_", "ber_lin", "100%", "a%b", "a_b",
        "*", "a*b", "?", "[ab]", "\\", "'", "\"", "ü", "Ü", "🏬", "nowhere",
    ];
    let mut patterns = Vec::new();
    for text in PIECES {
        for (open_start, open_end) in [(false, false), (false, true), (true, false), (true, true)] {
            patterns.push(TextCondition::Like(Pattern {
                text: text.to_owned(),
                open_start,
                open_end,
            }));
        }
    }
    patterns
}

fn text_conditions() -> Vec<TextCondition> {
    let texts =
        |texts: &[&str]| TextCondition::In(texts.iter().map(|text| (*text).to_owned()).collect());
    let mut conditions = patterns();
    conditions.push(TextCondition::IsNull);
    conditions.push(texts(&[]));
    conditions.push(texts(&[""]));
    conditions.push(texts(&TEXTS));
    conditions.push(texts(&["berlin", "nowhere", "Zürich", "berlin"]));
    conditions.extend(TEXTS.map(|text| texts(&[text])));
    conditions
}

fn comparisons<T: Clone>(bounds: &[T]) -> Vec<Comparison<T>> {
    let mut comparisons = vec![
        Comparison::In(Vec::new()),
        Comparison::In(bounds.to_vec()),
        Comparison::In(bounds.iter().step_by(2).cloned().collect()),
    ];
    for bound in bounds {
        comparisons.push(Comparison::In(vec![bound.clone()]));
        comparisons.push(Comparison::Greater(bound.clone()));
        comparisons.push(Comparison::GreaterOrEqual(bound.clone()));
        comparisons.push(Comparison::Less(bound.clone()));
        comparisons.push(Comparison::LessOrEqual(bound.clone()));
    }
    comparisons
}

fn numbers() -> Vec<Comparison<i64>> {
    let most = i64::from(Quantity::MAX);
    comparisons(&[
        i64::MIN,
        -1,
        0,
        1,
        5,
        9,
        10,
        100,
        most - 1,
        most,
        most + 1,
        i64::MAX,
    ])
}

/// Instants around `start` and the following seconds.
fn instants(start: Timestamp) -> Vec<Comparison<Timestamp>> {
    let mut bounds = vec![
        Timestamp::from_rfc3339("0000-01-01T00:00:00Z").expect("the first of them"),
        Timestamp::from_rfc3339("9999-12-30T00:00:00Z").expect("one of the last instants"),
        Timestamp::UNIX_EPOCH,
    ];
    let moments = [-1, 0, 1, 999, 1_000, 1_001, 4_000, 7_000, 60_000];
    bounds.extend(moments.map(|after| start.plus_milliseconds(after)));
    comparisons(&bounds)
}

/// Each condition alone, and in pairs with one further down the list.
fn alone_and_in_pairs<T: Clone>(conditions: Vec<T>) -> Vec<Vec<T>> {
    let apart = conditions.len() / 3 + 1;
    let pairs = conditions.iter().zip(conditions.iter().cycle().skip(apart));
    let pairs: Vec<_> = pairs
        .map(|(one, other)| vec![one.clone(), other.clone()])
        .collect();
    let alone = conditions.into_iter().map(|condition| vec![condition]);
    alone.chain(pairs).collect()
}

/// Stock in several locations, created over several seconds.
async fn seed_stock(bench: &Bench, client: &Client) -> Vec<ProductId> {
    for slug in [
        "berlin",
        "Berlin",
        "ber_lin",
        "berXlin",
        "west-berlin",
        "a_b",
        "100",
    ] {
        client.locate(slug).await;
    }
    let most = Quantity::MAX.get();
    let seeds: [(u64, &[(&str, u64)]); 10] = [
        (0, &[]),
        (5, &[]),
        (10, &[("berlin", 0)]),
        (0, &[("Berlin", 9)]),
        (1, &[("ber_lin", 4), ("berXlin", 5)]),
        (100, &[("berlin", 1), ("west-berlin", 2), ("Berlin", 3)]),
        (most, &[]),
        (0, &[("a_b", most - 1)]),
        (3, &[("100", 3)]),
        (9, &[("berXlin", 0), ("berlin", 5)]),
    ];
    let mut products = Vec::new();
    for (unlocated, located) in seeds {
        let product = bench.product();
        let located = located.iter().copied();
        client.done(make::stock(product, unlocated, located)).await;
        products.push(product);
        bench.clock.advance(1_000);
    }
    for (place, pieces) in [(1, 5), (2, 1), (5, 99), (6, 1), (9, 9)] {
        let allocated = client.transact(products[place], Allocate, pieces).await;
        allocated.expect("there is as much");
        bench.clock.advance(1);
    }
    products
}

/// Every condition on stock.
pub async fn stock_is_filtered_by_every_condition(bench: Bench) {
    let start = bench.clock.now();
    let store = bench.store().await;
    let products = seed_stock(&bench, &store).await;
    let unknown = bench.product();
    let mut conditions = Vec::new();
    conditions.extend(text_conditions().into_iter().map(StockCondition::Location));
    let ids = [
        vec![],
        vec![unknown],
        vec![products[4]],
        vec![products[7], products[1], unknown],
    ];
    conditions.extend(ids.map(StockCondition::Id));
    conditions.extend(numbers().into_iter().map(StockCondition::Available));
    conditions.extend(numbers().into_iter().map(StockCondition::Allocated));
    conditions.extend(numbers().into_iter().map(StockCondition::Total));
    conditions.extend(instants(start).into_iter().map(StockCondition::CreatedAt));
    conditions.extend(instants(start).into_iter().map(StockCondition::UpdatedAt));
    for filter in alone_and_in_pairs(conditions) {
        assert_stocks(&store, &filter).await;
    }
}

/// Conditions apply to what a store sees: its own stock and, where it has none, its organization's.
pub async fn shared_stock_is_filtered_too(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let products = seed_stock(&bench, &organization).await;
    store.locate("berlin").await;
    for product in [products[3], products[5]] {
        store.done(make::stock(product, 5, [("berlin", 4)])).await;
    }
    let mut conditions = Vec::new();
    conditions.extend(text_conditions().into_iter().map(StockCondition::Location));
    conditions.extend(numbers().into_iter().map(StockCondition::Available));
    conditions.push(StockCondition::Id(products));
    for filter in alone_and_in_pairs(conditions) {
        assert_stocks(&store, &filter).await;
    }
}

async fn assert_stocks(client: &Client, filter: &[StockCondition]) {
    let mut expected = client.stocks(&[]).await;
    expected.retain(|stock| filter.iter().all(|condition| condition.matches(stock)));
    assert_eq!(client.stocks(filter).await, expected, "{filter:?}");
    let page = client.stocks_page(filter, 2, 1).await;
    assert_eq!(page.total, Some(expected.len() as u64), "{filter:?}");
    let on_page: Vec<_> = expected.into_iter().skip(1).take(2).collect();
    assert_eq!(page.items, on_page, "{filter:?}");
}

/// A filter with the maximum number of conditions, and the maximum number of values.
pub async fn a_long_filter_works(bench: Bench) {
    let store = bench.store().await;
    let products = seed_stock(&bench, &store).await;
    let mut many: Vec<ProductId> = (0..200).map(|_| bench.product()).collect();
    many.extend(products);
    let conditions = (0..9).map(|bound| StockCondition::Available(Comparison::Greater(-bound)));
    let mut filter: Vec<_> = conditions.collect();
    filter.push(StockCondition::Id(many));
    assert_stocks(&store, &filter).await;
}

/// A renamed location is found by its current name.
pub async fn stock_is_filtered_by_current_slugs(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 1)])).await;
    store.done(crate::history::rename(&berlin, "potsdam")).await;
    for (slug, expected) in [("berlin", 0), ("potsdam", 1)] {
        let filter = [StockCondition::Location(crate::history::named(slug))];
        assert_eq!(store.stocks(&filter).await.len(), expected, "{slug}");
    }
}

/// Every condition on ledger entries.
pub async fn history_is_filtered_by_every_condition(bench: Bench) {
    let start = bench.clock.now();
    let store = bench.store().await;
    for slug in ["berlin", "Berlin", "ber_lin", "berXlin", "100"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    store
        .done(make::stock(product, 100, [("berlin", 10)]))
        .await;
    for (action, pieces, at) in [
        (Increment, 5, Some("Berlin")),
        (Decrement, 1, None),
        (Allocate, 9, Some("berlin")),
        (Deallocate, 5, Some("berlin")),
        (Increment, 0, None),
        (Set, 10, Some("ber_lin")),
        (Set, 1, Some("ber_lin")),
        (Increment, 100, Some("100")),
        (Increment, Quantity::MAX.get() - 1_000, Some("berXlin")),
        (Allocate, Quantity::MAX.get() - 1_000, Some("berXlin")),
    ] {
        bench.clock.advance(1_000);
        store
            .done(make::transaction(product, action, pieces, at))
            .await;
    }
    let mut conditions = Vec::new();
    conditions.extend(
        text_conditions()
            .into_iter()
            .map(TransactionCondition::Location),
    );
    conditions.extend(numbers().into_iter().map(TransactionCondition::Quantity));
    conditions.extend(
        instants(start)
            .into_iter()
            .map(TransactionCondition::CreatedAt),
    );
    let actions = [
        EntryAction::Create,
        EntryAction::Increment,
        EntryAction::Decrement,
        EntryAction::Allocate,
        EntryAction::Deallocate,
    ];
    conditions.extend(actions.map(|action| TransactionCondition::Action(vec![action])));
    conditions.push(TransactionCondition::Action(vec![]));
    conditions.push(TransactionCondition::Action(actions[..2].to_vec()));
    let whole = store.history(product).await;
    for filter in alone_and_in_pairs(conditions) {
        let mut expected = whole.clone();
        expected.retain(|recorded| filter.iter().all(|condition| condition.matches(recorded)));
        let total = expected.len() as u64;
        let page = store.history_page(product, &filter, 100, 0).await;
        assert_eq!(
            (page.items, page.total),
            (expected.clone(), Some(total)),
            "{filter:?}"
        );
        let page = store.history_page(product, &filter, 2, 1).await;
        let on_page: Vec<_> = expected.into_iter().skip(1).take(2).collect();
        assert_eq!(
            (page.items, page.total),
            (on_page, Some(total)),
            "{filter:?}"
        );
    }
}

/// Every condition on locations.
pub async fn locations_are_filtered_by_every_condition(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    for (place, text) in TEXTS.iter().enumerate() {
        let creator = if place % 3 == 0 {
            &organization
        } else {
            &store
        };
        // Texts of locations have at least three characters.
        let padded = format!("{text:_<3}");
        let external_ref = ExternalRef::new("external_ref", padded.clone()).expect("it is short");
        let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
        let slug: String = text.chars().filter(allowed).collect();
        let request = CreateLocation {
            name: make::name(&padded),
            external_ref: (place % 4 != 0).then_some(external_ref),
            enabled: place % 5 != 0,
            ..make::location(&format!("{slug}-{place}"))
        };
        creator.done(request).await;
    }
    store.locate("berlin").await;
    let mut conditions = Vec::new();
    conditions.extend(text_conditions().into_iter().map(LocationCondition::Name));
    conditions.extend(text_conditions().into_iter().map(LocationCondition::Slug));
    conditions.extend(
        text_conditions()
            .into_iter()
            .map(LocationCondition::ExternalRef),
    );
    let flags = [vec![true], vec![false], vec![true, false], vec![]];
    conditions.extend(flags.map(LocationCondition::Enabled));
    let whole = store.locations(&[]).await;
    for filter in alone_and_in_pairs(conditions) {
        let mut expected = whole.clone();
        expected.retain(|location| filter.iter().all(|condition| condition.matches(location)));
        assert_eq!(store.locations(&filter).await, expected, "{filter:?}");
        let page = store
            .locations_page(&filter, LocationOrder::Created, 2, 1)
            .await;
        assert_eq!(page.total, Some(expected.len() as u64), "{filter:?}");
        let on_page: Vec<_> = expected.into_iter().skip(1).take(2).collect();
        assert_eq!(page.items, on_page, "{filter:?}");
    }
}

/// An external reference that was cleared counts as absent in filters, too.
pub async fn a_cleared_text_is_null(bench: Bench) {
    let store = bench.store().await;
    let external_ref = ExternalRef::new("external_ref", "warehouse 1").ok();
    let request = CreateLocation {
        external_ref,
        ..make::location("berlin")
    };
    let berlin = store.done(request).await;
    let absent = [LocationCondition::ExternalRef(TextCondition::IsNull)];
    assert_eq!(store.locations(&absent).await, []);
    let clear = UpdateLocation {
        slug: None,
        external_ref: Patch::Clear,
        ..crate::history::rename(&berlin, "berlin")
    };
    let cleared = store.done(clear).await;
    assert_eq!(store.locations(&absent).await, [cleared]);
}
