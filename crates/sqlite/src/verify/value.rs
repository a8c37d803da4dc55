//! The values of a row, read as they are.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use stockroom_domain::{EntryHash, Quantity, Timestamp, UnreadableRow};
use uuid::Uuid;

/// A column of a row, whatever it holds. An attempt to read it as another type fails with its name.
pub(crate) struct Value<'a> {
    value: ValueRef<'a>,
    column: &'static str,
}

pub(crate) type Read<T> = Result<T, &'static str>;

impl<'a> Value<'a> {
    pub(crate) fn optional<T>(self, read: impl FnOnce(Self) -> Read<T>) -> Read<Option<T>> {
        match self.value {
            ValueRef::Null => Ok(None),
            _ => read(self).map(Some),
        }
    }

    pub(crate) fn integer(self) -> Read<i64> {
        match self.value {
            ValueRef::Integer(integer) => Ok(integer),
            _ => Err(self.column),
        }
    }

    fn blob<const N: usize>(self) -> Read<[u8; N]> {
        match self.value {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| self.column),
            _ => Err(self.column),
        }
    }

    pub(crate) fn uuid(self) -> Read<Uuid> {
        self.blob().map(Uuid::from_bytes)
    }

    pub(crate) fn hash(self) -> Read<EntryHash> {
        self.blob().map(EntryHash)
    }

    pub(crate) fn quantity(self) -> Read<Quantity> {
        let column = self.column;
        Quantity::try_from(self.integer()?).map_err(|_| column)
    }

    pub(crate) fn timestamp(self) -> Read<Timestamp> {
        let column = self.column;
        Timestamp::from_milliseconds(self.integer()?).ok_or(column)
    }

    pub(crate) fn text<T, E>(self, read: impl FnOnce(&'a str) -> Result<T, E>) -> Read<T> {
        let ValueRef::Text(bytes) = self.value else {
            return Err(self.column);
        };
        let text = str::from_utf8(bytes).map_err(|_| self.column)?;
        read(text).map_err(|_| self.column)
    }
}

pub(crate) fn at<'a>(row: &'a Row<'_>, index: usize, column: &'static str) -> Value<'a> {
    let value = row.get_ref(index).unwrap_or(ValueRef::Null);
    Value { value, column }
}

/// The bytes of a row's id, whatever its type.
pub(crate) fn key(row: &Row<'_>) -> Vec<u8> {
    match row.get_ref(0) {
        Ok(ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

pub(crate) fn unreadable(table: &'static str, column: &'static str, key: &[u8]) -> UnreadableRow {
    let row = Uuid::from_slice(key).map_or_else(|_| format!("{key:02x?}"), |id| id.to_string());
    UnreadableRow { table, column, row }
}
