//! Filters and orders of stock.

use stockroom_application::ports::{StockCondition, StockOrder, StockSort};
use stockroom_application::{Caller, Stockroom};
use utoipa::IntoParams;

use crate::answer::ApiError;
use crate::filter::{conditions, flag, id, nullable_text, number, time_of, word};
use crate::request::{not_allowed, sort_word};

/// The order of a list of stock.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct StockSortParameter {
    /// `available`, `allocated`, `total` or `updated_at`, with `-` before it for the largest first. Not
    /// with `at`, for implicit tokens, or for more than 100,000 stocks. Stock that moves while pages are
    /// read may come twice or not at all.
    #[param(required = false, example = "-available")]
    sort: String,
}

/// A condition of a filter on stock.
pub(crate) enum StockFilter {
    /// One on the stock itself.
    Stock(StockCondition),
    /// It is stock of a registered product with one of these SKUs.
    Sku(Vec<String>),
    /// Whether an alert of it, or of a location of it, is on is one of these.
    Low(Vec<bool>),
}

/// Parses a filter on stock.
pub(crate) fn stock(filter: Option<&str>) -> Result<Vec<StockFilter>, ApiError> {
    use StockFilter::Stock;
    conditions(filter, || {
        vec![
            nullable_text("location", |it| Stock(StockCondition::Location(it))),
            nullable_text("locations", |it| Stock(StockCondition::Location(it))),
            id("id", |it| Stock(StockCondition::Id(it))),
            word("sku", StockFilter::Sku),
            number("available", |it| Stock(StockCondition::Available(it))),
            number("allocated", |it| Stock(StockCondition::Allocated(it))),
            number("total", |it| Stock(StockCondition::Total(it))),
            flag("low", StockFilter::Low),
            time_of("created_at", |it| Stock(StockCondition::CreatedAt(it))),
            time_of("updated_at", |it| Stock(StockCondition::UpdatedAt(it))),
        ]
    })
}

/// Parses a filter on stock as it was at a time. It may not name `low`: alerts have no past.
pub(crate) fn past_stock(filter: Option<&str>) -> Result<Vec<StockFilter>, ApiError> {
    let conditions = stock(filter)?;
    if conditions
        .iter()
        .any(|it| matches!(it, StockFilter::Low(_)))
    {
        return Err(ApiError::bad_request(
            "A filter on stock as of a time cannot name low: alerts have no past",
        ));
    }
    Ok(conditions)
}

/// Looks up what a filter says of products, and of policies. Implicit tokens may not: SKUs of drafts are
/// not theirs to know, nor what runs low.
pub(crate) async fn on_stock(
    stockroom: &Stockroom,
    caller: &Caller,
    filter: Vec<StockFilter>,
) -> Result<Vec<StockCondition>, ApiError> {
    let mut conditions = Vec::with_capacity(filter.len());
    for condition in filter {
        match condition {
            StockFilter::Stock(condition) => conditions.push(condition),
            StockFilter::Sku(skus) => {
                let administrator = caller.clone().administrator().ok_or_else(not_allowed)?;
                conditions.push(stockroom.stock_with_skus(&administrator, &skus).await?);
            }
            StockFilter::Low(_) if !caller.is_administrator() => return Err(not_allowed()),
            StockFilter::Low(wanted) => {
                let [yes, no] = [true, false].map(|low| wanted.contains(&low));
                // Both words together name all stock.
                if yes != no {
                    conditions.push(StockCondition::Low(yes));
                }
            }
        }
    }
    Ok(conditions)
}

/// The figure that `sort` asks for, if it names one; other words are ignored.
pub(crate) fn order(sort: Option<&str>) -> Option<StockOrder> {
    let (word, descending) = sort_word(sort?);
    let by = match word {
        "available" => StockSort::Available,
        "allocated" => StockSort::Allocated,
        "total" => StockSort::Total,
        "updated_at" => StockSort::UpdatedAt,
        _ => return None,
    };
    Some(StockOrder { by, descending })
}
