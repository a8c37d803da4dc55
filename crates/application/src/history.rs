//! The past: history to any depth, stock as it stood at a time, and undoing.

use std::collections::HashMap;

use stockroom_domain::{
    BatchEntry, BatchId, ProductId, Recorded, Refusal, Stock, StockId, StockPeriod, Timestamp,
    TransactionId, Undo, UndoBatch,
};

use crate::access::{Administrator, Caller, Writer};
use crate::error::{Error, HistoryError};
use crate::page::{Page, PageRequest, Start};
use crate::pipeline::timed;
use crate::ports::{HistoryReader, Scope, StockCondition, StoreError, TransactionCondition};
use crate::stock::{in_order_asked, named};
use crate::stockroom::Stockroom;

/// The number of stocks that are read at once in a search with conditions.
const LIVES_MAX: u32 = 1_000;

impl Stockroom {
    /// At most `limit` entries of the whole history of a product's stock that the caller sees: deleted
    /// stock included, one stock after the other in the order of their creation.
    ///
    /// # Errors
    /// [`HistoryError`] if there never was such stock, its history has no entry to begin after, or the
    /// database fails.
    pub async fn audit(
        &self,
        administrator: &Administrator,
        product: ProductId,
        filter: &[TransactionCondition],
        after: Option<TransactionId>,
        limit: u32,
    ) -> Result<Page<Recorded, TransactionId>, HistoryError> {
        let scope = administrator.scope();
        let history = self.pipeline.settled_history(scope.organization).await?;
        let periods = timed("lives", history.periods(scope, &[product])).await?;
        if periods.is_empty() {
            return Err(HistoryError::UnknownStock);
        }
        self.history(history, scope, &periods, filter, after, limit)
            .await
    }

    /// At most `limit` entries of these ledgers that come after `after`.
    pub(crate) async fn history(
        &self,
        history: &dyn HistoryReader,
        scope: Scope,
        periods: &[StockPeriod],
        filter: &[TransactionCondition],
        after: Option<TransactionId>,
        limit: u32,
    ) -> Result<Page<Recorded, TransactionId>, HistoryError> {
        let is_search = !filter.is_empty();
        let _turn = self
            .pipeline
            .turn_to_search(scope.organization, is_search)
            .await;
        let (skipped, mut sequence) = match after {
            None => (0, 0),
            Some(after) => {
                let place = place_of(history, scope, periods, after).await?;
                place.ok_or(HistoryError::UnknownStart)?
            }
        };
        let page = PageRequest::from_offset(limit, 0);
        let enough = page.enough();
        let mut items: Vec<Recorded> = Vec::new();
        for period in &periods[skipped..] {
            let found = u32::try_from(items.len()).unwrap_or(enough);
            let missing = enough.saturating_sub(found);
            if missing == 0 {
                break;
            }
            let entries = history.ledger(scope.organization, period, filter, sequence, missing);
            items.extend(timed("ledger", entries).await?);
            sequence = 0;
        }
        let next = page.cut(&mut items, |recorded| recorded.entry.id);
        let total = periods.iter().map(|period| period.sequence).sum();
        Ok(Page {
            items,
            total: filter.is_empty().then_some(total),
            next,
        })
    }

    /// A product's stock as it stood at a time, that instant included; `None` if it was not managed
    /// then.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading of the past below.
    pub async fn stock_at(
        &self,
        caller: &Caller,
        product: ProductId,
        at: Timestamp,
    ) -> Result<Option<Stock>, StoreError> {
        let mut stocks = self.stocks_at(caller.scope(), &[product], at).await?;
        Ok(stocks.pop())
    }

