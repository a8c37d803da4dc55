//! The steps of a transfer: allocating, shipping, cancelling, in whole or in parts; undoing a receipt; and
//! deleting a draft.

use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::StepRequest;
use stockroom_domain::{ReceiptId, RequestedStep, Transfer, TransferKind, TransferParts};

use super::one::{Again, At, answer, go_back, refuse};
use super::parts;
use super::words::{outdated, refused};
use crate::page::{Problem, Refused};
use crate::session::{Done, Visit};

/// The form.
#[derive(Default)]
struct Asked {
    /// The step that the button names, for parts.
    step: String,
    /// The version of the transfer that the form showed.
    version: String,
    /// The showing of the page that the form was on.
    once: String,
    /// The pieces of each line, as they were typed.
    parts: Vec<String>,
}

impl Asked {
    fn read(fields: Vec<(String, String)>, lines: usize) -> Self {
        let mut asked = Self {
            parts: vec![String::new(); lines],
            ..Self::default()
        };
        for (name, value) in fields {
            match name.as_str() {
                "step" => asked.step = value,
                "version" => asked.version = value,
                "once" => asked.once = value,
                name => {
                    let line = parts::line_of(name, &["line"]);
                    let part = line.and_then(|(_, line)| asked.parts.get_mut(line));
                    if let Some(part) = part {
                        *part = value;
                    }
                }
            }
        }
        asked
    }
}

/// The step of this name, and the query that tells of it.
fn step(
    name: &str,
    parts: Option<TransferParts>,
    kind: TransferKind,
) -> Result<(RequestedStep, &'static str), Problem> {
    Ok(match name {
        "ready" if parts.is_none() => (RequestedStep::Ready, "done=ready"),
        "ship" if kind == TransferKind::Delivery => (RequestedStep::Ship(parts), "done=ordered"),
        "ship" => (RequestedStep::Ship(parts), "done=shipped-off"),
        "cancel" => (RequestedStep::Cancel(parts), "done=transfer-cancelled"),
        _ => return Err(Problem::not_found()),
    })
}

/// A step that was taken.
pub(super) struct Taken {
    /// The transfer after it.
    pub(super) transfer: Transfer,
    /// Whether the form had been sent before, and so nothing was done now.
    pub(super) is_repeated: bool,
}

/// Takes a step, if the transfer has the version that the form showed. The same form does it once.
///
/// # Errors
/// [`Problem`] if the person can do nothing about it.
pub(super) async fn carry_out(
    visit: &Visit,
    transfer: &Transfer,
    step: RequestedStep,
    (once, version): (&str, &str),
) -> Result<Result<Taken, Refused>, Problem> {
    let Ok(version) = version.parse() else {
        return Ok(Err(outdated()));
    };
    let request = StepRequest {
        step,
        reason: None,
        expect_version: Some(version),
    };
    let once = visit.writer_once(once, &request)?;
    let taken = visit
        .stockroom()
        .take_step(&once.writer, transfer.id, request);
    match taken.await {
        Ok(transfer) => Ok(Ok(Taken {
            transfer,
            is_repeated: once.is_repeated(),
        })),
        Err(error) => Ok(Err(refused(visit, error).await?)),
    }
}

/// Takes a step, and goes back to the transfer.
pub(super) async fn take(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let transfer = at.transfer_to_change(&visit).await?;
    if at.step == "delete" {
        return delete(&visit, transfer).await;
    }
    let asked = Asked::read(fields, transfer.progress.lines.len());
    let is_part = at.step == "parts";
    let parts = is_part.then(|| parts::read(&transfer, &asked.parts));
    let refused = match parts.transpose() {
        Err(detail) => Refused::invalid(detail),
        Ok(parts) => {
            let name = if is_part { &asked.step } else { &at.step };
            let (step, done) = step(name, parts, transfer.progress.kind)?;
            let shown = (&*asked.once, &*asked.version);
            match carry_out(&visit, &transfer, step, shown).await? {
                Ok(taken) if taken.is_repeated => {
                    return Ok(go_back(&visit, transfer.id, "done=again"));
                }
                Ok(_) => return Ok(go_back(&visit, transfer.id, done)),
                Err(refused) => refused,
            }
        }
    };
    // It may be another one by now.
    let transfer = at.transfer(&visit).await?;
    let again = Again {
        parts: asked.parts,
        refused: Some(refused),
    };
    answer(&visit, &transfer, again, None).await
}

/// Deletes a draft, and goes to the list.
async fn delete(visit: &Visit, transfer: Transfer) -> Result<Response, Problem> {
    let deleted = visit
        .stockroom()
        .delete_transfer(visit.writer()?, transfer.id);
    match deleted.await {
        Ok(()) => Ok(Done::redirect(visit, "", "/transfers", "done=deleted")),
        Err(error) => {
            let refused = refused(visit, error).await?;
            refuse(visit, &transfer, refused).await
        }
    }
}

/// Undoes a receipt, and goes back to the transfer.
pub(super) async fn undo_receipt(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let transfer = at.transfer_to_change(&visit).await?;
    let receipt = ReceiptId::parse(&at.receipt).ok_or_else(Problem::not_found)?;
    // A receipt is undone once, whatever has happened to the transfer meanwhile.
    let request = StepRequest {
        step: RequestedStep::UndoReceipt(receipt),
        reason: None,
        expect_version: None,
    };
    let undone = visit.stockroom().take_step(writer, transfer.id, request);
    match undone.await {
        Ok(_) => Ok(go_back(&visit, transfer.id, "done=receipt-undone")),
        Err(error) => {
            let refused = refused(&visit, error).await?;
            let transfer = at.transfer(&visit).await?;
            refuse(&visit, &transfer, refused).await
        }
    }
}
