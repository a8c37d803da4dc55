//! Imports: jobs that apply a file of stock movements, chunk by chunk.

mod apply;
pub(crate) mod decide;
mod line;
mod made;
mod requests;
mod undo;

pub use apply::ApplyLines;
pub use decide::{CancelImport, FinishCheck, StartImport, SubmitImport, UndoImport};
pub use line::{
    ImportAction, ImportLine, LineContent, LineLocation, LineMovement, LineProduct, NewLocation,
    NewProduct, StockLine,
};
pub use undo::{MadeEntry, UndoLines};

use serde::{Deserialize, Serialize};

use crate::ledger::{Balance, EntryAction};
use crate::values::{
    BatchId, ImportId, Invalid, KeyId, Owner, ProductId, ProductText, Quantity, Reason, Reference,
    Slug, Timestamp, first_version,
};

/// A job that applies a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The id of the job.
    pub id: ImportId,
    /// The owner on whose behalf it was asked for.
    pub owner: Owner,
    /// The caller who asked for it, in whose name entries are made.
    pub caller: ImportCaller,
    /// The caller who asked for its undoing, in whose name that is done, and the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<(ImportCaller, Timestamp)>>,
    /// The state.
    pub status: ImportStatus,
    /// The wishes of the caller.
    pub options: ImportOptions,
    /// The way to read the lines of the file, in a form that the reader of files knows.
    pub layout: String,
    /// The client's name for the request that brought the file, if it gave one.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The number of chunks of the file.
    pub chunks: u32,
    /// The number of chunks that are applied: the next one to apply or, if the job is being undone, the
    /// number of those that are not undone yet.
    pub next_chunk: u32,
    /// Whether all lines have been checked.
    pub is_checked: bool,
    /// The number of lines, by what came of them.
    pub lines: LineCounts,
    /// The number of errors that are stored.
    pub errors: u32,
    /// The number of changes that a dry run would make and that are stored.
    #[serde(default)]
    pub changes: u32,
    /// The number of entries that could not be undone.
    #[serde(default)]
    pub not_undone: u32,
    /// The step in which too many lines failed.
    pub stopped_by: Option<ImportStep>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time at which the first server began with it.
    pub started_at: Option<Timestamp>,
    /// Time at which it ended.
    pub completed_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The number of its changes, the first of which made it.
    #[serde(default = "first_version")]
    pub version: u64,
}

impl Import {
    /// The largest number of lines that one commit applies. (Source: the contract of imports, as for all
    /// limits of imports.)
    pub const CHUNK_LINES: u32 = 1_000;
    /// The largest number of errors that are stored.
    pub const ERRORS_MAX: u32 = 10_000;
    /// The largest number of changes that are stored of a dry run.
    pub const CHANGES_MAX: u32 = 10_000;
    /// The largest number of lines of which a dry run sees what the earlier ones would have done.
    pub const EXACT_LINES_MAX: u32 = 10_000;
    /// The largest number of jobs of an organization that wait.
    pub const WAITING_MAX: u64 = 10;
    /// The largest sum of the files of an organization, unpacked, in bytes.
    pub const FILES_BYTES_MAX: u64 = 1 << 30;
    /// The time for which a file is kept, in milliseconds: seven days.
    pub const FILE_KEPT_MILLISECONDS: i64 = 7 * 24 * 60 * 60 * 1_000;
    /// The time for which a job is kept, in milliseconds: ninety days.
    pub const KEPT_MILLISECONDS: i64 = 90 * 24 * 60 * 60 * 1_000;

    /// Whether every line of a dry run is decided as it would be in earnest.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        !self.options.dry_run || self.lines.total <= Self::EXACT_LINES_MAX
    }
}

/// The caller in whose name a job is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCaller {
    /// The key that was used; `None` for the operator at the server's command line.
    pub key: Option<KeyId>,
    /// The name of the key, if it is known.
    pub key_name: Option<String>,
    /// The owner of the key.
    pub key_owner: Owner,
}

