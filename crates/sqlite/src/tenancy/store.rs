//! Stores organizations and stores.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId, Store};
use stockroom_sql::{OrganizationRow, StoreRow};

use crate::connection::statement::{insert, of_organization, statements};

statements! {
    STORE_ORGANIZATION = "
        INSERT INTO organizations (organization_id, name, per_store_stock, created_at)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (organization_id)
            DO UPDATE SET name = excluded.name, per_store_stock = excluded.per_store_stock
    ";

    INSERT_STORE = insert("stores", StoreRow::COLUMNS);
}

pub(crate) fn store_organization(
    connection: &Connection,
    organization: &Organization,
) -> Result<(), StoreError> {
    let row = OrganizationRow::of(organization);
    let values = params![
        row.organization_id,
        row.name,
        row.per_store_stock,
        row.created_at
    ];
    STORE_ORGANIZATION.change(connection, "organizations", values)
}

pub(crate) fn insert_store(
    connection: &Connection,
    organization: OrganizationId,
    store: &Store,
) -> Result<(), StoreError> {
    let row = StoreRow::of(store);
    INSERT_STORE.change(
        connection,
        "stores",
        of_organization(organization, row.values()),
    )
}
