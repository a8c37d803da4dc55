//! What people type about a policy.

use std::collections::BTreeMap;

use stockroom_domain::{Alert, Invalid, Patch, Policy, PolicyUpdate, ProductId, SetPolicy, Stock};

use crate::page::{must, number_of};

/// The fields of one place: of the whole stock, or of a location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) safety_stock: String,
    /// Alerts as text, such as `40/50, 0/1`.
    pub(super) alerts: String,
}

impl Fields {
    pub(super) fn of(policy: &Policy) -> Self {
        let alerts = policy.alerts.iter();
        let alerts = alerts.map(|alert| format!("{}/{}", alert.at, alert.rearm_at));
        Self {
            safety_stock: policy.safety_stock.to_string(),
            alerts: alerts.collect::<Vec<_>>().join(", "),
        }
    }

    fn update(&self, place: &str) -> Result<PolicyUpdate, String> {
        let safety_stock = if self.safety_stock.trim().is_empty() {
            Patch::Clear
        } else {
            let safety_stock = number_of(&self.safety_stock);
            Patch::Set(safety_stock.ok_or_else(|| {
                let text = &self.safety_stock;
                format!("“{text}”, the safety stock of {place}, isn't a whole number of pieces.")
            })?)
        };
        let texts = self.alerts.split(',').map(str::trim);
        let alerts = texts.filter(|text| !text.is_empty()).map(|text| {
            alert(text).ok_or_else(|| {
                format!("“{text}”, an alert of {place}, isn't like 10 or 10/15, with the larger number last.")
            })
        });
        let alerts = Alert::list(alerts.collect::<Result<_, _>>()?);
        let label = format!("The alerts of {place}");
        let alerts = alerts.map_err(|invalid: Invalid| must(&label, &invalid))?;
        Ok(PolicyUpdate {
            safety_stock,
            alerts: Patch::Set(alerts),
        })
    }
}

/// The alert that a text means: its level and, perhaps, the level at which it goes off again.
fn alert(text: &str) -> Option<Alert> {
    let (at, rearm_at) = match text.split_once('/') {
        None => (number_of(text)?, None),
        Some((at, rearm_at)) => (number_of(at)?, Some(number_of(rearm_at)?)),
    };
    Alert::new(at, rearm_at).ok()
}

/// The form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The fields by place: the slug of a location, or nothing for the whole stock.
    pub(super) places: BTreeMap<String, Fields>,
    /// The policy that the form showed, as text.
    pub(super) seen: String,
    /// The location after which the page begins.
    pub(super) after: String,
}

impl Typed {
    pub(super) fn read(fields: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in fields {
            if let Some(place) = name.strip_prefix("safety_stock.") {
                typed.place(place).safety_stock = value;
            } else if let Some(place) = name.strip_prefix("alerts.") {
                typed.place(place).alerts = value;
            } else if name == "seen" {
                typed.seen = value;
            } else if name == "after" {
                typed.after = value;
            }
        }
        typed
    }

    fn place(&mut self, slug: &str) -> &mut Fields {
        self.places.entry(slug.to_owned()).or_default()
    }

    /// The change to what was typed.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn request(&self, product: ProductId) -> Result<SetPolicy, String> {
        let mut update = PolicyUpdate::default();
        let mut locations = BTreeMap::new();
        for (slug, fields) in &self.places {
            if slug.is_empty() {
                update = fields.update("the whole stock")?;
            } else {
                locations.insert(slug.clone(), Some(fields.update(slug)?));
            }
        }
        Ok(SetPolicy {
            product,
            update,
            locations: Patch::Set(locations),
        })
    }
}

/// The policy of a stock as text, by which a form says what it was decided on.
pub(super) fn seen(stock: &Stock) -> String {
    let located = stock.located.values();
    let located = located.map(|position| (position.slug.as_str(), &position.policy));
    let policies = std::iter::once(("", &stock.policy)).chain(located);
    let policies = policies.filter(|(_, policy)| !policy.is_default());
    let texts = policies.map(|(slug, policy)| {
        let fields = Fields::of(policy);
        format!("{slug}:{}:{}", fields.safety_stock, fields.alerts)
    });
    texts.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use stockroom_domain::Quantity;

    use super::*;

    #[test]
    fn alerts_are_read_as_they_are_written() {
        let quantity = |pieces| Quantity::new(pieces).unwrap();
        let ten = Alert::new(quantity(10), None).unwrap();
        assert_eq!(alert("10"), Some(ten));
        assert_eq!(alert("10/11"), Some(ten));
        for text in ["", "x", "10/", "10/10", "10/9", "-1", "1/2/3"] {
            assert_eq!(alert(text), None, "{text}");
        }
        let policy = Policy {
            safety_stock: quantity(3),
            alerts: vec![ten, Alert::new(quantity(0), None).unwrap()],
        };
        let fields = Fields::of(&policy);
        assert_eq!(fields.alerts, "10/11, 0/1");
        let update = fields.update("berlin").unwrap();
        assert_eq!(update.alerts, Patch::Set(policy.alerts));
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (safety_stock, alerts, told) in [
            ("-1", "", "“-1”, the safety stock of berlin"),
            ("", "5/5", "“5/5”, an alert of berlin"),
            ("", "1,1", "The alerts of berlin must be"),
            ("", "1,2,3,4,5", "The alerts of berlin must be"),
        ] {
            let fields = Fields {
                safety_stock: safety_stock.to_owned(),
                alerts: alerts.to_owned(),
            };
            let refused = fields.update("berlin").unwrap_err();
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
