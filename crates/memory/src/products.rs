//! Products, and the texts that only one product may have.

use stockroom_domain::{Owner, Product, ProductId};

use crate::tenant::Tenant;

impl Tenant {
    pub(crate) fn store_product(&mut self, product: Product) {
        let key = (product.owner, product.id);
        self.remove_product(key);
        if let Some(sku) = &product.sku {
            self.skus.insert((product.owner, sku.clone()), product.id);
        }
        if let Some(external_ref) = &product.external_ref {
            self.external_refs
                .insert((product.owner, external_ref.clone()), product.id);
        }
        self.products.insert(key, product);
    }

    pub(crate) fn remove_product(&mut self, key: (Owner, ProductId)) {
        let Some(product) = self.products.remove(&key) else {
            return;
        };
        if let Some(sku) = product.sku {
            self.skus.remove(&(product.owner, sku));
        }
        if let Some(external_ref) = product.external_ref {
            self.external_refs.remove(&(product.owner, external_ref));
        }
    }
}
