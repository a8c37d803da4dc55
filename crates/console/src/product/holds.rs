//! Why pieces are unavailable: the reservations that hold them, and what can be done about it.

use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract;
use stockroom_application::ports::TransferHold;
use stockroom_application::{HoldPage, HoldPlace};
use stockroom_domain::{
    ItemPlace, ProductId, Reason, ReservationId, ReservationItem, ReservationState, SetAside,
};
use uuid::Uuid;

use super::change::{begin, end, outcome};
use super::known::Ids;
use super::typed::{Form, Typed, number};
use crate::page::{Number, PAGE_ROWS, Problem, Refused, TimeTag, ago, minutes, page_after};
use crate::session::Visit;

/// A hold that is about to end is marked this long before.
const SOON_MILLISECONDS: i64 = 600_000;

/// The pieces of one position that a reservation or a transfer holds.
pub(super) struct Hold {
    /// The reservation, or the transfer.
    pub(super) document: Uuid,
    /// Whether it is a transfer.
    pub(super) is_transfer: bool,
    /// The number of its line.
    pub(super) line: u32,
    /// Whether the reservation belongs to the level that is looked at.
    pub(super) is_own: bool,
    pub(super) order: Option<String>,
    /// The reason why the pieces are set aside, if they are.
    pub(super) reason: Option<String>,
    pub(super) place: Option<String>,
    pub(super) pieces: Number,
    /// The time that is left, and when it ends; `None` if it is paid for, or set aside.
    pub(super) left: Option<(String, TimeTag)>,
    pub(super) is_soon: bool,
}

/// What is allocated, and for whom.
pub(super) struct Holds {
    pub(super) lines: Vec<Hold>,
    /// What is allocated without any reservation.
    pub(super) unreserved: Number,
    /// The place after which there are more.
    pub(super) next: Option<String>,
}

/// Reads the holds of a product's stock; `None` if it has none.
pub(super) async fn read(
    visit: &Visit,
    product: ProductId,
    after: &str,
) -> Result<Option<Holds>, Problem> {
    let place = after.split_once('.').and_then(|(document, line)| {
        let document = ReservationId::parse(document)?.uuid();
        let line = line.parse().ok()?;
        Some(HoldPlace { document, line })
    });
    let page = page_after(PAGE_ROWS, place);
    let stockroom = visit.stockroom();
    let holds = stockroom
        .holds(visit.administrator(), product, page)
        .await?;
    Ok(holds.map(|holds| shown(visit, holds)))
}

fn shown(visit: &Visit, holds: HoldPage) -> Holds {
    let now = visit.stockroom().now();
    let HoldPage {
        page,
        allocated_unreserved,
    } = holds;
    let next = page.next;
    let holds = page.items.into_iter().map(|hold| {
        let hold = match hold {
            stockroom_application::Hold::Reservation(hold) => hold,
            stockroom_application::Hold::Transfer(hold) => return of_transfer(hold),
        };
        let expires_at = match hold.state {
            ReservationState::Pending { expires_at } => Some(expires_at),
            _ => None,
        };
        let soon = now.plus_milliseconds(SOON_MILLISECONDS);
        Hold {
            document: hold.reservation.uuid(),
            is_transfer: false,
            line: hold.line,
            is_own: hold.owner == visit.acting(),
            reason: hold.reason.as_ref().map(Reason::to_string),
            order: hold.order.map(|order| order.as_str().to_owned()),
            place: hold.slug.map(|slug| slug.as_str().to_owned()),
            pieces: hold.quantity.into(),
            left: expires_at.map(|at| (ago(now, at), TimeTag(at))),
            is_soon: expires_at.is_some_and(|at| at < soon),
        }
    });
    Holds {
        lines: holds.collect(),
        unreserved: allocated_unreserved.into(),
        next: next.map(|place| format!("{}.{}", place.document, place.line)),
    }
}

fn of_transfer(hold: TransferHold) -> Hold {
    Hold {
        document: hold.transfer.uuid(),
        is_transfer: true,
        line: hold.line,
        is_own: false,
        reason: None,
        order: None,
        place: hold.slug.map(|slug| slug.as_str().to_owned()),
        pieces: hold.quantity.into(),
        left: None,
        is_soon: false,
    }
}

/// Sets pieces of the product aside.
pub(super) async fn set_aside(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (_, product, typed) = begin(&visit, &ids, typed, Form::SetAside)?;
    let made = match aside(product, &typed) {
        Err(detail) => Err(Refused::invalid(detail)),
        Ok(aside) => {
            let once = visit.writer_once(&typed.once, &aside)?;
            let made = visit.stockroom().execute(&once.writer, aside).await;
            let done = if once.is_repeated() { "again" } else { "aside" };
            outcome(made)?.map(|_| format!("done={done}"))
        }
    };
    end(&visit, product, typed, made).await
}

fn aside(product: ProductId, typed: &Typed) -> Result<SetAside, String> {
    let reason = Reason::new("The reason", typed.reason.trim());
    let quantity = number(&typed.change)?;
    if quantity.is_zero() {
        return Err("Write how many pieces are set aside.".to_owned());
    }
    let place = typed.place();
    Ok(SetAside {
        reason: reason.map_err(|it| format!("{it}."))?,
        items: vec![ReservationItem {
            product,
            place: place.map_or(ItemPlace::Unlocated, ItemPlace::Location),
            quantity,
        }],
    })
}

/// Releases all that a reservation holds.
pub(super) async fn release(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Hold)?;
    let reservation = own(&visit, &ids).await?;
    let released = visit
        .stockroom()
        .release_reservation(writer, reservation, None);
    let made = outcome(released.await)?.map(|_| "done=released".to_owned());
    end(&visit, product, typed.of(reservation), made).await
}

/// Lets a reservation end later, or sooner.
pub(super) async fn extend(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Hold)?;
    let reservation = own(&visit, &ids).await?;
    let made = match minutes(&typed.minutes) {
        Err(detail) => Err(Refused::invalid(detail)),
        Ok(expires_in) => {
            let stockroom = visit.stockroom();
            let extended = stockroom.extend_reservation(writer, reservation, expires_in);
            outcome(extended.await)?.map(|_| "done=extended".to_owned())
        }
    };
    end(&visit, product, typed.of(reservation), made).await
}

/// The reservation that the path names, which must be this level's.
async fn own(visit: &Visit, ids: &Ids) -> Result<ReservationId, Problem> {
    let id = ids.reservation()?;
    let found = visit.stockroom().reservation(visit.administrator(), id);
    found.await?.map(|it| it.id).ok_or_else(Problem::not_found)
}

impl Typed {
    fn of(self, reservation: ReservationId) -> Self {
        let reservation = reservation.to_string();
        Self {
            reservation,
            ..self
        }
    }
}
