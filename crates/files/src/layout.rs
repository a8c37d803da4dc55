//! How to read a file's lines.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{FileError, LineFault};
use crate::profile::{Format, Profile};
use crate::read::stockroom::Field;
use crate::read::{shopify, stockroom};
use crate::{CHUNK_LINES, COLUMNS_MAX};

/// What a column of a CSV file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    /// A field of our own profile, or one that means the same.
    Field(Field),
    /// The new total of the line's position. With the column's name.
    Total(String),
    /// The new available pieces of the line's position. With the column's name.
    Available(String),
    /// The available pieces at the location of this name.
    AvailableAt(String),
    /// What an earlier import had to say about the line.
    Error,
    /// What needn't be read, and nobody expects to be.
    Descriptive,
    /// What isn't read, though it looks as if it could be.
    Ignored,
}

/// How to read the lines of a file, once it was split. It is stored as JSON along with the chunks, so a field
/// that is added gets a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    profile: Profile,
    format: Format,
    /// The character between cells. JSON Lines have none.
    #[serde(default)]
    pub(crate) delimiter: Option<char>,
    /// The header as it was, without its line end. Empty for JSON Lines.
    #[serde(default)]
    pub(crate) header: String,
    /// The meaning of each column, in the order of the file.
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
    /// The names of columns that aren't read.
    #[serde(default)]
    ignored_columns: Vec<String>,
}

impl Layout {
    pub(crate) const fn json_lines(profile: Profile) -> Self {
        Self {
            profile,
            format: Format::JsonLines,
            delimiter: None,
            header: String::new(),
            columns: Vec::new(),
            ignored_columns: Vec::new(),
        }
    }

    /// Whose file it is.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// How the file is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The names of the columns of a CSV file whose content makes no difference, though it might seem so, in
    /// the order of the file.
    #[must_use]
    pub fn ignored_columns(&self) -> &[String] {
        &self.ignored_columns
    }

    pub(crate) fn delimiter_byte(&self) -> u8 {
        let byte = self
            .delimiter
            .and_then(|delimiter| u8::try_from(delimiter).ok());
        byte.unwrap_or(b',')
    }

    /// Checks that a row of this many cells can be told apart.
    pub(crate) fn check_width(&self, cells: usize) -> Result<(), LineFault> {
        let columns = self.columns.len();
        if cells == columns {
            return Ok(());
        }
        Err(LineFault(format!(
            "the line has {cells} cells, but the header names {columns} columns"
        )))
    }
}

/// The header of a CSV file whose other lines aren't all known.
#[derive(Debug)]
pub(crate) struct Header {
    layout: Layout,
    names: Vec<String>,
    /// The column that counts if any of its cells is filled, and is ignored otherwise.
    pub(crate) optional: Option<usize>,
}

impl Header {
    /// The header with this text and these cells.
    pub(crate) fn new<T: AsRef<str>>(
        profile: Profile,
        delimiter: u8,
        text: &str,
        cells: &[T],
    ) -> Result<Self, FileError> {
        if cells.len() > COLUMNS_MAX {
            return Err(FileError::TooManyColumns);
        }
        let names = cells.iter().map(|cell| cell.as_ref().trim().to_owned());
        let names: Vec<String> = names.collect();
        if let Some(unnamed) = names.iter().position(String::is_empty) {
            let number = unnamed + 1;
            return Err(FileError::UnnamedColumn { number });
        }
        let columns = columns(profile, &names, false)?;
        let optional = match profile {
            Profile::Shopify => names.iter().position(|name| shopify::is_optional(name)),
            Profile::Stockroom | Profile::ElasticPath | Profile::Policies => None,
        };
        let layout = Layout {
            profile,
            format: Format::Csv,
            delimiter: Some(delimiter.into()),
            header: text.trim_end_matches(['\r', '\n']).to_owned(),
            columns,
            ignored_columns: Vec::new(),
        };
        Ok(Self {
            layout,
            names,
            optional,
        })
    }

    /// The number of lines in a chunk, so that it makes no more than [`CHUNK_LINES`] movements.
    pub(crate) fn chunk_lines(&self) -> u32 {
        let is_location = |column: &&Column| matches!(column, Column::AvailableAt(_));
        let movements = self.layout.columns.iter().filter(is_location).count();
        let movements = u32::try_from(movements).unwrap_or(u32::MAX).max(1);
        (CHUNK_LINES / movements).max(1)
    }

    /// The layout of the file, now that it is known whether the optional column is filled in anywhere.
    pub(crate) fn layout(self, optional_is_filled: bool) -> Result<Layout, FileError> {
        let columns = columns(self.layout.profile, &self.names, optional_is_filled)?;
        let is_ignored = |column: &Column| matches!(column, Column::Ignored | Column::Error);
        let named = self.names.into_iter().zip(&columns);
        let ignored_columns = named
            .filter(|(_, column)| is_ignored(column))
            .map(|(name, _)| name)
            .collect();
        Ok(Layout {
            columns,
            ignored_columns,
            ..self.layout
        })
    }
}

fn columns(
    profile: Profile,
    names: &[String],
    optional_is_filled: bool,
) -> Result<Vec<Column>, FileError> {
    match profile {
        Profile::Stockroom => stockroom::columns(names, &Field::OF_STOCK),
        Profile::Policies => stockroom::columns(names, &Field::OF_POLICIES),
        Profile::Shopify => shopify::columns(names, optional_is_filled),
        Profile::ElasticPath => Err(FileError::WrongFormat {
            profile,
            format: Format::Csv,
        }),
    }
}

/// Checks that no two of the names have the same key.
pub(crate) fn check_unique(
    names: &[String],
    key: impl Fn(&String) -> String,
) -> Result<(), FileError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(key(name)) {
            return Err(FileError::DuplicateColumn { name: name.clone() });
        }
    }
    Ok(())
}
