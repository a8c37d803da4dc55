//! Links between the pages of a list. Their queries keep everything else that the address says.

use stockroom_application::Page;

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
