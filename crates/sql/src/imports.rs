//! Imports: jobs, the chunks of their files, and the errors of their lines and what these would change.
//!
//! Jobs, errors and changes are JSON, with a version.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stockroom_application::ports::{FileChunk, StoreError};
use stockroom_domain::{
    AppliedChunk, BatchId, Import, ImportId, LineChange, LineError, OrganizationId, Timestamp,
};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

/// The version of the JSON. It changes only if older rows can no longer be read. To avoid that, a new field
/// gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

const LINE_BYTES: usize = 4;

#[derive(Serialize, Deserialize)]
struct StoredImport<T> {
    format: u32,
    import: T,
}

#[derive(Serialize, Deserialize)]
struct StoredError<T> {
    format: u32,
    error: T,
}

#[derive(Serialize, Deserialize)]
struct StoredChange<T> {
    format: u32,
    change: T,
}

fn to_text(stored: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(stored).map_err(|error| StoreError::Failed(Box::new(error)))
}

fn from_text<T: DeserializeOwned>(row: Row, text: &str) -> Result<T, StoreError> {
    row.valid("document", serde_json::from_str(text))
}

fn check_format(row: Row, format: u32) -> Result<(), StoreError> {
    if format == FORMAT {
        Ok(())
    } else {
        Err(row.corrupt("document"))
    }
}

row! {
    /// A row of `imports` without its lease. The columns that stay as they are come first.
    ImportRow {
        import_id: Uuid,
        owner_id: Uuid,
        created_at: i64,
        status: String,
        is_active: bool,
        document: String,
    }
}

impl ImportRow {
    /// The columns that a change of the job leaves as they are.
    pub const CONSTANT: &'static [&'static str] = &["import_id", "owner_id", "created_at"];

    /// The row of a job.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the job can't be written as JSON, which is a fault of the program.
    pub fn of(import: &Import, organization: OrganizationId) -> Result<Self, StoreError> {
        let stored = StoredImport {
            format: FORMAT,
            import,
        };
        Ok(Self {
            import_id: import.id.uuid(),
            owner_id: import.owner.to_uuid(organization),
            created_at: import.created_at.as_milliseconds(),
            status: import.status.as_str().to_owned(),
            is_active: import.status.is_active(),
            document: to_text(&stored)?,
        })
    }

    /// Decodes the job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible, or says something else than the document.
    pub fn decode(self, organization: OrganizationId) -> Result<Import, StoreError> {
        let row = Row::new("imports", self.import_id);
        let StoredImport::<Import> { format, import } = from_text(row, &self.document)?;
        check_format(row, format)?;
        for (column, is_same) in [
            ("document", import.id.uuid() == self.import_id),
            (
                "owner_id",
                import.owner.to_uuid(organization) == self.owner_id,
            ),
            (
                "created_at",
                import.created_at.as_milliseconds() == self.created_at,
            ),
            ("status", import.status.as_str() == self.status),
            ("is_active", import.status.is_active() == self.is_active),
        ] {
            if !is_same {
                return Err(row.corrupt(column));
            }
        }
        Ok(import)
    }
}

row! {
    /// A row of `import_chunks` without the entries that the chunk made.
    ChunkRow {
        import_id: Uuid,
        chunk: i64,
        first_line: i64,
        lines: i64,
        bytes: Option<i64>,
        created_at: i64,
        content: Option<Vec<u8>>,
    }
}

impl ChunkRow {
    /// The row of a chunk that is stored at this time.
    #[must_use]
    pub fn of(import: ImportId, chunk: FileChunk, at: Timestamp) -> Self {
        Self {
            import_id: import.uuid(),
            chunk: chunk.number.into(),
            first_line: chunk.first_line.into(),
            lines: chunk.lines.into(),
            bytes: Some(i64::try_from(chunk.content.len()).unwrap_or(i64::MAX)),
            created_at: at.as_milliseconds(),
            content: Some(chunk.content),
        }
    }

