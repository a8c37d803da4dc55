//! Files of Elastic Path.

use stockroom_files::Format;
use stockroom_files::Profile::ElasticPath;

use crate::support::{error, read, split, whole};

#[test]
fn a_file_is_read() {
    let whole = whole(ElasticPath, include_bytes!("../files/elasticpath.jsonl"));
    assert_eq!(whole.lines, 6);
    assert_eq!(
        whole.said(),
        [
            "1: sku=BE-CHAIR-01, set_available 25",
            "2: ref=erp/4711, increment 3",
            "3: sku=BE-CHAIR-02, decrement 1 at \"lyon\"",
            "5: id=7d2a0f6e-0c4b-4b5c-9a30-2f6f3a1c9e10, set_available 4",
            "6: fails: action must be increment, decrement or matchAvailable (the new available pieces), \
             and is \"set\"",
            "7: fails: unknown field \"warehouse\"",
        ]
    );
}

#[test]
fn lines_that_break_a_rule_are_named() {
    let cases = [
        (
            r#"{"lookupValue":"A","quantity":1,"action":"increment"}"#,
            "lookupField is missing: sku, external_ref or id",
        ),
        (
            r#"{"lookupField":"slug","lookupValue":"A","quantity":1,"action":"increment"}"#,
            "lookupField must be sku, external_ref or id, and is \"slug\"",
        ),
        (
            r#"{"lookupField":"sku","lookupValue":"","quantity":1,"action":"increment"}"#,
            "lookupValue is missing",
        ),
        (
            r#"{"lookupField":"sku","lookupValue":12,"quantity":1,"action":"increment"}"#,
            "lookupValue must be a text",
        ),
        (
            r#"{"lookupField":"id","lookupValue":"A","quantity":1,"action":"increment"}"#,
            "lookupValue must be a UUID, since lookupField is id",
        ),
        (
            r#"{"lookupField":"sku","lookupValue":"A","action":"increment"}"#,
            "quantity is missing",
        ),
        (
            r#"{"lookupField":"sku","lookupValue":"A","quantity":-1,"action":"increment"}"#,
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            r#"{"lookupField":"sku","lookupValue":"A","quantity":1}"#,
            "action is missing: increment, decrement or matchAvailable (the new available pieces)",
        ),
        (
            r#"{"lookupField":"sku","lookupField":"sku"}"#,
            "the field \"lookupField\" is there twice",
        ),
        (r#"{"type":"export-end"}"#, "unknown field \"type\""),
    ];
    for (line, fault) in cases {
        assert_eq!(
            read(ElasticPath, line),
            [format!("1: fails: {fault}")],
            "{line}"
        );
    }
}

#[test]
fn a_file_may_be_empty_but_not_csv() {
    assert_eq!(whole(ElasticPath, "\n").lines, 0);
    let not_csv = "Files of the profile elasticpath are not CSV";
    assert_eq!(error(ElasticPath, "sku,quantity\n"), not_csv);
    let asked = split(ElasticPath, Some(Format::Csv), [&b"{}"[..]]);
    assert_eq!(asked.unwrap_err().to_string(), not_csv);
}
