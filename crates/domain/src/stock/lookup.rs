//! Finding stock and its locations.

use super::{STOCK_LOCATIONS_MAX, Stock};
use crate::decision::{Actor, Needs, Refusal, State};
use crate::locations::Location;
use crate::values::{Owner, ProductId, Slug};

/// Adds the stock of a product that `acting` sees, of any owner, to the needs.
pub(crate) fn need_visible_stock(needs: &mut Needs, acting: Owner, product: ProductId) {
    needs.stocks.insert_visible(acting, product);
}

/// Adds the location of this slug that `acting` sees, of any owner, to the needs.
pub(crate) fn need_location(needs: &mut Needs, acting: Owner, slug: Option<&str>) {
    if let Some(slug) = slug.and_then(|slug| Slug::new(slug).ok()) {
        for owner in acting.visible() {
            needs.location_slugs.insert((owner, slug.clone()));
        }
    }
}

pub(crate) fn known_location<'a>(
    state: &'a State,
    owner: Owner,
    slug: &str,
) -> Result<&'a Location, Refusal> {
    Slug::new(slug)
        .ok()
        .and_then(|slug| state.location(owner, &slug))
        .ok_or_else(|| Refusal::unknown_location(slug))
}

/// The location that `slug` names for a stock. Without stock, the owner of the location is unknown. A
/// slug that no visible owner has is refused before the missing stock is.
pub(crate) fn location_for<'a>(
    state: &'a State,
    actor: &Actor,
    stock: Option<&Stock>,
    slug: &str,
) -> Result<&'a Location, Refusal> {
    match stock {
        Some(stock) => known_location(state, stock.owner, slug),
        None => actor
            .acting
            .visible()
            .find_map(|owner| known_location(state, owner, slug).ok())
            .ok_or_else(|| Refusal::unknown_location(slug)),
    }
}

pub(crate) fn check_location_count(locations: usize) -> Result<(), Refusal> {
    if locations > STOCK_LOCATIONS_MAX {
        return Err(Refusal::TooManyStockLocations {
            locations_max: STOCK_LOCATIONS_MAX,
        });
    }
    Ok(())
}
