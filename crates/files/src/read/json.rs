//! The objects of JSON Lines.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::error::{LineFault, repeated};

/// The fields of an object, as they come.
type Fields<'a> = Vec<(String, &'a RawValue)>;

struct Object<'a>(Fields<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Reader).map(Self)
    }
}

/// The fields of the object that a line is.
pub(crate) fn object(line: &str) -> Result<Fields<'_>, LineFault> {
    serde_json::from_str(line)
        .map(|Object(fields)| fields)
        .map_err(|error| match error.classify() {
            Category::Data => LineFault("the line must be a JSON object".to_owned()),
            Category::Io | Category::Syntax | Category::Eof => {
                let text = error.to_string();
                let reason = text.split(" at line ").next().unwrap_or_default();
                let column = error.column();
                LineFault(format!("the line is not JSON: {reason}, at byte {column}"))
            }
        })
}

/// The fields of the object that a line is, by what `known` makes of their names.
pub(super) fn known_fields<T: PartialEq>(
    line: &str,
    known: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, &RawValue)>, LineFault> {
    let mut fields: Vec<(T, &RawValue)> = Vec::new();
    for (name, value) in object(line)? {
        let Some(field) = known(&name) else {
            let name = repeated(&name);
            return Err(LineFault(format!("unknown field \"{name}\"")));
        };
        if fields.iter().any(|(other, _)| *other == field) {
            return Err(LineFault(format!("the field \"{name}\" is there twice")));
        }
        fields.push((field, value));
    }
    Ok(fields)
}

/// A text, unless it is empty or `null`.
pub(super) fn text(field: &str, value: &RawValue) -> Result<Option<String>, LineFault> {
    let text: Option<String> = serde_json::from_str(value.get())
        .map_err(|_| LineFault(format!("{field} must be a text")))?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// The text of a number or of whatever else it is, unless it is an empty text or `null`.
pub(super) fn number(value: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str(value.get()) {
        Ok(text) => Option::<String>::filter(text, |text| !text.is_empty()).map(Cow::Owned),
        Err(_) => Some(Cow::Borrowed(value.get())),
    }
}

/// Whether a line says that an export was complete.
pub(crate) fn ends_export(line: &[u8]) -> bool {
    const TYPE: &[u8] = b"export-end";
    if !line.windows(TYPE.len()).any(|window| window == TYPE) {
        return false;
    }
    let fields = str::from_utf8(line).map(object);
    fields.is_ok_and(|fields| {
        let is_type = |(name, value): &(String, &RawValue)| {
            name == "type" && value.get() == r#""export-end""#
        };
        fields.is_ok_and(|fields| fields.iter().any(is_type))
    })
}
