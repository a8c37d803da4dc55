//! Filters of products, and the ways that lead to the products that may fulfil one.

use stockroom_domain::{CommodityType, Product, ProductStatus, ProductText, SearchKey, folded};

use crate::filter::{Pattern, TextCondition};

/// A condition on a text of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductTextCondition {
    /// One with regard to letter case.
    Exact(TextCondition),
    /// A pattern without regard to letter case; its text is folded.
    Folded(Pattern),
}

impl ProductTextCondition {
    /// A pattern for which letter case makes no difference.
    #[must_use]
    pub fn ignoring_case(pattern: &Pattern) -> Self {
        Self::Folded(Pattern {
            text: folded(&pattern.text),
            ..*pattern
        })
    }

    fn matches(&self, text: Option<&ProductText>) -> bool {
        let text = text.map(ProductText::as_str);
        match self {
            Self::Exact(condition) => condition.matches(text),
            Self::Folded(pattern) => text.is_some_and(|text| pattern.matches(&folded(text))),
        }
    }
}

/// A text of a product that an index finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexedText {
    /// The name.
    Name,
    /// The SKU.
    Sku,
    /// The slug.
    Slug,
    /// The name in another system.
    ExternalRef,
}

impl IndexedText {
    const fn of(self, product: &Product) -> Option<&ProductText> {
        match self {
            Self::Name => Some(&product.name),
            Self::Sku => product.sku.as_ref(),
            Self::Slug => product.slug.as_ref(),
            Self::ExternalRef => product.external_ref.as_ref(),
        }
    }
}

/// A condition on a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductCondition {
    /// A text that an index finds.
    Text(IndexedText, ProductTextCondition),
    /// The description.
    Description(ProductTextCondition),
    /// Its status is one of these.
    Status(Vec<ProductStatus>),
    /// It is of one of these types.
    CommodityType(Vec<CommodityType>),
    /// Whether its stock is managed is one of these.
    ManageStock(Vec<bool>),
}

impl ProductCondition {
    /// Whether `product` fulfils the condition.
    #[must_use]
    pub fn matches(&self, product: &Product) -> bool {
        match self {
            Self::Text(text, condition) => condition.matches(text.of(product)),
            Self::Description(condition) => condition.matches(product.description.as_ref()),
            Self::Status(statuses) => statuses.contains(&product.status),
            Self::CommodityType(types) => types.contains(&product.commodity_type),
            Self::ManageStock(values) => values.contains(&product.manage_stock),
        }
    }
}

/// The way to the products that may fulfil a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductLookup {
    /// Those whose text has one of these keys.
    Keys(IndexedText, Vec<SearchKey>),
    /// Those whose text has a key that begins with this one, which isn't empty.
    Prefix(IndexedText, SearchKey),
    /// Those whose text has a key that contains this one, which isn't empty, or is too long for its key.
    /// All keys are looked at.
    Part(IndexedText, SearchKey),
    /// Those with one of these statuses, types, and values of `manage_stock`.
    Words {
        /// The statuses.
        statuses: Vec<ProductStatus>,
        /// The commodity types.
        commodity_types: Vec<CommodityType>,
        /// The values of `manage_stock`.
        manage_stock: Vec<bool>,
    },
    /// All.
    All,
}

impl ProductLookup {
    /// Whether the way leads to `product`.
    #[must_use]
    pub fn leads_to(&self, product: &Product) -> bool {
        let key = |text: IndexedText| text.of(product).map(|it| SearchKey::of(it.as_str()));
        match self {
            Self::Keys(text, keys) => key(*text).is_some_and(|key| keys.contains(&key)),
            Self::Prefix(text, prefix) => {
                key(*text).is_some_and(|key| key.as_str().starts_with(prefix.as_str()))
            }
            Self::Part(text, part) => {
                key(*text).is_some_and(|key| key.is_full() || key.as_str().contains(part.as_str()))
            }
            Self::Words {
                statuses,
                commodity_types,
                manage_stock,
            } => {
                statuses.contains(&product.status)
                    && commodity_types.contains(&product.commodity_type)
                    && manage_stock.contains(&product.manage_stock)
            }
            Self::All => true,
        }
    }

    /// Whether it takes a look at every product that the scope sees.
    #[must_use]
    pub const fn looks_at_all(&self) -> bool {
        matches!(self, Self::Part(..) | Self::All)
    }
}

/// A filter of products: conditions that all have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter(pub Vec<ProductCondition>);

