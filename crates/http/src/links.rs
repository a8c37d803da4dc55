//! Lists: their links, and what they say about themselves.

use form_urlencoded::Serializer;
use serde::Serialize;
use stockroom_application::{Page, PageRequest};
use utoipa::ToSchema;

use crate::extract::ListQuery;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    data: Vec<T>,
    links: Links,
    meta: ListMeta,
}

/// Where the other pages are.
#[derive(Serialize, ToSchema)]
struct Links {
    /// This page.
    current: String,
    /// The first page.
    first: String,
    /// The last page that can be reached, or null if there is one page only.
    last: Option<String>,
    /// The next page, or null at the end.
    next: Option<String>,
    /// The page before, or null at the beginning.
    prev: Option<String>,
}

/// What a list says about itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListMeta {
    results: Results,
    page: PageMeta,
    /// The sum of the keys' reserved rate limits; in lists of application keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_reserved_rate_limit: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct Results {
    /// How many items there are on all pages.
    total: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
struct PageMeta {
    /// How many items a page has at most.
    limit: u32,
    /// How many items there are before this page.
    offset: u32,
    /// Which page this is, from 1.
    current: u64,
    /// How many pages there are.
    total: u64,
}

impl<T> List<T> {
    /// The answer to `query`: a page whose items are shown by `show`.
    pub(crate) fn new<I>(query: &ListQuery, page: Page<I>, show: impl Fn(I) -> T) -> Self {
        let PageRequest { limit, offset } = query.page;
        let total = page.total;
        let pages = total.div_ceil(u64::from(limit));
        let link = |offset: u64| link(query, offset);
        let next = u64::from(offset) + u64::from(limit);
        let reachable = |offset: u64| offset <= u64::from(PageRequest::OFFSET_MAX);
        // Beyond the largest offset no link can be followed.
        let last = pages
            .saturating_sub(1)
            .min(u64::from(PageRequest::OFFSET_MAX / limit));
        let last = last * u64::from(limit);
        let prev = u64::from(offset.saturating_sub(limit)).min(last);
        Self {
            data: page.items.into_iter().map(show).collect(),
            links: Links {
                current: link(u64::from(offset)),
                first: link(0),
                last: (pages > 1).then(|| link(last)),
                next: (next < total && reachable(next)).then(|| link(next)),
                prev: (offset > 0).then(|| link(prev)),
            },
            meta: ListMeta {
                results: Results { total },
                page: PageMeta {
                    limit,
                    offset,
                    current: u64::from(offset / limit) + 1,
                    total: pages,
                },
                total_reserved_rate_limit: None,
            },
        }
    }

    /// The same list with the sum of all keys' reserved rate limits.
    pub(crate) fn with_reserved_rate_limit(mut self, total: u64) -> Self {
        self.meta.total_reserved_rate_limit = Some(total);
        self
    }
}

fn link(query: &ListQuery, offset: u64) -> String {
    let mut parameters = Serializer::new(String::new());
    parameters
        .append_pair("page[limit]", &query.page.limit.to_string())
        .append_pair("page[offset]", &offset.to_string());
    for (name, value) in [("filter", &query.filter), ("sort", &query.sort)] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    format!("{}?{}", query.path, parameters.finish())
}
