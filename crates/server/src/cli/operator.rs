//! Commands of the operator.

use clap::{Args, Subcommand};
use stockroom_domain::{KeyId, OrganizationId, StoreId};

use super::Database;

#[derive(Debug, Subcommand)]
pub(crate) enum OrganizationCommand {
    /// Create an organization.
    Create {
        #[command(flatten)]
        database: Database,
        /// The organization's name.
        name: String,
    },
    /// List all organizations.
    List(Database),
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Give the feeds of all organizations another id, after the database was restored from a backup:
    /// everybody who keeps a copy of stock then starts anew.
    Restart(Database),
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Create a store.
    Create {
        #[command(flatten)]
        database: Database,
        /// The organization to which the store is to belong.
        #[arg(long, value_name = "ID", value_parser = organization_id)]
        organization: OrganizationId,
        /// The store's name.
        name: String,
    },
    /// List the stores of an organization.
    List {
        #[command(flatten)]
        database: Database,
        /// The organization.
        #[arg(long, value_name = "ID", value_parser = organization_id)]
        organization: OrganizationId,
    },
}

/// The owner of keys.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct KeyOwner {
    /// The organization.
    #[arg(long, value_name = "ID", value_parser = organization_id)]
    pub(crate) organization: OrganizationId,
    /// The store; without it, the command is for the organization's own keys.
    #[arg(long, value_name = "ID", value_parser = store_id)]
    pub(crate) store: Option<StoreId>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key and print its secret, which is never shown again.
    Create {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        owner: KeyOwner,
        /// The key's name.
        name: String,
        /// Let the key issue tokens without its secret, for reading stock and locations.
        #[arg(long)]
        allow_implicit: bool,
        /// Let the key's tokens read and try changes out, but change nothing.
        #[arg(long)]
        read_only: bool,
    },
    /// List keys.
    List {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        owner: KeyOwner,
    },
    /// Delete a key. Its tokens stop working within a second.
    Revoke {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        owner: KeyOwner,
        /// The key's id.
        #[arg(value_parser = key_id)]
        id: KeyId,
    },
}

pub(crate) fn organization_id(text: &str) -> Result<OrganizationId, &'static str> {
    OrganizationId::parse(text).ok_or("an id is a UUID")
}

fn store_id(text: &str) -> Result<StoreId, &'static str> {
    StoreId::parse(text).ok_or("an id is a UUID")
}

fn key_id(text: &str) -> Result<KeyId, &'static str> {
    KeyId::parse(text).ok_or("an id is a UUID")
}
