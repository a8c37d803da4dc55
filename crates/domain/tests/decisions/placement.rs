//! The places that a reservation is served from: examples, all possible placements of small orders, and
//! the rules done step by step.

use proptest::prelude::*;
use stockroom_domain::{
    LineShortage, Quantity, SOURCING_CANDIDATES_MAX, Share, Split, WantedLine, place_lines,
};

use crate::scene::{MOST, quantity};
use Split::{Lines, Never, Units};

/// Shares as (candidate, pieces), for each line.
type Placed = Vec<Vec<(usize, u64)>>;
/// Shortages as (line, requested, available).
type Short = Vec<(usize, u64, u64)>;

/// An order in plain numbers: each line's pieces wanted and sellable, and what each candidate has of each.
#[derive(Debug, Clone)]
struct Order {
    lines: Vec<(u64, u64)>,
    candidates: Vec<Vec<u64>>,
}

/// An order of lines of which everything may be sold.
fn order<const N: usize>(wanted: &[u64], candidates: [&[u64]; N]) -> Order {
    Order {
        lines: wanted.iter().map(|pieces| (*pieces, MOST)).collect(),
        candidates: candidates.iter().map(|it| it.to_vec()).collect(),
    }
}

impl Order {
    /// The order with this much sellable of its lines.
    fn of_sellable(mut self, sellable: &[u64]) -> Self {
        for (line, sellable) in self.lines.iter_mut().zip(sellable) {
            line.1 = *sellable;
        }
        self
    }

    fn placed(&self, split: Split) -> Result<Placed, Short> {
        let lines = self.lines.iter().map(|(pieces, sellable)| WantedLine {
            quantity: *pieces,
            sellable: quantity(*sellable),
        });
        let lines: Vec<WantedLine> = lines.collect();
        let candidates = self.candidates.iter();
        let candidates: Vec<Vec<Quantity>> = candidates
            .map(|pieces| pieces.iter().copied().map(quantity).collect())
            .collect();
        let plain = |share: &Share| (share.candidate, share.quantity.get());
        let short = |it: &LineShortage| (it.line, it.requested, it.available.get());
        place_lines(&lines, &candidates, split)
            .map(|lines| {
                let lines = lines.iter();
                lines.map(|it| it.iter().map(plain).collect()).collect()
            })
            .map_err(|lines| lines.iter().map(short).collect())
    }

    /// What a candidate can give of a line.
    fn gives(&self, candidate: usize, line: usize) -> u64 {
        let pieces = self.candidates[candidate].get(line).copied();
        pieces.unwrap_or_default().min(self.lines[line].1)
    }

    fn serves(&self, candidate: usize, line: usize) -> bool {
        self.gives(candidate, line) >= self.lines[line].0
    }
}

#[test]
fn every_split_has_a_word_of_its_own_and_lines_is_the_default() {
    let words = Split::ALL.map(Split::as_str);
    assert_eq!(words, ["never", "lines", "units"]);
    assert_eq!(
        words.map(Split::from_word),
        [Some(Never), Some(Lines), Some(Units)]
    );
    for unknown in ["", "Lines", "line"] {
        assert_eq!(Split::from_word(unknown), None);
    }
    assert_eq!(Split::default(), Lines);
}

#[test]
fn the_first_place_that_has_everything_serves_everything() {
    // The first has more of one product, the last more of both.
    let order = order(&[2, 3], [&[9, 2], &[2, 3], &[9, 9]]);
    for split in Split::ALL {
        let all = vec![vec![(1, 2)], vec![(1, 3)]];
        assert_eq!(order.placed(split), Ok(all), "{split:?}");
    }
}

#[test]
fn an_order_of_nothing_needs_no_place() {
    for split in Split::ALL {
        assert_eq!(order(&[], []).placed(split), Ok(vec![]));
        assert_eq!(order(&[0], []).placed(split), Ok(vec![vec![]]));
        let with_nothing = order(&[0, 2, 0], [&[0, 0, 0], &[4, 4, 4]]);
        let placed = vec![vec![], vec![(1, 2)], vec![]];
        assert_eq!(with_nothing.placed(split), Ok(placed));
    }
}

