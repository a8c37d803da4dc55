//! The list of reservations.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::Page;
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{
    Quantity, Reservation, ReservationId, ReservationStatus, ReservedLine, Timestamp,
};

use super::{Next, badge, next_to_run_out, state_name, time_left, title};
use crate::lookup::{Titles, product_named};
use crate::page::{
    Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, pieces, query, show_as,
};
use crate::session::{Done, Visit};

/// The states that can be chosen: a word for the address, one for people, and the states.
const STATES: [(&str, &str, &[ReservationStatus]); 8] = [
    (
        "",
        "Open",
        &[ReservationStatus::Pending, ReservationStatus::Paid],
    ),
    ("pending", "Not paid", &[ReservationStatus::Pending]),
    ("paid", "To be shipped", &[ReservationStatus::Paid]),
    ("held", "Set aside", &[ReservationStatus::Held]),
    ("fulfilled", "Shipped", &[ReservationStatus::Fulfilled]),
    ("released", "Released", &[ReservationStatus::Released]),
    ("expired", "Ran out", &[ReservationStatus::Expired]),
    ("all", "All", &ReservationStatus::ALL),
];

/// The word for the order in which reservations run out.
const NEXT: &str = "next";

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The state, such as `paid`.
    state: String,
    /// The beginning of the order.
    order: String,
    /// The beginning of the reason why pieces are set aside.
    reason: String,
    /// A product, by id or SKU.
    product: String,
    /// `next` for those first that run out next.
    sort: String,
    /// The reservation after which the page begins.
    after: String,
}

/// A reservation in a list.
pub(crate) struct Row {
    pub(crate) id: ReservationId,
    pub(crate) title: String,
    pub(crate) state: &'static str,
    pub(crate) badge: &'static str,
    /// What it holds, or held: the first item, and words for the others.
    pub(crate) what: What,
    /// The pieces that are neither shipped nor released.
    pub(crate) open: Number,
    pub(crate) left: Option<String>,
    pub(crate) expires_at: Option<TimeTag>,
    pub(crate) created_at: TimeTag,
}

/// The items of a reservation, in short.
#[derive(Default)]
pub(crate) struct What {
    pub(crate) pieces: String,
    pub(crate) name: String,
    pub(crate) more: String,
}

impl Row {
    /// These reservations as rows.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(crate) async fn of(visit: &Visit, found: &[Reservation]) -> Result<Vec<Self>, Problem> {
        let firsts = found.iter().filter_map(|it| it.lines.first());
        let titles = Titles::of(visit, firsts.map(|line| line.key.product)).await?;
        let now = visit.stockroom().now();
        Ok(found.iter().map(|it| row(it, &titles, now)).collect())
    }
}

fn row(reservation: &Reservation, titles: &Titles, now: Timestamp) -> Row {
    let items = reservation.items();
    let what = items.first().map(|item| What {
        pieces: pieces(item.quantity()),
        name: titles.title(item.product),
        more: match items.len().saturating_sub(1) {
            0 => String::new(),
            1 => " and 1 more line".to_owned(),
            more => format!(" and {more} more lines"),
        },
    });
    let open = reservation.lines.iter().map(ReservedLine::open);
    let open = open.fold(Quantity::ZERO, Quantity::saturating_add);
    Row {
        id: reservation.id,
        title: title(reservation),
        state: state_name(reservation),
        badge: badge(reservation.state),
        what: what.unwrap_or_default(),
        open: open.into(),
        left: time_left(reservation.state, now),
        expires_at: reservation.state.expires_at().map(TimeTag),
        created_at: TimeTag(reservation.created_at),
    }
}

/// A link to another list.
struct Chip {
    text: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "reservations/list.html")]
