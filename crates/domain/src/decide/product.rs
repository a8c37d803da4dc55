//! Products.

use super::stock::need_visible_stock;
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Change, CreateStock, DeleteProduct, Needs, Owner, Product, ProductId, ProductText,
    Quantity, RecordChange, Refusal, RegisterProduct, State, StockedProduct, Transact,
    TransactionAction, UpdateProduct,
};

impl Request for RegisterProduct {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need_unique_texts(
            needs,
            actor.acting,
            self.sku.as_ref(),
            self.external_ref.as_ref(),
        );
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<StockedProduct>, Refusal> {
        let product = Product {
            id: ProductId::new(context.ids.next_id(context.now)),
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
        };
        check_unique_texts(state, &product)?;

        // From here on it is certain: the id is fresh, so that no stock is in the way.
        let mut changes = vec![Change::Record(RecordChange::Product(product.clone()))];
        if product.owner == Owner::Organization {
            let organization_level = RecordChange::OrganizationLevel(product.id, true);
            changes.push(Change::Record(organization_level));
        }
        let mut level = Quantity::ZERO;
        if let Some(quantity) = self.stock.or(self.manage_stock.then_some(Quantity::ZERO)) {
            let stock = create_stock(product.id, quantity);
            let decision = stock.decide(actor, state, context)?;
            changes.extend(decision.changes);
            level = quantity;
        }
        Ok(Decision {
            changes,
            answer: StockedProduct { product, level },
        })
    }
}

impl Request for UpdateProduct {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for owner in actor.acting.visible() {
            need_unique_texts(needs, owner, self.sku.value(), self.external_ref.value());
        }
        // Covers the stock that may have to be created, and the product itself.
        create_stock(self.id, Quantity::ZERO).needs(actor, needs);
        need_visible_stock(needs, actor.acting, self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<StockedProduct>, Refusal> {
        let current = visible_product(state, actor, self.id)?.clone();
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
            ..current
        };
        check_unique_texts(state, &product)?;

        let mut changes = vec![Change::Record(RecordChange::Product(product.clone()))];
        let stock = state.visible_stock(actor.acting, self.id);
        let mut level = stock.map_or(Quantity::ZERO, |stock| stock.sums().available);
        let managed_now = product.manage_stock && self.manage_stock.is_some();
        match (stock, self.stock) {
            (Some(stock), Some(quantity)) => {
                let set = Transact::new(self.id, TransactionAction::Set, quantity);
                let decision = set.decide(actor, state, context)?;
                let unlocated_before = stock.unlocated.available;
                let unlocated_after = decision.answer.entry.balance.available;
                level = level
                    .checked_sub(unlocated_before)
                    .and_then(|located| located.checked_add(unlocated_after))
                    .unwrap_or(unlocated_after);
                changes.extend(decision.changes);
            }
            (None, quantity) if quantity.is_some() || managed_now => {
                let quantity = quantity.unwrap_or(Quantity::ZERO);
                let decision = create_stock(self.id, quantity).decide(actor, state, context)?;
                level = quantity;
                changes.extend(decision.changes);
            }
            _ => {}
        }
        Ok(Decision {
            changes,
            answer: StockedProduct { product, level },
        })
    }
}

impl Request for DeleteProduct {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.products.insert(self.id);
        needs.management.insert(self.id);
        need_visible_stock(needs, actor.acting, self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        _context: &mut Context<'_>,
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
        let mut changes = vec![Change::Record(RecordChange::ProductDeleted(
            product.clone(),
        ))];
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

/// Refuses a product whose `sku` or `external_ref` another of the same owner has.
fn check_unique_texts(state: &State, product: &Product) -> Result<(), Refusal> {
    let taken = |holders: &std::collections::HashMap<(Owner, ProductText), ProductId>,
                 text: &Option<ProductText>| {
        text.as_ref()
            .and_then(|text| holders.get(&(product.owner, text.clone())))
            .is_some_and(|holder| *holder != product.id)
    };
    if taken(&state.skus, &product.sku) {
        return Err(Refusal::SkuTaken);
    }
    if taken(&state.external_refs, &product.external_ref) {
        return Err(Refusal::ExternalRefTaken);
    }
    Ok(())
}

fn visible_product<'a>(
    state: &'a State,
    actor: &Actor,
    id: ProductId,
) -> Result<&'a Product, Refusal> {
    let product = state
        .products
        .get(&id)
        .filter(|product| actor.acting.can_see(product.owner))
        .ok_or(Refusal::ProductNotFound)?;
    actor.may_administer(product.owner)?;
    Ok(product)
}
