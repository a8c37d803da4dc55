//! The places of products in sorted lists, as addresses write them.

use stockroom_application::ports::{ProductOrder, ProductPlace, ProductSort, SortValue};
use stockroom_domain::{ProductId, SearchKey, Timestamp};

/// A place as text: the id, and the value that the list is sorted by.
pub(crate) fn text_of(place: &ProductPlace) -> String {
    match &place.value {
        SortValue::Time(time) => format!("{}.{}", place.id, time.as_milliseconds()),
        SortValue::Text(key) => format!("{}.{}", place.id, key.as_str()),
    }
}

/// The place that a text means in a list with this order, if it means one.
pub(crate) fn place_of(order: ProductOrder, text: &str) -> Option<ProductPlace> {
    let (id, value) = text.split_once('.')?;
    let value = match order.by {
        ProductSort::CreatedAt | ProductSort::UpdatedAt => {
            SortValue::Time(Timestamp::from_milliseconds(value.parse().ok()?)?)
        }
        ProductSort::Name | ProductSort::Sku => SortValue::Text(SearchKey::of_folded(value)),
    };
    let id = ProductId::parse(id)?;
    Some(ProductPlace { value, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back() {
        let id = ProductId::new(uuid::Uuid::from_u128(7));
        let time = Timestamp::from_milliseconds(1_769_851_800_007).unwrap();
        let order = |by| ProductOrder {
            by,
            descending: false,
        };
        for (by, value) in [
            (ProductSort::CreatedAt, SortValue::Time(time)),
            (ProductSort::UpdatedAt, SortValue::Time(time)),
            (
                ProductSort::Name,
                SortValue::Text(SearchKey::of("A. Straße")),
            ),
            (ProductSort::Sku, SortValue::Text(SearchKey::default())),
        ] {
            let place = ProductPlace { value, id };
            assert_eq!(place_of(order(by), &text_of(&place)), Some(place));
        }
        for text in ["", ".", "7.x", "00000000-0000-0000-0000-000000000007.x"] {
            assert_eq!(place_of(ProductOrder::default(), text), None, "{text}");
        }
    }
}
