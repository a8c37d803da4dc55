//! Whether the ledger of a stock is an order in which all that clients saw makes sense.
//!
//! Changes have their places in it. Each has to do there what the model does, and must not come
//! before another one that was answered before it was asked for. What left no entry, such as a
//! reading or a refusal, is given the earliest place where the model answers the same, after all
//! that was answered before it was asked for, be it a change or a reading, and before every
//! change that was asked for after it was answered. The earliest place leaves the most room for
//! the others: if there is an order at all, this finds one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::ask::Line;
use crate::model::Stock;

use super::Fault;
use super::ledger::Ledger;
use super::verdict::{Becomes, Event, What};

/// A change and its entries.
struct Placed<'a> {
    event: &'a Event<'a>,
    first: usize,
    last: usize,
}

pub(super) fn check(ledger: &Ledger<'_>, events: &[Event<'_>], faults: &mut Vec<Fault>) {
    let events = events
        .iter()
        .filter(|event| event.product == ledger.product);
    let mut changes = Vec::new();
    let mut looks = Vec::new();
    for event in events {
        match entries(event) {
            None => looks.push(event),
            Some((first, last)) => changes.push(Placed { event, first, last }),
        }
    }
    changes.sort_by_key(|change| change.first);
    for change in &changes {
        if let Err(sentence) = replay(ledger, change) {
            let fault = Fault::new(sentence)
                .on(ledger.product)
                .of(change.event.record);
            faults.push(fault.at(change.first).at(change.last));
        }
    }
    check_changes(ledger, &changes, faults);
    check_looks(ledger, &changes, looks, faults);
}

/// The first and the last entry of an event, if it has any.
fn entries(event: &Event<'_>) -> Option<(usize, usize)> {
    let What::Lines(lines) = &event.what else {
        return None;
    };
    let entries = lines.iter().filter_map(|(_, becomes)| match becomes {
        Becomes::Entry(entry) => Some(*entry),
        _ => None,
    });
    Some((entries.clone().min()?, entries.max()?))
}

/// The entries of a change follow on each other, and each of its lines does what the model does.
fn replay(ledger: &Ledger<'_>, change: &Placed<'_>) -> Result<(), String> {
    let name = &change.event.record.name;
    let What::Lines(lines) = &change.event.what else {
        return Ok(());
    };
    let mut due = change.first;
    for (_, becomes) in lines {
        if let Becomes::Entry(entry) = becomes {
            if *entry != due {
                return Err(format!(
                    "the entries of {name} are out of order: {} where {} is due",
                    entry + 1,
                    due + 1
                ));
            }
            due += 1;
        }
    }
    let mut stock = ledger.states.get(change.first).cloned();
    let stock = stock.get_or_insert_default();
    make(ledger, lines, stock).map_err(|what| format!("{name} makes no sense in its place: {what}"))
}

/// Makes the lines of an event on a stock, and compares what becomes of them.
fn make(ledger: &Ledger<'_>, lines: &[(&Line, Becomes)], stock: &mut Stock) -> Result<(), String> {
    for (line, becomes) in lines {
        let before = stock.clone();
        let made = stock.change(&line.change);
        let is_so = match (becomes, &made) {
            (Becomes::Entry(entry), Ok(movement)) => {
                let entry = ledger.entries().get(*entry);
                entry.is_some_and(|entry| {
                    entry.movement() == *movement && entry.attributes.reason == line.reason
                })
            }
            (Becomes::Refused(status), Err(due)) => status.is_none_or(|status| status == *due),
            (Becomes::Possible, Ok(_)) | (Becomes::Unread, _) => true,
            _ => false,
        };
        if !is_so {
            let due = match made {
                Ok(movement) => format!("is due to be made ({movement})"),
                Err(status) => format!("is due to be refused with {status}"),
            };
            let found = match becomes {
                Becomes::Entry(entry) => match ledger.entries().get(*entry) {
                    Some(entry) => format!("became {}", entry.movement()),
                    None => "became nothing".to_owned(),
                },
                Becomes::Refused(Some(status)) => format!("was refused with {status}"),
                Becomes::Refused(None) => "left no entry".to_owned(),
                Becomes::Possible | Becomes::Unread => "was found possible".to_owned(),
            };
            return Err(format!("on {before}, “{line}” {due}, and {found}"));
        }
    }
    Ok(())
}

/// No change comes before another that was answered before it was asked for.
fn check_changes(ledger: &Ledger<'_>, changes: &[Placed<'_>], faults: &mut Vec<Fault>) {
    let mut latest: Option<&Placed<'_>> = None;
    for change in changes {
        let record = change.event.record;
        if let Some(before) = latest
            && before.event.record.invoked() > record.returned()
        {
            let sentence = format!(
                "{} comes before {} in the ledger, which was answered before it was asked for",
                before.event.record.name, record.name
            );
            let fault = Fault::new(sentence).on(ledger.product);
            let fault = fault.of(before.event.record).of(record);
            faults.push(fault.at(before.first).at(change.first));
        }
        if latest.is_none_or(|it| it.event.record.invoked() < record.invoked()) {
            latest = Some(change);
        }
    }
}

