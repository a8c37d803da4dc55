//! The permission to split a reservation.

use serde::{Deserialize, Serialize};

/// The permission to serve a reservation from several places.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Split {
    /// One place serves everything.
    Never,
    /// Each product comes from one place. (Source of the default: the HTTP contract.)
    #[default]
    Lines,
    /// The pieces of a product may come from several places.
    Units,
}

impl Split {
    /// Every split, from the strictest.
    pub const ALL: [Self; 3] = [Self::Never, Self::Lines, Self::Units];

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Lines => "lines",
            Self::Units => "units",
        }
    }

    /// The split for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.as_str() == word)
    }
}
