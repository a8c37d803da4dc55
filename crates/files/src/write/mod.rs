//! Files of stock as it is.

pub(crate) mod text;

use stockroom_domain::{ProductId, Quantity, Timestamp, TransactionAction};

use self::text::{JsonObject, push_row};
use crate::error::FileError;
use crate::profile::{Format, Profile};
use crate::read::shopify;

/// A position, to be written.
#[derive(Debug, Clone, Copy)]
pub struct ExportRow<'a> {
    /// The product.
    pub product: ProductId,
    /// The product's SKU.
    pub sku: Option<&'a str>,
    /// The product's name in another system.
    pub external_ref: Option<&'a str>,
    /// The product's name.
    pub name: Option<&'a str>,
    /// The product's name in paths.
    pub product_slug: Option<&'a str>,
    /// The location, or `None` for the unlocated pool.
    pub location: Option<ExportLocation<'a>>,
    /// The available pieces.
    pub available: Quantity,
    /// The allocated pieces.
    pub allocated: Quantity,
    /// All pieces.
    pub total: Quantity,
    /// Whether an import finds this product by its SKU: `false` if another product that the caller sees first
    /// has the same.
    pub sku_finds_it: bool,
    /// Whether an import finds this product by its name in another system.
    pub external_ref_finds_it: bool,
}

impl<'a> ExportRow<'a> {
    /// The SKU, unless an import would take it for another product's.
    fn finding_sku(&self) -> Option<&'a str> {
        self.sku.filter(|_| self.sku_finds_it)
    }

    /// The name in another system, unless an import would take it for another product's.
    fn finding_external_ref(&self) -> Option<&'a str> {
        self.external_ref.filter(|_| self.external_ref_finds_it)
    }
}

/// A location, to be written.
#[derive(Debug, Clone, Copy)]
pub struct ExportLocation<'a> {
    /// Its slug.
    pub slug: &'a str,
    /// What an import finds it by among the names of locations.
    pub label: &'a str,
}

/// The columns of our own files.
const STOCKROOM: [&str; 10] = [
    "product_id",
    "sku",
    "external_ref",
    "name",
    "location",
    "action",
    "quantity",
    "available",
    "allocated",
    "total",
];

/// The columns of Shopify's files today.
const SHOPIFY: [&str; 19] = [
    "Handle",
    "Title",
    "Option1 Name",
    "Option1 Value",
    "Option2 Name",
    "Option2 Value",
    "Option3 Name",
    "Option3 Value",
    "SKU",
    "HS Code",
    "COO",
    "Location",
    "Bin name",
    "Incoming (not editable)",
    "Unavailable (not editable)",
    "Committed (not editable)",
    "Available (not editable)",
    "On hand (current)",
    "On hand (new)",
];

const DELIMITER: u8 = b',';

/// Writes a file of positions, piece by piece, behind whatever the buffers that it is given have in them.
#[derive(Debug)]
pub struct FileWriter {
    profile: Profile,
    format: Format,
    rows: u64,
}

impl FileWriter {
    /// A writer of a file of `profile`.
    ///
    /// # Errors
    /// [`FileError::WrongFormat`] if files of the profile don't have the format.
    pub fn new(profile: Profile, format: Format) -> Result<Self, FileError> {
        if !profile.formats().contains(&format) {
            return Err(FileError::WrongFormat { profile, format });
        }
        Ok(Self {
            profile,
            format,
            rows: 0,
        })
    }

