//! Many rows in one parameter: a JSON array for `json_each`.

use serde::Serialize;
use stockroom_application::ports::StoreError;
use stockroom_domain::EntryHash;
use uuid::Uuid;
use uuid::fmt::Simple;

/// An id as it is in JSON: hexadecimal digits for `unhex`.
pub(crate) fn hex(id: impl Into<Uuid>) -> Simple {
    id.into().simple()
}

/// A hash as it is in JSON: hexadecimal digits for `unhex`.
pub(crate) fn hex_bytes(hash: [u8; 32]) -> String {
    EntryHash(hash).to_string()
}

/// The rows as one parameter. Each is an id, or a tuple of what the statement takes from it.
pub(crate) fn json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, StoreError> {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).map_err(|error| StoreError::Failed(Box::new(error)))
}
