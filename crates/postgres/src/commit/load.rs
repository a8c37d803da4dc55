//! Loads what a run of commands needs: the same few statements for each kind of thing however many
//! there are, and none for kinds that aren't needed. Owners and places in use are asked for one by
//! one: only commands that are decided on their own need them.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    KeyTotals, LocationId, Needs, OrganizationId, Owner, ProductId, ProductText, State, StockId,
    StockKey, StockLife, Timestamp, TransactionId,
};
use uuid::Uuid;

use super::counts::{self, Growth, Kind};
use super::locks::LockedStocks;
use super::{corrections, reservations};
use crate::error::failed;
use crate::parameter::{owned, uuids};
use crate::read::past::stocks_at;
use crate::rows::{self, Row};
use crate::session::Session;

/// All that `needs` names and that exists. `stocks` are those that the batch has locked, `growth` is
/// what it has changed so far of what is counted, and `now` its time.
pub(super) async fn state(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    stocks: &mut LockedStocks,
    growth: &Growth,
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
        state.organization = rows::tenancy::organization(session, organization).await?;
    }
    management(session, organization, managed_products, &mut state).await?;
    products(session, organization, needs, &mut state).await?;
    locations(session, organization, needs, growth, &mut state).await?;
    if !keys.is_empty() {
        let keys = rows::key::keys(session, organization, keys.iter().copied()).await?;
        state.keys = keys.into_iter().map(|key| (key.id, key)).collect();
    }
    undone(session, organization, undone_entries, &mut state).await?;
    for owner in key_owners {
        let totals = key_totals(session, organization, *owner).await?;
        state.key_totals.insert(*owner, totals);
    }
    state.stocks = stocks.load(session, organization, wanted_stocks).await?;
    past(session, organization, past_stocks, &mut state).await?;
    corrections::load(session, organization, corrected_stocks, &mut state).await?;
    reservations::load(session, organization, needs, now, &mut state).await?;
    Ok(state)
}

async fn management(
    session: &mut Session,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    state: &mut State,
) -> Result<(), StoreError> {
    if products.is_empty() {
        return Ok(());
    }
    let ids = uuids(products.iter().copied());
    let organization_id = organization.uuid();
    let organization_level = sqlx::query_scalar!(
        r#"
        SELECT organization_products.product_id AS "product_id!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM organization_products
            WHERE organization_products.organization_id = $1
                AND organization_products.product_id = wanted.product_id
            OFFSET 0
        ) AS organization_products
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    for product_id in organization_level {
        let management = state.management.entry(ProductId::new(product_id));
        management.or_default().organization_level = true;
    }
    let holders = sqlx::query!(
        r#"
        SELECT
            stocks.product_id AS "product_id!",
            stocks.owner_id AS "owner_id!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.product_owner_id = $1
            OFFSET 0
        ) AS stocks
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    for holder in holders {
        let owner = Owner::from_uuid(holder.owner_id, organization);
        let management = state.management.entry(ProductId::new(holder.product_id));
        management.or_default().managed_by.insert(owner);
    }
    last_deleted(session, organization, &ids, state).await
}

/// When the last stock that an owner no longer has of one of these products was deleted.
async fn last_deleted(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
    state: &mut State,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let deletions = sqlx::query!(
        r#"
        SELECT
            wanted.product_id AS "product_id!",
            deleted_stocks.owner_id AS "owner_id!",
            deleted_stocks.deleted_at AS "deleted_at!"
        FROM unnest($2::uuid[]) AS wanted (product_id)
        CROSS JOIN LATERAL (
            SELECT owner_id, max(deleted_at) AS deleted_at
            FROM deleted_stocks
            WHERE deleted_stocks.organization_id = $1
                AND deleted_stocks.product_id = wanted.product_id
            GROUP BY owner_id
        ) AS deleted_stocks
        "#,
        organization_id,
        ids,
    )
    .fetch_all(session)
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
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut keys = needs.products.clone();
    if !needs.skus.is_empty() || !needs.external_refs.is_empty() {
        keys.extend(holders(session, organization, needs).await?);
    }
    if !keys.is_empty() {
        for product in rows::product::products(session, organization, keys).await? {
            state.add_product(product);
        }
    }
    for product in &needs.store_products {
        if is_in_a_store(session, organization, *product).await? {
            state.store_products.insert(*product);
        }
    }
    Ok(())
}

/// Whether a store has registered a product of its own under this id.
async fn is_in_a_store(
    session: &mut Session,
    organization: OrganizationId,
    product: ProductId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let product_id = product.uuid();
    let is_there = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM products
            WHERE organization_id = $1 AND product_id = $2 AND owner_id <> $1
        ) AS "is_there!"
        "#,
        organization_id,
        product_id,
    );
    is_there.fetch_one(session).await.map_err(failed)
}

