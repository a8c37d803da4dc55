//! Query parameters of several endpoints in the OpenAPI document.

use utoipa::IntoParams;

/// Parameters of a list that has a filter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct FilterParameter {
    /// `op(field,value,…)`, several joined by `:`, all of which have to hold. `op` is one of
    /// `eq`, `in`, `like`, `ilike`, `gt`, `ge`, `lt`, `le`, `is_null`.
    #[param(required = false, example = "eq(location,warehouse):gt(available,0)")]
    filter: String,
}

/// Parameters of every list but histories.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct PageParameters {
    /// How many items at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// How many items to pass over, up to 10000.
    #[param(
        rename = "page[offset]",
        required = false,
        minimum = 0,
        maximum = 10000
    )]
    offset: u32,
    /// The cursor that the page begins behind, instead of an offset: `links.next` holds it where
    /// offsets end. It belongs to the list with the same sort and filter.
    #[param(rename = "page[after]", required = false)]
    after: String,
}

/// Parameters of a history.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct HistoryParameters {
    /// How many items at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// How many items to pass over, up to 10000.
    #[param(
        rename = "page[offset]",
        required = false,
        minimum = 0,
        maximum = 10000
    )]
    offset: u32,
    /// The id of the transaction that the page begins behind, instead of an offset. So paged, a
    /// history costs the same at any depth.
    #[param(rename = "page[after]", required = false, format = Uuid)]
    after: String,
}

/// More about stock.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractors; here for its description"
)]
pub(crate) struct IncludeParameter {
    /// A comma-separated list: `sequence` for `stock_id`, `sequence` and `owner`, which those need who
    /// keep a copy of stock by the feed of events; `product` for the registered product's `name`, `sku`
    /// and `external_ref`, which implicit tokens don't see; `planning` for what of the stock may be sold,
    /// and not with `at`.
    #[param(required = false, example = "sequence")]
    include: String,
}

/// The time that a reading is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractors; here for its description"
)]
pub(crate) struct AtParameter {
    /// Asks how it was at this time, that instant included; not for a time to come.
    #[param(required = false, format = DateTime, example = "2026-01-31T09:30:00Z")]
    at: String,
}
