//! The moment that the address asks for, and the ways to another one.

use serde::Deserialize;
use stockroom_domain::{Balance, Timestamp};

use crate::page::moment::{days_before, field, moment, month_of, whole_second};
use crate::page::{Number, TimeTag, query};
use crate::session::Visit;

/// The days that the slider goes back.
const SLIDER_DAYS: i64 = 30;

const DAY_SECONDS: i64 = 86_400;

/// The part of the address that says which moment is shown, and how much.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The moment.
    pub(super) at: String,
    /// The days from now, as the slider says them: 0 to -30.
    pub(super) day: String,
    /// Not empty if only what has changed since is wanted.
    pub(super) changed: String,
    /// The place after which the page begins.
    pub(super) after: String,
}

/// A link to a moment.
pub(super) struct Preset {
    pub(super) text: &'static str,
    pub(super) href: String,
}

/// The moment, and the fields of the forms that lead to others.
pub(super) struct Moment {
    /// The moment that is shown; a day ago if the one that was asked for makes no sense.
    pub(super) at: Timestamp,
    pub(super) shown: TimeTag,
    /// The value of the field: what was typed if it makes no sense.
    pub(super) field: String,
    /// The value of the slider.
    pub(super) day: i64,
    pub(super) presets: Vec<Preset>,
    pub(super) problem: Option<&'static str>,
}

impl Wanted {
    /// The moment, for a screen with this path.
    pub(super) fn moment(&self, visit: &Visit, screen: &str) -> Moment {
        let now = whole_second(visit.stockroom().now());
        let asked = self.asked(now);
        let at = *asked.as_ref().unwrap_or(&days_before(now, 1));
        let seconds = now.as_seconds().saturating_sub(at.as_seconds());
        let days = seconds.saturating_add(DAY_SECONDS / 2) / DAY_SECONDS;
        let presets = [
            ("Yesterday", days_before(now, 1)),
            ("A week ago", days_before(now, 7)),
            ("30 days ago", days_before(now, 30)),
            ("Start of the month", month_of(now)),
        ];
        let presets = presets.map(|(text, at)| Preset {
            text,
            href: query(screen, &[("at", &field(at)), ("changed", &self.changed)]),
        });
        Moment {
            at,
            shown: TimeTag(at),
            field: if asked.is_err() && !self.at.is_empty() {
                self.at.clone()
            } else {
                field(at)
            },
            day: days.clamp(0, SLIDER_DAYS).saturating_neg(),
            presets: presets.into(),
            problem: asked.err(),
        }
    }

    fn asked(&self, now: Timestamp) -> Result<Timestamp, &'static str> {
        if !self.at.is_empty() {
            let at = moment(&self.at);
            let at = at.ok_or("That isn’t a date and time. A day ago is shown.")?;
            return if at <= now {
                Ok(whole_second(at))
            } else {
                Err("That moment is still to come. A day ago is shown.")
            };
        }
        if self.day.is_empty() {
            return Ok(days_before(now, 1));
        }
        let day = self.day.parse::<i64>().ok();
        let day = day.filter(|day| (-SLIDER_DAYS..=0).contains(day));
        let day = day.ok_or("That isn’t a day of the last 30. A day ago is shown.")?;
        Ok(days_before(now, day.saturating_neg()))
    }
}

/// A figure then and now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) then: Option<Number>,
    pub(super) now: Option<Number>,
}

impl Pair {
    /// The difference, with its sign. A figure that isn't there counts as zero.
    pub(super) fn change(&self) -> String {
        self.difference().signed()
    }

    /// The class by which a difference is coloured.
    pub(super) fn class(&self) -> &'static str {
        match self.difference().0 {
            0 => "",
            1.. => "up",
            _ => "down",
        }
    }

    fn difference(self) -> Number {
        let figure = |figure: Option<Number>| figure.map_or(0, |number| number.0);
        Number(figure(self.now).saturating_sub(figure(self.then)))
    }
}

/// The figures of a position, or of a whole stock, then and now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairs {
    pub(super) available: Pair,
    pub(super) allocated: Pair,
    pub(super) total: Pair,
}

impl Pairs {
    pub(super) fn new(then: Option<Balance>, now: Option<Balance>) -> Self {
        let pair = |figure: fn(&Balance) -> Number| Pair {
            then: then.as_ref().map(figure),
            now: now.as_ref().map(figure),
        };
        Self {
            available: pair(|balance| balance.available.into()),
            allocated: pair(|balance| balance.allocated.into()),
            total: pair(|balance| balance.total().into()),
        }
    }
}
