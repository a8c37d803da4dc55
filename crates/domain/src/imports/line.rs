//! The lines of a file, with what they name looked up.

use crate::decision::{LineProblem, ProductField, Refusal};
use crate::ledger::{Annotation, TransactionAction};
use crate::policies::SetPolicy;
use crate::products::decide::check_ends;
use crate::transactions::Expectation;
use crate::values::{Name, ProductId, ProductText, Quantity, Slug};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportLine {
    /// The number of the line in the file, from 1.
    pub number: u32,
    /// Its content.
    pub content: LineContent,
}

/// The content of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineContent {
    /// It can't be applied.
    Failed(LineProblem),
    /// It says nothing.
    Skipped,
    /// It moves stock of one product.
    Movements(Box<StockLine>),
    /// It changes the policy of one product's stock.
    Policy(Box<SetPolicy>),
}

/// Movements of one product's stock, all of which are made or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockLine {
    /// The product.
    pub product: LineProduct,
    /// The movements.
    pub movements: Vec<LineMovement>,
    /// The figures that each position must have.
    pub expectation: Expectation,
    /// The notes for the ledger.
    pub annotation: Annotation,
    /// The names that the line gives the product. No earlier line may have given them to another one.
    pub sku: Option<ProductText>,
    /// Its name in another system.
    pub external_ref: Option<ProductText>,
}

/// The product of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineProduct {
    /// A product with this id.
    Known(ProductId),
    /// A product that is registered unless an earlier line has done so.
    New(Box<NewProduct>),
}

/// A product to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Its id; a fresh one if it is `None`.
    pub id: Option<ProductId>,
    /// Its name.
    pub name: ProductText,
    /// Its stock keeping unit.
    pub sku: Option<ProductText>,
    /// Its name in another system.
    pub external_ref: Option<ProductText>,
}

impl NewProduct {
    /// Checks what can be checked of the names without looking at others.
    ///
    /// # Errors
    /// [`Refusal::WhiteSpaceAtEnds`] if one begins or ends with white space.
    pub fn check(&self) -> Result<(), Refusal> {
        check_ends(ProductField::Sku, self.sku.as_ref(), None)?;
        check_ends(ProductField::ExternalRef, self.external_ref.as_ref(), None)
    }
}

/// A movement in one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMovement {
    /// The location; `None` for the unlocated pool.
    pub location: Option<LineLocation>,
    /// The action.
    pub action: ImportAction,
    /// The number of pieces.
    pub quantity: Quantity,
}

/// The location of a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineLocation {
    /// A location with this slug.
    Known(String),
    /// A location that is made unless an earlier line has done so.
    New(Box<NewLocation>),
}

/// A location to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLocation {
    /// Its name for people.
    pub name: Name,
    /// Its name in paths and bodies.
    pub slug: Slug,
}

/// The action of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportAction {
    /// That of a transaction.
    Transaction(TransactionAction),
    /// Sets the available quantity.
    SetAvailable,
}
