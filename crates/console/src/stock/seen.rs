//! The figures that a page showed, by which a change says what it was decided on.

use stockroom_domain::{Balance, Quantity, Stock};

/// The figures of a stock as text, by which a change says what it was decided on.
pub(crate) struct Seen(Vec<(String, Balance)>);

impl Seen {
    /// The text: the slug, what is available and what is allocated of each position.
    pub(crate) fn of(stock: &Stock) -> String {
        let located = stock.located.values();
        let located = located.map(|position| (position.slug.as_str(), position.balance));
        let positions = std::iter::once(("", stock.unlocated)).chain(located);
        let positions = positions.map(|(slug, balance)| Self::of_position(slug, balance));
        positions.collect::<Vec<String>>().join(",")
    }

    /// The text of a single position. Without a location, its slug is empty.
    pub(crate) fn of_position(slug: &str, balance: Balance) -> String {
        format!("{slug}:{}:{}", balance.available, balance.allocated)
    }

    /// The figures that the text tells; `None` if it isn't one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let positions = text.split(',').map(|position| {
            let mut parts = position.split(':');
            let slug = parts.next()?.to_owned();
            let mut figure = || Quantity::new(parts.next()?.parse().ok()?);
            let (available, allocated) = (figure()?, figure()?);
            Some((
                slug,
                Balance {
                    available,
                    allocated,
                },
            ))
        });
        positions.collect::<Option<_>>().map(Self)
    }

    /// The figures of a position; zero where the stock had none.
    pub(crate) fn position(&self, slug: Option<&str>) -> Balance {
        let slug = slug.unwrap_or_default();
        let mut positions = self.0.iter();
        let found = positions.find(|(it, _)| it == slug);
        found.map(|(_, balance)| *balance).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_were_seen_come_back() {
        let seen = Seen::parse(":5:1,berlin:3:0").unwrap();
        assert_eq!(seen.position(None).available.get(), 5);
        assert_eq!(seen.position(None).allocated.get(), 1);
        assert_eq!(seen.position(Some("berlin")).available.get(), 3);
        assert_eq!(seen.position(Some("paris")), Balance::default());
        for text in ["", ":", ":1", ":x:1", ":1:-1"] {
            assert!(Seen::parse(text).is_none(), "{text}");
        }
    }
}
