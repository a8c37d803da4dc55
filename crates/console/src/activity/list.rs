//! The list of what happened, newest first.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::EventCondition;
use stockroom_application::filter::{Pattern, TextCondition};
use stockroom_application::ports::{FeedContent, FeedEvent};
use stockroom_domain::{EventName, KeyId, Timestamp};

use super::feed::{self, Window};
use super::told::{Told, tell};
use crate::lookup::{Places, product_named};
use crate::page::moment::moment;
use crate::page::{Layout, Number, PAGE_ROWS, Problem, Section, query, show_as};
use crate::session::Visit;

/// The number of events that a page looks through.
const LOOKED_AT: u32 = 500;

/// The kinds of events: a word for the address, one for people, and the events.
const KINDS: [(&str, &str, &[EventName]); 7] = [
    (
        "stock",
        "Stock",
        &[
            EventName::TransactionCreated,
            EventName::StockCreated,
            EventName::StockDeleted,
            EventName::StockLow,
            EventName::StockRecovered,
            EventName::PolicyUpdated,
        ],
    ),
    (
        "reservations",
        "Reservations",
        &[EventName::ReservationCreated, EventName::ReservationUpdated],
    ),
    (
        "transfers",
        "Transfers and deliveries",
        &[
            EventName::TransferCreated,
            EventName::TransferUpdated,
            EventName::TransferOverdue,
            EventName::TransferDeleted,
        ],
    ),
    (
        "products",
        "Products",
        &[
            EventName::ProductCreated,
            EventName::ProductUpdated,
            EventName::ProductDeleted,
        ],
    ),
    (
        "locations",
        "Locations",
        &[
            EventName::LocationCreated,
            EventName::LocationUpdated,
            EventName::LocationDeleted,
        ],
    ),
    ("imports", "Imports", &[EventName::ImportUpdated]),
    (
        "webhooks",
        "Webhooks",
        &[
            EventName::IntegrationCreated,
            EventName::IntegrationUpdated,
            EventName::IntegrationDeleted,
            EventName::IntegrationDisabled,
        ],
    ),
];

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// A product, by id or SKU.
    product: String,
    /// The slug of a location.
    location: String,
    /// The id of a key.
    key: String,
    /// A part of the reason.
    reason: String,
    /// A kind of event.
    kind: String,
    /// The earliest and the latest time.
    from: String,
    until: String,
    /// The position up to which the feed is looked through.
    before: String,
}

/// What an event has to be like.
#[derive(Default)]
struct Filter {
    conditions: Vec<EventCondition>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    fn matches(&self, event: &FeedEvent) -> bool {
        let at = event.at();
        self.conditions.iter().all(|it| it.matches(event))
            && self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at <= until)
    }
}

/// A filter that is on, and the address without it.
struct Chip {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "activity/list.html")]
struct ActivityPage {
    layout: Layout,
    wanted: Wanted,
    chips: Vec<Chip>,
    kinds: Vec<(&'static str, &'static str)>,
    /// The keys that can be chosen: their ids and names.
    keys: Vec<(String, String)>,
    places: Places,
    rows: Vec<Told>,
    /// The words for the part of the feed that was looked through.
    looked_at: String,
    newest: Option<String>,
    older: Option<String>,
    /// Whether new events come on this page.
    is_live: bool,
    /// Why the filter makes no sense.
    problem: Option<String>,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let layout = visit.layout("Activity", Section::Activity).await?;
    let (filter, problem) = match filter(&visit, &wanted).await? {
        Ok(filter) => (filter, None),
        Err(problem) => (Filter::default(), Some(problem)),
    };
    let before = match (wanted.before.parse().ok(), filter.until) {
        (None, Some(until)) => Some(feed::position_at(&visit, until).await?),
        (before, _) => before,
    };
    let window = Window::read(&visit, before, LOOKED_AT).await?;
    let keys = keys(&wanted, &window.events);
    let mut found = window.events.iter().filter(|event| filter.matches(event));
    let rows: Vec<FeedEvent> = found
        .by_ref()
        .take(PAGE_ROWS as usize)
        .filter(|_| problem.is_none())
        .cloned()
        .collect();
    // The next page begins where this one ends, or where nothing more was found.
    let passed = match rows.last() {
        Some(last) if found.next().is_some() => last.position.saturating_sub(1),
        _ => window.after,
    };
    let path = visit.path("/activity");
    let kept = kept(&wanted);
    let older = window.goes_back_from(passed).then(|| {
        let place = passed.to_string();
        let mut parameters = kept.clone();
        parameters.push(("before", &place));
        query(&path, &parameters)
    });
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = ActivityPage {
        layout,
        chips: chips(&wanted, &keys, &path),
        kinds: KINDS.map(|(word, name, _)| (word, name)).to_vec(),
        keys,
        places: Places::of(&visit).await?,
        rows: tell(&visit, &rows).await?,
        looked_at: looked_at(passed, window.until, window.feed.head),
        newest: (!wanted.before.is_empty()).then(|| query(&path, &kept)),
        older,
        is_live: before.is_none(),
        problem,
        wanted,
    };
    show_as(status, &page)
}

