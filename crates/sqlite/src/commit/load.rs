//! Loads the needs of a group of commands: the same few statements for each kind of need, however many
//! there are, and none for kinds that aren't needed. Owners and locations in use are queried one by
//! one, because only commands that are decided on their own need them.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State, Timestamp};

use crate::keys::load::key_totals;
use crate::ledger::load::{past, undone};
use crate::locations::load::locations;
use crate::products::load::{management, products};
use crate::{keys, ledger, reservations, stock, tenancy};

/// Loads everything that `needs` names and that exists.
pub(crate) async fn state(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    needs: &Needs,
    now: Timestamp,
) -> Result<State, StoreError> {
    // Destructured in full, so that the compiler asks for every new kind of need to be loaded here.
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
        // Idempotency records aren't part of the state.
        idempotency_keys: _,
        undone: undone_entries,
        reservations: _,
        orders: _,
        past: past_stocks,
        corrections: corrected_stocks,
    } = needs;
    let mut state = State::default();
    if *needs_organization {
        state.organization = tenancy::rows::organization(connection, organization).await?;
    }
    management(connection, organization, managed_products, &mut state).await?;
    products(connection, organization, needs, &mut state).await?;
    locations(connection, organization, needs, &mut state).await?;
    if !wanted_stocks.is_empty() {
        let keys = wanted_stocks.iter().copied();
        let stocks = stock::rows::stocks(connection, organization, keys).await?;
        state.stocks = stocks
            .into_iter()
            .map(|stock| (stock.key(), stock))
            .collect();
    }
    if !keys.is_empty() {
        let keys = keys::rows::keys(connection, organization, keys.iter().copied()).await?;
        state.keys = keys.into_iter().map(|key| (key.id, key)).collect();
    }
    undone(connection, organization, undone_entries, &mut state).await?;
    for owner in key_owners {
        let totals = key_totals(connection, organization, *owner).await?;
        state.key_totals.insert(*owner, totals);
    }
    past(connection, organization, past_stocks, &mut state).await?;
    ledger::corrections::load(connection, organization, corrected_stocks, &mut state).await?;
    reservations::store::load(connection, organization, needs, now, &mut state).await?;
    Ok(state)
}
