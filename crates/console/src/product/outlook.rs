//! The pieces that are under way to a product's stock, and what can be sold over time.

use std::fmt::Write as _;

use stockroom_domain::{Forecast, ProductId};

use crate::page::{Number, Problem, TimeTag};
use crate::session::Visit;

/// The size of the drawing, in its own units.
const WIDTH: i64 = 1_000;
const HEIGHT: u64 = 200;

/// Pieces that are expected.
pub(super) struct Step {
    pub(super) at: TimeTag,
    pub(super) pieces: Number,
    /// The number of pieces that can be sold from then on.
    pub(super) sellable: Number,
    /// The path of the transfer.
    pub(super) transfer: String,
}

/// What is under way.
pub(super) struct Outlook {
    pub(super) incoming: Number,
    pub(super) next: Option<(Number, TimeTag)>,
    pub(super) overdue: u64,
    pub(super) undated: u64,
    pub(super) steps: Vec<Step>,
    pub(super) has_more: bool,
    /// The line of what can be sold, from now to the last step, and the figure at the top of the drawing.
    pub(super) line: String,
    pub(super) top: Number,
}

/// Reads what is under way to a product's stock; `None` if nothing is.
pub(super) async fn read(visit: &Visit, product: ProductId) -> Result<Option<Outlook>, Problem> {
    let stockroom = visit.stockroom();
    let mut planned = stockroom.planned_stocks(visit.caller(), &[product]).await?;
    let Some(planned) = planned.pop() else {
        return Ok(None);
    };
    if planned.expected.is_empty() {
        return Ok(None);
    }
    let promise = planned.promise(stockroom.now());
    let forecast = promise.forecast();
    let top = forecast.steps.last().map_or(0, |step| step.sellable).max(1);
    let steps = forecast.steps.iter();
    let steps = steps.filter_map(|step| {
        let (transfer, pieces) = step.arrival?;
        Some(Step {
            at: TimeTag(step.at),
            pieces: pieces.into(),
            sellable: step.sellable.into(),
            transfer: visit.path(&format!("/transfers/{transfer}")),
        })
    });
    let next = promise.next_delivery();
    Ok(Some(Outlook {
        incoming: promise.incoming().into(),
        next: next.map(|(at, pieces)| (pieces.into(), TimeTag(at))),
        overdue: forecast.overdue,
        undated: forecast.undated,
        steps: steps.collect(),
        has_more: forecast.has_more,
        line: line(&forecast, top),
        top: top.into(),
    }))
}

/// The step line of a forecast. It ends a little behind the last step, so that the last rise is seen.
fn line(forecast: &Forecast, top: u64) -> String {
    let (Some(first), Some(last)) = (forecast.steps.first(), forecast.steps.last()) else {
        return String::new();
    };
    let begin = first.at.as_milliseconds();
    let span = (last.at.as_milliseconds() - begin).max(1);
    let height = |sellable: u64| {
        let drawn = u128::from(sellable) * u128::from(HEIGHT) / u128::from(top);
        HEIGHT.saturating_sub(u64::try_from(drawn).unwrap_or(HEIGHT))
    };
    let mut line = format!("M0 {}", height(first.sellable));
    for step in &forecast.steps {
        let since = step.at.as_milliseconds() - begin;
        let x = i128::from(since) * i128::from(WIDTH * 9 / 10) / i128::from(span);
        let _infallible = write!(line, "H{x}V{}", height(step.sellable));
    }
    line.push_str("H1000");
    line
}
