//! Many rows in parameters: an array for each column, for `unnest`.

use sqlx::postgres::PgHasArrayType;
use stockroom_domain::{OrganizationId, Owner};
use uuid::Uuid;

/// The ids as an array.
pub(crate) fn uuids<T: Into<Uuid>>(ids: impl IntoIterator<Item = T>) -> Vec<Uuid> {
    ids.into_iter().map(Into::into).collect()
}

/// Pairs of an owner and a value as two arrays: of the owners, and of the values.
pub(crate) fn owned<T: PgHasArrayType>(
    organization: OrganizationId,
    pairs: impl IntoIterator<Item = (Owner, T)>,
) -> (Vec<Uuid>, Vec<T>) {
    pairs
        .into_iter()
        .map(|(owner, what)| (owner.to_uuid(organization), what))
        .unzip()
}