#[test]
fn without_a_place_all_lines_are_short() {
    for split in Split::ALL {
        let short = vec![(0, 2, 0), (1, 3, 0)];
        assert_eq!(order(&[2, 3], []).placed(split), Err(short));
    }
}

#[test]
fn an_order_that_is_never_split_is_short_of_what_the_closest_place_lacks() {
    for (why, order, short) in [
        (
            "each place has another half: the first is as good as the second",
            order(&[2, 2], [&[2, 0], &[0, 2]]),
            vec![(1, 2, 0)],
        ),
        (
            "the second can serve two lines, the first only one, though it has more pieces",
            order(&[2, 2, 9], [&[1, 1, 9], &[2, 2, 1]]),
            vec![(2, 9, 1)],
        ),
        (
            "of those that can serve one line, the last has the most pieces of the other",
            order(&[2, 9], [&[2, 3], &[2, 5], &[2, 7]]),
            vec![(1, 9, 7)],
        ),
        (
            "more pieces than are wanted don't bring a place closer",
            order(&[2, 9], [&[2, 7], &[99, 6]]),
            vec![(1, 9, 7)],
        ),
        (
            "together they would have enough",
            order(&[9], [&[5], &[6]]),
            vec![(0, 9, 6)],
        ),
    ] {
        assert_eq!(order.placed(Never), Err(short), "{why}");
    }
}

#[test]
fn each_line_comes_whole_from_one_place() {
    for (why, order, placed) in [
        (
            "the place with the most lines first, then the first of the others",
            order(&[1, 1, 1, 1], [&[1, 0, 0, 1], &[0, 1, 1, 1], &[1, 0, 0, 0]]),
            vec![vec![(0, 1)], vec![(1, 1)], vec![(1, 1)], vec![(1, 1)]],
        ),
        (
            "the first among equals",
            order(&[1, 1, 1], [&[1, 1, 0], &[0, 1, 1]]),
            vec![vec![(0, 1)], vec![(0, 1)], vec![(1, 1)]],
        ),
        (
            "lines that are served don't count: the last has more open ones than the second",
            order(
                &[1, 1, 1, 1, 1],
                [&[1, 1, 1, 0, 0], &[1, 1, 0, 1, 0], &[0, 0, 0, 1, 1]],
            ),
            vec![
                vec![(0, 1)],
                vec![(0, 1)],
                vec![(0, 1)],
                vec![(2, 1)],
                vec![(2, 1)],
            ],
        ),
        (
            "a place is passed over that has some of a line, and not all",
            order(&[4, 1], [&[3, 1], &[4, 0]]),
            vec![vec![(1, 4)], vec![(0, 1)]],
        ),
    ] {
        for split in [Lines, Units] {
            assert_eq!(order.placed(split), Ok(placed.clone()), "{why}: {split:?}");
        }
    }
}

#[test]
fn lines_that_no_place_has_whole_are_short_of_what_the_best_place_lacks() {
    let order = order(&[4, 2, 5], [&[1, 2, 4], &[3, 0, 4], &[2, 0, 3]]);
    assert_eq!(order.placed(Lines), Err(vec![(0, 4, 3), (2, 5, 4)]));
}

#[test]
fn pieces_of_a_line_that_no_place_has_whole_come_from_the_places_in_order() {
    for (why, order, placed) in [
        (
            "the last gives only what is still wanted, and one without any nothing",
            order(&[6], [&[3], &[0], &[2], &[5]]),
            vec![vec![(0, 3), (2, 2), (3, 1)]],
        ),
        (
            "lines that somebody has whole come from there all the same",
            order(&[6, 2], [&[3, 1], &[5, 2]]),
            vec![vec![(0, 3), (1, 3)], vec![(1, 2)]],
        ),
    ] {
        assert_eq!(order.placed(Units), Ok(placed), "{why}");
    }
}

#[test]
fn an_order_whose_pieces_may_be_split_is_short_of_what_all_places_lack_together() {
    let order = order(&[6, 2, 4], [&[3, 1, 2], &[2, 0, 2]]);
    assert_eq!(order.placed(Units), Err(vec![(0, 6, 5), (1, 2, 1)]));
}

