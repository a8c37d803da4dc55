//! Lists.

use stockroom_application::{Page, PageRequest};

/// The part of `list`, which is in its order, that `request` asks for. Only what is on the page is
/// copied.
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

/// The page without a total if none is wanted.
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
