//! Lines of Elastic Path's Commerce Inventory Import.

use serde_json::value::RawValue;
use stockroom_domain::{Invalid, ProductId, ProductText, TransactionAction};

use super::{FileAction, LineContent, LineMovements, Movement, NamedProduct, json};
use crate::error::{LineFault, repeated};

#[derive(Clone, Copy, PartialEq)]
enum Key {
    LookupField,
    LookupValue,
    Quantity,
    Action,
    Location,
    /// Of a file of failed lines.
    Error,
}

impl Key {
    const ALL: [Self; 6] = [
        Self::LookupField,
        Self::LookupValue,
        Self::Quantity,
        Self::Action,
        Self::Location,
        Self::Error,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::LookupField => "lookupField",
            Self::LookupValue => "lookupValue",
            Self::Quantity => "quantity",
            Self::Action => "action",
            Self::Location => "location",
            Self::Error => "error",
        }
    }
}

pub(super) fn read(line: &str) -> Result<LineContent, LineFault> {
    let known = |name: &str| Key::ALL.into_iter().find(|field| field.as_str() == name);
    let fields = json::known_fields(line, known)?;
    let value = |field: Key| {
        let found = fields.iter().find(|(known, _)| *known == field);
        found.map(|(_, value)| *value)
    };
    let text = |field: Key| {
        let value: Option<&RawValue> = value(field);
        value.map_or(Ok(None), |value| json::text(field.as_str(), value))
    };
    let product = match text(Key::LookupField)?.as_deref() {
        None => return Err(missing("lookupField", LOOKUP_FIELDS)),
        Some(lookup) => {
            let value = text(Key::LookupValue)?;
            product(lookup, value.as_deref())?
        }
    };
    let action = text(Key::Action)?;
    let quantity = value(Key::Quantity).and_then(json::number);
    let quantity = quantity.ok_or_else(|| LineFault("quantity is missing".to_owned()))?;
    let location = text(Key::Location)?;
    let movement = Movement {
        location: location
            .map(|text| super::location("location", &text))
            .transpose()?,
        action: parse_action(action.as_deref())?,
        quantity: super::quantity("quantity", &quantity)?,
    };
    Ok(LineContent::Movements(LineMovements {
        product,
        movements: vec![movement],
        reason: None,
        reference: None,
        expect_available: None,
        expect_total: None,
    }))
}

const LOOKUP_FIELDS: &str = "sku, external_ref or id";
const ACTIONS: &str = "increment, decrement or matchAvailable (the new available pieces)";

fn product(field: &str, value: Option<&str>) -> Result<NamedProduct, LineFault> {
    let text = |value: &str| ProductText::new("lookupValue", value);
    let mut product = NamedProduct::default();
    let value = value.ok_or_else(|| LineFault("lookupValue is missing".to_owned()))?;
    match field {
        "sku" => product.sku = Some(text(value)?),
        "external_ref" => product.external_ref = Some(text(value)?),
        "id" => {
            let invalid = || Invalid::new("lookupValue", "a UUID, since lookupField is id");
            product.id = Some(ProductId::parse(value).ok_or_else(invalid)?);
        }
        _ => return Err(wrong("lookupField", LOOKUP_FIELDS, field)),
    }
    Ok(product)
}

fn parse_action(word: Option<&str>) -> Result<FileAction, LineFault> {
    match word {
        Some("increment") => Ok(FileAction::Transaction(TransactionAction::Increment)),
        Some("decrement") => Ok(FileAction::Transaction(TransactionAction::Decrement)),
        Some("matchAvailable") => Ok(FileAction::SetAvailable),
        Some(word) => Err(wrong("action", ACTIONS, word)),
        None => Err(missing("action", ACTIONS)),
    }
}

fn missing(field: &str, words: &str) -> LineFault {
    LineFault(format!("{field} is missing: {words}"))
}

fn wrong(field: &str, words: &str, word: &str) -> LineFault {
    let word = repeated(word);
    LineFault(format!("{field} must be {words}, and is \"{word}\""))
}
