//! Values that programs trip over.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use crate::json::raw;
use crate::world::World;

/// Texts: empty, long, of strange characters, and such as mean something to somebody.
const TEXTS: [&str; 46] = [
    "",
    " ",
    "\u{0}",
    "a\u{0}b",
    "\t\r\n",
    "null",
    "0",
    "-1",
    "5",
    "5.0",
    "1e3",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "NaN",
    "true",
    "[]",
    "{}",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "\u{202e}right to left",
    "\u{200b}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    "👩‍👩‍👧‍👦",
    "ﷺ",
    "%",
    "_",
    "*",
    "\\",
    "'",
    "\"",
    "' OR 1=1 --",
    "$1",
    "{product}",
    "../..",
    "2026-01-31",
    "2026-01-31T09:30:00Z",
    "2026-02-30T25:61:61Z",
    "9999-12-31T23:59:60.999999999+23:59",
    "-9999-01-01T00:00:00Z",
    "1700000000000",
];

/// Ids of nothing, and what is nearly one.
const IDS: [&str; 7] = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "15FBEAB0-75A3-4D6B-B23B-9DB7455C077E",
    "{15fbeab0-75a3-4d6b-b23b-9db7455c077e}",
    "urn:uuid:15fbeab0-75a3-4d6b-b23b-9db7455c077e",
    "15fbeab075a34d6bb23b9db7455c077e",
    "15fbeab0-75a3-4d6b-b23b-9db7455c077",
];

/// What is written as it is: numbers of any size, texts that are none, and what isn't JSON.
const RAW: [&str; 22] = [
    "1e999",
    "-1e999",
    "1E-400",
    "-0",
    "-0.0",
    "5.0",
    "5e0",
    "0.1e1",
    "05",
    "+5",
    ".5",
    "0x10",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "NaN",
    "Infinity",
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\x""#,
    "'single'",
];

/// Fields that filters have.
const FIELDS: [&str; 16] = [
    "location",
    "locations",
    "id",
    "available",
    "allocated",
    "total",
    "created_at",
    "updated_at",
    "action",
    "quantity",
    "name",
    "slug",
    "sku",
    "external_ref",
    "reference",
    "nothing",
];

const OPERATORS: [&str; 11] = [
    "eq", "in", "like", "ilike", "gt", "ge", "lt", "le", "is_null", "or", "",
];

/// How long long texts are, and how deep deep values: at the limits of the API and beyond.
const LENGTHS: [usize; 7] = [127, 129, 256, 1024, 1025, 9_000, 40_000];
const DEPTHS: [usize; 4] = [10, 127, 129, 10_000];

/// Any id: of a thing that there is, of another tenant's, or of nothing.
pub(super) fn id(world: &World, rng: &mut StdRng) -> String {
    let known = match rng.random_range(0..8) {
        0..3 => world.any_id(rng),
        3..6 => world.foreign_id(rng),
        _ => None,
    };
    known.unwrap_or_else(|| chosen(&IDS, rng))
}

/// Any text.
pub(super) fn text(world: &World, rng: &mut StdRng) -> String {
    match rng.random_range(0..12) {
        0..3 => id(world, rng),
        3 => {
            let length = LENGTHS.choose(rng).copied().unwrap_or(1);
            let unit = ["a", "ü", "😀", "\u{0}", "a "].choose(rng);
            unit.copied().unwrap_or("a").repeat(length)
        }
        4 => filter(world, rng),
        5 => world.cursor(rng).unwrap_or_default(),
        _ => chosen(&TEXTS, rng),
    }
}

/// Any value, and what is none.
pub(super) fn value(world: &World, rng: &mut StdRng) -> Value {
    match rng.random_range(0..16) {
        0 => Value::Null,
        1 => json!(rng.random::<bool>()),
        2 => json!([]),
        3 => json!({}),
        4 => json!([value(world, rng)]),
        5 => json!({ text(world, rng): value(world, rng) }),
        6 => json!(rng.random_range(-2..20)),
        7 => json!(1_i64 << rng.random_range(0..63)),
        8 => json!(rng.random::<f64>()),
        9..11 => raw(&chosen(&RAW, rng)),
        11 => deep(rng),
        _ => Value::String(text(world, rng)),
    }
}

/// A filter of a list, right or wrong.
pub(super) fn filter(world: &World, rng: &mut StdRng) -> String {
    let conditions = (0..rng.random_range(1..4)).map(|_| {
        let (operator, field) = (chosen(&OPERATORS, rng), chosen(&FIELDS, rng));
        let operand = if rng.random_bool(0.3) {
            id(world, rng)
        } else {
            chosen(&TEXTS, rng)
        };
        match rng.random_range(0..5) {
            0 => format!("{operator}({field})"),
            1 => format!("{operator}({field},'{operand}')"),
            2 => format!("{operator}({field},{operand},\"{operand}\")"),
            _ => format!("{operator}({field},{operand})"),
        }
    });
    conditions.collect::<Vec<_>>().join(":")
}

/// One of some texts.
pub(super) fn chosen(texts: &[&str], rng: &mut StdRng) -> String {
    texts.choose(rng).copied().unwrap_or_default().to_owned()
}

fn deep(rng: &mut StdRng) -> Value {
    let depth = DEPTHS.choose(rng).copied().unwrap_or(1);
    let (open, close) = if rng.random() {
        ("[", "]")
    } else {
        (r#"{"data":"#, "}")
    };
    let close = if rng.random_bool(0.9) { close } else { "" };
    raw(&format!("{}1{}", open.repeat(depth), close.repeat(depth)))
}
