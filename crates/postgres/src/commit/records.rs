//! Stores changes to things other than stock.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, RecordChange};
use stockroom_sql::Growth;

use crate::connection::session::Session;
use crate::tenancy::store::{insert_store, store_organization};
use crate::{imports, integrations, keys, locations, products, transfers};

/// Stores the changes in order. Levels of products are stored together, because a batch that creates
/// much stock changes many of them. They have a table of their own.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    records: &[RecordChange],
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let mut levels = BTreeMap::new();
    for record in records {
        match record {
            RecordChange::Organization(organization) => {
                store_organization(session, organization).await?;
            }
            RecordChange::Store(store) => insert_store(session, organization, store).await?,
            RecordChange::Location(location) => {
                locations::store::store(session, organization, location, growth).await?;
            }
            RecordChange::LocationDeleted(location, at) => {
                locations::store::delete(session, organization, location, *at, growth).await?;
            }
            RecordChange::Product(product) => {
                products::store::store(session, organization, product, growth).await?;
            }
            RecordChange::ProductDeleted(product) => {
                products::store::delete(session, organization, product, growth).await?;
            }
            RecordChange::OrganizationLevel(product, organization_level) => {
                levels.insert(*product, *organization_level);
            }
            RecordChange::Key(key) => keys::store::store(session, organization, key).await?,
            RecordChange::KeyDeleted(key) => {
                keys::store::delete(session, organization, key.id).await?;
            }
            RecordChange::TokensRevoked(key, grants, at) => {
                keys::store::revoke(session, *key, *grants, *at).await?;
            }
            RecordChange::Integration(change) => {
                integrations::store::store(session, organization, change).await?;
            }
            RecordChange::IntegrationDeleted(integration) => {
                integrations::store::delete(session, organization, integration.id).await?;
            }
            RecordChange::EventsReplayed(id, from) => {
                integrations::store::replay(session, organization, *id, *from).await?;
            }
            RecordChange::Import(change, errors) => {
                imports::store::store(session, organization, change, errors).await?;
            }
            RecordChange::Transfer(change) => {
                transfers::store::store(session, organization, change).await?;
            }
            RecordChange::TransferDeleted(transfer) => {
                transfers::store::delete(session, organization, transfer.id).await?;
            }
        }
    }
    products::store::store_levels(session, organization, &levels).await
}
