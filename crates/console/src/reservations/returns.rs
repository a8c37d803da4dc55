//! Shipped pieces that come back.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_domain::{ItemPlace, Reservation, ReservationId, ReservedLine, ReturnedItem};

use super::lines::NO_PLACE;
use super::one::{At, go_back};
use super::{parts, title, words};
use crate::lookup::{Places, Titles};
use crate::page::{Layout, Number, Problem, Refused, Section, show_as, told};
use crate::session::Visit;

/// The words of the form for pieces that can be sold again, that are damaged, and that are to be shipped again.
const GOOD: &str = "good";
const DAMAGED: &str = "damaged";
const AGAIN: &str = "again";

/// The form, as it was typed.
#[derive(Default)]
struct Asked {
    /// The pieces of each line of the reservation.
    pieces: Vec<String>,
    /// `good`, `damaged` or `again`.
    what: String,
    /// The location that they come to; nothing for where they were shipped from.
    to: String,
    /// The version of the reservation that the form showed: what is sent twice is done once.
    version: String,
}

impl Asked {
    fn read(fields: Vec<(String, String)>, lines: usize) -> Self {
        let mut asked = Self {
            pieces: vec![String::new(); lines],
            ..Self::default()
        };
        for (name, value) in fields {
            match name.as_str() {
                "what" => asked.what = value,
                "to" => asked.to = value,
                "version" => asked.version = value,
                name => parts::read(&mut asked.pieces, name, value),
            }
        }
        asked
    }

    fn to(&self) -> ItemPlace {
        match told(&self.to) {
            None => ItemPlace::Unnamed,
            Some(place) if place == NO_PLACE => ItemPlace::Unlocated,
            Some(place) => ItemPlace::Location(place),
        }
    }

    /// The pieces that come back.
    fn items(&self, reservation: &Reservation) -> Result<Vec<ReturnedItem>, String> {
        if self.version != reservation.version.to_string() {
            return Err("The reservation has changed since. Look at the figures again.".to_owned());
        }
        if ![GOOD, DAMAGED, AGAIN].contains(&self.what.as_str()) {
            return Err("Choose what becomes of the pieces.".to_owned());
        }
        let items = parts::items(reservation, &self.pieces).map(|part| {
            let (_, item) = part?;
            Ok(ReturnedItem {
                item,
                to: self.to(),
                damaged: self.what == DAMAGED,
            })
        });
        let items = items.collect::<Result<Vec<_>, String>>()?;
        if items.is_empty() {
            return Err("Write beside a line how many pieces of it come back.".to_owned());
        }
        Ok(items)
    }
}

/// A line of which pieces were shipped.
struct Line {
    /// Its place in the reservation, counted from 0.
    index: usize,
    title: String,
    place: Option<String>,
    shipped: Number,
    returned: Number,
    /// The pieces that can come back.
    open: Number,
    typed: String,
}

#[derive(Template)]
#[template(path = "reservations/return.html")]
struct ReturnPage {
    layout: Layout,
    id: ReservationId,
    title: String,
    version: u64,
    /// Whether the pieces were set aside, and so written off instead of shipped.
    is_hold: bool,
    lines: Vec<Line>,
    asked: Asked,
    places: Places,
    no_place: &'static str,
    refused: Option<Refused>,
}

/// Whether pieces of a reservation can come back.
pub(super) fn can_return(reservation: &Reservation) -> bool {
    let mut lines = reservation.lines.iter();
    lines.any(|line| !line.returnable().is_zero())
}

/// Shows the form.
pub(super) async fn show_form(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let asked = Asked {
        what: GOOD.to_owned(),
        ..Asked::default()
    };
    answer(&visit, &reservation, asked, None).await
}

/// Brings pieces back, and goes to the reservation.
pub(super) async fn bring_back(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let asked = Asked::read(fields, reservation.lines.len());
    let items = match asked.items(&reservation) {
        Ok(items) => items,
        Err(detail) => {
            return answer(&visit, &reservation, asked, Some(Refused::invalid(detail))).await;
        }
    };
    let (stockroom, id) = (visit.stockroom(), reservation.id);
    let returned = stockroom.return_reservation(writer, id, items, asked.what == AGAIN);
    match returned.await {
        Ok(_) => Ok(go_back(&visit, id, "", "done=returned")),
        Err(error) => {
            let refused = words::refused(&visit, error, &[]).await?;
            let reservation = at.reservation(&visit).await?;
            answer(&visit, &reservation, asked, Some(refused)).await
        }
    }
}

async fn answer(
    visit: &Visit,
    reservation: &Reservation,
    asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let products = reservation.lines.iter().map(|line| line.key.product);
    let titles = Titles::of(visit, products).await?;
    let lines = reservation.lines.iter().enumerate();
    let lines = lines.filter(|(_, line)| !line.returnable().is_zero());
    let lines = lines.map(|(index, line)| shown(index, line, &asked, &titles));
    let status = Refused::status(refused.as_ref());
    let page = ReturnPage {
        layout: visit.layout("Bring back", Section::Reservations).await?,
        id: reservation.id,
        title: title(reservation),
        version: reservation.version,
        is_hold: reservation.hold_reason.is_some(),
        lines: lines.collect(),
        asked,
        places: Places::of(visit).await?,
        no_place: NO_PLACE,
        refused,
    };
    show_as(status, &page)
}

fn shown(index: usize, line: &ReservedLine, asked: &Asked, titles: &Titles) -> Line {
    Line {
        index,
        title: titles.title(line.key.product),
        place: line.slug().map(ToOwned::to_owned),
        shipped: line.fulfilled.into(),
        returned: line.returned.into(),
        open: line.returnable().into(),
        typed: asked.pieces.get(index).cloned().unwrap_or_default(),
    }
}
