//! Requests that work: the document's examples, about things that there are.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value};
use stockroom_test_server::Credentials;

use crate::document::{Example, FORM, IDEMPOTENCY_KEY, Operation};
use crate::request::{Body, Request, Sending, escaped, is_id};
use crate::world::{Kind, Thing, World};

const JSON: &str = "application/json";

/// The header that names the store to act in.
pub(crate) const STORE: &str = "X-Moltin-Auth-Store";
/// The header that asks for the multi-location form.
pub(crate) const MULTI_LOCATION: &str = "EP-Inventories-Multi-Location";

/// Operations for keys of an organization alone.
pub(crate) const ORGANIZATIONS: [&str; 1] = ["UpdateInventorySettings"];

/// Operations that make something with an id of the client's choice: any id will do.
const WITH_NEW_ID: [&str; 3] = ["CreateStock", "CreateProductStock", "createProduct"];

/// What a parameter in a path stands for, and which operation makes such things.
const MAKERS: [(Kind, &str); 18] = [
    (Kind::Stock, "CreateProductStock"),
    (Kind::Product, "createProduct"),
    (Kind::Location, "CreateLocation"),
    (Kind::PendingReservation, "CreateReservation"),
    (Kind::PaidReservation, "PayReservation"),
    (Kind::PlacedReservation, "CreateReservation"),
    (Kind::ShippedReservation, "FulfilReservation"),
    (Kind::DraftTransfer, "CreateTransfer"),
    (Kind::UnshippedTransfer, "CreateTransfer"),
    (Kind::ShippedTransfer, "CreateTransfer"),
    (Kind::ReceivedTransfer, "ReceiveTransfer"),
    (Kind::Receipt, "ListReceipts"),
    (Kind::Transaction, "CreateTransaction"),
    (Kind::Batch, "CreateTransactionBatch"),
    (Kind::Key, "createKey"),
    (Kind::Integration, "createIntegration"),
    (Kind::Job, "testIntegration"),
    (Kind::Import, "CreateImport"),
];

/// Tokens of one tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) store: String,
    /// None where no such key can be made.
    pub(crate) organization: Option<String>,
}

/// Who sends requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) tokens: Tokens,
    /// Whether the organization's token is sent, instead of the store's.
    pub(crate) is_organization: bool,
    /// The store that the organization acts in.
    pub(crate) store: Option<String>,
    /// The store's key.
    pub(crate) credentials: Credentials,
}

impl Tokens {
    /// With the variables of a shell that stand for them.
    pub(crate) fn named(&self) -> Vec<(&str, &str)> {
        let organization = self.organization.as_deref();
        let organization = organization.map(|token| ("ORGANIZATION_TOKEN", token));
        [("STORE_TOKEN", &*self.store)]
            .into_iter()
            .chain(organization)
            .collect()
    }
}

impl Caller {
    fn token(&self, of_organization: bool) -> &str {
        let organization = self.tokens.organization.as_deref();
        organization
            .filter(|_| of_organization)
            .unwrap_or(&self.tokens.store)
    }
}

/// The operation that makes things of a kind.
pub(crate) fn maker(kind: Kind) -> &'static str {
    let maker = MAKERS.iter().find(|(it, _)| *it == kind);
    maker.map_or("", |(_, maker)| maker)
}

/// A request of an operation that should succeed.
///
/// # Errors
/// What has to be made first.
pub(crate) fn request(
    operation: &Operation,
    caller: &Caller,
    world: &mut World,
    rng: &mut StdRng,
) -> Result<Request, Kind> {
    let (path, ids) = path(operation, world, rng)?;
    let mut query = Vec::new();
    for parameter in &operation.queries {
        let value = match &*parameter.name {
            "product_id" => id_of(Kind::Stock, world, rng)?,
            "page[limit]" if rng.random_bool(0.3) => rng.random_range(1..=100).to_string(),
            "page[offset]" if rng.random_bool(0.1) => rng.random_range(0..5).to_string(),
            _ => continue,
        };
        query.push((escaped(&parameter.name), escaped(&value)));
    }
    let mut request = Request {
        operation: operation.id.clone(),
        method: operation.method.clone(),
        path,
        ids,
        query,
        headers: headers(operation, caller, world, rng),
        body: Body::Nothing,
        sending: Sending::Whole,
    };
    let without_body = operation.bodies.is_empty() || operation.body_is_optional && rng.random();
    if !without_body {
        let index = rng.random_range(0..operation.bodies.len());
        if let Some(example) = operation.bodies.get(index) {
            add_body(&mut request, example, caller, world, rng)?;
        }
    }
    Ok(request)
}

