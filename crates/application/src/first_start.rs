//! The first start: it makes an organization, a store and a key for a newcomer.

use std::time::Duration;

use stockroom_domain::{
    Access, Name, Organization, OrganizationId, Owner, ProductText, Refusal, Store,
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::access::Writer;
use crate::error::Error;
use crate::keys::{NewKey, NewKeyRequest};
use crate::ports::StoreError;
use crate::stockroom::Stockroom;
use crate::tenancy::valid;

const SHOWN: &str = "first_start_shown";

/// The time after which another server that is making the first start counts as interrupted.
const PATIENCE: Duration = Duration::from_secs(3);

/// The interval of checks whether that server is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The things made at the first start, so that a newcomer can begin at once.
#[derive(Clone)]
pub struct FirstStart {
    /// The first organization.
    pub organization: Organization,
    /// Its first store.
    pub store: Store,
    /// A key of the store, with its secret.
    pub key: NewKey,
}

impl Stockroom {
    /// Makes a first organization, store and key, unless an organization exists already. If several
    /// servers start at once on an empty database, only one of them does.
    ///
    /// The caller has to show them to the operator, and then call
    /// [`first_start_shown`](Self::first_start_shown). If that call never comes, a server that is
    /// waiting for it, or the next start, makes a fresh key.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn first_start(&self) -> Result<Option<FirstStart>, Error> {
        if self.is_first_start_shown().await? {
            return Ok(None);
        }
        let organizations = self.organizations().await?;
        let id = self.first_organization_id().await?;
        let made = match organizations.into_iter().next() {
            Some(organization) if organization.id != id => return Ok(None), // By an operator.
            made => made,
        };
        if !self.is_first_start_ours().await? {
            return Ok(None);
        }
        let organization = if let Some(organization) = made {
            organization
        } else {
            let name = valid(Name::new("name", "My organization"))?;
            match self.create_organization_with(id, name).await {
                // An interrupted start created the organization after the check above.
                Err(Error::Refused(Refusal::OrganizationExists)) => self
                    .organization(id)
                    .await?
                    .ok_or(Refusal::OrganizationNotFound)?,
                created => created?,
            }
        };
        let stores = self.stores(id).await?;
        let store = if let Some(store) = stores.into_iter().next() {
            store
        } else {
            let name = valid(Name::new("name", "My store"))?;
            self.create_store(id, name).await?
        };
        let owner = Writer::operator(id, Owner::Store(store.id));
        let request = NewKeyRequest {
            name: valid(ProductText::new("name", "First key"))?,
            reserved_rate_limit: 0,
            allow_implicit: false,
            access: Access::Full,
        };
        let key = self.create_key(&owner, request).await?;
        Ok(Some(FirstStart {
            organization,
            store,
            key,
        }))
    }

    /// Records that the results of the first start have been shown, so that no later start makes more.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn first_start_shown(&self) -> Result<(), StoreError> {
        self.pipeline.records().get_or_keep(SHOWN, &[]).await?;
        Ok(())
    }

    async fn is_first_start_shown(&self) -> Result<bool, StoreError> {
        Ok(self.pipeline.records().kept(SHOWN).await?.is_some())
    }

    /// Whether this server has to make the first start. Servers take turns: each waits for the server
    /// whose turn comes before its own, unless another server has already given that one up.
    async fn is_first_start_ours(&self) -> Result<bool, StoreError> {
        let this_server = self.environment.next_id();
        for turn in 1_u32.. {
            let turns = [turn, turn.saturating_add(1)];
            let [this_turn, next_turn] = turns.map(|turn| format!("first_start_turn_{turn}"));
            let database = self.pipeline.records();
            let whose = database.get_or_keep(&this_turn, this_server.as_bytes());
            if whose.await? == this_server.as_bytes() {
                break;
            }
            let until = Instant::now() + PATIENCE;
            while database.kept(&next_turn).await?.is_none() && Instant::now() < until {
                if self.is_first_start_shown().await? {
                    return Ok(false);
                }
                sleep(LOOK_INTERVAL).await;
            }
        }
        Ok(!self.is_first_start_shown().await?)
    }

    /// The id of the first organization, the same for all servers on the database.
    async fn first_organization_id(&self) -> Result<OrganizationId, StoreError> {
        let candidate = self.environment.next_id();
        let kept = self
            .pipeline
            .records()
            .get_or_keep("first_organization", candidate.as_bytes())
            .await?;
        Uuid::from_slice(&kept)
            .map(OrganizationId::new)
            .map_err(|_| StoreError::Corrupt {
                table: "server_state",
                column: "value",
                row: "first_organization".to_owned(),
            })
    }
}
