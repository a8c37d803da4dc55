//! The chart of a product's stock over time: step lines, from its ledger.

use std::fmt::Write as _;

use serde::Deserialize;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::TransactionCondition;
use stockroom_application::{HistoryError, Page};
use stockroom_domain::{Balance, ProductId, Recorded, Stock, StockId, Timestamp, TransactionId};

use crate::page::moment::{days_before, field, moment, whole_second};
use crate::page::{Number, Problem, TimeTag, query};
use crate::session::Visit;

/// The most entries that are drawn.
const ENTRIES_MAX: u32 = 1_000;

/// The size of the drawing, in its own units.
const WIDTH: i64 = 1_000;
const HEIGHT: i64 = 200;

/// The spans that a link leads to, in days.
const SPANS: [(&str, i64); 4] = [
    ("7 days", 7),
    ("30 days", 30),
    ("90 days", 90),
    ("1 year", 365),
];

/// The part of the address that says which span is drawn.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Span {
    from: String,
    to: String,
}

/// A link to a span.
pub(super) struct Preset {
    pub(super) text: &'static str,
    pub(super) href: String,
}

/// The chart, and the fields of its form.
pub(super) struct Chart {
    /// The values of the fields: what was typed if it makes no sense.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) begins: TimeTag,
    pub(super) ends: TimeTag,
    pub(super) presets: Vec<Preset>,
    /// The same span of the ledger.
    pub(super) ledger: String,
    /// Why the span that was asked for isn't drawn.
    pub(super) problem: Option<&'static str>,
    /// Whether only the first entries of the span are drawn.
    pub(super) has_more: bool,
    /// The lines; `None` if there was no stock in all that time.
    pub(super) lines: Option<Lines>,
}

/// What is drawn.
pub(super) struct Lines {
    pub(super) area: String,
    pub(super) available: String,
    pub(super) total: String,
    /// The figure at the top of the drawing.
    pub(super) top: Number,
    pub(super) lowest: Number,
    pub(super) highest: Number,
    /// What was available at the end; `None` if there was no stock any more.
    pub(super) last: Option<Number>,
}

/// The time during which one stock was seen, with the figures from each of these times on.
struct Stretch {
    stock: StockId,
    steps: Vec<(Timestamp, Balance)>,
    end: Timestamp,
}

/// Reads the chart of a product.
pub(super) async fn read(visit: &Visit, product: ProductId, span: &Span) -> Result<Chart, Problem> {
    let now = visit.stockroom().now();
    let screen = visit.path(&format!("/products/{product}"));
    let (from, to, problem) = bounds(span, now);
    let seen = seen(visit, product, from, to).await?;
    let href = |days| {
        let from = field(days_before(now, days));
        query(&screen, &[("from", &from)])
    };
    let presets = SPANS.map(|(text, days)| Preset {
        text,
        href: href(days),
    });
    let (from_field, to_field) = (field(from), field(to));
    let ledger = query(
        &format!("{screen}/ledger"),
        &[("from", &from_field), ("to", &to_field)],
    );
    let is_refused = problem.is_some();
    Ok(Chart {
        from: if is_refused {
            span.from.clone()
        } else {
            from_field
        },
        to: if is_refused || span.to.is_empty() {
            span.to.clone()
        } else {
            to_field
        },
        begins: TimeTag(from),
        ends: TimeTag(to),
        presets: presets.into(),
        ledger,
        problem,
        has_more: seen.has_more,
        lines: Lines::draw(&seen.stretches, seen.last, from, to),
    })
}

/// The span that is drawn: what was asked for, or else the last 30 days.
fn bounds(span: &Span, now: Timestamp) -> (Timestamp, Timestamp, Option<&'static str>) {
    // The drawing ends after the change that was just made.
    let now = whole_second(now).plus_milliseconds(1_000);
    let default = (days_before(now, 30), now);
    let read = |text: &str, default| {
        if text.is_empty() {
            Some(default)
        } else {
            moment(text)
        }
    };
    let to = read(&span.to, now).map(|to| to.min(now));
    let from = read(&span.from, days_before(to.unwrap_or(now), 30));
    match (from, to) {
        (Some(from), Some(to)) if from < to => (from, to, None),
        (Some(_), Some(_)) => {
            let problem = "The beginning has to be before the end, and not in the future. The last 30 days are shown.";
            (default.0, default.1, Some(problem))
        }
        _ => {
            let problem = "That isn’t a date and time. The last 30 days are shown.";
            (default.0, default.1, Some(problem))
        }
    }
}

