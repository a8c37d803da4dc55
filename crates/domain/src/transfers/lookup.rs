//! Finding transfers, their places and the owner of their stock.

use super::edit::{RequestedOrigin, RequestedPlace};
use super::{Transfer, TransferOrigin, TransferPlace, TransferRef};
use crate::decision::{Actor, Needs, Refusal, State};
use crate::stock::StockKey;
use crate::stock::lookup::known_location;
use crate::values::{Owner, ProductId};

/// Adds a transfer to the needs, with the stock and locations that a step of it looks at.
pub(super) fn need(transfer: &TransferRef, needs: &mut Needs) {
    needs.transfers.insert(transfer.id);
    let owner = transfer.owner;
    for product in transfer.products.iter().copied() {
        let key = StockKey { product, owner };
        needs.stocks.insert(key);
        needs.open_transfers.insert(key);
    }
    for slug in &transfer.slugs {
        needs.location_slugs.insert((owner, slug.clone()));
    }
}

/// The transfer as it is now, if the caller may change it.
///
/// # Errors
/// [`Refusal::TransferNotFound`], [`Refusal::OrganizationKeyRequired`], [`Refusal::TransferEdited`].
pub(super) fn current<'a>(
    transfer: &TransferRef,
    actor: &Actor,
    state: &'a State,
) -> Result<&'a Transfer, Refusal> {
    let found = state.transfers.get(&transfer.id);
    let found = found.filter(|found| actor.acting.can_see(found.owner));
    let found = found.ok_or(Refusal::TransferNotFound)?;
    actor.may_administer(found.owner)?;
    if found.reference() == *transfer {
        Ok(found)
    } else {
        Err(Refusal::TransferEdited)
    }
}

/// Checks that a transfer has the version that the caller believes it to have, if it says so.
///
/// # Errors
/// [`Refusal::VersionIs`].
pub(super) fn check_version(transfer: &Transfer, expected: Option<u64>) -> Result<(), Refusal> {
    let version = transfer.version;
    if expected.is_none_or(|expected| expected == version) {
        Ok(())
    } else {
        Err(Refusal::VersionIs { version })
    }
}

/// The one owner of these products' stock; `acting`, if none of them has any.
///
/// # Errors
/// [`Refusal::OrganizationKeyRequired`] if any of it is the organization's and the caller is a store's key,
/// [`Refusal::DifferentOwners`].
pub(super) fn owner_of(
    products: impl Iterator<Item = ProductId>,
    actor: &Actor,
    state: &State,
) -> Result<Owner, Refusal> {
    let stocks = products.filter_map(|product| state.visible_stock(actor.acting, product));
    let owners: Vec<Owner> = stocks.map(|stock| stock.owner).collect();
    for owner in &owners {
        actor.may_administer(*owner)?;
    }
    let owner = owners.first().copied().unwrap_or(actor.acting);
    if owners.iter().all(|it| *it == owner) {
        Ok(owner)
    } else {
        Err(Refusal::DifferentOwners)
    }
}

/// The place of this name among the locations of the stock's owner.
///
/// # Errors
/// [`Refusal::UnknownLocation`].
pub(super) fn place(
    place: &RequestedPlace,
    owner: Owner,
    state: &State,
) -> Result<TransferPlace, Refusal> {
    match place {
        RequestedPlace::Unlocated => Ok(None),
        RequestedPlace::Location(slug) => {
            let location = known_location(state, owner, slug)?;
            Ok(Some((location.id, location.slug.clone())))
        }
    }
}

/// The origin of this name.
///
/// # Errors
/// [`Refusal::UnknownLocation`].
pub(super) fn origin(
    origin: &RequestedOrigin,
    owner: Owner,
    state: &State,
) -> Result<TransferOrigin, Refusal> {
    Ok(match origin {
        RequestedOrigin::Place(from) => TransferOrigin::Place(place(from, owner, state)?),
        RequestedOrigin::Supplier(supplier) => TransferOrigin::Supplier(supplier.clone()),
    })
}

/// Checks that pieces go elsewhere.
///
/// # Errors
/// [`Refusal::SamePlace`].
pub(super) fn check_places(from: &TransferOrigin, to: &TransferPlace) -> Result<(), Refusal> {
    match from {
        TransferOrigin::Place(from) if from == to => Err(Refusal::SamePlace),
        _ => Ok(()),
    }
}
