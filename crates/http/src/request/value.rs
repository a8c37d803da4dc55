//! Values in bodies: quantities and objects.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use stockroom_domain::Quantity;

use super::raw::Scalar;

/// An object within a body. A list of its fields' values, which serde's derived structs would
/// accept, is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StrictObject<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for StrictObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        let visitor = ObjectVisitor(PhantomData);
        deserializer.deserialize_map(visitor).map(Self)
    }
}

/// A quantity in a body. Only integers are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuantityField(pub(crate) Quantity);

impl QuantityField {
    /// Converts a value to a quantity.
    ///
    /// # Errors
    /// A message with the expected kind of value.
    pub(crate) fn of(value: &Scalar) -> Result<Self, String> {
        let pieces = value.as_u64().and_then(Quantity::new);
        pieces
            .map(Self)
            .ok_or_else(|| format!("must be an integer from 0 to {}", Quantity::MAX))
    }
}

impl<'de> Deserialize<'de> for QuantityField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Scalar::deserialize(deserializer)?;
        Self::of(&value).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for QuantityField {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(0))
            .maximum(Some(Quantity::MAX.get()))
            .description(Some("A number of pieces."))
            .into()
    }
}

impl utoipa::ToSchema for QuantityField {
    fn name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }
}
