//! Names of rows, and the decoding of their values.

use stockroom_application::ports::StoreError;
use stockroom_domain::{EntryHash, Quantity, Timestamp};
use uuid::Uuid;

/// Identifies a row in errors about impossible values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) table: &'static str,
    pub(crate) id: Uuid,
    pub(crate) sequence: Option<i64>,
}

impl Row {
    /// The row of `table` with this id.
    pub(crate) const fn new(table: &'static str, id: Uuid) -> Self {
        Self {
            table,
            id,
            sequence: None,
        }
    }

    pub(crate) fn corrupt(self, column: &'static str) -> StoreError {
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

    /// Returns the value; [`StoreError::Corrupt`] if it is impossible.
    pub(crate) fn valid<T, E>(
        self,
        column: &'static str,
        value: Result<T, E>,
    ) -> Result<T, StoreError> {
        value.map_err(|_| self.corrupt(column))
    }

    pub(crate) fn quantity(
        self,
        column: &'static str,
        pieces: i64,
    ) -> Result<Quantity, StoreError> {
        self.valid(column, Quantity::try_from(pieces))
    }

    pub(crate) fn hash(self, column: &'static str, bytes: &[u8]) -> Result<EntryHash, StoreError> {
        self.valid(column, <[u8; 32]>::try_from(bytes).map(EntryHash))
    }

    pub(crate) fn optional_timestamp(
        self,
        column: &'static str,
        milliseconds: Option<i64>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let time = milliseconds.map(|milliseconds| self.timestamp(column, milliseconds));
        time.transpose()
    }

    pub(crate) fn timestamp(
        self,
        column: &'static str,
        milliseconds: i64,
    ) -> Result<Timestamp, StoreError> {
        Timestamp::from_milliseconds(milliseconds).ok_or_else(|| self.corrupt(column))
    }
}
