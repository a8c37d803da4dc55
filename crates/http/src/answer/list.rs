//! Lists: their links and their `meta`.

use form_urlencoded::Serializer;
use serde::Serialize;
use stockroom_application::{Page, PageRequest, Start};
use utoipa::ToSchema;

use super::error::ApiError;
use crate::request::{Cursors, ListAsked, ListQuery, Placed, malformed_cursor};

/// A page of a list, which says `M` about itself in addition.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T, M = NoMeta> {
    data: Vec<T>,
    links: Links,
    #[schema(inline)]
    meta: ListMeta<M>,
}

/// Nothing in addition.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoMeta {}

/// Where the other pages are.
#[derive(Serialize, ToSchema)]
struct Links {
    /// This page.
    current: String,
    /// The first page.
    first: String,
    /// The last page that an offset reaches, or null if there is one page only. Null on pages by
    /// `page[after]`.
    last: Option<String>,
    /// The next page, or null at the end. Where offsets end, it is by `page[after]`.
    next: Option<String>,
    /// The page before, or null at the beginning and on pages by `page[after]`.
    prev: Option<String>,
}

/// What a list says about itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListMeta<M> {
    results: Results,
    page: PageMeta,
    #[serde(flatten)]
    more: M,
}

#[derive(Serialize, ToSchema)]
struct Results {
    /// How many items there are on all pages. Left out on pages by `page[after]` of a list with a
    /// filter or at a time, which would have to be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// Where in the list the page is. On pages by `page[after]` only its limit is known.
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
struct PageMeta {
    /// How many items a page has at most.
    limit: u32,
    /// How many items there are before this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    /// Which page this is, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u64>,
    /// How many pages there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// A requested list, and its cursors.
pub(crate) struct ListRequest<P> {
    query: ListQuery,
    cursors: Cursors,
    /// The requested page.
    pub(crate) page: PageRequest<P>,
}

impl ListQuery {
    /// A page of the list of this name in this order; an empty order is the order of creation.
    pub(crate) fn list<P: Placed>(
        self,
        name: &str,
        order: &str,
    ) -> Result<ListRequest<P>, ApiError> {
        let asked = ListAsked {
            name,
            order,
            filter: self.filter.as_deref(),
            at: self.at,
        };
        let cursors = asked.cursors();
        let page = self.page(|cursor| cursors.read(cursor))?;
        Ok(ListRequest {
            query: self,
            cursors,
            page,
        })
    }
}

impl<P: Placed> ListRequest<P> {
    /// Refuses a cursor whose place isn't one of the list.
    pub(crate) fn check_place(&self, is_of_list: impl FnOnce(&P) -> bool) -> Result<(), ApiError> {
        match self.page.place() {
            Some(place) if !is_of_list(place) => Err(malformed_cursor()),
            _ => Ok(()),
        }
    }

    /// The answer with this page; `show` represents an item.
    pub(crate) fn answer<I, T>(&self, found: Page<I, P>, show: impl FnMut(I) -> T) -> List<T> {
        let cursor = |place: &P| self.cursors.write(place);
        List::new(&self.query, &self.page, found, cursor, show)
    }
}

impl<P: Placed> ListRequest<P> {
    /// The same, but each page leads to the next one by the place of its last item: between two pages by
    /// offsets, items may move.
    pub(crate) fn answer_by_place<I, T>(
        &self,
        found: Page<I, P>,
        show: impl FnMut(I) -> T,
    ) -> List<T> {
        let after = match &self.page.start {
            Start::Offset(_) => None,
            Start::After(place) => Some(place),
        };
        let cursor = |place: &P| self.cursors.write(place);
        List::behind(&self.query, after, found, cursor, show)
    }
}

impl<T> List<T> {
    /// The answer to `query` with this page; `show` represents an item, and `cursor` a place.
    pub(crate) fn new<I, P>(
        query: &ListQuery,
        asked: &PageRequest<P>,
        found: Page<I, P>,
        cursor: impl Fn(&P) -> String,
        show: impl FnMut(I) -> T,
    ) -> Self {
        let offset = match &asked.start {
            Start::Offset(offset) => *offset,
            Start::After(place) => {
                return Self::behind(query, Some(place), found, cursor, show);
            }
        };
        let limit = query.limit;
        let total = found.total.unwrap_or(0);
        let pages = total.div_ceil(u64::from(limit));
        let link = |offset: u64| link(query, offset);
        let next = u64::from(offset) + u64::from(limit);
        let next = if next < total && next <= u64::from(PageRequest::OFFSET_MAX) {
            Some(link(next))
        } else {
            // Behind the largest offset, the list continues by the place of its last item.
            let next = found.next.as_ref().map(cursor);
            next.map(|next| link_after(query, Some(next)))
        };
        let last = pages
            .saturating_sub(1)
            .min(u64::from(PageRequest::OFFSET_MAX / limit));
        let last = last * u64::from(limit);
        let prev = u64::from(offset.saturating_sub(limit)).min(last);
        let links = Links {
            current: link(u64::from(offset)),
            first: link(0),
            last: (pages > 1).then(|| link(last)),
            next,
            prev: (offset > 0).then(|| link(prev)),
        };
        let page = PageMeta {
            limit,
            offset: Some(offset),
            current: Some(u64::from(offset / limit) + 1),
            total: Some(pages),
        };
        Self::with(found, links, page, show)
    }

    /// The same for a page that begins behind a place, or at the start of a list without offsets.
    pub(crate) fn behind<I, P>(
        query: &ListQuery,
        after: Option<&P>,
        found: Page<I, P>,
        cursor: impl Fn(&P) -> String,
        show: impl FnMut(I) -> T,
    ) -> Self {
        let next = found.next.as_ref();
        let links = Links {
            current: link_after(query, after.map(&cursor)),
            first: link_after(query, None),
            last: None,
            next: next.map(|next| link_after(query, Some(cursor(next)))),
            prev: None,
        };
        let page = PageMeta {
            limit: query.limit,
            offset: None,
            current: None,
            total: None,
        };
        Self::with(found, links, page, show)
    }

    fn with<I, P>(
        found: Page<I, P>,
        links: Links,
        page: PageMeta,
        show: impl FnMut(I) -> T,
    ) -> Self {
        Self {
            data: found.items.into_iter().map(show).collect(),
            links,
            meta: ListMeta {
                results: Results { total: found.total },
                page,
                more: NoMeta {},
            },
        }
    }

    /// The same list, with more in its `meta`.
    pub(crate) fn with_meta<M>(self, more: M) -> List<T, M> {
        let Self { data, links, meta } = self;
        let ListMeta { results, page, .. } = meta;
        let meta = ListMeta {
            results,
            page,
            more,
        };
        List { data, links, meta }
    }
}

fn link(query: &ListQuery, offset: u64) -> String {
    link_with(query, &[("page[offset]", offset.to_string())])
}

fn link_after(query: &ListQuery, after: Option<String>) -> String {
    let after = after.map(|after| ("page[after]", after));
    link_with(query, after.as_slice())
}

/// A link to the same list with these paging parameters.
fn link_with(query: &ListQuery, paging: &[(&str, String)]) -> String {
    let mut parameters = Serializer::new(String::new());
    parameters.append_pair("page[limit]", &query.limit.to_string());
    parameters.extend_pairs(paging);
    let at = query.at.map(|at| at.to_string());
    for (name, value) in [
        ("filter", &query.filter),
        ("sort", &query.sort),
        ("at", &at),
        ("include", &query.include),
        ("product_id", &query.product_id),
    ] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    format!("{}?{}", query.path, parameters.finish())
}
