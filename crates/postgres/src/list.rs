//! Lists: pages of the items that an owner sees.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, QueryBuilder};
use stockroom_application::PageRequest;
use stockroom_application::ports::{Scope, StoreError};
use stockroom_domain::Owner;
use stockroom_sql::{Kind, Row};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// A list of the items of a store and its organization, or of the organization alone: one `SELECT` for
/// each owner whose items are visible. Its first column is the id by which the list is sorted, unless
/// [`ordered_by`](Self::ordered_by) says otherwise.
pub(crate) struct ListQuery<P> {
    scope: Scope,
    id_column: &'static str,
    push_select: P,
    order: &'static str,
}

impl<P: Fn(&mut QueryBuilder<Postgres>, Owner)> ListQuery<P> {
    /// The list of the rows that the `SELECT`s return. `push_select` appends the `SELECT` for one
    /// owner, which ends with the conditions of its `WHERE`.
    pub(crate) const fn new(scope: Scope, id_column: &'static str, push_select: P) -> Self {
        Self {
            scope,
            id_column,
            push_select,
            order: "1",
        }
    }

    /// The list, sorted by other columns. Its `SELECT`s must themselves start after the requested
    /// place.
    pub(crate) fn ordered_by(self, order: &'static str) -> Self {
        Self { order, ..self }
    }

    /// The rows of one page, in order, and the next row if there is one.
    pub(crate) async fn page<T>(
        &self,
        session: &mut Session,
        page: PageRequest<Uuid>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.page_query("", page)
            .build_query_as()
            .persistent(false)
            .fetch_all(session)
            .await
            .map_err(failed)
    }

    /// The query for one page. Each owner's part is read from its index only as far as the page may
    /// need it.
    pub(crate) fn page_query(
        &self,
        start: &str,
        page: PageRequest<Uuid>,
    ) -> QueryBuilder<Postgres> {
        let (limit, offset) = (page.enough(), page.offset());
        // The numbers are part of the query text, so that PostgreSQL knows how few rows are wanted.
        let order = self.order;
        let first = u64::from(offset) + u64::from(limit);
        let mut query = self.query(&format!("{start}SELECT *"), |query| {
            if let Some(after) = page.place() {
                query.push(format_args!(" AND {} > ", self.id_column));
                query.push_bind(*after);
            }
            query.push(format_args!(" ORDER BY {order} LIMIT {first}"));
        });
        query.push(format_args!(
            " ORDER BY {order} LIMIT {limit} OFFSET {offset}"
        ));
        query
    }

    /// At most `limit` rows, in any order.
    pub(crate) async fn first<T>(
        &self,
        session: &mut Session,
        limit: u32,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.first_query("", limit)
            .build_query_as()
            .persistent(false)
            .fetch_all(session)
            .await
            .map_err(failed)
    }

    /// The query for at most `limit` rows, in any order.
    pub(crate) fn first_query(&self, start: &str, limit: u32) -> QueryBuilder<Postgres> {
        let mut query = self.query(&format!("{start}SELECT *"), |query| {
            query.push(format_args!(" LIMIT {limit}"));
        });
        query.push(format_args!(" LIMIT {limit}"));
        query
    }

    /// All rows, in any order.
    pub(crate) async fn all<T>(&self, session: &mut Session) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.query("SELECT *", |_| ())
            .build_query_as()
            .persistent(false)
            .fetch_all(session)
            .await
            .map_err(failed)
    }

    /// The total number of rows.
    pub(crate) async fn count(&self, session: &mut Session) -> Result<u64, StoreError> {
        let count: i64 = self
            .count_query("")
            .build_query_scalar()
            .persistent(false)
            .fetch_one(session)
            .await
            .map_err(failed)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn count_query(&self, start: &str) -> QueryBuilder<Postgres> {
        self.query(&format!("{start}SELECT count(*)"), |_| ())
    }

    /// Applies `select` to the parts of all owners together. `push_end` appends the end of each part.
    fn query(
        &self,
        select: &str,
        push_end: impl Fn(&mut QueryBuilder<Postgres>),
    ) -> QueryBuilder<Postgres> {
        let mut query = QueryBuilder::new(select);
        query.push(" FROM (");
        for (index, owner) in self.scope.acting.visible().enumerate() {
            query.push(if index == 0 { "(" } else { " UNION ALL (" });
            (self.push_select)(&mut query, owner);
            push_end(&mut query);
            query.push(")");
        }
        query.push(") AS list");
        query
    }
}

/// The number of items of a kind that `scope` sees, from the stored counts.
pub(crate) async fn kept_count(
    session: &mut Session,
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
        SELECT coalesce(sum(CASE kind WHEN $3 THEN count ELSE -count END), 0)::bigint AS "count!"
        FROM level_counts
        WHERE organization_id = $1
            AND owner_id IN ($1, $2)
            AND (kind = $3 OR ($3 = 'stock' AND kind = 'shadowing_stock'))
        "#,
        organization_id,
        owner_id,
        kind,
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    Row::new("level_counts", owner_id).valid("count", u64::try_from(count))
}