/// The wishes of the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of its own, and named in the API"
)]
pub struct ImportOptions {
    /// The thing that lines change.
    #[serde(default, skip_serializing_if = "ImportTarget::is_stock")]
    pub target: ImportTarget,
    /// Whether nothing is changed.
    pub dry_run: bool,
    /// The number of failed lines that are borne.
    pub abort_after: u32,
    /// Whether products without stock get it.
    pub create_stock: bool,
    /// Whether unknown products are registered.
    pub create_products: bool,
    /// Whether unknown locations are made.
    pub create_locations: bool,
    /// The reason for lines without one of their own.
    pub reason: Option<Reason>,
    /// The reference for lines without one of their own.
    pub reference: Option<Reference>,
}

impl ImportOptions {
    /// Checks that the wishes go together.
    ///
    /// # Errors
    /// [`Invalid`] if policies are to be changed and the wishes are about stock.
    pub fn check(&self) -> Result<(), Invalid> {
        let makes = self.create_stock || self.create_products || self.create_locations;
        if self.target == ImportTarget::Policies && (makes || self.reason.is_some()) {
            let named = "create, products, locations and reason";
            return Err(Invalid::new(named, "left out for policies"));
        }
        Ok(())
    }
}

/// The thing that the lines of a file change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportTarget {
    /// Stock.
    #[default]
    Stock,
    /// The policies of stock. Their changes make no entries, so that they can't be undone.
    Policies,
}

impl ImportTarget {
    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Policies => "policies",
        }
    }

    /// The target for which [`as_str`](Self::as_str) returns `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Stock, Self::Policies];
        all.into_iter().find(|target| target.as_str() == word)
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde asks for"
    )]
    fn is_stock(&self) -> bool {
        *self == Self::Stock
    }
}

/// The number of lines of a file, by what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// All.
    pub total: u32,
    /// Those that changed something.
    pub changed: u32,
    /// Those that found the stock as they say.
    pub unchanged: u32,
    /// Those that say nothing.
    pub skipped: u32,
    /// Those that failed.
    pub failed: u32,
}

impl LineCounts {
    /// The number of lines of which something came.
    #[must_use]
    pub const fn done(self) -> u32 {
        self.changed
            .saturating_add(self.unchanged)
            .saturating_add(self.skipped)
            .saturating_add(self.failed)
    }
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportStatus {
    /// It waits for the organization's jobs before it.
    Pending,
    /// It is checked or applied.
    Started,
    /// Its last line is applied.
    Success,
    /// Too many of its lines failed.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// Its entries are being undone.
    Undoing,
    /// All its entries are undone.
    Undone,
    /// Some of its entries could not be undone.
    PartlyUndone,
}

impl ImportStatus {
    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Started => "started",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::PartlyUndone => "partly_undone",
        }
    }

    /// Whether a server has work to do for the job.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Started | Self::Undoing)
    }
}

/// A step of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportStep {
    /// Every line is read, and what it names looked up.
    Check,
    /// The lines are applied.
    Apply,
}

impl ImportStep {
    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Apply => "apply",
        }
    }
}

/// The change of a job in a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportChange {
    /// The job as it is now.
    pub import: Import,
    /// The state that it had; `None` if it is new.
    pub before: Option<ImportStatus>,
    /// The chunk that is applied, if its lines made entries.
    pub applied: Option<AppliedChunk>,
    /// The changes that lines of a dry run would make, to be added, each at its place among those of the job,
    /// from 0.
    pub changes: Vec<(u32, LineChange)>,
}

/// The entries that a chunk of lines made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedChunk {
    /// The number of the chunk, from 0.
    pub chunk: u32,
    /// The batch of its entries.
    pub batch: BatchId,
    /// The line of each entry, in the order of the batch.
    pub lines: Vec<u32>,
}

/// An entry that a line of a dry run would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    /// The number of the line in the file, from 1.
    pub line: u32,
    /// The product whose stock it would change.
    pub product: ChangedProduct,
    /// The name of the location; `None` for the unlocated pool.
    pub location: Option<Slug>,
    /// The action of the entry.
    pub action: EntryAction,
    /// The number of pieces.
    pub quantity: Quantity,
    /// The position's figures before it, with what the lines before would have done.
    pub before: Balance,
    /// The position's figures after it.
    pub after: Balance,
}

/// A product whose stock a dry run would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangedProduct {
    /// A product with this id.
    Known(ProductId),
    /// A product that the import would register.
    New {
        /// The id that the file gives it; `None` if it would get a fresh one.
        id: Option<ProductId>,
        /// Its name.
        name: ProductText,
        /// Its stock keeping unit.
        sku: Option<ProductText>,
    },
}
