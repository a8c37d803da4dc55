//! Many rows in parameters: an array for each column, for `unnest`.

use sqlx::postgres::PgHasArrayType;
use stockroom_domain::{OrganizationId, Owner};
use uuid::Uuid;

/// The ids as an array.
pub(crate) fn uuids<T: Into<Uuid>>(ids: impl IntoIterator<Item = T>) -> Vec<Uuid> {
    ids.into_iter().map(Into::into).collect()
}

/// What is owned by someone as two arrays: of the owners, and of the rest.
pub(crate) fn owned<T: PgHasArrayType>(
    organization: OrganizationId,
    pairs: impl IntoIterator<Item = (Owner, T)>,
) -> (Vec<Uuid>, Vec<T>) {
    pairs
        .into_iter()
        .map(|(owner, what)| (owner.to_uuid(organization), what))
        .unzip()
}

/// A number that is counted up, as it is stored. No count gets as far as where they differ.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
