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

use super::Fault;
use super::ledger::{Held, Item, Ledger};
use super::verdict::{Becomes, Event, What};

/// The status of what is asked of stock that there isn't.
const MISSING: u16 = 404;

/// A change, and the items of the ledger that it is.
struct Placed<'a> {
    event: &'a Event<'a>,
    first: usize,
    last: usize,
}

pub(super) fn check(ledger: &Ledger<'_>, events: &[Event<'_>], faults: &mut Vec<Fault>) {
    let (changes, looks) = sorted(ledger, events);
    for change in &changes {
        if let Err(sentence) = replay(ledger, change) {
            let fault = Fault::new(sentence)
                .on(ledger.product)
                .of(change.event.record);
            let places = [change.first, change.last].map(|item| ledger.place(item));
            faults.push(places.into_iter().fold(fault, Fault::at));
        }
    }
    check_changes(ledger, &changes, faults);
    check_looks(ledger, &changes, looks, faults);
}

/// What happened to a stock and left entries, in their order; and all the rest.
fn sorted<'a>(
    ledger: &Ledger<'_>,
    events: &'a [Event<'a>],
) -> (Vec<Placed<'a>>, Vec<&'a Event<'a>>) {
    let mut changes = Vec::new();
    let mut looks = Vec::new();
    for event in events.iter().filter(|it| it.product == ledger.product) {
        match items(event) {
            None => looks.push(event),
            Some((first, last)) => changes.push(Placed { event, first, last }),
        }
    }
    changes.sort_by_key(|change| change.first);
    (changes, looks)
}

/// After how many items each event happened: the least, and the most. For changes, that is before
/// their first and after their last one.
pub(super) fn places<'a>(
    ledger: &Ledger<'_>,
    events: &'a [Event<'a>],
) -> Vec<(&'a Event<'a>, usize, usize)> {
    let (changes, looks) = sorted(ledger, events);
    let bounds = Bounds::new(&changes);
    let mut places: Vec<_> = changes
        .iter()
        .map(|change| (change.event, change.first, change.last + 1))
        .collect();
    for look in looks {
        let least = ledger.created.max(bounds.least(look.record.invoked()));
        let most = bounds.most(look.returned).min(ledger.items.len());
        let mut fitting = (least..=most).filter(|items| fits(ledger, look, *items));
        if let Some(first) = fitting.next() {
            places.push((look, first, fitting.next_back().unwrap_or(first)));
        }
    }
    places
}

/// The first and the last item of the ledger that an event is, if it is any.
fn items(event: &Event<'_>) -> Option<(usize, usize)> {
    let lines = match &event.what {
        What::Lines(lines) => lines,
        What::Creation(item) => return Some((*item, *item)),
        What::Moved(items) => return Some((*items.first()?, *items.last()?)),
        What::Stock(_) | What::Presence(_) | What::Page { .. } | What::Available(_) => return None,
    };
    let items = lines.iter().filter_map(entry);
    Some((items.clone().min()?, items.max()?))
}

/// The item of the ledger that a line has become, if it is one.
fn entry((_, becomes): &(&Line, Becomes)) -> Option<usize> {
    match becomes {
        Becomes::Entry(item) => Some(*item),
        _ => None,
    }
}

/// The entries of a change follow on each other, and each of its lines does what the model does.
fn replay(ledger: &Ledger<'_>, change: &Placed<'_>) -> Result<(), String> {
    let name = &change.event.record.name;
    let (lines, items): (&[_], Vec<usize>) = match &change.event.what {
        What::Lines(lines) => (lines, lines.iter().filter_map(entry).collect()),
        What::Moved(items) => (&[], items.to_vec()),
        _ => return Ok(()),
    };
    for (due, item) in (change.first..).zip(items) {
        if item != due {
            return Err(format!(
                "the entries of {name} are out of order: {} where {} is due",
                ledger.place(item) + 1,
                ledger.place(due) + 1
            ));
        }
    }
    let held = ledger.states.get(change.first).cloned().flatten();
    make(ledger, lines, held).map_err(|what| format!("{name} makes no sense in its place: {what}"))
}

/// Makes the lines of an event on a stock, if there is any, and compares what becomes of them.
fn make(
    ledger: &Ledger<'_>,
    lines: &[(&Line, Becomes)],
    mut held: Option<Held>,
) -> Result<(), String> {
    for (line, becomes) in lines {
        let before = held.clone();
        let made = match &mut held {
            Some(held) => held.stock.change(&line.change),
            None => Err(MISSING),
        };
        let is_so = match (becomes, &made) {
            (Becomes::Entry(item), Ok(movement)) => ledger.entry(*item).is_some_and(|entry| {
                entry.movement() == *movement && entry.attributes.reason == line.reason
            }),
            (Becomes::Refused(status), Err(due)) => status.is_none_or(|status| status == *due),
            (Becomes::Possible, Ok(_)) | (Becomes::Unread, _) => true,
            _ => false,
        };
        if is_so {
            continue;
        }
        let due = match made {
            Ok(movement) => format!("is due to be made ({movement})"),
            Err(status) => format!("is due to be refused with {status}"),
        };
        let found = match becomes {
            Becomes::Entry(item) => match ledger.entry(*item) {
                Some(entry) => format!("became {}", entry.movement()),
                None => "became nothing".to_owned(),
            },
            Becomes::Refused(Some(status)) => format!("was refused with {status}"),
            Becomes::Refused(None) => "left no entry".to_owned(),
            Becomes::Possible | Becomes::Unread => "was found possible".to_owned(),
        };
        let before = before.map_or("no stock".to_owned(), |held| held.stock.to_string());
        return Err(format!("on {before}, “{line}” {due}, and {found}"));
    }
    Ok(())
}

