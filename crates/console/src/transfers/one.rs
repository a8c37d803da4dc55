//! One transfer or delivery: where its pieces are, what arrived, and what can be done with it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_domain::{
    Note, ProductId, Quantity, Reference, Transfer, TransferId, TransferKind, TransferLine,
    TransferState,
};

use super::receipts::{self, Shown};
use super::words::{badge, is_overdue, noun, origin, place, state_name, sum, title, under_way};
use crate::lookup::Titles;
use crate::page::{Layout, Message, Number, Problem, Refused, Section, TimeTag, show_as};
use crate::session::{Done, Visit};

/// The path of a screen of a transfer.
#[derive(Deserialize)]
pub(super) struct At {
    id: String,
    #[serde(default)]
    pub(super) step: String,
    #[serde(default)]
    pub(super) receipt: String,
}

impl At {
    /// The transfer that the path names.
    pub(super) async fn transfer(&self, visit: &Visit) -> Result<Transfer, Problem> {
        let id = TransferId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let found = visit.stockroom().transfer(visit.administrator(), id);
        found.await?.ok_or_else(Problem::not_found)
    }

    /// The same, if the person may change it.
    pub(super) async fn transfer_to_change(&self, visit: &Visit) -> Result<Transfer, Problem> {
        visit.writer()?;
        let transfer = self.transfer(visit).await?;
        visit.caller().actor.may_administer(transfer.owner)?;
        Ok(transfer)
    }
}

/// Goes back to the page of a transfer, with the query that tells what was done.
pub(super) fn go_back(visit: &Visit, id: TransferId, done: &str) -> Response {
    Done::redirect(visit, "", &format!("/transfers/{id}"), done)
}

/// The form for parts, when it is shown again.
#[derive(Default)]
pub(super) struct Again {
    /// The pieces of each line.
    pub(super) parts: Vec<String>,
    /// Why nothing was done.
    pub(super) refused: Option<Refused>,
}

/// A line.
struct Line {
    /// Its place in the transfer, counted from 0.
    index: usize,
    product: ProductId,
    title: String,
    sku: String,
    quantity: Number,
    allocated: Number,
    under_way: Number,
    received: Number,
    damaged: Number,
    missing: Number,
    cancelled: Number,
    surplus: Number,
    /// Whether a part of it can be shipped or cancelled.
    has_part: bool,
    /// The pieces that were typed for it.
    typed: String,
}

#[derive(Template)]
#[template(path = "transfers/one.html")]
struct TransferPage {
    layout: Layout,
    id: TransferId,
    noun: &'static str,
    from: String,
    to: String,
    state: TransferState,
    kind: TransferKind,
    badge: &'static str,
    expected_at: Option<TimeTag>,
    is_overdue: bool,
    reference: Option<String>,
    note: Vec<String>,
    made_by: Option<String>,
    created_at: TimeTag,
    updated_at: TimeTag,
    changes: Number,
    version: u64,
    lines: Vec<Line>,
    allocated: Number,
    under_way: Number,
    receipts: Vec<Shown>,
    is_shared: bool,
    may_edit: bool,
    refused: Option<Refused>,
}

impl TransferPage {
    fn is_delivery(&self) -> bool {
        self.kind == TransferKind::Delivery
    }

    fn is_draft(&self) -> bool {
        self.state == TransferState::Draft
    }

    fn state_name(&self) -> &'static str {
        state_name(self.state)
    }

    fn can_allocate(&self) -> bool {
        self.may_edit && self.is_draft() && !self.is_delivery()
    }

    fn can_ship(&self) -> bool {
        self.may_edit && (self.is_draft() || self.allocated.0 > 0)
    }

    fn can_ship_parts(&self) -> bool {
        self.can_ship() && !self.is_delivery()
    }

    fn can_receive(&self) -> bool {
        self.may_edit && self.under_way.0 > 0
    }

    fn can_cancel(&self) -> bool {
        self.may_edit && self.state.is_open()
    }

    fn has_parts(&self) -> bool {
        self.can_ship_parts() || self.can_cancel()
    }

    fn can_delete(&self) -> bool {
        self.may_edit && self.is_draft()
    }
}

/// Shows a transfer.
pub(super) async fn show_one(
    visit: Visit,
    Path(at): Path<At>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let transfer = at.transfer(&visit).await?;
    let message = done.message(&visit).await?;
    answer(&visit, &transfer, Again::default(), message).await
}

/// The page of a transfer, with the reason why nothing was done.
pub(super) async fn refuse(
    visit: &Visit,
    transfer: &Transfer,
    refused: Refused,
) -> Result<Response, Problem> {
    let again = Again {
        refused: Some(refused),
        ..Again::default()
    };
    answer(visit, transfer, again, None).await
}

/// The page of a transfer, perhaps with a form that is shown again.
pub(super) async fn answer(
    visit: &Visit,
    transfer: &Transfer,
    again: Again,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let progress = &transfer.progress;
    let (kind, state) = (progress.kind, progress.state);
    let layout = visit.layout(&heading(transfer), Section::Transfers).await?;
    let titles = Titles::of(visit, progress.lines.iter().map(|line| line.product)).await?;
    let lines = progress.lines.iter().enumerate();
    let lines = lines.map(|(index, it)| {
        let typed = again.parts.get(index).cloned().unwrap_or_default();
        line(index, it, state, typed, &titles)
    });
    let may_administer = visit.caller().actor.may_administer(transfer.owner);
    let note = transfer.note.as_ref().map_or("", Note::as_str);
    let page = TransferPage {
        id: transfer.id,
        noun: noun(kind),
        from: origin(&transfer.from),
        to: place(&transfer.to),
        state,
        kind,
        badge: badge(state),
        expected_at: transfer.expected_at.map(TimeTag),
        is_overdue: is_overdue(transfer, visit.stockroom().now()),
        reference: transfer.reference.as_ref().map(Reference::to_string),
        note: note.lines().map(ToOwned::to_owned).collect(),
        made_by: made_by(transfer),
        created_at: TimeTag(transfer.created_at),
        updated_at: TimeTag(transfer.updated_at),
        changes: transfer.version.saturating_sub(1).into(),
        version: transfer.version,
        lines: lines.collect(),
        allocated: sum(transfer, |line| line.allocated).into(),
        under_way: under_way(transfer).into(),
        receipts: receipts::shown(transfer, &titles),
        is_shared: transfer.owner != visit.acting(),
        may_edit: layout.may_change && may_administer.is_ok(),
        layout: layout.with(message),
        refused: again.refused,
    };
    show_as(Refused::status(page.refused.as_ref()), &page)
}

fn made_by(transfer: &Transfer) -> Option<String> {
    let name = transfer.actor.as_ref()?.name.as_ref()?;
    Some(name.to_string())
}

/// The words for a transfer, as the title of its page.
fn heading(transfer: &Transfer) -> String {
    let mut words = title(transfer);
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn line(
    index: usize,
    line: &TransferLine,
    state: TransferState,
    typed: String,
    titles: &Titles,
) -> Line {
    let is_open = state == TransferState::Draft || line.open() != Quantity::ZERO;
    Line {
        index,
        product: line.product,
        title: titles.title(line.product),
        sku: titles.sku(line.product),
        quantity: line.quantity.into(),
        allocated: line.allocated.into(),
        under_way: line.in_transit.into(),
        received: line.received.into(),
        damaged: line.damaged.into(),
        missing: line.missing.into(),
        cancelled: line.cancelled.into(),
        surplus: line.surplus.into(),
        has_part: is_open,
        typed,
    }
}
