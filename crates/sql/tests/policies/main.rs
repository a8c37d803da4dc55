//! The stored form of policies: what any version has written, every later one reads.
//!
//! The file beside this one is what was written. If a change to a type adds to it, the first test fails and
//! shows what is written now: add that as a file with the next number, and leave the files that are there as
//! they are.

use std::collections::BTreeMap;

use serde_json::Value;
use stockroom_domain::{Alert, Policy, Quantity};
use stockroom_sql::{Row, decode_policy, encode_policy};
use uuid::Uuid;

/// What was written of policies; the newest last.
const POLICIES: [&str; 1] = [include_str!("policies-1.json")];

fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(file).expect("a golden file is an object of policies")
}

fn row() -> Row {
    Row::new("stocks", Uuid::from_u128(1))
}

fn samples() -> BTreeMap<String, Policy> {
    let quantity = |pieces| Quantity::new(pieces).expect("a quantity");
    let alert = |at, rearm_at, is_on| {
        let alert = Alert::new(quantity(at), Some(quantity(rearm_at))).expect("an alert");
        Alert { is_on, ..alert }
    };
    let safety_stock = Policy {
        safety_stock: quantity(5),
        alerts: Vec::new(),
    };
    let all = Policy {
        alerts: vec![alert(40, 50, false), alert(0, 1, true)],
        ..safety_stock.clone()
    };
    [
        ("nothing but safety stock".to_owned(), safety_stock),
        ("all".to_owned(), all),
    ]
    .into()
}

#[test]
fn what_is_written_is_what_the_newest_file_says() {
    let newest = POLICIES.last().map(|file| golden(file)).unwrap_or_default();
    let written: BTreeMap<String, Value> = samples()
        .into_iter()
        .map(|(name, policy)| {
            let text = encode_policy(&policy).expect("it says something");
            (name, serde_json::from_str(&text).expect("it is JSON"))
        })
        .collect();
    assert_eq!(written, newest, "now written: {written:?}");
    assert_eq!(encode_policy(&Policy::default()), None);
}

#[test]
fn what_was_ever_written_is_read() {
    for file in POLICIES {
        for (name, stored) in golden(file) {
            let read = decode_policy(&row(), Some(&stored.to_string())).expect("a policy");
            assert_eq!(read, samples()[&name]);
        }
    }
    let nothing = decode_policy(&row(), None).expect("a policy");
    assert!(nothing.is_default());
}

#[test]
fn a_later_version_is_not_read() {
    for text in ["{}", "", r#"{"version":2}"#, r#"{"version":1,"alerts":1}"#] {
        let error = decode_policy(&row(), Some(text)).unwrap_err().to_string();
        assert!(error.contains("policy"), "{error}");
    }
}
