//! The order in which the events of a feed are delivered to one receiver, as a state machine: it gets
//! events, the outcomes of attempts and the time, and says what to send now.
//!
//! # Rules
//! - Each event is delivered at least once, or set aside, unless deliveries are disabled before.
//! - The events of one subject are delivered in the order of the feed, one at a time.
//! - A failed event holds back its subject alone, for a time that grows with each failure.
//! - At most [`Limits::under_way`] requests are under way; one, after [`FAILURES_IN_A_ROW`] failures in a
//!   row of the whole integration, until one succeeds.
//! - At most [`Limits::held`] subjects are held back; then nothing newer is sent until one gets through.
//! - An event that is refused (400, 413, 415 or 422) [`REFUSALS`] times is set aside, if between one
//!   refusal and the next another event succeeded: the receiver works, and this event is what it can't
//!   take.
//! - 410, or [`GIVEN_UP_AFTER`] without a success, disables the deliveries.
//!
//! # What is stored
//! Every event up to [`Progress::position`] is settled (delivered or set aside), isn't observed, or is
//! listed, by its position, among those that wait behind the first undelivered event of its subject.
//! So a server that goes on from stored progress sends again only what was settled after it was stored,
//! and no event is lost.
//!
//! The position can't pass an unsettled event without listing it: while a subject is held back, its
//! events are listed as they are read. The list has a limit ([`Limits::waiting`], for all subjects
//! together). When it is full, nothing newer is read, until a subject gets through or is set aside. Of the
//! events that were read and not settled, only those are stored that precede a settled one, or the
//! first event of a subject held back. The others are read again from the feed.
//!
//! Events themselves aren't stored, and not kept in memory either: whoever sends them reads an event by its
//! position once more, and tells [`Schedule::dismiss`] if the feed has forgotten it.

mod lanes;
mod progress;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stockroom_domain::Timestamp;

use self::lanes::Lanes;
use super::backoff::delay_after;

pub use progress::{Held, Progress, ProgressError};

/// The number of failures in a row after which one request at a time is sent.
pub const FAILURES_IN_A_ROW: u32 = 3;

/// The number of refusals after which an event is set aside.
pub const REFUSALS: u32 = 5;

/// The time without a success after which deliveries are disabled, if there was something to deliver.
pub const GIVEN_UP_AFTER: Duration = Duration::from_hours(3 * 24);

/// An event that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliverable {
    /// Its position in the feed.
    pub position: u64,
    /// What it is about: events with the same subject are delivered in order.
    pub subject: Arc<str>,
}

/// An attempt to begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The position of the event.
    pub position: u64,
    /// The number of this attempt, from 1.
    pub number: u32,
}

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The time to wait that the answer asks for.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    Unanswered,
}

/// The meaning of an attempt's end, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The event was delivered.
    Delivered,
    /// The event will be sent again, unless deliveries are disabled.
    Failed,
    /// The event was refused too often, and won't be sent again.
    SetAside,
}

/// The reason why deliveries end until somebody enables them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// The receiver answered 410.
    Gone,
    /// Nothing succeeded for [`GIVEN_UP_AFTER`].
    NoSuccess,
}

/// What follows from the end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The attempt, as the log names it.
    pub attempt: Attempt,
    /// Its meaning.
    pub verdict: Verdict,
    /// Whether deliveries are to be disabled: told once.
    pub disable: Option<DisabledReason>,
}

/// The limits of one integration's deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The number of requests under way at once.
    pub under_way: usize,
    /// The number of subjects held back.
    pub held: usize,
    /// The number of events that wait, of all subjects.
    pub waiting: usize,
    /// The number of events that wait without their subject being held back: so far does the schedule look
    /// ahead for subjects that can be sent.
    pub ahead: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            under_way: 8,
            held: 100,
            waiting: 10_000,
            ahead: 1_000,
        }
    }
}

