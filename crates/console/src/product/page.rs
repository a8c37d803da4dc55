//! The page of a product.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_domain::{
    Balance, CommodityType, ProductId, ProductStatus, Quantity, Stock, TransactionAction,
};

use super::chart::{self, Chart, Span};
use super::holds::{self, Holds};
pub(super) use super::known::Known;
use super::known::{Ids, whose};
use super::outlook::{self, Outlook};
use super::typed::{Form, Typed};
use crate::lookup::Places;
use crate::page::{
    Layout, Message, Number, PAGE_ROWS, Problem, Refused, Section, TimeTag, query, query_of,
    show_as,
};
use crate::session::{Done, Visit};
use crate::stock::{Change, Figures, Seen};

/// The part of the address that says how much of the page is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The location after which the positions begin.
    after: String,
    /// The place after which the holds begin.
    hold: String,
}

struct Badge {
    class: &'static str,
    text: &'static str,
}

/// A position: a location of the stock, or the pieces without one.
struct Row {
    /// The slug; empty for the pieces without a location.
    place: String,
    figures: Figures,
    /// The figures as text, by which a change says what it was decided on.
    seen: String,
}

/// The positions that are shown, and the address of those that follow.
struct Positions {
    rows: Vec<Row>,
    next: Option<String>,
}

/// An example of a change, and what it does.
struct Example {
    text: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "product/page.html")]
struct ProductPage {
    layout: Layout,
    /// The path of the page.
    path: String,
    /// The path of the open transfers that have the product.
    transfers: String,
    outlook: Option<Outlook>,
    title: String,
    sku: Option<String>,
    is_registered: bool,
    badges: Vec<Badge>,
    sums: Option<Figures>,
    /// The number of pieces that may be sold, if a policy or a location holds some back.
    sellable: Option<Number>,
    /// The number of pieces that are set aside, if any are.
    set_aside: Option<Number>,
    is_low: bool,
    updated_at: Option<TimeTag>,
    is_of_organization: bool,
    positions: Positions,
    /// All locations that may be named.
    places: Vec<String>,
    /// The locations that the stock has.
    own_places: Vec<String>,
    /// The locations that the stock doesn't have.
    other_places: Vec<String>,
    examples: Vec<Example>,
    holds: Option<Holds>,
    more_holds: Option<String>,
    chart: Chart,
    /// What was typed into a form that was refused.
    typed: Typed,
    problem: String,
    /// The page that forms return to.
    back: String,
}

impl ProductPage {
    /// Whether the refused form is that of this position.
    fn is_change_of(&self, place: &str) -> bool {
        self.typed.is(Form::Change) && self.typed.place == place
    }

    /// Whether the refused form is that of a position that is shown.
    fn is_change_here(&self) -> bool {
        let mut rows = self.positions.rows.iter();
        rows.any(|row| self.is_change_of(&row.place))
    }

    /// Whether the refused form is that of another location.
    fn is_change_elsewhere(&self) -> bool {
        self.typed.is(Form::Change) && !self.is_change_here()
    }

    fn is_form(&self, form: Form) -> bool {
        self.typed.is(form)
    }

    /// Whether the refused form is that of this reservation.
    fn is_hold(&self, reservation: &uuid::Uuid) -> bool {
        self.typed.is(Form::Hold) && self.typed.reservation == reservation.to_string()
    }
}

/// Shows the page.
pub(super) async fn show_page(
    visit: Visit,
    Path(ids): Path<Ids>,
    Query(wanted): Query<Wanted>,
    Query(span): Query<Span>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let known = Known::read(&visit, ids.product()?).await?;
    let mut view = View::new(&visit, &known, &wanted, &span).await?;
    view.back = visit.here();
    view.show(&visit, known, message, StatusCode::OK).await
}

/// Shows the page again, with the reason why a form was refused and what was typed.
///
/// # Errors
/// [`Problem`] if there is no such product, or the database fails.
pub(super) async fn show_refused(
    visit: &Visit,
    product: ProductId,
    typed: Typed,
    refused: Refused,
) -> Result<Response, Problem> {
    let known = Known::read(visit, product).await?;
    let (wanted, span) = (query_of(&typed.back), query_of(&typed.back));
    let mut view = View::new(visit, &known, &wanted, &span).await?;
    view.back.clone_from(&typed.back);
    view.typed = typed;
    view.problem = refused.detail;
    view.show(visit, known, None, refused.status).await
}

/// The parts of the page that have to be read.
struct View {
    positions: Positions,
    places: Vec<String>,
    own_places: Vec<String>,
    other_places: Vec<String>,
    holds: Option<Holds>,
    more_holds: Option<String>,
    outlook: Option<Outlook>,
    chart: Chart,
    typed: Typed,
    problem: String,
    back: String,
}

