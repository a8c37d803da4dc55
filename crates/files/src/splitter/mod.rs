//! Cuts a file into chunks of whole lines while it is uploaded.

mod chunks;
mod lines;
mod opening;

pub use chunks::RawChunk;

use self::lines::LineSplitter;
use self::opening::Opening;
use crate::error::FileError;
use crate::layout::Layout;
use crate::profile::{Format, Profile};

/// What a file turned out to be.
#[derive(Debug)]
pub struct Split {
    /// The lines behind the last chunk that [`Splitter::push`] returned, unless there are none.
    pub last: Option<RawChunk>,
    /// How to read the chunks.
    pub layout: Layout,
    /// The number of lines with data in all chunks.
    pub lines: u32,
}

/// Cuts a file, which is pushed in pieces of any size, into chunks of whole lines.
///
/// It holds one line and one chunk at the most. What comes out is the same however the file is cut into
/// pieces. After an error, nothing more can be expected of it.
#[derive(Debug)]
pub struct Splitter(Stage);

#[derive(Debug)]
enum Stage {
    /// Before it is known how to find the ends of lines.
    Opening(Opening),
    Lines(Box<LineSplitter>),
}

impl Splitter {
    /// A splitter for a file of `profile`. A `format` of `None` is found out by the first character that is
    /// no white space: `{` is JSON Lines, anything else CSV.
    #[must_use]
    pub fn new(profile: Profile, format: Option<Format>) -> Self {
        Self(Stage::Opening(Opening::new(profile, format)))
    }

    /// Takes the next bytes of the file, and returns the chunks that are complete. A chunk has 1,000 lines
    /// ([`CHUNK_LINES`](crate::CHUNK_LINES)), or less: the last, one of long lines
    /// ([`CHUNK_BYTES_MAX`](crate::CHUNK_BYTES_MAX)), and one of a file in which a line is about several
    /// locations, so that it isn't more than 1,000 movements.
    ///
    /// # Errors
    /// [`FileError`] as soon as the bytes show that the file can't be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<RawChunk>, FileError> {
        let mut rest = bytes;
        if let Stage::Opening(opening) = &mut self.0 {
            let Some(taken) = opening.push(bytes)? else {
                return Ok(Vec::new());
            };
            rest = bytes.get(taken..).unwrap_or_default();
            let lines = opening.close()?;
            self.0 = Stage::Lines(Box::new(lines));
        }
        match &mut self.0 {
            Stage::Opening(_) => Ok(Vec::new()),
            Stage::Lines(lines) => {
                lines.push(rest)?;
                Ok(lines.complete_chunks())
            }
        }
    }

    /// Ends the file, and returns what was found out about it. Files of JSON Lines may be empty.
    ///
    /// # Errors
    /// [`FileError`] if the file can't be read.
    pub fn finish(self) -> Result<Split, FileError> {
        match self.0 {
            Stage::Opening(mut opening) => opening.close()?.finish(),
            Stage::Lines(lines) => lines.finish(),
        }
    }
}
