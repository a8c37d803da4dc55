//! The choice of locations for lines that name none.

use stockroom_domain::{Sourcing, SourcingOrder, Split};

use crate::page::{point, told};

/// The rules, as they were typed.
#[derive(Debug)]
pub(super) struct Choice {
    /// `priority` or `nearest`; empty if no locations are to be chosen.
    pub(super) order: String,
    pub(super) latitude: String,
    pub(super) longitude: String,
    /// `never`, `lines` or `units`.
    pub(super) split: String,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            order: String::new(),
            latitude: String::new(),
            longitude: String::new(),
            split: Split::default().as_str().to_owned(),
        }
    }
}

impl Choice {
    /// The rules, if locations are to be chosen.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn sourcing(&self) -> Result<Option<Sourcing>, String> {
        let near = (told(&self.latitude), told(&self.longitude));
        let order = match (self.order.as_str(), near) {
            ("nearest", (Some(latitude), Some(longitude))) => {
                SourcingOrder::Nearest(point(&latitude, &longitude)?)
            }
            ("nearest", _) => {
                let detail =
                    "Write the latitude and the longitude to which the locations are to be near.";
                return Err(detail.to_owned());
            }
            (_, (Some(_), _) | (_, Some(_))) => {
                let detail = "Choose the locations that are nearest to the latitude and longitude, or leave these \
                              empty.";
                return Err(detail.to_owned());
            }
            ("", _) => return Ok(None),
            ("priority", _) => SourcingOrder::Priority,
            (order, _) => return Err(format!("Locations can't be chosen by “{order}”.")),
        };
        let split = Split::from_word(&self.split);
        let split = split.ok_or_else(|| format!("“{}” is no way to split.", self.split))?;
        let sourcing = Sourcing::new(order, split, None);
        sourcing.map(Some).map_err(|invalid| format!("{invalid}."))
    }
}

/// The rules by which the locations of an order are chosen, in words.
pub(super) fn in_words(sourcing: &Sourcing) -> String {
    let order = match sourcing.order {
        SourcingOrder::Priority => "by priority".to_owned(),
        SourcingOrder::Nearest(point) => {
            format!("nearest to {}, {}", point.latitude(), point.longitude())
        }
    };
    let split = match sourcing.split {
        Split::Never => "never split",
        Split::Lines => "split by product",
        Split::Units => "split by piece",
    };
    let only = sourcing.only.as_ref().map_or_else(String::new, |only| {
        let only: Vec<&str> = only.iter().map(String::as_str).collect();
        format!(", only {}", only.join(", "))
    });
    format!("{order}, {split}{only}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(order: &str, latitude: &str, longitude: &str, split: &str) -> Choice {
        let [order, latitude, longitude, split] =
            [order, latitude, longitude, split].map(ToOwned::to_owned);
        Choice {
            order,
            latitude,
            longitude,
            split,
        }
    }

    #[test]
    fn rules_are_read_and_told() {
        assert_eq!(Choice::default().sourcing(), Ok(None));
        for (typed, told) in [
            (
                choice("priority", "", " ", "lines"),
                "by priority, split by product",
            ),
            (
                choice("nearest", "52,5", "13.4", "never"),
                "nearest to 52.5, 13.4, never split",
            ),
            (
                choice("priority", "", "", "units"),
                "by priority, split by piece",
            ),
        ] {
            assert_eq!(in_words(&typed.sourcing().unwrap().unwrap()), told);
        }
        let only = ["b", "a"].map(ToOwned::to_owned).to_vec();
        let sourcing = Sourcing::new(SourcingOrder::Priority, Split::Lines, Some(only)).unwrap();
        assert_eq!(
            in_words(&sourcing),
            "by priority, split by product, only a, b"
        );
    }

    #[test]
    fn rules_that_make_no_sense_are_told() {
        for (typed, told) in [
            (choice("nearest", "1", "", "lines"), "Write the latitude"),
            (choice("nearest", "91", "1", "lines"), "The latitude must"),
            (
                choice("", "1", "1", "lines"),
                "Choose the locations that are nearest",
            ),
            (
                choice("priority", "", "2", "lines"),
                "Choose the locations that are nearest",
            ),
            (
                choice("luck", "", "", "lines"),
                "Locations can't be chosen by “luck”.",
            ),
            (choice("priority", "", "", "x"), "“x” is no way to split."),
        ] {
            let refused = typed.sourcing().unwrap_err();
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
