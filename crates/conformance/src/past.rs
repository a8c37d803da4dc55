//! The past: stock at earlier times, and ledgers to any depth.

use TransactionAction::{Allocate, Decrement, Increment, Set};
use stockroom_application::PageRequest;
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::TransactionCondition;
use stockroom_domain::{
    DeleteLocation, LocationId, ProductId, Reason, Stock, StockId, StockPeriod, Timestamp,
    TransactMany, TransactionAction, TransactionId,
};

use crate::client::stored;
use crate::history::rename;
use crate::{Bench, Client, make};

async fn periods(client: &Client, product: ProductId) -> Vec<StockPeriod> {
    stored(client.database.periods(client.scope, &[product]).await)
}

async fn past(client: &Client, periods: &[StockPeriod], at: Timestamp) -> Vec<Stock> {
    let organization = client.scope.organization;
    stored(client.database.past(organization, periods, at).await)
}

/// The stock of a product as this client saw it at the given time.
async fn stock_at(client: &Client, product: ProductId, at: Timestamp) -> Option<Stock> {
    let mut periods = periods(client, product).await;
    periods.retain(|period| period.covers(at));
    periods.sort_by_key(|period| period.owner != client.scope.acting);
    periods.truncate(1);
    past(client, &periods, at).await.pop()
}

/// The organization's location with this place in the order of creation.
async fn location(client: &Client, place: usize) -> stockroom_domain::Location {
    client.locations(&[]).await.swap_remove(place)
}

/// Makes one of the possible changes to stock; `false` if there are no more.
async fn happens(number: usize, store: &Client, organization: &Client, product: ProductId) -> bool {
    let transaction = |action, pieces, at| make::transaction(product, action, pieces, at);
    match number {
        0 => {
            organization.locate("berlin").await;
            organization.locate("paris").await;
            let stock = make::stock(product, 5, [("berlin", 4)]);
            organization.done(stock).await;
        }
        1 => drop(organization.done(transaction(Allocate, 2, None)).await),
        2 => drop(
            organization
                .done(transaction(Increment, 3, Some("berlin")))
                .await,
        ),
        3 => drop(organization.done(transaction(Set, 9, None)).await),
        4 => drop(
            organization
                .done(transaction(Increment, 7, Some("paris")))
                .await,
        ),
        5 => drop(
            organization
                .done(transaction(Decrement, 7, Some("paris")))
                .await,
        ),
        6 => drop(
            organization
                .done(make::put(product, [("paris", None)]))
                .await,
        ),
        7 => drop(
            organization
                .done(make::put(product, [("paris", Some(0))]))
                .await,
        ),
        8 => {
            let berlin = location(organization, 0).await;
            organization.done(rename(&berlin, "hamburg")).await;
        }
        9 => {
            let id = location(organization, 1).await.id;
            organization.done(DeleteLocation { id }).await;
        }
        10 => drop(
            organization
                .done(make::put(product, [("hamburg", Some(1))]))
                .await,
        ),
        11 => drop(store.create(product, 1).await),
        12 => drop(store.transact(product, Increment, 1).await),
        13 => organization.delete(product).await,
        14 => store.delete(product).await,
        15 => drop(organization.create(product, 3).await),
        _ => return false,
    }
    true
}

/// The figures of past stock, without names, which are those of today.
type Figures = (
    StockId,
    stockroom_domain::Balance,
    Vec<(LocationId, stockroom_domain::Balance)>,
    u64,
);

fn figures(stock: Option<Stock>) -> Option<Figures> {
    stock.map(|stock| {
        let located = stock.located.into_iter();
        let located = located.map(|(id, it)| (id, it.balance)).collect();
        (stock.id, stock.unlocated, located, stock.sequence)
    })
}

/// The past is correct for every moment, every client, and any number of later changes.
pub async fn the_past_is_what_was_read_then(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let (store, organization) = (tenant.store().await, tenant.organization());
    let product = bench.product();
    let mut seen = vec![(bench.clock.now(), None, None)];
    for number in 0.. {
        bench.clock.advance(1_000);
        if !happens(number, &store, &organization, product).await {
            break;
        }
        // At the instant of the change, and a moment before the next one.
        for later in [0, 999] {
            let at = bench.clock.now().plus_milliseconds(later);
            let by_store = store.stock(product).await;
            let by_organization = organization.stock(product).await;
            seen.push((at, by_store, by_organization));
        }
    }
    assert!(seen.len() > 30);
    for (at, by_store, by_organization) in seen {
        for (client, seen) in [(&store, by_store), (&organization, by_organization)] {
            let past = stock_at(client, product, at).await;
            assert_eq!(figures(past), figures(seen), "{at}");
        }
    }
}

/// A location that is deleted by a clock that is behind doesn't change the past of stock that was
/// deleted before it.
pub async fn deleted_stock_keeps_its_past(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let id = store.locate("berlin").await.id;
    bench.clock.advance(1_000);
    store.done(make::stock(product, 5, [("berlin", 0)])).await;
    bench.clock.advance(1_000);
    let at = bench.clock.now();
    let seen = figures(store.stock(product).await);
    bench.clock.advance(1_000);
    store.delete(product).await;
    bench.clock.advance(-2_500);
    store.done(DeleteLocation { id }).await;
    assert_eq!(figures(stock_at(&store, product, at).await), seen);
}

