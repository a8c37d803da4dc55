//! The figures of the first page. Each costs a bounded time, as the use cases bound it.

use stockroom_application::filter::Comparison;
use stockroom_application::ports::{
    ProductFilter, ProductOrder, ReservationCondition, StockCondition, StockOrder, StockSort,
};
use stockroom_application::{PageRequest, SearchError};
use stockroom_domain::{ImportId, ProductId, ReservationId, ReservationStatus};

use crate::activity::{Told, Window, tell};
use crate::imports::state;
use crate::lookup::Titles;
use crate::page::{Number, Problem, TimeTag};
use crate::reservations::{Row, next_to_run_out};
use crate::session::Visit;

/// The most things in a card.
const SHOWN: usize = 10;

/// The number of events among which the last changes are looked for.
const LOOKED_AT: u32 = 200;

/// The number of stocks.
pub(super) async fn stocks(visit: &Visit) -> Result<Option<Number>, Problem> {
    let page = PageRequest::from_offset(1, 0);
    let found = visit.stockroom().list_stocks(visit.caller(), &[], page);
    Ok(found.await?.total.map(Number::from))
}

/// The number of registered products; `None` if there are too many to count.
pub(super) async fn products(visit: &Visit) -> Result<Option<Number>, Problem> {
    let (filter, order) = (ProductFilter(Vec::new()), ProductOrder::default());
    let page = PageRequest::from_offset(1, 0);
    let found = visit
        .stockroom()
        .list_products(visit.administrator(), &filter, order, page);
    match found.await {
        Ok(page) => Ok(page.total.map(Number::from)),
        Err(SearchError::TooMany { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The stock of which nothing is available.
pub(super) struct OutOfStock {
    pub(super) count: Number,
    /// That which changed last: its product, title and time.
    pub(super) last: Vec<(ProductId, String, TimeTag)>,
}

/// The stock of which nothing is available; `None` if there is too much to look through.
pub(super) async fn out_of_stock(visit: &Visit) -> Result<Option<OutOfStock>, Problem> {
    let filter = [StockCondition::Available(Comparison::In(vec![0]))];
    let order = StockOrder {
        by: StockSort::UpdatedAt,
        descending: true,
    };
    let page = PageRequest::from_offset(u32::try_from(SHOWN).unwrap_or(0), 0);
    let found = visit
        .stockroom()
        .sort_stocks(visit.administrator(), &filter, order, page);
    let page = match found.await {
        Ok(page) => page,
        Err(SearchError::TooMany { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let titles = Titles::of(visit, page.items.iter().map(|stock| stock.product)).await?;
    let last = page.items.iter().map(|stock| {
        let (product, at) = (stock.product, TimeTag(stock.updated_at));
        (product, titles.title(product), at)
    });
    let last: Vec<_> = last.collect();
    Ok(Some(OutOfStock {
        count: page.total.unwrap_or(last.len() as u64).into(),
        last,
    }))
}

/// The stock with an alert that is on: the number, and the first of it with its titles.
pub(super) struct Low {
    pub(super) count: Number,
    pub(super) first: Vec<(ProductId, String, Number)>,
}

/// The stock with an alert that is on.
pub(super) async fn low(visit: &Visit) -> Result<Low, Problem> {
    let filter = [StockCondition::Low(true)];
    let page = PageRequest::from_offset(u32::try_from(SHOWN).unwrap_or(0), 0);
    let found = visit
        .stockroom()
        .list_stocks(visit.caller(), &filter, page)
        .await?;
    let titles = Titles::of(visit, found.items.iter().map(|stock| stock.product)).await?;
    let first = found.items.iter().map(|stock| {
        let title = titles.title(stock.product);
        (stock.product, title, stock.sums().available.into())
    });
    let first: Vec<_> = first.collect();
    Ok(Low {
        count: found.total.unwrap_or(first.len() as u64).into(),
        first,
    })
}

/// What is paid and waits to be shipped.
pub(super) struct Waiting {
    pub(super) count: Number,
    /// The oldest reservation.
    pub(super) oldest: Option<Row>,
}

/// What is paid and waits to be shipped.
pub(super) async fn waiting(visit: &Visit) -> Result<Waiting, Problem> {
    let filter = [ReservationCondition::Status(vec![ReservationStatus::Paid])];
    let page: PageRequest<ReservationId> = PageRequest::from_offset(1, 0);
    let found = visit
        .stockroom()
        .list_reservations(visit.administrator(), &filter, page);
    let page = found.await?;
    Ok(Waiting {
        count: page.total.unwrap_or(page.items.len() as u64).into(),
        oldest: Row::of(visit, &page.items).await?.pop(),
    })
}

/// The reservations that run out next, and whether there are more.
pub(super) async fn next(visit: &Visit) -> Result<(Vec<Row>, bool), Problem> {
    let next = next_to_run_out(visit, &[], SHOWN).await?;
    let rows = Row::of(visit, &next.found).await?;
    Ok((rows, next.has_more))
}

/// The last changes, newest first.
pub(super) async fn changes(visit: &Visit) -> Result<Vec<Told>, Problem> {
    let mut window = Window::read(visit, None, LOOKED_AT).await?;
    window.events.truncate(SHOWN);
    tell(visit, &window.events).await
}

/// An import.
pub(super) struct Imported {
    pub(super) id: ImportId,
    pub(super) state: &'static str,
    pub(super) badge: &'static str,
    pub(super) at: TimeTag,
    pub(super) is_preview: bool,
    pub(super) lines: Number,
    pub(super) failed: Number,
}

/// The last import that is kept.
pub(super) async fn last_import(visit: &Visit) -> Result<Option<Imported>, Problem> {
    let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
    let first = stockroom.list_imports(administrator, PageRequest::from_offset(1, 0));
    let mut page = first.await?;
    let last = page.total.unwrap_or(0).saturating_sub(1);
    if last > 0 {
        // The list is in the order of creation, and jobs are kept for ninety days only.
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        let found = stockroom.list_imports(administrator, PageRequest::from_offset(1, last));
        page = found.await?;
    }
    let Some(import) = page.items.pop() else {
        return Ok(None);
    };
    let (state, badge) = state(import.status);
    Ok(Some(Imported {
        id: import.id,
        state,
        badge,
        at: TimeTag(import.created_at),
        is_preview: import.options.dry_run,
        lines: u64::from(import.lines.total).into(),
        failed: u64::from(import.lines.failed).into(),
    }))
}
