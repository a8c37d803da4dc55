//! Many rows in one parameter: a JSON array for `json_each`.

use serde::Serialize;
use stockroom_application::ports::StoreError;
use uuid::Uuid;
use uuid::fmt::Simple;

/// An id as it is in JSON: hexadecimal digits for `unhex`.
pub(crate) fn hex(id: impl Into<Uuid>) -> Simple {
    id.into().simple()
}

/// The rows as one parameter. Each is an id, or a tuple of what the statement takes from it; a hash
/// is hexadecimal digits there, too.
pub(crate) fn json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, StoreError> {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// A number that is counted up, as it is stored. No count gets as far as where they differ.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
