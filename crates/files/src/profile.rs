//! Who writes and reads a file, and how it is written.

use std::fmt;

use serde::{Deserialize, Serialize};
use stockroom_domain::ImportTarget;

/// Those whose files are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Our own files, which can say everything.
    Stockroom,
    /// Commerce Inventory Import of Elastic Path: JSON Lines.
    ElasticPath,
    /// The inventory CSV of Shopify, in each of its layouts.
    Shopify,
    /// Our own files of policies.
    Policies,
}

impl Profile {
    /// The profiles of files that move stock.
    pub const ALL: [Self; 3] = [Self::Stockroom, Self::ElasticPath, Self::Shopify];

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stockroom | Self::Policies => "stockroom",
            Self::ElasticPath => "elasticpath",
            Self::Shopify => "shopify",
        }
    }

    /// The profile of files that move stock for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == word)
    }

    /// The thing that its files change.
    #[must_use]
    pub const fn target(self) -> ImportTarget {
        match self {
            Self::Stockroom | Self::ElasticPath | Self::Shopify => ImportTarget::Stock,
            Self::Policies => ImportTarget::Policies,
        }
    }

    /// The formats that its files have; the first is the usual one.
    #[must_use]
    pub const fn formats(self) -> &'static [Format] {
        match self {
            Self::Stockroom | Self::Policies => &Format::ALL,
            Self::ElasticPath => &[Format::JsonLines],
            Self::Shopify => &[Format::Csv],
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The way in which a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// A header that names the columns, and a line for each row.
    #[serde(rename = "csv")]
    Csv,
    /// A JSON object on each line.
    #[serde(rename = "jsonl")]
    JsonLines,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Csv, Self::JsonLines];

    /// The word for it in the API, which is also the ending of such a file's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// The format for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Its name in prose.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON Lines",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