#[test]
fn no_more_is_taken_than_may_be_sold_of_the_whole_stock() {
    let order = |sellable| order(&[4, 1], [&[3, 1], &[3, 0], &[9, 0]]).of_sellable(&[sellable, 1]);
    let short = |available| Err(vec![(0, 4, available)]);
    for split in [Lines, Units] {
        let placed = vec![vec![(2, 4)], vec![(0, 1)]];
        assert_eq!(order(4).placed(split), Ok(placed));
        // Each place has more than 2, and one of them enough.
        for sellable in [0, 2, 3] {
            assert_eq!(order(sellable).placed(split), short(sellable));
        }
    }
    assert_eq!(order(3).placed(Never), short(3));
    assert_eq!(order(2).placed(Never), short(2));
}

#[test]
fn with_one_shortage_nothing_is_placed() {
    for split in Split::ALL {
        let order = order(&[1, 1, 1], [&[1, 0, 1], &[1, 0, 1]]);
        assert_eq!(order.placed(split), Err(vec![(1, 1, 0)]), "{split:?}");
    }
}

#[test]
fn places_behind_the_200th_are_not_looked_at() {
    assert_eq!(SOURCING_CANDIDATES_MAX, 200);
    let order = |empty| Order {
        lines: vec![(1, MOST)],
        candidates: [vec![vec![0]; empty], vec![vec![1]]].concat(),
    };
    for split in Split::ALL {
        assert_eq!(order(199).placed(split), Ok(vec![vec![(199, 1)]]));
        assert_eq!(order(200).placed(split), Err(vec![(0, 1, 0)]));
    }
}

#[test]
fn the_largest_quantities_are_placed_and_added_up() {
    let order = |wanted| order(&[wanted, wanted], [&[MOST, MOST - 1], &[MOST, MOST]]);
    for split in Split::ALL {
        let all = vec![vec![(1, MOST)], vec![(1, MOST)]];
        assert_eq!(order(MOST).placed(split), Ok(all));
        // So many can be asked for by several items together.
        for wanted in [MOST + 1, u64::MAX] {
            let short = vec![(0, wanted, MOST), (1, wanted, MOST)];
            assert_eq!(order(wanted).placed(split), Err(short), "{split:?}");
        }
    }
}

#[test]
fn the_largest_order_is_placed_though_every_place_has_to_serve_some_of_it() {
    let (lines, candidates) = (500_usize, 200);
    let order = Order {
        lines: vec![(1, MOST); lines],
        candidates: (0..candidates)
            .map(|candidate| {
                let has = |line: usize| u64::from(line % candidates == candidate);
                (0..lines).map(has).collect()
            })
            .collect(),
    };
    let placed: Placed = (0..lines).map(|it| vec![(it % candidates, 1)]).collect();
    for split in [Lines, Units] {
        assert_eq!(order.placed(split), Ok(placed.clone()));
    }
    assert_eq!(order.placed(Never).map_err(|short| short.len()), Err(497));
}

/// Every way to take the pieces of a line from the candidates.
fn ways(order: &Order, line: usize) -> Vec<Vec<u64>> {
    let (wanted, sellable) = order.lines[line];
    let mut ways = vec![vec![]];
    for candidate in &order.candidates {
        let extended = ways.iter().flat_map(|way| {
            let more = |pieces| [way.as_slice(), &[pieces]].concat();
            (0..=candidate[line]).map(more)
        });
        ways = extended.collect();
    }
    ways.retain(|way| way.iter().sum::<u64>() == wanted && wanted <= sellable);
    ways
}

fn sources(way: &[u64]) -> Vec<usize> {
    let places = 0..way.len();
    places.filter(|place| way[*place] > 0).collect()
}

/// Whether there is a way to place the order, of all there are.
fn is_possible(order: &Order, split: Split) -> bool {
    let lines = 0..order.lines.len();
    let mut ways = lines.map(|line| ways(order, line));
    match split {
        Units => ways.all(|ways| !ways.is_empty()),
        Lines => ways.all(|ways| ways.iter().any(|way| sources(way).len() == 1)),
        Never => {
            let ways: Vec<_> = ways.collect();
            (0..order.candidates.len()).any(|place| {
                let mut ways = ways.iter();
                ways.all(|ways| ways.iter().any(|way| sources(way) == [place]))
            })
        }
    }
}

