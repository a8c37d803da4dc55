//! Where lines end.

use std::borrow::Cow;

use crate::profile::{Format, Profile};
use crate::read::json;

/// The most bytes that the parser of CSV is given at once, so that its buffers stay small.
const BITE: usize = 4 * 1024;

/// The number of line ends that `bytes` begins with, which is the number of their bytes.
pub(crate) fn line_ends(bytes: &[u8]) -> usize {
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    bytes.iter().take_while(is_end).count()
}

/// The number of a physical line, counted from 1. LF, CR and CRLF each end a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineNumber {
    line: u32,
    after_cr: bool,
}

impl LineNumber {
    pub(crate) const fn at(line: u32) -> Self {
        Self {
            line,
            after_cr: false,
        }
    }

    pub(crate) const fn get(self) -> u32 {
        self.line
    }

    /// Counts on past `bytes`.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends = *byte == b'\r' || (*byte == b'\n' && !self.after_cr);
            self.line = self.line.saturating_add(ends.into());
            self.after_cr = *byte == b'\r';
        }
    }
}

/// Finds the ends of lines in bytes that arrive in pieces. A line of CSV is a record: quoted cells may have
/// line ends in them.
#[derive(Debug)]
pub(crate) enum Cutter {
    JsonLines,
    Csv(Box<Records>),
}

impl Cutter {
    pub(crate) fn new(format: Format, delimiter: u8) -> Self {
        match format {
            Format::JsonLines => Self::JsonLines,
            Format::Csv => Self::Csv(Box::new(Records::new(delimiter))),
        }
    }

    /// Takes bytes up to the end of the line that is under way: the number of bytes taken, and whether the
    /// last of them ends the line. Of CRLF, only CR is taken. At the start of a line, `input` mustn't begin
    /// with a line end.
    pub(crate) fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        match self {
            Self::JsonLines => {
                let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
                match input.iter().position(is_end) {
                    Some(end) => (end + 1, true),
                    None => (input.len(), false),
                }
            }
            Self::Csv(records) => records.feed(input),
        }
    }

    /// Ends the line that is under way, though it has no line end. `false` if it is within quotes.
    pub(crate) fn finish(&mut self) -> bool {
        self.feed(b"\n").1
    }

    /// The line at the start of `input`, with its line end as [`feed`](Self::feed) has it, and whether all
    /// its quotes are closed.
    pub(crate) fn cut<'a>(&mut self, input: &'a [u8]) -> (&'a [u8], bool) {
        let (length, complete) = self.feed(input);
        let line = input.get(..length).unwrap_or(input);
        (line, complete || self.finish())
    }

    /// The cells of the line that ended last; of a line that didn't end, those so far. None in JSON Lines.
    pub(crate) fn cells(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::JsonLines => Vec::new(),
            Self::Csv(records) => records.cells(),
        }
    }

    /// Whether `line`, which ended last, says nothing, and so doesn't count.
    pub(crate) fn is_blank(&self, profile: Profile, line: &[u8]) -> bool {
        let is_white = line.trim_ascii().is_empty();
        match self {
            Self::JsonLines => {
                is_white || (profile == Profile::Stockroom && json::ends_export(line))
            }
            // Below a tab-separated header, white space may be a row of empty cells.
            Self::Csv(records) => is_white && records.cell_ends == 1,
        }
    }
}

/// The parser of CSV, and the cells of the record that it is at.
#[derive(Debug)]
pub(crate) struct Records {
    parser: csv_core::Reader,
    complete: bool,
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    cell_ends: usize,
}

impl Records {
    fn new(delimiter: u8) -> Self {
        let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        // The parser drops a BOM at the start of its first input, though that may be the middle of a file.
        // It also drops blank lines.
        parser.read_record(b"\n", &mut [0; 2], &mut [0; 2]);
        Self {
            parser,
            complete: false,
            text: Vec::new(),
            text_length: 0,
            ends: Vec::new(),
            cell_ends: 0,
        }
    }

    fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        if self.complete {
            self.complete = false;
            self.text_length = 0;
            self.cell_ends = 0;
        }
        let mut taken = 0;
        for bite in input.chunks(BITE) {
            // More room than the parser can fill.
            grow(&mut self.text, self.text_length + bite.len() + 1);
            grow(&mut self.ends, self.cell_ends + bite.len() + 2);
            let text = self.text.get_mut(self.text_length..).unwrap_or_default();
            let ends = self.ends.get_mut(self.cell_ends..).unwrap_or_default();
            let (result, read, written, ended) = self.parser.read_record(bite, text, ends);
            taken += read;
            self.text_length += written;
            self.cell_ends += ended;
            if result == csv_core::ReadRecordResult::Record {
                self.complete = true;
                break;
            }
        }
        (taken, self.complete)
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let ends = self.ends.get(..self.cell_ends).unwrap_or_default();
        let open = (!self.complete).then_some(self.text_length);
        let mut start = 0;
        let cells = ends.iter().copied().chain(open).map(|end| {
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            String::from_utf8_lossy(cell)
        });
        cells.collect()
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, length_min: usize) {
    if buffer.len() < length_min {
        buffer.resize(length_min, T::default());
    }
}
