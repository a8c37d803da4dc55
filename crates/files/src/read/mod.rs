//! What lines say.

pub(crate) mod json;
pub(crate) mod shopify;
pub(crate) mod stockroom;

mod elasticpath;
mod policies;

use std::borrow::Cow;

use stockroom_domain::{
    PolicyUpdate, ProductId, ProductText, Quantity, Reason, Reference, TransactionAction,
};

use crate::cutter::{Cutter, LineNumber, line_ends};
use crate::error::{LineFault, repeated};
use crate::layout::Layout;
use crate::profile::{Format, Profile};
use crate::splitter::RawChunk;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine<'a> {
    /// Its number among all lines of the file, from 1.
    pub number: u32,
    /// The line as it was, without its line end.
    pub content: &'a str,
    /// What it says, or why that can't be told.
    pub read: Result<LineContent, LineFault>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineContent {
    /// That nothing is to be done: it has no figure.
    Skipped,
    /// What is to be done with stock.
    Movements(LineMovements),
    /// What is to become of a policy.
    Policy(LinePolicy),
}

impl LineContent {
    /// The product that the line is about, unless it says nothing.
    #[must_use]
    pub const fn product(&self) -> Option<&NamedProduct> {
        match self {
            Self::Skipped => None,
            Self::Movements(line) => Some(&line.product),
            Self::Policy(line) => Some(&line.product),
        }
    }
}

/// What a line says is to become of the policy of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePolicy {
    /// The product.
    pub product: NamedProduct,
    /// The location as the file calls it, if it is about the policy there instead of that of the whole stock.
    pub location: Option<String>,
    /// What is to become of it.
    pub update: PolicyUpdate,
}

/// What a line says is to be done with a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMovements {
    /// The product.
    pub product: NamedProduct,
    /// What is to be done at which position; at least one thing, and no location twice.
    pub movements: Vec<Movement>,
    /// The reason, if the line has its own.
    pub reason: Option<Reason>,
    /// The reference, if the line has its own.
    pub reference: Option<Reference>,
    /// The available pieces that the position must have before.
    pub expect_available: Option<Quantity>,
    /// The total that the position must have before.
    pub expect_total: Option<Quantity>,
}

/// The product that a line is about. It has at least one of `id`, `sku` and `external_ref`, and the first of
/// them finds the product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedProduct {
    /// Its id.
    pub id: Option<ProductId>,
    /// Its SKU.
    pub sku: Option<ProductText>,
    /// Its name in another system.
    pub external_ref: Option<ProductText>,
    /// Its name, which finds nothing, but serves a product that is registered.
    pub name: Option<ProductText>,
    /// Whether a `sku` that nobody has may be a product's id.
    pub sku_may_be_id: bool,
}

/// What is to be done at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The location as the file calls it, in 1 to 1024 characters, or `None` for the unlocated pool.
    pub location: Option<String>,
    /// What is to be done.
    pub action: FileAction,
    /// The number of pieces that it is done with.
    pub quantity: Quantity,
}

/// What a file can say is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// What a transaction does.
    Transaction(TransactionAction),
    /// The quantity becomes the available pieces.
    SetAvailable,
}

impl Layout {
    /// The lines of a chunk of the file, without blank ones.
    #[must_use]
    pub fn read<'a>(&self, chunk: &'a RawChunk) -> Vec<FileLine<'a>> {
        let mut cutter = Cutter::new(self.format(), self.delimiter_byte());
        let mut number = LineNumber::at(chunk.first_line);
        let mut rest = chunk.content.as_slice();
        let mut lines = Vec::new();
        loop {
            let (ends, behind) = rest.split_at(line_ends(rest));
            number.pass(ends);
            if behind.is_empty() {
                return lines;
            }
            let (line, closed) = cutter.cut(behind);
            if !cutter.is_blank(self.profile(), line) {
                lines.push(self.read_line(number.get(), line, closed, &cutter));
            }
            number.pass(line);
            rest = behind.get(line.len()..).unwrap_or_default();
        }
    }

    fn read_line<'a>(
        &self,
        number: u32,
        line: &'a [u8],
        closed: bool,
        cutter: &Cutter,
    ) -> FileLine<'a> {
        let Ok(line) = str::from_utf8(line) else {
            return FileLine {
                number,
                content: "",
                read: Err(LineFault("the line is not UTF-8".to_owned())),
            };
        };
        let content = line.trim_end_matches(['\r', '\n']);
        let read = match (self.format(), self.profile()) {
            (Format::JsonLines, Profile::ElasticPath) => elasticpath::read(content),
            (Format::JsonLines, Profile::Policies) => policies::read_object(content),
            (Format::JsonLines, _) => stockroom::read_object(content),
            (Format::Csv, profile) => self.read_row(profile, closed, &cutter.cells()),
        };
        FileLine {
            number,
            content,
            read,
        }
    }

    fn read_row(
        &self,
        profile: Profile,
        closed: bool,
        cells: &[Cow<'_, str>],
    ) -> Result<LineContent, LineFault> {
        if !closed {
            return Err(LineFault("a quote isn't closed".to_owned()));
        }
        self.check_width(cells.len())?;
        match profile {
            Profile::Shopify => shopify::read(&self.columns, cells),
            Profile::Policies => policies::read_row(&self.columns, cells),
            Profile::Stockroom | Profile::ElasticPath => stockroom::read_row(&self.columns, cells),
        }
    }
}

/// The number of pieces that a text says.
fn quantity(field: &str, text: &str) -> Result<Quantity, LineFault> {
    let digits = text.trim_ascii();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let pieces = digits.parse().ok().filter(|_| is_number);
    pieces.and_then(Quantity::new).ok_or_else(|| {
        let field = repeated(field);
        let most = Quantity::MAX;
        LineFault(format!("{field} must be an integer from 0 to {most}"))
    })
}

/// A location as a file calls it.
fn location(field: &'static str, text: &str) -> Result<String, LineFault> {
    // Nothing longer is the name of one.
    let text = ProductText::new(field, text)?;
    Ok(text.as_str().to_owned())
}
