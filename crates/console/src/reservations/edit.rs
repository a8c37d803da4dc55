//! Editing an order: its reservation becomes other items.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::{Error, ReservationEdit, Writer};
use stockroom_domain::{
    ProductId, Quantity, Refusal, Reservation, ReservationId, ReservedItem, ReservedLine,
    SentPlace, Slug,
};

use super::lines::{Item, Line, Lines, NO_PLACE};
use super::one::{self, At};
use super::words::{self, in_place};
use super::{choice, closed, title};
use crate::lookup::{Places, Titles};
use crate::page::{Layout, Number, Problem, Refused, Section, pieces, show_as};
use crate::session::Visit;

/// The form, as it was typed.
#[derive(Default)]
struct Asked {
    /// The version of the reservation that the form showed.
    version: String,
    lines: Lines,
    /// Whether more lines are wanted first.
    wants_lines: bool,
}

impl Asked {
    /// The form as the reservation has it.
    fn of(reservation: &Reservation) -> Self {
        let items = reservation.items().into_iter();
        let lines: Vec<Line> = items
            .map(|item| Line {
                product: item.product.to_string(),
                location: place(reservation, &item),
                quantity: standing(&item).to_string(),
                item: None,
            })
            .collect();
        Self {
            version: reservation.version.to_string(),
            lines: Lines {
                known: lines.len(),
                all: lines,
            },
            wants_lines: false,
        }
    }

    fn read(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "version" => asked.version = value,
                "items" => asked.lines.known = value.parse().unwrap_or_default(),
                "step" => asked.wants_lines = value == "lines",
                name => asked.lines.read(name, value),
            }
        }
        asked
    }

    /// Makes the reservation what was typed, and gives the query that tells of it, or the reason why nothing
    /// was done.
    async fn carry_out(
        &mut self,
        visit: &Visit,
        writer: &Writer,
        reservation: &Reservation,
    ) -> Result<Result<&'static str, Refused>, Problem> {
        let shown = Self::of(reservation);
        if self.version == shown.version && self.lines.are(&shown.lines) {
            return Ok(Ok("done=nothing"));
        }
        let items = match self.lines.items(visit).await? {
            Ok(items) if items.is_empty() => {
                let detail = "Nothing would be left of the order. Release it instead.";
                return Ok(Err(Refused::invalid(detail)));
            }
            Ok(items) => items,
            Err(detail) => return Ok(Err(Refused::invalid(detail))),
        };
        let Ok(version) = self.version.parse() else {
            return Ok(Err(self.outdated(reservation)));
        };
        let chosen = words::chosen(&items);
        let chosen: Vec<ProductId> = chosen
            .into_iter()
            .filter(|product| is_chosen(reservation, *product))
            .collect();
        let edit = ReservationEdit {
            items,
            expires_in: None,
            expect_version: Some(version),
        };
        let stockroom = visit.stockroom();
        let edited = stockroom.edit_reservation(writer, reservation.id, edit);
        match edited.await {
            Ok(edited) if edited.version == version => Ok(Ok("done=nothing")),
            Ok(_) => Ok(Ok("done=edited")),
            Err(Error::Refused(Refusal::VersionIs { .. })) => Ok(Err(self.outdated(reservation))),
            Err(error) => Ok(Err(words::refused(visit, error, &chosen).await?)),
        }
    }

    /// Tells that somebody was faster. The form can be sent again then.
    fn outdated(&mut self, reservation: &Reservation) -> Refused {
        self.version = reservation.version.to_string();
        Refused::outdated("order")
    }
}

/// Whether places are chosen for a product where none is named.
fn is_chosen(reservation: &Reservation, product: ProductId) -> bool {
    let items = reservation.items();
    let mut items = items.iter().filter(|item| item.product == product);
    reservation.sourcing().is_some() || items.any(ReservedItem::is_sourced)
}

