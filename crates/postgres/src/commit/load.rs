//! Loads the needs of a group of commands: the same few statements for each kind of need, however many
//! there are, and none for kinds that aren't needed. Owners and locations in use are queried one by
//! one, because only commands that are decided on their own need them.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Needs, OrganizationId, Timestamp};

use super::End;
use super::locks::LockedStocks;
use crate::connection::session::Session;
use crate::imports::load::imports;
use crate::integrations::load::integrations;
use crate::keys::load::key_totals;
use crate::ledger::load::{past, undone};
use crate::locations::load::locations;
use crate::products::load::{management, products};
use crate::revision::Loaded;
use crate::transfers::load::transfers;
use crate::{keys, ledger, reservations, tenancy};

/// Loads everything that `needs` names and that exists. `stocks` is the stock that the batch has
/// locked, `end` what it is to store at its end so far, and `now` its time.
pub(crate) async fn load(
    session: &mut Session,
    organization: OrganizationId,
    needs: &Needs,
    stocks: &mut LockedStocks,
    end: &End,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
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
    let mut loaded = Loaded::default();
    let state = &mut loaded.state;
    if *needs_organization {
        state.organization = tenancy::rows::organization(session, organization).await?;
    }
    management(session, organization, managed_products, state).await?;
    products(session, organization, needs, state).await?;
    locations(session, organization, needs, &end.growth, state).await?;
    if !keys.is_empty() {
        let keys = keys::rows::keys(session, organization, keys.iter().copied()).await?;
        state.keys = keys.into_iter().map(|key| (key.id, key)).collect();
    }
    integrations(session, organization, needs, state).await?;
    imports(session, organization, wanted_imports, state).await?;
    undone(session, organization, undone_entries, state).await?;
    for owner in key_owners {
        let totals = key_totals(session, organization, *owner).await?;
        state.key_totals.insert(*owner, totals);
    }
    for stock in stocks.load(session, organization, wanted_stocks).await? {
        loaded.add_stock(stock);
    }
    let state = &mut loaded.state;
    past(session, organization, past_stocks, state).await?;
    ledger::corrections::load(session, organization, corrected_stocks, state).await?;
    transfers(session, organization, needs, state).await?;
    reservations::load::load(session, organization, needs, &end.orders, now, &mut loaded).await?;
    Ok(loaded)
}
