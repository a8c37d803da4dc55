//! Files are cut into chunks of whole lines, in whatever pieces they arrive.

use proptest::prelude::*;
use stockroom_files::Profile::Stockroom;
use stockroom_files::{
    CHUNK_BYTES_MAX, FileError, FileLine, Format, LINE_BYTES_MAX, Layout, LineFault, Profile,
    Splitter,
};

use crate::support::{Whole, error, read, split, whole};

const HEADER: &str = "sku,action,quantity\n";

#[test]
fn lines_end_with_any_line_end_and_are_numbered_as_people_see_them() {
    let file = "\u{feff}\r\n\nsku,action,quantity,reason\r\rA,set,1,\n\r\n  \nB,set,2,\"a\r\nb\rc\nd\"\r\nC,set,3,";
    let whole = whole(Stockroom, file);
    assert_eq!(whole.chunks.len(), 1);
    assert_eq!(whole.chunks[0].first_line, 5);
    assert_eq!(whole.lines, 3);
    assert_eq!(
        whole.said(),
        [
            "5: sku=A, set 1",
            "8: sku=B, set 2, reason=\"a\\r\\nb\\rc\\nd\"",
            "12: sku=C, set 3"
        ]
    );
}

#[test]
fn content_is_the_line_without_its_end() {
    let whole = whole(
        Stockroom,
        format!("{HEADER}\"A\",set,1\r\n\nB,\"s\n\",2\rC"),
    );
    let lines = whole.layout.read(&whole.chunks[0]);
    let contents: Vec<&str> = lines.iter().map(|line| line.content).collect();
    assert_eq!(contents, ["\"A\",set,1", "B,\"s\n\",2", "C"]);
}

#[test]
fn a_bom_is_dropped_at_the_start_only() {
    let file = format!("\u{feff}{HEADER}\u{feff}A,set,1\n");
    assert_eq!(read(Stockroom, file), ["2: sku=\u{feff}A, set 1"]);
    let twice = error(Stockroom, format!("\u{feff}\u{feff}{HEADER}"));
    assert!(
        twice.starts_with("The column \"\u{feff}sku\" is not known"),
        "{twice}"
    );
    // The 1,001st line begins a chunk.
    let file = HEADER.to_owned() + &"A,set,1\n".repeat(1_000) + "\u{feff}A,set,1\n";
    assert_eq!(read(Stockroom, file)[1_000], "1002: sku=\u{feff}A, set 1");
}

#[test]
fn a_chunk_has_a_thousand_lines() {
    for (end, expected) in [("", [1_000, 1_000, 1]), ("\r\n", [1_000, 1_000, 1])] {
        let file = format!("{HEADER}{}A,set,2{end}", "A,set,1\r\n".repeat(2_000));
        let whole = whole(Stockroom, file);
        let lines: Vec<u32> = whole.chunks.iter().map(|chunk| chunk.lines).collect();
        assert_eq!(lines, expected);
        let first: Vec<u32> = whole.chunks.iter().map(|chunk| chunk.first_line).collect();
        assert_eq!(first, [2, 1_002, 2_002]);
        assert_eq!(whole.lines, 2_001);
        assert_eq!(whole.said()[2_000], "2002: sku=A, set 2");
    }
    let exact = whole(Stockroom, HEADER.to_owned() + &"A,set,1\n".repeat(1_000));
    assert_eq!(exact.chunks.len(), 1);
}

#[test]
fn a_chunk_of_long_lines_or_of_blank_ones_is_no_larger_than_a_mebibyte() {
    let line = format!("{{\"sku\":\"{}\"}}\n", "x".repeat(60_000));
    let files = [
        line.repeat(38),
        format!("{{}}\n{}{{}}", "\n".repeat(CHUNK_BYTES_MAX)),
        format!(
            "{{}}\n{}{{}}",
            format!("{}\r\n", " ".repeat(60_000)).repeat(38)
        ),
    ];
    for (file, chunks) in files.into_iter().zip([3, 2, 2]) {
        let whole = whole(Stockroom, &file);
        assert_eq!(whole.chunks.len(), chunks);
        let largest = whole.chunks.iter().map(|chunk| chunk.content.len()).max();
        assert!(largest <= Some(CHUNK_BYTES_MAX), "{largest:?}");
        let last = whole.said().pop().unwrap();
        let number = file.lines().count();
        assert!(last.starts_with(&format!("{number}: ")), "{number} {last}");
    }
}

