//! The list of locations.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::filter::{Pattern, TextCondition};
use stockroom_application::ports::LocationCondition;
use stockroom_application::{LocationOrder, LocationPlace, Page};
use stockroom_domain::{Geolocation, Location, LocationId};

use crate::page::{Layout, Number, PAGE_ROWS, Pager, Problem, Section, page_after, point, show_as};
use crate::session::{Done, Visit};

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// A part of the name.
    name: String,
    /// The beginning of the slug.
    slug: String,
    /// The beginning of the name in another system.
    external_ref: String,
    /// The point that the nearest ones are looked for at: `52.52, 13.405`.
    near: String,
    /// The place after which the page begins.
    after: String,
}

/// A location.
struct Row {
    id: LocationId,
    name: String,
    slug: String,
    external_ref: String,
    /// Whether the organization shares it with this store.
    is_shared: bool,
    /// Whether buyers can order from it.
    enabled: bool,
    /// Its priority, unless that is the default.
    priority: Option<Number>,
    address: String,
    /// The kilometres to the point that was asked for.
    distance: Option<Number>,
}

#[derive(Template)]
#[template(path = "locations/list.html")]
struct LocationsPage {
    layout: Layout,
    wanted: Wanted,
    is_filtered: bool,
    is_sorted: bool,
    rows: Vec<Row>,
    pager: Pager,
    problem: Option<String>,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Locations", Section::Locations).await?;
    let (near, problem) = match near(&wanted.near) {
        Ok(near) => (near, None),
        Err(problem) => (None, Some(problem)),
    };
    let page = page_after(PAGE_ROWS, place_of(&wanted.after));
    let filter = filter(&wanted);
    let order = near.map_or(LocationOrder::Created, LocationOrder::Nearest);
    let found = visit
        .stockroom()
        .list_locations(visit.caller(), &filter, order, page);
    let found: Page<Location, LocationPlace> = found.await?;
    let next = found.next.as_ref().map(text_of);
    let kept = [
        ("name", wanted.name.as_str()),
        ("slug", &wanted.slug),
        ("external_ref", &wanted.external_ref),
        ("near", &wanted.near),
    ];
    let path = visit.path("/locations");
    let pager = Pager::new(&found, wanted.after.is_empty(), &path, &kept, next);
    let is_filtered = kept.iter().any(|(_, value)| !value.trim().is_empty());
    let rows = found.items.into_iter().map(|it| row(&visit, it, near));
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = LocationsPage {
        layout: layout.with(message),
        is_filtered,
        is_sorted: near.is_some(),
        rows: rows.collect(),
        pager,
        wanted,
        problem,
    };
    show_as(status, &page)
}

fn row(visit: &Visit, location: Location, near: Option<Geolocation>) -> Row {
    let meters = near.zip(location.geolocation);
    let meters = meters.map(|(near, here)| here.distance_meters(near));
    let address = location.address.as_ref().map(|it| it.lines().join(", "));
    Row {
        id: location.id,
        is_shared: location.owner != visit.acting(),
        enabled: location.enabled,
        priority: (!location.priority.is_default()).then(|| Number(location.priority.get().into())),
        address: address.unwrap_or_default(),
        distance: meters.map(kilometers),
        external_ref: location
            .external_ref
            .map(|it| it.to_string())
            .unwrap_or_default(),
        slug: location.slug.to_string(),
        name: location.name.to_string(),
    }
}

/// A distance on the globe, which is at most 20,000 kilometres.
fn kilometers(meters: f64) -> Number {
    let text = format!("{:.0}", meters / 1_000.0);
    Number(text.parse().unwrap_or_default())
}

fn near(text: &str) -> Result<Option<Geolocation>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // With two commas or more it isn't clear which of them parts the numbers; a space is.
    let parts = text.split_once(", ").or_else(|| text.split_once(' '));
    let parts = parts.or_else(|| text.split_once([',', ';']));
    let Some((latitude, longitude)) = parts else {
        return Err(format!(
            "“{text}” isn't a point. Write its latitude and longitude, such as 52.52, 13.405."
        ));
    };
    point(latitude, longitude).map(Some)
}

fn filter(wanted: &Wanted) -> Vec<LocationCondition> {
    type Condition = fn(TextCondition) -> LocationCondition;
    let conditions: [(&str, bool, Condition); 3] = [
        (&wanted.name, true, LocationCondition::Name),
        (&wanted.slug, false, LocationCondition::Slug),
        (&wanted.external_ref, false, LocationCondition::ExternalRef),
    ];
    let conditions = conditions.into_iter();
    let conditions = conditions.filter(|(text, ..)| !text.trim().is_empty());
    let conditions = conditions.map(|(text, open_start, condition)| {
        condition(TextCondition::Like(Pattern {
            text: text.trim().to_owned(),
            open_start,
            open_end: true,
        }))
    });
    conditions.collect()
}

/// A place as text.
fn text_of(place: &LocationPlace) -> String {
    format!("{}.{}", place.rank, place.id)
}

fn place_of(text: &str) -> Option<LocationPlace> {
    let (rank, id) = text.split_once('.')?;
    Some(LocationPlace {
        rank: rank.parse().ok()?,
        id: LocationId::parse(id)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read() {
        let berlin = Geolocation::new(52.52, 13.405).ok();
        for text in [
            "52.52, 13.405",
            "52.52,13.405",
            "52.52 13.405",
            "52,52, 13,405",
        ] {
            assert_eq!(near(text), Ok(berlin), "{text}");
        }
        assert_eq!(near(" "), Ok(None));
        for text in ["Berlin", "52.52", "52.52, x", "52.52, 200"] {
            assert!(near(text).is_err(), "{text}");
        }
    }

    #[test]
    fn distances_are_rounded() {
        assert_eq!(kilometers(1_499.0), Number(1));
        assert_eq!(kilometers(8_918_000.0), Number(8_918));
    }
}
