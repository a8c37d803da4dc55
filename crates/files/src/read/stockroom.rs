//! Lines of our own profile.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    Invalid, ProductId, ProductText, Quantity, Reason, Reference, TransactionAction,
};

use super::{FileAction, LineContent, LineMovements, Movement, NamedProduct, json};
use crate::error::{FileError, LineFault, repeated};
use crate::layout::{Column, check_unique};

/// The actions, as a person who left one out needs to read them.
const ACTIONS: &str =
    "increment, decrement, set (the new total), set_available, allocate or deallocate";

/// A field that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Field {
    ProductId,
    Sku,
    ExternalRef,
    Name,
    Location,
    Action,
    Quantity,
    Reason,
    Reference,
    ExpectAvailable,
    ExpectTotal,
    SafetyStock,
    LowAt,
    LowRearmAt,
}

impl Field {
    /// The fields of a line that moves stock.
    pub(crate) const OF_STOCK: [Self; 11] = [
        Self::ProductId,
        Self::Sku,
        Self::ExternalRef,
        Self::Name,
        Self::Location,
        Self::Action,
        Self::Quantity,
        Self::Reason,
        Self::Reference,
        Self::ExpectAvailable,
        Self::ExpectTotal,
    ];

    /// The fields of a line that changes a policy.
    pub(crate) const OF_POLICIES: [Self; 7] = [
        Self::ProductId,
        Self::Sku,
        Self::ExternalRef,
        Self::Location,
        Self::SafetyStock,
        Self::LowAt,
        Self::LowRearmAt,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::ProductId => "product_id",
            Self::Sku => "sku",
            Self::ExternalRef => "external_ref",
            Self::Name => "name",
            Self::Location => "location",
            Self::Action => "action",
            Self::Quantity => "quantity",
            Self::Reason => "reason",
            Self::Reference => "reference",
            Self::ExpectAvailable => "expect_available",
            Self::ExpectTotal => "expect_total",
            Self::SafetyStock => "safety_stock",
            Self::LowAt => "low_at",
            Self::LowRearmAt => "low_rearm_at",
        }
    }

    const fn is_quantity(self) -> bool {
        matches!(
            self,
            Self::Quantity
                | Self::ExpectAvailable
                | Self::ExpectTotal
                | Self::SafetyStock
                | Self::LowAt
                | Self::LowRearmAt
        )
    }
}

/// The fields that an export has for people, and the column of a file of failed lines.
const IGNORED: [&str; 4] = ["available", "allocated", "total", "error"];

