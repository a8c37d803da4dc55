//! The locks that a batch takes before anything is decided. The parent module documents their order.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{Command, Needs, Operation, OrganizationId, Owner, Stock, StockKey};

use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::hash::hash;
use crate::revision::Revised;
use crate::{imports, reservations, stock, transfers};

/// A lock on something that has no row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lock {
    /// The organization's settings, and whether it exists.
    Organization,
    /// The set of locations and their names. Shared by batches that name a location, or take stock out
    /// of one.
    Locations,
    /// The set of application keys.
    Keys,
    /// The set of integrations.
    Integrations,
    /// Some of the products, of the texts that only one product may have, and of the orders, which have
    /// one reservation each. Many of them share a number, so that a batch of ten thousand commands
    /// doesn't fill PostgreSQL's table of locks.
    Stripe(u8),
}

impl Lock {
    /// The lock's number within the organization, in the order of the variants.
    fn number(self) -> i32 {
        match self {
            Self::Organization => 0,
            Self::Locations => 1,
            Self::Keys => 2,
            Self::Integrations => 3,
            Self::Stripe(stripe) => 256 + i32::from(stripe),
        }
    }

    /// If two things have the same stripe, the only harm is that their batches wait for each other.
    fn stripe(parts: &[&[u8]]) -> Self {
        let [stripe, ..] = hash(parts).to_le_bytes();
        Self::Stripe(stripe)
    }
}

/// The mode in which a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// Held together with other batches that only read.
    Shared,
    /// Held by one batch alone.
    Exclusive,
}

/// The stock that a batch has locked.
pub(crate) struct LockedStocks {
    keys: BTreeSet<StockKey>,
    /// The stock as it was when it was locked, until something is changed.
    loaded: Option<Vec<Revised<Stock>>>,
}

impl LockedStocks {
    /// The wanted stocks that exist: those that existed when they were locked, and those that the batch
    /// itself has created.
    pub(crate) async fn load(
        &mut self,
        session: &mut Session,
        organization: OrganizationId,
        wanted: &BTreeSet<StockKey>,
    ) -> Result<Vec<Revised<Stock>>, StoreError> {
        let mut stocks = match self.loaded.take() {
            Some(stocks) => stocks,
            None if wanted.is_empty() => Vec::new(),
            None => {
                let keys = wanted.intersection(&self.keys).copied();
                stock::rows::stocks(session, organization, keys).await?
            }
        };
        stocks.retain(|stock| wanted.contains(&stock.item.key()));
        Ok(stocks)
    }

    /// Notes the keys of stock that the batch has changed or created.
    pub(crate) fn changed(&mut self, keys: impl IntoIterator<Item = StockKey>) {
        self.keys.extend(keys);
    }
}

/// Takes all locks for these commands and their needs.
pub(crate) async fn take(
    session: &mut Session,
    organization: OrganizationId,
    commands: &[Command],
    needs: impl IntoIterator<Item = &Needs>,
) -> Result<LockedStocks, StoreError> {
    let mut locks = BTreeMap::new();
    let mut keys = BTreeSet::new();
    let mut orders = BTreeSet::new();
    let mut jobs = BTreeSet::new();
    let mut documents = BTreeSet::new();
    for needs in needs {
        add(&mut locks, organization, needs);
        keys.extend(needs.stocks.iter().copied());
        orders.extend(needs.orders.iter().cloned());
        jobs.extend(needs.imports.iter().copied());
        documents.extend(needs.transfers.iter().copied());
    }
    let changes_organization = |command: &Command| {
        matches!(
            command.operation,
            Operation::CreateOrganization(_) | Operation::UpdateSettings(_)
        )
    };
    if commands.iter().any(changes_organization) {
        locks.insert(Lock::Organization, Mode::Exclusive);
    }
    if !locks.is_empty() {
        take_advisory(session, organization, &locks).await?;
    }
    imports::rows::lock(session, organization, jobs).await?;
    transfers::rows::lock(session, organization, documents).await?;
    let loaded = if keys.is_empty() {
        Vec::new()
    } else {
        stock::rows::lock(session, organization, keys).await?
    };
    if !orders.is_empty() {
        reservations::orders::lock_last(session, organization, orders).await?;
    }
    Ok(LockedStocks {
        keys: loaded.iter().map(|stock| stock.item.key()).collect(),
        loaded: Some(loaded),
    })
}

