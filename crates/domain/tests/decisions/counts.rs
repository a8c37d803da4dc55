//! Counts: a difference is applied once, however often, in whatever order and by however many
//! people it is entered.

use TransactionAction::{Allocate, Decrement, Increment};
use proptest::prelude::*;
use stockroom_domain::{
    Answer, Answered, Changes, Command, Context, Corrections, Count, CountMany, CountStock,
    Counted, CreateStock, Entry, Location, Needs, Operation, PastPosition, Recorded, Refusal,
    State, Stock, StockPeriod, Timestamp, Transact, TransactionAction, TransactionId, Undo,
    UndoBatch,
};

use crate::scene::{
    CountingIds, actor, at, decide_all, id, location, product, quantity, slug, store,
};

/// The one location of these tests beside the unlocated pool.
const PLACE: &str = "shelf";

/// One stock with its ledger, as an adapter would keep and load them.
struct World {
    ids: CountingIds,
    shelf: Location,
    stock: Option<Stock>,
    ledger: Vec<Entry>,
}

impl World {
    /// Stock of ten pieces in the pool and ten on the shelf, created at the first moment.
    fn new() -> Self {
        let mut world = Self {
            ids: CountingIds::default(),
            shelf: location(store(), 1, PLACE),
            stock: None,
            ledger: Vec::new(),
        };
        let create = CreateStock {
            product: product(),
            unlocated: quantity(10),
            located: [(slug(PLACE), quantity(10))].into(),
        };
        world.ask(create, at(0)).expect("the stock is created");
        world
    }

    fn load(&self, needs: &Needs) -> State {
        let mut state = State::default();
        state.add_location(self.shelf.clone());
        let Some(stock) = &self.stock else {
            return state;
        };
        state.stocks.insert(stock.key(), stock.clone());
        let period = StockPeriod::from(stock);
        for (key, at) in &needs.past {
            let up_to = self.ledger.iter().filter(|entry| entry.created_at <= *at);
            let up_to: Vec<&Entry> = up_to.collect();
            let on_shelf = |entry: &&&Entry| entry.location == Some(self.shelf.id);
            let last_there = up_to.iter().rev().find(on_shelf);
            let position = last_there.map(|entry| PastPosition {
                location: self.shelf.id,
                slug: slug(PLACE),
                added_at: period.created_at,
                removed_at: None,
                balance: entry.balance,
            });
            let past = up_to.last();
            let past = past.and_then(|last| Stock::at(&period, *at, last, position));
            if let Some(past) = past {
                state.past.insert((*key, *at), past);
            }
        }
        for (key, since) in &needs.corrections {
            let mut corrections = Corrections::default();
            for entry in &self.ledger {
                if entry.created_at > *since && entry.is_correction() {
                    corrections.add(entry.location, entry.into());
                }
            }
            state.corrections.insert((*key, *since), corrections);
        }
        let undone = self.ledger.iter().filter_map(|entry| entry.undoes);
        state.undone.extend(undone);
        state
    }

    fn ask<R: Answered>(&mut self, request: R, now: Timestamp) -> Result<R::Answer, Refusal> {
        let operation: Operation = request.into();
        let command = Command::new(actor(store()), operation);
        let mut needs = Needs::default();
        command.needs(&mut needs);
        let state = self.load(&needs);
        let mut context = Context::new(now, &mut self.ids);
        let (mut outcomes, changes) = decide_all(&[command], state, &mut context);
        let Changes {
            stocks, entries, ..
        } = changes;
        if let Some(change) = stocks.into_values().next() {
            self.stock = change.after;
        }
        self.ledger.extend(entries);
        let answer: Answer = outcomes.remove(0)?;
        Ok(R::take(answer).expect("the request's answer"))
    }

    fn total(&self, place: Option<&str>) -> u64 {
        let stock = self.stock.as_ref().expect("there is stock");
        let balance = stock.balance(place.map(|_| self.shelf.id));
        balance.map_or(0, |balance| balance.total().get())
    }

    fn recorded(&self, id: TransactionId) -> Recorded {
        let entry = self.ledger.iter().find(|entry| entry.id == id);
        let entry = entry.expect("the entry is in the ledger").clone();
        Recorded {
            product: product(),
            slug: entry.location.map(|_| slug(PLACE)),
            actor_name: None,
            undone_by: None,
            entry,
        }
    }

    fn undo(&mut self, id: TransactionId, now: Timestamp) -> Result<Recorded, Refusal> {
        let recorded = self.recorded(id);
        self.ask(Undo { recorded }, now)
    }

    fn transact(&mut self, action: TransactionAction, pieces: u64, now: i64) -> TransactionId {
        let transact = Transact::new(product(), action, quantity(pieces));
        let made = self.ask(transact, at(now)).expect("it is accepted");
        made.entry.id
    }

