//! Random events, outcomes, crashes and replays in simulated time, against the rules.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// A thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// So many events are read.
    Read(usize),
    /// What can begin, begins.
    Begin,
    /// One of the requests under way ends.
    End(usize, AttemptOutcome),
    /// One of the requests under way is taken back.
    Abandon(usize),
    /// Time passes until the next attempt.
    Wait,
    /// Progress is stored.
    Store,
    /// The server crashes, and another one goes on from what was stored. Each request under way may have
    /// reached the receiver.
    Crash,
    /// Deliveries begin again with one of the events.
    Replay(usize),
}

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    prop_oneof![
        6 => Just(OK),
        3 => Just(FAILED),
        3 => Just(REFUSED),
        1 => Just(AttemptOutcome::Unanswered),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6usize).prop_map(Step::Read),
        8 => Just(Step::Begin),
        12 => (0..8usize, outcome()).prop_map(|(index, outcome)| Step::End(index, outcome)),
        1 => (0..8usize).prop_map(Step::Abandon),
        4 => Just(Step::Wait),
        3 => Just(Step::Store),
        1 => Just(Step::Crash),
        1 => (0..60usize).prop_map(Step::Replay),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..9usize, 1..5usize, 4..20usize, 1..9usize).prop_map(|(under_way, held, waiting, ahead)| {
        Limits {
            under_way,
            held,
            waiting,
            ahead,
        }
    })
}

/// The schedule, with all that a receiver and a database would know.
struct World {
    /// The subject of each event, at positions 1, 2, 3 …; `None` is not observed.
    feed: Vec<Option<u8>>,
    schedule: Schedule,
    stored: String,
    now: Timestamp,
    under_way: BTreeMap<u64, u8>,
    /// Events that were delivered or set aside at least once.
    settled: BTreeSet<u64>,
    /// Of those, the ones that no later schedule may send again, because they were settled when progress was
    /// stored and no replay concerned them since.
    done: BTreeSet<u64>,
    /// Events that were settled since the last crash or replay: not sent again either.
    settled_here: BTreeSet<u64>,
    /// Events that a replay has to send again, and hasn't yet.
    owed: BTreeSet<u64>,
    /// Requests from before a replay that will send their events again.
    stale: BTreeSet<u64>,
    disabled: bool,
}

impl World {
    fn new(feed: Vec<Option<u8>>, limits: Limits) -> Self {
        let schedule = new(limits);
        Self {
            stored: schedule.progress().to_text().unwrap(),
            feed,
            schedule,
            now: Timestamp::UNIX_EPOCH,
            under_way: BTreeMap::new(),
            settled: BTreeSet::new(),
            done: BTreeSet::new(),
            settled_here: BTreeSet::new(),
            owed: BTreeSet::new(),
            stale: BTreeSet::new(),
            disabled: false,
        }
    }

    fn subject(&self, position: u64) -> Option<u8> {
        self.feed[usize::try_from(position).unwrap() - 1]
    }

    fn observed(&self) -> impl Iterator<Item = u64> {
        let feed = (1..).zip(&self.feed);
        feed.filter_map(|(position, subject)| subject.map(|_| position))
    }

    fn take(&mut self, step: &Step) {
        let chosen = |index: usize, under_way: &BTreeMap<u64, u8>| {
            let index = index.checked_rem(under_way.len())?;
            under_way.keys().nth(index).copied()
        };
        match step {
            Step::Read(count) => self.read(*count),
            Step::Begin => self.begin(),
            Step::End(index, outcome) => {
                if let Some(position) = chosen(*index, &self.under_way) {
                    self.end(position, *outcome);
                }
            }
            Step::Abandon(index) => {
                if let Some(position) = chosen(*index, &self.under_way) {
                    self.under_way.remove(&position);
                    self.stale.remove(&position);
                    self.schedule.abandon(position);
                }
            }
            Step::Wait => {
                self.now = self.schedule.wake_at().unwrap_or(self.now).max(self.now);
            }
            Step::Store => self.store(),
            Step::Crash => {
                self.under_way.clear();
                self.stale.clear();
                self.settled_here.clear();
                let progress = Progress::from_text(&self.stored).unwrap();
                self.schedule = Schedule::new(progress, self.schedule.limits);
            }
            Step::Replay(position) => {
                self.replay(u64::try_from(*position).unwrap() + 1);
            }
        }
    }

