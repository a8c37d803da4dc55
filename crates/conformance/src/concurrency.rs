//! Concurrent changes: in whatever order they come, nothing is sold twice and nothing is lost.

use std::sync::Arc;

use TransactionAction::{Allocate, Decrement, Increment};
use stockroom_domain::{
    Answer, DeleteLocation, DeleteStock, Outcome, Refusal, RegisterProduct, TransactionAction,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::transactions::assert_adds_up;
use crate::{Bench, Client, make};

const TASKS: usize = 32;

/// Runs the future that `task` makes for each number in a task of its own. All start together.
pub(crate) async fn race<T, F>(tasks: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(tasks));
    let mut running = JoinSet::new();
    for number in 0..tasks {
        let (start, work) = (Arc::clone(&start), task(number));
        running.spawn(async move {
            start.wait().await;
            work.await
        });
    }
    running.join_all().await
}

async fn one_by_one(client: Client, commands: Vec<stockroom_domain::Command>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for command in commands {
        outcomes.extend(client.commit(vec![command]).await);
    }
    outcomes
}

/// Many buyers of one stock: the number of successes is the number of pieces, and the ledger adds
/// up.
pub async fn nothing_is_sold_twice(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let pieces = 50;
    store.create(product, pieces).await;
    let outcomes = race(TASKS, |_| {
        let buy = store.command(make::transaction(product, Allocate, 1, None));
        one_by_one(store.clone(), vec![buy; 2])
    });
    let outcomes = outcomes.await.concat();
    let sold = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(sold as u64, pieces);
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(
        refusals
            .into_iter()
            .all(|refusal| *refusal == make::insufficient(1, 0, pieces))
    );
    let stock = store.stock(product).await.expect("the stock");
    assert_eq!(stock.sums().allocated.get(), pieces);
    assert_adds_up(&stock, &store.history(product).await);
}

/// Batches over several stocks in opposite orders: they don't deadlock, and nothing is lost.
pub async fn batches_in_opposite_orders_all_get_through(bench: Bench) {
    let store = bench.store().await;
    let products: Vec<_> = (0..8).map(|_| bench.product()).collect();
    for product in &products {
        store.create(*product, 0).await;
    }
    let outcomes = race(TASKS, |number| {
        let mut batch: Vec<_> = products
            .iter()
            .map(|product| store.command(make::transaction(*product, Increment, 1, None)))
            .collect();
        batch.rotate_left(number % 8);
        if number % 2 == 0 {
            batch.reverse();
        }
        let store = store.clone();
        async move { store.commit(batch).await }
    });
    let outcomes = outcomes.await.concat();
    assert!(outcomes.iter().all(Result::is_ok));
    for product in products {
        let stock = store.stock(product).await.expect("the stock");
        assert_eq!(stock.sums().available.get(), TASKS as u64);
        assert_adds_up(&stock, &store.history(product).await);
    }
}

/// Concurrent increments and decrements in several locations of one stock.
pub async fn positions_add_up_under_load(bench: Bench) {
    let store = bench.store().await;
    let slugs = ["a", "b", "c", "d"];
    for slug in slugs {
        store.locate(slug).await;
    }
    let product = bench.product();
    store.create(product, 10).await;
    let outcomes = race(TASKS, |number| {
        let at = slugs.get(number % 5).copied();
        let commands = [
            (Increment, 3),
            (Allocate, 2),
            (Decrement, 2),
            (Decrement, 1),
        ]
        .map(|(action, pieces)| store.command(make::transaction(product, action, pieces, at)));
        one_by_one(store.clone(), commands.to_vec())
    });
    let accepted = outcomes
        .await
        .concat()
        .iter()
        .filter(|outcome| outcome.is_ok())
        .count();
    let stock = store.stock(product).await.expect("the stock");
    let history = store.history(product).await;
    assert_eq!(history.len(), accepted + 1);
    assert_adds_up(&stock, &history);
}

/// Concurrent readers see sums that belong to one instant.
pub async fn readers_see_no_half_of_a_batch(bench: Bench) {
    let store = bench.store().await;
    for slug in ["here", "there"] {
        store.locate(slug).await;
    }
    let product = bench.product();
    store
        .done(make::stock(product, 0, [("here", 100), ("there", 0)]))
        .await;
    let seen = race(8, |number| {
        let store = store.clone();
        async move {
            let mut totals = Vec::new();
            for _ in 0..20 {
                if number % 2 == 0 {
                    let moves = [("here", Decrement), ("there", Increment)].map(|(at, action)| {
                        store.command(make::transaction(product, action, 1, Some(at)))
                    });
                    store.commit(moves.to_vec()).await;
                } else {
                    let stock = store.stock(product).await.expect("the stock");
                    totals.push(stock.sums().total().get());
                    let listed = store.stocks(&[]).await;
                    totals.push(listed[0].sums().total().get());
                }
            }
            totals
        }
    });
    let seen = seen.await.concat();
    assert_eq!(seen, vec![100; seen.len()]);
}