    /// A count of the pool.
    fn count(
        &mut self,
        counted: u64,
        as_of: impl Into<Option<i64>>,
        now: i64,
    ) -> Result<Counted, Refusal> {
        let as_of = as_of.into().map(at);
        self.ask(pool(counted, as_of), at(now))
    }
}

fn line(counted: u64, place: Option<&str>) -> Count {
    Count {
        product: product(),
        location: place.map(str::to_owned),
        counted: quantity(counted),
        reference: None,
    }
}

fn pool(counted: u64, as_of: Option<Timestamp>) -> CountStock {
    let count = line(counted, None);
    CountStock { count, as_of }
}

const T1: i64 = 1_000;
const T2: i64 = 2_000;
const LATER: i64 = 9_000;

/// The examples of the contract, in its order.
#[test]
fn a_difference_is_applied_once() {
    // Two sheets of 8 for two times, both entered later.
    let mut world = World::new();
    assert_eq!(world.count(8, T1, LATER).map(|it| it.expected), Ok(10));
    assert_eq!(world.count(8, T2, LATER).map(|it| it.expected), Ok(8));
    assert_eq!(world.total(None), 8);

    // The later sheet again, then the earlier one.
    let mut world = World::new();
    for _ in 0..2 {
        world.count(8, T2, LATER).expect("it is accepted");
        assert_eq!(world.total(None), 8);
    }
    let older = world.count(8, T1, LATER).expect_err("it is older");
    assert_eq!(older, Refusal::LaterCount { as_of: at(T2) });

    // A count that is corrected under the same time.
    let mut world = World::new();
    world.count(6, T1, LATER).expect("it is accepted");
    world.count(9, T1, LATER + 1).expect("it is accepted");
    assert_eq!(world.total(None), 9);

    // Two people who count the same, one after the other or with the same clock.
    let mut world = World::new();
    for now in [LATER, LATER] {
        world.count(12, T1, now).expect("it is accepted");
    }
    assert_eq!(world.total(None), 12);

    // A typo that was undone before it was corrected.
    let mut world = World::new();
    let typo = world.count(8, T1, LATER).expect("it is accepted");
    let typo = typo.recorded.entry.id;
    world.undo(typo, at(LATER)).expect("it can be undone");
    assert_eq!(world.total(None), 10);
    world.count(9, T1, LATER).expect("it is accepted");
    assert_eq!(world.total(None), 9);
}

/// What has moved since a count's time stays, and so does what was undone of it; what was undone of
/// before is compared with the count.
#[test]
fn movements_since_stay() {
    let mut world = World::new();
    let before = world.transact(Decrement, 1, 500);
    let since = world.transact(Increment, 5, 1_500);
    world.transact(Allocate, 4, 1_600);
    // The books said 9 then.
    let counted = world.count(8, T1, 3_000).expect("it is accepted");
    assert_eq!((counted.expected, world.total(None)), (9, 13));
    world.undo(since, at(4_000)).expect("it can be undone");
    assert_eq!(world.total(None), 8);
    assert_eq!(world.count(8, T1, 5_000).map(|it| it.expected), Ok(8));
    // Now they say that one more was there.
    world.undo(before, at(6_000)).expect("it can be undone");
    assert_eq!(world.count(8, T1, 7_000).map(|it| it.expected), Ok(9));
    assert_eq!(world.total(None), 8);
}

#[test]
fn positions_are_counted_apart() {
    let mut world = World::new();
    world.count(8, T2, LATER).expect("it is accepted");
    let count = line(7, Some(PLACE));
    let as_of = Some(at(T1));
    let counted = world.ask(CountStock { count, as_of }, at(LATER));
    assert_eq!(counted.map(|it| it.expected), Ok(10));
    assert_eq!((world.total(None), world.total(Some(PLACE))), (8, 7));
}

/// Without a time, or with one that is hardly ahead of the clock, a count is for the moment of the
/// commit, which comes after all that is there, whatever its time.
#[test]
fn the_moment_of_the_commit_comes_after_everything() {
    // Another server's clock is ahead.
    for (as_of, dated) in [
        (None, LATER),
        (Some(T1 + 1), LATER),
        (Some(T1 + 5_000), LATER),
    ] {
        let mut world = World::new();
        world.transact(Decrement, 3, LATER);
        let counted = world.count(6, as_of, T1).expect("it is accepted");
        assert_eq!((counted.expected, counted.as_of), (7, at(dated)));
        let entry = &counted.recorded.entry;
        assert_eq!(
            (entry.as_of, entry.created_at),
            (Some(at(dated)), at(dated))
        );
        assert_eq!(world.total(None), 6);
    }
    let mut world = World::new();
    let ahead = world.count(6, T1 + 5_001, T1).expect_err("it is ahead");
    assert_eq!(ahead, Refusal::AsOfInFuture);
    let before = world.count(6, -1, T1).expect_err("there was no stock");
    assert_eq!(before, Refusal::NotManagedThen);
}

