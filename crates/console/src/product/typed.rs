//! What somebody typed into a form of the product's page, and why it was refused.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stockroom_application::Error;
use stockroom_domain::{Annotation, Quantity, Reason, Reference};

use crate::page::{Problem, reason};

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
}

/// The reason why a form was refused, with the status for programs.
pub(super) type Refused = (StatusCode, String);

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

fn told(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The whole number that a text means.
///
/// # Errors
/// A sentence for the person.
pub(super) fn number(text: &str) -> Result<Quantity, String> {
    let digits: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u64>().ok().filter(|_| is_number);
    number.and_then(Quantity::new).ok_or_else(|| {
        let max = Quantity::MAX.get();
        format!("“{text}” isn't a whole number from 0 to {max}.")
    })
}

/// The reason why a change was refused, with the status for programs.
///
/// # Errors
/// [`Problem`] if the server failed, or has too much to do.
pub(crate) fn refused(error: Error) -> Result<(StatusCode, String), Problem> {
    let status = match &error {
        Error::Refused(refusal) => match Problem::from(refusal.clone()) {
            Problem::Told { status, .. } => status,
            Problem::Elsewhere(_) => StatusCode::UNPROCESSABLE_ENTITY,
        },
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, reason(error)?))
}

/// The query of the page that a form was on.
pub(crate) fn query_of<T: DeserializeOwned + Default>(back: &str) -> T {
    let uri = back.parse::<Uri>().ok();
    let query = uri.and_then(|uri| Query::try_from_uri(&uri).ok());
    query.map(|Query(query)| query).unwrap_or_default()
}
