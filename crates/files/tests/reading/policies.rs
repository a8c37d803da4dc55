//! Reading files of policies.

use Profile::{Policies, Stockroom};
use stockroom_files::Profile;

use crate::support::{error, read};

#[test]
fn lines_say_what_becomes_of_a_policy() {
    let file = "sku;location;safety_stock;low_at;low_rearm_at\n\
                A;;5;40;50\n\
                A;Berlin;2;;\n\
                A;Berlin;;none;\n\
                A;;0;0;\n\
                A;Berlin;;;\n\
                ;;1;;\n\
                A;;-1;;\n\
                A;;;40;40\n\
                A;;5;;50\n\
                A;;5;none;50\n\
                A;;many;;\n\
                A;;;None;\n\
                A;;;often;\n\
                A;;;9007199254740991;\n";
    assert_eq!(
        read(Policies, file),
        [
            "2: sku=A, safety stock 5, low at 40 to 50",
            "3: sku=A at \"Berlin\", safety stock 2",
            "4: sku=A at \"Berlin\", no alerts",
            "5: sku=A, safety stock 0, low at 0 to 1",
            "6: skipped",
            "7: fails: product_id, sku or external_ref must name the product",
            "8: fails: safety_stock must be an integer from 0 to 9007199254740991",
            "9: fails: low_rearm_at must be more than low_at",
            "10: fails: low_rearm_at needs a number in low_at",
            "11: fails: low_rearm_at needs a number in low_at",
            "12: fails: safety_stock must be an integer from 0 to 9007199254740991",
            "13: sku=A, no alerts",
            "14: fails: low_at must be an integer from 0 to 9007199254740991, or none",
            "15: fails: low_at must be less than 9007199254740991",
        ]
    );
}

#[test]
fn lines_of_json_say_the_same() {
    let file = "{\"external_ref\":\"ERP 1\",\"location\":null,\"safety_stock\":5,\"low_at\":\"none\"}\n\
                {\"sku\":\"A\",\"low_at\":20}\n\
                {\"sku\":\"A\",\"low_at\":2.5}\n\
                {\"sku\":\"A\",\"action\":\"set\",\"safety_stock\":5}\n\
                {\"type\":\"export-end\"}\n";
    assert_eq!(
        read(Policies, file),
        [
            "1: ref=ERP 1, safety stock 5, no alerts",
            "2: sku=A, low at 20 to 22",
            "3: fails: low_at must be an integer from 0 to 9007199254740991, or none",
            "4: fails: unknown field \"action\"",
            "5: fails: unknown field \"type\"",
        ]
    );
}

#[test]
fn each_target_has_its_own_columns() {
    assert_eq!(
        error(Policies, "sku,action,quantity\n"),
        "The column \"action\" is not known; columns are product_id, sku, external_ref, location, \
         safety_stock, low_at, low_rearm_at"
    );
    assert_eq!(
        error(Policies, "sku,location,low_rearm_at\n"),
        "The file lacks the column safety_stock or low_at"
    );
    assert_eq!(
        error(Policies, "safety_stock\n"),
        "The file lacks the column product_id, sku or external_ref"
    );
    let told = error(Stockroom, "sku,safety_stock\n");
    assert!(
        told.starts_with("The column \"safety_stock\" is not known"),
        "{told}"
    );
}
