//! An operator's commands, which work on the same database as a running server.

use std::io::{ErrorKind, Write};

use anyhow::{Context as _, bail};
use stockroom_application::{
    Administrator, Environment, Limits, NewKeyRequest, PageRequest, SigningKey, Stockroom, Writer,
};
use stockroom_domain::{Access, ApplicationKey, Name, Owner, ProductText, Refusal};

use crate::cli::{
    Database, EventsCommand, KeyCommand, KeyOwner, Migrate, OrganizationCommand, StoreCommand,
};
use crate::database::OpenDatabase;

/// Brings the schema up to date. A database that doesn't exist is created.
pub(crate) async fn migrate(settings: &Migrate) -> anyhow::Result<()> {
    let database = OpenDatabase::create(&settings.storage, &Environment::system()).await?;
    database.migrate().await?;
    if settings.citus {
        database.distribute().await?;
    }
    database.close().await;
    println!("The schema is up to date.");
    Ok(())
}

/// Works on the feeds of events.
pub(crate) async fn events(command: EventsCommand) -> anyhow::Result<()> {
    let EventsCommand::Restart(database) = command;
    on(&database, async |stockroom| {
        let feeds = stockroom.restart_feeds().await?;
        println!("Feeds with another id: {feeds}. Who keeps a copy of stock starts anew.");
        Ok(())
    })
    .await
}

/// Prints the `OpenAPI` document.
pub(crate) fn openapi() -> anyhow::Result<()> {
    let document = stockroom_http::openapi().to_pretty_json()?;
    match writeln!(std::io::stdout(), "{document}") {
        // A reader that closes the pipe early has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

pub(crate) async fn organization(command: OrganizationCommand) -> anyhow::Result<()> {
    match command {
        OrganizationCommand::Create { database, name } => {
            let name = Name::new("name", name)?;
            on(&database, async |stockroom| {
                let organization = stockroom.create_organization(name).await?;
                println!("organization {}", organization.id);
                Ok(())
            })
            .await
        }
        OrganizationCommand::List(database) => {
            on(&database, async |stockroom| {
                for organization in stockroom.organizations().await? {
                    println!("{} {}", organization.id, organization.name);
                }
                Ok(())
            })
            .await
        }
    }
}

pub(crate) async fn store(command: StoreCommand) -> anyhow::Result<()> {
    match command {
        StoreCommand::Create {
            database,
            organization,
            name,
        } => {
            let name = Name::new("name", name)?;
            on(&database, async |stockroom| {
                let store = stockroom.create_store(organization, name).await?;
                println!("store {}", store.id);
                Ok(())
            })
            .await
        }
        StoreCommand::List {
            database,
            organization,
        } => {
            on(&database, async |stockroom| {
                if stockroom.organization(organization).await?.is_none() {
                    bail!(Refusal::OrganizationNotFound);
                }
                for store in stockroom.stores(organization).await? {
                    println!("{} {}", store.id, store.name);
                }
                Ok(())
            })
            .await
        }
    }
}

pub(crate) async fn key(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create {
            database,
            owner,
            name,
            allow_implicit,
            read_only,
        } => {
            let request = NewKeyRequest {
                name: ProductText::new("name", name)?,
                reserved_rate_limit: 0,
                allow_implicit,
                access: if read_only {
                    Access::Read
                } else {
                    Access::Full
                },
            };
            on(&database, async |stockroom| {
                let operator = operator(stockroom, owner).await?;
                let key = stockroom.create_key(&operator, request).await?;
                println!("key           {}", key.key.id);
                println!("client_id     {}", key.key.client_id);
                println!("client_secret {}", key.client_secret);
                Ok(())
            })
            .await
        }
        KeyCommand::List { database, owner } => {
            on(&database, async |stockroom| {
                let operator = operator(stockroom, owner).await?;
                for key in all_keys(stockroom, operator.administrator()).await? {
                    println!("{} {} {}", key.id, key.client_id, key.name);
                }
                Ok(())
            })
            .await
        }
        KeyCommand::Revoke {
            database,
            owner,
            id,
        } => {
            on(&database, async |stockroom| {
                let operator = operator(stockroom, owner).await?;
                stockroom.delete_key(&operator, id).await?;
                println!("The key is revoked.");
                Ok(())
            })
            .await
        }
    }
}

async fn all_keys(
    stockroom: &Stockroom,
    operator: &Administrator,
) -> anyhow::Result<Vec<ApplicationKey>> {
    let mut keys = Vec::new();
    let mut page = PageRequest::from_offset(PageRequest::LIMIT_MAX, 0);
    loop {
        let found = stockroom.list_keys(operator, page).await?.page;
        keys.extend(found.items);
        let Some(next) = found.next else {
            return Ok(keys);
        };
        page = PageRequest::after(page.limit, next);
    }
}

/// The operator, acting for an existing owner.
async fn operator(stockroom: &Stockroom, owner: KeyOwner) -> anyhow::Result<Writer> {
    let organization = owner.organization;
    let found = stockroom.organization(organization).await?;
    found.ok_or(Refusal::OrganizationNotFound)?;
    let acting = match owner.store {
        None => Owner::Organization,
        Some(store) => {
            let found = stockroom.store(organization, store).await?;
            Owner::Store(found.context("the organization has no such store")?.id)
        }
    };
    Ok(Writer::operator(organization, acting))
}

/// Executes an action on a database.
///
/// # Errors
/// If the database can't be opened, or the action fails.
pub(crate) async fn on<T>(
    settings: &Database,
    action: impl AsyncFnOnce(&Stockroom) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let environment = Environment::system();
    let database = OpenDatabase::open(settings, &environment).await?;
    let ports = database.ports();
    // No command issues tokens, so no signing key is created for servers that are given theirs.
    let unused = Some(SigningKey::random(&environment));
    let stockroom = Stockroom::open(ports, environment, Limits::default(), unused).await?;
    let done = action(&stockroom).await;
    database.close().await;
    done
}