    /// The stock of several products as it stood at a time, in the order of the request, each once; and
    /// the ids, as written in the request, whose stock was not managed then.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stock_of_several_at(
        &self,
        caller: &Caller,
        ids: &[String],
        at: Timestamp,
    ) -> Result<(Vec<Stock>, Vec<String>), StoreError> {
        let found = self.stocks_at(caller.scope(), &named(ids), at).await?;
        Ok(in_order_asked(ids, found))
    }

    async fn stocks_at(
        &self,
        scope: Scope,
        products: &[ProductId],
        at: Timestamp,
    ) -> Result<Vec<Stock>, StoreError> {
        let is_search = products.len() > 1;
        let _turn = self
            .pipeline
            .turn_to_search(scope.organization, is_search)
            .await;
        let history = self.pipeline.settled_history(scope.organization).await?;
        let mut periods = timed("lives", history.periods(scope, products)).await?;
        periods.retain(|period| period.covers(at));
        // A store's own stock goes before its organization's.
        periods.sort_by_key(|period| (period.product, period.owner != scope.acting));
        periods.dedup_by_key(|period| period.product);
        let past = history.past(scope.organization, &periods, at);
        timed("past", past).await
    }

    /// All stock that the caller saw at a time and that fulfilled the conditions then, oldest first.
    /// Pages that begin after a place give no total.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_stocks_at(
        &self,
        caller: &Caller,
        filter: &[StockCondition],
        page: PageRequest<StockId>,
        at: Timestamp,
    ) -> Result<Page<Stock, StockId>, StoreError> {
        let scope = caller.scope();
        let _turn = self.pipeline.turn_to_search(scope.organization, true).await;
        let history = self.pipeline.settled_history(scope.organization).await?;
        if !filter.is_empty() {
            return filtered_stocks_at(history, scope, filter, page, at).await;
        }
        let wanted = PageRequest {
            limit: page.enough(),
            ..page
        };
        let mut periods = timed("lives_at", history.periods_at(scope, at, wanted)).await?;
        let next = page.cut(&mut periods, |period| period.id);
        let items = in_order_at(history, scope, &periods, at).await?;
        let total = match page.start {
            Start::Offset(_) => {
                let count = history.count_periods_at(scope, at);
                Some(timed("count_lives_at", count).await?)
            }
            Start::After(_) => None,
        };
        Ok(Page { items, total, next })
    }

    /// Undoes an entry of the history of a product's stock.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn undo(
        &self,
        writer: &Writer,
        product: ProductId,
        id: TransactionId,
    ) -> Result<Recorded, Error> {
        let scope = writer.scope();
        // Deleted stock is searched, too: an undo made before the deletion still gets the same answer.
        let history = self.pipeline.unsettled_history();
        let periods = timed("lives", history.periods(scope, &[product])).await?;
        let place = place_of(history, scope, &periods, id).await?;
        let (period, sequence) = place.ok_or(Refusal::TransactionNotFound)?;
        let wanted = [periods[period].entry(sequence)];
        let entries = history.entries(scope.organization, &wanted);
        let recorded = timed("entries", entries).await?.pop();
        let recorded = recorded.ok_or(Refusal::TransactionNotFound)?;
        self.execute(writer, Undo { recorded }).await
    }

    /// At most `limit` entries of a batch, in its order, after the first `offset`, and the number of all. `None`
    /// if the owner on whose behalf the caller acts has no such batch.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn batch(
        &self,
        administrator: &Administrator,
        id: BatchId,
        limit: usize,
        offset: usize,
    ) -> Result<Option<Page<Recorded, ()>>, StoreError> {
        let scope = administrator.scope();
        // A batch is made at once: nothing that is settled later belongs to it.
        let history = self.pipeline.unsettled_history();
        let batch = timed("batch", history.batch(scope.organization, id)).await?;
        let Some(batch) = batch.filter(|batch| batch.owner == scope.acting) else {
            return Ok(None);
        };
        let wanted = batch.entries.iter().skip(offset).take(limit);
        let wanted: Vec<BatchEntry> = wanted.copied().collect();
        Ok(Some(Page {
            items: in_batch_order(history, scope, &wanted).await?,
            total: Some(batch.entries.len() as u64),
            next: None,
        }))
    }

    /// Undoes all entries of a batch that aren't undone yet, or none, and returns the entries that undo
    /// them.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn undo_batch(
        &self,
        writer: &Writer,
        id: BatchId,
    ) -> Result<Vec<Result<Recorded, Refusal>>, Error> {
        let scope = writer.scope();
        let history = self.pipeline.unsettled_history();
        let batch = timed("batch", history.batch(scope.organization, id)).await?;
        let batch = batch.filter(|batch| batch.owner == scope.acting);
        let batch = batch.ok_or(Refusal::BatchNotFound)?;
        let entries = in_batch_order(history, scope, &batch.entries).await?;
        self.execute(writer, UndoBatch { entries }).await
    }
}

