//! Decisions on products.

use std::collections::HashMap;

use super::{CommodityType, Product, ProductStatus, StockedProduct};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, Needs, ProductField, RecordChange, Refusal, State,
};
use crate::ledger::TransactionAction;
use crate::stock::decide::CreateStock;
use crate::stock::lookup::need_visible_stock;
use crate::transactions::transact::Transact;
use crate::values::{Owner, Patch, ProductId, ProductText, Quantity, first_version, next_version};

/// Registers a product of the owner on whose behalf the caller acts, with its first stock if that is to
/// be managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterProduct {
    /// The id of the product; a fresh one if it is `None`.
    pub id: Option<ProductId>,
    /// The name.
    pub name: ProductText,
    /// The stock keeping unit.
    pub sku: Option<ProductText>,
    /// Its name in URLs of web pages.
    pub slug: Option<ProductText>,
    /// The description.
    pub description: Option<ProductText>,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// Whether it needs shipping.
    pub commodity_type: CommodityType,
    /// Whether its stock is managed.
    pub manage_stock: bool,
    /// Its name in another system.
    pub external_ref: Option<ProductText>,
    /// The first stock level. If it is `None`, stock is created only if it is to be managed, with a
    /// level of zero. If the product already has stock, its level is set as by [`UpdateProduct`].
    pub stock: Option<Quantity>,
}

/// Changes the named fields of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateProduct {
    /// The product.
    pub id: ProductId,
    /// A new name.
    pub name: Option<ProductText>,
    /// The stock keeping unit.
    pub sku: Patch<ProductText>,
    /// Its name in URLs of web pages.
    pub slug: Patch<ProductText>,
    /// The description.
    pub description: Patch<ProductText>,
    /// Whether it is for sale.
    pub status: Option<ProductStatus>,
    /// Whether it needs shipping.
    pub commodity_type: Option<CommodityType>,
    /// Whether its stock is managed.
    pub manage_stock: Option<bool>,
    /// Its name in another system.
    pub external_ref: Patch<ProductText>,
    /// A new level of its unlocated stock, set as by a `set` transaction.
    pub stock: Option<Quantity>,
}

/// Deletes a product that has no stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteProduct {
    /// The product.
    pub id: ProductId,
}

impl Decide for RegisterProduct {
    type Answer = StockedProduct;

    fn name(&self) -> &'static str {
        "register_product"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_unique_texts(
            needs,
            actor.acting,
            self.sku.as_ref(),
            self.external_ref.as_ref(),
        );
        // Nothing can exist under a fresh id.
        if let Some(id) = self.id {
            create_stock(id, Quantity::ZERO).needs(actor, needs);
            need_visible_product(needs, actor.acting, id);
            need_visible_stock(needs, actor.acting, id);
            if actor.acting == Owner::Organization {
                needs.store_products.insert(id);
            }
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<StockedProduct>, Refusal> {
        if let Some(id) = self.id {
            check_id(state, actor.acting, id)?;
        }
        let fresh = || ProductId::new(context.ids.next_id(context.now));
        let product = Product {
            id: self.id.unwrap_or_else(fresh),
            owner: actor.acting,
            name: self.name.clone(),
            sku: self.sku.clone(),
            slug: self.slug.clone(),
            description: self.description.clone(),
            status: self.status,
            commodity_type: self.commodity_type,
            manage_stock: self.manage_stock,
            external_ref: self.external_ref.clone(),
            created_at: context.now,
            updated_at: context.now,
            version: first_version(),
        };
        check_texts(state, &product, None)?;

        let mut changes = vec![Change::Record(RecordChange::Product(product.clone()))];
        if product.owner == Owner::Organization {
            let organization_level = RecordChange::OrganizationLevel(product.id, true);
            changes.push(Change::Record(organization_level));
        }
        let managed = self.manage_stock;
        let (level, stocked) = set_level(product.id, self.stock, managed, actor, state, context)?;
        changes.extend(stocked);
        Ok(Decision {
            changes,
            answer: StockedProduct { product, level },
        })
    }
}

impl Decide for UpdateProduct {
    type Answer = StockedProduct;

