//! What happens to questions that are asked while others are being answered.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use futures::future::LocalBoxFuture;
use futures::poll;
use stockroom_application::ports::StoreError;
use stockroom_application::{Environment, Limits, SigningKey, Stockroom, Writer};
use stockroom_domain::{Owner, ProductId, Stock, StoreId};

use crate::inventory::stock_of;
use crate::mock::{database_with_fetches, organization, uuid};

type Answer = Result<Option<Stock>, StoreError>;

/// A database that answers when the test lets it.
struct Gate {
    stockroom: Stockroom,
    /// What is asked for, when it begins to be fetched.
    begun: Receiver<Vec<ProductId>>,
    goes_on: SyncSender<()>,
}

fn product(number: u128) -> ProductId {
    ProductId::new(uuid(number))
}

impl Gate {
    /// A database with stock of the products up to 5, which fails as `failure` says.
    async fn new(
        failure: impl Fn(&[ProductId]) -> Option<StoreError> + Send + Sync + 'static,
    ) -> Self {
        let (begins, begun) = sync_channel(100);
        let (goes_on, may_go_on) = sync_channel(100);
        let may_go_on = Mutex::new(may_go_on);
        let fetch = Arc::new(move |products: &[ProductId]| {
            begins.send(products.to_vec()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
            let managed = |it: &&ProductId| **it <= product(5);
            let stocks = products.iter().filter(managed).map(|it| stock_of(*it));
            failure(products).map_or_else(|| Ok(stocks.collect::<Vec<_>>()), Err)
        });
        let mut database = database_with_fetches(1);
        let one = Arc::clone(&fetch);
        database
            .expect_stock()
            .returning(move |_, product| Ok(one(&[product])?.pop()));
        database
            .expect_stocks()
            .returning(move |_, products| fetch(products));
        let signing_key = SigningKey::new(vec![1; 32]);
        let database = Arc::new(database);
        let limits = Limits::default();
        let stockroom = Stockroom::open(database, Environment::system(), limits, signing_key).await;
        Self {
            stockroom: stockroom.unwrap(),
            begun,
            goes_on,
        }
    }

    /// A question that is asked, by a store if one is given.
    async fn question(&self, store: Option<u128>, number: u128) -> LocalBoxFuture<'_, Answer> {
        let owner = store.map_or(Owner::Organization, |it| {
            Owner::Store(StoreId::new(uuid(it)))
        });
        let caller = Writer::operator(organization(), owner).caller().clone();
        let mut question: LocalBoxFuture<'_, Answer> =
            Box::pin(async move { self.stockroom.stock(&caller, product(number)).await });
        assert!(poll!(&mut question).is_pending());
        question
    }

    /// A question that is being answered, until the test lets it go on.
    async fn first(&self) -> LocalBoxFuture<'_, Answer> {
        let first = self.question(None, 1).await;
        assert_eq!(self.begun.recv().unwrap(), [product(1)]);
        first
    }

    fn let_go_on(&self, fetches: usize) {
        for _ in 0..fetches {
            self.goes_on.send(()).unwrap();
        }
    }
}

async fn assert_found(question: LocalBoxFuture<'_, Answer>, number: u128) {
    let stock = question.await.unwrap();
    assert_eq!(stock.map(|stock| stock.product), Some(product(number)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_asked_meanwhile_is_fetched_together() {
    let gate = Gate::new(|_| None).await;
    let first = gate.first().await;
    let one = gate.question(None, 2).await;
    let same = gate.question(None, 2).await;
    let another = gate.question(None, 3).await;
    let unknown = gate.question(None, 6).await;
    gate.let_go_on(2);
    assert_found(first, 1).await;
    assert_found(one, 2).await;
    assert_found(same, 2).await;
    assert_found(another, 3).await;
    assert_eq!(unknown.await.unwrap(), None);
    let fetched: Vec<_> = gate.begun.try_iter().collect();
    assert_eq!(fetched, [[product(2), product(3), product(6)]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everyone_sees_what_is_theirs() {
    let gate = Gate::new(|_| None).await;
    let first = gate.first().await;
    let of_stores = [
        gate.question(Some(7), 2).await,
        gate.question(Some(8), 3).await,
    ];
    gate.let_go_on(3);
    assert_found(first, 1).await;
    for (question, number) in of_stores.into_iter().zip(2..) {
        assert_found(question, number).await;
    }
    let mut fetched: Vec<_> = gate.begun.try_iter().collect();
    fetched.sort();
    assert_eq!(fetched, [[product(2)], [product(3)]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_cannot_be_read_hinders_no_other() {
    let gate = Gate::new(|products| {
        let failure = || StoreError::Failed("broken".into());
        products.contains(&product(3)).then(failure)
    })
    .await;
    let first = gate.first().await;
    let good = gate.question(None, 2).await;
    let broken = gate.question(None, 3).await;
    gate.let_go_on(4);
    assert_found(first, 1).await;
    assert_found(good, 2).await;
    assert!(matches!(broken.await, Err(StoreError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_are_told_that_the_database_is_unavailable() {
    let gate = Gate::new(|products| {
        let failure = || StoreError::Unavailable("gone".into());
        products.contains(&product(3)).then(failure)
    })
    .await;
    let first = gate.first().await;
    let questions = [gate.question(None, 2).await, gate.question(None, 3).await];
    gate.let_go_on(2);
    assert_found(first, 1).await;
    for question in questions {
        assert!(matches!(question.await, Err(StoreError::Unavailable(_))));
    }
}
