//! What somebody typed into a form of the product's page, and why it was refused.

use serde::Deserialize;
use stockroom_domain::{Annotation, Quantity, Reason, Reference};

use crate::page::{number_of, told};

/// The fields of all forms of the page: a form that is refused is shown again with them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// The form. It isn't a field: the handler says it.
    #[serde(skip)]
    pub(super) form: Form,
    /// The page that the form was on.
    pub(super) back: String,
    /// The slug of the location, or nothing.
    pub(super) place: String,
    /// The figures that the page showed.
    pub(super) seen: String,
    pub(super) change: String,
    /// `allocate` or `deallocate`; nothing if the change says it by its sign.
    pub(super) action: String,
    pub(super) reason: String,
    pub(super) reference: String,
    pub(super) counted: String,
    pub(super) as_of: String,
    pub(super) level: String,
    pub(super) minutes: String,
    /// The showing of the page that the form was on.
    pub(super) once: String,
    /// The reservation whose form it is.
    #[serde(skip)]
    pub(super) reservation: String,
}

/// A form of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    None,
    Change,
    Count,
    Create,
    Delete,
    Hold,
    SetAside,
}

impl Typed {
    pub(super) fn of_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    pub(super) fn is(&self, form: Form) -> bool {
        self.form == form
    }

    /// The location; `None` for the pieces without one.
    pub(super) fn place(&self) -> Option<String> {
        told(&self.place)
    }

    /// What the ledger will say of it.
    pub(super) fn annotation(&self) -> Result<Annotation, String> {
        let reason = told(&self.reason).map(|text| Reason::new("The reason", text));
        Ok(Annotation {
            reason: reason.transpose().map_err(|it| format!("{it}."))?,
            reference: self.reference()?,
        })
    }

    pub(super) fn reference(&self) -> Result<Option<Reference>, String> {
        let reference = told(&self.reference).map(|text| Reference::new("The reference", text));
        reference.transpose().map_err(|it| format!("{it}."))
    }
}

/// The whole number that a text means.
///
/// # Errors
/// A sentence for the person.
pub(super) fn number(text: &str) -> Result<Quantity, String> {
    number_of(text).ok_or_else(|| {
        let max = Quantity::MAX.get();
        format!("“{text}” isn't a whole number from 0 to {max}.")
    })
}
