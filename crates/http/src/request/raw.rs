//! JSON that has been checked but not deserialized. A tree of values takes a hundred times the
//! memory of its text, so a body is deserialized only into the expected types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The fields of an object. If a name occurs twice, the last value counts.
#[derive(Debug, Default)]
pub(crate) struct RawObject<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> RawObject<'a> {
    /// Removes a field and returns its value.
    pub(crate) fn remove(&mut self, name: &str) -> Option<&'a RawValue> {
        self.0.remove(name)
    }

    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(AsRef::as_ref)
    }

    /// Adds the fields of another object, whose values win.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// A deserializer of the object.
    pub(crate) fn deserializer(&self) -> impl Deserializer<'a, Error = serde_json::Error> {
        let fields = self.0.iter();
        MapDeserializer::new(fields.map(|(name, value)| (name.clone(), *value)))
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.insert(name, value);
                }
                Ok(RawObject(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The items of a list, or `None` if it is longer than the limit.
pub(crate) enum RawList<'a> {
    Items(Vec<&'a RawValue>),
    TooLong,
}

/// Deserializes a list of at most this number of items.
pub(crate) struct AtMost(pub(super) usize);

impl<'de> DeserializeSeed<'de> for AtMost {
    type Value = RawList<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost {
    type Value = RawList<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() >= self.0 {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(RawList::TooLong);
            }
            items.push(item);
        }
        Ok(RawList::Items(items))
    }
}

/// A value of which only texts, booleans and unsigned integers are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool(bool),
    Integer(u64),
    Text(String),
    /// Any other value.
    Other,
}

impl Scalar {
    pub(crate) const fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Other)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(u64::try_from(value).map_or(Scalar::Other, Scalar::Integer))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Scalar, E> {
                Ok(Scalar::Other)
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}

/// The message of an error without its place in the value's own text, which the client doesn't
/// know.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_fields_of_one_name_the_last_counts() {
        let mut object: RawObject<'_> = serde_json::from_str(r#"{"a":1,"\u0061":2}"#).unwrap();
        assert_eq!(object.remove("a").unwrap().get(), "2");
        assert!(object.remove("a").is_none());
    }

    #[test]
    fn lists_are_read_up_to_their_limit() {
        for (text, items) in [("[]", Some(0)), ("[1,[2]]", Some(2)), ("[1,2,3]", None)] {
            let mut json = serde_json::Deserializer::from_str(text);
            let list = AtMost(2).deserialize(&mut json).unwrap();
            json.end().unwrap();
            match list {
                RawList::Items(found) => assert_eq!(Some(found.len()), items),
                RawList::TooLong => assert_eq!(items, None),
            }
        }
    }

    #[test]
    fn scalars_are_told_from_other_values() {
        for (text, scalar) in [
            ("true", Scalar::Bool(true)),
            ("0", Scalar::Integer(0)),
            ("18446744073709551615", Scalar::Integer(u64::MAX)),
            ("\"a\"", Scalar::Text("a".to_owned())),
            ("-1", Scalar::Other),
            ("1.0", Scalar::Other),
            ("null", Scalar::Other),
            ("[[1]]", Scalar::Other),
            ("{\"a\":{}}", Scalar::Other),
        ] {
            assert_eq!(
                serde_json::from_str::<Scalar>(text).unwrap(),
                scalar,
                "{text}"
            );
        }
    }
}