struct ReservationsPage {
    layout: Layout,
    wanted: Wanted,
    chips: Vec<Chip>,
    rows: Vec<Row>,
    pager: Pager,
    /// What is said of the order.
    note: Option<&'static str>,
    /// Whether there may be reasons in the list.
    has_reasons: bool,
    /// The address of the other order, and its words.
    other: (String, &'static str),
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
    let layout = visit.layout("Reservations", Section::Reservations).await?;
    let path = visit.path("/reservations");
    let (filter, problem) = match filter(&visit, &wanted).await? {
        Ok(filter) => (filter, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let (page, note) = match &problem {
        Some(_) => (Page::empty(), None),
        None if wanted.sort == NEXT => sorted(&visit, &filter).await?,
        None => (as_created(&visit, &wanted, filter).await?, None),
    };
    let next = page.next.map(|id| id.to_string());
    let pager = Pager::new(&page, wanted.after.is_empty(), &path, &kept(&wanted), next);
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = ReservationsPage {
        layout: layout.with(message),
        chips: chips(&wanted, &path),
        rows: Row::of(&visit, &page.items).await?,
        pager,
        note,
        has_reasons: has_reasons(&wanted.state) || !wanted.reason.is_empty(),
        other: other_order(&wanted, &path),
        is_filtered: !(wanted.order.is_empty()
            && wanted.reason.is_empty()
            && wanted.product.is_empty()
            && wanted.state.is_empty()),
        wanted,
        problem,
    };
    show_as(status, &page)
}

type Found = Page<Reservation, ReservationId>;

/// The conditions that the address names, but for the state; or why they make no sense.
async fn filter(
    visit: &Visit,
    wanted: &Wanted,
) -> Result<Result<Vec<ReservationCondition>, String>, Problem> {
    let mut filter = Vec::new();
    if !wanted.order.is_empty() {
        let order = TextCondition::beginning(&wanted.order);
        filter.push(ReservationCondition::OrderId(order));
    }
    if !wanted.reason.is_empty() {
        let reason = TextCondition::beginning(&wanted.reason);
        filter.push(ReservationCondition::HoldReason(reason));
    }
    if !wanted.product.is_empty() {
        let Some(product) = product_named(visit, &wanted.product).await? else {
            let text = &wanted.product;
            return Ok(Err(format!("No product has the id or SKU “{text}”.")));
        };
        filter.push(ReservationCondition::Product(vec![product]));
    }
    Ok(Ok(filter))
}

async fn sorted(
    visit: &Visit,
    filter: &[ReservationCondition],
) -> Result<(Found, Option<&'static str>), Problem> {
    let next = next_to_run_out(visit, filter, PAGE_ROWS as usize).await?;
    let Next {
        found,
        has_more,
        is_rough,
    } = next;
    let note = if is_rough {
        Some("So many run out at once that only the oldest of them are looked at.")
    } else if has_more {
        Some("Only those that run out next are shown.")
    } else {
        None
    };
    let total = (!has_more).then_some(found.len() as u64);
    let page = Page {
        items: found,
        total,
        next: None,
    };
    Ok((page, note))
}

async fn as_created(
    visit: &Visit,
    wanted: &Wanted,
    mut filter: Vec<ReservationCondition>,
) -> Result<Found, Problem> {
    if wanted.state != "all" {
        let mut states = STATES.iter();
        let state = states.find(|(word, ..)| *word == wanted.state);
        let statuses = state.map_or([].as_slice(), |(_, _, statuses)| statuses);
        filter.push(ReservationCondition::Status(statuses.to_vec()));
    }
    let request = page_after(PAGE_ROWS, ReservationId::parse(&wanted.after));
    let page = visit
        .stockroom()
        .list_reservations(visit.administrator(), &filter, request);
    Ok(page.await?)
}

/// The parameters that all pages of the list have.
fn kept(wanted: &Wanted) -> Vec<(&'static str, &str)> {
    vec![
        ("state", &wanted.state),
        ("order", &wanted.order),
        ("reason", &wanted.reason),
        ("product", &wanted.product),
        ("sort", &wanted.sort),
    ]
}

/// Whether reservations with a reason are among those of a state.
fn has_reasons(state: &str) -> bool {
    // Pieces that were released or written off keep it.
    ["held", "fulfilled", "released", "all"].contains(&state)
}

fn chips(wanted: &Wanted, path: &str) -> Vec<Chip> {
    let is_sorted = wanted.sort == NEXT;
    let chips = STATES.iter().map(|(word, text, _)| Chip {
        text,
        href: query(
            path,
            &[
                ("state", word),
                ("order", &wanted.order),
                (
                    "reason",
                    if has_reasons(word) {
                        &wanted.reason
                    } else {
                        ""
                    },
                ),
                ("product", &wanted.product),
            ],
        ),
        is_current: if is_sorted {
            *word == "pending"
        } else {
            *word == wanted.state
        },
    });
    chips.collect()
}

/// The link to the other order of the list, and its words.
fn other_order(wanted: &Wanted, path: &str) -> (String, &'static str) {
    let mut parameters = kept(wanted);
    parameters.retain(|(name, _)| !["sort", "state", "reason"].contains(name));
    parameters.push(("state", "pending"));
    if wanted.sort == NEXT {
        return (query(path, &parameters), "Oldest first");
    }
    parameters.push(("sort", NEXT));
    (query(path, &parameters), "What runs out next")
}
