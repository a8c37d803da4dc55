//! Receiving, line by line: what arrived in order, damaged, not at all, or beyond what was shipped.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_domain::{
    Arrival, ProductId, Quantity, RequestedStep, Transfer, TransferId, TransferLine,
};

use super::one::{At, go_back, refuse};
use super::parts::{line_of, number};
use super::steps::carry_out;
use super::words::{title, under_way};
use crate::lookup::Titles;
use crate::page::{Layout, Number, Problem, Refused, Section, pieces, show_as};
use crate::session::{Done, Visit};

/// The fields of a line.
const FIELDS: [&str; 4] = ["received", "damaged", "missing", "surplus"];

/// What was typed for a line.
#[derive(Default, Clone)]
struct Typed {
    received: String,
    damaged: String,
    missing: String,
    surplus: String,
}

impl Typed {
    /// The pieces of a line of which all has arrived in order.
    fn all_of(line: &TransferLine) -> Self {
        Self {
            received: line.in_transit.to_string(),
            ..Self::default()
        }
    }

    fn arrival(&self) -> Result<Arrival, String> {
        Ok(Arrival {
            received: number(&self.received)?,
            damaged: number(&self.damaged)?,
            missing: number(&self.missing)?,
            surplus: number(&self.surplus)?,
        })
    }
}

/// The form.
#[derive(Default)]
struct Asked {
    /// What was typed for each line of the transfer.
    lines: Vec<Typed>,
    /// The version of the transfer that the form showed.
    version: String,
    /// The showing of the page that the form was on.
    once: String,
}

/// The reasons why lines make no sense, by their places in the transfer.
type Faults = BTreeMap<usize, String>;

impl Asked {
    /// The form in which all has arrived in order.
    fn of(transfer: &Transfer) -> Self {
        Self {
            lines: transfer.progress.lines.iter().map(Typed::all_of).collect(),
            version: transfer.version.to_string(),
            once: String::new(),
        }
    }

    fn read(fields: Vec<(String, String)>, lines: usize) -> Self {
        let mut asked = Self {
            lines: vec![Typed::default(); lines],
            ..Self::default()
        };
        for (name, value) in fields {
            match name.as_str() {
                "version" => asked.version = value,
                "once" => asked.once = value,
                name => {
                    let Some((field, line)) = line_of(name, &FIELDS) else {
                        continue;
                    };
                    let Some(line) = asked.lines.get_mut(line) else {
                        continue;
                    };
                    match field {
                        "received" => line.received = value,
                        "damaged" => line.damaged = value,
                        "missing" => line.missing = value,
                        _ => line.surplus = value,
                    }
                }
            }
        }
        asked
    }

    /// The arrivals that were typed, or the faults of their lines.
    fn arrivals(&self, transfer: &Transfer) -> Result<BTreeMap<ProductId, Arrival>, Faults> {
        // A form that was sent before, or that somebody was faster than, showed other figures.
        let is_current = self.version == transfer.version.to_string();
        let (mut arrivals, mut faults) = (BTreeMap::new(), Faults::new());
        let lines = transfer.progress.lines.iter().zip(&self.lines);
        for (index, (line, typed)) in lines.enumerate() {
            match typed.arrival() {
                Ok(arrival) if is_current && arrival.taken() > line.in_transit.get() => {
                    faults.insert(index, too_many(line, &arrival));
                }
                Ok(arrival) if arrival != Arrival::default() => {
                    arrivals.insert(line.product, arrival);
                }
                Ok(_) => {}
                Err(fault) => {
                    faults.insert(index, fault);
                }
            }
        }
        if faults.is_empty() {
            Ok(arrivals)
        } else {
            Err(faults)
        }
    }
}

/// The sentence for a line of which more was typed than is under way.
fn too_many(line: &TransferLine, arrival: &Arrival) -> String {
    let open = pieces(line.in_transit);
    let verb = if line.in_transit.get() == 1 {
        "is"
    } else {
        "are"
    };
    if arrival.damaged.is_zero() && arrival.missing.is_zero() {
        return format!("Only {open} {verb} under way. What came beyond that is surplus.");
    }
    let sum = pieces(arrival.taken());
    format!("Received, damaged and missing are {sum} together, and only {open} {verb} under way.")
}

