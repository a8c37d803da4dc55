//! Shared reads: single stocks that are requested at the same time are fetched together, since a
//! database returns many stocks about as fast as one. As with the group commit of changes, all requests
//! that arrive during a fetch go into the next one, and there is no timer.
//!
//! No answer is older than its request: a fetch begins after all the requests that it answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use stockroom_domain::{ProductId, Stock};
use tokio::sync::{mpsc, oneshot};

use super::committer::Committer;
use super::database_calls::{SharedError, guarded, tell};
use super::settle;
use crate::environment::Environment;
use crate::ports::{Scope, StoreError};

/// The most stocks that are fetched at once.
const FETCHED_MAX: usize = 256;

/// The largest number of requests in the queue of a fetcher. Further callers wait for room.
const QUEUE_MAX: usize = 1024;

type Reply = oneshot::Sender<Result<Option<Stock>, StoreError>>;

struct Question {
    scope: Scope,
    product: ProductId,
    reply: Reply,
}

/// The fetchers, if the database gains by shared reads.
pub(crate) struct Reads {
    source: Source,
    queues: Vec<mpsc::Sender<Question>>,
    next: AtomicUsize,
}

impl Reads {
    /// Starts as many fetchers as the database can use, if any. They end when this value is dropped.
    pub(crate) fn new(committer: &Committer, environment: &Environment) -> Self {
        let source = Source {
            committer: committer.clone(),
            environment: environment.clone(),
        };
        let queues = (0..committer.database.parallel_fetches()).map(|_| {
            let (queue, questions) = mpsc::channel(QUEUE_MAX);
            tokio::spawn(fetch_all(source.clone(), questions));
            queue
        });
        let queues = queues.collect();
        Self {
            source,
            queues,
            next: AtomicUsize::new(0),
        }
    }

    /// The stock of one product, or `None` if it isn't managed.
    pub(crate) async fn stock(
        &self,
        scope: Scope,
        product: ProductId,
    ) -> Result<Option<Stock>, StoreError> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = next.checked_rem(self.queues.len());
        let Some(queue) = turn.and_then(|turn| self.queues.get(turn)) else {
            let stocks = self.source.each(scope, &[product]).await;
            return stocks.map(|mut stocks| stocks.pop());
        };
        let (reply, answer) = oneshot::channel();
        let question = Question {
            scope,
            product,
            reply,
        };
        let ended = || StoreError::Failed("a fetcher has ended".into());
        queue.send(question).await.map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The stock of those of these products that are managed, in any order, all as of the same time.
    pub(crate) async fn stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<Stock>, StoreError> {
        self.source.together(scope, products).await
    }
}

/// Answers requests until all their senders are dropped.
async fn fetch_all(source: Source, mut questions: mpsc::Receiver<Question>) {
    let mut taken = Vec::new();
    while questions.recv_many(&mut taken, FETCHED_MAX).await > 0 {
        let mut by_view: HashMap<Scope, Vec<(ProductId, Reply)>> = HashMap::new();
        for question in taken.drain(..) {
            let asked = by_view.entry(question.scope).or_default();
            asked.push((question.product, question.reply));
        }
        for (scope, asked) in by_view {
            fetch(&source, scope, asked).await;
        }
    }
}

/// Answers requests of one `scope`.
async fn fetch(source: &Source, scope: Scope, asked: Vec<(ProductId, Reply)>) {
    let mut products: Vec<ProductId> = asked.iter().map(|(product, _)| *product).collect();
    products.sort_unstable();
    products.dedup();
    match source.each(scope, &products).await {
        Ok(stocks) => {
            let stocks: HashMap<ProductId, Stock> = stocks
                .into_iter()
                .map(|stock| (stock.product, stock))
                .collect();
            for (product, reply) in asked {
                tell(reply, Ok(stocks.get(&product).cloned()));
            }
        }
        Err(StoreError::Unavailable(source)) => {
            let source = SharedError::from(source);
            for (_, reply) in asked {
                tell(reply, Err(StoreError::Unavailable(source.clone().into())));
            }
        }
        // The fault may be of one row: the other stocks are fetched without it.
        Err(_) => {
            for (product, reply) in asked {
                let stocks = source.each(scope, &[product]).await;
                tell(reply, stocks.map(|mut stocks| stocks.pop()));
            }
        }
    }
}

/// The source of stock.
#[derive(Clone)]
struct Source {
    committer: Committer,
    environment: Environment,
}

impl Source {
    /// The stock of each of these products, not necessarily all as of the same time.
    async fn each(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        let stocks = self.fetch(scope, products).await?;
        let now = self.environment.now();
        let (due, mut stocks): (Vec<Stock>, _) = stocks
            .into_iter()
            .partition(|stock| stock.due(now).is_some());
        if !due.is_empty() {
            let due = due.iter().map(|stock| stock.product);
            stocks.extend(settle::stocks(&self.committer, scope, due).await?);
        }
        Ok(stocks)
    }

    /// The stock of these products, all as of the same time.
    async fn together(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<Stock>, StoreError> {
        let stocks = self.fetch(scope, products).await?;
        if Stock::is_any_due(stocks.iter(), self.environment.now()) {
            return settle::stocks(&self.committer, scope, products.iter().copied()).await;
        }
        Ok(stocks)
    }

    /// The stock of these products as stored.
    async fn fetch(&self, scope: Scope, products: &[ProductId]) -> Result<Vec<Stock>, StoreError> {
        match products {
            [product] => {
                let stock =
                    guarded("stock", self.committer.database.stock(scope, *product)).await?;
                Ok(stock.into_iter().collect())
            }
            products => guarded("stocks", self.committer.database.stocks(scope, products)).await,
        }
    }
}
