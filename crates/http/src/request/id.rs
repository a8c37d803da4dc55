//! Ids in paths.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use stockroom_domain::{
    BatchId, EventId, ImportId, IntegrationId, KeyId, LocationId, ProductId, ReceiptId, Refusal,
    ReservationId, TransactionId, TransferId, TransferStepRefused,
};

use crate::answer::ApiError;

/// A kind of id in paths.
pub(crate) trait InPath: Sized {
    /// The name of the path parameter.
    const PARAMETER: &'static str;
    /// The refusal if nothing has the id.
    const NOT_FOUND: Refusal;

    fn parse(text: &str) -> Option<Self>;
}

macro_rules! in_path {
    ($($id:ident: $parameter:literal, $not_found:ident;)*) => {$(
        impl InPath for $id {
            const PARAMETER: &'static str = $parameter;
            const NOT_FOUND: Refusal = Refusal::$not_found;

            fn parse(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }
    )*};
}

in_path! {
    ProductId: "product", UnknownStock;
    TransactionId: "transaction", TransactionNotFound;
    BatchId: "batch", BatchNotFound;
    ReservationId: "reservation", ReservationNotFound;
    TransferId: "transfer", TransferNotFound;
    LocationId: "location", LocationNotFound;
    KeyId: "key", KeyNotFound;
    IntegrationId: "integration", IntegrationNotFound;
    EventId: "job", JobNotFound;
    ImportId: "import", JobNotFound;
}

impl InPath for ReceiptId {
    const PARAMETER: &'static str = "receipt";
    const NOT_FOUND: Refusal = Refusal::TransferStep(TransferStepRefused::ReceiptNotFound);

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// An id in the path. A text that isn't a UUID is 404 like an unknown id. The 404 comes after all
/// 400, so a handler takes the id after its other extractors.
#[derive(Clone, Copy)]
pub(crate) struct PathId<T>(Option<T>);

impl<T: InPath> PathId<T> {
    /// The id, if the text is a valid one.
    pub(crate) fn id(self) -> Option<T> {
        self.0
    }

    /// The id of an existing thing.
    pub(crate) fn existing(self) -> Result<T, ApiError> {
        self.0.ok_or_else(|| T::NOT_FOUND.into())
    }

    /// The id of a thing to be created.
    pub(crate) fn for_new(self) -> Result<T, ApiError> {
        self.0
            .ok_or_else(|| ApiError::validation("The id in the path must be a UUID"))
    }
}

impl<T: Copy + PartialEq> PathId<T> {
    /// Whether the path contains exactly this id.
    pub(crate) fn is(&self, id: Option<T>) -> bool {
        id.is_some() && self.0 == id
    }
}

impl<T: InPath, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = RawPathParams::from_request_parts(parts, state)
            .await
            .ok()
            .and_then(|parameters| {
                let mut parameters = parameters.iter();
                parameters.find_map(|(name, value)| {
                    (name == T::PARAMETER).then(|| T::parse(value)).flatten()
                })
            });
        Ok(Self(id))
    }
}
