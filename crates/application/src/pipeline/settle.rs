//! Settling before reads: expired holds are booked in the ledgers before stock is returned, so that
//! stock is available from the time of expiry on, even if the sweeper hasn't booked them yet.

use std::collections::BTreeSet;

use stockroom_domain::{
    Actor, Answered, Command, OrganizationId, ProductId, SettleStock, ShowProducts, ShowStock,
    Stock, StockedProduct, Timestamp,
};

use super::committer::Committer;
use super::database_calls::timed;
use crate::error::Error;
use crate::ports::{Scope, StoreError};

/// The number of stocks settled in one transaction.
const SETTLED_MAX: u32 = 1_000;

/// The stock that `scope` sees of these products, settled, all as of the same time.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(super) async fn stocks(
    committer: &Committer,
    scope: Scope,
    products: impl IntoIterator<Item = ProductId>,
) -> Result<Vec<Stock>, StoreError> {
    let products = products.into_iter().collect();
    show(committer, scope, ShowStock { products }).await
}

/// Those of these products that `scope` sees, with their stock, settled, all as of the same time.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(super) async fn products(
    committer: &Committer,
    scope: Scope,
    products: impl IntoIterator<Item = ProductId>,
) -> Result<Vec<StockedProduct>, StoreError> {
    let products = products.into_iter().collect();
    show(committer, scope, ShowProducts { products }).await
}

/// The answer to a request that only reads, after settling the stock concerned.
///
/// # Errors
/// [`Error::Refused`]; [`Error::Store`] if the database fails.
pub(super) async fn ask<R: Answered>(
    committer: &Committer,
    scope: Scope,
    request: R,
) -> Result<R::Answer, Error> {
    let nobody = Actor {
        acting: scope.acting,
        ..Actor::OPERATOR
    };
    commit(committer, scope.organization, nobody, request).await
}

/// The answer to a request that only reads, and is never refused.
async fn show<R: Answered>(
    committer: &Committer,
    scope: Scope,
    request: R,
) -> Result<R::Answer, StoreError> {
    let answer = ask(committer, scope, request).await;
    answer.map_err(unrefused)
}

/// The error of a request that is never refused.
fn unrefused(error: Error) -> StoreError {
    match error {
        Error::Store(error) => error,
        other => StoreError::Failed(Box::new(other)),
    }
}

async fn commit<R: Answered>(
    committer: &Committer,
    organization: OrganizationId,
    actor: Actor,
    request: R,
) -> Result<R::Answer, Error> {
    let commands = [Command::new(actor, request)];
    let outcomes = committer.commit("settle", organization, &commands).await?;
    let outcome = outcomes.into_iter().next().transpose()?;
    let other = || StoreError::Failed("the answer to settling has another type".into());
    Ok(outcome.and_then(R::take).ok_or_else(other)?)
}

/// Settles all stock of an organization that is due at `now`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(super) async fn due(
    committer: &Committer,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut settled = BTreeSet::new();
    loop {
        let due = committer
            .database
            .due_stocks(organization, now, SETTLED_MAX);
        let mut due = timed("due_stocks", due).await?;
        // If another server's clock is behind, its new reservations may be due at once. They were made
        // after this request, so their stock need not be settled again.
        due.retain(|key| !settled.contains(key));
        if due.is_empty() {
            return Ok(());
        }
        settled.extend(due.iter().copied());
        let settle = SettleStock { stocks: due };
        let settled = commit(committer, organization, Actor::OPERATOR, settle).await;
        settled.map_err(unrefused)?;
    }
}
