//! The pieces of each line of a transfer, as they are typed into a form.

use stockroom_domain::{Quantity, Transfer, TransferParts};

use crate::page::number_of;

/// The number of the line that a field belongs to, if its name is `field.N`.
pub(super) fn line_of<'a>(name: &'a str, fields: &[&'a str]) -> Option<(&'a str, usize)> {
    let (field, line) = name.split_once('.')?;
    let line = line.parse().ok()?;
    fields.contains(&field).then_some((field, line))
}

/// The number of pieces that a field means; none if it is empty.
///
/// # Errors
/// A sentence for the person.
pub(super) fn number(text: &str) -> Result<Quantity, String> {
    if text.trim().is_empty() {
        return Ok(Quantity::ZERO);
    }
    number_of(text).ok_or_else(|| format!("“{text}” isn’t a whole number of pieces, such as 3."))
}

/// The pieces that were typed for the lines.
///
/// # Errors
/// A sentence for the person.
pub(super) fn read(transfer: &Transfer, typed: &[String]) -> Result<TransferParts, String> {
    let mut parts = TransferParts::new();
    for (line, text) in transfer.progress.lines.iter().zip(typed) {
        let pieces = number(text)?;
        if !pieces.is_zero() {
            parts.insert(line.product, pieces);
        }
    }
    if parts.is_empty() {
        return Err("Write beside a line how many pieces of it are meant.".to_owned());
    }
    Ok(parts)
}
