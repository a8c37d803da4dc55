//! Lists: pages of the items that an owner sees.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use stockroom_application::PageRequest;
use stockroom_application::ports::{Scope, StoreError};
use stockroom_domain::Owner;
use uuid::Uuid;

use crate::connection::error::failed;
use crate::counts::Kind;
use crate::row::Row;

/// The start of a list: after the row that has this id, or would have its place.
#[derive(Clone, Copy)]
pub(crate) struct Behind {
    pub(crate) column: &'static str,
    pub(crate) id: Uuid,
}

/// A list of the items of a store and its organization, or of the organization alone: one `SELECT` for
/// each owner whose items are visible.
pub(crate) struct ListQuery(pub(crate) QueryBuilder<Sqlite>, &'static str);

impl ListQuery {
    /// Creates the list, which starts after `after`. `push_select` appends the `SELECT` for one owner,
    /// which ends with the conditions of its `WHERE`. Its first column is the id by which the list is
    /// sorted, unless [`ordered_by`](Self::ordered_by) says otherwise. The id has to come sorted out of
    /// an index: then SQLite merges the `SELECT`s without reading further than the page.
    pub(crate) fn new(
        start: &str,
        scope: Scope,
        after: Option<Behind>,
        push_select: impl Fn(&mut QueryBuilder<Sqlite>, Owner),
    ) -> Self {
        let mut query = QueryBuilder::new(start);
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
    pub(crate) async fn page<T, P>(
        mut self,
        connection: &mut SqliteConnection,
        page: &PageRequest<P>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.0.push(format_args!(" ORDER BY {} LIMIT ", self.1));
        self.0.push_bind(page.enough());
        self.0.push(" OFFSET ").push_bind(page.offset());
        self.all(connection).await
    }

    /// All rows, in any order.
    pub(crate) async fn all<T>(
        mut self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.0
            .build_query_as()
            .persistent(false)
            .fetch_all(connection)
            .await
            .map_err(failed)
    }

    /// The total number of rows.
    pub(crate) async fn count(
        mut self,
        connection: &mut SqliteConnection,
    ) -> Result<u64, StoreError> {
        self.0.push(")");
        let count: u32 = self
            .0
            .build_query_scalar()
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(failed)?;
        Ok(count.into())
    }
}

/// The start of a [`ListQuery`] whose rows are counted.
pub(crate) const COUNT: &str = "SELECT count(*) FROM (";

/// The number of items of a kind that `scope` sees, from the stored counts.
pub(crate) async fn kept_count(
    connection: &mut SqliteConnection,
    scope: Scope,
    kind: Kind,
) -> Result<u64, StoreError> {
    let organization_id = scope.organization.uuid();
    let owner_id = scope.acting.to_uuid(scope.organization);
    let kind = kind.word();
    // A store sees its own stock and the organization's, except the organization's stock of products of
    // which the store has its own.
    let count = sqlx::query_scalar!(
        r#"
        SELECT coalesce(sum(CASE kind WHEN ?3 THEN count ELSE -count END), 0) AS "count!: i64"
        FROM level_counts
        WHERE organization_id = ?1
            AND owner_id IN (?1, ?2)
            AND (kind = ?3 OR (?3 = 'stock' AND kind = 'shadowing_stock'))
        "#,
        organization_id,
        owner_id,
        kind,
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}