/// Stock that came and went, own and the organization's, page by page.
pub async fn a_list_of_the_past_is_what_was_listed_then(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let (store, organization) = (tenant.store().await, tenant.organization());
    let products: Vec<_> = (0..5).map(|_| bench.product()).collect();
    let mut seen = Vec::new();
    for (number, client) in [&store, &organization, &store, &organization]
        .iter()
        .enumerate()
    {
        for product in &products[number..=number + 1] {
            bench.clock.advance(1_000);
            if client
                .stock(*product)
                .await
                .is_some_and(|it| it.owner == client.owner())
            {
                client.delete(*product).await;
            } else {
                client.create(*product, 5).await;
            }
            let listed = [store.stocks(&[]).await, organization.stocks(&[]).await];
            seen.push((bench.clock.now(), listed));
        }
    }
    for (at, listed) in seen {
        for (client, listed) in [&store, &organization].into_iter().zip(listed) {
            let database = &client.database;
            let count = stored(database.count_periods_at(client.scope, at).await);
            assert_eq!(count, listed.len() as u64, "{at}");
            let ids: Vec<StockId> = listed.iter().map(|stock| stock.id).collect();
            let mut read = Vec::new();
            let mut page = PageRequest::from_offset(2, 0);
            loop {
                let periods = stored(database.periods_at(client.scope, at, page).await);
                let Some(last) = periods.last() else { break };
                page = PageRequest::after(2, last.id);
                read.extend(periods.iter().map(|period| period.id));
            }
            assert_eq!(read, ids, "{at}");
            let page = PageRequest::from_offset(9, 1);
            let behind = stored(database.periods_at(client.scope, at, page).await);
            let behind: Vec<StockId> = behind.iter().map(|period| period.id).collect();
            assert_eq!(behind, ids.get(1..).unwrap_or_default(), "{at}");
        }
    }
}

/// A ledger is read from any entry on, with and without conditions.
pub async fn a_ledger_is_read_to_any_depth(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    for number in 0..9 {
        let mut request = make::transaction(product, Increment, 1, None);
        if number % 3 == 0 {
            request.annotation.reason = Reason::new("reason", "third").ok();
        }
        store.done(request).await;
    }
    let history = store.history(product).await;
    let period = periods(&store, product).await.remove(0);
    let thirds = TransactionCondition::Reason(TextCondition::In(vec!["third".to_owned()]));
    let others = TransactionCondition::Reason(TextCondition::IsNull);
    let organization = store.scope.organization;
    for filter in [vec![], vec![thirds], vec![others]] {
        for after in [0, 1, 5, 9, 10, 11, u64::MAX] {
            let ledger = store
                .database
                .ledger(organization, &period, &filter, after, 3);
            let expected: Vec<_> = history
                .iter()
                .filter(|it| it.entry.sequence > after)
                .filter(|it| filter.iter().all(|condition| condition.matches(it)))
                .take(3)
                .cloned()
                .collect();
            assert_eq!(stored(ledger.await), expected, "after {after}");
        }
    }
    for recorded in &history {
        let place = store
            .database
            .sequence_of(organization, &period, recorded.entry.id);
        assert_eq!(stored(place.await), Some(recorded.entry.sequence));
    }
    let unknown: TransactionId = bench.id();
    let place = store.database.sequence_of(organization, &period, unknown);
    assert_eq!(stored(place.await), None);
}

/// The ledger of deleted stock is read by callers who could see the stock.
pub async fn the_ledger_of_deleted_stock_is_read(bench: Bench) {
    let (store, other) = (bench.store().await, bench.store().await);
    let product = bench.product();
    let mut histories = Vec::new();
    for pieces in 1..4 {
        store.create(product, pieces).await;
        store.transact(product, Increment, 1).await.expect("room");
        histories.push(store.history(product).await);
        bench.clock.advance(1_000);
        store.delete(product).await;
    }
    let periods = periods(&store, product).await;
    assert_eq!(periods.len(), 3);
    for (period, history) in periods.iter().zip(histories) {
        let organization = store.scope.organization;
        let ledger = store.database.ledger(organization, period, &[], 0, 9);
        assert_eq!(stored(ledger.await), history);
    }
    assert_eq!(self::periods(&other, product).await, []);
}

/// Batches are found together with the places of their entries.
pub async fn batches_are_found(bench: Bench) {
    let store = bench.store().await;
    let products = [bench.product(), bench.product()];
    for product in products {
        store.create(product, 5).await;
    }
    let lines = [0, 1, 0].map(|it| Some(make::transaction(products[it], Allocate, 1, None)));
    let many = TransactMany {
        lines: lines.into(),
        atomic: true,
    };
    let made: Vec<_> = store.done(many).await.into_iter().flatten().collect();
    let id = made[0].entry.batch.expect("the batch");
    let organization = store.scope.organization;
    let batch = stored(store.database.batch(organization, id).await).expect("the batch");
    assert_eq!((batch.id, batch.owner), (id, store.owner()));
    let places: Vec<_> = batch
        .entries
        .iter()
        .map(|it| (it.product, it.sequence))
        .collect();
    assert_eq!(
        places,
        [(products[0], 2), (products[1], 2), (products[0], 3)]
    );
    let mut read = stored(store.database.entries(organization, &batch.entries).await);
    read.sort_by_key(|it| it.entry.id);
    assert_eq!(read, made);
    let elsewhere = bench.store().await.scope.organization;
    assert_eq!(stored(store.database.batch(elsewhere, id).await), None);
    assert_eq!(
        stored(store.database.batch(organization, bench.id()).await),
        None
    );
}
