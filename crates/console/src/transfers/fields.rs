//! The fields that the forms for a new transfer and for editing one have in common.

use stockroom_domain::{
    Note, Reference, RequestedOrigin, RequestedPlace, Slug, Supplier, Timestamp, Transfer,
    TransferKind, TransferOrigin, TransferPlace,
};

use super::items::Items;
use super::words::NO_PLACE;
use crate::page::{moment, must, optional, told};

/// The fields, as they were typed.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// The location that the pieces come from, or the supplier.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) reference: String,
    pub(super) note: String,
    /// Time at which it is expected, in UTC.
    pub(super) expected: String,
    pub(super) items: Items,
    /// Whether more lines are wanted first.
    pub(super) wants_lines: bool,
}

impl Fields {
    /// The fields as a transfer has them.
    pub(super) fn of(transfer: &Transfer) -> Self {
        let reference = transfer.reference.as_ref().map(Reference::to_string);
        let note = transfer.note.as_ref().map(Note::to_string);
        Self {
            from: match &transfer.from {
                TransferOrigin::Place(place) => field(place),
                TransferOrigin::Supplier(supplier) => supplier.as_str().to_owned(),
            },
            to: field(&transfer.to),
            reference: reference.unwrap_or_default(),
            note: note.unwrap_or_default(),
            expected: transfer.expected_at.map(moment::field).unwrap_or_default(),
            items: Items::of(transfer),
            wants_lines: false,
        }
    }

    /// Takes a field, if it is one of these.
    pub(super) fn read(&mut self, name: &str, value: String) {
        match name {
            "from" => self.from = value,
            "to" => self.to = value,
            "reference" => self.reference = value,
            "note" => self.note = value,
            "expected" => self.expected = value,
            "step" => self.wants_lines = value == "lines",
            name => self.items.read(name, value),
        }
    }

    /// The origin.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn origin(&self, kind: TransferKind) -> Result<RequestedOrigin, String> {
        match kind {
            TransferKind::Internal => place(&self.from, "come from").map(RequestedOrigin::Place),
            TransferKind::Delivery => {
                let Some(supplier) = told(&self.from) else {
                    return Err("Write the name of the supplier.".to_owned());
                };
                let supplier = Supplier::new("The supplier", supplier);
                let supplier = supplier.map_err(|invalid| must("The supplier", &invalid))?;
                Ok(RequestedOrigin::Supplier(supplier))
            }
        }
    }

    /// The destination.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn destination(&self) -> Result<RequestedPlace, String> {
        place(&self.to, "go to")
    }

    /// The reference.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn reference(&self) -> Result<Option<Reference>, String> {
        optional("The reference", &self.reference, Reference::new)
    }

    /// The note.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn note(&self) -> Result<Option<Note>, String> {
        optional("The note", &self.note, Note::new)
    }

    /// Time at which it is expected.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn expected_at(&self) -> Result<Option<Timestamp>, String> {
        let Some(text) = told(&self.expected) else {
            return Ok(None);
        };
        let at = moment::moment(&text);
        at.map(Some)
            .ok_or_else(|| format!("“{text}” isn’t a date and time, such as 2026-03-01T08:00."))
    }
}

/// A place as its field shows it.
fn field(place: &TransferPlace) -> String {
    let slug = place.as_ref().map(|(_, slug)| Slug::as_str(slug));
    slug.unwrap_or(NO_PLACE).to_owned()
}

/// The place that a text means. `verb` says what the pieces do there.
fn place(text: &str, verb: &str) -> Result<RequestedPlace, String> {
    match told(text) {
        None => Err(format!(
            "Write the location that the pieces {verb}, or “{NO_PLACE}” for pieces without one."
        )),
        Some(text) if text == NO_PLACE => Ok(RequestedPlace::Unlocated),
        Some(text) => Ok(RequestedPlace::Location(text)),
    }
}
