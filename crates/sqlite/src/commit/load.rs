//! Loads the needs of a group of commands, one by one.

use rusqlite::Connection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, State, Timestamp};

use crate::imports::load::imports;
use crate::integrations::load::integrations;
use crate::keys::rows::key_totals;
use crate::ledger::load::{past, undone};
use crate::locations::load::locations;
use crate::products::load::{management, products};
use crate::transfers::load::transfers;
use crate::{keys, ledger, reservations, stock, tenancy};

/// Loads everything that `needs` names and that exists.
pub(crate) fn state(
    connection: &Connection,
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
        integrations: _,
        integration_counts: _,
        imports: wanted_imports,
        transfers: _,
        open_transfers: _,
        expected: _,
        layout: _,
    } = needs;
    let mut state = State::default();
    if *needs_organization {
        state.organization = tenancy::rows::organization(connection, organization)?;
    }
    management(connection, organization, managed_products, &mut state)?;
    products(connection, organization, needs, &mut state)?;
    locations(connection, organization, needs, &mut state)?;
    for key in wanted_stocks {
        if let Some(stock) = stock::rows::stock(connection, organization, *key)? {
            state.stocks.insert(*key, stock);
        }
    }
    for id in keys {
        if let Some(key) = keys::rows::key(connection, organization, *id)? {
            state.keys.insert(*id, key);
        }
    }
    integrations(connection, organization, needs, &mut state)?;
    imports(connection, organization, wanted_imports, &mut state)?;
    undone(connection, organization, undone_entries, &mut state)?;
    for owner in key_owners {
        let totals = key_totals(connection, organization, *owner)?;
        state.key_totals.insert(*owner, totals);
    }
    past(connection, organization, past_stocks, &mut state)?;
    ledger::corrections::load(connection, organization, corrected_stocks, &mut state)?;
    transfers(connection, organization, needs, &mut state)?;
    reservations::store::load(connection, organization, needs, now, &mut state)?;
    Ok(state)
}
