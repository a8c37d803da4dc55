//! A connection in use.

use std::fmt;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, Postgres, SqlStr};
use stockroom_application::ports::StoreError;

use super::availability::Watch;
use super::error::failed;

/// A connection from the pool, in a transaction or not.
///
/// A session that isn't ended, because something failed or because its caller no longer waits, closes
/// its connection when it is dropped. PostgreSQL then rolls back the transaction, and no caller ever
/// gets a connection that is in an unknown state or doesn't answer.
pub(crate) struct Session {
    connection: PoolConnection<Postgres>,
    watch: Watch,
    in_transaction: bool,
    ended: bool,
    keeps_statements: bool,
}

impl Session {
    /// A session outside of any transaction. With `keeps_statements`, statements are prepared once
    /// on each connection.
    pub(crate) const fn new(
        connection: PoolConnection<Postgres>,
        watch: Watch,
        keeps_statements: bool,
    ) -> Self {
        Self {
            connection,
            watch,
            in_transaction: false,
            ended: false,
            keeps_statements,
        }
    }

    /// Begins a transaction with this statement.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.in_transaction = true;
        self.run(statement).await
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), StoreError> {
        let done = sqlx::raw_sql(statement).execute(&mut *self.connection);
        self.watch.answer(done).await.map_err(failed)?;
        Ok(())
    }

    /// Commits the transaction, if there is one. On success, its changes are durable. If the commit
    /// fails because the connection breaks, it is unknown whether they are.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Rolls back the transaction.
    pub(crate) async fn rollback(mut self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, statement: &'static str) -> Result<(), StoreError> {
        if self.in_transaction {
            self.run(statement).await?;
            self.in_transaction = false;
        }
        self.ended = true;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// A statement that is prepared under a name or not, as the session requires.
struct InSession<E> {
    statement: E,
    keeps_statements: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for InSession<E> {
    fn sql(self) -> SqlStr {
        self.statement.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.statement.statement()
    }

    fn take_arguments(
        &mut self,
    ) -> Result<Option<sqlx::postgres::PgArguments>, sqlx::error::BoxDynError> {
        self.statement.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.keeps_statements && self.statement.persistent()
    }
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answers = self.connection.fetch_many(InSession {
            statement: query,
            keeps_statements: self.keeps_statements,
        });
        let watched = stream::try_unfold((answers, &self.watch), async |(mut answers, watch)| {
            let next = watch.answer(answers.try_next()).await?;
            Ok(next.map(|next| (next, (answers, watch))))
        });
        Box::pin(watched)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let answer = self.connection.fetch_optional(InSession {
            statement: query,
            keeps_statements: self.keeps_statements,
        });
        Box::pin(self.watch.answer(answer))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}
