//! Paging. A page begins at an offset, or after a place: that of an item which the caller has seen. An
//! adapter finds a place in an index, at the same cost anywhere in the list. Items that are added or
//! removed before a place don't shift the page.

use std::cmp::Ordering;

/// A request for a part of a list. `P` is the place of an item in that list: the value that the list is
/// sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<P> {
    /// The largest number of items.
    pub limit: u32,
    /// The beginning of the page.
    pub start: Start<P>,
}

/// The beginning of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<P> {
    /// After this number of items.
    Offset(u32),
    /// After this place, whether or not an item is there.
    After(P),
}

impl PageRequest<()> {
    /// The largest limit.
    pub const LIMIT_MAX: u32 = 100;
    /// The limit if none is named.
    pub const LIMIT_DEFAULT: u32 = 25;
    /// The largest offset.
    pub const OFFSET_MAX: u32 = 10_000;
    /// The largest offset that is read about as fast as the first page.
    const NEAR_MAX: u32 = 1_000;
}

impl<P> PageRequest<P> {
    /// A request for at most `limit` items, from the one with this offset on.
    #[must_use]
    pub const fn from_offset(limit: u32, offset: u32) -> Self {
        let start = Start::Offset(offset);
        Self { limit, start }
    }

    /// A request for at most `limit` items after a place.
    #[must_use]
    pub const fn after(limit: u32, place: P) -> Self {
        let start = Start::After(place);
        Self { limit, start }
    }

    /// The place after which the page begins, if it begins after one.
    #[must_use]
    pub const fn place(&self) -> Option<&P> {
        match &self.start {
            Start::Offset(_) => None,
            Start::After(place) => Some(place),
        }
    }

    /// The number of items to skip, counted from the start of the list or from the place.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        match self.start {
            Start::Offset(offset) => offset,
            Start::After(_) => 0,
        }
    }

    /// Whether skipping the items costs more than reading the page itself.
    #[must_use]
    pub const fn is_deep(&self) -> bool {
        self.offset() > PageRequest::NEAR_MAX
    }

    /// The same request with another form of the place.
    #[must_use]
    pub fn map<Q>(self, place: impl FnOnce(P) -> Q) -> PageRequest<Q> {
        PageRequest {
            limit: self.limit,
            start: match self.start {
                Start::Offset(offset) => Start::Offset(offset),
                Start::After(after) => Start::After(place(after)),
            },
        }
    }

    /// The number of items to read: one more than the page takes, which shows whether there are more.
    #[must_use]
    pub const fn enough(&self) -> u32 {
        self.limit.saturating_add(1)
    }

    /// Whether the page gives the length of the list. After a place it does only if the items needn't be
    /// counted.
    #[must_use]
    pub const fn wants_total(&self, is_filtered: bool) -> bool {
        !is_filtered || matches!(self.start, Start::Offset(_))
    }

    /// Removes the items read beyond the page, and returns whether there were any.
    pub fn has_more<T>(&self, items: &mut Vec<T>) -> bool {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        has_more
    }

    /// Removes the items read beyond the page, and returns the place after which the next page begins,
    /// if there are more items.
    pub fn cut<T>(&self, items: &mut Vec<T>, place: impl Fn(&T) -> P) -> Option<P> {
        let has_more = self.has_more(items);
        items.last().filter(|_| has_more).map(place)
    }
}

impl<P> Default for PageRequest<P> {
    fn default() -> Self {
        Self::from_offset(PageRequest::LIMIT_DEFAULT, 0)
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// The items on it, in the order of the list.
    pub items: Vec<T>,
    /// The number of items of the whole list. `None` after a place if the items would have to be
    /// counted.
    pub total: Option<u64>,
    /// The place after which the next page begins, if there are more items.
    pub next: Option<P>,
}

impl<T, P> Page<T, P> {
    /// A page without items, whose list was not counted.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            items: Vec::new(),
            total: None,
            next: None,
        }
    }

    /// The page that `request` asks for, out of a whole list in memory, in its order.
    #[must_use]
    pub fn of(list: Vec<T>, request: &PageRequest<P>, place: impl Fn(&T) -> P) -> Self
    where
        P: Ord,
    {
        Self::in_order(list, request, place, P::cmp)
    }

    /// The page that `request` asks for, out of a whole list in memory, which is in the order of
    /// `compare`.
    #[must_use]
    pub fn in_order(
        list: Vec<T>,
        request: &PageRequest<P>,
        place: impl Fn(&T) -> P,
        compare: impl Fn(&P, &P) -> Ordering,
    ) -> Self {
        let total = list.len() as u64;
        let start = match &request.start {
            Start::Offset(offset) => *offset as usize,
            Start::After(after) => {
                list.partition_point(|item| compare(&place(item), after).is_le())
            }
        };
        let rest = list.into_iter().skip(start);
        let mut items = rest.take(request.enough() as usize).collect();
        let next = request.cut(&mut items, place);
        Self {
            items,
            total: Some(total),
            next,
        }
    }

    /// The same page with these items, which may be fewer than before.
    #[must_use]
    pub fn with<U>(self, items: Vec<U>) -> Page<U, P> {
        let gone = self.items.len().saturating_sub(items.len()) as u64;
        Page {
            items,
            total: self.total.map(|total| total.saturating_sub(gone)),
            next: self.next,
        }
    }

    /// The same page with each item converted.
    pub fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U, P> {
        Page {
            items: self.items.into_iter().map(item).collect(),
            total: self.total,
            next: self.next,
        }
    }
}
