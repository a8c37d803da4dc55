//! How much was asked, what came of it, and what was done to the servers.

use std::fmt;
use std::ops::AddAssign;

use crate::ask::Request;
use crate::check::Evidence;
use crate::record::Unclear;
use crate::reservation::{Act, Shown, State};

/// Counts of things by their names, those first that were counted first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Vec<(&'static str, u64)>);

impl Tally {
    /// Counts so many more of something.
    pub(crate) fn add<T>(&mut self, name: &'static str, these: impl IntoIterator<Item = T>) {
        let count = u64::try_from(these.into_iter().count()).unwrap_or(u64::MAX);
        self.add_count(name, count);
    }

    fn add_count(&mut self, name: &'static str, count: u64) {
        match self.0.iter_mut().find(|(it, _)| *it == name) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((name, count)),
        }
    }

    /// What clients asked for, each thing once, and what came of it.
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let records = || evidence.records.iter();
        let attempts = || records().flat_map(|record| &record.attempts);
        let failed = |is: fn(&Unclear) -> bool| {
            attempts().filter(move |it| it.outcome.as_ref().is_err_and(is))
        };
        let replayed = attempts().filter(|it| it.outcome.as_ref().is_ok_and(|it| it.replayed));
        let reservations = || evidence.reservations.iter();
        let expired = reservations().filter(|it| it.state == State::Expired);
        let mut tally = Self::default();
        tally.add("requests", records());
        tally.add(
            "entries",
            evidence.readings.iter().flat_map(|it| &it.history),
        );
        tally.add("reservations", reservations());
        tally.add("expired", expired);
        let sourced = || reservations().filter(|it| it.lines.iter().any(|line| line.is_sourced));
        let is_split = |it: &&Shown| it.lines.iter().any(|line| it.is_split(line.item));
        tally.add("sourced", sourced());
        tally.add("split", sourced().filter(is_split));
        let refused = records().filter(|it| it.answer().is_some_and(|it| it.status == 422));
        let short = refused
            .filter(|it| matches!(&it.request, Request::Reserve(reserve) if reserve.is_sourced));
        tally.add("sourced and short", short);
        let done = |is: fn(&Act) -> bool| {
            let done = records().filter(|it| it.answer().is_some_and(|it| it.status == 200));
            done.filter(move |it| matches!(&it.request, Request::Act { act, .. } if is(act)))
        };
        tally.add("moved", done(|act| matches!(act, Act::Move { .. })));
        tally.add("edited", done(|act| matches!(act, Act::Edit(_))));
        tally.add("transactions", records().flat_map(|it| it.request.lines()));
        tally.add("attempts", attempts());
        tally.add(
            "cut",
            failed(|it| matches!(it, Unclear::Incomplete | Unclear::Cut)),
        );
        tally.add(
            "lost",
            failed(|it| matches!(it, Unclear::Lost | Unclear::Late)),
        );
        tally.add("turned away", failed(|it| *it == Unclear::Failed(503)));
        tally.add("replayed", replayed);
        tally.add(
            "unclear to the end",
            records().filter(|it| it.answer().is_none()),
        );
        tally
    }

    /// The most important in a few words.
    pub(crate) fn short(&self) -> Self {
        Self(self.0.iter().take(4).copied().collect())
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (name, count) in other.0 {
            self.add_count(name, count);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self
            .0
            .iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        f.write_str(&counts.join(", "))
    }
}
