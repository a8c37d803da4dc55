//! Files of Shopify.

use stockroom_files::Profile::Shopify;

use crate::support::{error, read, whole};

const RANGE: &str = "must be an integer from 0 to 9007199254740991";

#[test]
fn todays_layout_is_read() {
    let whole = whole(Shopify, include_bytes!("../files/shopify-today.csv"));
    assert_eq!(whole.lines, 7);
    assert_eq!(
        whole.layout.ignored_columns(),
        [
            "HS Code",
            "COO",
            "Bin name",
            "Incoming (not editable)",
            "Unavailable (not editable)",
            "Committed (not editable)",
            "Available (not editable)",
            "On hand (new)"
        ]
    );
    assert_eq!(
        whole.said(),
        [
            "2: sku?=LS-S-WH, name=Linen shirt, loose, set 12 at \"Warehouse, north\"".to_owned(),
            "3: skipped".to_owned(),
            format!("4: fails: On hand (current) {RANGE}"),
            "5: sku?=MUG-1, name=Mug \"Morning\"\r\nsecond edition, set 5 at \"Shop Rua Augusta\""
                .to_owned(),
            "7: fails: SKU is empty".to_owned(),
            "8: fails: SKU is empty".to_owned(),
            "9: sku?=CANDLE, name=Candle, set 0 at \"Shop Rua Augusta\"".to_owned(),
        ]
    );
}

#[test]
fn the_new_figures_count_if_any_is_filled_in() {
    let whole = whole(Shopify, include_bytes!("../files/shopify-counted.csv"));
    assert_eq!(
        whole.said(),
        [
            "2: skipped",
            "3: sku?=LS-M-WH, name=Linen shirt, set 9 at \"Warehouse\"",
            "4: skipped"
        ]
    );
    let ignored = whole.layout.ignored_columns();
    assert!(
        ignored.contains(&"On hand (current)".to_owned()),
        "{ignored:?}"
    );
    assert!(
        !ignored.contains(&"On hand (new)".to_owned()),
        "{ignored:?}"
    );
}

#[test]
fn new_figures_behind_the_first_chunk_count_for_the_first_too() {
    let mut file = "SKU,Location,On hand (current),On hand (new)\n".to_owned();
    file.push_str(&"A,Lyon,5,\n".repeat(1_500));
    file.push_str("B,Lyon,5,6");
    let whole = whole(Shopify, file);
    assert_eq!(whole.chunks.len(), 2);
    let said = whole.said();
    assert_eq!(said[0], "2: skipped");
    assert_eq!(said[1_500], "1502: sku?=B, set 6 at \"Lyon\"");
}

#[test]
fn the_layout_of_2023_is_read() {
    let whole = whole(Shopify, include_bytes!("../files/shopify-2023.csv"));
    assert_eq!(
        whole.layout.ignored_columns(),
        ["Incoming", "Unavailable", "Committed", "Available"]
    );
    assert_eq!(
        whole.said(),
        [
            "2: sku?=BOOT-42, name=Boots, set 10 at \"Lyon\"",
            "3: skipped",
            "4: sku?=BOOT-44, name=Boots, set 1"
        ]
    );
}

#[test]
fn the_layout_with_a_column_for_each_location_is_read() {
    let whole = whole(Shopify, include_bytes!("../files/shopify-available.csv"));
    assert_eq!(whole.layout.ignored_columns(), ["HS Code", "COO"]);
    assert_eq!(
        whole.said(),
        [
            "2: sku?=BOOT-42, name=Boots, set_available 7 at \"Lyon\", set_available 0 at \"lyon\""
                .to_owned(),
            "3: skipped".to_owned(),
            format!("4: fails: Paris, Marais {RANGE}"),
        ]
    );
}

#[test]
fn a_chunk_makes_no_more_than_a_thousand_movements() {
    let locations: Vec<String> = (0..400).map(|number| format!("Shop {number}")).collect();
    let header = format!("Handle,SKU,{}\n", locations.join(","));
    let row = format!("a,A{}\n", ",1".repeat(400));
    let whole = whole(Shopify, header + &row.repeat(5));
    let lines: Vec<u32> = whole.chunks.iter().map(|chunk| chunk.lines).collect();
    assert_eq!(lines, [2, 2, 1]);
}

#[test]
fn the_best_of_the_columns_with_figures_counts() {
    let cases = [
        ("On hand (new),On hand (current),On hand", "1,2,3", "set 1"),
        ("On hand (new),On hand (current),On hand", ",2,3", "set 2"),
        (
            "On hand (new),On hand (current),On hand",
            "not stocked,2,3",
            "set 2",
        ),
        ("On hand (new),On hand", ",3", "set 3"),
        ("Available (not editable),On hand", "2,3", "set 3"),
        (
            "Available (not editable),Available",
            "2,3",
            "set_available 3",
        ),
        (
            "Available (not editable),Committed",
            "2,3",
            "set_available 2",
        ),
        ("ON HAND (CURRENT) ,Committed", " 2 ,3", "set 2"),
    ];
    for (columns, cells, expected) in cases {
        let file = format!("SKU,Location,{columns}\nA,Lyon,{cells}\n");
        let expected = format!("2: sku?=A, {expected} at \"Lyon\"");
        assert_eq!(read(Shopify, file), [expected], "{columns} {cells}");
    }
    let file = "SKU,Location,Available (not editable),On hand (new)\nA,Lyon,5,\n";
    assert_eq!(read(Shopify, file), ["2: skipped"]);
}

#[test]
fn a_header_says_what_is_wrong_with_it() {
    let cases = [
        ("Location,On hand\n", "The file lacks the column SKU"),
        (
            "SKU,Location,Incoming\n",
            "The file lacks the column On hand (new), On hand (current), On hand or Available",
        ),
        ("SKU,On hand\n", "The file lacks the column Location"),
        ("SKU,Handle\n", "The file lacks the column Location"),
        ("SKU,Lyon\n", "The file lacks the column Location"),
        ("SKU,Lyon,Available\n", "The file lacks the column Location"),
        ("SKU,Lyon,Lyon\n", "The file has the column \"Lyon\" twice"),
        ("SKU,Lyon,sku\n", "The file has the column \"sku\" twice"),
        ("SKU,Lyon,\n", "Column 3 has no name in the header"),
        (
            "{\"sku\":1}\n",
            "Files of the profile shopify are not JSON Lines",
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(error(Shopify, file), expected, "{file:?}");
    }
}
