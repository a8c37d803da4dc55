//! Making a reservation by hand.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{OrderId, Reserve, Reserved};

use super::choice::Choice;
use super::lines::{Line, Lines};
use super::words;
use crate::lookup::Places;
use crate::page::{Layout, Problem, Refused, Section, minutes, show_as, told};
use crate::session::{Done, Visit};

/// The minutes that are suggested: as many as the API takes if none are named.
const MINUTES: &str = "15";

/// The form, as it was typed.
#[derive(Default)]
struct Asked {
    order: String,
    minutes: String,
    lines: Lines,
    /// How locations are chosen where a line names none.
    choice: Choice,
    /// Whether more lines are wanted first.
    wants_lines: bool,
    /// The showing of the page that the form was on.
    once: String,
}

impl Asked {
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "order" => asked.order = value,
                "minutes" => asked.minutes = value,
                "choose" => asked.choice.order = value,
                "latitude" => asked.choice.latitude = value,
                "longitude" => asked.choice.longitude = value,
                "split" => asked.choice.split = value,
                "once" => asked.once = value,
                "step" => asked.wants_lines = value == "lines",
                name => asked.lines.read(name, value),
            }
        }
        asked
    }

    /// The request, or why there is none.
    async fn request(&self, visit: &Visit) -> Result<Result<Reserve, String>, Problem> {
        let expires_in = match minutes(&self.minutes) {
            Ok(expires_in) => expires_in,
            Err(detail) => return Ok(Err(detail)),
        };
        let order = told(&self.order).map(|order| OrderId::new("The order", order));
        let order = match order.transpose() {
            Ok(order) => order,
            Err(invalid) => return Ok(Err(format!("{invalid}."))),
        };
        let items = match self.lines.items(visit).await? {
            Ok(items) => items,
            Err(detail) => return Ok(Err(detail)),
        };
        if items.is_empty() {
            let detail = "Write at least one product, and how many pieces of it.";
            return Ok(Err(detail.to_owned()));
        }
        Ok(self.choice.sourcing().map(|sourcing| Reserve {
            order,
            expires_in,
            items,
            sourcing,
        }))
    }

    /// What an empty location means.
    fn empty_place(&self) -> &'static str {
        if self.choice.order.is_empty() {
            "none"
        } else {
            "chosen"
        }
    }
}

#[derive(Template)]
#[template(path = "reservations/new.html")]
struct NewPage {
    layout: Layout,
    asked: Asked,
    lines: Vec<Line>,
    /// What an empty location means.
    empty_place: &'static str,
    places: Places,
    /// Why nothing was reserved.
    refused: Option<Refused>,
}

/// The product that a link to the form names.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Named {
    product: String,
    location: String,
}

/// Shows the form.
pub(super) async fn show_form(
    visit: Visit,
    Query(named): Query<Named>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let line = Line {
        product: named.product,
        location: named.location,
        ..Line::default()
    };
    let asked = Asked {
        minutes: MINUTES.to_owned(),
        lines: Lines {
            all: vec![line],
            known: 0,
        },
        ..Asked::default()
    };
    answer(&visit, asked, None).await
}

/// Makes a reservation, and goes there.
pub(super) async fn make_reservation(
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let asked = Asked::read(fields);
    if asked.wants_lines {
        return answer(&visit, asked, None).await;
    }
    let request = match asked.request(&visit).await? {
        Ok(request) => request,
        Err(detail) => {
            return answer(&visit, asked, Some(Refused::invalid(detail))).await;
        }
    };
    let is_chosen = request.sourcing.is_some();
    let chosen = is_chosen.then(|| words::chosen(&request.items));
    let once = visit.writer_once(&asked.once, &request)?;
    match visit.stockroom().execute(&once.writer, request).await {
        Ok(Reserved {
            reservation,
            is_new,
        }) => {
            let done = match is_new {
                true if once.is_repeated() => "done=again",
                true => "done=created",
                false => "done=nothing",
            };
            let screen = format!("/reservations/{}", reservation.id);
            Ok(Done::redirect(&visit, "", &screen, done))
        }
        Err(error) => {
            let chosen = chosen.unwrap_or_default();
            let refused = words::refused(&visit, error, &chosen).await?;
            answer(&visit, asked, Some(refused)).await
        }
    }
}

async fn answer(
    visit: &Visit,
    mut asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let page = NewPage {
        layout: visit.layout("Reserve", Section::Reservations).await?,
        lines: std::mem::take(&mut asked.lines).with_empty().all,
        empty_place: asked.empty_place(),
        asked,
        places: Places::of(visit).await?,
        refused,
    };
    show_as(status, &page)
}
