//! The products and locations that the events of a webhook are about. The API takes a text with conditions;
//! here there is a field for each kind.

use std::fmt::Write as _;

use stockroom_domain::{DeliveryCondition, EventFilter, ProductId, Slug};

use crate::lookup::product_named;
use crate::page::Problem;
use crate::session::Visit;

/// The most products or locations that are named.
const NAMED_MAX: usize = 100;

/// The two fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    /// A product in each line.
    pub(super) products: String,
    /// A slug in each line.
    pub(super) locations: String,
}

impl Fields {
    /// The fields of a filter; `None` if a program wrote one that has more to it.
    pub(super) fn of(filter: Option<&EventFilter>) -> Option<Self> {
        let mut fields = Self::default();
        for condition in filter.into_iter().flat_map(|filter| &filter.conditions) {
            match condition {
                DeliveryCondition::Product(products) if fields.products.is_empty() => {
                    fields.products = lines(products);
                }
                DeliveryCondition::Location(slugs)
                    if fields.locations.is_empty()
                        && slugs.iter().all(|slug| Slug::new(slug.as_str()).is_ok()) =>
                {
                    fields.locations = lines(slugs);
                }
                DeliveryCondition::Product(_) | DeliveryCondition::Location(_) => return None,
            }
        }
        Some(fields)
    }

    /// The filter that the fields mean, or a sentence for the person.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn filter(
        &self,
        visit: &Visit,
    ) -> Result<Result<Option<EventFilter>, String>, Problem> {
        let named: Vec<&str> = named(&self.products).collect();
        let slugs: Vec<&str> = self
            .locations
            .split([',', ' ', '\n', '\r'])
            .filter(|slug| !slug.is_empty())
            .collect();
        if named.len().max(slugs.len()) > NAMED_MAX {
            let detail =
                format!("At most {NAMED_MAX} products and {NAMED_MAX} locations can be named.");
            return Ok(Err(detail));
        }
        let mut products = Vec::new();
        for text in named {
            let Some(product) = product_named(visit, text).await? else {
                return Ok(Err(format!("No product has the id or SKU “{text}”.")));
            };
            products.push(product);
        }
        if let Some(slug) = slugs.iter().find(|slug| Slug::new(**slug).is_err()) {
            return Ok(Err(format!("“{slug}” isn't the slug of a location.")));
        }
        let slugs: Vec<String> = slugs.into_iter().map(ToOwned::to_owned).collect();
        Ok(Ok(written(products, slugs)))
    }
}

fn lines(values: &[impl ToString]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join("\n")
}

fn named(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty())
}

/// The filter, with its text in the form of the API, in which ids and slugs need no quotes.
fn written(products: Vec<ProductId>, slugs: Vec<String>) -> Option<EventFilter> {
    let mut conditions = Vec::new();
    let mut text = String::new();
    for (field, values) in [
        ("product_id", lines(&products)),
        ("location", lines(&slugs)),
    ] {
        if !values.is_empty() {
            let separator = if text.is_empty() { "" } else { ":" };
            let values = values.replace('\n', ",");
            // Writing to a String never fails.
            let _ = write!(text, "{separator}in({field},{values})");
        }
    }
    if !products.is_empty() {
        conditions.push(DeliveryCondition::Product(products));
    }
    if !slugs.is_empty() {
        conditions.push(DeliveryCondition::Location(slugs));
    }
    (!conditions.is_empty()).then_some(EventFilter { text, conditions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_come_back_as_fields() {
        let product = ProductId::new(uuid::Uuid::from_u128(1));
        let slugs = || vec!["berlin".to_owned(), "paris".to_owned()];
        let filter = written(vec![product], slugs()).unwrap();
        assert_eq!(
            filter.text,
            format!("in(product_id,{product}):in(location,berlin,paris)")
        );
        let fields = Fields::of(Some(&filter)).unwrap();
        assert_eq!(fields.products, product.to_string());
        assert_eq!(fields.locations, "berlin\nparis");
        assert_eq!(written(Vec::new(), Vec::new()), None);
        assert_eq!(Fields::of(None), Some(Fields::default()));
    }

    #[test]
    fn what_fields_cannot_say_has_none() {
        let twice = DeliveryCondition::Location(vec!["berlin".to_owned()]);
        for conditions in [
            vec![twice.clone(), twice],
            vec![DeliveryCondition::Location(vec!["no slug".to_owned()])],
        ] {
            let filter = EventFilter {
                text: String::new(),
                conditions,
            };
            assert_eq!(Fields::of(Some(&filter)), None);
        }
    }
}