/// The rules in their words, with everything counted anew at each step.
fn by_the_rules(order: &Order, split: Split) -> Result<Placed, Short> {
    let places = 0..order.candidates.len().min(SOURCING_CANDIDATES_MAX);
    let mut open: Vec<usize> = (0..order.lines.len()).collect();
    let wanted = |line: usize| order.lines[line].0;
    let mut everything = places.clone();
    let everything = everything.find(|place| open.iter().all(|line| order.serves(*place, *line)));
    if let Some(place) = everything {
        return Ok(open.iter().map(|it| vec![(place, wanted(*it))]).collect());
    }
    let whole_at = |place: usize, open: &[usize]| -> Vec<usize> {
        let lines = open.iter().copied();
        lines.filter(|line| order.serves(place, *line)).collect()
    };
    if split == Never {
        let missing = |place: usize| -> Short {
            let lines = open.iter().copied();
            let lines = lines.filter(|line| !order.serves(place, *line));
            lines
                .map(|line| (line, wanted(line), order.gives(place, line)))
                .collect()
        };
        // The fewest lines are missing, then the fewest pieces.
        let distance = |place: &usize| {
            let missing = missing(*place);
            let pieces: u64 = missing.iter().map(|(_, wanted, has)| wanted - has).sum();
            (missing.len(), pieces)
        };
        let none = || open.iter().map(|it| (*it, wanted(*it), 0)).collect();
        return Err(places.min_by_key(distance).map_or_else(none, missing));
    }
    let mut shares: Placed = vec![vec![]; open.len()];
    loop {
        let mut best: (usize, Vec<usize>) = (0, vec![]);
        for place in places.clone() {
            let lines = whole_at(place, &open);
            if lines.len() > best.1.len() {
                best = (place, lines);
            }
        }
        if best.1.is_empty() {
            break;
        }
        open.retain(|line| !best.1.contains(line));
        for line in best.1 {
            shares[line] = vec![(best.0, wanted(line))];
        }
    }
    let mut short = vec![];
    for line in open {
        let mut left = wanted(line).min(order.lines[line].1);
        for place in places.clone().filter(|_| split == Units) {
            let pieces = order.gives(place, line).min(left);
            left -= pieces;
            shares[line].extend((pieces > 0).then_some((place, pieces)));
        }
        let available = match split {
            Units => shares[line].iter().map(|(_, pieces)| pieces).sum(),
            _ => places
                .clone()
                .map(|it| order.gives(it, line))
                .max()
                .unwrap_or(0),
        };
        if available < wanted(line) {
            short.push((line, wanted(line), available));
        }
    }
    if short.is_empty() {
        Ok(shares)
    } else {
        Err(short)
    }
}

fn split() -> impl Strategy<Value = Split> {
    prop::sample::select(Split::ALL.to_vec())
}

