//! What is to be done, in the order of time.

use std::collections::BTreeMap;

use stockroom_domain::Timestamp;

/// Things to be done at times. Those of one time come in the order in which they were added.
pub(crate) struct Agenda<T> {
    entries: BTreeMap<(Timestamp, usize), T>,
    added: usize,
}

impl<T> Agenda<T> {
    /// An agenda without entries.
    pub(crate) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            added: 0,
        }
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, at: Timestamp, entry: T) {
        self.entries.insert((at, self.added), entry);
        self.added = self.added.saturating_add(1);
    }

    /// Takes the next entry, if its time has come.
    pub(crate) fn next_until(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        let next = self.entries.first_entry()?;
        let (at, _) = *next.key();
        (at <= now).then(|| (at, next.remove()))
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
