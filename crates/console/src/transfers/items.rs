//! The lines of a form for a transfer: products, and the pieces of each.

use std::collections::BTreeSet;

use stockroom_domain::{ProductId, Quantity, Transfer, TransferProgress};

use super::parts::line_of;
use crate::lookup::{Titles, product_named};
use crate::page::{Problem, number_of};
use crate::session::Visit;

/// The number of empty lines at the end of a form.
const LINES: usize = 10;

/// A line, as it was typed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) product: String,
    pub(super) quantity: String,
    /// The name of the product, if the transfer has it already.
    pub(super) title: Option<String>,
}

impl Item {
    fn is_empty(&self) -> bool {
        self.product.trim().is_empty() && self.quantity.trim().is_empty()
    }
}

/// The lines of a form. Those that the transfer has already come first.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) all: Vec<Item>,
    /// The number of lines that the transfer has.
    pub(super) known: usize,
}

impl Items {
    /// The lines of a transfer.
    pub(super) fn of(transfer: &Transfer) -> Self {
        let lines = transfer.progress.lines.iter();
        let all: Vec<Item> = lines
            .map(|line| Item {
                product: line.product.to_string(),
                quantity: line.quantity.to_string(),
                title: None,
            })
            .collect();
        Self {
            known: all.len(),
            all,
        }
    }

    /// Takes a field, if it is one of a line.
    pub(super) fn read(&mut self, name: &str, value: String) {
        if name == "items" {
            self.known = value.parse().unwrap_or_default();
            return;
        }
        let line = line_of(name, &["product", "quantity"]);
        let line = line.filter(|(_, number)| *number < TransferProgress::LINES_MAX);
        let Some((field, number)) = line else { return };
        if self.all.len() <= number {
            let lines = number.saturating_add(1);
            self.all.resize_with(lines, Item::default);
        }
        if let Some(item) = self.all.get_mut(number) {
            match field {
                "product" => item.product = value,
                _ => item.quantity = value,
            }
        }
    }

    /// The same with empty lines at the end, and names for the lines that the transfer has.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn with_empty(mut self, visit: &Visit) -> Result<Self, Problem> {
        let typed = self.all.iter().rposition(|item| !item.is_empty());
        let typed = typed.map_or(0, |last| last.saturating_add(1));
        let wanted = typed.saturating_add(LINES).min(TransferProgress::LINES_MAX);
        self.all.resize_with(wanted, Item::default);
        let known = self.all.iter_mut().take(self.known);
        let known: Vec<(ProductId, &mut Item)> = known
            .filter_map(|item| Some((ProductId::parse(&item.product)?, item)))
            .collect();
        let titles = Titles::of(visit, known.iter().map(|(product, _)| *product)).await?;
        for (product, item) in known {
            item.title = Some(titles.title(product));
        }
        Ok(self)
    }

    /// The products and their pieces, or why they make no sense. A line that the transfer has is left out if no
    /// pieces of it are wanted.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn wanted(
        &self,
        visit: &Visit,
    ) -> Result<Result<Vec<(ProductId, Quantity)>, String>, Problem> {
        let (mut wanted, mut named) = (Vec::new(), BTreeSet::new());
        for (index, item) in self.all.iter().enumerate() {
            let is_unwanted = item.quantity.trim().is_empty()
                || number_of(&item.quantity) == Some(Quantity::ZERO);
            if item.is_empty() || (index < self.known && is_unwanted) {
                continue;
            }
            let number = index.saturating_add(1);
            let fault = |text: String| Ok(Err(format!("Line {number}: {text}")));
            let typed = item.product.trim();
            if typed.is_empty() {
                return fault("it names no product.".to_owned());
            }
            let Some(product) = product_named(visit, typed).await? else {
                return fault(format!("no product has the id or SKU “{typed}”."));
            };
            let quantity = number_of(&item.quantity).filter(|it| *it != Quantity::ZERO);
            let Some(quantity) = quantity else {
                let typed = &item.quantity;
                return fault(format!(
                    "“{typed}” isn’t a whole number of pieces from 1 on."
                ));
            };
            if !named.insert(product) {
                return fault("a line above has the same product. Write it once.".to_owned());
            }
            wanted.push((product, quantity));
        }
        if wanted.is_empty() {
            let nothing = "Write at least one product, and how many pieces of it.";
            return Ok(Err(nothing.to_owned()));
        }
        Ok(Ok(wanted))
    }
}
