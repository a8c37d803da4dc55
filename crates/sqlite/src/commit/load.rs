//! Loads what a run of commands needs: the same few statements for each kind of thing however many
//! there are, and none for kinds that aren't needed. Owners and places in use are asked for one by
//! one: only commands that are decided on their own need them.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    KeyTotals, LocationId, Needs, OrganizationId, Owner, ProductId, ProductText, State, StockId,
    StockKey, StockLife, Timestamp, TransactionId,
};
use uuid::Uuid;

use super::{corrections, counts, reservations};
use crate::error::failed;
use crate::parameter::{hex, json};
use crate::read::past::stocks_at;
use crate::rows::{self, Row};

/// All that `needs` names and that exists.
pub(super) async fn state(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    now: Timestamp,
) -> Result<State, StoreError> {
    // In full, so that a need that is added has to be loaded here.
    let Needs {
        organization: needs_organization,
        management: managed_products,
        products: _,
        store_products: _,
        skus: _,
        external_refs: _,
        location_slugs: _,
        locations: _,
        location_use: _,
        location_counts: _,
        stocks: wanted_stocks,
        keys,
        key_totals: key_owners,
        // These are no part of the state.
        idempotency_keys: _,
        undone: undone_entries,
        reservations: _,
        orders: _,
        past: past_stocks,
        corrections: corrected_stocks,
    } = needs;
    let mut state = State::default();
    if *needs_organization {
        state.organization = rows::tenancy::organization(connection, organization).await?;
    }
    management(connection, organization, managed_products, &mut state).await?;
    products(connection, organization, needs, &mut state).await?;
    locations(connection, organization, needs, &mut state).await?;
    if !wanted_stocks.is_empty() {
        let keys = wanted_stocks.iter().copied();
        let stocks = rows::stock::stocks(connection, organization, keys).await?;
        state.stocks = stocks
            .into_iter()
            .map(|stock| (stock.key(), stock))
            .collect();
    }
    if !keys.is_empty() {
        let keys = rows::key::keys(connection, organization, keys.iter().copied()).await?;
        state.keys = keys.into_iter().map(|key| (key.id, key)).collect();
    }
    undone(connection, organization, undone_entries, &mut state).await?;
    for owner in key_owners {
        let totals = key_totals(connection, organization, *owner).await?;
        state.key_totals.insert(*owner, totals);
    }
    past(connection, organization, past_stocks, &mut state).await?;
    corrections::load(connection, organization, corrected_stocks, &mut state).await?;
    reservations::load(connection, organization, needs, now, &mut state).await?;
    Ok(state)
}

async fn management(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    state: &mut State,
) -> Result<(), StoreError> {
    if products.is_empty() {
        return Ok(());
    }
    let ids = json(products.iter().copied().map(hex))?;
    let organization_id = organization.uuid();
    let organization_level = sqlx::query_scalar!(
        r#"
        SELECT organization_products.product_id AS "product_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN organization_products
            ON organization_products.organization_id = ?1
            AND organization_products.product_id = unhex(wanted.value)
        "#,
        organization_id,
        ids,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    for product_id in organization_level {
        let management = state.management.entry(ProductId::new(product_id));
        management.or_default().organization_level = true;
    }
    let holders = sqlx::query!(
        r#"
        SELECT
            stocks.product_id AS "product_id!: Uuid",
            stocks.owner_id AS "owner_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN stocks
            ON stocks.organization_id = ?1
            AND stocks.product_id = unhex(wanted.value)
            AND stocks.product_owner_id = ?1
        "#,
        organization_id,
        ids,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    for holder in holders {
        let owner = Owner::from_uuid(holder.owner_id, organization);
        let management = state.management.entry(ProductId::new(holder.product_id));
        management.or_default().managed_by.insert(owner);
    }
    last_deleted(connection, organization, &ids, state).await
}

/// When the last stock that an owner no longer has of one of these products was deleted.
async fn last_deleted(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ids: &str,
    state: &mut State,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let deletions = sqlx::query!(
        r#"
        SELECT
            deleted_stocks.product_id AS "product_id!: Uuid",
            deleted_stocks.owner_id AS "owner_id!: Uuid",
            max(deleted_stocks.deleted_at) AS "deleted_at!: i64"
        FROM json_each(?2) AS wanted
        CROSS JOIN deleted_stocks INDEXED BY deleted_stocks_of_product
            ON deleted_stocks.organization_id = ?1
            AND deleted_stocks.product_id = unhex(wanted.value)
        GROUP BY 1, 2
        "#,
        organization_id,
        ids,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    for deletion in deletions {
        let owner = Owner::from_uuid(deletion.owner_id, organization);
        let row = Row::new("deleted_stocks", deletion.product_id);
        let deleted_at = row.timestamp("deleted_at", deletion.deleted_at)?;
        let management = state.management.entry(ProductId::new(deletion.product_id));
        let last_deleted = &mut management.or_default().last_deleted;
        last_deleted.insert(owner, deleted_at);
    }
    Ok(())
}

async fn products(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = needs.products.clone();
    if !needs.skus.is_empty() || !needs.external_refs.is_empty() {
        keys.extend(holders(connection, organization, needs).await?);
    }
    if !keys.is_empty() {
        for product in rows::product::products(connection, organization, keys).await? {
            state.add_product(product);
        }
    }
    for product in &needs.store_products {
        if is_in_a_store(connection, organization, *product).await? {
            state.store_products.insert(*product);
        }
    }
    Ok(())
}

/// Whether a store has registered a product of its own under this id.
async fn is_in_a_store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    product: ProductId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.uuid();
    let is_there = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM products
            WHERE organization_id = ?1 AND product_id = ?2 AND owner_id <> ?1
        ) AS "is_there!: bool"
        "#,
        organization_id,
        product_id,
    );
    is_there.fetch_one(connection).await.map_err(failed)
}

