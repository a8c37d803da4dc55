//! Lists: their links, and what they say about themselves.

use form_urlencoded::Serializer;
use serde::Serialize;
use stockroom_application::{HistoryPage, Page, PageRequest};
use stockroom_domain::Quantity;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::ListQuery;
use crate::form::Form;
use crate::representation::TransactionBody;

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
    /// How many pieces are allocated by other means than reservations; in lists of what those hold
    /// only.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated_plainly: Option<u64>,
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
                allocated_plainly: None,
            },
        }
    }

    /// The same list with the sum of all keys' reserved rate limits.
    pub(crate) fn with_reserved_rate_limit(mut self, total: u64) -> Self {
        self.meta.total_reserved_rate_limit = Some(total);
        self
    }

    /// The same list with how many pieces are allocated by other means.
    pub(crate) const fn with_allocated_plainly(mut self, pieces: Quantity) -> Self {
        self.meta.allocated_plainly = Some(pieces.get());
        self
    }
}

impl List<TransactionBody> {
    /// Where no offset reaches any more, the next page is the one behind the last transaction.
    pub(crate) fn with_cursor(mut self, query: &ListQuery) -> Self {
        let shown = u64::from(query.page.offset) + self.data.len() as u64;
        if self.links.next.is_none() && shown < self.meta.results.total {
            let last = self.data.last().map(TransactionBody::id);
            self.links.next = last.map(|last| link_after(query, Some(last)));
        }
        self
    }
}

/// A part of a history that begins behind some transaction.
#[derive(Serialize, ToSchema)]
pub(crate) struct CursorList {
    data: Vec<TransactionBody>,
    links: Links,
    meta: CursorMeta,
}

/// What such a part says about itself.
#[derive(Serialize, ToSchema)]
struct CursorMeta {
    results: CursorResults,
    page: CursorPage,
}

#[derive(Serialize, ToSchema)]
struct CursorResults {
    /// How many transactions there are in all; left out where a filter would have them counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// No offset, which tells the one form of a history from the other.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CursorPage {
    /// How many transactions a page has at most.
    limit: u32,
}

impl CursorList {
    /// The answer to `query`, of which `after` is the cursor.
    pub(crate) fn new(
        query: &ListQuery,
        after: Option<Uuid>,
        page: HistoryPage,
        form: Form,
    ) -> Self {
        let items = page.items.into_iter();
        let data: Vec<TransactionBody> = items
            .map(|recorded| TransactionBody::new(recorded, form))
            .collect();
        let last = data.last().map(TransactionBody::id);
        Self {
            links: Links {
                current: link_after(query, after),
                first: link_after(query, None),
                last: None,
                next: last
                    .filter(|_| page.has_more)
                    .map(|last| link_after(query, Some(last))),
                prev: None,
            },
            meta: CursorMeta {
                results: CursorResults { total: page.total },
                page: CursorPage {
                    limit: query.page.limit,
                },
            },
            data,
        }
    }
}

/// A history by pages, or the part of it behind some transaction.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum History {
    Pages(List<TransactionBody>),
    Part(CursorList),
}

fn link(query: &ListQuery, offset: u64) -> String {
    link_with(query, &[("page[offset]", offset.to_string())])
}

fn link_after(query: &ListQuery, after: Option<Uuid>) -> String {
    let after = after.map(|after| ("page[after]", after.to_string()));
    link_with(query, after.as_slice())
}

/// A link to the same list, with these parameters of paging.
fn link_with(query: &ListQuery, paging: &[(&str, String)]) -> String {
    let mut parameters = Serializer::new(String::new());
    parameters.append_pair("page[limit]", &query.page.limit.to_string());
    parameters.extend_pairs(paging);
    let at = query.at.map(|at| at.to_string());
    for (name, value) in [
        ("filter", &query.filter),
        ("sort", &query.sort),
        ("at", &at),
        ("product_id", &query.product_id),
    ] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    format!("{}?{}", query.path, parameters.finish())
}
