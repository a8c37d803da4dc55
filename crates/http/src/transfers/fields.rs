//! Fields of the bodies that make transfers and change them.

use serde::{Deserialize, Deserializer};
use stockroom_application::TransferUpdate;
use stockroom_domain::{
    CreateTransfer, Note, Patch, Reason, Reference, RequestedOrigin, RequestedPlace, Supplier,
    Timestamp, TransferState,
};
use utoipa::ToSchema;

use super::items;
use super::items::Item;
use crate::answer::ApiError;
use crate::filter;
use crate::request::{StrictObject, non_null, patch};

/// Where the pieces come from: a location or the unlocated pool, or a supplier.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = RequestedOrigin)]
struct OriginField {
    /// The slug of the location; null for the unlocated pool.
    #[serde(default, deserialize_with = "given_place")]
    #[schema(value_type = Option<String>)]
    location: Option<RequestedPlace>,
    /// The supplier of a delivery.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    supplier: Option<String>,
}

/// Where the pieces go.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = RequestedDestination)]
struct DestinationField {
    /// The slug of the location; null for the unlocated pool.
    #[serde(deserialize_with = "place")]
    #[schema(value_type = Option<String>, required)]
    location: RequestedPlace,
}

/// What is to be moved or delivered. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct NewTransfer {
    #[schema(value_type = OriginField)]
    from: StrictObject<OriginField>,
    #[schema(value_type = DestinationField)]
    to: StrictObject<DestinationField>,
    /// Each product once.
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 500)]
    items: Vec<StrictObject<Item>>,
    /// A reference of another system: an order, a delivery note.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    reference: Option<String>,
    /// A note for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1024)]
    note: Option<String>,
    /// The time at which it is expected to arrive.
    #[serde(default)]
    #[schema(format = DateTime)]
    expected_at: Option<String>,
    /// `draft` if left out, `ready`, `in_transit` or `received`: all steps up to there are taken, or nothing is
    /// made.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    state: Option<String>,
    /// The reason that its transactions give instead of the usual ones.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    reason: Option<String>,
}

/// What of a transfer changes. Fields that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct EditedTransfer {
    /// Where the pieces come from; of a draft only.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<OriginField>, nullable = false)]
    from: Option<StrictObject<OriginField>>,
    /// Where the pieces go; of a draft only.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<DestinationField>, nullable = false)]
    to: Option<StrictObject<DestinationField>>,
    /// The products, each once; of a draft only.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Item>>, min_items = 1, max_items = 500, nullable = false)]
    items: Option<Vec<StrictObject<Item>>>,
    /// A reference of another system; null clears it.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    reference: Patch<String>,
    /// A note for people; null clears it.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    note: Patch<String>,
    /// The time at which it is expected to arrive; null clears it.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Patch<String>,
    /// The version that it has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequestedPlace, D::Error> {
    let slug = Option::deserialize(deserializer)?;
    Ok(slug.map_or(RequestedPlace::Unlocated, RequestedPlace::Location))
}

fn given_place<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RequestedPlace>, D::Error> {
    place(deserializer).map(Some)
}

impl TryFrom<OriginField> for RequestedOrigin {
    type Error = ApiError;

    fn try_from(field: OriginField) -> Result<Self, ApiError> {
        match (field.location, field.supplier) {
            (Some(place), None) => Ok(Self::Place(place)),
            (None, Some(supplier)) => Ok(Self::Supplier(Supplier::new("from.supplier", supplier)?)),
            _ => Err(ApiError::validation(
                "from must have either location or supplier",
            )),
        }
    }
}

impl NewTransfer {
    pub(super) fn command(self) -> Result<CreateTransfer, ApiError> {
        let StrictObject(from) = self.from;
        let StrictObject(to) = self.to;
        Ok(CreateTransfer {
            from: from.try_into()?,
            to: to.location,
            items: items::lines(self.items)?,
            reference: self.reference.map(reference).transpose()?,
            note: self.note.map(note).transpose()?,
            expected_at: self.expected_at.as_deref().map(expected_at).transpose()?,
            state: self
                .state
                .map_or(Ok(TransferState::Draft), |it| state(&it))?,
            reason: self.reason.map(reason).transpose()?,
        })
    }
}

impl EditedTransfer {
    pub(super) fn update(self) -> Result<TransferUpdate, ApiError> {
        let from = self.from.map(|StrictObject(from)| from.try_into());
        Ok(TransferUpdate {
            from: from.transpose()?,
            to: self.to.map(|StrictObject(to)| to.location),
            items: self.items.map(items::lines).transpose()?,
            reference: self.reference.try_map(reference)?,
            note: self.note.try_map(note)?,
            expected_at: self.expected_at.try_map(|text| expected_at(&text))?,
            expect_version: self.expect_version,
        })
    }
}

/// The states that a transfer can be made in.
const MADE_IN: [TransferState; 4] = [
    TransferState::Draft,
    TransferState::Ready,
    TransferState::InTransit,
    TransferState::Received,
];

fn state(word: &str) -> Result<TransferState, ApiError> {
    let state = MADE_IN.into_iter().find(|state| state.as_str() == word);
    state.ok_or_else(|| {
        let words = MADE_IN.map(TransferState::as_str).join(", ");
        ApiError::validation(format!("state must be one of {words}"))
    })
}

fn reference(text: String) -> Result<Reference, ApiError> {
    Ok(Reference::new("reference", text)?)
}

fn note(text: String) -> Result<Note, ApiError> {
    Ok(Note::new("note", text)?)
}

fn expected_at(text: &str) -> Result<Timestamp, ApiError> {
    filter::time(text).ok_or_else(|| ApiError::validation("expected_at must be a timestamp"))
}

pub(super) fn reason(text: String) -> Result<Reason, ApiError> {
    Ok(Reason::new("reason", text)?)
}
