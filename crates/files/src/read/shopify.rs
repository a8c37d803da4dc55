//! Lines of Shopify's inventory CSV, which has had three layouts: today's with `On hand (current)` and
//! `On hand (new)`, that of 2023 with `On hand`, and one with a column of available pieces for each location.

use std::borrow::Cow;

use stockroom_domain::{ProductText, TransactionAction};

use super::stockroom::Field;
use super::{FileAction, LineContent, LineMovements, Movement, NamedProduct};
use crate::error::{FileError, LineFault};
use crate::layout::{Column, check_unique};

const ON_HAND_NEW: &str = "on hand (new)";

/// The names of the columns whose figures count, the best first, for a file in which `On hand (new)` is
/// filled in.
const FIGURES: [&str; 5] = [
    ON_HAND_NEW,
    "on hand (current)",
    "on hand",
    "available",
    "available (not editable)",
];

/// The names of the other columns with figures.
const OTHER_FIGURES: [&str; 6] = [
    "incoming",
    "incoming (not editable)",
    "unavailable",
    "unavailable (not editable)",
    "committed",
    "committed (not editable)",
];

/// The text in place of a number where a location doesn't have a product.
const NOT_STOCKED: &str = "not stocked";

/// What is known of a column by its name alone.
enum Kind {
    Is(Column),
    Figure,
    Other,
}

fn kind(name: &str) -> Kind {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "sku" => Kind::Is(Column::Field(Field::Sku)),
        "title" => Kind::Is(Column::Field(Field::Name)),
        "location" => Kind::Is(Column::Field(Field::Location)),
        "handle" | "option1 name" | "option1 value" | "option2 name" | "option2 value"
        | "option3 name" | "option3 value" => Kind::Is(Column::Descriptive),
        "hs code" | "coo" | "bin name" | "barcode" => Kind::Is(Column::Ignored),
        "error" => Kind::Is(Column::Error),
        name if FIGURES.contains(&name) || OTHER_FIGURES.contains(&name) => Kind::Figure,
        _ => Kind::Other,
    }
}

/// Whether the column counts only if any of its cells is filled in.
pub(crate) fn is_optional(name: &str) -> bool {
    name.eq_ignore_ascii_case(ON_HAND_NEW)
}

/// The meaning of columns with these names, in a file in which `On hand (new)` is filled in, or not.
pub(crate) fn columns(names: &[String], new_is_filled: bool) -> Result<Vec<Column>, FileError> {
    check_unique(names, |name| match kind(name) {
        // Two locations may differ in case alone.
        Kind::Other => name.clone(),
        Kind::Is(_) | Kind::Figure => name.to_ascii_lowercase(),
    })?;
    let missing = |name: &str| {
        let name = name.to_owned();
        Err(FileError::MissingColumn { name })
    };
    let has = |known: &str| names.iter().any(|name| name.eq_ignore_ascii_case(known));
    if !has("sku") {
        return missing("SKU");
    }
    if has("location") {
        let Some(figure) = figure(has, new_is_filled) else {
            return missing("On hand (new), On hand (current), On hand or Available");
        };
        return Ok(names
            .iter()
            .map(|name| with_location(name, figure))
            .collect());
    }
    if !has("handle") {
        // Any other table would make locations of its columns.
        return missing("Location");
    }
    let kinds = names.iter().map(|name| match kind(name) {
        Kind::Is(column) => Some(column),
        // Its figures belong to locations that the file doesn't name.
        Kind::Figure => None,
        Kind::Other => Some(Column::AvailableAt(name.clone())),
    });
    let columns: Option<Vec<Column>> = kinds.collect();
    let is_location = |column: &Column| matches!(column, Column::AvailableAt(_));
    match columns {
        Some(columns) if columns.iter().any(is_location) => Ok(columns),
        _ => missing("Location"),
    }
}

/// The name of the column whose figures count.
fn figure(has: impl Fn(&str) -> bool, new_is_filled: bool) -> Option<&'static str> {
    let counts = |name: &&str| has(name) && (new_is_filled || *name != ON_HAND_NEW);
    let figure = FIGURES.into_iter().find(counts);
    if has(ON_HAND_NEW) && !figure.is_some_and(|name| name.starts_with("on hand")) {
        // A file to be filled in that nobody has filled in.
        return Some(ON_HAND_NEW);
    }
    figure
}

fn with_location(name: &str, figure: &str) -> Column {
    match kind(name) {
        Kind::Is(column) => column,
        Kind::Figure if name.eq_ignore_ascii_case(figure) => {
            if figure.starts_with("on hand") {
                Column::Total(name.to_owned())
            } else {
                Column::Available(name.to_owned())
            }
        }
        Kind::Figure | Kind::Other => Column::Ignored,
    }
}

/// What a cell for a figure has in it, unless it is empty or says that there is none.
pub(crate) fn figure_in(cell: &str) -> Option<&str> {
    let text = cell.trim_ascii();
    (!text.is_empty() && !text.eq_ignore_ascii_case(NOT_STOCKED)).then_some(text)
}

/// Whether a SKU is what such files have where there is none.
pub(crate) fn is_no_sku(sku: &str) -> bool {
    matches!(sku.trim(), "" | "-")
}

pub(super) fn read(columns: &[Column], cells: &[Cow<'_, str>]) -> Result<LineContent, LineFault> {
    let mut product = NamedProduct {
        sku_may_be_id: true,
        ..NamedProduct::default()
    };
    let mut location = None;
    let mut figures = Vec::new();
    for (column, cell) in columns.iter().zip(cells) {
        match column {
            Column::Field(Field::Sku) if !is_no_sku(cell) => {
                product.sku = Some(ProductText::new("SKU", &**cell)?);
            }
            Column::Field(Field::Name) if !cell.is_empty() => {
                product.name = Some(ProductText::new("Title", &**cell)?);
            }
            Column::Field(Field::Location) if !cell.is_empty() => {
                location = Some(super::location("Location", cell)?);
            }
            Column::Total(name) => {
                let action = FileAction::Transaction(TransactionAction::Set);
                figures.push((name, None, action, cell));
            }
            Column::Available(name) => figures.push((name, None, FileAction::SetAvailable, cell)),
            Column::AvailableAt(name) => {
                figures.push((name, Some(name), FileAction::SetAvailable, cell));
            }
            _ => {}
        }
    }
    if product.sku.is_none() {
        return Err(LineFault("SKU is empty".to_owned()));
    }
    let mut movements = Vec::new();
    for (name, at, action, cell) in figures {
        if let Some(text) = figure_in(cell) {
            movements.push(Movement {
                location: at.or(location.as_ref()).cloned(),
                action,
                quantity: super::quantity(name, text)?,
            });
        }
    }
    if movements.is_empty() {
        return Ok(LineContent::Skipped);
    }
    Ok(LineContent::Movements(LineMovements {
        product,
        movements,
        reason: None,
        reference: None,
        expect_available: None,
        expect_total: None,
    }))
}