/// Of two stores that create stock of one organization-level product at once, one succeeds.
pub async fn one_of_two_creators_gets_a_shared_product(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let stores = [tenant.store().await, tenant.store().await];
    for _ in 0..16 {
        let registered = organization.done(make::registration("shared")).await;
        let product = registered.product.id;
        let outcomes = race(2, |number| {
            let store = stores[number].clone();
            async move { store.ask(make::stock(product, 1, [])).await }
        });
        let outcomes = outcomes.await;
        let refusals: Vec<_> = outcomes
            .iter()
            .filter_map(|one| one.as_ref().err())
            .collect();
        assert_eq!(refusals, [&Refusal::InvalidProductIdentifier]);
        let mut managed = 0;
        for store in &stores {
            managed += store.several(&[product]).await.len();
        }
        assert_eq!(managed, 1);
    }
}

/// Of many creators of the same stock, the same slug or the same `sku`, one succeeds.
pub async fn one_of_many_gets_a_name(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let outcomes = race(TASKS, |_| {
        let registration = RegisterProduct {
            sku: Some(make::text("sku")),
            ..make::registration("A product")
        };
        let commands = vec![
            store.command(make::stock(product, 1, [])),
            store.command(make::location("berlin")),
            store.command(registration),
        ];
        one_by_one(store.clone(), commands)
    });
    let outcomes = outcomes.await.concat();
    let [mut stocks, mut locations, mut products] = [0; 3];
    for outcome in outcomes {
        match outcome {
            Ok(Answer::Stock(_)) => stocks += 1,
            Ok(Answer::Location(_)) => locations += 1,
            Ok(Answer::Product(_)) => products += 1,
            Err(Refusal::StockExists | Refusal::SlugTaken { .. } | Refusal::SkuTaken { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!([stocks, locations, products], [1; 3]);
    assert_eq!(store.stocks(&[]).await.len(), 1);
    assert_eq!(store.locations(&[]).await.len(), 1);
    assert_eq!(store.products().await.len(), 1);
}

/// Deletions and creations of one stock race transactions on it; each ledger is complete.
pub async fn transactions_race_deletions(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let outcomes = race(TASKS, |number| {
        let command = match number % 4 {
            0 => store.command(make::stock(product, 5, [])),
            1 => store.command(DeleteStock { product }),
            _ => store.command(make::transaction(product, Increment, 1, None)),
        };
        one_by_one(store.clone(), vec![command; 4])
    });
    for outcome in outcomes.await.concat() {
        if let Err(refusal) = outcome {
            let expected = [Refusal::StockExists, Refusal::UnknownStock];
            assert!(expected.contains(&refusal), "{refusal}");
        }
    }
    let listed = store.stocks(&[]).await;
    assert_eq!(listed.first().cloned(), store.stock(product).await);
    if let [stock] = &listed[..] {
        assert_adds_up(stock, &store.history(product).await);
    }
}

/// The deletion of a location races a change that puts stock in it; only one of them succeeds.
pub async fn stock_never_lies_in_a_deleted_location(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 0).await;
    for round in 0..16 {
        let slug = format!("l{round}");
        let id = store.locate(&slug).await.id;
        let outcomes = race(2, |number| {
            let command = if number == 0 {
                store.command(DeleteLocation { id })
            } else {
                store.command(make::transaction(product, Increment, 1, Some(&slug)))
            };
            one_by_one(store.clone(), vec![command])
        });
        let refusals: Vec<_> = outcomes
            .await
            .concat()
            .into_iter()
            .filter_map(Result::err)
            .collect();
        let deleted = store.location(id).await.is_none();
        let unknown = Refusal::UnknownLocation { slug };
        let expected = if deleted {
            unknown
        } else {
            Refusal::LocationInUse
        };
        assert_eq!(refusals, [expected]);
        let stock = store.stock(product).await.expect("the stock");
        assert_eq!(stock.located.contains_key(&id), !deleted);
    }
}

/// Of concurrent creators of the last key that fits under the rate limit, one succeeds.
pub async fn reserved_limits_hold_under_load(bench: Bench) {
    let store = bench.store().await;
    let outcomes = race(TASKS, |number| {
        let request = stockroom_domain::CreateKey {
            reserved_rate_limit: 1,
            rate_limit: Some(5),
            ..make::key(&format!("k{number}"))
        };
        let store = store.clone();
        async move { store.ask(request).await.is_ok() }
    });
    let accepted = outcomes
        .await
        .into_iter()
        .filter(|accepted| *accepted)
        .count();
    assert_eq!(accepted, 5);
    assert_eq!(store.keys().await.len(), 5);
}