impl ProductFilter {
    /// The largest number of products that a filter is held against. (Source: "Kind to people" in the
    /// contract.)
    pub const LOOKED_AT_MAX: u32 = 100_000;

    /// The filter for products with one of these SKUs.
    #[must_use]
    pub fn skus(skus: &[String]) -> Self {
        let condition = ProductTextCondition::Exact(TextCondition::In(skus.to_vec()));
        Self(vec![ProductCondition::Text(IndexedText::Sku, condition)])
    }

    /// Whether there are more products than the filter is held against.
    #[must_use]
    pub fn is_too_many(products: u64) -> bool {
        products > u64::from(Self::LOOKED_AT_MAX)
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `product` fulfils every condition.
    #[must_use]
    pub fn matches(&self, product: &Product) -> bool {
        self.0.iter().all(|condition| condition.matches(product))
    }

    /// The way that leads to the fewest products, as far as the filter alone tells.
    #[must_use]
    pub fn lookup(&self) -> ProductLookup {
        let texts = || {
            self.0.iter().filter_map(|condition| match condition {
                ProductCondition::Text(text, condition) => Some((*text, condition)),
                _ => None,
            })
        };
        // A SKU belongs to few products, a name perhaps to many.
        let breadth = |(text, _): &(IndexedText, Vec<SearchKey>)| match text {
            IndexedText::Sku | IndexedText::ExternalRef => 0,
            IndexedText::Slug => 1,
            IndexedText::Name => 2,
        };
        let keys = texts().filter_map(|(text, condition)| Some((text, condition.keys()?)));
        if let Some((text, keys)) = keys.min_by_key(breadth) {
            return ProductLookup::Keys(text, keys);
        }
        let prefixes = texts().filter_map(|(text, condition)| Some((text, condition.prefix()?)));
        if let Some((text, key)) = prefixes.max_by_key(|(_, key)| key.as_str().len()) {
            return ProductLookup::Prefix(text, key);
        }
        match self.words() {
            ProductLookup::All => {
                let mut parts =
                    texts().filter_map(|(text, condition)| Some((text, condition.part()?)));
                parts.next().map_or(ProductLookup::All, |(text, part)| {
                    ProductLookup::Part(text, part)
                })
            }
            words => words,
        }
    }

    fn words(&self) -> ProductLookup {
        let mut statuses = vec![ProductStatus::Draft, ProductStatus::Live];
        let mut commodity_types = vec![CommodityType::Physical, CommodityType::Digital];
        let mut manage_stock = vec![false, true];
        let mut is_named = false;
        for condition in &self.0 {
            match condition {
                ProductCondition::Status(these) => statuses.retain(|it| these.contains(it)),
                ProductCondition::CommodityType(these) => {
                    commodity_types.retain(|it| these.contains(it));
                }
                ProductCondition::ManageStock(these) => {
                    manage_stock.retain(|it| these.contains(it));
                }
                ProductCondition::Text(..) | ProductCondition::Description(_) => continue,
            }
            is_named = true;
        }
        if is_named {
            ProductLookup::Words {
                statuses,
                commodity_types,
                manage_stock,
            }
        } else {
            ProductLookup::All
        }
    }
}

/// A search for the first products that have a part in a text, without regard to letter case. They are
/// sorted by that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSearch {
    /// The text.
    pub text: IndexedText,
    /// Whether the part may be anywhere in it, instead of at its beginning.
    pub anywhere: bool,
    filter: ProductFilter,
}

impl ProductSearch {
    /// The search for a part, which isn't empty.
    #[must_use]
    pub fn new(text: IndexedText, part: &str, anywhere: bool) -> Self {
        let condition = ProductTextCondition::ignoring_case(&Pattern {
            text: part.to_owned(),
            open_start: anywhere,
            open_end: true,
        });
        Self {
            text,
            anywhere,
            filter: ProductFilter(vec![ProductCondition::Text(text, condition)]),
        }
    }

    /// The way to the products that may be found.
    #[must_use]
    pub fn lookup(&self) -> ProductLookup {
        self.filter.lookup()
    }

    /// Those of these products that are found, in order.
    #[must_use]
    pub fn found(&self, mut products: Vec<Product>) -> Vec<Product> {
        products.retain(|product| self.filter.matches(product));
        products.sort_by_cached_key(|product| {
            let text = self.text.of(product).map_or("", ProductText::as_str);
            (SearchKey::of(text), product.id)
        });
        products
    }
}