fn path(
    operation: &Operation,
    world: &World,
    rng: &mut StdRng,
) -> Result<(Vec<String>, Vec<usize>), Kind> {
    let mut path: Vec<String> = Vec::new();
    let mut ids = Vec::new();
    let mut of = None;
    for (parameter, kind) in [
        ("{transaction}", Kind::Transaction),
        ("{job}", Kind::Job),
        ("{receipt}", Kind::Receipt),
    ] {
        if operation.path.contains(parameter) {
            of = Some(world.thing(kind, rng).ok_or(kind)?.clone());
        }
    }
    let parts = operation.path.trim_matches('/').split('/');
    for (index, part) in parts.enumerate() {
        let name = part.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        let Some(name) = name else {
            path.push(part.to_owned());
            continue;
        };
        ids.push(index);
        path.push(match (name, &of) {
            ("product" | "integration" | "transfer", Some(thing)) => thing.other.clone(),
            ("transaction" | "job" | "receipt", Some(thing)) => thing.id.clone(),
            ("product", None) if WITH_NEW_ID.contains(&&*operation.id) => fresh_id(rng),
            (name, _) => match kind(name, operation) {
                Some(kind) => id_of(kind, world, rng)?,
                None => fresh_id(rng),
            },
        });
    }
    Ok((path, ids))
}

fn kind(parameter: &str, operation: &Operation) -> Option<Kind> {
    Some(match parameter {
        "product" if operation.path.contains("/products/") => Kind::Product,
        "product" => Kind::Stock,
        "location" => Kind::Location,
        "reservation" => match &*operation.id {
            "FulfilReservation" => Kind::PaidReservation,
            "MoveReservation" => Kind::PlacedReservation,
            "ReturnReservation" => Kind::ShippedReservation,
            _ => Kind::PendingReservation,
        },
        "transfer" => match &*operation.id {
            "ShipTransfer" => Kind::UnshippedTransfer,
            "ReceiveTransfer" | "CancelTransfer" => Kind::ShippedTransfer,
            "ListReceipts" => Kind::ReceivedTransfer,
            _ => Kind::DraftTransfer,
        },
        "batch" => Kind::Batch,
        "key" => Kind::Key,
        "integration" => Kind::Integration,
        "import" => Kind::Import,
        _ => return None,
    })
}

fn headers(
    operation: &Operation,
    caller: &Caller,
    world: &mut World,
    rng: &mut StdRng,
) -> Vec<(String, Vec<u8>)> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into_bytes()));
    if operation.path.starts_with("/v2/") {
        let for_organization = ORGANIZATIONS.contains(&&*operation.id);
        let token = caller.token(caller.is_organization || for_organization);
        add("Authorization", format!("Bearer {token}"));
        if let Some(store) = &caller.store
            && !for_organization
        {
            add(STORE, store.clone());
        }
    }
    if operation.reads_header(MULTI_LOCATION) && rng.random() {
        add(MULTI_LOCATION, "true".to_owned());
    }
    if operation.reads_header(IDEMPOTENCY_KEY) && rng.random_bool(0.25) {
        add(IDEMPOTENCY_KEY, world.fresh_key());
    }
    if rng.random_bool(0.1) {
        add("Prefer", "handling=strict".to_owned());
    }
    headers
}

fn add_body(
    request: &mut Request,
    example: &Example,
    caller: &Caller,
    world: &mut World,
    rng: &mut StdRng,
) -> Result<(), Kind> {
    let mut value = example.value.clone();
    let makes = WITH_NEW_ID.contains(&&*request.operation);
    adapt(&mut value, makes, caller, world, rng)?;
    name_what_there_is(&mut value, request, world);
    let content_type = example.content_type.clone().into_bytes();
    request
        .headers
        .push(("Content-Type".to_owned(), content_type));
    request.body = if example.content_type == FORM {
        let fields = value.as_object().into_iter().flatten();
        let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
        Body::Form(
            fields
                .map(|(name, value)| (escaped(name), text(value)))
                .collect(),
        )
    } else if let (Some(file), true) = (value.as_str(), example.content_type != JSON) {
        Body::Bytes(file.as_bytes().to_vec())
    } else {
        Body::Json(value)
    };
    Ok(())
}