    fn name(&self) -> &'static str {
        "update_product"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for owner in actor.acting.visible() {
            need_unique_texts(needs, owner, self.sku.value(), self.external_ref.value());
        }
        // These needs cover the stock that may have to be created.
        create_stock(self.id, Quantity::ZERO).needs(actor, needs);
        need_visible_product(needs, actor.acting, self.id);
        need_visible_stock(needs, actor.acting, self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<StockedProduct>, Refusal> {
        let before = visible_product(state, actor, self.id)?;
        let current = before.clone();
        let product = Product {
            name: self.name.clone().unwrap_or(current.name),
            sku: self.sku.clone().apply(current.sku),
            slug: self.slug.clone().apply(current.slug),
            description: self.description.clone().apply(current.description),
            status: self.status.unwrap_or(current.status),
            commodity_type: self.commodity_type.unwrap_or(current.commodity_type),
            manage_stock: self.manage_stock.unwrap_or(current.manage_stock),
            external_ref: self.external_ref.clone().apply(current.external_ref),
            updated_at: current.updated_at.max(context.now),
            version: next_version(current.version),
            ..current
        };
        check_texts(state, &product, Some(before))?;

        let mut changes = vec![Change::Record(RecordChange::Product(product.clone()))];
        let managed = product.manage_stock && self.manage_stock.is_some();
        let (level, stocked) = set_level(self.id, self.stock, managed, actor, state, context)?;
        changes.extend(stocked);
        Ok(Decision {
            changes,
            answer: StockedProduct { product, level },
        })
    }
}

impl Decide for DeleteProduct {
    type Answer = ();

