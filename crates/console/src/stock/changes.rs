//! Changes of many products at once: looked at first, then made as one batch, or not at all.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_domain::{
    Annotation, Expectation, ProductId, Reason, Recorded, Reference, Refusal, Transact,
    TransactMany,
};

use super::change::Change;
use super::list::Figures;
use super::seen::Seen;
use crate::lookup::Titles;
use crate::page::{Layout, Problem, Section, show_as, told};
use crate::session::{Done, Visit};

/// The form, with a field for each row.
#[derive(Default)]
struct Asked {
    /// The products that are ticked.
    ticked: Vec<ProductId>,
    /// The change of each product, as it was typed.
    changes: BTreeMap<ProductId, String>,
    /// The change of all that are ticked.
    all: String,
    /// The figures that the page showed.
    seen: BTreeMap<ProductId, String>,
    place: String,
    reason: String,
    reference: String,
    back: String,
    is_preview: bool,
}

impl Asked {
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "row" => asked.ticked.extend(ProductId::parse(&value)),
                "all" => asked.all = value,
                "place" => asked.place = value,
                "reason" => asked.reason = value,
                "reference" => asked.reference = value,
                "back" => asked.back = value,
                "step" => asked.is_preview = value == "preview",
                name => {
                    let named = name.split_once('.');
                    match named.map(|(name, id)| (name, ProductId::parse(id))) {
                        Some(("change", Some(id))) if !value.trim().is_empty() => {
                            asked.changes.insert(id, value);
                        }
                        Some(("seen", Some(id))) => {
                            asked.seen.insert(id, value);
                        }
                        _ => {}
                    }
                }
            }
        }
        if !asked.all.trim().is_empty() {
            for id in &asked.ticked {
                let all = asked.all.clone();
                asked.changes.entry(*id).or_insert(all);
            }
        }
        asked
    }

    fn place(&self) -> Option<String> {
        Some(self.place.clone()).filter(|place| !place.is_empty())
    }

    /// What the ledger will say of it.
    fn annotation(&self) -> Result<Annotation, String> {
        let reason = told(&self.reason).map(|text| Reason::new("reason", text));
        let reference = told(&self.reference).map(|text| Reference::new("reference", text));
        Ok(Annotation {
            reason: reason.transpose().map_err(|invalid| invalid.to_string())?,
            reference: reference
                .transpose()
                .map_err(|invalid| invalid.to_string())?,
        })
    }

    /// The transactions, each on the figures that the page showed.
    fn lines(&self) -> Result<Vec<Transact>, String> {
        let annotation = self.annotation()?;
        let lines = self.changes.iter().map(|(product, text)| {
            let change = Change::parse(text)?;
            let seen = self.seen.get(product).and_then(|seen| Seen::parse(seen));
            let seen =
                seen.ok_or("The page doesn't say which figures it showed. Load it again.")?;
            let position = seen.position(self.place().as_deref());
            Ok(Transact {
                location: self.place(),
                expectation: Expectation {
                    available: Some(position.available),
                    allocated: Some(position.allocated),
                    total: None,
                },
                annotation: annotation.clone(),
                ..Transact::new(*product, change.action, change.quantity)
            })
        });
        lines.collect()
    }
}

/// A line of the preview.
struct Line {
    product: ProductId,
    title: String,
    change: String,
    words: String,
    seen: String,
    before: Figures,
    /// The figures afterwards, or the reason why there are none.
    after: Result<Figures, String>,
}

#[derive(Template)]
#[template(path = "stock/changes.html")]
struct ChangesPage {
    layout: Layout,
    lines: Vec<Line>,
    place: String,
    reason: String,
    reference: String,
    back: String,
    /// Why nothing was changed, if it was to be.
    problem: Option<String>,
    can_be_made: bool,
}

/// Shows what the changes would do, or makes them.
pub(super) async fn make(
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let asked = Asked::read(fields);
    let lines = asked.lines().map_err(Problem::invalid)?;
    if lines.is_empty() {
        let detail = "No row has a change. Write one beside a row, or tick rows and write one for all of them.";
        return Err(Problem::invalid(detail));
    }
    let many = |atomic| TransactMany {
        lines: lines.iter().cloned().map(Some).collect(),
        atomic,
    };
    let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
    let problem = if asked.is_preview {
        None
    } else {
        match stockroom.execute(writer, many(true)).await {
            Ok(made) => return Ok(go_back(&visit, &asked.back, &made)),
            Err(error) => Some(crate::page::reason(error)?),
        }
    };
    let preview = stockroom.preview_transactions(administrator, many(false));
    let outcomes = preview.await?;
    let titles = Titles::of(&visit, lines.iter().map(|line| line.product)).await?;
    let lines = lines.iter().zip(outcomes).map(|(line, outcome)| {
        let change = asked
            .changes
            .get(&line.product)
            .cloned()
            .unwrap_or_default();
        let words = Change::parse(&change).map(|change| change.to_string());
        Line {
            product: line.product,
            title: titles.title(line.product),
            words: words.unwrap_or_default(),
            change,
            seen: asked.seen.get(&line.product).cloned().unwrap_or_default(),
            before: before(line, &outcome),
            after: outcome
                .map(|recorded| recorded.entry.balance.into())
                .map_err(|refusal| Problem::from(refusal).into_detail()),
        }
    });
    let lines: Vec<Line> = lines.collect();
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::CONFLICT);
    let page = ChangesPage {
        layout: visit.layout("Change stock", Section::Stock).await?,
        can_be_made: lines.iter().all(|line| line.after.is_ok()),
        lines,
        place: asked.place,
        reason: asked.reason,
        reference: asked.reference,
        back: asked.back,
        problem,
    };
    show_as(status, &page)
}

/// The figures that a line is decided on: those that the page showed or, if there are others now, these.
fn before(line: &Transact, outcome: &Result<Recorded, Refusal>) -> Figures {
    let expected = stockroom_domain::Balance {
        available: line.expectation.available.unwrap_or_default(),
        allocated: line.expectation.allocated.unwrap_or_default(),
    };
    match outcome {
        Err(Refusal::ExpectationFailed(balance)) => (*balance).into(),
        _ => expected.into(),
    }
}

/// Goes back to the list, which tells what was done.
fn go_back(visit: &Visit, back: &str, made: &[Result<Recorded, Refusal>]) -> Response {
    let first = made.iter().find_map(|made| made.as_ref().ok());
    let done = match first {
        Some(recorded) if made.len() == 1 => Done::entry(recorded),
        Some(recorded) => match recorded.entry.batch {
            Some(batch) => Done::batch(batch),
            None => Done::entry(recorded),
        },
        None => "done=nothing".to_owned(),
    };
    Done::redirect(visit, back, "/stock", &done)
}