    /// The media type of the file.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self.format {
            Format::Csv => "text/csv; charset=utf-8",
            Format::JsonLines => "application/x-ndjson",
        }
    }

    /// The name of the file.
    #[must_use]
    pub const fn file_name(&self) -> &'static str {
        match self.format {
            Format::Csv => "inventory.csv",
            Format::JsonLines => "inventory.jsonl",
        }
    }

    /// The number of rows that were written.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what stands before the rows.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        match (self.format, self.profile) {
            (Format::JsonLines, _) => {}
            (Format::Csv, Profile::Shopify) => push_row(out, DELIMITER, &SHOPIFY),
            (Format::Csv, _) => push_row(out, DELIMITER, &STOCKROOM),
        }
    }

    /// Writes a row.
    ///
    /// The product is named in such a way that an import finds it again: by its id, and by its SKU and its
    /// name in another system only if they find it.
    pub fn write(&mut self, row: &ExportRow<'_>, out: &mut Vec<u8>) {
        match (self.format, self.profile) {
            (Format::JsonLines, Profile::ElasticPath) => elasticpath_object(row, out),
            (Format::JsonLines, _) => stockroom_object(row, out),
            (Format::Csv, Profile::Shopify) => shopify_row(row, out),
            (Format::Csv, _) => stockroom_row(row, out),
        }
        self.rows += 1;
    }

    /// Writes what stands behind the rows. `at` is the instant whose stock the file shows.
    pub fn end(&mut self, at: Timestamp, out: &mut Vec<u8>) {
        // Elastic Path itself knows no such line.
        if (self.profile, self.format) == (Profile::Stockroom, Format::JsonLines) {
            let mut object = JsonObject::default();
            object.text("type", "export-end");
            object.raw("rows", &self.rows.to_string());
            object.text("at", &at.to_string());
            out.extend_from_slice(object.finish().as_bytes());
        }
    }
}

fn stockroom_row(row: &ExportRow<'_>, out: &mut Vec<u8>) {
    let id = row.product.to_string();
    let total = row.total.to_string();
    let cells = [
        id.as_str(),
        row.finding_sku().unwrap_or_default(),
        row.finding_external_ref().unwrap_or_default(),
        row.name.unwrap_or_default(),
        row.location.map_or("", |location| location.slug),
        TransactionAction::Set.as_str(),
        &total,
        &row.available.to_string(),
        &row.allocated.to_string(),
        &total,
    ];
    push_row(out, DELIMITER, &cells);
}

fn stockroom_object(row: &ExportRow<'_>, out: &mut Vec<u8>) {
    let total = row.total.to_string();
    let mut object = JsonObject::default();
    object.text("product_id", &row.product.to_string());
    object.optional_text("sku", row.finding_sku());
    object.optional_text("external_ref", row.finding_external_ref());
    object.optional_text("name", row.name);
    object.optional_text("location", row.location.map(|location| location.slug));
    object.text("action", TransactionAction::Set.as_str());
    object.raw("quantity", &total);
    object.raw("available", &row.available.to_string());
    object.raw("allocated", &row.allocated.to_string());
    object.raw("total", &total);
    out.extend_from_slice(object.finish().as_bytes());
}

fn elasticpath_object(row: &ExportRow<'_>, out: &mut Vec<u8>) {
    let id = row.product.to_string();
    let sku = row.finding_sku().map(|sku| ("sku", sku));
    let external_ref = row.finding_external_ref();
    let external_ref = external_ref.map(|external_ref| ("external_ref", external_ref));
    let (field, value) = sku.or(external_ref).unwrap_or(("id", &id));
    let mut object = JsonObject::default();
    object.text("lookupField", field);
    object.text("lookupValue", value);
    object.raw("quantity", &row.available.to_string());
    object.text("action", "matchAvailable");
    object.optional_text("location", row.location.map(|location| location.slug));
    out.extend_from_slice(object.finish().as_bytes());
}

fn shopify_row(row: &ExportRow<'_>, out: &mut Vec<u8>) {
    let id = row.product.to_string();
    let sku = row.finding_sku().filter(|sku| !shopify::is_no_sku(sku));
    let none = Quantity::ZERO.to_string();
    let cells = [
        row.product_slug.unwrap_or_default(),
        row.name.unwrap_or_default(),
        "",
        "",
        "",
        "",
        "",
        "",
        sku.unwrap_or(&id),
        "",
        "",
        row.location.map_or("", |location| location.label),
        "",
        &none,
        &none,
        &row.allocated.to_string(),
        &row.available.to_string(),
        &row.total.to_string(),
        "",
    ];
    push_row(out, DELIMITER, &cells);
}