/// Takes the shared lock on the set of locations.
pub(crate) async fn locations(
    session: &mut Session,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    let locks = BTreeMap::from([(Lock::Locations, Mode::Shared)]);
    take_advisory(session, organization, &locks).await
}

fn add(locks: &mut BTreeMap<Lock, Mode>, organization: OrganizationId, needs: &Needs) {
    let mut add = |lock: Lock, mode: Mode| {
        let held = locks.entry(lock).or_insert(mode);
        *held = mode.max(*held);
    };
    if needs.organization {
        add(Lock::Organization, Mode::Shared);
    }
    if !needs.locations.is_empty() || !needs.location_counts.is_empty() {
        add(Lock::Locations, Mode::Exclusive);
    } else if !needs.location_slugs.is_empty() || !needs.management.is_empty() {
        add(Lock::Locations, Mode::Shared);
    }
    if !needs.keys.is_empty() || !needs.key_totals.is_empty() {
        add(Lock::Keys, Mode::Exclusive);
    }
    if !needs.integrations.is_empty() || !needs.integration_counts.is_empty() {
        add(Lock::Integrations, Mode::Exclusive);
    }
    let ids = needs.products.iter().map(|(_, product)| product);
    let ids = ids.chain(&needs.management).chain(&needs.store_products);
    for product in ids {
        add(Lock::stripe(&[product.uuid().as_bytes()]), Mode::Exclusive);
    }
    let owner_id = |owner: &Owner| owner.to_uuid(organization);
    for (owner, order) in &needs.orders {
        let owner_id = owner_id(owner);
        let parts = [
            b"order",
            owner_id.as_bytes().as_slice(),
            order.as_str().as_bytes(),
        ];
        add(Lock::stripe(&parts), Mode::Exclusive);
    }
    for (kind, texts) in [("sku", &needs.skus), ("external_ref", &needs.external_refs)] {
        for (owner, text) in texts {
            let owner_id = owner_id(owner);
            let parts = [
                kind.as_bytes(),
                owner_id.as_bytes(),
                text.as_str().as_bytes(),
            ];
            add(Lock::stripe(&parts), Mode::Exclusive);
        }
    }
}

/// Takes PostgreSQL's advisory locks, which are on numbers. They are released with the transaction, and
/// granted in the order of requests: unlike for rows, shared locks never make another transaction wait
/// for ever.
async fn take_advisory(
    session: &mut Session,
    organization: OrganizationId,
    locks: &BTreeMap<Lock, Mode>,
) -> Result<(), StoreError> {
    let numbers: Vec<i32> = locks.keys().map(|lock| lock.number()).collect();
    let exclusive: Vec<bool> = locks
        .values()
        .map(|mode| *mode == Mode::Exclusive)
        .collect();
    let [a, b, c, d, ..] = hash(&[organization.uuid().as_bytes()]).to_le_bytes();
    let space = i32::from_le_bytes([a, b, c, d]);
    // `here` always has one row: it sends the statement, and with it the locks, to the machine of the
    // organization.
    sqlx::query!(
        r#"
        SELECT
            CASE
                WHEN wanted.exclusive THEN pg_advisory_xact_lock($2, wanted.number) IS NULL
                ELSE pg_advisory_xact_lock_shared($2, wanted.number) IS NULL
            END AS taken
        FROM (SELECT count(*) FROM organizations WHERE organization_id = $1) AS here
        CROSS JOIN unnest($3::int[], $4::boolean[]) AS wanted (number, exclusive)
        "#,
        organization.uuid(),
        space,
        &numbers,
        &exclusive,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(())
}