impl ProductTextCondition {
    /// The keys of all texts that fulfil the condition, if an index has them together.
    fn keys(&self) -> Option<Vec<SearchKey>> {
        match self {
            Self::Exact(TextCondition::In(texts)) => {
                Some(texts.iter().map(|text| SearchKey::of(text)).collect())
            }
            Self::Exact(TextCondition::Like(pattern)) => {
                is_closed(pattern).then(|| vec![SearchKey::of(&pattern.text)])
            }
            Self::Folded(pattern) => {
                is_closed(pattern).then(|| vec![SearchKey::of_folded(&pattern.text)])
            }
            Self::Exact(TextCondition::IsNull) => None,
        }
    }

    /// The beginning of the keys of all texts that fulfil the condition.
    fn prefix(&self) -> Option<SearchKey> {
        let (pattern, key) = self.pattern()?;
        let is_prefix = !pattern.open_start && !key.as_str().is_empty();
        is_prefix.then_some(key)
    }

    /// A part of the keys of all texts that fulfil the condition, unless they are longer than a key.
    fn part(&self) -> Option<SearchKey> {
        let (_, key) = self.pattern()?;
        (!key.as_str().is_empty()).then_some(key)
    }

    fn pattern(&self) -> Option<(&Pattern, SearchKey)> {
        match self {
            Self::Exact(TextCondition::Like(pattern)) => {
                Some((pattern, SearchKey::of(&pattern.text)))
            }
            Self::Folded(pattern) => Some((pattern, SearchKey::of_folded(&pattern.text))),
            Self::Exact(TextCondition::In(_) | TextCondition::IsNull) => None,
        }
    }
}

const fn is_closed(pattern: &Pattern) -> bool {
    !pattern.open_start && !pattern.open_end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, open_start: bool, open_end: bool) -> Pattern {
        Pattern {
            text: text.to_owned(),
            open_start,
            open_end,
        }
    }

    fn like(text: IndexedText, pattern: Pattern) -> ProductCondition {
        let condition = TextCondition::Like(pattern);
        ProductCondition::Text(text, ProductTextCondition::Exact(condition))
    }

    fn equal(text: IndexedText, values: &[&str]) -> ProductCondition {
        let values = values.iter().map(ToString::to_string).collect();
        let condition = TextCondition::In(values);
        ProductCondition::Text(text, ProductTextCondition::Exact(condition))
    }

    fn lookup(conditions: impl IntoIterator<Item = ProductCondition>) -> ProductLookup {
        ProductFilter(conditions.into_iter().collect()).lookup()
    }

    #[test]
    fn the_narrowest_way_is_taken() {
        use IndexedText::{ExternalRef, Name, Sku};
        let drafts = || ProductCondition::Status(vec![ProductStatus::Draft]);
        let key = SearchKey::of;
        let cases = [
            (
                vec![drafts(), equal(Name, &["A"]), equal(Sku, &["B", "C"])],
                ProductLookup::Keys(Sku, vec![key("b"), key("c")]),
            ),
            (
                vec![
                    like(Name, pattern("Long", false, true)),
                    like(Sku, pattern("S", false, true)),
                ],
                ProductLookup::Prefix(Name, key("long")),
            ),
            (
                vec![like(ExternalRef, pattern("X", false, false))],
                ProductLookup::Keys(ExternalRef, vec![key("x")]),
            ),
            (
                vec![drafts(), like(Name, pattern("chair", true, true))],
                ProductLookup::Words {
                    statuses: vec![ProductStatus::Draft],
                    commodity_types: vec![CommodityType::Physical, CommodityType::Digital],
                    manage_stock: vec![false, true],
                },
            ),
            (
                vec![like(Name, pattern("Chair", true, true))],
                ProductLookup::Part(Name, key("chair")),
            ),
            (
                vec![like(Name, pattern("", true, true))],
                ProductLookup::All,
            ),
            (
                vec![ProductCondition::Text(
                    Sku,
                    ProductTextCondition::Exact(TextCondition::IsNull),
                )],
                ProductLookup::All,
            ),
        ];
        for (conditions, expected) in cases {
            assert_eq!(lookup(conditions.clone()), expected, "{conditions:?}");
        }
    }

    #[test]
    fn a_pattern_may_ignore_case() {
        let chair = ProductText::new("name", "Straße").unwrap();
        for (text, is_found) in [("STRASSE", true), ("straße", true), ("strase", false)] {
            let condition = ProductTextCondition::ignoring_case(&pattern(text, false, false));
            assert_eq!(condition.matches(Some(&chair)), is_found, "{text}");
            assert!(!condition.matches(None));
        }
    }
}
