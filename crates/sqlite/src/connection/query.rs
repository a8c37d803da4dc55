//! Queries that are put together at run time.

use std::fmt::{Display, Write as _};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner};
use stockroom_sql::FromColumns;

use super::error::failed;
use super::statement::read;

/// A query and its parameters.
pub(crate) struct Query {
    text: String,
    parameters: Vec<Value>,
}

impl Query {
    pub(crate) fn new(start: impl Into<String>) -> Self {
        Self {
            text: start.into(),
            parameters: Vec::new(),
        }
    }

    /// Appends SQL.
    pub(crate) fn push(&mut self, sql: impl Display) -> &mut Self {
        let _infallible = write!(self.text, "{sql}");
        self
    }

    /// Appends a parameter.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.parameters.push(value.into());
        let _infallible = write!(self.text, "?{}", self.parameters.len());
        self
    }

    /// Appends the id of the organization as a parameter.
    pub(crate) fn push_organization(&mut self, organization: OrganizationId) -> &mut Self {
        self.push_bind(organization.uuid())
    }

    /// Appends the id of an owner as a parameter.
    pub(crate) fn push_owner(&mut self, organization: OrganizationId, owner: Owner) -> &mut Self {
        self.push_bind(owner.to_uuid(organization))
    }

    /// The rows of the result.
    pub(crate) fn rows<T: FromColumns>(
        &self,
        connection: &Connection,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = connection.prepare(&self.text).map_err(failed)?;
        read(statement.query(params_from_iter(&self.parameters))).map_err(failed)
    }

    /// The single number that the query returns.
    pub(crate) fn count(&self, connection: &Connection) -> Result<u64, StoreError> {
        let rows: Vec<(i64,)> = self.rows(connection)?;
        let count = rows.first().map_or(0, |(count,)| *count);
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