/// An order of lines and candidates of these numbers. A candidate has nothing of many lines, as places do.
fn orders(
    lines: std::ops::RangeInclusive<usize>,
    candidates: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = Order> {
    lines.prop_flat_map(move |lines| {
        let sellable = prop_oneof![3 => Just(MOST), 1 => 0_u64..=5];
        let pieces = prop_oneof![1 => Just(0), 3 => 0_u64..=4];
        let lines_of = prop::collection::vec((1_u64..=4, sellable), lines);
        let pieces = prop::collection::vec(pieces, lines);
        let candidates = prop::collection::vec(pieces, candidates.clone());
        (lines_of, candidates).prop_map(|(lines, candidates)| Order { lines, candidates })
    })
}

fn small() -> impl Strategy<Value = Order> {
    orders(1..=3, 0..=4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Of all possible placements of a small order, one is found if there is one.
    #[test]
    fn an_order_is_placed_if_and_only_if_it_can_be(order in small(), split in split()) {
        let placed = order.placed(split);
        prop_assert_eq!(placed.is_ok(), is_possible(&order, split), "{:?}", placed);
        if split == Units {
            let suffices = |line: usize| {
                let pieces: u64 = order.candidates.iter().map(|it| it[line]).sum();
                pieces.min(order.lines[line].1) >= order.lines[line].0
            };
            prop_assert_eq!(placed.is_ok(), (0..order.lines.len()).all(suffices));
        }
    }

    /// The shares are pieces that there are, and together what was asked for.
    #[test]
    fn what_is_placed_is_there_and_may_be_sold(order in small(), split in split()) {
        let Ok(placed) = order.placed(split) else { return Ok(()); };
        prop_assert_eq!(placed.len(), order.lines.len());
        for (line, (shares, (wanted, sellable))) in placed.iter().zip(&order.lines).enumerate() {
            let sum: u64 = shares.iter().map(|(_, pieces)| pieces).sum();
            prop_assert_eq!(sum, *wanted);
            prop_assert!(sum <= *sellable);
            prop_assert!(shares.is_sorted_by(|one, next| one.0 < next.0), "{:?}", shares);
            for (place, pieces) in shares {
                prop_assert!((1..=order.candidates[*place][line]).contains(pieces));
            }
            prop_assert!(split == Units || shares.len() == 1);
        }
    }

    /// One place is enough for the whole order if and only if one serves it, and it is the first of those.
    #[test]
    fn one_place_serves_an_order_that_it_can_serve(order in small(), split in split()) {
        let placed = order.placed(split);
        let shares = placed.iter().flatten().flatten();
        let mut places: Vec<usize> = shares.map(|(place, _)| *place).collect();
        places.dedup();
        let mut all = 0..order.candidates.len();
        let first = all.find(|it| (0..order.lines.len()).all(|line| order.serves(*it, line)));
        prop_assert_eq!(places.len() == 1, first.is_some());
        prop_assert!(first.is_none_or(|first| places == [first]));
    }

    /// The answer, shortages included, is the one that the rules lead to, one after the other.
    #[test]
    fn an_order_is_placed_by_the_rules(order in orders(1..=7, 0..=9), split in split()) {
        prop_assert_eq!(order.placed(split), by_the_rules(&order, split));
    }

    /// What is available of the lines that are short can be placed with all other lines, and if lines
    /// don't have to come from the same place, not a piece more can be.
    #[test]
    fn what_is_available_can_be_asked_for_instead(order in orders(1..=4, 0..=5), split in split()) {
        let Err(short) = order.placed(split) else { return Ok(()); };
        let mut less = order.clone();
        for (line, requested, available) in &short {
            prop_assert_eq!(*requested, order.lines[*line].0);
            prop_assert!(available < requested && *available <= order.lines[*line].1);
            less.lines[*line].0 = *available;
        }
        prop_assert!(less.placed(split).is_ok());
        for (line, _, available) in short {
            let mut more = less.clone();
            more.lines[line].0 = available + 1;
            let is_placed = more.placed(split).is_ok();
            prop_assert!(!is_placed || split == Never);
        }
    }

    /// The same order is placed in the same way again, whichever line is named first.
    #[test]
    fn the_order_of_the_lines_makes_no_difference(order in orders(1..=5, 0..=5), split in split()) {
        let placed = order.placed(split);
        prop_assert_eq!(&order.placed(split), &placed);
        let mut reversed = order.clone();
        reversed.lines.reverse();
        reversed.candidates.iter_mut().for_each(|it| it.reverse());
        let last = order.lines.len() - 1;
        let turned = |mut placed: Placed| { placed.reverse(); placed };
        let turned_short = |short: Short| {
            let short = short.into_iter().rev();
            short.map(|(line, requested, available)| (last - line, requested, available)).collect()
        };
        let expected = placed.map(turned).map_err(turned_short);
        prop_assert_eq!(reversed.placed(split), expected);
    }

    /// Candidates behind the 200th change nothing, and lines that a candidate leaves out it doesn't have.
    #[test]
    fn what_is_not_looked_at_makes_no_difference(
        order in orders(1..=4, 1..=8),
        empty in 194..=200_usize,
        split in split(),
    ) {
        let mut all = order.clone();
        all.candidates.splice(0..0, vec![vec![]; empty]);
        let mut first = all.clone();
        first.candidates.truncate(SOURCING_CANDIDATES_MAX);
        prop_assert_eq!(all.placed(split), first.placed(split));
        first.candidates.iter_mut().for_each(|it| it.resize(order.lines.len() + 1, 0));
        prop_assert_eq!(all.placed(split), first.placed(split));
    }
}