/// The products that have the needed `sku`s and `external_ref`s.
async fn holders(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<impl Iterator<Item = (Owner, ProductId)>, StoreError> {
    let columns = |texts: &BTreeSet<(Owner, ProductText)>| {
        let pairs = texts
            .iter()
            .map(|(owner, text)| (*owner, text.as_str().to_owned()));
        owned(organization, pairs)
    };
    let (sku_owner_ids, skus) = columns(&needs.skus);
    let (external_owner_ids, external_refs) = columns(&needs.external_refs);
    let organization_id = organization.uuid();
    let found = sqlx::query!(
        r#"
        SELECT products.owner_id AS "owner_id!", products.product_id AS "product_id!"
        FROM unnest($2::uuid[], $3::text[]) AS wanted (owner_id, sku)
        CROSS JOIN LATERAL (
            SELECT * FROM products
            WHERE products.organization_id = $1
                AND products.owner_id = wanted.owner_id
                AND products.sku_digest = sha256(convert_to(wanted.sku, 'UTF8'))
            OFFSET 0
        ) AS products
        UNION ALL
        SELECT products.owner_id, products.product_id
        FROM unnest($4::uuid[], $5::text[]) AS wanted (owner_id, external_ref)
        CROSS JOIN LATERAL (
            SELECT * FROM products
            WHERE products.organization_id = $1
                AND products.owner_id = wanted.owner_id
                AND products.external_digest = sha256(convert_to(wanted.external_ref, 'UTF8'))
            OFFSET 0
        ) AS products
        "#,
        organization_id,
        &sku_owner_ids,
        &skus,
        &external_owner_ids,
        &external_refs,
    )
    .fetch_all(session)
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
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    growth: &Growth,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut ids = needs.locations.clone();
    if !needs.location_slugs.is_empty() {
        let slugs = &needs.location_slugs;
        ids.extend(rows::location::ids_of_slugs(session, organization, slugs).await?);
    }
    if !ids.is_empty() {
        for location in rows::location::locations(session, organization, ids).await? {
            state.add_location(location);
        }
    }
    for location in &needs.location_use {
        if is_in_use(session, organization, *location).await? {
            state.locations_in_use.insert(*location);
        }
    }
    for owner in &needs.location_counts {
        let stored = counts::locations(session, organization, *owner).await?;
        let grown = growth.by(owner.to_uuid(organization), Kind::Location);
        let locations = stored.saturating_add_signed(grown);
        state.location_counts.insert(*owner, locations);
    }
    Ok(())
}

async fn is_in_use(
    session: &mut Session,
    organization: OrganizationId,
    location: LocationId,
) -> Result<bool, StoreError> {
    let organization_id = organization.uuid();
    let location_id = location.uuid();
    let in_use = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1 FROM positions
            WHERE organization_id = $1 AND location_id = $2 AND available + allocated > 0
        ) AS "in_use!"
        "#,
        organization_id,
        location_id,
    );
    in_use.fetch_one(session).await.map_err(failed)
}

/// Which of these entries are undone.
async fn undone(
    session: &mut Session,
    organization: OrganizationId,
    entries: &BTreeSet<(StockId, TransactionId)>,
    state: &mut State,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let wanted = entries.iter();
    let (stock_ids, transaction_ids): (Vec<Uuid>, Vec<Uuid>) = wanted
        .map(|(stock, entry)| (stock.uuid(), entry.uuid()))
        .unzip();
    let undone = sqlx::query_scalar!(
        r#"
        SELECT undoing.undoes AS "undoes!"
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (stock_id, transaction_id)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.undoes = wanted.transaction_id
            OFFSET 0
        ) AS undoing
        "#,
        organization.uuid(),
        &stock_ids,
        &transaction_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let undone = undone.into_iter().map(TransactionId::new);
    state.undone.extend(undone);
    Ok(())
}

/// Current stock, which `state` has, as it stood at these times.
async fn past(
    session: &mut Session,
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
        let stocks = stocks_at(session, organization, &lives, at).await?;
        let past = stocks.into_iter().map(|stock| ((stock.key(), at), stock));
        state.past.extend(past);
    }
    Ok(())
}

/// Count and reserved rate limits of an owner's keys, of which there are never many.
pub(crate) async fn key_totals(
    session: &mut Session,
    organization: OrganizationId,
    owner: Owner,
) -> Result<KeyTotals, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let totals = sqlx::query!(
        r#"
        SELECT
            count(*) AS "keys!",
            coalesce(sum(reserved_rate_limit), 0)::bigint AS "reserved_rate_limit!"
        FROM application_keys
        WHERE organization_id = $1 AND owner_id = $2
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    let row = rows::Row::new("application_keys", owner_id);
    let reserved = u64::try_from(totals.reserved_rate_limit);
    Ok(KeyTotals {
        keys: row.valid("key_id", u64::try_from(totals.keys))?,
        reserved_rate_limit: row.valid("reserved_rate_limit", reserved)?,
    })
}