/// The entries at these places of ledgers, in the same order.
async fn in_batch_order(
    history: &dyn HistoryReader,
    scope: Scope,
    places: &[BatchEntry],
) -> Result<Vec<Recorded>, StoreError> {
    let entries = history.entries(scope.organization, places);
    let entries = timed("entries", entries).await?.into_iter();
    let mut entries: HashMap<(StockId, u64), Recorded> = entries
        .map(|it| ((it.entry.stock, it.entry.sequence), it))
        .collect();
    let places = places.iter();
    let found = places.filter_map(|place| entries.remove(&(place.stock, place.sequence)));
    Ok(found.collect())
}

/// Finds the ledger among these that has an entry, and the entry's place in it.
async fn place_of(
    history: &dyn HistoryReader,
    scope: Scope,
    periods: &[StockPeriod],
    id: TransactionId,
) -> Result<Option<(usize, u64)>, StoreError> {
    let Some(made_at) = id.created_at() else {
        return Ok(None);
    };
    for (index, period) in periods.iter().enumerate() {
        let ended = period
            .deleted_at
            .is_some_and(|deleted_at| deleted_at < made_at);
        if period.created_at <= made_at && !ended {
            let place = history.sequence_of(scope.organization, period, id);
            if let Some(sequence) = timed("sequence_of", place).await? {
                return Ok(Some((index, sequence)));
            }
        }
    }
    Ok(None)
}

/// Reads all stock of that time or, for a page that begins after a place, until the page is full.
async fn filtered_stocks_at(
    history: &dyn HistoryReader,
    scope: Scope,
    filter: &[StockCondition],
    page: PageRequest<StockId>,
    at: Timestamp,
) -> Result<Page<Stock, StockId>, StoreError> {
    let mut items = Vec::new();
    let mut total = 0;
    let mut chunk = PageRequest::from_offset(LIVES_MAX, 0);
    if let Start::After(_) = page.start {
        chunk.start = page.start;
    }
    let is_counted = page.wants_total(true);
    while is_counted || items.len() < page.enough() as usize {
        let periods = timed("lives_at", history.periods_at(scope, at, chunk)).await?;
        let Some(last) = periods.last() else {
            break;
        };
        chunk.start = Start::After(last.id);
        for stock in in_order_at(history, scope, &periods, at).await? {
            if filter.iter().all(|condition| condition.matches(&stock)) {
                let is_wanted =
                    total >= u64::from(page.offset()) && items.len() < page.enough() as usize;
                if is_wanted {
                    items.push(stock);
                }
                total += 1;
            }
        }
    }
    let next = page.cut(&mut items, |stock| stock.id);
    let total = is_counted.then_some(total);
    Ok(Page { items, total, next })
}

async fn in_order_at(
    history: &dyn HistoryReader,
    scope: Scope,
    periods: &[StockPeriod],
    at: Timestamp,
) -> Result<Vec<Stock>, StoreError> {
    let past = history.past(scope.organization, periods, at);
    let mut stocks = timed("past", past).await?;
    stocks.sort_unstable_by_key(|stock| stock.id);
    Ok(stocks)
}
