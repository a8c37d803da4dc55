//! Making a reservation by hand.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_application::Error;
use stockroom_domain::{
    OrderId, Quantity, Refusal, Reservation, ReservationItem, Reserve, Reserved, Shortage,
};

use super::refused;
use super::steps::minutes;
use crate::activity::{Places, Titles, number_of, product_named};
use crate::page::{Done, Layout, Number, Problem, Section, show};
use crate::session::Visit;

/// The number of lines of an empty form.
const LINES: usize = 3;

/// The minutes that are suggested: as many as the API takes if none are named.
const MINUTES: &str = "15";

/// A line, as it was typed.
#[derive(Default, Clone)]
struct Line {
    product: String,
    location: String,
    quantity: String,
}

impl Line {
    fn is_empty(&self) -> bool {
        [&self.product, &self.location, &self.quantity]
            .iter()
            .all(|text| text.trim().is_empty())
    }
}

/// The form, as it was typed.
#[derive(Default)]
struct Asked {
    order: String,
    minutes: String,
    lines: Vec<Line>,
    /// Whether more lines are wanted first.
    wants_lines: bool,
}

impl Asked {
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "order" => asked.order = value,
                "minutes" => asked.minutes = value,
                "step" => asked.wants_lines = value == "lines",
                name => {
                    let Some((name, number)) = name.split_once('.') else {
                        continue;
                    };
                    let number = number.parse().ok();
                    let number = number.filter(|number| *number < Reservation::LINES_MAX);
                    let Some(number) = number else { continue };
                    if asked.lines.len() <= number {
                        asked
                            .lines
                            .resize_with(number.saturating_add(1), Line::default);
                    }
                    if let Some(line) = asked.lines.get_mut(number) {
                        match name {
                            "product" => line.product = value,
                            "location" => line.location = value,
                            "quantity" => line.quantity = value,
                            _ => {}
                        }
                    }
                }
            }
        }
        asked
    }

    /// The same with empty lines at the end.
    fn with_lines(mut self) -> Self {
        let typed = self.lines.iter().rposition(|line| !line.is_empty());
        let typed = typed.map_or(0, |last| last.saturating_add(1));
        let wanted = typed.saturating_add(LINES).min(Reservation::LINES_MAX);
        self.lines.resize_with(wanted, Line::default);
        self
    }

    /// The request, or why there is none.
    async fn request(&self, visit: &Visit) -> Result<Result<Reserve, String>, Problem> {
        let expires_in = match minutes(&self.minutes) {
            Ok(expires_in) => expires_in,
            Err(detail) => return Ok(Err(detail)),
        };
        let order = Some(self.order.trim()).filter(|order| !order.is_empty());
        let order = order.map(|order| OrderId::new("The order", order));
        let order = match order.transpose() {
            Ok(order) => order,
            Err(invalid) => return Ok(Err(format!("{invalid}."))),
        };
        let mut items = Vec::new();
        for line in self.lines.iter().filter(|line| !line.is_empty()) {
            let (named, typed) = (line.product.trim(), &line.quantity);
            if named.is_empty() {
                return Ok(Err("A line names no product.".to_owned()));
            }
            let Some(product) = product_named(visit, named).await? else {
                return Ok(Err(format!("No product has the id or SKU “{named}”.")));
            };
            let quantity = number_of(typed).filter(|quantity| *quantity != Quantity::ZERO);
            let Some(quantity) = quantity else {
                let detail = format!("“{typed}” isn't a whole number of pieces from 1 on.");
                return Ok(Err(detail));
            };
            let location = Some(line.location.trim()).filter(|slug| !slug.is_empty());
            items.push(ReservationItem {
                product,
                location: location.map(ToOwned::to_owned),
                quantity,
            });
        }
        if items.is_empty() {
            let detail = "Write at least one product, and how many pieces of it.";
            return Ok(Err(detail.to_owned()));
        }
        Ok(Ok(Reserve {
            order,
            expires_in,
            items,
        }))
    }
}

#[derive(Template)]
#[template(path = "reservations/new.html")]
struct NewPage {
    layout: Layout,
    asked: Asked,
    places: Places,
    /// Why nothing was reserved.
    problem: Option<String>,
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
    if !visit.may_change() {
        return Err(Problem::read_only());
    }
    let line = Line {
        product: named.product,
        location: named.location,
        quantity: String::new(),
    };
    let asked = Asked {
        minutes: MINUTES.to_owned(),
        lines: vec![line],
        ..Asked::default()
    };
    answer(&visit, asked, None).await
}

/// Makes a reservation, and goes there.
pub(super) async fn make_reservation(
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    if !visit.may_change() {
        return Err(Problem::read_only());
    }
    let asked = Asked::read(fields);
    if asked.wants_lines {
        return answer(&visit, asked, None).await;
    }
    let request = match asked.request(&visit).await? {
        Ok(request) => request,
        Err(detail) => {
            let problem = (StatusCode::BAD_REQUEST, detail);
            return answer(&visit, asked, Some(problem)).await;
        }
    };
    match visit.stockroom().execute(visit.writer()?, request).await {
        Ok(Reserved {
            reservation,
            is_new,
        }) => {
            let done = if is_new {
                "done=created"
            } else {
                "done=nothing"
            };
            let screen = format!("/reservations/{}", reservation.id);
            Ok(Redirect::to(&Done::on(&visit, "", &screen, done)).into_response())
        }
        Err(Error::Refused(Refusal::ReservationShort(shortages))) => {
            let detail = in_words(&visit, &shortages).await?;
            let problem = (StatusCode::UNPROCESSABLE_ENTITY, detail);
            answer(&visit, asked, Some(problem)).await
        }
        Err(error) => {
            let problem = refused(error)?;
            answer(&visit, asked, Some(problem)).await
        }
    }
}

async fn answer(
    visit: &Visit,
    asked: Asked,
    problem: Option<(StatusCode, String)>,
) -> Result<Response, Problem> {
    let (status, problem) = match problem {
        Some((status, detail)) => (status, Some(detail)),
        None => (StatusCode::OK, None),
    };
    let mut response = show(&NewPage {
        layout: visit.layout("Reserve", Section::Reservations).await?,
        asked: asked.with_lines(),
        places: Places::of(visit).await?,
        problem,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// All that is short, as a sentence.
async fn in_words(visit: &Visit, shortages: &[Shortage]) -> Result<String, Problem> {
    let titles = Titles::of(visit, shortages.iter().map(|it| it.product)).await?;
    let shortages = shortages.iter().map(|shortage| {
        let name = titles.title(shortage.product);
        let place = shortage.location.as_ref();
        let place = place.map_or_else(
            || " without a location".to_owned(),
            |slug| format!(" in {slug}"),
        );
        let (available, requested) = (
            Number::from(shortage.available),
            Number::from(shortage.requested),
        );
        format!("{name}{place}: {available} available, {requested} wanted")
    });
    let shortages: Vec<String> = shortages.collect();
    Ok(format!("There isn't enough. {}.", shortages.join("; ")))
}
