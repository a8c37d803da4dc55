//! The catalogue, which is in `catalogue.csv`.

use std::collections::BTreeSet;

use anyhow::{Context, bail, ensure};

use crate::places::{Desk, RETURNS, SHOP_BERLIN, SHOP_PARIS, WAREHOUSE};

const FILE: &str = include_str!("catalogue.csv");

/// A product of the catalogue.
#[derive(Debug)]
pub(crate) struct Item {
    /// The desk whose owner the product belongs to: that of [`Desk::Web`] is the organization.
    pub(crate) of: Desk,
    pub(crate) sku: &'static str,
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// The number of pieces at first, for each desk by its number.
    pub(crate) pieces: [u64; 3],
    /// How often it is bought, compared with others.
    pub(crate) weight: u32,
    /// The most pieces that somebody buys at once.
    pub(crate) most: u64,
    pub(crate) note: Note,
}

/// What is special about a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    Nothing,
    /// It isn't for sale yet.
    Draft,
    /// It is sold out, and not delivered any more.
    SoldOut,
    /// It is baked every morning, and what is left is given away in the evening.
    Baked,
}

impl Item {
    /// Whether a desk sells it.
    pub(crate) fn is_sold_at(&self, desk: Desk) -> bool {
        self.weight > 0
            && (self.of == Desk::Web || self.of == desk)
            && self.pieces[desk.number()] > 0
    }

    /// The location that a desk sells it from: stores' own goods lie in none.
    pub(crate) fn location(&self, desk: Desk) -> Option<&'static str> {
        (self.of == Desk::Web).then(|| desk.location())
    }

    /// The number of pieces in a location at first.
    pub(crate) fn pieces_in(&self, location: &str) -> u64 {
        let desk = match location {
            WAREHOUSE => Desk::Web,
            SHOP_BERLIN => Desk::Berlin,
            SHOP_PARIS => Desk::Paris,
            RETURNS => return 0,
            _ => self.of,
        };
        self.pieces[desk.number()]
    }

    fn read(line: &'static str) -> anyhow::Result<Self> {
        let cells: Vec<&str> = line.split(';').collect();
        let &[
            of,
            sku,
            slug,
            name,
            description,
            web,
            berlin,
            paris,
            weight,
            most,
            note,
        ] = &cells[..]
        else {
            bail!("{} cells instead of 11", cells.len());
        };
        Ok(Self {
            of: match of {
                "all" => Desk::Web,
                "berlin" => Desk::Berlin,
                "paris" => Desk::Paris,
                other => bail!("nobody is called {other:?}"),
            },
            sku,
            slug,
            name,
            description,
            pieces: [web.parse()?, berlin.parse()?, paris.parse()?],
            weight: weight.parse()?,
            most: most.parse()?,
            note: match note {
                "" => Note::Nothing,
                "draft" => Note::Draft,
                "sold out" => Note::SoldOut,
                "baked" => Note::Baked,
                other => bail!("nothing is called {other:?}"),
            },
        })
    }
}

/// All products.
///
/// # Errors
/// If the catalogue can't be read, or two of its products have the same SKU or slug.
pub(crate) fn items() -> anyhow::Result<Vec<Item>> {
    let lines = (1..).zip(FILE.lines()).skip(1);
    let items = lines.map(|(number, line)| {
        let fault = || format!("line {number} of the demonstration's catalogue");
        Item::read(line).with_context(fault)
    });
    let items: Vec<Item> = items.collect::<anyhow::Result<_>>()?;
    for name_of in [|item: &Item| item.sku, |item: &Item| item.slug] {
        let mut seen = BTreeSet::new();
        for item in &items {
            let name = name_of(item);
            ensure!(seen.insert(name), "the catalogue has {name:?} twice");
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn skus_and_slugs_are_unique() {
        let items = items().unwrap();
        assert!((55..=70).contains(&items.len()), "{}", items.len());
        let skus: BTreeSet<_> = items.iter().map(|item| item.sku).collect();
        let slugs: BTreeSet<_> = items.iter().map(|item| item.slug).collect();
        assert_eq!([skus.len(), slugs.len()], [items.len(); 2]);
    }

    #[test]
    fn slugs_are_fit_for_addresses() {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        for item in items().unwrap() {
            assert!(item.slug.bytes().all(fits), "{}", item.slug);
        }
    }

    #[test]
    fn names_are_of_all_kinds() {
        let items = items().unwrap();
        let has = |test: fn(&str) -> bool| items.iter().any(|item| test(item.name));
        assert!(has(|name| name.contains(['ä', 'ö', 'ü'])));
        assert!(has(|name| name
            .chars()
            .any(|it| ('\u{600}'..'\u{700}').contains(&it))));
        assert!(has(|name| name.chars().count() > 90));
    }
}
