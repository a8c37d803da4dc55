//! Failed lines as a file that can be corrected and sent again.

use stockroom_files::{Layout, Profile};

use crate::support::{read, whole};

/// The failed lines of a file, with the error `no, "never"`.
fn failed(profile: Profile, file: &str) -> String {
    let whole = whole(profile, file);
    let layout: Layout = whole.layout;
    let mut failed = layout.errors_header();
    for line in whole.chunks.iter().flat_map(|chunk| layout.read(chunk)) {
        failed.push_str(&layout.with_error(line.content, "no, \"never\""));
    }
    failed
}

#[test]
fn a_line_is_left_as_it_was_and_has_the_error_behind_it() {
    let cases = [
        (
            "\"SKU\",action, quantity \r\n\"A\",set,x\r\n\r\nB,\"s\r\net\", 1\r\n",
            "\"SKU\",action, quantity ,error\n\"A\",set,x,\"no, \"\"never\"\"\"\nB,\"s\r\net\", 1,\"no, \"\"never\"\"\"\n",
        ),
        (
            "sku;action;quantity\nA;set;1",
            "sku;action;quantity;error\nA;set;1;\"no, \"\"never\"\"\"\n",
        ),
        (
            "sku,Error,action,quantity\n\"A,B\",\"old\",set,1\n",
            "sku,Error,action,quantity\n\"A,B\",\"no, \"\"never\"\"\",set,1\n",
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(failed(Profile::Stockroom, file), expected, "{file:?}");
    }
}

#[test]
fn an_object_keeps_its_fields_and_has_the_error_behind_them() {
    let file = r#"{ "sku" : "A\u0041", "error": "old", "quantity": 1e2, "x": [1, {"y": 2}] }
{}
nonsense "quoted""#;
    let expected = r#"{"sku":"A\u0041","quantity":1e2,"x":[1, {"y": 2}],"error":"no, \"never\""}
{"error":"no, \"never\""}
{"content":"nonsense \"quoted\"","error":"no, \"never\""}
"#;
    assert_eq!(failed(Profile::Stockroom, file), expected);
}

#[test]
fn errors_of_an_earlier_import_are_ignored_in_every_profile() {
    let cases = [
        (Profile::Stockroom, "sku,action,quantity\nA,set,1\n"),
        (
            Profile::Stockroom,
            "{\"sku\":\"A\",\"action\":\"set\",\"quantity\":1}\n",
        ),
        (
            Profile::ElasticPath,
            "{\"lookupField\":\"sku\",\"lookupValue\":\"A\",\"quantity\":1,\"action\":\"increment\"}\n",
        ),
        (Profile::Shopify, "SKU,Location,On hand\nA,Lyon,1\n"),
        (Profile::Shopify, "Handle,SKU,Lyon\na,A,1\n"),
    ];
    for (profile, file) in cases {
        let once = failed(profile, file);
        assert_eq!(read(profile, &once), read(profile, file), "{file:?}");
        assert_eq!(failed(profile, &once), once, "{file:?}");
    }
}

#[test]
fn a_line_that_cannot_be_told_apart_is_never_made_a_right_one() {
    let cases = [
        "sku,action,quantity,reason\nA,set,1\n",
        "sku,action,quantity\nA,set,1,2\n",
        "sku,action,quantity,reason\nA,set,1,\"open\nB,set,2,\n",
        "sku,action,quantity,reason\nA,set,\"1\n",
        "sku,action,quantity,error\nA,set,1\n",
        "sku,action,quantity,error\nA,set,1,x,y\n",
        "sku,action,quantity,error\nA,set,1,\"\n",
        "sku,action,quantity,error\nA,set,\"1\n",
    ];
    for file in cases {
        let again = failed(Profile::Stockroom, file);
        let said = read(Profile::Stockroom, &again);
        assert_eq!(said.len(), 1, "{again:?}");
        assert!(
            said[0].starts_with("2: fails: the line has"),
            "{again:?}: {said:?}"
        );
        assert!(again.contains("no, \"\"never\"\""), "{again:?}");
    }
}
