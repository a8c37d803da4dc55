//! Entering counts: a look at the differences first, and then all of them as one batch.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::Error;
use stockroom_domain::{Counted, ProductId, Refusal};

use super::asked::{Asked, Place};
use super::sheet::{self, At};
use crate::lookup::Titles;
use crate::page::{Layout, Number, Problem, Refused, Section, TimeTag, query, reason, show_as};
use crate::session::{Done, Visit};

/// A count, as it would be entered.
struct Line {
    product: ProductId,
    title: String,
    sku: String,
    typed: String,
    outcome: Result<Difference, String>,
}

/// What was counted beside what the books say.
struct Difference {
    expected: Number,
    counted: Number,
    /// The second without the first.
    surplus: Number,
}

impl Line {
    /// The order of the preview: what can't be entered, the largest differences, and then the rest.
    fn rank(&self) -> Reverse<u64> {
        Reverse(match &self.outcome {
            Ok(it) => it.surplus.0.unsigned_abs(),
            Err(_) => u64::MAX,
        })
    }
}

#[derive(Template)]
#[template(path = "counts/preview.html")]
struct PreviewPage {
    layout: Layout,
    place: Place,
    asked: Asked,
    time: TimeTag,
    lines: Vec<Line>,
    differing: usize,
    refused: usize,
    /// Why nothing was entered, if it was to be.
    problem: Option<String>,
}

/// Shows the differences, enters the counts, or goes back to the sheet.
pub(super) async fn enter(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let place = Place::named(&visit, at.place).await?;
    let asked = Asked::read(fields);
    if asked.step == "edit" {
        return sheet::answer(&visit, place, asked, None, None).await;
    }
    let many = match asked.counts(&place, asked.step == "enter") {
        Ok(many) => many,
        Err(detail) => {
            let refused = Refused::invalid(detail);
            return sheet::answer(&visit, place, asked, Some(refused), None).await;
        }
    };
    if !many.atomic {
        return preview(&visit, place, asked, None).await;
    }
    match visit.stockroom().execute(writer, many).await {
        Ok(entered) => {
            let screen = query(
                &format!("/counts/{}", place.word),
                &[("after", &asked.after)],
            );
            Ok(Done::redirect(&visit, "", &screen, &told(&entered)))
        }
        Err(error) => {
            let detail = reason(error)?;
            preview(&visit, place, asked, Some(detail)).await
        }
    }
}

/// The query that tells of counts.
fn told(entered: &[Result<Counted, Refusal>]) -> String {
    let first = entered.iter().find_map(|entered| entered.as_ref().ok());
    let batch = first.and_then(|counted| counted.recorded.entry.batch);
    batch.map_or_else(|| "done=nothing".to_owned(), Done::batch)
}

async fn preview(
    visit: &Visit,
    place: Place,
    asked: Asked,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let (many, time) = match (asked.counts(&place, false), asked.time()) {
        (Ok(many), Ok(time)) => (many, time),
        (Err(detail), _) | (_, Err(detail)) => return Err(Problem::invalid(detail)),
    };
    let products: Vec<ProductId> = asked.counted.keys().copied().collect();
    let outcomes = visit
        .stockroom()
        .preview_counts(visit.administrator(), many);
    let outcomes = match outcomes.await {
        Ok(outcomes) => outcomes,
        // All of it makes no sense: its time is in the future.
        Err(error @ Error::Refused(_)) => {
            let refused = Refused::invalid(reason(error)?);
            return sheet::answer(visit, place, asked, Some(refused), None).await;
        }
        Err(error) => return Err(error.into()),
    };
    let titles = Titles::of(visit, products.iter().copied()).await?;
    let lines = products.into_iter().zip(outcomes);
    let lines = lines.map(|(product, outcome)| Line {
        product,
        title: titles.title(product),
        sku: titles.sku(product),
        typed: asked.counted.get(&product).cloned().unwrap_or_default(),
        outcome: outcome
            .map(|counted| difference(&counted))
            .map_err(|refusal| Problem::from(refusal).into_detail()),
    });
    let mut lines: Vec<Line> = lines.collect();
    lines.sort_by_key(Line::rank);
    let refused = lines.iter().filter(|line| line.outcome.is_err()).count();
    let differing = lines.iter().filter(|line| {
        let outcome = line.outcome.as_ref();
        outcome.is_ok_and(|it| it.surplus.0 != 0)
    });
    let title = place.title();
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::CONFLICT);
    let page = PreviewPage {
        layout: visit.layout(&title, Section::Counts).await?,
        place,
        asked,
        time: TimeTag(time),
        differing: differing.count(),
        refused,
        lines,
        problem,
    };
    show_as(status, &page)
}

fn difference(counted: &Counted) -> Difference {
    let pieces = i64::from(counted.counted);
    Difference {
        expected: Number(counted.expected),
        counted: Number(pieces),
        surplus: Number(pieces.saturating_sub(counted.expected)),
    }
}
