//! Links between the pages of a list. Their queries keep everything else that the address says.

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;
use stockroom_application::{Page, PageRequest};

/// The rows of a page.
pub(crate) const PAGE_ROWS: u32 = 50;

/// The links below a list.
#[derive(Debug, Clone)]
pub(crate) struct Pager {
    /// The words for how much of the list is shown.
    pub(crate) shown: String,
    /// The first page, if this isn't it.
    pub(crate) first: Option<String>,
    /// The next page, if there is one.
    pub(crate) next: Option<String>,
}

impl Pager {
    /// The pager of a page. `next` is the text of the place after which the next page begins, and `kept` the
    /// parameters that all pages of the list have.
    pub(crate) fn new<T, P>(
        page: &Page<T, P>,
        is_first: bool,
        path: &str,
        kept: &[(&str, &str)],
        next: Option<String>,
    ) -> Self {
        let rows = page.items.len();
        let shown = match page.total {
            Some(total) if is_first && total == rows as u64 => format!("{rows} in all"),
            Some(total) => format!("{rows} of {}", super::Number::from(total)),
            None => format!("{rows} on this page"),
        };
        Self {
            shown,
            first: (!is_first).then(|| query(path, kept)),
            next: next.map(|place| {
                let mut parameters = kept.to_vec();
                parameters.push(("after", &place));
                query(path, &parameters)
            }),
        }
    }
}

/// The request for a page that begins after a place, or else with the list.
pub(crate) fn page_after<P>(rows: u32, place: Option<P>) -> PageRequest<P> {
    match place {
        Some(place) => PageRequest::after(rows, place),
        None => PageRequest::from_offset(rows, 0),
    }
}

/// A path with these parameters, without those that are empty.
pub(crate) fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// The query of the page that a form was on.
pub(crate) fn query_of<T: DeserializeOwned + Default>(back: &str) -> T {
    let uri = back.parse::<Uri>().ok();
    let query = uri.and_then(|uri| Query::try_from_uri(&uri).ok());
    query.map(|Query(query)| query).unwrap_or_default()
}

/// The order of a list by one of its columns (`ascending`, `descending` or `none`), and the address of the
/// list in the next order by it. `sort` is the word for the order of the list.
pub(crate) fn sorted_by(
    column: &str,
    sort: &str,
    path: &str,
    kept: &[(&str, &str)],
) -> (&'static str, String) {
    let descending = format!("-{column}");
    let (sorted, next) = if sort == column {
        ("ascending", descending.as_str())
    } else if sort == descending {
        ("descending", "")
    } else {
        ("none", column)
    };
    let mut parameters = kept.to_vec();
    parameters.retain(|(name, _)| *name != "sort");
    parameters.push(("sort", next));
    (sorted, query(path, &parameters))
}
