//! Stores changes to things other than stock.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, RecordChange};

use crate::tenancy::store::{insert_store, store_organization};
use crate::{keys, locations, products};

/// Stores the changes in order. Levels of products are stored together, because a batch that creates
/// much stock changes many of them. They have a table of their own.
pub(crate) async fn store(
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
                locations::store::store(connection, organization, &location).await?;
            }
            RecordChange::LocationDeleted(location, at) => {
                locations::store::delete(connection, organization, &location, at).await?;
            }
            RecordChange::Product(product) => {
                products::store::store(connection, organization, &product).await?;
            }
            RecordChange::ProductDeleted(product) => {
                products::store::delete(connection, organization, &product).await?;
            }
            RecordChange::OrganizationLevel(product, organization_level) => {
                levels.insert(product, organization_level);
            }
            RecordChange::Key(key) => keys::store::store(connection, organization, &key).await?,
            RecordChange::KeyDeleted(key) => {
                keys::store::delete(connection, organization, key.id).await?;
            }
            RecordChange::TokensRevoked(key, grants, at) => {
                keys::store::revoke(connection, key, grants, at).await?;
            }
        }
    }
    products::store::store_levels(connection, organization, &levels).await
}
