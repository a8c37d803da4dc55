//! Cells and fields.

use serde_json::Value;

/// Adds a cell of CSV, in quotes if it needs them.
pub(crate) fn push_cell(row: &mut Vec<u8>, delimiter: u8, cell: &str) {
    let is_special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n');
    if !cell.bytes().any(is_special) {
        row.extend_from_slice(cell.as_bytes());
        return;
    }
    row.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            row.push(b'"');
        }
        row.push(byte);
    }
    row.push(b'"');
}

/// Adds a row of CSV of two cells or more.
pub(crate) fn push_row<T: AsRef<str>>(out: &mut Vec<u8>, delimiter: u8, cells: &[T]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(delimiter);
        }
        push_cell(out, delimiter, cell.as_ref());
    }
    out.push(b'\n');
}

/// A JSON object whose fields stand in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct JsonObject(String);

impl JsonObject {
    /// Adds a field whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(value);
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.raw(name, &Value::from(text).to_string());
    }

    /// Adds a text if there is one.
    pub(crate) fn optional_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The object, which has a field at least, with a line end.
    pub(crate) fn finish(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}
