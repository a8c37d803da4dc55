//! Damage to bodies.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value, json};

use super::values;
use crate::json::{add_again, pointers, remove};
use crate::request::{Body, Request, escaped};
use crate::world::World;

/// Names that something is called somewhere in the API.
const NAMES: [&str; 24] = [
    "action",
    "as_of",
    "atomic",
    "attributes",
    "available",
    "counted",
    "data",
    "dry_run",
    "expect",
    "expires_in",
    "external_ref",
    "id",
    "items",
    "location",
    "locations",
    "manage_stock",
    "name",
    "product_id",
    "quantity",
    "reason",
    "reference",
    "sku",
    "stock",
    "type",
];

/// How many lines a batch has when one becomes many: few as a rule, now and then more than it may have.
const COPIES: [usize; 16] = [
    2, 2, 2, 2, 2, 3, 3, 3, 3, 10, 10, 10, 101, 501, 1_001, 10_001,
];

/// Bytes that no text has, or that begin one.
const BYTES: [&[u8]; 8] = [
    b"\xff",
    b"\x00",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"{\x00\"\x00",
    b"}{",
    b"/* */",
];

/// Damages the body of a request, or gives it one.
pub(super) fn damage(request: &mut Request, world: &World, rng: &mut StdRng) {
    match &mut request.body {
        Body::Json(value) if rng.random_bool(0.9) => json(value, world, rng),
        Body::Form(fields) if rng.random_bool(0.8) => form(fields, world, rng),
        Body::Nothing => request.body = Body::Json(values::value(world, rng)),
        body => {
            let mut bytes = body.bytes();
            scramble(&mut bytes, rng);
            *body = Body::Bytes(bytes);
        }
    }
}

fn json(value: &mut Value, world: &World, rng: &mut StdRng) {
    let pointers = pointers(value);
    let mut pick = || pointers.choose(rng).cloned().unwrap_or_default();
    let (at, other) = (pick(), pick());
    let found = value.pointer(&at).cloned().unwrap_or_default();
    match rng.random_range(0..12) {
        0 => {
            remove(value, &at);
        }
        1 => add_twin(value, &at, world, rng),
        2 | 3 => swap(value, &at, &other),
        4 => set(value, &at, json!([found])),
        5 => set(value, &at, json!({ values::chosen(&NAMES, rng): found })),
        6 => {
            let new = values::value(world, rng);
            let name = values::chosen(&NAMES, rng);
            in_object(value, &at, |object| {
                object.insert(name, new);
            });
        }
        7 => repeat(value, &at, rng),
        8 => set(value, &at, Value::String(values::id(world, rng))),
        _ => set(value, &at, values::value(world, rng)),
    }
}

fn set(value: &mut Value, pointer: &str, new: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = new;
    }
}

/// Has two values change places, unless one is in the other.
fn swap(value: &mut Value, one: &str, other: &str) {
    if one.starts_with(other) || other.starts_with(one) {
        return;
    }
    let values = value.pointer(one).zip(value.pointer(other));
    if let Some((first, second)) = values.map(|(first, second)| (first.clone(), second.clone())) {
        set(value, one, second);
        set(value, other, first);
    }
}

/// Gives a name in an object a second value.
fn add_twin(value: &mut Value, pointer: &str, world: &World, rng: &mut StdRng) {
    let other = rng.random::<bool>().then(|| values::value(world, rng));
    in_object(value, pointer, |object| {
        let first = object.iter().next();
        if let Some((name, value)) = first.map(|(name, value)| (name.clone(), value.clone())) {
            add_again(object, &name, other.unwrap_or(value));
        }
    });
}

/// Does something to the object at a pointer, or to the one around it.
fn in_object(value: &mut Value, pointer: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
    let pointer = match value.pointer(pointer) {
        Some(Value::Object(_)) => pointer,
        _ => around,
    };
    if let Some(Value::Object(object)) = value.pointer_mut(pointer) {
        change(object);
    }
}

