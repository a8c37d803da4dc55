//! The kinds of refusal.

use super::refusal::Refusal;
use crate::transfers::TransferStepRefused;

/// The kinds of refusal, in their order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// The caller is not allowed to do this.
    Forbidden,
    /// The request makes no sense here.
    Invalid,
    /// The thing that was named doesn't exist for the caller.
    NotFound,
    /// The request conflicts with the current state.
    Conflict,
    /// The request makes sense, but the stock doesn't allow it.
    Unprocessable,
}

impl Refusal {
    /// The kind of this refusal.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        match self {
            Self::OrganizationKeyRequired => RefusalKind::Forbidden,
            Self::Line { refusal, .. } => refusal.kind(),
            Self::TransferStep(refused) => kind_of_step(*refused),
            Self::NoTransaction
            | Self::NotACount
            | Self::UnknownLocation { .. }
            | Self::LocationNotStocked { .. }
            | Self::TooManyToPlace { .. }
            | Self::StockExists
            | Self::InvalidProductIdentifier
            | Self::LocationAllocated { .. }
            | Self::TotalTooLarge
            | Self::TooManyStockLocations { .. }
            | Self::SlugTaken { .. }
            | Self::TooManyLocations { .. }
            | Self::StockReserved
            | Self::LocationInUse
            | Self::StockInTransfer
            | Self::LocationInTransfer { .. }
            | Self::DifferentOwners
            | Self::ProductIdTaken
            | Self::WhiteSpaceAtEnds { .. }
            | Self::SkuTaken { .. }
            | Self::ExternalRefTaken { .. }
            | Self::FiguresNotSet
            | Self::ProductHasStock
            | Self::TooManyKeys { .. }
            | Self::AsOfInFuture
            | Self::SamePlace
            | Self::OrganizationExists => RefusalKind::Invalid,
            Self::UnknownStock
            | Self::LocationNotFound
            | Self::ProductNotFound
            | Self::KeyNotFound
            | Self::OrganizationNotFound
            | Self::TransactionNotFound
            | Self::BatchNotFound
            | Self::ReservationNotFound
            | Self::TransferNotFound
            | Self::NotManagedThen
            | Self::IntegrationNotFound
            | Self::JobNotFound => RefusalKind::NotFound,
            Self::ReservedRateLimitExceeded { .. }
            | Self::ExpectationFailed(_)
            | Self::LaterCount { .. }
            | Self::ReservationIs(_)
            | Self::ReservationEdited
            | Self::TransferEdited
            | Self::ImportIs(_)
            | Self::ImportIsDryRun
            | Self::ImportIsOfPolicies
            | Self::ImportMovedOn
            | Self::OrderReserved
            | Self::IdempotencyKeyReused
            | Self::VersionIs { .. }
            | Self::IntegrationDisabled
            | Self::KeptAnswerUnreadable => RefusalKind::Conflict,
            Self::InsufficientStock(_)
            | Self::TotalWouldOverflow(_)
            | Self::ReservationShort(_)
            | Self::AllocatedForReservations { .. }
            | Self::NotSoManyOpen { .. }
            | Self::NotSoManyShipped { .. }
            | Self::ProductsWithoutStock { .. }
            | Self::AlreadyFulfilled { .. }
            | Self::MadeByReservation
            | Self::MadeByTransfer
            | Self::TooManyOpenTransfers { .. }
            | Self::TooManyUnderWay { .. }
            | Self::AlreadyUndone
            | Self::CountNotLatest
            | Self::CountUndone
            | Self::TooManyIntegrations { .. }
            | Self::LocationGone => RefusalKind::Unprocessable,
        }
    }
}

const fn kind_of_step(refused: TransferStepRefused) -> RefusalKind {
    match refused {
        TransferStepRefused::DeliveryInParts => RefusalKind::Invalid,
        TransferStepRefused::ReceiptNotFound => RefusalKind::NotFound,
        TransferStepRefused::TransferIs(_) => RefusalKind::Conflict,
        TransferStepRefused::NotSoMany { .. }
        | TransferStepRefused::SurplusTooLarge(_)
        | TransferStepRefused::ReceiptUndone
        | TransferStepRefused::TooManyReceipts { .. } => RefusalKind::Unprocessable,
    }
}
