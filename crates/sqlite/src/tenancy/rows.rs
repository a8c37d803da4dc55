//! Organizations.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId};
use stockroom_sql::OrganizationRow;

use crate::connection::statement::{columns, statements};

statements! {
    ORGANIZATION = format!(
        "SELECT {} FROM organizations WHERE organization_id = ?1",
        columns("organizations", OrganizationRow::COLUMNS)
    );
}

/// One organization, if it exists.
pub(crate) fn organization(
    connection: &Connection,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let row: Option<OrganizationRow> = ORGANIZATION.row(connection, params![id.uuid()])?;
    row.map(OrganizationRow::decode).transpose()
}
