//! Stores organizations and stores.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId, Store};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

pub(crate) async fn store_organization(
    session: &mut Session,
    organization: &Organization,
) -> Result<(), StoreError> {
    let organization_id = organization.id.uuid();
    let name = organization.name.as_str();
    let per_store_stock = organization.settings.per_store_stock;
    let created_at = organization.created_at.as_milliseconds();
    let result = sqlx::query!(
        r#"
        INSERT INTO organizations (organization_id, name, per_store_stock, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (organization_id)
            DO UPDATE SET name = excluded.name, per_store_stock = excluded.per_store_stock
        "#,
        organization_id,
        name,
        per_store_stock,
        created_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("organizations", 1, &result)
}

pub(crate) async fn insert_store(
    session: &mut Session,
    organization: OrganizationId,
    store: &Store,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let store_id = store.id.uuid();
    let name = store.name.as_str();
    let created_at = store.created_at.as_milliseconds();
    sqlx::query!(
        "INSERT INTO stores (organization_id, store_id, name, created_at) VALUES ($1, $2, $3, $4)",
        organization_id,
        store_id,
        name,
        created_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}
