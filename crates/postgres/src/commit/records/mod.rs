//! Stores changes to other things than stock.

mod key;
mod location;
mod product;

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId, RecordChange, Store};

use super::counts::Growth;
use crate::error::{expect_rows, failed};
use crate::session::Session;

/// Stores the changes in order. Levels of products, of which a batch that creates much stock
/// changes many, are stored together: they have a table of their own.
pub(super) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    records: Vec<RecordChange>,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let mut levels = BTreeMap::new();
    for record in records {
        match record {
            RecordChange::Organization(organization) => {
                store_organization(session, &organization).await?;
            }
            RecordChange::Store(store) => insert_store(session, organization, &store).await?,
            RecordChange::Location(location) => {
                location::store(session, organization, &location, growth).await?;
            }
            RecordChange::LocationDeleted(location, at) => {
                location::delete(session, organization, &location, at, growth).await?;
            }
            RecordChange::Product(product) => {
                product::store(session, organization, &product, growth).await?;
            }
            RecordChange::ProductDeleted(product) => {
                product::delete(session, organization, &product, growth).await?;
            }
            RecordChange::OrganizationLevel(product, organization_level) => {
                levels.insert(product, organization_level);
            }
            RecordChange::Key(key) => key::store(session, organization, &key).await?,
            RecordChange::KeyDeleted(key) => key::delete(session, organization, key.id).await?,
            RecordChange::TokensRevoked(key, grants, at) => {
                key::revoke(session, key, grants, at).await?;
            }
        }
    }
    product::store_levels(session, organization, &levels).await
}

async fn store_organization(
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

async fn insert_store(
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
