//! The errors for refusals.

use serde_json::{Value, json};
use stockroom_domain::{Refusal, RefusalKind, RefusedMovement, TransferStepRefused};

use super::error::ApiError;
use super::shortage::ShortageBody;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let kind = refusal.kind();
        match refusal {
            Refusal::Line { index, refusal } => Self::from(*refusal).with("index", index),
            Refusal::InsufficientStock(movement)
            | Refusal::TotalWouldOverflow(movement)
            | Refusal::AllocatedForReservations { movement, .. } => {
                Self::unprocessable(detail).meta(figures(&movement))
            }
            Refusal::ReservationShort(shortages) => {
                let shortages: Vec<ShortageBody> = shortages.into_iter().map(Into::into).collect();
                Self::unprocessable(detail).meta(json!({ "shortages": shortages }))
            }
            Refusal::SkuTaken { product } | Refusal::ExternalRefTaken { product } => {
                Self::validation(detail).meta(json!({ "product_id": product.uuid() }))
            }
            Refusal::LaterCount { as_of } => {
                Self::conflict(detail).meta(json!({ "as_of": as_of.to_string() }))
            }
            Refusal::ReservationIs(state) => {
                Self::conflict(detail).meta(json!({ "state": state.as_str() }))
            }
            Refusal::TransferStep(refused) => of_step(refused, kind, detail),
            Refusal::TooManyOpenTransfers { product, .. }
            | Refusal::TooManyUnderWay { product } => {
                Self::unprocessable(detail).meta(json!({ "product_id": product.uuid() }))
            }
            Refusal::ImportIs(status) => {
                Self::conflict(detail).meta(json!({ "status": status.as_str() }))
            }
            Refusal::VersionIs { version } => {
                Self::conflict(detail).meta(json!({ "version": version }))
            }
            Refusal::AlreadyFulfilled { product, fulfilled } => Self::unprocessable(detail)
                .meta(json!({ "product_id": product.uuid(), "fulfilled": fulfilled })),
            Refusal::NotSoManyOpen { product, open }
            | Refusal::NotSoManyShipped { product, open } => Self::unprocessable(detail)
                .meta(json!({ "product_id": product.uuid(), "open": open })),
            Refusal::ProductsWithoutStock { products } => {
                let products: Vec<_> = products.iter().map(|it| it.uuid()).collect();
                Self::unprocessable(detail).meta(json!({ "product_ids": products }))
            }
            _ => Self::of_kind(kind, detail),
        }
    }
}

/// The error for a step of a transfer that is refused.
fn of_step(refused: TransferStepRefused, kind: RefusalKind, detail: String) -> ApiError {
    let error = ApiError::of_kind(kind, detail);
    match refused {
        TransferStepRefused::TransferIs(state) => error.with("state", state.as_str()),
        TransferStepRefused::NotSoMany { product, open } => error
            .with("product_id", product.to_string())
            .with("open", open.get()),
        TransferStepRefused::SurplusTooLarge(product) => {
            error.with("product_id", product.to_string())
        }
        TransferStepRefused::DeliveryInParts
        | TransferStepRefused::ReceiptNotFound
        | TransferStepRefused::ReceiptUndone
        | TransferStepRefused::TooManyReceipts { .. } => error,
    }
}

/// The figures of a refused transaction: the requested quantity and the contents of the position.
fn figures(movement: &RefusedMovement) -> Value {
    let balance = movement.balance;
    let mut figures = json!({
        "requested": movement.requested.get(),
        "available": balance.available.get(),
        "allocated": balance.allocated.get(),
        "total": balance.total().get(),
    });
    if !movement.reserved.is_zero() {
        figures["reserved"] = movement.reserved.get().into();
    }
    figures
}
