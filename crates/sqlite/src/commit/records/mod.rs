//! Stores changes to other things than stock.

mod key;
mod location;
mod product;

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId, RecordChange, Store};

use crate::error::{expect_rows, failed};

/// Stores the changes in order. Levels of products, of which a batch that creates much stock
/// changes many, are stored together: they have a table of their own.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    records: Vec<RecordChange>,
) -> Result<(), StoreError> {
    let mut levels = BTreeMap::new();
    for record in records {
        match record {
            RecordChange::Organization(organization) => {
                store_organization(connection, &organization).await?;
            }
            RecordChange::Store(store) => insert_store(connection, organization, &store).await?,
            RecordChange::Location(location) => {
                location::store(connection, organization, &location).await?;
            }
            RecordChange::LocationDeleted(location, at) => {
                location::delete(connection, organization, &location, at).await?;
            }
            RecordChange::Product(product) => {
                product::store(connection, organization, &product).await?;
            }
            RecordChange::ProductDeleted(product) => {
                product::delete(connection, organization, &product).await?;
            }
            RecordChange::OrganizationLevel(product, organization_level) => {
                levels.insert(product, organization_level);
            }
            RecordChange::Key(key) => key::store(connection, organization, &key).await?,
            RecordChange::KeyDeleted(key) => key::delete(connection, organization, key.id).await?,
            RecordChange::TokensRevoked(key, grants, at) => {
                key::revoke(connection, key, grants, at).await?;
            }
        }
    }
    product::store_levels(connection, organization, &levels).await
}

async fn store_organization(
    connection: &mut SqliteConnection,
    organization: &Organization,
) -> Result<(), StoreError> {
    let organization_id = organization.id.uuid();
    let name = organization.name.as_str();
    let per_store_stock = organization.settings.per_store_stock;
    let created_at = organization.created_at.as_milliseconds();
    let result = sqlx::query!(
        r#"
        INSERT INTO organizations (organization_id, name, per_store_stock, created_at)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (organization_id)
            DO UPDATE SET name = excluded.name, per_store_stock = excluded.per_store_stock
        "#,
        organization_id,
        name,
        per_store_stock,
        created_at,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("organizations", 1, &result)
}

async fn insert_store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    store: &Store,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let store_id = store.id.uuid();
    let name = store.name.as_str();
    let created_at = store.created_at.as_milliseconds();
    sqlx::query!(
        "INSERT INTO stores (organization_id, store_id, name, created_at) VALUES (?1, ?2, ?3, ?4)",
        organization_id,
        store_id,
        name,
        created_at,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}
