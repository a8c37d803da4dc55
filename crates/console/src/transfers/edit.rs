//! Editing: all of a draft; of another transfer, what the ledger doesn't depend on.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::{Error, TransferUpdate};
use stockroom_domain::{
    Note, Patch, ProductId, Quantity, Reference, Refusal, Transfer, TransferId, TransferKind,
    TransferState,
};

use super::fields::Fields;
use super::one::{At, go_back};
use super::words::{noun, refused, title};
use crate::lookup::Places;
use crate::page::{Layout, Problem, Refused, Section, is_as_shown, patch, show_as};
use crate::session::Visit;

/// The form, as it was typed.
#[derive(Default)]
struct Asked {
    fields: Fields,
    /// The version of the transfer that the form showed.
    version: String,
}

impl Asked {
    fn of(transfer: &Transfer) -> Self {
        Self {
            fields: Fields::of(transfer),
            version: transfer.version.to_string(),
        }
    }

    fn read(sent: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in sent {
            match name.as_str() {
                "version" => asked.version = value,
                name => asked.fields.read(name, value),
            }
        }
        asked
    }

    /// The update, or why it makes no sense.
    async fn update(
        &self,
        visit: &Visit,
        transfer: &Transfer,
    ) -> Result<Result<TransferUpdate, String>, Problem> {
        let mut update = match self.texts(transfer) {
            Ok(update) => update,
            Err(detail) => return Ok(Err(detail)),
        };
        if is_draft(transfer) {
            let items = match self.fields.items.wanted(visit).await? {
                Ok(items) => items,
                Err(detail) => return Ok(Err(detail)),
            };
            let places = self.places(transfer, &mut update);
            if let Err(detail) = places {
                return Ok(Err(detail));
            }
            let lines = transfer.progress.lines.iter();
            let current: Vec<(ProductId, Quantity)> =
                lines.map(|line| (line.product, line.quantity)).collect();
            update.items = (items != current).then_some(items);
        }
        Ok(Ok(update))
    }

    /// The fields that can be changed in every state.
    fn texts(&self, transfer: &Transfer) -> Result<TransferUpdate, String> {
        let (typed, shown) = (&self.fields, Fields::of(transfer));
        let expected_at = if typed.expected.trim() == shown.expected {
            Patch::Keep
        } else {
            typed.expected_at()?.map_or(Patch::Clear, Patch::Set)
        };
        Ok(TransferUpdate {
            reference: patch(
                "The reference",
                &typed.reference,
                &shown.reference,
                Reference::new,
            )?,
            note: patch("The note", &typed.note, &shown.note, Note::new)?,
            expected_at,
            ..TransferUpdate::default()
        })
    }

    /// The places of a draft.
    fn places(&self, transfer: &Transfer, update: &mut TransferUpdate) -> Result<(), String> {
        let (typed, shown) = (&self.fields, Fields::of(transfer));
        if !is_as_shown(&typed.from, &shown.from) {
            update.from = Some(typed.origin(transfer.progress.kind)?);
        }
        if !is_as_shown(&typed.to, &shown.to) {
            update.to = Some(typed.destination()?);
        }
        Ok(())
    }
}

fn is_draft(transfer: &Transfer) -> bool {
    transfer.progress.state == TransferState::Draft
}

#[derive(Template)]
#[template(path = "transfers/edit.html")]
struct EditPage {
    layout: Layout,
    id: TransferId,
    title: String,
    noun: &'static str,
    is_delivery: bool,
    is_draft: bool,
    version: String,
    fields: Fields,
    places: Places,
    refused: Option<Refused>,
}

/// Shows the form.
pub(super) async fn show_form(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let transfer = at.transfer_to_change(&visit).await?;
    answer(&visit, &transfer, Asked::of(&transfer), None).await
}

/// Saves, and goes back to the transfer.
pub(super) async fn save(
    visit: Visit,
    Path(at): Path<At>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let transfer = at.transfer_to_change(&visit).await?;
    let mut asked = Asked::read(sent);
    if asked.fields.wants_lines {
        return answer(&visit, &transfer, asked, None).await;
    }
    if asked.version != transfer.version.to_string() {
        asked.version = transfer.version.to_string();
        let outdated = Refused::outdated(noun(transfer.progress.kind));
        return answer(&visit, &transfer, asked, Some(outdated)).await;
    }
    let refused = match asked.update(&visit, &transfer).await? {
        Err(detail) => Refused::invalid(detail),
        Ok(update) if update == TransferUpdate::default() => {
            return Ok(go_back(&visit, transfer.id, "done=nothing"));
        }
        Ok(update) => {
            let update = TransferUpdate {
                expect_version: Some(transfer.version),
                ..update
            };
            let saved = visit
                .stockroom()
                .update_transfer(writer, transfer.id, update);
            match saved.await {
                Ok(_) => return Ok(go_back(&visit, transfer.id, "done=saved")),
                Err(Error::Refused(Refusal::VersionIs { version })) => {
                    asked.version = version.to_string();
                    Refused::outdated(noun(transfer.progress.kind))
                }
                Err(error) => refused(&visit, error).await?,
            }
        }
    };
    // It may be another one by now.
    let transfer = at.transfer(&visit).await?;
    answer(&visit, &transfer, asked, Some(refused)).await
}

async fn answer(
    visit: &Visit,
    transfer: &Transfer,
    mut asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let kind = transfer.progress.kind;
    let items = std::mem::take(&mut asked.fields.items);
    let items = items.with_empty(visit).await?;
    let page = EditPage {
        layout: visit
            .layout(&format!("Edit {}", noun(kind)), Section::Transfers)
            .await?,
        id: transfer.id,
        title: title(transfer),
        noun: noun(kind),
        is_delivery: kind == TransferKind::Delivery,
        is_draft: is_draft(transfer),
        version: asked.version,
        fields: Fields {
            items,
            ..asked.fields
        },
        places: Places::of(visit).await?,
        refused,
    };
    show_as(status, &page)
}
