//! Pages of lists.

use stockroom_application::{Page, PageRequest};

/// Returns the part of `list` that `request` asks for. `list` is already in order. Only the items on
/// the page are copied.
pub(crate) fn page<'a, T: Clone + 'a, P: Ord>(
    list: impl IntoIterator<Item = &'a T>,
    request: &PageRequest<P>,
    is_filtered: bool,
    place: impl Fn(&T) -> P,
) -> Page<T, P> {
    let list: Vec<&T> = list.into_iter().collect();
    uncounted(
        Page::of(list, request, |item| place(item)),
        request,
        is_filtered,
    )
    .map(T::clone)
}

/// Removes the total from a page if the request doesn't want one.
pub(crate) fn uncounted<T, P>(
    page: Page<T, P>,
    request: &PageRequest<P>,
    is_filtered: bool,
) -> Page<T, P> {
    Page {
        total: page.total.filter(|_| request.wants_total(is_filtered)),
        ..page
    }
}
