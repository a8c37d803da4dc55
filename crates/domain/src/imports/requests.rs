//! The requests that a line stands for: what it moves, and what it makes if it isn't there.

use std::collections::BTreeMap;

use super::line::{LineLocation, LineProduct, NewLocation, NewProduct, StockLine};
use crate::decision::{Actor, Decide, Needs};
use crate::locations::decide::CreateLocation;
use crate::products::decide::RegisterProduct;
use crate::products::{CommodityType, ProductStatus};
use crate::stock::decide::CreateStock;
use crate::stock::lookup::{need_location, need_visible_stock};
use crate::values::{ProductId, Quantity};

/// Collects what a line needs.
pub(super) fn need(line: &StockLine, create_stock: bool, actor: &Actor, needs: &mut Needs) {
    match &line.product {
        LineProduct::Known(product) => {
            need_visible_stock(needs, actor.acting, *product);
            if create_stock {
                no_stock(*product).needs(actor, needs);
            }
        }
        LineProduct::New(new) => registration(new).needs(actor, needs),
    }
    for movement in &line.movements {
        match &movement.location {
            None => {}
            Some(LineLocation::Known(slug)) => need_location(needs, actor.acting, Some(slug)),
            Some(LineLocation::New(new)) => {
                need_location(needs, actor.acting, Some(new.slug.as_str()));
                creation(new).needs(actor, needs);
            }
        }
    }
}

/// The creation of empty stock.
pub(super) const fn no_stock(product: ProductId) -> CreateStock {
    CreateStock {
        product,
        unlocated: Quantity::ZERO,
        located: BTreeMap::new(),
    }
}

/// The registration of a product.
pub(super) fn registration(new: &NewProduct) -> RegisterProduct {
    RegisterProduct {
        id: new.id,
        name: new.name.clone(),
        sku: new.sku.clone(),
        slug: None,
        description: None,
        status: ProductStatus::default(),
        commodity_type: CommodityType::default(),
        manage_stock: true,
        external_ref: new.external_ref.clone(),
        stock: None,
    }
}

/// The creation of a location.
pub(super) fn creation(new: &NewLocation) -> CreateLocation {
    CreateLocation::new(new.name.clone(), new.slug.clone())
}
