//! The events that wait, by subject.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use stockroom_domain::Timestamp;

use super::{Attempt, Deliverable, Held};

/// The events of one subject.
#[derive(Debug, Clone, Default)]
struct Lane {
    /// The positions of events that aren't settled, ascending. The first one may be under way.
    waiting: VecDeque<u64>,
    is_under_way: bool,
    /// The failed attempts of the first event. The subject is held back if there are any.
    failures: u32,
    /// Time of the next attempt, if the subject is held back.
    next_try: Option<Timestamp>,
    /// The refusals of the first event that count.
    refusals: u32,
    /// Whether the next refusal counts, because another event succeeded since the last one.
    refusal_counts: bool,
}

impl Lane {
    const fn is_held(&self) -> bool {
        self.failures > 0
    }

    fn forget_failures(&mut self) {
        self.failures = 0;
        self.next_try = None;
        self.refusals = 0;
        self.refusal_counts = false;
    }

    /// The time from which the subject's first event may be sent, and its position.
    fn key(&self) -> Option<(Timestamp, u64)> {
        let first = *self.waiting.front()?;
        Some((self.next_try.unwrap_or(Timestamp::UNIX_EPOCH), first))
    }
}

/// The lanes of all subjects. A lane is in at most one of the two queues: in none while a request of it is
/// under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    by_subject: HashMap<Arc<str>, Lane>,
    /// The subjects that can be sent at once, by the position of their first event.
    ready: BTreeMap<u64, Arc<str>>,
    /// The subjects held back, by the time of the next attempt.
    due: BTreeMap<(Timestamp, u64), Arc<str>>,
    /// The positions of the first events of subjects held back, also of those under way.
    held: BTreeMap<u64, Arc<str>>,
}

impl Lanes {
    /// Adds what was stored of a subject.
    pub(super) fn restore(&mut self, held: Held) {
        let subject: Arc<str> = held.subject.into();
        let lane = Lane {
            waiting: held.waiting.into(),
            is_under_way: false,
            failures: held.failures,
            next_try: held.next_try,
            refusals: held.refusals,
            refusal_counts: held.refusal_counts,
        };
        self.by_subject.insert(Arc::clone(&subject), lane);
        self.enqueue(&subject);
    }

    pub(super) fn push(&mut self, event: Deliverable) {
        let Deliverable { position, subject } = event;
        let lane = self.by_subject.entry(Arc::clone(&subject)).or_default();
        lane.waiting.push_back(position);
        if lane.waiting.len() == 1 {
            self.enqueue(&subject);
        }
    }

