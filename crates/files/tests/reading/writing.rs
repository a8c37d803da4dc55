//! Exports as they are written.

use stockroom_domain::{ProductId, Quantity, Timestamp};
use stockroom_files::{ExportLocation, ExportRow, FileError, FileWriter, Format, Profile};

const ID: &str = "7d2a0f6e-0c4b-4b5c-9a30-2f6f3a1c9e10";

fn row() -> ExportRow<'static> {
    let pieces = |pieces: u64| Quantity::new(pieces).unwrap();
    ExportRow {
        product: ProductId::parse(ID).unwrap(),
        sku: Some("CH-1"),
        external_ref: Some("erp/1"),
        name: Some("Chair, \"oak\""),
        product_slug: Some("chair-oak"),
        location: Some(ExportLocation {
            slug: "hamburg",
            label: "Hamburg, Altona",
        }),
        available: pieces(7),
        allocated: pieces(3),
        total: pieces(10),
        sku_finds_it: true,
        external_ref_finds_it: true,
    }
}

fn written(profile: Profile, format: Format, rows: &[ExportRow<'_>]) -> String {
    let mut writer = FileWriter::new(profile, format).unwrap();
    let mut out = Vec::new();
    writer.begin(&mut out);
    for row in rows {
        writer.write(row, &mut out);
    }
    assert_eq!(writer.rows(), u64::try_from(rows.len()).unwrap());
    writer.end(Timestamp::UNIX_EPOCH, &mut out);
    String::from_utf8(out).unwrap()
}

fn bare() -> ExportRow<'static> {
    ExportRow {
        sku: None,
        external_ref: None,
        name: None,
        product_slug: None,
        location: None,
        ..row()
    }
}

#[test]
fn each_profile_and_format_has_its_lines() {
    let cases = [
        (
            Profile::Stockroom,
            Format::Csv,
            format!(
                "product_id,sku,external_ref,name,location,action,quantity,available,allocated,total\n\
                 {ID},CH-1,erp/1,\"Chair, \"\"oak\"\"\",hamburg,set,10,7,3,10\n\
                 {ID},,,,,set,10,7,3,10\n"
            ),
        ),
        (
            Profile::Stockroom,
            Format::JsonLines,
            format!(
                r#"{{"product_id":"{ID}","sku":"CH-1","external_ref":"erp/1","name":"Chair, \"oak\"","location":"hamburg","action":"set","quantity":10,"available":7,"allocated":3,"total":10}}
{{"product_id":"{ID}","action":"set","quantity":10,"available":7,"allocated":3,"total":10}}
{{"type":"export-end","rows":2,"at":"1970-01-01T00:00:00.000Z"}}
"#
            ),
        ),
        (
            Profile::ElasticPath,
            Format::JsonLines,
            format!(
                r#"{{"lookupField":"sku","lookupValue":"CH-1","quantity":7,"action":"matchAvailable","location":"hamburg"}}
{{"lookupField":"id","lookupValue":"{ID}","quantity":7,"action":"matchAvailable"}}
"#
            ),
        ),
        (
            Profile::Shopify,
            Format::Csv,
            format!(
                "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,\
                 SKU,HS Code,COO,Location,Bin name,Incoming (not editable),Unavailable (not editable),\
                 Committed (not editable),Available (not editable),On hand (current),On hand (new)\n\
                 chair-oak,\"Chair, \"\"oak\"\"\",,,,,,,CH-1,,,\"Hamburg, Altona\",,0,0,3,7,10,\n\
                 ,,,,,,,,{ID},,,,,0,0,3,7,10,\n"
            ),
        ),
    ];
    for (profile, format, expected) in cases {
        assert_eq!(written(profile, format, &[row(), bare()]), expected);
    }
}

#[test]
fn a_product_is_named_by_what_finds_it() {
    let hidden = ExportRow {
        sku_finds_it: false,
        ..row()
    };
    let quite_hidden = ExportRow {
        external_ref_finds_it: false,
        ..hidden
    };
    let dash = ExportRow {
        sku: Some("-"),
        ..row()
    };
    let cases = [
        (
            Profile::ElasticPath,
            hidden,
            "\"lookupField\":\"external_ref\",\"lookupValue\":\"erp/1\"".to_owned(),
        ),
        (
            Profile::ElasticPath,
            quite_hidden,
            format!("\"lookupField\":\"id\",\"lookupValue\":\"{ID}\""),
        ),
        (Profile::Shopify, hidden, format!(",{ID},")),
        (Profile::Shopify, dash, format!(",{ID},")),
        (Profile::Stockroom, hidden, format!("{ID},,erp/1,")),
        (Profile::Stockroom, quite_hidden, format!("{ID},,,")),
    ];
    for (profile, row, expected) in cases {
        let file = written(profile, profile.formats()[0], &[row]);
        assert!(file.contains(&expected), "{file}");
    }
}

#[test]
fn a_writer_says_what_it_writes() {
    let said = |profile, format| {
        let writer = FileWriter::new(profile, format)?;
        Ok((writer.content_type(), writer.file_name()))
    };
    let csv = Ok(("text/csv; charset=utf-8", "inventory.csv"));
    let json_lines = Ok(("application/x-ndjson", "inventory.jsonl"));
    let wrong = |profile, format| Err(FileError::WrongFormat { profile, format });
    let cases = [
        (Profile::Stockroom, Format::Csv, csv.clone()),
        (Profile::Stockroom, Format::JsonLines, json_lines.clone()),
        (Profile::ElasticPath, Format::JsonLines, json_lines),
        (
            Profile::ElasticPath,
            Format::Csv,
            wrong(Profile::ElasticPath, Format::Csv),
        ),
        (Profile::Shopify, Format::Csv, csv),
        (
            Profile::Shopify,
            Format::JsonLines,
            wrong(Profile::Shopify, Format::JsonLines),
        ),
    ];
    for (profile, format, expected) in cases {
        assert_eq!(said(profile, format), expected);
    }
}

#[test]
fn words_are_those_of_the_api() {
    for (profile, word) in Profile::ALL
        .into_iter()
        .zip(["stockroom", "elasticpath", "shopify"])
    {
        assert_eq!(
            (profile.as_str(), Profile::parse(word)),
            (word, Some(profile))
        );
        assert_eq!(
            serde_json::to_string(&profile).unwrap(),
            format!("\"{word}\"")
        );
    }
    for (format, word) in Format::ALL.into_iter().zip(["csv", "jsonl"]) {
        assert_eq!((format.as_str(), Format::parse(word)), (word, Some(format)));
        assert_eq!(
            serde_json::to_string(&format).unwrap(),
            format!("\"{word}\"")
        );
    }
    assert_eq!((Profile::parse("Shopify"), Format::parse("")), (None, None));
}
