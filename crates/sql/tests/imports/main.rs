//! The stored form of imports, of the errors of their lines and of what these would change: what any version has written, every later
//! one reads.
//!
//! The files beside this one are what was written. If a change to a type adds to them, the first tests fail
//! and show what is written now: add that as a file with the next number, and leave the files that are there
//! as they are.

use std::collections::BTreeMap;

use serde_json::Value;
use stockroom_application::ports::{FileChunk, StoreError};
use stockroom_domain::{
    AppliedChunk, BatchId, Import, ImportId, ImportStatus, ImportStep, LineChange, LineError,
    OrganizationId, Timestamp,
};
use stockroom_sql::{AppliedRow, ChunkRow, ImportRow, KeptChunkRow, LineChangeRow, LineErrorRow};
use uuid::Uuid;

/// What was written of jobs; the newest last.
const IMPORTS: [&str; 2] = [
    include_str!("imports-1.json"),
    include_str!("imports-2.json"),
];

/// What was written of errors.
const LINE_ERRORS: [&str; 1] = [include_str!("line_errors-1.json")];

/// What was written of changes that a dry run would make.
const LINE_CHANGES: [&str; 1] = [include_str!("line_changes-1.json")];

fn organization() -> OrganizationId {
    OrganizationId::new(Uuid::from_u128(1))
}

fn id() -> ImportId {
    ImportId::new(Uuid::from_u128(14))
}

fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(file).expect("a golden file is an object of samples")
}

/// The row of a stored job, as the columns beside it have to be.
fn row(stored: &Value) -> ImportRow {
    let import: Import = serde_json::from_value(stored["import"].clone()).expect("a job");
    ImportRow {
        document: stored.to_string(),
        ..ImportRow::of(&import, organization()).expect("it is written")
    }
}

fn import(stored: &Value) -> Import {
    row(stored).decode(organization()).expect("it is read")
}

fn line_error(stored: &Value) -> LineError {
    let row = LineErrorRow {
        import_id: id().uuid(),
        place: 3,
        document: stored.to_string(),
    };
    row.decode().expect("it is read")
}

fn line_change(stored: &Value) -> LineChange {
    let row = LineChangeRow {
        import_id: id().uuid(),
        place: 3,
        document: stored.to_string(),
    };
    row.decode().expect("it is read")
}

fn corrupt<T: std::fmt::Debug>(result: Result<T, StoreError>) -> (String, String, String) {
    match result {
        Err(StoreError::Corrupt { table, column, row }) => (table.into(), column.into(), row),
        other => panic!("{other:?}"),
    }
}

#[test]
fn jobs_are_written_as_the_newest_file_says() {
    let newest = IMPORTS.last().map(|file| golden(file)).unwrap_or_default();
    for (name, stored) in &newest {
        let import = import(stored);
        assert_eq!(import.status.as_str(), name);
        let row = ImportRow::of(&import, organization()).expect("it is written");
        let written: Value = serde_json::from_str(&row.document).expect("it is JSON");
        assert_eq!(&written, stored, "now written: {written}");
        assert_eq!(
            (row.status.as_str(), row.is_active),
            (name.as_str(), import.status.is_active())
        );
    }
    for status in [
        ImportStatus::Pending,
        ImportStatus::Started,
        ImportStatus::Success,
        ImportStatus::Failed,
        ImportStatus::Cancelled,
        ImportStatus::Undoing,
        ImportStatus::Undone,
        ImportStatus::PartlyUndone,
    ] {
        assert!(newest.contains_key(status.as_str()), "{status:?}");
    }
    for step in [ImportStep::Check, ImportStep::Apply] {
        let mut samples = newest.values().map(import);
        assert!(samples.any(|import| import.stopped_by == Some(step)));
    }
}

#[test]
fn errors_are_written_as_the_newest_file_says() {
    let newest = LINE_ERRORS.last().map(|file| golden(file));
    for stored in newest.unwrap_or_default().values() {
        let row = LineErrorRow::of(id(), 3, &line_error(stored)).expect("it is written");
        assert_eq!(row.place, 3);
        let written: Value = serde_json::from_str(&row.document).expect("it is JSON");
        assert_eq!(&written, stored, "now written: {written}");
    }
}

#[test]
fn changes_are_written_as_the_newest_file_says() {
    let newest = LINE_CHANGES.last().map(|file| golden(file));
    for stored in newest.unwrap_or_default().values() {
        let row = LineChangeRow::of(id(), 3, &line_change(stored)).expect("it is written");
        assert_eq!((row.import_id, row.place), (id().uuid(), 3));
        let written: Value = serde_json::from_str(&row.document).expect("it is JSON");
        assert_eq!(&written, stored, "now written: {written}");
    }
}

#[test]
fn what_was_ever_written_is_read() {
    for file in IMPORTS {
        for (name, stored) in golden(file) {
            assert_eq!(import(&stored).status.as_str(), name);
        }
    }
    for file in LINE_ERRORS {
        for stored in golden(file).values() {
            assert!(line_error(stored).line > 0);
        }
    }
    for file in LINE_CHANGES {
        for stored in golden(file).values() {
            assert!(line_change(stored).line > 0);
        }
    }
}