/// A request under way.
#[derive(Debug, Clone)]
struct Flight {
    subject: Arc<str>,
    number: u32,
    /// Whether the event isn't among those that wait any more, because a replay sends it again.
    is_stale: bool,
    /// Whether the subject was held back when the request began.
    was_held: bool,
}

/// The deliveries of one integration.
#[derive(Debug, Clone)]
pub struct Schedule {
    limits: Limits,
    lanes: Lanes,
    under_way: BTreeMap<u64, Flight>,
    /// Everything up to here was read from the feed.
    read: u64,
    /// The highest position that is settled, or was stored as the position.
    settled: u64,
    failures: u32,
    failing_since: Option<Timestamp>,
    disabled: Option<DisabledReason>,
}

impl Schedule {
    /// Goes on from stored progress.
    #[must_use]
    pub fn new(progress: Progress, limits: Limits) -> Self {
        let mut lanes = Lanes::default();
        for held in progress.held {
            lanes.restore(held);
        }
        Self {
            limits,
            lanes,
            under_way: BTreeMap::new(),
            read: progress.position,
            settled: progress.position,
            failures: progress.failures,
            failing_since: progress.failing_since,
            disabled: None,
        }
    }

    /// The position behind which to read on.
    #[must_use]
    pub const fn read_up_to(&self) -> u64 {
        self.read
    }