/// Repeats the items of an array, or those of the one around.
fn repeat(value: &mut Value, pointer: &str, rng: &mut StdRng) {
    let copies = COPIES.choose(rng).copied().unwrap_or(2);
    let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
    for pointer in [pointer, around] {
        if let Some(Value::Array(items)) = value.pointer_mut(pointer)
            && let Some(first) = items.first().cloned()
        {
            items.resize(copies, first);
            return;
        }
    }
}

fn form(fields: &mut Vec<(String, String)>, world: &World, rng: &mut StdRng) {
    let index = rng.random_range(0..fields.len().max(1));
    match (rng.random_range(0..4), fields.get(index).cloned()) {
        (0, Some(_)) => {
            fields.remove(index);
        }
        (1, Some(field)) => fields.push(field),
        (2, Some((name, _))) => {
            let value = escaped(&values::text(world, rng));
            fields.push((name, value));
        }
        _ => {
            let value = escaped(&values::text(world, rng));
            if let Some(field) = fields.get_mut(index) {
                field.1 = value;
            }
        }
    }
}

/// Cuts bytes off, changes some, or puts others in.
fn scramble(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    let at = rng.random_range(0..=bytes.len());
    match rng.random_range(0..3) {
        0 => bytes.truncate(at),
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        _ => {
            let other = BYTES.choose(rng).copied().unwrap_or_default();
            bytes.splice(at..at, other.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn world() -> World {
        World::new("c0".to_owned(), Vec::new(), vec!["FOREIGN".to_owned()])
    }

    /// What becomes of a value under many seeds.
    fn texts(value: &Value) -> Vec<String> {
        let damaged = (0..2_000).map(|seed| {
            let mut value = value.clone();
            json(&mut value, &world(), &mut StdRng::seed_from_u64(seed));
            crate::json::text(&value)
        });
        damaged.collect()
    }

    #[test]
    fn json_is_damaged_in_every_way() {
        let texts = texts(&json!({ "data": { "a": 1, "b": ["x"] } }));
        for wanted in [
            r#"{"data":{"b":["x"]}}"#,
            r#"{"data":{"a":1,"b":["x"],"a":1}}"#,
            r#"{"data":{"a":["x"],"b":1}}"#,
            r#"{"data":{"a":[1],"b":["x"]}}"#,
            r#"{"data":{"a":1,"b":["x","x"]}}"#,
            r#"{"data":{"a":1e999,"b":["x"]}}"#,
            r#"{"data":{"a":"FOREIGN","b":["x"]}}"#,
            r#"{"data":{"a":null,"b":["x"]}}"#,
        ] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted}");
        }
        let has = |part: &str| texts.iter().any(|text| text.contains(part));
        assert!(has(r"\u0000") && has(&"[".repeat(10_000)) && has(r#""\ud800""#));
        let longest = texts.iter().map(String::len).max().unwrap();
        assert!((40_000..1_000_000).contains(&longest), "{longest}");
    }

    #[test]
    fn bytes_are_cut_changed_and_added() {
        let damaged: Vec<Vec<u8>> = (0..200)
            .map(|seed| {
                let mut bytes = b"0123456789".to_vec();
                scramble(&mut bytes, &mut StdRng::seed_from_u64(seed));
                bytes
            })
            .collect();
        assert!(damaged.contains(&b"01234".to_vec()));
        assert!(
            damaged
                .iter()
                .any(|it| it.len() == 10 && it != b"0123456789")
        );
        assert!(damaged.iter().any(|it| it.contains(&0xff)));
    }

    #[test]
    fn fields_of_forms_are_lost_doubled_and_changed() {
        let damaged: Vec<Vec<(String, String)>> = (0..2_000)
            .map(|seed| {
                let mut fields = vec![("a".to_owned(), "1".to_owned())];
                form(&mut fields, &world(), &mut StdRng::seed_from_u64(seed));
                fields
            })
            .collect();
        let lengths = [0, 1, 2].map(|length| damaged.iter().any(|it| it.len() == length));
        assert_eq!(lengths, [true; 3]);
        assert!(damaged.iter().any(|it| it.len() == 1 && it[0].1 == "%00"));
    }
}
