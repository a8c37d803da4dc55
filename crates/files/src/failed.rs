//! The failed lines of a file, as a file of their own that can be corrected and sent again.

use serde_json::Value;

use crate::cutter::Cutter;
use crate::layout::{Column, Layout};
use crate::profile::Format;
use crate::read::json;
use crate::write::text::{JsonObject, push_cell, push_row};

const ERROR: &str = "error";

impl Layout {
    /// The header of a file of failed lines: the file's own, and the column `error`. Empty for JSON Lines.
    #[must_use]
    pub fn errors_header(&self) -> String {
        let mut header = self.header.clone();
        if self.format() == Format::Csv {
            if self.error_column().is_none() {
                header.push(self.delimiter_byte().into());
                header.push_str(ERROR);
            }
            header.push('\n');
        }
        header
    }

    /// A line of a file of failed lines: `content`, a failed line as it was, with the error added to it as the
    /// column (in JSON Lines, the field) `error`, instead of one that it already had. A line end follows.
    ///
    /// A line that can't be told apart is still no right line with the error in it: one with too few or too
    /// many cells is left so, and what is no JSON object becomes the field `content` of one.
    #[must_use]
    pub fn with_error(&self, content: &str, error: &str) -> String {
        match self.format() {
            Format::Csv => self.row_with_error(content, error),
            Format::JsonLines => object_with_error(content, error),
        }
    }

    fn error_column(&self) -> Option<usize> {
        let mut columns = self.columns.iter();
        columns.position(|column| *column == Column::Error)
    }

    fn row_with_error(&self, content: &str, error: &str) -> String {
        let delimiter = self.delimiter_byte();
        let mut cutter = Cutter::new(Format::Csv, delimiter);
        let (_, closed) = cutter.cut(content.as_bytes());
        let mut cells = cutter.cells();
        let mut row = Vec::new();
        if closed && cells.len() == self.columns.len() {
            if let Some(cell) = self.error_column().and_then(|at| cells.get_mut(at)) {
                *cell = error.into();
                push_row(&mut row, delimiter, &cells);
            } else {
                row.extend_from_slice(content.as_bytes());
                row.push(delimiter);
                push_cell(&mut row, delimiter, error);
                row.push(b'\n');
            }
        } else {
            cells.push(error.into());
            let width = self.columns.len() + usize::from(self.error_column().is_none());
            if cells.len() == width {
                // It would be taken for a right line if it were sent again as it is.
                cells.push("".into());
            }
            push_row(&mut row, delimiter, &cells);
        }
        String::from_utf8_lossy(&row).into_owned()
    }
}

fn object_with_error(content: &str, error: &str) -> String {
    let mut object = JsonObject::default();
    if let Ok(fields) = json::object(content) {
        for (key, value) in fields.iter().filter(|(key, _)| key != ERROR) {
            object.raw(key, value.get());
        }
    } else {
        object.raw("content", &Value::from(content).to_string());
    }
    object.text(ERROR, error);
    object.finish()
}
