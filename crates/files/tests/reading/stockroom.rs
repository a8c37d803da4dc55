//! Files of our own profile.

use stockroom_files::Profile::Stockroom;
use stockroom_files::{Format, Profile};

use crate::support::{error, read, split, whole};

const ID: &str = "7d2a0f6e-0c4b-4b5c-9a30-2f6f3a1c9e10";
const ACTIONS: &str =
    "increment, decrement, set (the new total), set_available, allocate or deallocate";

#[test]
fn a_file_with_semicolons_and_old_line_ends_is_read() {
    let file = include_bytes!("../files/stockroom-semicolons.csv");
    let whole = whole(Stockroom, file);
    assert_eq!(whole.layout.ignored_columns(), ["total"]);
    assert_eq!(whole.lines, 6);
    assert_eq!(
        whole.said(),
        [
            "2: sku=CH-1, name=Stuhl; Eiche, increment 12 at \"hamburg\", reason=\"delivery\", reference=PO-17"
                .to_owned(),
            "3: sku=CH-2, name=Hocker, klein, set 0, reason=\"counted\\rtwice\", expects total 4"
                .to_owned(),
            "5: fails: product_id, sku or external_ref must name the product".to_owned(),
            format!("6: fails: action must be {ACTIONS}, and is \"receive\""),
            "7: fails: quantity must be an integer from 0 to 9007199254740991".to_owned(),
            "8: fails: the line has 4 cells, but the header names 9 columns".to_owned(),
        ]
    );
}

#[test]
fn a_file_with_tabs_is_read() {
    let file = include_bytes!("../files/stockroom-tabs.csv");
    let whole = whole(Stockroom, file);
    assert_eq!(whole.layout.ignored_columns(), ["error"]);
    assert_eq!(
        whole.said(),
        [
            format!("2: id={ID}, set_available 5, expects available 6"),
            "5: fails: product_id must be a UUID".to_owned(),
            "6: fails: product_id, sku or external_ref must name the product".to_owned(),
        ]
    );
}