/// How many entries there were, at least and at most, when something was seen.
struct Bounds {
    /// When changes were answered, and how many entries there were then at least.
    answered: Vec<(Duration, usize)>,
    /// When changes were asked for, and how many entries there were then at most.
    asked: Vec<(Duration, usize)>,
}

impl Bounds {
    fn new(changes: &[Placed<'_>]) -> Self {
        let answered = |change: &Placed<'_>| (change.event.record.returned(), change.last + 1);
        let mut answered: Vec<_> = changes.iter().map(answered).collect();
        answered.sort_unstable();
        let mut most = 0;
        for (_, entries) in &mut answered {
            most = most.max(*entries);
            *entries = most;
        }
        let asked = |change: &Placed<'_>| (change.event.record.invoked(), change.first);
        let mut asked: Vec<_> = changes.iter().map(asked).collect();
        asked.sort_unstable();
        let mut least = usize::MAX;
        for (_, entries) in asked.iter_mut().rev() {
            least = least.min(*entries);
            *entries = least;
        }
        Self { answered, asked }
    }

    /// How many entries there are at least for who asks at this instant.
    fn least(&self, invoked: Duration) -> usize {
        let before = self.answered.partition_point(|(at, _)| *at < invoked);
        let last = before
            .checked_sub(1)
            .and_then(|last| self.answered.get(last));
        last.map_or(0, |(_, entries)| *entries)
    }

    /// How many there are at most for who was answered at this instant.
    fn most(&self, returned: Duration) -> usize {
        let after = self.asked.partition_point(|(at, _)| *at <= returned);
        self.asked
            .get(after)
            .map_or(usize::MAX, |(_, entries)| *entries)
    }
}

fn check_looks(
    ledger: &Ledger<'_>,
    changes: &[Placed<'_>],
    mut looks: Vec<&Event<'_>>,
    faults: &mut Vec<Fault>,
) {
    let bounds = Bounds::new(changes);
    looks.sort_by_key(|look| look.record.invoked());
    // Those whose answers nobody had yet who was looked at, by when they were answered.
    let mut pending = BinaryHeap::new();
    let mut seen = ledger.created;
    for look in looks {
        let (invoked, returned) = (look.record.invoked(), look.record.returned());
        while let Some(Reverse((answered, entries))) = pending.peek().copied() {
            if answered >= invoked {
                break;
            }
            pending.pop();
            seen = seen.max(entries);
        }
        let least = seen.max(bounds.least(invoked));
        let most = bounds.most(returned).min(ledger.entries().len());
        match (least..=most).find(|entries| fits(ledger, look, *entries)) {
            Some(entries) => pending.push(Reverse((returned, entries))),
            None => faults.push(misfit(ledger, look, least, most)),
        }
    }
}

/// Whether an event that left no entry makes sense after so many.
fn fits(ledger: &Ledger<'_>, look: &Event<'_>, entries: usize) -> bool {
    let Some(stock) = ledger.states.get(entries) else {
        return false;
    };
    match &look.what {
        What::Stock(body) => body.shows(stock),
        What::Lines(lines) => make(ledger, lines, &mut stock.clone()).is_ok(),
        What::Page {
            page,
            offset,
            limit,
        } => {
            let shown = (*offset).min(entries)..offset.saturating_add(*limit).min(entries);
            page.meta.results.total == entries
                && ledger.entries().get(shown) == Some(page.data.as_slice())
        }
    }
}

fn misfit(ledger: &Ledger<'_>, look: &Event<'_>, least: usize, most: usize) -> Fault {
    let name = &look.record.name;
    let what = match &look.what {
        What::Stock(body) => format!("{name} was shown a stock of {body}"),
        What::Page { page, .. } => {
            let total = page.meta.results.total;
            format!("{name} was shown a page of a history of {total} entries")
        }
        What::Lines(_) => format!("{name} was refused"),
    };
    let elsewhere = (ledger.created..least)
        .rev()
        .find(|entries| fits(ledger, look, *entries))
        .map(|entries| format!("; it was so after entry {entries}, too early"))
        .or_else(|| {
            let later = most.saturating_add(1)..=ledger.entries().len();
            let mut later = later.filter(|entries| fits(ledger, look, *entries));
            later
                .next()
                .map(|entries| format!("; it was so after entry {entries}, too late"))
        })
        .unwrap_or_default();
    let sentence = if least == most {
        format!("{what}, which is not so after entry {least}{elsewhere}")
    } else {
        format!("{what}, which is not so after any of the entries {least} to {most}{elsewhere}")
    };
    let end = ledger.entries().len().saturating_sub(1);
    Fault::new(sentence)
        .on(ledger.product)
        .at(least.saturating_sub(1).min(end))
        .at(most.min(end))
        .of(look.record)
}
