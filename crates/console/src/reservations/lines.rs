//! The lines of a form: products with the places and numbers of pieces that are wanted of them.

use stockroom_domain::{ItemPlace, Quantity, Reservation, ReservationItem};

use crate::lookup::product_named;
use crate::page::{Problem, number_of, told};
use crate::session::Visit;

/// The number of empty lines at the end of a form.
const LINES: usize = 3;

/// The word for the unlocated pool where an empty field may mean another place. No slug is like it.
pub(super) const NO_PLACE: &str = "(none)";

/// A line, as it was typed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) product: String,
    pub(super) location: String,
    pub(super) quantity: String,
    /// The words for the item of an order that it stands for.
    pub(super) item: Option<Item>,
}

/// An item that an order has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) title: String,
    /// What became of it so far.
    pub(super) note: String,
}

impl Line {
    fn is_empty(&self) -> bool {
        [&self.product, &self.location, &self.quantity]
            .iter()
            .all(|text| text.trim().is_empty())
    }

    /// The place that is written.
    fn place(&self) -> ItemPlace {
        match told(&self.location) {
            Some(text) if text == NO_PLACE => ItemPlace::Unlocated,
            text => text.into(),
        }
    }

    /// The item that is written, or why it makes no sense.
    async fn item(&self, visit: &Visit) -> Result<Result<ReservationItem, String>, Problem> {
        let (named, typed) = (self.product.trim(), &self.quantity);
        if named.is_empty() {
            return Ok(Err("A line names no product.".to_owned()));
        }
        let Some(product) = product_named(visit, named).await? else {
            return Ok(Err(format!("No product has the id or SKU “{named}”.")));
        };
        let quantity = number_of(typed).filter(|quantity| *quantity != Quantity::ZERO);
        let Some(quantity) = quantity else {
            let detail = format!("“{typed}” isn't a whole number of pieces from 1 on.");
            return Ok(Err(detail));
        };
        Ok(Ok(ReservationItem {
            product,
            place: self.place(),
            quantity,
        }))
    }
}

/// The lines of a form. Those of items that an order has already come first.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) all: Vec<Line>,
    /// The number of items that the order has.
    pub(super) known: usize,
}

impl Lines {
    /// Takes a field, if it is one of a line.
    pub(super) fn read(&mut self, name: &str, value: String) {
        let Some((name, number)) = name.split_once('.') else {
            return;
        };
        let number = number.parse().ok();
        let number = number.filter(|number| *number < Reservation::ITEMS_MAX);
        let Some(number) = number else { return };
        if self.all.len() <= number {
            let lines = number.saturating_add(1);
            self.all.resize_with(lines, Line::default);
        }
        if let Some(line) = self.all.get_mut(number) {
            match name {
                "product" => line.product = value,
                "location" => line.location = value,
                "quantity" => line.quantity = value,
                _ => {}
            }
        }
    }

    /// The same with empty lines at the end.
    pub(super) fn with_empty(mut self) -> Self {
        let typed = self.all.iter().rposition(|line| !line.is_empty());
        let typed = typed.map_or(0, |last| last.saturating_add(1));
        let wanted = typed.saturating_add(LINES).min(Reservation::ITEMS_MAX);
        self.all.resize_with(wanted, Line::default);
        self
    }

    /// The items that are written, or why they make no sense. An item that the order has is left out if no
    /// pieces of it are wanted.
    pub(super) async fn items(
        &self,
        visit: &Visit,
    ) -> Result<Result<Vec<ReservationItem>, String>, Problem> {
        let mut items = Vec::new();
        for (number, line) in self.all.iter().enumerate() {
            let is_unwanted = matches!(number_of(&line.quantity), Some(Quantity::ZERO))
                || line.quantity.trim().is_empty();
            if line.is_empty() || (number < self.known && is_unwanted) {
                continue;
            }
            match line.item(visit).await? {
                Ok(item) => items.push(item),
                Err(detail) => return Ok(Err(detail)),
            }
        }
        Ok(Ok(items))
    }

    /// Whether they are these, but for empty ones at the end.
    pub(super) fn are(&self, others: &Self) -> bool {
        let fields = |lines: &Self| {
            let lines = lines.all.iter().filter(|line| !line.is_empty());
            let fields = lines.map(|line| {
                [&line.product, &line.location, &line.quantity].map(|text| text.trim().to_owned())
            });
            fields.collect::<Vec<_>>()
        };
        fields(self) == fields(others)
    }
}
