//! The start of a file, up to where it is known how to find the ends of lines.

use super::lines::LineSplitter;
use crate::LINE_BYTES_MAX;
use crate::cutter::LineNumber;
use crate::error::FileError;
use crate::profile::{Format, Profile};

const BOM: &[u8] = b"\xEF\xBB\xBF";
const UTF_16_BOMS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// The delimiters that a CSV file may have; the first is taken when there is nothing to choose by.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The place within a header.
#[derive(Debug, Clone, Copy)]
enum Place {
    CellStart,
    Cell,
    Quotes,
    /// Behind a quote within quotes: their end, or half a quote.
    Quote,
}

#[derive(Debug)]
pub(super) struct Opening {
    profile: Profile,
    format: Option<Format>,
    bom_is_past: bool,
    /// What was seen of the first line that isn't blank; before that, of the BOM or the blank line.
    held: Vec<u8>,
    number: LineNumber,
    place: Place,
    /// How often each of the delimiters was seen outside of quotes.
    delimiters: [usize; 3],
}

impl Opening {
    pub(super) const fn new(profile: Profile, format: Option<Format>) -> Self {
        Self {
            profile,
            format,
            bom_is_past: false,
            held: Vec::new(),
            number: LineNumber::at(1),
            place: Place::CellStart,
            delimiters: [0; 3],
        }
    }

    /// Takes bytes. Once the opening is over: the number of those taken.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<usize>, FileError> {
        self.check_format()?;
        for (at, byte) in bytes.iter().enumerate() {
            let is_over = if self.bom_is_past {
                self.take(*byte)?
            } else {
                self.take_bom(*byte)?
            };
            if is_over {
                return Ok(Some(at + 1));
            }
        }
        Ok(None)
    }

    /// The splitter for the file, to which it has given what it holds.
    pub(super) fn close(&mut self) -> Result<LineSplitter, FileError> {
        if !self.bom_is_past {
            self.pass_bom()?;
        }
        let usual = || self.profile.formats().first().copied();
        let format = self.format.or_else(usual).unwrap_or(Format::Csv);
        self.format = Some(format);
        self.check_format()?;
        let mut best = (0, b',');
        for (count, delimiter) in self.delimiters.into_iter().zip(DELIMITERS) {
            if count > best.0 {
                best = (count, delimiter);
            }
        }
        let mut lines = LineSplitter::new(self.profile, format, best.1, self.number);
        lines.push(&self.held)?;
        Ok(lines)
    }

    fn check_format(&self) -> Result<(), FileError> {
        match self.format {
            Some(format) if !self.profile.formats().contains(&format) => {
                Err(FileError::WrongFormat {
                    profile: self.profile,
                    format,
                })
            }
            _ => Ok(()),
        }
    }

    /// Takes a byte that may belong to a BOM; whether the opening is over.
    fn take_bom(&mut self, byte: u8) -> Result<bool, FileError> {
        self.held.push(byte);
        if UTF_16_BOMS.contains(&self.held.as_slice()) {
            return Err(FileError::Utf16);
        }
        let mut boms = UTF_16_BOMS.into_iter().chain([BOM]);
        if self.held != BOM && boms.any(|bom| bom.starts_with(&self.held)) {
            return Ok(false);
        }
        self.pass_bom()
    }

    /// Leaves out the BOM if it is one, and takes it as the start of the text otherwise; whether the opening
    /// is over.
    fn pass_bom(&mut self) -> Result<bool, FileError> {
        self.bom_is_past = true;
        let held = std::mem::take(&mut self.held);
        let mut is_over = false;
        if held != BOM {
            for byte in held {
                if is_over {
                    self.held.push(byte);
                } else {
                    is_over = self.take(byte)?;
                }
            }
        }
        Ok(is_over)
    }

    /// Takes a byte of the text; whether the opening is over.
    fn take(&mut self, byte: u8) -> Result<bool, FileError> {
        let is_end = matches!(byte, b'\r' | b'\n');
        if is_end && self.held.trim_ascii().is_empty() {
            self.number.pass(&self.held);
            self.number.pass(&[byte]);
            self.held.clear();
            self.place = Place::CellStart;
            self.delimiters = [0; 3];
            return Ok(false);
        }
        self.held.push(byte);
        if self.format.is_none() && !byte.is_ascii_whitespace() {
            let is_json = byte == b'{';
            self.format = Some(if is_json {
                Format::JsonLines
            } else {
                Format::Csv
            });
            self.check_format()?;
        }
        let is_over = match self.format {
            Some(Format::JsonLines) => true,
            Some(Format::Csv) => self.is_header_end(byte),
            None => false,
        };
        if self.held.len() > LINE_BYTES_MAX + usize::from(is_over) {
            let line = self.number.get();
            return Err(FileError::LineTooLong { line });
        }
        Ok(is_over)
    }

    /// Whether the byte ends the header, as far as that can be told without knowing the delimiter.
    fn is_header_end(&mut self, byte: u8) -> bool {
        let is_quoted = matches!(self.place, Place::Quotes);
        let delimiter = DELIMITERS.iter().position(|known| *known == byte);
        self.place = match (self.place, byte) {
            (Place::Quotes, b'"') => Place::Quote,
            (Place::Quotes, _) | (Place::CellStart | Place::Quote, b'"') => Place::Quotes,
            _ if delimiter.is_some() => Place::CellStart,
            _ => Place::Cell,
        };
        if !is_quoted && let Some(count) = delimiter.and_then(|at| self.delimiters.get_mut(at)) {
            *count += 1;
        }
        !is_quoted && matches!(byte, b'\r' | b'\n')
    }
}
