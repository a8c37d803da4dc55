//! Paging.

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at most.
    pub limit: u32,
    /// How many items to pass over first.
    pub offset: u32,
}

impl PageRequest {
    /// The largest limit.
    pub const LIMIT_MAX: u32 = 100;
    /// The limit where none is named.
    pub const LIMIT_DEFAULT: u32 = 25;
    /// The largest offset.
    pub const OFFSET_MAX: u32 = 10_000;
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: Self::LIMIT_DEFAULT,
            offset: 0,
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items on it, in the order of the list.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
}

impl<T> Page<T> {
    /// The page that `request` asks for out of a whole list in memory.
    #[must_use]
    pub fn of(list: Vec<T>, request: PageRequest) -> Self {
        let total = list.len() as u64;
        let items = list
            .into_iter()
            .skip(request.offset as usize)
            .take(request.limit as usize)
            .collect();
        Self { items, total }
    }
}