    fn replay(&mut self, from: u64) {
        let read = self.schedule.read_up_to();
        self.schedule.replay(from);
        let again = self.observed().filter(|it| (from..=read).contains(it));
        let again: Vec<u64> = again.collect();
        self.done.retain(|done| *done < from);
        self.settled_here.retain(|settled| *settled < from);
        self.stale
            .extend(self.under_way.range(from..).map(|(it, _)| *it));
        self.owed.extend(again);
        // Whoever asks for a replay is answered when it is stored.
        self.store();
    }

    fn read(&mut self, count: usize) {
        for _ in 0..count.min(self.schedule.room()) {
            let position = self.schedule.read_up_to() + 1;
            if usize::try_from(position).unwrap() > self.feed.len() {
                return;
            }
            match self.subject(position) {
                Some(subject) => self.schedule.offer(Deliverable {
                    position,
                    subject: subject.to_string().into(),
                }),
                None => self.schedule.pass(position),
            }
        }
    }

    fn begin(&mut self) {
        for attempt in self.schedule.begin(self.now) {
            let position = attempt.position;
            let subject = self.subject(position).unwrap();
            let is_done = self.done.contains(&position) || self.settled_here.contains(&position);
            assert!(!is_done, "{position} is sent again");
            assert!(
                self.under_way.values().all(|other| *other != subject),
                "two of subject {subject} are under way"
            );
            let missing = self.observed().find(|other| {
                *other < position
                    && self.subject(*other) == Some(subject)
                    && (!self.settled.contains(other) || self.owed.contains(other))
            });
            assert_eq!(missing, None, "overtaken by {position}");
            self.under_way.insert(position, subject);
        }
        assert_eq!(self.under_way.len(), self.schedule.under_way());
        assert!(self.under_way.len() <= self.schedule.limits.under_way);
    }

    fn end(&mut self, position: u64, outcome: AttemptOutcome) {
        self.under_way.remove(&position);
        let finished = self.schedule.finish(position, outcome, self.now, MIDDLE);
        let finished = finished.unwrap();
        self.disabled |= finished.disable.is_some();
        let is_stale = self.stale.remove(&position);
        if finished.verdict != Verdict::Failed {
            self.settled.insert(position);
            if !is_stale {
                self.settled_here.insert(position);
                self.owed.remove(&position);
            }
        }
        assert!(self.schedule.held() <= self.schedule.limits.held);
    }

    fn store(&mut self) {
        let progress = self.schedule.progress();
        assert!(progress.waiting() <= self.schedule.limits.waiting);
        let listed: BTreeSet<u64> = progress
            .held
            .iter()
            .flat_map(|held| held.waiting.iter().copied())
            .collect();
        let observed = self.observed().take_while(|it| *it <= progress.position);
        let done: Vec<u64> = observed.filter(|it| !listed.contains(it)).collect();
        for position in &done {
            let is_settled = self.settled.contains(position);
            assert!(is_settled, "{position} is neither settled nor listed");
        }
        self.done = done.into_iter().collect();
        self.stored = progress.to_text().unwrap();
    }

    /// Lets everything succeed until nothing is left to do.
    fn drain(&mut self) {
        let end = u64::try_from(self.feed.len()).unwrap();
        for _ in 0..10_000 {
            self.read(100);
            self.begin();
            let next = self.under_way.keys().next().copied();
            match (next, self.schedule.wake_at()) {
                (Some(position), _) => self.end(position, OK),
                (None, Some(at)) => self.now = self.now.max(at),
                (None, None) if self.schedule.read_up_to() == end => return,
                (None, None) => {}
            }
        }
        panic!("deliveries don't come to an end");
    }
}

proptest! {
    /// A failure prints the events and the steps.
    #[test]
    fn nothing_is_lost_overtaken_or_sent_twice_without_a_crash(
        feed in proptest::collection::vec(proptest::option::weighted(0.8, 0..6u8), 1..60),
        steps in proptest::collection::vec(step(), 1..300),
        limits in limits(),
    ) {
        let mut world = World::new(feed, limits);
        for step in &steps {
            world.take(step);
        }
        if world.disabled {
            return Ok(());
        }
        world.drain();
        let lost: Vec<u64> = world.observed().filter(|it| !world.settled.contains(it)).collect();
        prop_assert_eq!(lost, Vec::<u64>::new());
        prop_assert_eq!(world.owed, BTreeSet::new());
        let progress = world.schedule.progress();
        let end = u64::try_from(world.feed.len()).unwrap();
        // An event may have been set aside at the end: a failure, but nothing is left to deliver.
        let expected = Progress { failures: progress.failures, ..Progress::behind(end) };
        prop_assert_eq!(progress, expected);
    }
}
