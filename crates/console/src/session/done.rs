//! The message about what was just done. A form redirects to a page whose query names it, so that it is shown
//! once, and nothing has to be kept. Figures come from the ledger, and never from the query.

use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use stockroom_domain::{BatchId, ProductId, ReceiptId, Recorded, TransactionId, TransferId};

use super::visit::Visit;
use crate::page::{Message, Number, Problem, arrived};

/// The part of a query that says what was done. Handlers take it with `Query<Done>`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    /// The word for it: see [`text`].
    #[serde(rename = "done")]
    word: Option<String>,
    /// The product and the entry that was written.
    #[serde(rename = "done_product")]
    product: Option<String>,
    #[serde(rename = "done_entry")]
    entry: Option<String>,
    /// The batch that was written.
    #[serde(rename = "done_batch")]
    batch: Option<String>,
    /// The transfer and the receipt that was made.
    #[serde(rename = "done_transfer")]
    transfer: Option<String>,
    #[serde(rename = "done_receipt")]
    receipt: Option<String>,
}

/// The parameters of [`Done`].
const PARAMETERS: [&str; 6] = [
    "done",
    "done_product",
    "done_entry",
    "done_batch",
    "done_transfer",
    "done_receipt",
];

impl Done {
    /// The query of a page that tells of one entry.
    pub(crate) fn entry(recorded: &Recorded) -> String {
        let (product, entry) = (recorded.product, recorded.entry.id);
        format!("done=entry&done_product={product}&done_entry={entry}")
    }

    /// The query of a page that tells of a batch.
    pub(crate) fn batch(batch: BatchId) -> String {
        format!("done=batch&done_batch={batch}")
    }

    /// The query of a page that tells of a receipt.
    pub(crate) fn receipt(transfer: TransferId, receipt: ReceiptId) -> String {
        format!("done=receipt&done_transfer={transfer}&done_receipt={receipt}")
    }

    /// Goes to a page of this console that tells what was done: `back`, which a form names, or else this
    /// screen.
    pub(crate) fn redirect(visit: &Visit, back: &str, screen: &str, done: &str) -> Response {
        let page = Self::address(visit, back, screen, done);
        Redirect::to(&page).into_response()
    }

    fn address(visit: &Visit, back: &str, screen: &str, done: &str) -> String {
        let is_own =
            back.starts_with(&visit.path("/")) && !back.contains("//") && !back.contains('\\');
        let back = if is_own {
            back.to_owned()
        } else {
            visit.path(screen)
        };
        let (path, old) = back.split_once('?').unwrap_or((&back, ""));
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(old.as_bytes()) {
            if !PARAMETERS.contains(&&*name) {
                query.append_pair(&name, &value);
            }
        }
        let query = query.finish();
        let separator = if query.is_empty() { "" } else { "&" };
        format!("{path}?{query}{separator}{done}")
    }

    /// The message; `None` if nothing was done.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(crate) async fn message(&self, visit: &Visit) -> Result<Option<Message>, Problem> {
        let Some(done) = self.word.as_deref() else {
            return Ok(None);
        };
        let product = self.product.as_deref().and_then(ProductId::parse);
        let entry = self.entry.as_deref().and_then(TransactionId::parse);
        if let (Some(product), Some(entry)) = (product, entry) {
            let found = visit
                .stockroom()
                .transaction(visit.administrator(), product, entry);
            let message = found.await?.map(|recorded| Message {
                text: told(&recorded),
                undo: can_be_undone(&recorded)
                    .then(|| visit.path(&format!("/products/{product}/ledger/{entry}/undo"))),
            });
            return Ok(message);
        }
        if let Some(batch) = self.batch.as_deref().and_then(BatchId::parse) {
            return Ok(Some(Message {
                text: "The changes were made, as one batch.".to_owned(),
                undo: Some(visit.path(&format!("/batches/{batch}/undo"))),
            }));
        }
        let transfer = self.transfer.as_deref().and_then(TransferId::parse);
        let receipt = self.receipt.as_deref().and_then(ReceiptId::parse);
        if let (Some(transfer), Some(receipt)) = (transfer, receipt) {
            return of_receipt(visit, transfer, receipt).await;
        }
        let text = text(done).map(|text| Message {
            text: text.to_owned(),
            undo: None,
        });
        Ok(text)
    }
}

/// The message about a receipt.
async fn of_receipt(
    visit: &Visit,
    transfer: TransferId,
    receipt: ReceiptId,
) -> Result<Option<Message>, Problem> {
    let found = visit
        .stockroom()
        .transfer(visit.administrator(), transfer)
        .await?;
    let receipts = found.map(|it| it.progress.receipts).unwrap_or_default();
    let found = receipts.iter().find(|it| it.id == receipt);
    Ok(found.map(|found| Message {
        text: format!("The receipt is entered: {}.", arrived(found)),
        undo: found
            .undone_at
            .is_none()
            .then(|| visit.path(&format!("/transfers/{transfer}/receipts/{receipt}/undo"))),
    }))
}

/// An entry in words.
fn told(recorded: &Recorded) -> String {
    let entry = &recorded.entry;
    let place = recorded
        .slug
        .as_ref()
        .map_or_else(String::new, |slug| format!(" in {slug}"));
    let verb = if entry.undoes.is_some() {
        "Undone"
    } else {
        "Done"
    };
    format!(
        "{verb}: {} {}{place}. Now {} available, {} allocated.",
        entry.action.as_str(),
        Number::from(entry.quantity),
        Number::from(entry.balance.available),
        Number::from(entry.balance.allocated),
    )
}

/// Whether an undo would be accepted, as far as the entry itself says.
fn can_be_undone(recorded: &Recorded) -> bool {
    recorded.entry.undoes.is_none()
}

/// The messages without figures.
fn text(done: &str) -> Option<&'static str> {
    Some(match done {
        "saved" => "Saved.",
        "created" => "Created.",
        "deleted" => "Deleted.",
        "revoked" => "Revoked. It stops working everywhere within a second.",
        "undone" => "Undone.",
        "batch-undone" => "The batch is undone.",
        "nothing" => "Nothing was to be changed.",
        "paid" => "The reservation is paid.",
        "aside" => "Set aside: the pieces aren't sold until they are released.",
        "again" => "The form had been sent before. It was carried out once.",
        "released" => "Released: the pieces can be sold again.",
        "extended" => "The reservation lasts longer now.",
        "fulfilled" => "Shipped: the pieces have left the stock.",
        "written-off" => "Written off: the pieces have left the stock.",
        "moved" => "Moved: the pieces are held at the other place now.",
        "edited" => "The order is changed.",
        "returned" => "The pieces came back.",
        "ready" => "Allocated: the pieces are held until they are shipped.",
        "shipped-off" => "Shipped: the pieces are under way.",
        "ordered" => "Ordered: the pieces are under way.",
        "transfer-cancelled" => "Cancelled: these pieces aren’t on their way any more.",
        "receipt-undone" => "The receipt is undone.",
        "cancelled" => "Cancelled.",
        "sent" => "Sent.",
        _ => return None,
    })
}