/// Has an example be about things that there are, and call new ones what nothing is called yet.
fn adapt(
    value: &mut Value,
    makes: bool,
    caller: &Caller,
    world: &mut World,
    rng: &mut StdRng,
) -> Result<(), Kind> {
    match value {
        Value::Array(items) => {
            for item in items {
                adapt(item, makes, caller, world, rng)?;
            }
        }
        Value::Object(object) => {
            // When something was counted or expected, the stock may not have been there yet.
            object.remove("as_of");
            object.remove("expect");
            if let Some(Value::Object(locations)) = object.get_mut("locations") {
                rename_locations(locations, world, rng)?;
            }
            for (name, value) in object.iter_mut() {
                let new = match (&**name, &*value) {
                    ("id", Value::String(id)) if makes && is_id(id) => fresh_id(rng),
                    ("id" | "product_id", Value::String(id)) if is_id(id) => {
                        id_of(Kind::Stock, world, rng)?
                    }
                    ("location", Value::String(_)) => slug(world, rng)?,
                    ("slug" | "sku" | "external_ref" | "order_id", Value::String(_)) => {
                        world.fresh()
                    }
                    ("client_id", _) => caller.credentials.client_id.clone(),
                    ("client_secret", _) => caller.credentials.client_secret.clone(),
                    _ => {
                        adapt(value, makes, caller, world, rng)?;
                        continue;
                    }
                };
                *value = Value::from(new);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Has the first item be about a piece that the reservation or the transfer in the path has.
fn name_what_there_is(value: &mut Value, request: &Request, world: &World) {
    let (kind, place) = match &*request.operation {
        "MoveReservation" => (Kind::PlacedReservation, Some("from")),
        "ReturnReservation" => (Kind::ShippedReservation, Some("location")),
        "ShipTransfer" => (Kind::UnshippedTransfer, None),
        "ReceiveTransfer" | "CancelTransfer" => (Kind::ShippedTransfer, None),
        _ => return,
    };
    let Some((known, item)) = about(kind, value, request, world) else {
        return;
    };
    item["product_id"] = Value::from(&*known.product);
    if let Some(place) = place {
        // The name of the pool is null.
        let location = Some(&*known.other).filter(|slug| !slug.is_empty());
        item[place] = Value::from(location);
    }
}

/// What is known of the thing in the path, and the first item of the body.
fn about<'a>(
    kind: Kind,
    value: &'a mut Value,
    request: &Request,
    world: &'a World,
) -> Option<(&'a Thing, &'a mut Value)> {
    let id = request.path.get(*request.ids.last()?)?;
    let known = world.known(kind, id)?;
    let data = value.get_mut("data")?;
    let fields = match data.get("attributes") {
        Some(_) => data.get_mut("attributes")?,
        None => data,
    };
    Some((known, fields.pointer_mut("/items/0")?))
}

fn rename_locations(
    locations: &mut Map<String, Value>,
    world: &World,
    rng: &mut StdRng,
) -> Result<(), Kind> {
    let values: Vec<Value> = locations.values().cloned().collect();
    locations.clear();
    for value in values {
        locations.insert(slug(world, rng)?, value);
    }
    Ok(())
}

fn id_of(kind: Kind, world: &World, rng: &mut StdRng) -> Result<String, Kind> {
    let thing = world.thing(kind, rng);
    thing.map(|thing| thing.id.clone()).ok_or(kind)
}

fn slug(world: &World, rng: &mut StdRng) -> Result<String, Kind> {
    let location = world.thing(Kind::Location, rng);
    let location = location.map(|location| location.other.clone());
    location.ok_or(Kind::Location)
}

fn fresh_id(rng: &mut StdRng) -> String {
    let id = uuid::Builder::from_random_bytes(rng.random());
    id.into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use serde_json::json;

    use super::*;
    use crate::document::operations;

    fn operation(value: &Value) -> Operation {
        let document = json!({ "paths": { "/v2/inventories/{product}/counts": { "post": {
            "operationId": "CreateCount",
            "parameters": [{ "name": IDEMPOTENCY_KEY, "in": "header" }],
            "requestBody": { "required": true, "content": {
                "application/json": { "examples": { "one": { "value": value } } },
            } },
        } } } });
        operations(&document).unwrap().remove(0)
    }

    fn note(world: &mut World, data: &Value) {
        let made = Request {
            operation: String::new(),
            method: "POST".to_owned(),
            path: Vec::new(),
            ids: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            sending: Sending::Whole,
        };
        world.learn(&made, true, 201, &json!({ "data": data }));
    }

    #[test]
    fn an_example_is_about_things_that_there_are() {
        let operation = operation(&json!({ "data": {
            "attributes": { "as_of": "2026-01-31T09:30:00Z", "location": "berlin", "counted": 1 },
        } }));
        let mut world = World::new("c0".to_owned(), Vec::new(), Vec::new());
        let mut rng = StdRng::seed_from_u64(3);
        let caller = Caller::default();
        let made = request(&operation, &caller, &mut world, &mut rng);
        assert_eq!(made, Err(Kind::Stock));
        note(&mut world, &json!({ "id": "P", "type": "stock" }));
        let made = request(&operation, &caller, &mut world, &mut rng);
        assert_eq!(made, Err(Kind::Location));
        let location = json!({ "id": "L", "type": "inventory_location", "slug": "here" });
        note(&mut world, &location);
        let made = request(&operation, &caller, &mut world, &mut rng).unwrap();
        assert_eq!(made.target(), "/v2/inventories/P/counts");
        let body = json!({ "data": { "attributes": { "location": "here", "counted": 1 } } });
        assert_eq!(made.body, Body::Json(body));
    }

    #[test]
    fn the_same_seed_makes_the_same_request() {
        let operation = operation(&json!({ "data": { "order_id": "an order" } }));
        let make = || {
            let mut world = World::new("c0".to_owned(), Vec::new(), Vec::new());
            note(&mut world, &json!({ "id": "P", "type": "stock" }));
            let mut rng = StdRng::seed_from_u64(5);
            request(&operation, &Caller::default(), &mut world, &mut rng).unwrap()
        };
        assert_eq!(make(), make());
    }

    #[test]
    fn every_kind_has_a_maker() {
        for (kind, name) in MAKERS {
            assert_eq!(maker(kind), name);
        }
    }
}
