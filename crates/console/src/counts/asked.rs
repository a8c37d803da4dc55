//! What somebody has counted, as it was typed.

use std::collections::BTreeMap;

use stockroom_application::filter::TextCondition;
use stockroom_application::ports::LocationCondition;
use stockroom_application::{LocationOrder, PageRequest};
use stockroom_domain::{Count, CountMany, ProductId, Reference, Slug, Timestamp};

use crate::page::moment::moment;
use crate::page::{Problem, number_of, told};
use crate::session::Visit;

/// The part of a path that stands for the stock without a location. No location has such a slug.
pub(super) const UNLOCATED: &str = "~";

/// A place that is counted.
pub(super) struct Place {
    /// The part of the path that names it.
    pub(super) word: String,
    /// The name of the location, if it is one.
    pub(super) name: String,
    /// The slug of the location; `None` for the unlocated pool.
    pub(super) slug: Option<Slug>,
}

impl Place {
    /// The title of its pages.
    pub(super) fn title(&self) -> String {
        match self.slug {
            Some(_) => format!("Count in {}", self.name),
            None => "Count what has no location".to_owned(),
        }
    }

    /// The place that a path names.
    pub(super) async fn named(visit: &Visit, word: String) -> Result<Self, Problem> {
        if word == UNLOCATED {
            return Ok(Self {
                word,
                name: String::new(),
                slug: None,
            });
        }
        let filter = [LocationCondition::Slug(TextCondition::In(vec![
            word.clone(),
        ]))];
        let page = PageRequest::from_offset(1, 0);
        let found =
            visit
                .stockroom()
                .list_locations(visit.caller(), &filter, LocationOrder::Created, page);
        let location = found.await?.items.pop().ok_or_else(Problem::not_found)?;
        Ok(Self {
            word,
            name: location.name.as_str().to_owned(),
            slug: Some(location.slug),
        })
    }
}

/// The form.
#[derive(Default)]
pub(super) struct Asked {
    /// The pieces counted of each product, without those left empty.
    pub(super) counted: BTreeMap<ProductId, String>,
    /// The time at which the sheet was loaded.
    pub(super) as_of: String,
    /// Another time of the count.
    pub(super) at: String,
    pub(super) reference: String,
    /// The stock after which the page of the sheet begins.
    pub(super) after: String,
    pub(super) step: String,
}

impl Asked {
    pub(super) fn read(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "as_of" => asked.as_of = value,
                "at" => asked.at = value,
                "reference" => asked.reference = value,
                "after" => asked.after = value,
                "step" => asked.step = value,
                name => {
                    let product = name.strip_prefix("counted.").and_then(ProductId::parse);
                    if let Some(product) = product
                        && !value.trim().is_empty()
                    {
                        asked.counted.insert(product, value);
                    }
                }
            }
        }
        asked
    }

    /// The time that the counts are for.
    pub(super) fn time(&self) -> Result<Timestamp, String> {
        if self.at.is_empty() {
            let as_of = Timestamp::from_rfc3339(&self.as_of);
            return as_of
                .ok_or_else(|| "The page doesn't say when it was loaded. Load it again.".into());
        }
        let text = &self.at;
        moment(text).ok_or_else(|| format!("“{text}” isn't a time such as 2026-01-31T09:30."))
    }

    /// Whether what was typed beside a product is no number of pieces.
    pub(super) fn is_invalid(&self, product: ProductId) -> bool {
        let typed = self.counted.get(&product);
        typed.is_some_and(|text| number_of(text).is_none())
    }

    /// The counts, in the order of the products, or why there are none.
    pub(super) fn counts(&self, place: &Place, atomic: bool) -> Result<CountMany, String> {
        let reference = told(&self.reference).map(|text| Reference::new("The reference", text));
        let reference = reference
            .transpose()
            .map_err(|invalid| format!("{invalid}."))?;
        let counts = self.counted.iter().map(|(product, text)| {
            let counted = number_of(text).ok_or_else(|| {
                format!(
                    "“{text}”, in the marked field, isn't a whole number of pieces, such as 12."
                )
            })?;
            Ok(Some(Count {
                product: *product,
                location: place.slug.as_ref().map(ToString::to_string),
                counted,
                reference: reference.clone(),
            }))
        });
        let counts = counts.collect::<Result<Vec<_>, String>>()?;
        if counts.is_empty() {
            let detail = "Nothing was counted. Write beside a product how many pieces are there, also if it is 0.";
            return Err(detail.to_owned());
        }
        Ok(CountMany {
            counts,
            as_of: Some(self.time()?),
            atomic,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_location_has_the_word_for_none() {
        assert!(Slug::new(UNLOCATED).is_err());
    }

    #[test]
    fn another_time_goes_before_that_of_the_page() {
        let asked = Asked {
            as_of: "2026-01-31T09:30:00.123Z".to_owned(),
            ..Asked::default()
        };
        assert_eq!(asked.time().ok(), Timestamp::from_rfc3339(&asked.as_of));
        let asked = Asked {
            at: "2026-01-31T08:00:00".to_owned(),
            ..asked
        };
        assert_eq!(asked.time().ok(), moment(&asked.at));
    }
}
