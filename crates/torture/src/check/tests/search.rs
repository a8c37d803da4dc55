//! The search finds an order if there is one, of a thing whose rules fit a few lines: a shelf, from
//! which nothing is taken that isn't there.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::check::spec::{Call, Spec, order};

use super::world::milliseconds;

/// The variable with the seed, for repeating a failed run.
const SEED_VARIABLE: &str = "STOCKROOM_TEST_SEED";
const HISTORIES: usize = 4_000;

/// A shelf on which so many pieces lie in the end.
struct Shelf(u64);

/// What is done with a shelf.
#[derive(Clone, Debug, PartialEq)]
enum Op {
    Put(u64),
    /// Whether the pieces were there.
    Take(u64, bool),
    /// The number of pieces that were seen.
    Look(u64),
}

impl Spec for Shelf {
    type State = u64;
    type Op = Op;

    fn apply(&self, pieces: &u64, call: &Call<Op>) -> Result<u64, Option<String>> {
        let after = match call.op {
            Op::Put(more) => Some(pieces + more),
            Op::Take(less, true) => pieces.checked_sub(less),
            Op::Take(less, false) => (less > *pieces).then_some(*pieces),
            Op::Look(seen) => (seen == *pieces).then_some(*pieces),
        };
        after.ok_or_else(|| Some(format!("isn't so ({:?})", call.op)))
    }

    fn is_reading(&self, op: &Op) -> bool {
        matches!(op, Op::Take(_, false) | Op::Look(_))
    }

    fn end(&self, pieces: &u64) -> Result<(), String> {
        let is_so = self.0 == *pieces;
        is_so.then_some(()).ok_or(format!("{} are left", self.0))
    }

    fn place(&self, pieces: &u64) -> String {
        format!("with {pieces} pieces")
    }
}

fn call(invoked: u64, returned: u64, op: Op) -> Call<Op> {
    Call {
        name: format!("{invoked}–{returned}").into(),
        invoked: milliseconds(invoked),
        returned: milliseconds(returned),
        is_optional: false,
        op,
    }
}

/// A call of which nobody knows whether it happened.
fn unknown(invoked: u64, op: Op) -> Call<Op> {
    Call {
        returned: Duration::MAX,
        is_optional: true,
        ..call(invoked, 0, op)
    }
}

/// Whether there is an order, by trying all of them.
fn has_order(shelf: &Shelf, pieces: u64, left: &[&Call<Op>]) -> bool {
    let is_end = left.iter().all(|call| call.is_optional) && shelf.end(&pieces).is_ok();
    is_end
        || left.iter().enumerate().any(|(number, call)| {
            let mut others = left.to_vec();
            others.remove(number);
            let is_next = others.iter().all(|other| call.invoked <= other.returned);
            let after = shelf.apply(&pieces, call).ok().filter(|_| is_next);
            after.is_some_and(|after| has_order(shelf, after, &others))
        })
}

/// Some calls that may well make sense: each is carried out at a random time.
fn history(random: &mut StdRng, calls: u64) -> (Shelf, Vec<Call<Op>>) {
    let mut pieces = 0;
    let made = (1..=calls).map(|number| {
        let at = number * 10;
        let amount = random.random_range(1..4);
        let mut op = match random.random_range(0..3) {
            0 => Op::Put(amount),
            1 => Op::Take(amount, amount <= pieces),
            _ => Op::Look(pieces),
        };
        let happens = random.random_ratio(9, 10);
        match op {
            Op::Put(more) if happens => pieces += more,
            Op::Take(less, true) if happens => pieces -= less,
            _ => {}
        }
        if random.random_ratio(1, 12) {
            op = Op::Look(random.random_range(0..5));
        }
        let invoked = at - random.random_range(0..=at.min(25));
        if !happens || random.random_ratio(1, 8) {
            return unknown(invoked, op);
        }
        call(invoked, at + random.random_range(0..25), op)
    });
    let mut made: Vec<_> = made.collect();
    made.shuffle(random);
    (Shelf(pieces), made)
}

#[test]
fn the_search_finds_an_order_if_there_is_one() {
    let seed = std::env::var(SEED_VARIABLE).map_or_else(
        |_| rand::random(),
        |seed| seed.parse().expect("a seed is a number"),
    );
    println!("{SEED_VARIABLE}={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut found = 0;
    for _ in 0..HISTORIES {
        let calls = random.random_range(1..8);
        let (shelf, mut calls) = history(&mut random, calls);
        let has_one = has_order(&shelf, 0, &calls.iter().collect::<Vec<_>>());
        let result = order(&shelf, &0, &mut calls);
        assert_eq!(result.is_ok(), has_one, "{calls:?}: {result:?}");
        let Ok(steps) = result else {
            continue;
        };
        found += 1;
        // It is an order indeed.
        let mut pieces = 0;
        for (place, (number, after)) in steps.iter().enumerate() {
            assert_eq!(shelf.apply(&pieces, &calls[*number]), Ok(*after));
            pieces = *after;
            let mut later = steps[place..].iter();
            assert!(later.all(|(later, _)| calls[*number].invoked <= calls[*later].returned));
        }
        let left = calls.iter().filter(|call| !call.is_optional).count();
        let done = steps
            .iter()
            .filter(|(number, _)| !calls[*number].is_optional);
        assert_eq!((done.count(), shelf.end(&pieces)), (left, Ok(())));
    }
    assert!(
        (HISTORIES / 10..HISTORIES * 9 / 10).contains(&found),
        "{found}"
    );
}

#[test]
fn thousands_of_calls_are_searched_at_once() {
    let mut calls = Vec::new();
    for number in 0..20_000 {
        let (invoked, returned) = (number * 10, number * 10 + 150);
        calls.push(call(invoked, returned, Op::Put(1)));
        calls.push(call(invoked + 1, returned, Op::Look(number)));
        if number % 100 == 0 {
            calls.push(unknown(invoked, Op::Take(1, true)));
        }
    }
    assert!(order(&Shelf(20_000), &0, &mut calls).is_ok());
}

#[test]
fn there_is_no_end_to_what_nobody_knows_but_to_the_search() {
    // Each of these could be left out, or come at any time, and none of that explains what is left.
    let unknown = (0..12).map(|number| unknown(number, Op::Put(1)));
    let looks = (0..40).map(|number| call(number, 100, Op::Look(number % 3)));
    let mut calls: Vec<_> = unknown.chain(looks).collect();
    let stuck = order(&Shelf(100), &0, &mut calls).unwrap_err();
    assert_eq!(stuck.sentence, "with 12 pieces: 100 are left");
}

#[test]
fn a_call_without_a_place_is_named_with_the_places_that_it_could_have_had() {
    let (put, take) = (call(0, 1, Op::Put(3)), call(8, 9, Op::Take(2, true)));
    for (seen, says) in [
        (2, "with 3 pieces: 4–5 isn't so (Look(2)); 1 are left"),
        (
            0,
            "with 3 pieces: 4–5 isn't so (Look(0)) (it was so with 0 pieces, too early); 1 are left",
        ),
        (
            1,
            "with 3 pieces: 4–5 isn't so (Look(1)) (it was so with 1 pieces, too late); 1 are left",
        ),
    ] {
        let look = call(4, 5, Op::Look(seen));
        let mut calls = [look, put.clone(), take.clone()];
        let stuck = order(&Shelf(1), &0, &mut calls).unwrap_err();
        assert_eq!((&*stuck.sentence, stuck.state), (says, 3));
    }
}