#[test]
fn a_header_says_what_is_wrong_with_it() {
    let long = "x".repeat(70);
    let cases = [
        (
            "",
            "The file has no header: its first line must name the columns",
        ),
        (
            "\u{feff}\r\n \n",
            "The file has no header: its first line must name the columns",
        ),
        (
            "sku,action,quantity,Qty\n",
            "The column \"Qty\" is not known; columns are product_id, sku, external_ref, name, location, \
             action, quantity, reason, reference, expect_available, expect_total",
        ),
        (
            "sku,action,quantity,SKU \n",
            "The file has the column \"SKU\" twice",
        ),
        (
            "sku,action,quantity,\n",
            "Column 4 has no name in the header",
        ),
        ("sku,quantity\n", "The file lacks the column action"),
        ("sku,action\n", "The file lacks the column quantity"),
        (
            "name,action,quantity\n",
            "The file lacks the column product_id, sku or external_ref",
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(error(Stockroom, file), expected, "{file:?}");
    }
    let unknown = error(Stockroom, format!("{long}\n"));
    assert!(unknown.starts_with(&format!("The column \"{}…\" is", &long[..64])));
    let wide = error(Stockroom, "a,".repeat(1_001));
    assert_eq!(wide, "The file has more than 1,000 columns");
}

#[test]
fn the_delimiter_is_the_one_that_the_header_has_most_often_outside_of_quotes() {
    let cases = [
        "sku,action,quantity\nA,set,1",
        "sku;action;quantity\nA;set;1",
        "sku\taction\tquantity\nA\tset\t1",
        "\"sku\";\"action\";\"quantity\"\nA;set;1",
    ];
    for file in cases {
        assert_eq!(read(Stockroom, file), ["2: sku=A, set 1"], "{file:?}");
    }
    let file = "SKU;Location;On hand;\"a,b,c,d,e\"\nA;Lyon;1;\n";
    assert_eq!(
        read(Profile::Shopify, file),
        ["2: sku?=A, set 1 at \"Lyon\""]
    );
}

#[test]
fn values_that_break_a_rule_are_named() {
    let text = "x".repeat(1_025);
    let cases = [
        ("sku", "A,set,", "quantity is missing"),
        ("sku", "A,,1", &format!("action is missing: {ACTIONS}")),
        (
            "sku",
            "A,set,-1",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            "A,set,+1",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            "A,set,1.0",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            "A,set,9007199254740992",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            "A,set,99999999999999999999999",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            &format!("{text},set,1"),
            "sku must be a text of 1 to 1024 characters",
        ),
        (
            "external_ref",
            &format!("{text},set,1"),
            "external_ref must be a text of 1 to 1024 characters",
        ),
        ("sku", "A,set,\"1", "a quote isn't closed"),
        (
            "sku",
            "A,set,1\"",
            "quantity must be an integer from 0 to 9007199254740991",
        ),
        (
            "sku",
            "A,set,1,2",
            "the line has 4 cells, but the header names 3 columns",
        ),
    ];
    for (column, line, fault) in cases {
        let file = format!("{column},action,quantity\n{line}");
        assert_eq!(
            read(Stockroom, &file),
            [format!("2: fails: {fault}")],
            "{line}"
        );
    }
    let file = format!("sku,action,quantity,location\nA,set,1,{text}\n");
    assert_eq!(
        read(Stockroom, file),
        ["2: fails: location must be a text of 1 to 1024 characters"]
    );
}

#[test]
fn texts_are_not_trimmed_but_words_and_numbers_are() {
    let file = "sku,action,quantity,location,expect_total\n A , set , 007 , B , \n";
    assert_eq!(read(Stockroom, file), ["2: sku= A , set 7 at \" B \""]);
}

#[test]
fn every_action_is_read() {
    for action in [
        "increment",
        "decrement",
        "set",
        "set_available",
        "allocate",
        "deallocate",
    ] {
        let file = format!("sku,action,quantity\nA,{action},1\n");
        assert_eq!(read(Stockroom, file), [format!("2: sku=A, {action} 1")]);
    }
}

#[test]
fn objects_are_read() {
    let cases = [
        (
            format!(
                r#"{{"product_id":"{ID}","sku":"A","external_ref":"B","name":"C","location":"D","action":"set","quantity":1}}"#
            ),
            format!("id={ID}, sku=A, ref=B, name=C, set 1 at \"D\""),
        ),
        (
            r#" {"sku":"A\n\"","action":"increment","quantity":"5","expect_total":6,"expect_available":"7","reason":"r","reference":"s"} "#
                .to_owned(),
            "sku=A\n\", increment 5, reason=\"r\", reference=s, expects available 7, expects total 6"
                .to_owned(),
        ),
        (
            r#"{"sku":"A","external_ref":null,"location":"","expect_total":null,"expect_available":"","action":"set","quantity":0}"#
                .to_owned(),
            "sku=A, set 0".to_owned(),
        ),
        (
            r#"{"sku":"A","action":"set","quantity":0,"available":null,"allocated":[],"total":{},"error":"x"}"#
                .to_owned(),
            "sku=A, set 0".to_owned(),
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(read(Stockroom, &line), [format!("1: {expected}")], "{line}");
    }
}

#[test]
fn objects_that_break_a_rule_are_named() {
    let number = "must be an integer from 0 to 9007199254740991";
    let cases = [
        (
            r#"{"sku":"A","action":"set","quantity":1.0}"#,
            format!("quantity {number}"),
        ),
        (
            r#"{"sku":"A","action":"set","quantity":-1}"#,
            format!("quantity {number}"),
        ),
        (
            r#"{"sku":"A","action":"set","quantity":true}"#,
            format!("quantity {number}"),
        ),
        (
            r#"{"sku":"A","action":"set","quantity":1,"expect_total":[1]}"#,
            format!("expect_total {number}"),
        ),
        (
            r#"{"sku":"A","action":"set","quantity":null}"#,
            "quantity is missing".to_owned(),
        ),
        (
            r#"{"sku":5,"action":"set","quantity":1}"#,
            "sku must be a text".to_owned(),
        ),
        (
            r#"{"sku":"\ud800","action":"set","quantity":1}"#,
            "sku must be a text".to_owned(),
        ),
        (
            r#"{"sku":"\u0000","action":"set","quantity":1}"#,
            "sku must be a text of 1 to 1024 characters".to_owned(),
        ),
        (
            r#"{"sku":"A","location":"a\u0000b","action":"set","quantity":1}"#,
            "location must be a text of 1 to 1024 characters".to_owned(),
        ),
        (
            r#"{"sku":"A","quantity":1}"#,
            format!("action is missing: {ACTIONS}"),
        ),
        (
            r#"{"action":"set","quantity":1}"#,
            "product_id, sku or external_ref must name the product".to_owned(),
        ),
        (
            r#"{"sku":"A","SKU":"A","action":"set","quantity":1}"#,
            "unknown field \"SKU\"".to_owned(),
        ),
        (
            r#"{"sku":"A","sku":"B"}"#,
            "the field \"sku\" is there twice".to_owned(),
        ),
        (
            r#"{"total":1,"total":1}"#,
            "the field \"total\" is there twice".to_owned(),
        ),
        ("[1]", "the line must be a JSON object".to_owned()),
        (
            "{}",
            "product_id, sku or external_ref must name the product".to_owned(),
        ),
        (
            r#"{"sku":"A""#,
            "the line is not JSON: EOF while parsing an object, at byte 10".to_owned(),
        ),
        (
            r#"{"sku":"A"} x"#,
            "the line is not JSON: trailing characters, at byte 13".to_owned(),
        ),
    ];
    for (line, fault) in cases {
        let whole = split(Stockroom, Some(Format::JsonLines), [line.as_bytes()]).unwrap();
        assert_eq!(whole.said(), [format!("1: fails: {fault}")], "{line}");
    }
}

#[test]
fn long_texts_of_a_file_are_not_repeated_whole() {
    let long = "é".repeat(100);
    let short = format!("{}…", "é".repeat(64));
    let unknown = read(Stockroom, format!("{{\"{long}\":1}}"));
    assert_eq!(unknown, [format!("1: fails: unknown field \"{short}\"")]);
    let action = read(Stockroom, format!("sku,action,quantity\nA,{long},1"));
    assert!(
        action[0].ends_with(&format!("and is \"{short}\"")),
        "{action:?}"
    );
}

#[test]
fn the_last_line_of_an_export_is_no_line() {
    let end = r#"{"type":"export-end","rows":2,"at":"2026-01-31T09:30:00.000Z"}"#;
    let line = r#"{"sku":"A","action":"set","quantity":1}"#;
    let whole = whole(Stockroom, format!("{line}\n{end}\n{line}\n{end}"));
    assert_eq!(whole.lines, 2);
    assert_eq!(whole.said(), ["1: sku=A, set 1", "3: sku=A, set 1"]);
    // A product may be called so.
    let line = r#"{"sku":"export-end","action":"set","quantity":1}"#;
    assert_eq!(read(Stockroom, line), ["1: sku=export-end, set 1"]);
}