impl View {
    async fn new(
        visit: &Visit,
        known: &Known,
        wanted: &Wanted,
        span: &Span,
    ) -> Result<Self, Problem> {
        let path = visit.path(&format!("/products/{}", known.id));
        let holds = holds::read(visit, known.id, &wanted.hold).await?;
        let next = holds.as_ref().and_then(|holds| holds.next.as_deref());
        let more_holds = next.map(|next| format!("{}#holds", query(&path, &[("hold", next)])));
        let own = known.stock.iter().flat_map(|stock| stock.located.values());
        let own: BTreeSet<String> = own.map(|it| it.slug.as_str().to_owned()).collect();
        let all: BTreeSet<String> = Places::of(visit).await?.0.into_iter().collect();
        Ok(Self {
            positions: positions(known.stock.as_ref(), &wanted.after, &path),
            other_places: all.difference(&own).cloned().collect(),
            places: all.union(&own).cloned().collect(),
            own_places: own.into_iter().collect(),
            holds,
            more_holds,
            outlook: outlook::read(visit, known.id).await?,
            chart: chart::read(visit, known.id, span).await?,
            typed: Typed::default(),
            problem: String::new(),
            back: String::new(),
        })
    }

    async fn show(
        self,
        visit: &Visit,
        known: Known,
        message: Option<Message>,
        status: StatusCode,
    ) -> Result<Response, Problem> {
        let title = known.title();
        let layout = visit.layout(&title, Section::Stock).await?.with(message);
        let stock = known.stock.as_ref();
        let page = ProductPage {
            layout,
            path: visit.path(&format!("/products/{}", known.id)),
            transfers: visit.path(&format!("/transfers?product={}", known.id)),
            title,
            sku: known.sku(),
            is_registered: known.product.is_some(),
            badges: badges(visit, &known),
            sums: stock.map(|stock| stock.sums().into()),
            sellable: stock.and_then(sellable),
            set_aside: stock.and_then(set_aside),
            is_low: stock.is_some_and(Stock::is_low),
            updated_at: stock.map(|stock| TimeTag(stock.updated_at)),
            is_of_organization: stock.is_some_and(|stock| stock.owner != visit.acting()),
            positions: self.positions,
            places: self.places,
            own_places: self.own_places,
            other_places: self.other_places,
            examples: examples(),
            holds: self.holds,
            more_holds: self.more_holds,
            outlook: self.outlook,
            chart: self.chart,
            typed: self.typed,
            problem: self.problem,
            back: self.back,
        };
        show_as(status, &page)
    }
}

/// The pieces that may be sold, if they are other than those that are available.
fn sellable(stock: &Stock) -> Option<Number> {
    let sellable = stock.sellable();
    (sellable != stock.sums().available).then(|| sellable.into())
}

/// The pieces that are set aside, if any are.
fn set_aside(stock: &Stock) -> Option<Number> {
    let set_aside = stock.set_aside_in_all();
    (!set_aside.is_zero()).then(|| set_aside.into())
}

fn badges(visit: &Visit, known: &Known) -> Vec<Badge> {
    let badge = |class, text| Badge { class, text };
    let Some(product) = &known.product else {
        return vec![badge("muted", "not registered")];
    };
    let mut badges = vec![match product.status {
        ProductStatus::Live => badge("good", "live"),
        ProductStatus::Draft => badge("muted", "draft"),
    }];
    badges.push(badge("", whose(visit, product.owner)));
    if product.commodity_type == CommodityType::Digital {
        badges.push(badge("muted", "digital"));
    }
    badges
}

/// The positions after a location, in the order of their names. The pieces without one come first.
fn positions(stock: Option<&Stock>, after: &str, path: &str) -> Positions {
    let Some(stock) = stock else {
        let rows = Vec::new();
        return Positions { rows, next: None };
    };
    let located = stock.located.values();
    let located = located.map(|position| (position.slug.as_str(), position.balance));
    let mut all: Vec<(&str, Balance)> = std::iter::once(("", stock.unlocated))
        .chain(located)
        .filter(|(slug, _)| after.is_empty() || *slug > after)
        .collect();
    all.sort_unstable_by_key(|(slug, _)| *slug);
    let has_more = all.len() > PAGE_ROWS as usize;
    all.truncate(PAGE_ROWS as usize);
    let last = all.last().filter(|_| has_more);
    let next = last.map(|(slug, _)| query(path, &[("after", slug)]));
    let rows = all.into_iter().map(|(slug, balance)| Row {
        place: slug.to_owned(),
        figures: balance.into(),
        seen: Seen::of_position(slug, balance),
    });
    Positions {
        rows: rows.collect(),
        next,
    }
}

/// What changes do, said by examples before one is made.
fn examples() -> Vec<Example> {
    let example = |text, action, pieces| Example {
        text,
        words: Change {
            action,
            quantity: Quantity::new(pieces).unwrap_or_default(),
        }
        .to_string(),
    };
    vec![
        example("+5", TransactionAction::Increment, 5),
        example("-3", TransactionAction::Decrement, 3),
        example("=12", TransactionAction::Set, 12),
        example("allocate 2", TransactionAction::Allocate, 2),
        example("deallocate 2", TransactionAction::Deallocate, 2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_say_what_changes_do() {
        let words: Vec<String> = examples().into_iter().map(|it| it.words).collect();
        assert_eq!(words[0], "5\u{a0}pieces more available");
        assert_eq!(words[3], "2\u{a0}pieces from available to allocated");
    }
}
