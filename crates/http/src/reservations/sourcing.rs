//! The rules by which locations are chosen.

use serde::Deserialize;
use stockroom_domain::{Geolocation, Sourcing, SourcingOrder, Split};
use utoipa::ToSchema;

use crate::answer::ApiError;
use crate::locations::body::GeolocationBody;
use crate::request::{StrictObject, non_null};

/// The rules by which locations are chosen for the items that have no key `location`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = Sourcing)]
pub(crate) struct SourcingField {
    /// `priority` if left out, or `nearest`.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    order: Option<String>,
    /// The point to be near to, for `nearest`.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<GeolocationBody>, nullable = false)]
    near: Option<StrictObject<GeolocationBody>>,
    /// `lines` if left out: each product comes from one location. `units`: the pieces of a product may come
    /// from several. `never`: one location serves everything.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    split: Option<String>,
    /// The slugs of the only locations that may serve the order; the unlocated pool may not.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(max_items = 100, nullable = false)]
    only: Option<Vec<String>>,
}

impl TryFrom<SourcingField> for Sourcing {
    type Error = ApiError;

    fn try_from(field: SourcingField) -> Result<Self, ApiError> {
        let near = field.near.map(|StrictObject(point)| {
            let point = Geolocation::try_from(point);
            point.map_err(|invalid| {
                ApiError::validation(invalid.to_string().replace("geolocation", "sourcing.near"))
            })
        });
        let order = match (field.order.as_deref(), near.transpose()?) {
            (None | Some("priority"), _) => SourcingOrder::Priority,
            (Some("nearest"), Some(near)) => SourcingOrder::Nearest(near),
            (Some("nearest"), None) => {
                return Err(ApiError::validation("sourcing.near is missing".to_owned()));
            }
            (Some(_), _) => {
                let rule = "sourcing.order must be priority or nearest";
                return Err(ApiError::validation(rule.to_owned()));
            }
        };
        let split = match field.split.as_deref() {
            None => Split::default(),
            Some(word) => Split::from_word(word).ok_or_else(|| {
                let words: Vec<&str> = Split::ALL.iter().map(|split| split.as_str()).collect();
                ApiError::validation(format!(
                    "sourcing.split must be one of {}",
                    words.join(", ")
                ))
            })?,
        };
        Ok(Self::new(order, split, field.only)?)
    }
}