/// The products that have the needed `sku`s and `external_ref`s.
async fn holders(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<impl Iterator<Item = (Owner, ProductId)>, StoreError> {
    let pairs = |texts: &BTreeSet<(Owner, ProductText)>| {
        json(texts.iter().map(|(owner, text)| {
            let owner = owner.to_uuid(organization);
            (hex(owner), text.as_str().to_owned())
        }))
    };
    let skus = pairs(&needs.skus)?;
    let external_refs = pairs(&needs.external_refs)?;
    let organization_id = organization.uuid();
    let found = sqlx::query!(
        r#"
        SELECT
            products.owner_id AS "owner_id!: Uuid",
            products.product_id AS "product_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN products
            ON products.organization_id = ?1
            AND products.owner_id = unhex(wanted.value ->> 0)
            AND products.sku = wanted.value ->> 1
        UNION ALL
        SELECT products.owner_id, products.product_id
        FROM json_each(?3) AS wanted
        CROSS JOIN products
            ON products.organization_id = ?1
            AND products.owner_id = unhex(wanted.value ->> 0)
            AND products.external_ref = wanted.value ->> 1
        "#,
        organization_id,
        skus,
        external_refs,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let key = move |owner_id, product_id| {
        let owner = Owner::from_uuid(owner_id, organization);
        (owner, ProductId::new(product_id))
    };
    let found = found.into_iter();
    Ok(found.map(move |it| key(it.owner_id, it.product_id)))
}

async fn locations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut ids = needs.locations.clone();
    if !needs.location_slugs.is_empty() {
        let slugs = &needs.location_slugs;
        ids.extend(rows::location::ids_of_slugs(connection, organization, slugs).await?);
    }
    if !ids.is_empty() {
        for location in rows::location::locations(connection, organization, ids).await? {
            state.add_location(location);
        }
    }
    for location in &needs.location_use {
        if is_in_use(connection, organization, *location).await? {
            state.locations_in_use.insert(*location);
        }
    }
    for owner in &needs.location_counts {
        let locations = counts::locations(connection, organization, *owner).await?;
        state.location_counts.insert(*owner, locations);
    }
    Ok(())
}

async fn is_in_use(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    location: LocationId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.uuid();
    let in_use = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM positions INDEXED BY positions_in_location
            WHERE organization_id = ?1 AND location_id = ?2 AND available + allocated > 0
        ) AS "in_use!: bool"
        "#,
        organization_id,
        location_id,
    );
    in_use.fetch_one(connection).await.map_err(failed)
}

/// Which of these entries are undone.
async fn undone(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    entries: &BTreeSet<(StockId, TransactionId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let wanted = json(
        entries
            .iter()
            .map(|(stock, entry)| (hex(*stock), hex(*entry))),
    )?;
    let organization_id = organization.uuid();
    let undone = sqlx::query_scalar!(
        r#"
        SELECT entries.undoes AS "undoes!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN entries INDEXED BY entries_undone
            ON entries.organization_id = ?1
            AND entries.stock_id = unhex(wanted.value ->> 0)
            AND entries.undoes = unhex(wanted.value ->> 1)
        "#,
        organization_id,
        wanted,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let undone = undone.into_iter().map(TransactionId::new);
    state.undone.extend(undone);
    Ok(())
}

/// Current stock, which `state` has, as it stood at these times.
async fn past(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    wanted: &BTreeSet<(StockKey, Timestamp)>,
    state: &mut State,
) -> Result<(), StoreError> {
    // Counts of many stocks are for one time.
    let mut lives: BTreeMap<Timestamp, Vec<StockLife>> = BTreeMap::new();
    for (key, at) in wanted {
        let stock = state.stocks.get(key).map(StockLife::from);
        lives.entry(*at).or_default().extend(stock);
    }
    for (at, lives) in lives {
        let stocks = stocks_at(connection, organization, &lives, at).await?;
        let past = stocks.into_iter().map(|stock| ((stock.key(), at), stock));
        state.past.extend(past);
    }
    Ok(())
}

/// Count and reserved rate limits of an owner's keys, of which there are never many.
pub(crate) async fn key_totals(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<KeyTotals, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let totals = sqlx::query!(
        r#"
        SELECT
            count(*) AS "keys!: u32",
            coalesce(sum(reserved_rate_limit), 0) AS "reserved_rate_limit!: i64"
        FROM application_keys INDEXED BY application_keys_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    let row = rows::Row::new("application_keys", owner_id);
    let reserved = u64::try_from(totals.reserved_rate_limit);
    Ok(KeyTotals {
        keys: totals.keys.into(),
        reserved_rate_limit: row.valid("reserved_rate_limit", reserved)?,
    })
}