/// The place that was named for an item, as it is typed.
fn place(reservation: &Reservation, item: &ReservedItem<'_>) -> String {
    let slug = match item.sent_place() {
        Some(SentPlace::Unnamed) => return String::new(),
        Some(SentPlace::Moved(slug)) => slug.as_ref().map(Slug::as_str),
        Some(SentPlace::Named) | None => item.lines.first().and_then(ReservedLine::slug),
    };
    // Where nothing is chosen, an empty place is the unlocated pool.
    let none = if reservation.sent.is_some() {
        NO_PLACE
    } else {
        ""
    };
    slug.unwrap_or(none).to_owned()
}

/// The pieces that the order has of an item still. What was released would be reserved anew if it were typed.
fn standing(item: &ReservedItem<'_>) -> Quantity {
    let standing = item.quantity().checked_sub(item.released());
    standing.unwrap_or_default()
}

/// What became of an item so far: what is shipped, and where the rest is.
fn note(item: &ReservedItem<'_>) -> String {
    let mut notes = Vec::new();
    for (pieces, verb) in [(item.fulfilled(), "shipped"), (item.released(), "released")] {
        if !pieces.is_zero() {
            notes.push(format!("{} {verb}", Number::from(pieces)));
        }
    }
    if item.is_sourced() {
        let open = |line: &&ReservedLine| !line.open().is_zero();
        let open = item.lines.iter().filter(open);
        notes.extend(open.map(|line| format!("{}{}", pieces(line.open()), in_place(line.slug()))));
    }
    notes.join(", ")
}

#[derive(Template)]
#[template(path = "reservations/edit.html")]
struct EditPage {
    layout: Layout,
    id: ReservationId,
    title: String,
    version: String,
    /// The number of items that the order has.
    items: usize,
    lines: Vec<Line>,
    /// What an empty location means.
    empty_place: &'static str,
    /// How locations are chosen.
    choice: Option<String>,
    places: Places,
    refused: Option<Refused>,
}

/// Shows the form.
pub(super) async fn show_form(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let asked = Asked::of(&reservation);
    answer(&visit, reservation, asked, None).await
}

/// Saves the order, and goes back to the reservation.
pub(super) async fn save(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let mut asked = Asked::read(fields);
    if asked.wants_lines || closed(&reservation).is_some() {
        return answer(&visit, reservation, asked, None).await;
    }
    let refused = match asked.carry_out(&visit, writer, &reservation).await? {
        Ok(done) => return Ok(one::go_back(&visit, reservation.id, "", done)),
        Err(refused) => refused,
    };
    // It may be another one by now.
    let reservation = at.reservation(&visit).await?;
    answer(&visit, reservation, asked, Some(refused)).await
}

/// The form; or the page of the reservation, if it can't be edited.
async fn answer(
    visit: &Visit,
    reservation: Reservation,
    asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    if let Some(closed) = closed(&reservation) {
        return one::refuse(visit, reservation, refused.unwrap_or(closed)).await;
    }
    let mut lines = asked.lines.with_empty();
    let known = lines.all.iter_mut().take(lines.known);
    let known: Vec<(ProductId, &mut Line)> = known
        .filter_map(|line| Some((ProductId::parse(&line.product)?, line)))
        .collect();
    let titles = Titles::of(visit, known.iter().map(|(product, _)| *product)).await?;
    let items = reservation.items();
    for (product, line) in known {
        let item = items
            .iter()
            .find(|item| item.product == product && place(&reservation, item) == line.location);
        line.item = Some(Item {
            title: titles.title(product),
            note: item.map(note).unwrap_or_default(),
        });
    }
    let status = Refused::status(refused.as_ref());
    let page = EditPage {
        layout: visit.layout("Edit order", Section::Reservations).await?,
        id: reservation.id,
        title: title(&reservation),
        version: asked.version,
        items: lines.known,
        lines: lines.all,
        empty_place: if reservation.sourcing().is_some() {
            "chosen"
        } else {
            "none"
        },
        choice: reservation.sourcing().map(choice::in_words),
        places: Places::of(visit).await?,
        refused,
    };
    show_as(status, &page)
}