/// As a version wrote that didn't know the field, and as one will write that knows another.
#[test]
fn fields_may_be_missing_or_unknown() {
    let mut stored = golden(IMPORTS[1]).remove("failed").expect("a sample");
    let mut expected = import(&stored);
    let fields = stored["import"].as_object_mut().expect("an object");
    for field in ["request_id", "changes", "not_undone", "version"] {
        assert!(fields.remove(field).is_some(), "{field}");
    }
    fields.insert("colour".to_owned(), "blue".into());
    expected.request_id = None;
    expected.changes = 0;
    expected.not_undone = 0;
    expected.version = 1;
    assert_eq!(import(&stored), expected);
}

#[test]
fn another_format_is_no_job_no_error_and_no_change() {
    let stored = golden(IMPORTS[0]).remove("failed").expect("a sample");
    let import_id = id().uuid();
    for document in [
        stored.to_string().replace("\"format\":1", "\"format\":2"),
        "{}".to_owned(),
        String::new(),
    ] {
        let row = ImportRow {
            document: document.clone(),
            ..row(&stored)
        };
        let error = corrupt(row.decode(organization()));
        let of_job = ("imports".into(), "document".into(), import_id.to_string());
        assert_eq!(error, of_job);
        let place = 3;
        let row = LineErrorRow {
            import_id,
            place,
            document: document.clone(),
        };
        let numbered = format!("{import_id}/3");
        let expected = ("import_errors".into(), "document".into(), numbered.clone());
        assert_eq!(corrupt(row.decode()), expected);
        let row = LineChangeRow {
            import_id,
            place,
            document,
        };
        let expected = ("import_changes".into(), "document".into(), numbered);
        assert_eq!(corrupt(row.decode()), expected);
    }
}

#[test]
fn columns_beside_a_job_say_the_same() {
    let stored = golden(IMPORTS[0]).remove("failed").expect("a sample");
    let row = row(&stored);
    let other = Uuid::from_u128(99);
    for (column, row) in [
        (
            "document",
            ImportRow {
                import_id: other,
                ..row.clone()
            },
        ),
        (
            "owner_id",
            ImportRow {
                owner_id: other,
                ..row.clone()
            },
        ),
        (
            "created_at",
            ImportRow {
                created_at: 0,
                ..row.clone()
            },
        ),
        (
            "status",
            ImportRow {
                status: "pending".to_owned(),
                ..row.clone()
            },
        ),
        (
            "is_active",
            ImportRow {
                is_active: true,
                ..row
            },
        ),
    ] {
        assert_eq!(corrupt(row.decode(organization())).1, column);
    }
}

#[test]
fn lines_of_entries_take_4_bytes() {
    let applied = AppliedChunk {
        chunk: 7,
        batch: BatchId::new(Uuid::from_u128(5)),
        lines: vec![1, 1, 258, u32::MAX],
    };
    let row = AppliedRow::of(id(), &applied);
    let bytes = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(row.batch_lines.as_deref(), Some(&bytes[..]));
    assert_eq!(row.clone().decode().expect("it is read"), Some(applied));
    let none = AppliedRow {
        batch_id: None,
        batch_lines: None,
        ..row.clone()
    };
    assert_eq!(none.decode().expect("it is read"), None);
    let cut = AppliedRow {
        batch_lines: Some(bytes[..15].to_vec()),
        ..row.clone()
    };
    let of_chunk = format!("{}/7", id());
    let expected = ("import_chunks".into(), "batch_lines".into(), of_chunk);
    assert_eq!(corrupt(cut.decode()), expected);
    let half = AppliedRow {
        batch_lines: None,
        ..row
    };
    assert_eq!(corrupt(half.decode()).1, "batch_id");
}

#[test]
fn a_chunk_is_read_as_long_as_its_content_is_kept() {
    let chunk = FileChunk {
        number: 2,
        first_line: 2_001,
        lines: 2,
        content: "äußerst,1\nb,2".into(),
    };
    let at = Timestamp::UNIX_EPOCH;
    let row = ChunkRow::of(id(), chunk.clone(), at);
    assert_eq!(row.bytes, Some(15));
    assert_eq!(row.clone().decode().expect("it is read"), Some(chunk));
    let forgotten = ChunkRow {
        bytes: None,
        content: None,
        ..row.clone()
    };
    assert_eq!(forgotten.decode().expect("it is read"), None);
    let other = ChunkRow {
        bytes: Some(14),
        ..row
    };
    assert_eq!(corrupt(other.decode()).1, "bytes");
}

#[test]
fn a_chunk_that_is_forgotten_has_no_number() {
    let chunk = KeptChunkRow {
        import_id: id().uuid(),
        chunk: 2,
        bytes: Some(15),
    };
    assert_eq!(chunk.kept_number().expect("it is read"), Some(2));
    let forgotten = KeptChunkRow {
        bytes: None,
        ..chunk.clone()
    };
    assert_eq!(forgotten.kept_number().expect("it is read"), None);
    let impossible = KeptChunkRow { chunk: -1, ..chunk };
    assert_eq!(corrupt(impossible.kept_number()).1, "chunk");
}
