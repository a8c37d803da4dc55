//! The files that stock moves in and out with: their formats (CSV, JSON Lines) and the profiles of those who
//! write and read them.
//!
//! An upload goes through a [`Splitter`], which cuts it into [chunks](RawChunk) of whole lines without ever
//! holding more than a line and a chunk, and finds out the [`Layout`]. With that, the lines of each chunk are
//! [read](Layout::read), in whatever order and by whichever server. A [`FileWriter`] writes what they read.
//!
//! The crate does no I/O and knows no stock: a line that is read well may still name a product that nobody
//! has.

mod cutter;
mod error;
mod failed;
mod layout;
mod profile;
mod read;
mod splitter;
mod write;

pub use error::{FileError, LineFault};
pub use layout::Layout;
pub use profile::{Format, Profile};
pub use read::{
    FileAction, FileLine, LineContent, LineMovements, LinePolicy, Movement, NamedProduct,
};
pub use splitter::{RawChunk, Split, Splitter};
pub use write::{ExportLocation, ExportRow, FileWriter};

/// The most lines in a chunk.
pub const CHUNK_LINES: u32 = 1_000;

/// The most bytes in a chunk: 1 MiB. Most lines are far shorter than a thousandth of it.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// The most lines in a file, without its header.
pub const LINES_MAX: u32 = 1_000_000;

/// The most bytes in a line, without its line end: 64 KiB.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// The most columns that a file can have.
pub const COLUMNS_MAX: usize = 1_000;