#[test]
fn the_format_is_found_out() {
    for (file, format) in [
        ("\u{feff} \r\n\t{}", Format::JsonLines),
        ("sku,action,quantity", Format::Csv),
        ("\n\n sku,action,quantity", Format::Csv),
    ] {
        assert_eq!(whole(Stockroom, file).layout.format(), format, "{file:?}");
    }
    // Which a caller who knows it better may say.
    let asked = split(Stockroom, Some(Format::Csv), [&b"{}"[..]]).unwrap_err();
    assert!(matches!(asked, FileError::UnknownColumn { .. }), "{asked}");
}

#[test]
fn what_is_no_utf_8_text_is_refused() {
    let utf_16 = |little: bool| -> Vec<u8> {
        let units = "\u{feff}sku,action,quantity\r\n".encode_utf16();
        units
            .flat_map(|unit| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            })
            .collect()
    };
    let cases: [(Vec<u8>, &str); 6] = [
        (utf_16(true), "The file is UTF-16; save it as UTF-8"),
        (utf_16(false), "The file is UTF-16; save it as UTF-8"),
        (
            utf_16(true)[2..].to_vec(),
            "Line 1 contains a NUL character; the file must be a text in UTF-8",
        ),
        (
            [HEADER.as_bytes(), b"A,set,1\nB,\"\n\xFC\",1\n"].concat(),
            "Line 4 is not UTF-8",
        ),
        (
            [HEADER.as_bytes(), b"A,set,1\n\nB\0,set,1\n"].concat(),
            "Line 4 contains a NUL character; the file must be a text in UTF-8",
        ),
        (b"\xFF".to_vec(), "Line 1 is not UTF-8"),
    ];
    for (file, expected) in cases {
        assert_eq!(error(Stockroom, &file), expected, "{file:?}");
    }
}

/// The number of bytes that a splitter takes of ten megabytes in pieces before it refuses them.
fn taken_before_refusal(start: &str, byte: u8) -> (usize, FileError) {
    const PIECE: usize = 1_000;
    let mut splitter = Splitter::new(Stockroom, None);
    splitter.push(start.as_bytes()).unwrap();
    for piece in 1..=10_000 {
        if let Err(error) = splitter.push(&[byte; PIECE]) {
            return (piece * PIECE, error);
        }
    }
    panic!("ten megabytes were taken");
}

#[test]
fn a_line_of_ten_megabytes_is_refused_as_soon_as_it_is_seen() {
    let cases = [
        ("", b'x', 1),
        ("", b' ', 1),
        ("\"", b'\n', 1),
        ("sku,action,quantity\n", b'x', 2),
        ("sku,action,quantity\nA,set,1\n\"", b'\n', 3),
        ("sku,action,quantity\n", b',', 2),
        ("{", b'x', 1),
        ("{}\n\n{", b' ', 3),
    ];
    for (start, byte, line) in cases {
        let (taken, error) = taken_before_refusal(start, byte);
        assert!(taken <= LINE_BYTES_MAX + 1_000, "{start:?}: {taken}");
        assert_eq!(error, FileError::LineTooLong { line }, "{start:?}");
    }
}

#[test]
fn the_longest_line_is_taken_with_any_line_end() {
    for end in ["", "\n", "\r", "\r\n"] {
        let header = format!(
            "{}{}",
            "sku,action,quantity",
            " ".repeat(LINE_BYTES_MAX - 19)
        );
        let object = format!("{{{}}}", " ".repeat(LINE_BYTES_MAX - 2));
        for line in [header, object] {
            let file = format!("{line}{end}");
            assert!(split(Stockroom, None, [file.as_bytes()]).is_ok(), "{end:?}");
            let file = format!("{line} {end}");
            let refused = split(Stockroom, None, [file.as_bytes()]);
            assert_eq!(
                refused.err(),
                Some(FileError::LineTooLong { line: 1 }),
                "{end:?}"
            );
        }
    }
}

#[test]
fn a_million_lines_are_taken_and_no_more() {
    let file = "[]\n".repeat(1_000_000);
    let mut splitter = Splitter::new(Stockroom, Some(Format::JsonLines));
    let mut lines: u32 = 0;
    for chunk in splitter.push(file.as_bytes()).unwrap() {
        lines += chunk.lines;
    }
    assert_eq!(lines, 999_000);
    splitter.push(b"\n{\"type\":\"export-end\"}\n").unwrap();
    assert_eq!(splitter.push(b"[]\n").err(), Some(FileError::TooManyLines));
}

