//! Statements, which are prepared once for each connection.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, Params, ToSql, params_from_iter};
use stockroom_application::ports::StoreError;
use stockroom_domain::OrganizationId;
use stockroom_sql::{Columns, FromColumns, Value};
use uuid::Uuid;

use super::error::{Fault, failed};

/// A statement. [`statements!`] declares it, so that a test prepares it.
pub(crate) struct Statement(LazyLock<Cow<'static, str>>);

/// Declares statements, each with its name and its text, and `STATEMENTS`, the list of them for tests.
macro_rules! statements {
    ($($(#[$meta:meta])* $visibility:vis $name:ident = $text:expr;)+) => {
        $(
            $(#[$meta])*
            $visibility static $name: $crate::connection::statement::Statement =
                $crate::connection::statement::Statement::new(|| std::borrow::Cow::from($text));
        )+

        /// All statements of this module.
        #[cfg(test)]
        pub(crate) static STATEMENTS: &[&$crate::connection::statement::Statement] =
            &[$(&$name),+];
    };
}

pub(crate) use statements;

impl Statement {
    /// The statement with the text that `text` returns.
    pub(crate) const fn new(text: fn() -> Cow<'static, str>) -> Self {
        Self(LazyLock::new(text))
    }

    /// The text of the statement.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The rows of the result.
    pub(crate) fn rows<T: FromColumns>(
        &self,
        connection: &Connection,
        parameters: impl Params,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = connection.prepare_cached(self.text()).map_err(failed)?;
        read(statement.query(parameters)).map_err(failed)
    }

    /// The first row of the result, if there is one.
    pub(crate) fn row<T: FromColumns>(
        &self,
        connection: &Connection,
        parameters: impl Params,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = connection.prepare_cached(self.text()).map_err(failed)?;
        let mut rows = statement.query(parameters).map_err(failed)?;
        let row = rows.next().map_err(failed)?;
        row.map(|row| T::from_columns(&mut RowColumns::new(row)).map_err(failed))
            .transpose()
    }

    /// The single number that the statement returns, or 0 if it returns no row.
    pub(crate) fn number(
        &self,
        connection: &Connection,
        parameters: impl Params,
    ) -> Result<i64, StoreError> {
        let row = self.row(connection, parameters)?;
        Ok(row.map_or(0, |(number,)| number))
    }

    /// Runs the statement, and returns the number of changed rows.
    pub(crate) fn execute(
        &self,
        connection: &Connection,
        parameters: impl Params,
    ) -> Result<usize, StoreError> {
        let mut statement = connection.prepare_cached(self.text()).map_err(failed)?;
        statement.execute(parameters).map_err(failed)
    }

    /// Runs the statement, which must change exactly one row of `table`.
    pub(crate) fn change(
        &self,
        connection: &Connection,
        table: &'static str,
        parameters: impl Params,
    ) -> Result<(), StoreError> {
        expect_rows(table, 1, self.execute(connection, parameters)?)
    }
}

/// Checks that a statement changed the expected number of rows.
pub(crate) fn expect_rows(
    table: &'static str,
    expected: usize,
    actual: usize,
) -> Result<(), StoreError> {
    if actual == expected {
        return Ok(());
    }
    let fault = Fault::Guard {
        table,
        expected,
        actual,
    };
    Err(fault.into())
}

/// Reads all rows of a result.
pub(crate) fn read<T: FromColumns>(
    rows: rusqlite::Result<rusqlite::Rows<'_>>,
) -> rusqlite::Result<Vec<T>> {
    let mut rows = rows?;
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        read.push(T::from_columns(&mut RowColumns::new(row))?);
    }
    Ok(read)
}

/// Names of columns, each with the name of its table: `stocks.product_id, stocks.owner_id`.
pub(crate) fn columns(table: &str, names: &[&str]) -> String {
    let mut columns = String::new();
    for (place, name) in names.iter().enumerate() {
        let separator = if place > 0 { ", " } else { "" };
        let _infallible = write!(columns, "{separator}{table}.{name}");
    }
    columns
}

/// The statement that inserts a row whose parameters are [`of_organization`].
pub(crate) fn insert(table: &str, names: &[&str]) -> String {
    let mut parameters = String::from("?1");
    for place in 0..names.len() {
        let _infallible = write!(parameters, ", ?{}", place.saturating_add(2));
    }
    let names = names.join(", ");
    format!("INSERT INTO {table} (organization_id, {names}) VALUES ({parameters})")
}

/// The assignments of an `UPDATE` whose parameters are [`of_organization`], but of the columns that are
/// `constant`.
pub(crate) fn assignments(names: &[&str], constant: &[&str]) -> String {
    let mut assignments = String::new();
    for (place, name) in names.iter().enumerate() {
        if !constant.contains(name) {
            let separator = if assignments.is_empty() { "" } else { ", " };
            let parameter = place.saturating_add(2);
            let _infallible = write!(assignments, "{separator}{name} = ?{parameter}");
        }
    }
    assignments
}

/// The parameters of a statement: the id of the organization, then these values.
pub(crate) fn of_organization<'a>(
    organization: OrganizationId,
    values: impl IntoIterator<Item = Value<'a>>,
) -> impl Params {
    let organization_id = Value::Uuid(organization.uuid());
    params_from_iter(std::iter::once(organization_id).chain(values).map(Bound))
}

/// A value that can be bound.
struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Real(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Uuid(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
        })
    }
}

/// The columns of a row.
struct RowColumns<'r, 's> {
    row: &'r rusqlite::Row<'s>,
    next: usize,
}

impl<'r, 's> RowColumns<'r, 's> {
    fn new(row: &'r rusqlite::Row<'s>) -> Self {
        Self { row, next: 0 }
    }

    fn get<T: rusqlite::types::FromSql>(&mut self) -> rusqlite::Result<Option<T>> {
        let value = self.row.get(self.next);
        self.next = self.next.saturating_add(1);
        value
    }
}

impl Columns for RowColumns<'_, '_> {
    type Error = rusqlite::Error;

    fn integer(&mut self) -> rusqlite::Result<Option<i64>> {
        self.get()
    }

    fn real(&mut self) -> rusqlite::Result<Option<f64>> {
        self.get()
    }

    fn text(&mut self) -> rusqlite::Result<Option<String>> {
        self.get()
    }

    fn bytes(&mut self) -> rusqlite::Result<Option<Vec<u8>>> {
        self.get()
    }

    fn uuid(&mut self) -> rusqlite::Result<Option<Uuid>> {
        self.get()
    }

    fn unexpected_null(&self) -> rusqlite::Error {
        let place = self.next.saturating_sub(1);
        let name = self.row.as_ref().column_name(place);
        let name = name.unwrap_or_default().to_owned();
        rusqlite::Error::InvalidColumnType(place, name, Type::Null)
    }
}