    fn name(&self) -> &'static str {
        "delete_product"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_visible_product(needs, actor.acting, self.id);
        needs.management.insert(self.id);
        need_visible_stock(needs, actor.acting, self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let product = visible_product(state, actor, self.id)?;
        let has_stock = match product.owner {
            Owner::Organization => state
                .management
                .get(&self.id)
                .is_some_and(|management| !management.managed_by.is_empty()),
            Owner::Store(_) => state
                .visible_stock(product.owner, self.id)
                .is_some_and(|stock| stock.owner == product.owner),
        };
        if has_stock {
            return Err(Refusal::ProductHasStock);
        }
        let deleted = RecordChange::ProductDeleted(Product {
            updated_at: product.updated_at.max(context.now),
            version: next_version(product.version),
            ..product.clone()
        });
        let mut changes = vec![Change::Record(deleted)];
        if product.owner == Owner::Organization {
            let organization_level = RecordChange::OrganizationLevel(product.id, false);
            changes.push(Change::Record(organization_level));
        }
        Ok(Decision {
            changes,
            answer: (),
        })
    }
}

const fn create_stock(product: ProductId, unlocated: Quantity) -> CreateStock {
    CreateStock {
        product,
        unlocated,
        located: std::collections::BTreeMap::new(),
    }
}

fn need_unique_texts(
    needs: &mut Needs,
    owner: Owner,
    sku: Option<&ProductText>,
    external_ref: Option<&ProductText>,
) {
    if let Some(sku) = sku {
        needs.skus.insert((owner, sku.clone()));
    }
    if let Some(external_ref) = external_ref {
        needs.external_refs.insert((owner, external_ref.clone()));
    }
}

/// Refuses an id that `acting` can't use for a new product: the id of a registered product that it sees,
/// or of an organization-level product that is not its own. A store may register a product of its own
/// that so far has only stock. A store learns nothing of the products of other stores with this id; the
/// organization does, as it can act in all of them.
fn check_id(state: &State, acting: Owner, id: ProductId) -> Result<(), Refusal> {
    let management = state.management.get(&id);
    let is_organization_level = management.is_some_and(|it| it.organization_level);
    let stock = state.visible_stock(acting, id);
    let is_own = stock.is_some_and(|stock| stock.product_owner == acting);
    let is_taken = match acting {
        Owner::Organization => state.store_products.contains(&id),
        Owner::Store(_) => is_organization_level && !is_own,
    };
    if is_taken || state.visible_product(acting, id).is_some() {
        return Err(Refusal::ProductIdTaken);
    }
    Ok(())
}

/// Refuses a `sku` or an `external_ref` that begins or ends with white space, unless the product had it
/// before, and one that another product of the same owner has.
fn check_texts(state: &State, product: &Product, before: Option<&Product>) -> Result<(), Refusal> {
    let sku_before = before.and_then(|it| it.sku.as_ref());
    check_ends(ProductField::Sku, product.sku.as_ref(), sku_before)?;
    let external_ref = product.external_ref.as_ref();
    let external_ref_before = before.and_then(|it| it.external_ref.as_ref());
    check_ends(ProductField::ExternalRef, external_ref, external_ref_before)?;
    let holder = |holders: &HashMap<(Owner, ProductText), ProductId>,
                  text: &Option<ProductText>| {
        let text = text.as_ref()?;
        let holder = holders.get(&(product.owner, text.clone()))?;
        Some(*holder).filter(|holder| *holder != product.id)
    };
    if let Some(product) = holder(&state.skus, &product.sku) {
        return Err(Refusal::SkuTaken { product });
    }
    if let Some(product) = holder(&state.external_refs, &product.external_ref) {
        return Err(Refusal::ExternalRefTaken { product });
    }
    Ok(())
}

pub(crate) fn check_ends(
    field: ProductField,
    text: Option<&ProductText>,
    before: Option<&ProductText>,
) -> Result<(), Refusal> {
    let text = text
        .filter(|text| Some(*text) != before)
        .map(ProductText::as_str);
    if text.is_some_and(|text| text.trim() != text) {
        return Err(Refusal::WhiteSpaceAtEnds { field });
    }
    Ok(())
}

/// Sets the total of a product's unlocated stock, or creates the stock if it is to be managed. Returns
/// the available quantity afterwards, and the changes.
fn set_level(
    product: ProductId,
    total: Option<Quantity>,
    is_managed: bool,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Result<(Quantity, Vec<Change>), Refusal> {
    let Some(stock) = state.visible_stock(actor.acting, product) else {
        let Some(total) = total.or(is_managed.then_some(Quantity::ZERO)) else {
            return Ok((Quantity::ZERO, Vec::new()));
        };
        let decision = create_stock(product, total).decide(actor, state, context)?;
        return Ok((total, decision.changes));
    };
    // A client that sends back the figure that it read changes nothing, and no entry is made.
    let total = total.filter(|total| *total != stock.unlocated.total());
    let Some(total) = total else {
        return Ok((stock.sums().available, Vec::new()));
    };
    let set = Transact::new(product, TransactionAction::Set, total);
    let decision = set.decide(actor, state, context)?;
    let after = decision.changes.iter().find_map(|change| match change {
        Change::Stock(stock) => Some(stock.sums().available),
        _ => None,
    });
    Ok((after.unwrap_or_default(), decision.changes))
}

/// Adds the registered product of this id that `acting` sees to the needs.
pub(crate) fn need_visible_product(needs: &mut Needs, acting: Owner, id: ProductId) {
    needs
        .products
        .extend(acting.visible().map(|owner| (owner, id)));
}

fn visible_product<'a>(
    state: &'a State,
    actor: &Actor,
    id: ProductId,
) -> Result<&'a Product, Refusal> {
    let product = state
        .visible_product(actor.acting, id)
        .ok_or(Refusal::ProductNotFound)?;
    actor.may_administer(product.owner)?;
    Ok(product)
}
