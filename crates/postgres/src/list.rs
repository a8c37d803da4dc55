//! Lists: pages of what an owner sees.

use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::counts::Kind;
use crate::row::Row;

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, QueryBuilder};
use stockroom_application::PageRequest;
use stockroom_application::ports::{Scope, StoreError};
use stockroom_domain::Owner;
use uuid::Uuid;

/// A list of what a store and its organization have, or the organization alone: one `SELECT` for
/// each whose things are seen. Its first column is the id by which the list is sorted, unless
/// [`ordered_by`](Self::ordered_by) says otherwise.
pub(crate) struct ListQuery<P> {
    scope: Scope,
    id_column: &'static str,
    push_select: P,
    order: &'static str,
}

impl<P: Fn(&mut QueryBuilder<Postgres>, Owner)> ListQuery<P> {
    /// The list of what the `SELECT`s that `push_select` appends for one owner each give. They end in
    /// the conditions of their `WHERE`.
    pub(crate) const fn new(scope: Scope, id_column: &'static str, push_select: P) -> Self {
        Self {
            scope,
            id_column,
            push_select,
            order: "1",
        }
    }

    /// The list in the order of other columns. Its `SELECT`s begin behind the place that is asked for
    /// by themselves.
    pub(crate) fn ordered_by(self, order: &'static str) -> Self {
        Self { order, ..self }
    }

    /// The rows of one page, in order, and one more if there are more.
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

    /// The query for one page. Each owner's part is read off its index as far as the page may need
    /// it, and no further.
    pub(crate) fn page_query(
        &self,
        start: &str,
        page: PageRequest<Uuid>,
    ) -> QueryBuilder<Postgres> {
        let (limit, offset) = (page.enough(), page.offset());
        // The numbers are part of the text, so that PostgreSQL knows how little is wanted.
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

    /// How many rows there are in all.
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

    /// What `select` says of all parts together, each of which ends with what `push_end` appends.
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

/// How many things of a kind `scope` sees, without counting them.
pub(crate) async fn kept_count(
    session: &mut Session,
    scope: Scope,
    kind: Kind,
) -> Result<u64, StoreError> {
    let organization_id = scope.organization.uuid();
    let owner_id = scope.acting.to_uuid(scope.organization);
    let kind = kind.word();
    // A store sees its own stock and the organization's, less what it sees its own of instead.
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
