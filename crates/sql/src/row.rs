//! Names of rows, and the decoding of their values.

use stockroom_application::ports::StoreError;
use stockroom_domain::{EntryHash, Quantity, Timestamp};
use uuid::Uuid;

/// Identifies a row in errors about impossible values.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    table: &'static str,
    id: Uuid,
    sequence: Option<i64>,
}

impl Row {
    /// The row of `table` with this id.
    #[must_use]
    pub const fn new(table: &'static str, id: Uuid) -> Self {
        Self {
            table,
            id,
            sequence: None,
        }
    }

    /// The entry with this number in the ledger of a stock.
    #[must_use]
    pub const fn entry(stock_id: Uuid, sequence: i64) -> Self {
        Self::numbered("entries", stock_id, sequence)
    }

    /// The row of `table` with this number among those of an id.
    #[must_use]
    pub const fn numbered(table: &'static str, id: Uuid, number: i64) -> Self {
        Self {
            table,
            id,
            sequence: Some(number),
        }
    }

    /// The error that says that a column of the row has an impossible value.
    #[must_use]
    pub fn corrupt(self, column: &'static str) -> StoreError {
        let row = match self.sequence {
            None => self.id.to_string(),
            Some(sequence) => format!("{}/{sequence}", self.id),
        };
        StoreError::Corrupt {
            table: self.table,
            column,
            row,
        }
    }

    /// Returns the value of a column.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value is impossible.
    pub fn valid<T, E>(self, column: &'static str, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|_| self.corrupt(column))
    }

    /// A number of pieces.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value is impossible.
    pub fn quantity(self, column: &'static str, pieces: i64) -> Result<Quantity, StoreError> {
        self.valid(column, Quantity::try_from(pieces))
    }

    /// The hash of an entry.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value is impossible.
    pub fn hash(self, column: &'static str, bytes: &[u8]) -> Result<EntryHash, StoreError> {
        self.valid(column, <[u8; 32]>::try_from(bytes).map(EntryHash))
    }

    /// A time, in milliseconds since 1970, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value is impossible.
    pub fn optional_timestamp(
        self,
        column: &'static str,
        milliseconds: Option<i64>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let time = milliseconds.map(|milliseconds| self.timestamp(column, milliseconds));
        time.transpose()
    }

    /// A time, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the value is impossible.
    pub fn timestamp(
        self,
        column: &'static str,
        milliseconds: i64,
    ) -> Result<Timestamp, StoreError> {
        Timestamp::from_milliseconds(milliseconds).ok_or_else(|| self.corrupt(column))
    }
}

/// The stored form of a number that is counted up. No count gets large enough to differ from its stored
/// form.
#[must_use]
pub fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
