//! The list of transfers and deliveries.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::Page;
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::TransferCondition;
use stockroom_domain::{Reference, Timestamp, Transfer, TransferId, TransferLine, TransferState};

use super::words::{badge, is_overdue, noun, origin, place, state_name, sum, under_way};
use crate::lookup::{Titles, product_named};
use crate::page::{
    Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, query, show_as,
};
use crate::session::{Done, Visit};

/// The states that can be chosen: a word for the address, one for people, and the states.
const STATES: [(&str, &str, &[TransferState]); 7] = [
    (
        "",
        "Open",
        &[
            TransferState::Draft,
            TransferState::Ready,
            TransferState::InTransit,
        ],
    ),
    ("draft", "Draft", &[TransferState::Draft]),
    ("ready", "Ready", &[TransferState::Ready]),
    ("in_transit", "Under way", &[TransferState::InTransit]),
    ("received", "Received", &[TransferState::Received]),
    ("cancelled", "Cancelled", &[TransferState::Cancelled]),
    ("all", "All", &TransferState::ALL),
];

/// The words for one kind in the address.
const TRANSFERS: &str = "transfer";
const DELIVERIES: &str = "delivery";

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The state, such as `draft`.
    state: String,
    /// `transfer` or `delivery`, for one of both kinds.
    kind: String,
    /// The beginning of the reference.
    reference: String,
    /// A product, by id or SKU.
    product: String,
    /// The transfer after which the page begins.
    after: String,
}

/// A transfer in the list.
struct Row {
    id: TransferId,
    noun: &'static str,
    from: String,
    to: String,
    state: &'static str,
    badge: &'static str,
    /// The first product, and words for the others.
    what: (String, String),
    /// The pieces that are to be shipped or received still.
    open: Number,
    under_way: Number,
    expected_at: Option<TimeTag>,
    is_overdue: bool,
    reference: String,
    created_at: TimeTag,
}

fn row(transfer: &Transfer, titles: &Titles, now: Timestamp) -> Row {
    let (state, lines) = (transfer.progress.state, &transfer.progress.lines);
    let is_draft = state == TransferState::Draft;
    let open = |line: &TransferLine| if is_draft { line.quantity } else { line.open() };
    let first = lines.first().map(|line| titles.title(line.product));
    let more = match lines.len().saturating_sub(1) {
        0 => String::new(),
        1 => " and 1 more line".to_owned(),
        more => format!(" and {more} more lines"),
    };
    Row {
        id: transfer.id,
        noun: noun(transfer.progress.kind),
        from: origin(&transfer.from),
        to: place(&transfer.to),
        state: state_name(state),
        badge: badge(state),
        what: (first.unwrap_or_default(), more),
        open: sum(transfer, open).into(),
        under_way: under_way(transfer).into(),
        expected_at: transfer.expected_at.map(TimeTag),
        is_overdue: is_overdue(transfer, now),
        reference: transfer
            .reference
            .as_ref()
            .map(Reference::to_string)
            .unwrap_or_default(),
        created_at: TimeTag(transfer.created_at),
    }
}

/// A link to another list.
struct Chip {
    text: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "transfers/list.html")]
struct TransfersPage {
    layout: Layout,
    wanted: Wanted,
    chips: Vec<Chip>,
    /// The kinds that can be chosen.
    kinds: [(&'static str, &'static str); 3],
    rows: Vec<Row>,
    pager: Pager,
    is_filtered: bool,
    /// Why the filter makes no sense.
    problem: Option<String>,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Transfers", Section::Transfers).await?;
    let path = visit.path("/transfers");
    let (page, problem) = match filter(&visit, &wanted).await? {
        Ok(filter) => {
            let request = page_after(PAGE_ROWS, TransferId::parse(&wanted.after));
            let stockroom = visit.stockroom();
            let page = stockroom.list_transfers(visit.administrator(), &filter, request);
            (page.await?, None)
        }
        Err(problem) => (Page::empty(), Some(problem)),
    };
    let firsts = page.items.iter().filter_map(|it| it.progress.lines.first());
    let titles = Titles::of(&visit, firsts.map(|line| line.product)).await?;
    let now = visit.stockroom().now();
    let next = page.next.map(|id| id.to_string());
    let pager = Pager::new(&page, wanted.after.is_empty(), &path, &kept(&wanted), next);
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = TransfersPage {
        layout: layout.with(message),
        chips: chips(&wanted, &path),
        kinds: [
            ("", "Both"),
            (TRANSFERS, "Transfers"),
            (DELIVERIES, "Deliveries"),
        ],
        rows: page.items.iter().map(|it| row(it, &titles, now)).collect(),
        pager,
        is_filtered: kept(&wanted).iter().any(|(_, value)| !value.is_empty()),
        wanted,
        problem,
    };
    show_as(status, &page)
}

/// The conditions that the address names, or why they make no sense.
async fn filter(
    visit: &Visit,
    wanted: &Wanted,
) -> Result<Result<Vec<TransferCondition>, String>, Problem> {
    let mut filter = Vec::new();
    if wanted.state != "all" {
        let mut states = STATES.iter();
        let state = states.find(|(word, ..)| *word == wanted.state);
        let states = state.map_or([].as_slice(), |(_, _, states)| states);
        filter.push(TransferCondition::State(states.to_vec()));
    }
    match wanted.kind.as_str() {
        TRANSFERS => filter.push(TransferCondition::Supplier(TextCondition::IsNull)),
        // Every supplier begins with nothing.
        DELIVERIES => filter.push(TransferCondition::Supplier(TextCondition::beginning(""))),
        _ => {}
    }
    if !wanted.reference.is_empty() {
        let reference = TextCondition::beginning(&wanted.reference);
        filter.push(TransferCondition::Reference(reference));
    }
    if !wanted.product.is_empty() {
        let Some(product) = product_named(visit, &wanted.product).await? else {
            let text = &wanted.product;
            return Ok(Err(format!("No product has the id or SKU “{text}”.")));
        };
        filter.push(TransferCondition::Product(vec![product]));
    }
    Ok(Ok(filter))
}

/// The parameters that all pages of the list have.
fn kept(wanted: &Wanted) -> Vec<(&'static str, &str)> {
    vec![
        ("state", &wanted.state),
        ("kind", &wanted.kind),
        ("reference", &wanted.reference),
        ("product", &wanted.product),
    ]
}

fn chips(wanted: &Wanted, path: &str) -> Vec<Chip> {
    let chips = STATES.iter().map(|(word, text, _)| {
        let mut parameters = kept(wanted);
        parameters.retain(|(name, _)| *name != "state");
        parameters.insert(0, ("state", word));
        Chip {
            text,
            href: query(path, &parameters),
            is_current: *word == wanted.state,
        }
    });
    chips.collect()
}