/// The filter that the address asks for, or why it makes no sense.
async fn filter(visit: &Visit, wanted: &Wanted) -> Result<Result<Filter, String>, Problem> {
    let mut filter = Filter::default();
    let conditions = &mut filter.conditions;
    if !wanted.product.is_empty() {
        let Some(product) = product_named(visit, &wanted.product).await? else {
            return Ok(Err(format!(
                "No product has the id or SKU “{}”.",
                wanted.product
            )));
        };
        conditions.push(EventCondition::ProductId(vec![product]));
    }
    if !wanted.location.is_empty() {
        let location = TextCondition::In(vec![wanted.location.clone()]);
        conditions.push(EventCondition::Location(location));
    }
    if !wanted.key.is_empty() {
        let key = KeyId::parse(&wanted.key);
        conditions.push(EventCondition::Actor(key.into_iter().collect()));
    }
    if !wanted.reason.is_empty() {
        conditions.push(EventCondition::Reason(TextCondition::Like(Pattern {
            text: wanted.reason.clone(),
            open_start: true,
            open_end: true,
        })));
    }
    if let Some((_, _, names)) = KINDS.iter().find(|(word, ..)| *word == wanted.kind) {
        conditions.push(EventCondition::Name(names.to_vec()));
    }
    for (text, time) in [
        (&wanted.from, &mut filter.from),
        (&wanted.until, &mut filter.until),
    ] {
        if !text.is_empty() {
            *time = moment(text);
            if time.is_none() {
                return Ok(Err(format!(
                    "“{text}” isn't a time such as 2026-01-31T09:30."
                )));
            }
        }
    }
    Ok(Ok(filter))
}

/// The keys of these events, and the one that is wanted.
fn keys(wanted: &Wanted, events: &[FeedEvent]) -> Vec<(String, String)> {
    let mut keys = BTreeMap::new();
    for event in events {
        if let FeedContent::Entry(recorded, _) = &event.content
            && let Some(key) = recorded.entry.actor
        {
            let name = recorded.actor_name.as_deref();
            let name = name.map_or_else(|| key.to_string(), ToOwned::to_owned);
            keys.insert(key.to_string(), name);
        }
    }
    if !wanted.key.is_empty() {
        let key = wanted.key.clone();
        keys.entry(key.clone()).or_insert(key);
    }
    let mut keys: Vec<(String, String)> = keys.into_iter().collect();
    keys.sort_by(|(_, one), (_, other)| one.cmp(other));
    keys
}

fn looked_at(after: u64, until: u64, head: u64) -> String {
    let from = after.saturating_add(1);
    if from > until {
        return "Nothing to look through".to_owned();
    }
    format!(
        "Looked through events {} to {} of {}",
        Number::from(from),
        Number::from(until),
        Number::from(head)
    )
}

/// The parameters that all pages of the list have.
fn kept(wanted: &Wanted) -> Vec<(&'static str, &str)> {
    vec![
        ("product", &wanted.product),
        ("location", &wanted.location),
        ("key", &wanted.key),
        ("reason", &wanted.reason),
        ("kind", &wanted.kind),
        ("from", &wanted.from),
        ("until", &wanted.until),
    ]
}

fn chips(wanted: &Wanted, keys: &[(String, String)], path: &str) -> Vec<Chip> {
    let parameters = kept(wanted);
    let on = parameters.iter().filter(|(_, value)| !value.is_empty());
    let chips = on.map(|(name, value)| {
        let text = match *name {
            "product" => format!("of {value}"),
            "location" => format!("in {value}"),
            "key" => {
                let mut keys = keys.iter();
                let key = keys.find(|(id, _)| id == value);
                format!("by {}", key.map_or(*value, |(_, name)| name))
            }
            "reason" => format!("because of “{value}”"),
            "kind" => {
                let mut kinds = KINDS.iter();
                let kind = kinds.find(|(word, ..)| word == value);
                kind.map_or(*value, |(_, name, _)| name).to_owned()
            }
            name => format!("{name} {} UTC", value.replace('T', " ")),
        };
        let mut others = parameters.clone();
        others.retain(|(it, _)| it != name);
        let href = query(path, &others);
        Chip { text, href }
    });
    chips.collect()
}
