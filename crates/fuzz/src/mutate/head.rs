//! Damage to methods, paths, queries and headers. What comes out is HTTP all the same: what isn't, the
//! library beneath the API refuses.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::values;
use crate::document::{FORM, IDEMPOTENCY_KEY, Operation};
use crate::request::{Request, escaped};
use crate::valid::{MULTI_LOCATION, STORE};
use crate::world::World;

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW",
];

const CONTENT_TYPES: [&str; 9] = [
    "",
    "application/json; charset=utf-16",
    "application/vnd.api+json",
    "APPLICATION/JSON",
    "application/jsonp",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/json, application/json",
    FORM,
];

const QUERIES: [&str; 12] = [
    "page[limit]",
    "page[offset]",
    "page[after]",
    "filter",
    "sort",
    "include",
    "at",
    "product_id",
    "strict",
    "page",
    "page[",
    "nothing",
];

/// What is no right escape, or escapes what isn't text.
const ESCAPES: [&str; 7] = ["%", "%zz", "%00", "%ff", "%2F", "%2e%2e", "%F0%9F%98%80"];

const HEADERS: [&str; 11] = [
    IDEMPOTENCY_KEY,
    "Prefer",
    STORE,
    MULTI_LOCATION,
    "EP-Geolocation",
    "EP-Channel",
    "Authorization",
    "Accept",
    "X-Request-Id",
    "Content-Encoding",
    "X-Moltin-Language",
];

/// Values that some header has a meaning for.
const HEADER_VALUES: [&str; 20] = [
    "",
    "true",
    "TRUE",
    "false",
    "handling=strict",
    "handling=lenient",
    "handling=\"strict\", wait=1",
    "respond-async;;;===",
    "52.5,13.4",
    "91,181",
    "NaN,NaN",
    "1e999,-1e999",
    "Bearer",
    "Bearer x.y.z",
    "Basic Zm9vOmJhcg==",
    "bearer  two  words",
    "gzip",
    "*/*;q=0",
    "a\tb",
    "'; DROP TABLE stocks; --",
];

const HEADER_BYTES_MAX: usize = 4_000;

/// The longest value in a query: longer than any that the API reads. HTTP's library itself refuses
/// targets of 64 KiB, and doesn't know the API's form.
const VALUE_BYTES_MAX: usize = 10_000;

/// Damages the path of a request: puts other ids in, mostly.
pub(super) fn path(request: &mut Request, world: &World, rng: &mut StdRng) {
    let index = match request.ids.choose(rng) {
        Some(id) if rng.random_bool(0.85) => *id,
        _ => rng.random_range(0..request.path.len().max(1)),
    };
    let Some(part) = request.path.get_mut(index) else {
        return;
    };
    match rng.random_range(0..10) {
        0..6 => *part = escaped(&values::id(world, rng)),
        6 => {
            let text: String = values::text(world, rng).chars().take(500).collect();
            *part = escaped(&text);
        }
        7 => *part = part.to_uppercase(),
        8 => *part += &values::chosen(&ESCAPES, rng),
        _ => request.path.push(String::new()),
    }
}

/// Damages the query of a request, or gives it one.
pub(super) fn query(
    request: &mut Request,
    operation: Option<&Operation>,
    world: &World,
    rng: &mut StdRng,
) {
    let own = operation.and_then(|operation| operation.queries.choose(rng));
    let name = match own {
        Some(own) if rng.random_bool(0.8) => own.name.clone(),
        _ => values::chosen(&QUERIES, rng),
    };
    let value = match (&*name, rng.random_range(0..4)) {
        ("filter", 0..=2) => escaped(&values::filter(world, rng)),
        ("page[after]", 0 | 1) => world.cursor(rng).unwrap_or_default(),
        ("page[limit]" | "page[offset]", 0 | 1) => rng.random_range(-1..10_002).to_string(),
        (_, 3) => values::chosen(&ESCAPES, rng),
        _ => {
            let mut value = escaped(&values::text(world, rng));
            value.truncate(VALUE_BYTES_MAX);
            value
        }
    };
    let index = rng.random_range(0..request.query.len().max(1));
    match request.query.get_mut(index) {
        Some(parameter) if rng.random_bool(0.3) => parameter.1 = value,
        Some(_) if rng.random_bool(0.1) => {
            request.query.remove(index);
        }
        _ => request.query.push((escaped(&name), value)),
    }
}

/// Damages the headers of a request.
pub(super) fn headers(request: &mut Request, world: &World, rng: &mut StdRng) {
    let index = rng.random_range(0..request.headers.len().max(1));
    match rng.random_range(0..10) {
        0 if !request.headers.is_empty() => {
            request.headers.remove(index);
        }
        1 => request.headers.extend(request.headers.get(index).cloned()),
        2 => {
            let content_type = values::chosen(&CONTENT_TYPES, rng).into_bytes();
            let is_other = |(name, _): &(String, Vec<u8>)| name != "Content-Type";
            request.headers.retain(is_other);
            request
                .headers
                .push(("Content-Type".to_owned(), content_type));
        }
        3..5 => {
            let key = world.sent_key(rng).unwrap_or_default().into_bytes();
            request.headers.push((IDEMPOTENCY_KEY.to_owned(), key));
        }
        5..7 => {
            let store = world.stores.choose(rng).cloned();
            let store = store.filter(|_| rng.random());
            let store = store.unwrap_or_else(|| values::id(world, rng));
            request.headers.push((STORE.to_owned(), store.into_bytes()));
        }
        _ => {
            let name = values::chosen(&HEADERS, rng);
            request.headers.push((name, header_value(world, rng)));
        }
    }
}

/// Puts another method in.
pub(super) fn method(request: &mut Request, rng: &mut StdRng) {
    request.method = values::chosen(&METHODS, rng);
}

fn header_value(world: &World, rng: &mut StdRng) -> Vec<u8> {
    if rng.random_bool(0.6) {
        return values::chosen(&HEADER_VALUES, rng).into_bytes();
    }
    let text = values::text(world, rng);
    let bytes = text.trim().bytes().take(HEADER_BYTES_MAX);
    // Others are no part of a header.
    let is_allowed = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    bytes.filter(is_allowed).collect()
}