    /// Whether nothing waits, and nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.by_subject.is_empty()
    }

    /// The number of subjects held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The position of the last event that has failed and is first of its subject.
    pub(super) fn last_failed(&self) -> Option<u64> {
        self.held.last_key_value().map(|(position, _)| *position)
    }

    /// The number of events that wait, and of those among them whose subject is held back.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let lanes = self.by_subject.values();
        lanes.fold((0, 0), |(all, held), lane| {
            let count = lane.waiting.len();
            (all + count, held + if lane.is_held() { count } else { 0 })
        })
    }

    /// Time of the next attempt of a subject held back.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next attempt of a subject held back, if it is time.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Arc<str>, Attempt)> {
        if self.next_due()? > now {
            return None;
        }
        let ((_, position), subject) = self.due.pop_first()?;
        Some(self.take(subject, position))
    }

    /// Takes the first event that can be sent and whose subject isn't held back.
    pub(super) fn take_ready(&mut self) -> Option<(Arc<str>, Attempt)> {
        let (position, subject) = self.ready.pop_first()?;
        Some(self.take(subject, position))
    }

    fn take(&mut self, subject: Arc<str>, position: u64) -> (Arc<str>, Attempt) {
        let lane = self.by_subject.entry(Arc::clone(&subject)).or_default();
        lane.is_under_way = true;
        let number = lane.failures.saturating_add(1);
        (subject, Attempt { position, number })
    }

    /// The first event of the subject, which was under way, is settled.
    pub(super) fn settle(&mut self, subject: &Arc<str>) {
        if let Some(lane) = self.by_subject.get_mut(subject) {
            if let Some(position) = lane.waiting.pop_front() {
                self.held.remove(&position);
            }
            lane.forget_failures();
        }
        self.release(subject);
    }

    /// The first event of the subject, which was under way, has failed, and is sent again at this time.
    pub(super) fn fail(&mut self, subject: &Arc<str>, next_try: Timestamp) {
        if let Some(lane) = self.by_subject.get_mut(subject) {
            lane.failures = lane.failures.saturating_add(1);
            lane.next_try = Some(next_try);
        }
        self.release(subject);
    }

    /// No request of the subject is under way any more.
    pub(super) fn release(&mut self, subject: &Arc<str>) {
        if let Some(lane) = self.by_subject.get_mut(subject) {
            lane.is_under_way = false;
        }
        self.enqueue(subject);
    }

    /// The first event of the subject was refused. Returns how many refusals count.
    pub(super) fn refuse(&mut self, subject: &Arc<str>) -> u32 {
        let Some(lane) = self.by_subject.get_mut(subject) else {
            return 0;
        };
        if lane.refusals == 0 || lane.refusal_counts {
            lane.refusals = lane.refusals.saturating_add(1);
            lane.refusal_counts = false;
        }
        lane.refusals
    }

    /// An event of this subject succeeded, so that the next refusals of others count.
    pub(super) fn note_success(&mut self, subject: &Arc<str>) {
        for other in self.held.values().filter(|other| *other != subject) {
            if let Some(lane) = self.by_subject.get_mut(other) {
                lane.refusal_counts = true;
            }
        }
    }

    /// Removes all events from this position on.
    pub(super) fn truncate(&mut self, from: u64) {
        for lane in self.by_subject.values_mut() {
            if lane.waiting.front().is_some_and(|first| *first >= from) {
                lane.forget_failures();
            }
            while lane.waiting.back().is_some_and(|last| *last >= from) {
                lane.waiting.pop_back();
            }
        }
        self.by_subject
            .retain(|_, lane| lane.is_under_way || !lane.waiting.is_empty());
        self.ready.split_off(&from);
        self.held.split_off(&from);
        self.due.retain(|(_, position), _| *position < from);
    }

    /// The subjects, with those of their events that aren't after this position.
    pub(super) fn held_up_to(&self, position: u64) -> Vec<Held> {
        let recorded = self.by_subject.iter().filter_map(|(subject, lane)| {
            let waiting = lane.waiting.iter().copied();
            let waiting: Vec<u64> = waiting.take_while(|it| *it <= position).collect();
            (!waiting.is_empty()).then(|| Held {
                subject: subject.to_string(),
                waiting,
                failures: lane.failures,
                next_try: lane.next_try,
                refusals: lane.refusals,
                refusal_counts: lane.refusal_counts,
            })
        });
        let mut recorded: Vec<Held> = recorded.collect();
        recorded.sort_by_key(|held| held.waiting.first().copied());
        recorded
    }

    /// The first event after this position.
    pub(super) fn first_after(&self, position: u64) -> Option<u64> {
        let firsts = self.by_subject.values().filter_map(|lane| {
            let index = lane.waiting.partition_point(|it| *it <= position);
            lane.waiting.get(index).copied()
        });
        firsts.min()
    }

    /// Puts the subject into its queue, if something of it waits and nothing is under way.
    fn enqueue(&mut self, subject: &Arc<str>) {
        let Some(lane) = self
            .by_subject
            .get(subject)
            .filter(|lane| !lane.is_under_way)
        else {
            return;
        };
        let Some((at, position)) = lane.key() else {
            self.by_subject.remove(subject);
            return;
        };
        let subject = Arc::clone(subject);
        if lane.is_held() {
            self.held.insert(position, Arc::clone(&subject));
            self.due.insert((at, position), subject);
        } else {
            self.ready.insert(position, subject);
        }
    }
}