    /// Decodes the chunk, if its content is kept.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Option<FileChunk>, StoreError> {
        let row = Row::numbered("import_chunks", self.import_id, self.chunk);
        let Some(content) = self.content else {
            return Ok(None);
        };
        let bytes = self.bytes.and_then(|bytes| usize::try_from(bytes).ok());
        if bytes != Some(content.len()) {
            return Err(row.corrupt("bytes"));
        }
        Ok(Some(FileChunk {
            number: row.valid("chunk", u32::try_from(self.chunk))?,
            first_line: row.valid("first_line", u32::try_from(self.first_line))?,
            lines: row.valid("lines", u32::try_from(self.lines))?,
            content,
        }))
    }
}

row! {
    /// The columns of `import_chunks` that say which lines a chunk has, and whether they are kept.
    KeptChunkRow {
        import_id: Uuid,
        chunk: i64,
        bytes: Option<i64>,
    }
}

impl KeptChunkRow {
    /// The number of the chunk, if its content is kept.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn kept_number(&self) -> Result<Option<u32>, StoreError> {
        let row = Row::numbered("import_chunks", self.import_id, self.chunk);
        let number = row.valid("chunk", u32::try_from(self.chunk))?;
        Ok(Some(number).filter(|_| self.bytes.is_some()))
    }
}

row! {
    /// The columns of `import_chunks` about the entries that a chunk made.
    AppliedRow {
        import_id: Uuid,
        chunk: i64,
        batch_id: Option<Uuid>,
        batch_lines: Option<Vec<u8>>,
    }
}

impl AppliedRow {
    /// The columns for a chunk of a job.
    #[must_use]
    pub fn of(import: ImportId, applied: &AppliedChunk) -> Self {
        let lines = applied.lines.iter();
        Self {
            import_id: import.uuid(),
            chunk: applied.chunk.into(),
            batch_id: Some(applied.batch.uuid()),
            batch_lines: Some(lines.flat_map(|line| line.to_be_bytes()).collect()),
        }
    }

    /// Decodes the entries of the chunk, if it made any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Option<AppliedChunk>, StoreError> {
        let row = Row::numbered("import_chunks", self.import_id, self.chunk);
        let (batch_id, bytes) = match (self.batch_id, self.batch_lines) {
            (None, None) => return Ok(None),
            (Some(batch_id), Some(bytes)) => (batch_id, bytes),
            _ => return Err(row.corrupt("batch_id")),
        };
        let (lines, rest) = bytes.as_chunks::<LINE_BYTES>();
        if !rest.is_empty() {
            return Err(row.corrupt("batch_lines"));
        }
        Ok(Some(AppliedChunk {
            chunk: row.valid("chunk", u32::try_from(self.chunk))?,
            batch: BatchId::new(batch_id),
            lines: lines.iter().copied().map(u32::from_be_bytes).collect(),
        }))
    }
}

row! {
    /// A row of `import_errors`.
    LineErrorRow {
        import_id: Uuid,
        place: i64,
        document: String,
    }
}

impl LineErrorRow {
    /// The row of an error at this place among those of a job.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the error can't be written as JSON, which is a fault of the program.
    pub fn of(import: ImportId, place: u32, error: &LineError) -> Result<Self, StoreError> {
        let stored = StoredError {
            format: FORMAT,
            error,
        };
        Ok(Self {
            import_id: import.uuid(),
            place: place.into(),
            document: to_text(&stored)?,
        })
    }

    /// Decodes the error.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<LineError, StoreError> {
        let row = Row::numbered("import_errors", self.import_id, self.place);
        let StoredError::<LineError> { format, error } = from_text(row, &self.document)?;
        check_format(row, format)?;
        Ok(error)
    }
}

row! {
    /// A row of `import_changes`.
    LineChangeRow {
        import_id: Uuid,
        place: i64,
        document: String,
    }
}

impl LineChangeRow {
    /// The row of a change at this place among those of a job.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the change can't be written as JSON, which is a fault of the program.
    pub fn of(import: ImportId, place: u32, change: &LineChange) -> Result<Self, StoreError> {
        let stored = StoredChange {
            format: FORMAT,
            change,
        };
        Ok(Self {
            import_id: import.uuid(),
            place: place.into(),
            document: to_text(&stored)?,
        })
    }

    /// Decodes the change.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<LineChange, StoreError> {
        let row = Row::numbered("import_changes", self.import_id, self.place);
        let StoredChange::<LineChange> { format, change } = from_text(row, &self.document)?;
        check_format(row, format)?;
        Ok(change)
    }
}