#[test]
fn only_the_latest_count_is_undone() {
    let mut world = World::new();
    let first = world.count(8, T1, LATER).expect("it is accepted");
    let second = world.count(7, T2, LATER).expect("it is accepted");
    let [first, second] = [first, second].map(|it| it.recorded.entry.id);
    assert_eq!(world.undo(first, at(LATER)), Err(Refusal::CountNotLatest));
    let undoing = world.undo(second, at(LATER)).expect("it is the latest");
    assert_eq!(world.total(None), 8);
    let undoing_first = world.undo(first, at(LATER)).expect("it is the latest now");
    assert_eq!(world.total(None), 10);
    for undoing in [undoing, undoing_first] {
        let redone = world.undo(undoing.entry.id, at(LATER));
        assert_eq!(redone, Err(Refusal::CountUndone));
    }
    assert_eq!(world.undo(first, at(LATER)), Err(Refusal::AlreadyUndone));
}

/// A word in a transaction doesn't make it a count.
#[test]
fn a_count_is_not_known_by_its_reason() {
    let mut world = World::new();
    let mut transact = Transact::new(product(), Increment, quantity(2));
    transact.annotation.reason = stockroom_domain::Reason::new("reason", "count").ok();
    world.ask(transact, at(T2)).expect("it is accepted");
    let counted = world.count(10, T1, LATER).expect("it is accepted");
    assert_eq!((counted.expected, world.total(None)), (10, 12));
}

/// More had left by then than was counted before.
#[test]
fn books_that_contradict_themselves_are_corrected_all_the_same() {
    let mut world = World::new();
    world.transact(Decrement, 9, 1_500);
    world.transact(Increment, 20, 3_000);
    world.count(5, T1, LATER).expect("it is accepted");
    assert_eq!(world.total(None), 16);
    let counted = world.count(1, T2, LATER).expect("it is accepted");
    assert_eq!((counted.expected, world.total(None)), (-4, 21));
    assert_eq!(counted.recorded.entry.total_change(), 5);
}

fn many(lines: Vec<Option<Count>>, atomic: bool) -> CountMany {
    CountMany {
        counts: lines,
        as_of: Some(at(T1)),
        atomic,
    }
}

#[test]
fn counts_of_one_request_are_one_batch() {
    let mut world = World::new();
    world.transact(Increment, 5, T2);
    let lines = [(6, None), (7, Some(PLACE)), (9, None), (9, None)];
    let lines = lines.map(|(counted, place)| Some(line(counted, place)));
    let counted = world.ask(many(lines.into(), true), at(LATER));
    let counted: Vec<Counted> = counted
        .expect("all are accepted")
        .into_iter()
        .flatten()
        .collect();
    let expected: Vec<i64> = counted.iter().map(|it| it.expected).collect();
    assert_eq!(expected, [10, 10, 6, 9]);
    assert_eq!((world.total(None), world.total(Some(PLACE))), (14, 7));
    let batch = counted[0].recorded.entry.batch;
    assert!(batch.is_some() && counted.iter().all(|it| it.recorded.entry.batch == batch));
    let entries = counted.into_iter().map(|it| it.recorded).collect();
    world
        .ask(UndoBatch { entries }, at(LATER))
        .expect("it is undone");
    assert_eq!((world.total(None), world.total(Some(PLACE))), (15, 10));
}

#[test]
fn a_count_that_is_refused_hinders_others_only_where_all_or_none_are_wanted() {
    let elsewhere = Count {
        product: id(0xB),
        ..line(1, None)
    };
    let lines = || {
        vec![
            Some(line(8, None)),
            None,
            Some(elsewhere.clone()),
            Some(line(9, None)),
        ]
    };
    let mut world = World::new();
    let counted = world
        .ask(many(lines(), false), at(LATER))
        .expect("each stands alone");
    let refused: Vec<_> = counted.into_iter().map(Result::err).collect();
    let reasons = [
        None,
        Some(Refusal::NotACount),
        Some(Refusal::UnknownStock),
        None,
    ];
    assert_eq!(refused, reasons);
    assert_eq!(world.total(None), 9);
    let mut world = World::new();
    let refused = world.ask(many(lines(), true), at(LATER));
    let refusal = Box::new(Refusal::NotACount);
    assert_eq!(refused, Err(Refusal::Line { index: 1, refusal }));
    assert_eq!(world.ledger.len(), 2);
    let ahead = CountMany {
        as_of: Some(at(LATER)),
        ..many(lines(), false)
    };
    assert_eq!(world.ask(ahead, at(0)), Err(Refusal::AsOfInFuture));
}