#[test]
fn a_layout_is_kept_as_json() {
    let files = ["sku;action;quantity;error\nA;set;1;\n", "{}"];
    for file in files {
        let Whole { layout, .. } = whole(Stockroom, file);
        let kept = serde_json::to_string(&layout).unwrap();
        assert_eq!(
            serde_json::from_str::<Layout>(&kept).unwrap(),
            layout,
            "{kept}"
        );
    }
    let shopify = whole(Profile::Shopify, "SKU,Location,On hand,Bin name\n");
    let kept = r#"{"profile":"shopify","format":"csv","delimiter":",","header":"SKU,Location,On hand,Bin name","columns":[{"field":"sku"},{"field":"location"},{"total":"On hand"},"ignored"],"ignored_columns":["Bin name"]}"#;
    assert_eq!(serde_json::to_string(&shopify.layout).unwrap(), kept);
    let bare: Layout =
        serde_json::from_str(r#"{"profile":"elasticpath","format":"jsonl"}"#).unwrap();
    assert_eq!(bare, whole(Profile::ElasticPath, "").layout);
}

/// Bytes that matter to a splitter, with a header that may be right.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let bits: Vec<&[u8]> = vec![
        b",",
        b";",
        b"\t",
        b"\"",
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"a",
        b"{",
        b"}",
        b"{}\n",
        b"7",
        "é".as_bytes(),
        "\u{feff}".as_bytes(),
        b"A,set,1\n",
        b"not stocked",
        b"{\"type\":\"export-end\"}\n",
    ];
    let starts: Vec<&[u8]> = vec![
        b"",
        b"",
        b"\n",
        b"\xEF\xBB\xBF",
        b"\xFF",
        b"\xFF\xFE",
        b"\xEF",
        b"sku,action,quantity\n",
        b"sku;action;quantity\r\n",
        b"SKU,Location,On hand (current),On hand (new)\r",
        b"SKU\tLyon\n",
        b"{\"sku\":\"A\"}\n",
        b"\xEF\xBB\xBF\r\n sku,action,quantity\r\n",
    ];
    let bits = prop_oneof![
        40 => prop::sample::select(bits),
        1 => prop::sample::select(vec![&b"\0"[..], b"\xFF"]),
    ];
    let content = prop::collection::vec(bits, 0..30);
    (prop::sample::select(starts), content)
        .prop_map(|(start, content)| [start.to_vec(), content.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn pieces_make_no_difference(
        file in files(),
        profile in prop::sample::select(&Profile::ALL[..]),
        format in prop::option::of(prop::sample::select(&Format::ALL[..])),
        size in 2_usize..6,
    ) {
        let at_once = split(profile, format, [file.as_slice()]);
        prop_assert_eq!(&at_once, &split(profile, format, file.chunks(1)));
        prop_assert_eq!(&at_once, &split(profile, format, file.chunks(size)));
    }

    #[test]
    fn records_are_those_that_the_csv_library_sees(file in files()) {
        let file = [HEADER.as_bytes(), &file].concat();
        let Ok(whole) = split(Stockroom, Some(Format::Csv), [file.as_slice()]) else {
            return Ok(());
        };
        let records = |text: &[u8]| -> Vec<csv::StringRecord> {
            let mut reader = csv::ReaderBuilder::new();
            let reader = reader.flexible(true).has_headers(false);
            reader.from_reader([b"\n", text].concat().as_slice()).records().map(Result::unwrap).collect()
        };
        let lines = whole.chunks.iter().flat_map(|chunk| whole.layout.read(chunk));
        let lines: Vec<_> = lines.collect();
        let mut read: Vec<_> = lines.iter().flat_map(|line| records(line.content.as_bytes())).collect();
        let mut expected = records(&file).split_off(1);
        let is_open = |line: &FileLine| line.read == Err(LineFault("a quote isn't closed".to_owned()));
        if lines.last().is_some_and(is_open) {
            read.pop();
            expected.pop();
        }
        for records in [&mut read, &mut expected] {
            records.retain(|record| record.len() > 1 || !record[0].trim_ascii().is_empty());
        }
        prop_assert_eq!(read, expected);
    }
}
