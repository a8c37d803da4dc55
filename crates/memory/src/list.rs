//! Lists.

use stockroom_application::{Page, PageRequest};

/// The part of `list` that `request` asks for. Only what is on the page is copied.
pub(crate) fn page<'a, T: Clone + 'a>(
    list: impl IntoIterator<Item = &'a T>,
    request: PageRequest,
) -> Page<T> {
    let Page { items, total } = Page::of(list.into_iter().collect(), request);
    Page {
        items: items.into_iter().cloned().collect(),
        total,
    }
}