    /// The number of further events that can be taken now.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.disabled.is_some() || self.lanes.held() >= self.limits.held {
            return 0;
        }
        let (waiting, held_back) = self.lanes.waiting();
        let ahead = self.limits.ahead.saturating_sub(waiting - held_back);
        ahead.min(self.limits.waiting.saturating_sub(waiting))
    }

    /// Takes an event. Events come in the order of their positions; one that was read before is ignored.
    pub fn offer(&mut self, event: Deliverable) {
        if event.position > self.read {
            self.read = event.position;
            self.lanes.push(event);
        }
    }

    /// Notes that no event up to this position is to be delivered, besides those offered.
    pub fn pass(&mut self, position: u64) {
        self.read = self.read.max(position);
    }

    /// Returns the attempts to begin now. They count as under way until [`finish`](Self::finish),
    /// [`abandon`](Self::abandon) or [`dismiss`](Self::dismiss) is told of their event.
    pub fn begin(&mut self, now: Timestamp) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        while self.under_way.len() < self.under_way_max() && self.disabled.is_none() {
            // Those held back come first: they have waited longer, and free others.
            let due = self.lanes.take_due(now);
            let was_held = due.is_some();
            let next = due.or_else(|| {
                let may_fail = self.under_way.values().filter(|it| !it.was_held).count();
                let is_full = self.lanes.held() + may_fail >= self.limits.held;
                (!is_full).then(|| self.lanes.take_ready()).flatten()
            });
            let Some((subject, attempt)) = next else {
                break;
            };
            let flight = Flight {
                subject,
                number: attempt.number,
                is_stale: false,
                was_held,
            };
            self.under_way.insert(attempt.position, flight);
            attempts.push(attempt);
        }
        attempts
    }

    /// The time of the next attempt, if only the time is waited for. `None` if an outcome or an event has to
    /// come first.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let is_full = self.under_way.len() >= self.under_way_max();
        (!is_full && self.disabled.is_none())
            .then(|| self.lanes.next_due())
            .flatten()
    }

    /// The number of requests under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Takes the outcome of an attempt. `random` is uniform over all its values, and spreads the next one.
    /// `None` if the event isn't under way.
    pub fn finish(
        &mut self,
        position: u64,
        outcome: AttemptOutcome,
        now: Timestamp,
        random: u32,
    ) -> Option<Finished> {
        let flight = self.under_way.remove(&position)?;
        let attempt = Attempt {
            position,
            number: flight.number,
        };
        let status = match outcome {
            AttemptOutcome::Answered { status, .. } => Some(status),
            AttemptOutcome::Unanswered => None,
        };
        if status.is_some_and(|status| (200..300).contains(&status)) {
            self.failures = 0;
            self.failing_since = None;
            self.settle(position, &flight);
            self.lanes.note_success(&flight.subject);
            return Some(Finished {
                attempt,
                verdict: Verdict::Delivered,
                disable: None,
            });
        }
        self.failures = self.failures.saturating_add(1);
        let failing_since = *self.failing_since.get_or_insert(now);
        let is_given_up = now >= plus(failing_since, GIVEN_UP_AFTER);
        let reason = (status == Some(410))
            .then_some(DisabledReason::Gone)
            .or_else(|| is_given_up.then_some(DisabledReason::NoSuccess));
        let disable = reason.filter(|_| self.disabled.is_none());
        self.disabled = self.disabled.or(disable);
        let is_refusal = matches!(status, Some(400 | 413 | 415 | 422));
        let verdict = if flight.is_stale {
            self.lanes.release(&flight.subject);
            Verdict::Failed
        } else if is_refusal && self.lanes.refuse(&flight.subject) >= REFUSALS {
            self.settle(position, &flight);
            Verdict::SetAside
        } else {
            let retry_after = match outcome {
                AttemptOutcome::Answered { retry_after, .. } => retry_after,
                AttemptOutcome::Unanswered => None,
            };
            let wait = delay_after(flight.number, random, retry_after);
            self.lanes.fail(&flight.subject, plus(now, wait));
            Verdict::Failed
        };
        Some(Finished {
            attempt,
            verdict,
            disable,
        })
    }

    /// Takes back an attempt of which nothing is known, because the server stops or the lease is lost: it
    /// doesn't count.
    pub fn abandon(&mut self, position: u64) {
        if let Some(flight) = self.under_way.remove(&position) {
            self.lanes.release(&flight.subject);
        }
    }

    /// Leaves out an event under way that can't be sent: the feed has forgotten it, or it isn't observed any
    /// more. Its subject goes on.
    pub fn dismiss(&mut self, position: u64) {
        if let Some(flight) = self.under_way.remove(&position) {
            self.settle(position, &flight);
        }
    }

    /// Begins again with the event at this position. What waits from before stays; nothing is left out if
    /// the position wasn't reached yet. A request under way goes on, and its event is sent again.
    pub fn replay(&mut self, from: u64) {
        let before = from.saturating_sub(1);
        if before >= self.read {
            return;
        }
        self.lanes.truncate(from);
        for (_, flight) in self.under_way.range_mut(from..) {
            flight.is_stale = true;
        }
        self.read = before;
        self.settled = self.settled.min(before);
    }

    /// The progress to store.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let recorded = self.settled.max(self.lanes.last_failed().unwrap_or(0));
        let held = self.lanes.held_up_to(recorded);
        // What is read again begins with the first event that isn't recorded.
        let first_left_out = self.lanes.first_after(recorded);
        let position = first_left_out.map_or(self.read, |first| first.saturating_sub(1));
        Progress {
            position,
            version: 0,
            held,
            failures: self.failures,
            failing_since: self.failing_since,
        }
    }

    /// The number of subjects that are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lanes.held()
    }

    /// Time of the first failure since the last success.
    #[must_use]
    pub const fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    fn under_way_max(&self) -> usize {
        if self.failures >= FAILURES_IN_A_ROW {
            1
        } else {
            self.limits.under_way
        }
    }

    fn settle(&mut self, position: u64, flight: &Flight) {
        if flight.is_stale {
            self.lanes.release(&flight.subject);
        } else {
            self.settled = self.settled.max(position);
            self.lanes.settle(&flight.subject);
        }
        // Time without anything to deliver isn't time without a success.
        if self.lanes.is_empty() {
            self.failing_since = None;
        }
    }
}

fn plus(at: Timestamp, wait: Duration) -> Timestamp {
    at.plus_milliseconds(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}
