//! The order of the list of stock.

use std::cmp::Ordering;

use stockroom_application::ports::{ProductOrder, ProductSort, StockOrder, StockSort};
use stockroom_domain::{Product, ProductId, Stock};

/// A row of the list: the product's id, its stock, and itself if it is registered.
pub(super) type Item = (ProductId, Option<Stock>, Option<Product>);

/// The order of a list that is sorted.
pub(super) enum Order {
    Figure(StockOrder),
    Text(ProductOrder),
}

impl Order {
    pub(super) fn of(sort: &str) -> Option<Self> {
        let (descending, by) = match sort.strip_prefix('-') {
            Some(by) => (true, by),
            None => (false, sort),
        };
        let figure = |by| Some(Self::Figure(StockOrder { by, descending }));
        let text = |by| Some(Self::Text(ProductOrder { by, descending }));
        match by {
            "available" => figure(StockSort::Available),
            "allocated" => figure(StockSort::Allocated),
            "total" => figure(StockSort::Total),
            "updated_at" => figure(StockSort::UpdatedAt),
            "name" => text(ProductSort::Name),
            "sku" => text(ProductSort::Sku),
            _ => None,
        }
    }

    /// Sorts what was found: what can't be compared comes last.
    pub(super) fn sort(&self, items: &mut [Item]) {
        match self {
            Self::Figure(order) => {
                let place = |(_, stock, _): &Item| stock.as_ref().map(|stock| order.place(stock));
                sort(items, place, |one, other| order.compare(one, other));
            }
            Self::Text(order) => {
                let place = |(_, _, product): &Item| product.as_ref().map(|it| order.place(it));
                sort(items, place, |one, other| order.compare(one, other));
            }
        }
    }
}

fn sort<P>(
    items: &mut [Item],
    place: impl Fn(&Item) -> Option<P>,
    compare: impl Fn(&P, &P) -> Ordering,
) {
    items.sort_by(|one, other| match (place(one), place(other)) {
        (Some(one), Some(other)) => compare(&one, &other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    });
}
