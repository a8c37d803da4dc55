//! Lists: pages of the items that an owner sees.

use rusqlite::Connection;
use stockroom_application::PageRequest;
use stockroom_application::ports::{Scope, StoreError};
use stockroom_domain::Owner;
use stockroom_sql::FromColumns;
use uuid::Uuid;

use crate::connection::query::Query;

/// The start of a list: after the row that has this id, or would have its place.
#[derive(Clone, Copy)]
pub(crate) struct Behind {
    pub(crate) column: &'static str,
    pub(crate) id: Uuid,
}

/// A list of the items of a store and its organization, or of the organization alone: one `SELECT` for
/// each owner whose items are visible.
pub(crate) struct ListQuery(pub(crate) Query, &'static str);

impl ListQuery {
    /// Creates the list, which starts after `after`. `push_select` appends the `SELECT` for one owner,
    /// which ends with the conditions of its `WHERE`. Its first column is the id by which the list is
    /// sorted, unless [`ordered_by`](Self::ordered_by) says otherwise. The id has to come sorted out of
    /// an index: then SQLite merges the `SELECT`s without reading further than the page.
    pub(crate) fn new(
        start: &str,
        scope: Scope,
        after: Option<Behind>,
        push_select: impl Fn(&mut Query, Owner),
    ) -> Self {
        let mut query = Query::new(start);
        for (index, owner) in scope.acting.visible().enumerate() {
            if index > 0 {
                query.push(" UNION ALL ");
            }
            push_select(&mut query, owner);
            if let Some(Behind { column, id }) = after {
                query.push(" AND ").push(column).push(" > ").push_bind(id);
            }
        }
        Self(query, "1")
    }

    /// The list, sorted by other columns.
    pub(crate) fn ordered_by(self, columns: &'static str) -> Self {
        Self(self.0, columns)
    }

    /// The rows of one page of this list, in order, and the next row if there is one.
    pub(crate) fn page<T: FromColumns, P>(
        mut self,
        connection: &Connection,
        page: &PageRequest<P>,
    ) -> Result<Vec<T>, StoreError> {
        self.0.push(format_args!(" ORDER BY {} LIMIT ", self.1));
        self.0.push_bind(page.enough());
        self.0.push(" OFFSET ").push_bind(page.offset());
        self.all(connection)
    }

    /// All rows, in any order.
    pub(crate) fn all<T: FromColumns>(self, connection: &Connection) -> Result<Vec<T>, StoreError> {
        self.0.rows(connection)
    }

    /// The total number of rows.
    pub(crate) fn count(mut self, connection: &Connection) -> Result<u64, StoreError> {
        self.0.push(")").count(connection)
    }
}

/// The start of a [`ListQuery`] whose rows are counted.
pub(crate) const COUNT: &str = "SELECT count(*) FROM (";