/// A field that a line may have.
#[derive(PartialEq)]
enum Known {
    Field(Field),
    Ignored(&'static str),
}

fn known(name: &str, fields: &[Field]) -> Option<Known> {
    let mut fields = fields.iter().copied();
    let field = fields.find(|field| field.as_str() == name);
    let mut ignored = IGNORED.into_iter();
    let ignored = ignored.find(|ignored| *ignored == name);
    field.map(Known::Field).or(ignored.map(Known::Ignored))
}

/// The meaning of columns with these names, in a file whose lines have these fields.
pub(crate) fn columns(names: &[String], fields: &[Field]) -> Result<Vec<Column>, FileError> {
    let columns = names.iter().map(|name| column(name, fields));
    let columns: Vec<Column> = columns.collect::<Result<_, _>>()?;
    check_unique(names, |name| name.to_ascii_lowercase())?;
    let has = |fields: &[Field]| {
        let mut fields = fields.iter();
        fields.any(|field| columns.contains(&Column::Field(*field)))
    };
    let needed: [(&[Field], &str); 4] = [
        (
            &[Field::ProductId, Field::Sku, Field::ExternalRef],
            "product_id, sku or external_ref",
        ),
        (&[Field::Action], Field::Action.as_str()),
        (&[Field::Quantity], Field::Quantity.as_str()),
        (
            &[Field::SafetyStock, Field::LowAt],
            "safety_stock or low_at",
        ),
    ];
    let is_of_file = |some: &[Field]| some.iter().any(|field| fields.contains(field));
    let mut needed = needed.into_iter().filter(|(some, _)| is_of_file(some));
    match needed.find(|(some, _)| !has(some)) {
        Some((_, name)) => Err(FileError::MissingColumn {
            name: name.to_owned(),
        }),
        None => Ok(columns),
    }
}

fn column(name: &str, fields: &[Field]) -> Result<Column, FileError> {
    match known(&name.to_ascii_lowercase(), fields) {
        Some(Known::Field(field)) => Ok(Column::Field(field)),
        Some(Known::Ignored("error")) => Ok(Column::Error),
        Some(Known::Ignored(_)) => Ok(Column::Ignored),
        None => Err(FileError::UnknownColumn {
            name: name.to_owned(),
            known: fields
                .iter()
                .map(|field| field.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

pub(super) fn read_row(
    columns: &[Column],
    cells: &[Cow<'_, str>],
) -> Result<LineContent, LineFault> {
    Values::of_row(columns, cells).movement()
}

pub(super) fn read_object(line: &str) -> Result<LineContent, LineFault> {
    Values::of_object(line, &Field::OF_STOCK)?.movement()
}

/// The fields of a line that aren't empty.
pub(super) struct Values<'a>(Vec<(Field, Cow<'a, str>)>);

impl<'a> Values<'a> {
    pub(super) fn of_row(columns: &[Column], cells: &'a [Cow<'_, str>]) -> Self {
        let named = columns.iter().zip(cells);
        let values = named.filter_map(|(column, cell)| match column {
            Column::Field(field) if !cell.is_empty() => Some((*field, Cow::Borrowed(&**cell))),
            _ => None,
        });
        Self(values.collect())
    }

    /// Those of an object that may have `fields`.
    pub(super) fn of_object(line: &'a str, fields: &[Field]) -> Result<Self, LineFault> {
        let mut values = Vec::new();
        for (known, value) in json::known_fields(line, |name| known(name, fields))? {
            let Known::Field(field) = known else {
                continue;
            };
            let value = if field.is_quantity() {
                json::number(value)
            } else {
                json::text(field.as_str(), value)?.map(Cow::Owned)
            };
            values.extend(value.map(|value| (field, value)));
        }
        Ok(Self(values))
    }

    pub(super) fn product(&self) -> Result<NamedProduct, LineFault> {
        let product = NamedProduct {
            id: self.id()?,
            sku: self.parse(Field::Sku, ProductText::new)?,
            external_ref: self.parse(Field::ExternalRef, ProductText::new)?,
            name: self.parse(Field::Name, ProductText::new)?,
            sku_may_be_id: false,
        };
        if product.id.is_none() && product.sku.is_none() && product.external_ref.is_none() {
            let fault = "product_id, sku or external_ref must name the product";
            return Err(LineFault(fault.to_owned()));
        }
        Ok(product)
    }

    pub(super) fn location(&self) -> Result<Option<String>, LineFault> {
        let location = self.get(Field::Location);
        let location = location.map(|text| super::location(Field::Location.as_str(), text));
        location.transpose()
    }

    fn movement(&self) -> Result<LineContent, LineFault> {
        let product = self.product()?;
        let movement = Movement {
            location: self.location()?,
            action: self.action()?,
            quantity: self
                .quantity(Field::Quantity)?
                .ok_or_else(|| LineFault("quantity is missing".to_owned()))?,
        };
        Ok(LineContent::Movements(LineMovements {
            product,
            movements: vec![movement],
            reason: self.parse(Field::Reason, Reason::new)?,
            reference: self.parse(Field::Reference, Reference::new)?,
            expect_available: self.quantity(Field::ExpectAvailable)?,
            expect_total: self.quantity(Field::ExpectTotal)?,
        }))
    }

    fn get(&self, field: Field) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| *known == field);
        value.map(|(_, value)| &**value)
    }

    /// A field in which white space means nothing.
    pub(super) fn trimmed(&self, field: Field) -> Option<&str> {
        self.get(field)
            .map(str::trim_ascii)
            .filter(|text| !text.is_empty())
    }

    fn parse<T>(
        &self,
        field: Field,
        new: impl Fn(&'static str, String) -> Result<T, Invalid>,
    ) -> Result<Option<T>, LineFault> {
        let value = self.get(field);
        let parsed = value.map(|text| new(field.as_str(), text.to_owned()));
        Ok(parsed.transpose()?)
    }

    fn id(&self) -> Result<Option<ProductId>, LineFault> {
        let invalid = || Invalid::new(Field::ProductId.as_str(), "a UUID");
        let id = self.trimmed(Field::ProductId);
        let id = id.map(|text| ProductId::parse(text).ok_or_else(invalid));
        Ok(id.transpose()?)
    }

    fn action(&self) -> Result<FileAction, LineFault> {
        let Some(word) = self.trimmed(Field::Action) else {
            return Err(LineFault(format!("action is missing: {ACTIONS}")));
        };
        if word == "set_available" {
            return Ok(FileAction::SetAvailable);
        }
        let action = TransactionAction::from_word(word).map(FileAction::Transaction);
        action.ok_or_else(|| {
            let word = repeated(word);
            LineFault(format!("action must be {ACTIONS}, and is \"{word}\""))
        })
    }

    pub(super) fn quantity(&self, field: Field) -> Result<Option<Quantity>, LineFault> {
        let text = self.trimmed(field);
        text.map(|text| super::quantity(field.as_str(), text))
            .transpose()
    }
}