/// No change comes before another that was answered before it was asked for.
fn check_changes(ledger: &Ledger<'_>, changes: &[Placed<'_>], faults: &mut Vec<Fault>) {
    let mut latest: Option<&Placed<'_>> = None;
    for change in changes {
        let record = change.event.record;
        if let Some(before) = latest
            && before.event.record.invoked() > change.event.returned
        {
            let sentence = format!(
                "{} comes before {} in the ledger, which was answered before it was asked for",
                before.event.record.name, record.name
            );
            let fault = Fault::new(sentence).on(ledger.product);
            let fault = fault.of(before.event.record).of(record);
            let places = [before.first, change.first].map(|item| ledger.place(item));
            faults.push(places.into_iter().fold(fault, Fault::at));
        }
        if latest.is_none_or(|it| it.event.record.invoked() < record.invoked()) {
            latest = Some(change);
        }
    }
}

/// How much had happened, at least and at most, when something was seen.
struct Bounds {
    /// When changes were answered, and how many items there were then at least.
    answered: Vec<(Duration, usize)>,
    /// When changes were asked for, and how many items there were then at most.
    asked: Vec<(Duration, usize)>,
}

impl Bounds {
    fn new(changes: &[Placed<'_>]) -> Self {
        let answered = |change: &Placed<'_>| (change.event.returned, change.last + 1);
        let mut answered: Vec<_> = changes.iter().map(answered).collect();
        answered.sort_unstable();
        let mut most = 0;
        for (_, items) in &mut answered {
            most = most.max(*items);
            *items = most;
        }
        let asked = |change: &Placed<'_>| (change.event.record.invoked(), change.first);
        let mut asked: Vec<_> = changes.iter().map(asked).collect();
        asked.sort_unstable();
        let mut least = usize::MAX;
        for (_, items) in asked.iter_mut().rev() {
            least = least.min(*items);
            *items = least;
        }
        Self { answered, asked }
    }

    /// How many items there are at least for who asks at this instant.
    fn least(&self, invoked: Duration) -> usize {
        let before = self.answered.partition_point(|(at, _)| *at < invoked);
        let last = before
            .checked_sub(1)
            .and_then(|last| self.answered.get(last));
        last.map_or(0, |(_, items)| *items)
    }

    /// How many there are at most for who was answered at this instant.
    fn most(&self, returned: Duration) -> usize {
        let after = self.asked.partition_point(|(at, _)| *at <= returned);
        self.asked
            .get(after)
            .map_or(usize::MAX, |(_, items)| *items)
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
        let (invoked, returned) = (look.record.invoked(), look.returned);
        while let Some(Reverse((answered, items))) = pending.peek().copied() {
            if answered >= invoked {
                break;
            }
            pending.pop();
            seen = seen.max(items);
        }
        let least = seen.max(bounds.least(invoked));
        let most = bounds.most(returned).min(ledger.items.len());
        match (least..=most).find(|items| fits(ledger, look, *items)) {
            Some(items) => pending.push(Reverse((returned, items))),
            None => faults.push(misfit(ledger, look, least, most)),
        }
    }
}

/// Whether an event that left no entry makes sense after so many items.
fn fits(ledger: &Ledger<'_>, look: &Event<'_>, items: usize) -> bool {
    let Some(held) = ledger.states.get(items) else {
        return false;
    };
    match &look.what {
        What::Stock(body) => held.as_ref().is_some_and(|held| held.is(body)),
        What::Presence(presence) => held.is_some() == *presence,
        What::Lines(lines) => make(ledger, lines, held.clone()).is_ok(),
        What::Available(positions) => positions.iter().all(|(location, due)| {
            let position = held
                .as_ref()
                .and_then(|held| held.stock.position(*location));
            due.is(position.unwrap_or_default().available)
        }),
        What::Creation(_) | What::Moved(_) => false,
        What::Page {
            page,
            offset,
            limit,
        } => {
            let shown = (*offset).min(items)..offset.saturating_add(*limit).min(items);
            let shown = ledger.items.get(shown).unwrap_or_default();
            page.meta.results.total == items
                && shown.iter().map(Item::entry).eq(page.data.iter().map(Some))
        }
    }
}

fn misfit(ledger: &Ledger<'_>, look: &Event<'_>, least: usize, most: usize) -> Fault {
    let name = &look.record.name;
    let what = match &look.what {
        What::Stock(body) => format!("{name} was shown a stock of {body}"),
        What::Presence(true) => format!("{name} was told that there is stock"),
        What::Presence(false) => format!("{name} was told that there is no stock"),
        What::Page { page, .. } => {
            let total = page.meta.results.total;
            format!("{name} was shown a page of a history of {total} entries")
        }
        What::Available(positions) => format!("{name} was told of {positions:?} available"),
        What::Lines(_) | What::Creation(_) | What::Moved(_) => format!("{name} was refused"),
    };
    let mut earlier = (ledger.created..least).rev();
    let mut later = most.saturating_add(1)..=ledger.items.len();
    let elsewhere = if let Some(items) = earlier.find(|items| fits(ledger, look, *items)) {
        format!("; it was so {}, too early", ledger.after(items))
    } else if let Some(items) = later.find(|items| fits(ledger, look, *items)) {
        format!("; it was so {}, too late", ledger.after(items))
    } else {
        String::new()
    };
    let (from, until) = (ledger.after(least), ledger.after(most));
    let sentence = if least == most {
        format!("{what}, which is not so {from}{elsewhere}")
    } else {
        format!("{what}, which is not so from {from} until {until}{elsewhere}")
    };
    Fault::new(sentence)
        .on(ledger.product)
        .at(ledger.place(least.saturating_sub(1)))
        .at(ledger.place(most))
        .of(look.record)
}
