//! Chunks of lines.

use crate::CHUNK_BYTES_MAX;

/// Whole lines of a file that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChunk {
    /// Number of the first of them among all lines of the file, of which the first is 1. In it and in every
    /// such number, line ends within quotes count.
    pub first_line: u32,
    /// The number of lines with data.
    pub lines: u32,
    /// The lines as they were, and the blank ones between them, in UTF-8.
    pub content: Vec<u8>,
}

/// Collects lines to chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    lines_max: u32,
    open: Option<RawChunk>,
    complete: Vec<RawChunk>,
}

impl Chunks {
    pub(super) const fn new(lines_max: u32) -> Self {
        Self {
            lines_max,
            open: None,
            complete: Vec::new(),
        }
    }

    /// Makes room for a line, of which this much is known, so that it can be added.
    pub(super) fn make_room(&mut self, line: &[u8]) {
        let fits = |chunk: &RawChunk| {
            // And the LF that may follow its CR.
            chunk.lines < self.lines_max && chunk.content.len() + line.len() < CHUNK_BYTES_MAX
        };
        if !self.open.as_ref().is_some_and(fits) {
            self.close();
        }
    }

    /// Adds a line with data, for which there is room.
    pub(super) fn add(&mut self, line: &[u8], number: u32) {
        let chunk = self.open.get_or_insert_with(|| RawChunk {
            first_line: number,
            lines: 0,
            content: Vec::new(),
        });
        chunk.content.extend_from_slice(line);
        chunk.lines += 1;
    }

    /// Adds a line that doesn't count, for which there is room. Lines are numbered by what is in their chunk,
    /// so it is left out only between chunks.
    pub(super) fn add_blank(&mut self, line: &[u8]) {
        if let Some(chunk) = &mut self.open {
            chunk.content.extend_from_slice(line);
        }
    }

    /// Adds the ends of blank lines, or the LF of a CRLF.
    pub(super) fn add_line_ends(&mut self, ends: &[u8]) {
        let Some(chunk) = &mut self.open else {
            return;
        };
        let room = CHUNK_BYTES_MAX.saturating_sub(chunk.content.len());
        if let Some(fitting) = ends.get(..room) {
            chunk.content.extend_from_slice(fitting);
            if fitting.len() < ends.len() {
                self.close();
            }
        } else {
            chunk.content.extend_from_slice(ends);
        }
    }

    pub(super) fn complete(&mut self) -> Vec<RawChunk> {
        std::mem::take(&mut self.complete)
    }

    pub(super) fn last(self) -> Option<RawChunk> {
        self.open
    }

    fn close(&mut self) {
        self.complete.extend(self.open.take());
    }
}
