//! Stores changes to things other than stock.

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, RecordChange};

use crate::tenancy::store::{insert_store, store_organization};
use crate::{imports, integrations, keys, locations, products, transfers};

/// Stores the changes in order.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    records: Vec<RecordChange>,
) -> Result<(), StoreError> {
    for record in records {
        match record {
            RecordChange::Organization(organization) => {
                store_organization(connection, &organization)?;
            }
            RecordChange::Store(store) => insert_store(connection, organization, &store)?,
            RecordChange::Location(location) => {
                locations::store::store(connection, organization, &location)?;
            }
            RecordChange::LocationDeleted(location, at) => {
                locations::store::delete(connection, organization, &location, at)?;
            }
            RecordChange::Product(product) => {
                products::store::store(connection, organization, &product)?;
            }
            RecordChange::ProductDeleted(product) => {
                products::store::delete(connection, organization, &product)?;
            }
            RecordChange::OrganizationLevel(product, organization_level) => {
                products::store::store_level(
                    connection,
                    organization,
                    product,
                    organization_level,
                )?;
            }
            RecordChange::Key(key) => keys::store::store(connection, organization, &key)?,
            RecordChange::KeyDeleted(key) => {
                keys::store::delete(connection, organization, key.id)?;
            }
            RecordChange::TokensRevoked(key, grants, at) => {
                keys::store::revoke(connection, key, grants, at)?;
            }
            RecordChange::Integration(change) => {
                integrations::store::store(connection, organization, &change)?;
            }
            RecordChange::IntegrationDeleted(integration) => {
                integrations::store::delete(connection, organization, integration.id)?;
            }
            RecordChange::EventsReplayed(id, from) => {
                integrations::store::replay(connection, organization, id, from)?;
            }
            RecordChange::Import(change, errors) => {
                imports::store::store(connection, organization, &change, &errors)?;
            }
            RecordChange::Transfer(change) => {
                transfers::store::store(connection, organization, &change)?;
            }
            RecordChange::TransferDeleted(transfer) => {
                transfers::store::delete(connection, organization, transfer.id)?;
            }
        }
    }
    Ok(())
}