/// A line of the form.
struct Line {
    /// Its place in the transfer, counted from 0.
    index: usize,
    title: String,
    sku: String,
    under_way: Number,
    typed: Typed,
    /// Why it makes no sense.
    fault: Option<String>,
    /// Whether the cursor begins here.
    is_first: bool,
}

#[derive(Template)]
#[template(path = "transfers/receive.html")]
struct ReceivePage {
    layout: Layout,
    id: TransferId,
    title: String,
    version: u64,
    lines: Vec<Line>,
    under_way: String,
    refused: Option<Refused>,
}

/// Shows the form.
pub(super) async fn show_form(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let transfer = at.transfer_to_change(&visit).await?;
    let asked = Asked::of(&transfer);
    answer(&visit, &transfer, &asked, &Faults::new(), None).await
}

/// Enters a receipt, and goes to the transfer.
pub(super) async fn receive(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let transfer = at.transfer_to_change(&visit).await?;
    let asked = Asked::read(fields, transfer.progress.lines.len());
    let arrivals = match asked.arrivals(&transfer) {
        Ok(arrivals) if arrivals.is_empty() => {
            let refused = Refused::invalid("Write beside a line what has become of its pieces.");
            return answer(&visit, &transfer, &asked, &Faults::new(), Some(refused)).await;
        }
        Ok(arrivals) => arrivals,
        Err(faults) => {
            let refused = Refused::invalid(match faults.len() {
                1 => "One line doesn’t add up: it is marked below.".to_owned(),
                lines => format!("{lines} lines don’t add up: they are marked below."),
            });
            return answer(&visit, &transfer, &asked, &faults, Some(refused)).await;
        }
    };
    let step = RequestedStep::Receive(Some(arrivals));
    let shown = (&*asked.once, &*asked.version);
    match carry_out(&visit, &transfer, step, shown).await? {
        Ok(taken) => {
            let receipt = taken.transfer.progress.receipts.last();
            let done = match receipt.filter(|_| !taken.is_repeated) {
                Some(receipt) => Done::receipt(transfer.id, receipt.id),
                None => "done=again".to_owned(),
            };
            Ok(go_back(&visit, transfer.id, &done))
        }
        Err(refused) => {
            // It may be another one by now.
            let transfer = at.transfer(&visit).await?;
            answer(&visit, &transfer, &asked, &Faults::new(), Some(refused)).await
        }
    }
}

/// The form; or the page of the transfer, if nothing of it is under way.
async fn answer(
    visit: &Visit,
    transfer: &Transfer,
    asked: &Asked,
    faults: &Faults,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let all = under_way(transfer);
    if all.is_zero() {
        let nothing = || Refused::new(StatusCode::CONFLICT, "Nothing of it is under way.");
        return refuse(visit, transfer, refused.unwrap_or_else(nothing)).await;
    }
    let lines = transfer.progress.lines.iter().enumerate();
    let is_shown = |index: &usize, line: &TransferLine| {
        line.in_transit != Quantity::ZERO || faults.contains_key(index)
    };
    let lines = lines.filter(|(index, line)| is_shown(index, line));
    let lines: Vec<_> = lines.collect();
    let titles = Titles::of(visit, lines.iter().map(|(_, line)| line.product)).await?;
    let first = faults.keys().next().copied();
    let first = first.or_else(|| lines.first().map(|(index, _)| *index));
    let lines = lines.into_iter().map(|(index, line)| Line {
        index,
        title: titles.title(line.product),
        sku: titles.sku(line.product),
        under_way: line.in_transit.into(),
        typed: asked.lines.get(index).cloned().unwrap_or_default(),
        fault: faults.get(&index).cloned(),
        is_first: first == Some(index),
    });
    let status = Refused::status(refused.as_ref());
    let page = ReceivePage {
        layout: visit.layout("Receive", Section::Transfers).await?,
        id: transfer.id,
        title: title(transfer),
        version: transfer.version,
        lines: lines.collect(),
        under_way: pieces(all),
        refused,
    };
    show_as(status, &page)
}
