//! The lines of a file, behind its opening.

use super::Split;
use super::chunks::{Chunks, RawChunk};
use crate::cutter::{Cutter, LineNumber, line_ends};
use crate::error::FileError;
use crate::layout::{Header, Layout};
use crate::profile::{Format, Profile};
use crate::read::shopify;
use crate::{CHUNK_LINES, LINE_BYTES_MAX, LINES_MAX};

#[derive(Debug)]
pub(super) struct LineSplitter {
    profile: Profile,
    format: Format,
    delimiter: u8,
    cutter: Cutter,
    /// The line that is under way, and its number.
    line: Vec<u8>,
    number: LineNumber,
    header: Option<Header>,
    optional_is_filled: bool,
    lines: u32,
    chunks: Chunks,
}

impl LineSplitter {
    pub(super) fn new(profile: Profile, format: Format, delimiter: u8, number: LineNumber) -> Self {
        Self {
            profile,
            format,
            delimiter,
            cutter: Cutter::new(format, delimiter),
            line: Vec::new(),
            number,
            header: None,
            optional_is_filled: false,
            lines: 0,
            chunks: Chunks::new(CHUNK_LINES),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.line.is_empty() {
                let (ends, behind) = rest.split_at(line_ends(rest));
                self.number.pass(ends);
                self.chunks.add_line_ends(ends);
                rest = behind;
            }
            // Of a line that is too long, no more is looked at than shows it.
            let room = LINE_BYTES_MAX + 1 - self.line.len();
            let (taken, is_complete) = self.cutter.feed(rest.get(..room).unwrap_or(rest));
            let (part, behind) = rest.split_at(taken);
            self.line.extend_from_slice(part);
            if !self.line.is_empty() {
                self.chunks.make_room(&self.line);
            }
            rest = behind;
            if is_complete {
                self.end_line()?;
            } else if self.line.len() > LINE_BYTES_MAX {
                let line = self.number.get();
                return Err(FileError::LineTooLong { line });
            }
        }
        Ok(())
    }

    pub(super) fn complete_chunks(&mut self) -> Vec<RawChunk> {
        self.chunks.complete()
    }

    pub(super) fn finish(mut self) -> Result<Split, FileError> {
        if !self.line.is_empty() {
            // Whether its quotes are closed is for those to say who read the line.
            self.cutter.finish();
            self.end_line()?;
        }
        let layout = match (self.format, self.header) {
            (Format::JsonLines, _) => Layout::json_lines(self.profile),
            (Format::Csv, Some(header)) => header.layout(self.optional_is_filled)?,
            (Format::Csv, None) => return Err(FileError::NoHeader),
        };
        Ok(Split {
            last: self.chunks.last(),
            layout,
            lines: self.lines,
        })
    }

    fn end_line(&mut self) -> Result<(), FileError> {
        let text = checked(&self.line, self.number)?;
        if self.cutter.is_blank(self.profile, &self.line) {
            self.chunks.add_blank(&self.line);
        } else if self.format == Format::Csv && self.header.is_none() {
            let cells = self.cutter.cells();
            let header = Header::new(self.profile, self.delimiter, text, &cells)?;
            self.chunks = Chunks::new(header.chunk_lines());
            self.header = Some(header);
        } else {
            self.lines += 1;
            if self.lines > LINES_MAX {
                return Err(FileError::TooManyLines);
            }
            self.look_at_optional();
            self.chunks.add(&self.line, self.number.get());
        }
        self.number.pass(&self.line);
        self.line.clear();
        Ok(())
    }

    fn look_at_optional(&mut self) {
        let optional = self.header.as_ref().and_then(|header| header.optional);
        if let Some(optional) = optional.filter(|_| !self.optional_is_filled) {
            let cells = self.cutter.cells();
            let figure = cells
                .get(optional)
                .and_then(|cell| shopify::figure_in(cell));
            self.optional_is_filled = figure.is_some();
        }
    }
}

/// The text of a line that begins at `number`.
fn checked(line: &[u8], number: LineNumber) -> Result<&str, FileError> {
    let at = |length: usize| {
        let mut number = number;
        number.pass(line.get(..length).unwrap_or(line));
        number.get()
    };
    if let Some(nul) = line.iter().position(|byte| *byte == 0) {
        return Err(FileError::Nul { line: at(nul) });
    }
    str::from_utf8(line).map_err(|error| FileError::NotUtf8 {
        line: at(error.valid_up_to()),
    })
}
