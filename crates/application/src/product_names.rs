//! The names by which files refer to products.

use std::collections::HashMap;

use stockroom_domain::{Owner, Product, ProductText};

use crate::filter::TextCondition;
use crate::pipeline::Pipeline;
use crate::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductTextCondition, Scope, StoreError,
};

/// The registered products that a caller sees and that some names lead to. Where a store and its
/// organization each have a product of one name, it leads to that of the store.
#[derive(Default)]
pub(crate) struct ProductNames {
    by_sku: HashMap<ProductText, Product>,
    by_external_ref: HashMap<ProductText, Product>,
}

impl ProductNames {
    /// Looks up these names.
    pub(crate) async fn look_up(
        pipeline: &Pipeline,
        scope: Scope,
        skus: impl IntoIterator<Item = &ProductText>,
        external_refs: impl IntoIterator<Item = &ProductText>,
    ) -> Result<Self, StoreError> {
        let by_sku = products(pipeline, scope, IndexedText::Sku, texts(skus)).await?;
        let external_refs = texts(external_refs);
        let by_ref = products(pipeline, scope, IndexedText::ExternalRef, external_refs).await?;
        let mut names = Self::default();
        for product in by_sku {
            if let Some(sku) = product.sku.clone() {
                add(&mut names.by_sku, sku, product);
            }
        }
        for product in by_ref {
            if let Some(external_ref) = product.external_ref.clone() {
                add(&mut names.by_external_ref, external_ref, product);
            }
        }
        Ok(names)
    }

    /// The product that a SKU leads to.
    pub(crate) fn with_sku(&self, sku: &ProductText) -> Option<&Product> {
        self.by_sku.get(sku)
    }

    /// The product that a name in another system leads to.
    pub(crate) fn with_external_ref(&self, external_ref: &ProductText) -> Option<&Product> {
        self.by_external_ref.get(external_ref)
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a ProductText>) -> Vec<String> {
    let mut texts: Vec<String> = texts
        .into_iter()
        .map(|text| text.as_str().to_owned())
        .collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn add(names: &mut HashMap<ProductText, Product>, name: ProductText, product: Product) {
    match names.get(&name) {
        Some(found) if found.owner != Owner::Organization => {}
        _ => {
            names.insert(name, product);
        }
    }
}

async fn products(
    pipeline: &Pipeline,
    scope: Scope,
    text: IndexedText,
    texts: Vec<String>,
) -> Result<Vec<Product>, StoreError> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let condition = ProductTextCondition::Exact(TextCondition::In(texts));
    let filter = ProductFilter(vec![ProductCondition::Text(text, condition)]);
    // A name belongs to one product of each owner, so there are never too many.
    let found = pipeline.find_products(scope, &filter).await?;
    pipeline.products(scope, &found.unwrap_or_default()).await
}