/// One thing that happens, on a server whose clock is at some distance from the first one's.
#[derive(Debug, Clone)]
enum Step {
    Move(TransactionAction, u64),
    Undo(prop::sample::Index),
    /// The count is for so long ago, or for the moment.
    Count(u64, Option<i64>),
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop::sample::select(vec![Increment, Decrement, Allocate]);
    prop_oneof![
        3 => (action, 0..8_u64).prop_map(|(action, pieces)| Step::Move(action, pieces)),
        2 => any::<prop::sample::Index>().prop_map(Step::Undo),
        4 => (0..25_u64, prop::option::weighted(0.8, 0..4_000_i64))
            .prop_map(|(counted, ago)| Step::Count(counted, ago)),
    ]
}

/// The model of one entry: how it changes the total, and the time that it tells something about. A
/// count tells of all times; what undoes something tells of the time of that.
struct Told {
    id: TransactionId,
    change: i64,
    about: Option<Timestamp>,
    is_count: bool,
    is_undone: bool,
}

#[derive(Default)]
struct Model(Vec<Told>);

impl Model {
    fn add(&mut self, entry: &Entry) {
        let undone = entry
            .undoes
            .and_then(|id| self.0.iter_mut().find(|it| it.id == id));
        let about = match undone {
            Some(undone) => {
                undone.is_undone = true;
                undone.about
            }
            None => entry.as_of.is_none().then_some(entry.created_at),
        };
        self.0.push(Told {
            id: entry.id,
            change: entry.total_change(),
            about,
            is_count: entry.as_of.is_some(),
            is_undone: false,
        });
    }

    /// What has moved since a time, whatever was counted.
    fn moved_since(&self, as_of: Timestamp) -> i64 {
        let since = self
            .0
            .iter()
            .filter(|it| it.about.is_some_and(|about| about > as_of));
        since.map(|it| it.change).sum()
    }

    fn latest_count(&self) -> Option<&Told> {
        self.0.iter().rev().find(|it| it.is_count && !it.is_undone)
    }
}

proptest! {
    /// After a count, the total is what was counted and what has moved since, whatever was counted,
    /// undone and moved before, and whichever server's clock it was entered by.
    #[test]
    fn a_count_holds(steps in prop::collection::vec((step(), 0..700_i64, -900..900_i64), 1..40)) {
        let mut world = World::new();
        let mut model = Model::default();
        for entry in world.ledger.iter().filter(|entry| entry.location.is_none()) {
            model.add(entry);
        }
        let mut clock = 5_000;
        for (step, passed, distance) in steps {
            clock += passed;
            let now = clock + distance;
            let known = world.ledger.len();
            match step {
                Step::Move(action, pieces) => {
                    let transact = Transact::new(product(), action, quantity(pieces));
                    drop(world.ask(transact, at(now)));
                }
                Step::Undo(index) => {
                    let told = &model.0[index.index(model.0.len())];
                    let is_latest = model.latest_count().is_some_and(|it| it.id == told.id);
                    let (id, is_undone, is_count) = (told.id, told.is_undone, told.is_count);
                    let undone = world.undo(id, at(now));
                    if is_undone {
                        prop_assert_eq!(undone, Err(Refusal::AlreadyUndone));
                    } else if is_count && !is_latest {
                        prop_assert_eq!(undone, Err(Refusal::CountNotLatest));
                    }
                }
                Step::Count(counted, ago) => {
                    let as_of = ago.map(|ago| now - ago);
                    let latest = model.latest_count().map(|it| it.id);
                    let latest = latest.and_then(|id| world.recorded(id).entry.as_of);
                    let total = i64::try_from(world.total(None)).expect("a total");
                    match world.count(counted, as_of, now) {
                        Ok(answer) => {
                            prop_assert!(latest.is_none_or(|latest| latest <= answer.as_of));
                            let moved = as_of.map_or(0, |as_of| model.moved_since(at(as_of)));
                            let counted = i64::try_from(counted).expect("a quantity");
                            let after = i64::try_from(world.total(None)).expect("a total");
                            prop_assert_eq!(after, counted + moved);
                            prop_assert_eq!(answer.expected, total - moved);
                        }
                        Err(Refusal::LaterCount { as_of: later }) => {
                            prop_assert_eq!(latest, Some(later));
                            prop_assert!(as_of.is_some_and(|as_of| later > at(as_of)));
                        }
                        // Too little is available, since some is allocated.
                        Err(refusal) => {
                            prop_assert!(matches!(refusal, Refusal::InsufficientStock(_)));
                        }
                    }
                }
            }
            for entry in &world.ledger[known..] {
                model.add(entry);
            }
        }
    }
}