/// What the person saw of the stock from one time to another.
struct Seen {
    stretches: Vec<Stretch>,
    /// The figures at the end, if there was stock then.
    last: Option<Balance>,
    /// Whether there are more entries.
    has_more: bool,
}

async fn seen(
    visit: &Visit,
    product: ProductId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Seen, Problem> {
    let stockroom = visit.stockroom();
    let first = stockroom.stock_at(visit.caller(), product, from).await?;
    let last = stockroom.stock_at(visit.caller(), product, to).await?;
    let filter = [
        TransactionCondition::CreatedAt(Comparison::Greater(from)),
        TransactionCondition::CreatedAt(Comparison::LessOrEqual(to)),
    ];
    let administrator = visit.administrator();
    let entries = stockroom.audit(administrator, product, &filter, None, ENTRIES_MAX);
    let entries = match entries.await {
        Ok(entries) => entries,
        // A product that never had stock has an empty chart.
        Err(HistoryError::UnknownStock) => Page::empty(),
        Err(error) => return Err(error.into()),
    };
    Ok(Seen {
        stretches: stretches_of(first.as_ref(), last.as_ref(), &entries, from, to),
        last: last.as_ref().map(Stock::sums),
        has_more: entries.next.is_some(),
    })
}

/// Puts entries together to stretches. A store sees stock of its own instead of its organization's, which
/// may go on beside it.
fn stretches_of(
    first: Option<&Stock>,
    last: Option<&Stock>,
    entries: &Page<Recorded, TransactionId>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Stretch> {
    let throughout = first.filter(|first| last.is_some_and(|last| last.id == first.id));
    let mut stretches: Vec<Stretch> = Vec::new();
    stretches.extend(first.map(|stock| Stretch {
        stock: stock.id,
        steps: vec![(from, stock.sums())],
        end: from,
    }));
    for Recorded { entry, .. } in &entries.items {
        if throughout.is_some_and(|stock| stock.id != entry.stock) {
            continue;
        }
        let at = entry.created_at;
        let is_next = stretches.last().is_none_or(|it| it.stock != entry.stock);
        if is_next {
            for earlier in &mut stretches {
                earlier.steps.retain(|(step, _)| *step < at);
                earlier.end = earlier.end.min(at);
            }
            stretches.push(Stretch {
                stock: entry.stock,
                steps: Vec::new(),
                end: at,
            });
        }
        if let Some(stretch) = stretches.last_mut() {
            stretch.steps.push((at, entry.sums));
            stretch.end = at;
        }
    }
    // The line goes on to the end if the stock is still there, and all of its entries are known.
    if let (Some(stretch), Some(last), None) = (stretches.last_mut(), last, entries.next)
        && stretch.stock == last.id
    {
        stretch.end = to;
    }
    stretches
}

impl Lines {
    fn draw(
        stretches: &[Stretch],
        last: Option<Balance>,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Self> {
        let steps = || stretches.iter().flat_map(|stretch| &stretch.steps);
        steps().next()?;
        let available = || steps().map(|(_, balance)| i64::from(balance.available));
        let top = steps().map(|(_, balance)| i64::from(balance.total())).max();
        let top = top.unwrap_or_default().max(1);
        let scale = Scale { from, to, top };
        let mut lines = Self {
            area: String::new(),
            available: String::new(),
            total: String::new(),
            top: Number(top),
            lowest: Number(available().min().unwrap_or_default()),
            highest: Number(available().max().unwrap_or_default()),
            last: last.map(|balance| balance.available.into()),
        };
        for stretch in stretches {
            let available = scale.path(stretch, |balance| balance.available.into());
            if let Some((begin, end)) = scale.ends(stretch) {
                let _ = write!(lines.area, "{available}L{end} {HEIGHT}L{begin} {HEIGHT}Z");
            }
            lines.available.push_str(&available);
            let total = scale.path(stretch, |balance| balance.total().into());
            lines.total.push_str(&total);
        }
        Some(lines)
    }
}

/// Turns times and figures into places of the drawing.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    top: i64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> i64 {
        let from = self.from.as_milliseconds();
        let span = self.to.as_milliseconds().saturating_sub(from);
        let passed = at.as_milliseconds().saturating_sub(from);
        let x = passed.saturating_mul(WIDTH).checked_div(span);
        x.unwrap_or_default().clamp(0, WIDTH)
    }

    fn y(&self, figure: i64) -> i64 {
        let height = figure.saturating_mul(HEIGHT).checked_div(self.top);
        HEIGHT.saturating_sub(height.unwrap_or_default())
    }

    fn ends(&self, stretch: &Stretch) -> Option<(i64, i64)> {
        let (first, _) = stretch.steps.first()?;
        Some((self.x(*first), self.x(stretch.end)))
    }

    /// The step line of a figure.
    fn path(&self, stretch: &Stretch, figure: impl Fn(&Balance) -> i64) -> String {
        let mut path = String::new();
        let mut last: Option<(i64, i64)> = None;
        for (at, balance) in &stretch.steps {
            let (x, y) = (self.x(*at), self.y(figure(balance)));
            // A text takes everything that is written to it.
            let _ = match last {
                None => write!(path, "M{x} {y}"),
                // The line goes on until it changes.
                Some((_, last)) if last == y => continue,
                Some((last, _)) if last == x => write!(path, "V{y}"),
                Some(_) => write!(path, "H{x}V{y}"),
            };
            last = Some((x, y));
        }
        if last.is_some() {
            let _ = write!(path, "H{}", self.x(stretch.end));
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use stockroom_domain::Quantity;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(seconds * 1_000).unwrap()
    }

    fn balance(available: u64, allocated: u64) -> Balance {
        Balance {
            available: Quantity::new(available).unwrap(),
            allocated: Quantity::new(allocated).unwrap(),
        }
    }

    #[test]
    fn steps_are_drawn() {
        let stretch = Stretch {
            stock: StockId::new(uuid::Uuid::nil()),
            steps: vec![(at(0), balance(10, 0)), (at(50), balance(5, 5))],
            end: at(100),
        };
        let lines = Lines::draw(&[stretch], None, at(0), at(100)).unwrap();
        assert_eq!(lines.available, "M0 0H500V100H1000");
        assert_eq!(lines.total, "M0 0H1000");
        assert_eq!(lines.area, "M0 0H500V100H1000L1000 200L0 200Z");
        assert_eq!((lines.lowest, lines.highest), (Number(5), Number(10)));
        assert!(Lines::draw(&[], None, at(0), at(100)).is_none());
    }

    #[test]
    fn the_largest_figures_have_a_place() {
        let max = Quantity::MAX.get();
        let stretch = Stretch {
            stock: StockId::new(uuid::Uuid::nil()),
            steps: vec![(at(0), balance(max, 0)), (at(1), balance(0, 0))],
            end: at(1),
        };
        let lines = Lines::draw(&[stretch], None, at(0), at(253_402_200_000)).unwrap();
        assert_eq!(lines.available, "M0 0V200H0");
    }

    #[test]
    fn spans_are_read() {
        let now = Timestamp::from_rfc3339("2026-01-31T09:30:00Z").unwrap();
        let span = |from: &str, to: &str| {
            let span = Span {
                from: from.to_owned(),
                to: to.to_owned(),
            };
            let (from, to, problem) = bounds(&span, now);
            (field(from), field(to), problem.is_some())
        };
        let last_month = (
            "2026-01-01T09:30:01".to_owned(),
            "2026-01-31T09:30:01".to_owned(),
        );
        for (from, to, is_problem) in [
            ("", "", false),
            ("tomorrow", "", true),
            ("2026-01-02", "2026-01-01", true),
            ("2027-01-02", "", true),
        ] {
            let (from, to, told) = span(from, to);
            assert_eq!((from, to), last_month);
            assert_eq!(told, is_problem);
        }
        let (from, to, _) = span("2025-01-01T00:00", "2025-02-01");
        assert_eq!(
            (&*from, &*to),
            ("2025-01-01T00:00:00", "2025-02-01T00:00:00")
        );
    }
}
