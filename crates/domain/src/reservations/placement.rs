//! The choice of the places that a reservation is served from. (Source of the rules: the HTTP contract.)
//!
//! Places are candidates here, and products are lines: both are known by their indexes alone.

use std::cmp::Reverse;

use crate::values::{Quantity, Split};

/// The largest number of candidates that are looked at. Those behind count as if they had nothing.
/// (Source: the HTTP contract.)
pub const SOURCING_CANDIDATES_MAX: usize = 200;

/// A product to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedLine {
    /// The number of pieces asked for, all items of the product together. A line of 0 pieces gets no
    /// share.
    pub quantity: u64,
    /// The largest number of pieces that may be taken of the stock, at all candidates together.
    pub sellable: Quantity,
}

/// The part of a line that one candidate serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The place of the candidate in the order of candidates, counted from 0.
    pub candidate: usize,
    /// The number of pieces, at least 1.
    pub quantity: Quantity,
}

/// A line that can't be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShortage {
    /// The place of the line among the wanted ones, counted from 0.
    pub line: usize,
    /// The number of pieces asked for.
    pub requested: u64,
    /// The number of pieces that could have been placed: fewer than `requested`, and no more than the
    /// line's `sellable`.
    pub available: Quantity,
}

/// Chooses the candidates that serve each line: all lines or none.
///
/// `candidates` are in order of preference. Each has the number of pieces that it can give of each line;
/// lines beyond its end it can't serve. The first [`SOURCING_CANDIDATES_MAX`] are looked at.
///
/// 1. The first candidate that can serve everything serves everything.
/// 2. [`Never`](Split::Never): otherwise it is short.
/// 3. The candidate that can serve the most whole lines, the first among equals, serves them. This is
///    repeated with the lines still open until no candidate can serve a whole one.
/// 4. [`Units`](Split::Units): each line still open takes what the candidates have, in their order.
/// 5. Lines still open are short.
///
/// The answer has the shares of each line, in the order of the candidates. It depends on nothing but the
/// arguments, and not on the order of the lines.
///
/// # Errors
/// All lines that are short, in order. What is `available` of them is at most `sellable`, and depends on
/// the split:
/// - `Units`: the pieces of all candidates together.
/// - `Lines`: the pieces of the candidate that has the most.
/// - `Never`: the pieces of the candidate that comes closest: it can serve the most whole lines, and among
///   equals the most pieces, and is the first of those. Only lines that it can't serve are short. A line
///   may have more pieces elsewhere, where they would be of no use to the others.
///
/// So the lines can be placed if the short ones ask for what is `available` instead.
pub fn place_lines(
    lines: &[WantedLine],
    candidates: &[Vec<Quantity>],
    split: Split,
) -> Result<Vec<Vec<Share>>, Vec<LineShortage>> {
    let mut placing = Placing::new(lines, candidates);
    match split {
        Split::Never => placing.take_from_closest(),
        Split::Lines => {
            placing.take_whole_lines();
            placing.take_most_of_rest();
        }
        Split::Units => {
            placing.take_whole_lines();
            placing.take_pieces_of_rest();
        }
    }
    placing.end()
}

/// A line, and what was taken for it so far.
struct Line<'a> {
    index: usize,
    wanted: &'a WantedLine,
    taken: Quantity,
    shares: Vec<Share>,
}

impl Line<'_> {
    fn is_open(&self) -> bool {
        self.taken.get() < self.wanted.quantity
    }

    /// The number of pieces that may still be taken of this candidate.
    fn offer(&self, candidate: &[Quantity]) -> Quantity {
        let pieces = candidate.get(self.index).copied().unwrap_or_default();
        let wanted = Quantity::new(self.wanted.quantity).unwrap_or(Quantity::MAX);
        let most = wanted.min(self.wanted.sellable);
        pieces.min(most.checked_sub(self.taken).unwrap_or_default())
    }

    /// Whether nothing was taken yet, and this candidate can serve the whole line.
    fn is_whole_at(&self, candidate: &[Quantity]) -> bool {
        self.is_open() && self.offer(candidate).get() == self.wanted.quantity
    }

    /// Takes all that a candidate offers.
    fn take(&mut self, candidate: usize, pieces: &[Quantity]) {
        let quantity = self.offer(pieces);
        if !quantity.is_zero() {
            // An offer is no more than what is left of `sellable`.
            self.taken = self.taken.checked_add(quantity).unwrap_or(Quantity::MAX);
            self.shares.push(Share {
                candidate,
                quantity,
            });
        }
    }
}

struct Placing<'a> {
    lines: Vec<Line<'a>>,
    candidates: &'a [Vec<Quantity>],
    /// For each candidate, the number of open lines that it can serve whole. It is kept up to date, so
    /// that the work is about lines × candidates, however many candidates are chosen.
    whole: Vec<usize>,
}

impl<'a> Placing<'a> {
    fn new(lines: &'a [WantedLine], candidates: &'a [Vec<Quantity>]) -> Self {
        let looked_at = candidates.get(..SOURCING_CANDIDATES_MAX);
        let candidates = looked_at.unwrap_or(candidates);
        let lines = lines.iter().enumerate().map(|(index, wanted)| Line {
            index,
            wanted,
            taken: Quantity::ZERO,
            shares: Vec::new(),
        });
        let lines: Vec<Line<'_>> = lines.collect();
        let count = |it: &Vec<_>| lines.iter().filter(|line| line.is_whole_at(it)).count();
        let whole = candidates.iter().map(count).collect();
        Self {
            lines,
            candidates,
            whole,
        }
    }

    /// Takes what the candidate has that comes closest to serving everything.
    fn take_from_closest(&mut self) {
        let candidates = self.candidates.iter().zip(&self.whole).enumerate();
        let closest = candidates.min_by_key(|(_, (pieces, whole))| {
            let offers = self.lines.iter().map(|line| line.offer(pieces).get());
            Reverse((**whole, offers.fold(0, u64::saturating_add)))
        });
        if let Some((candidate, (pieces, _))) = closest {
            for line in &mut self.lines {
                line.take(candidate, pieces);
            }
        }
    }

    /// Takes whole lines from the candidate that can serve the most, until none can serve one. None is
    /// chosen twice.
    fn take_whole_lines(&mut self) {
        for _ in self.candidates {
            let candidates = self.candidates.iter().zip(&self.whole).enumerate();
            let fullest = candidates.min_by_key(|(_, (_, whole))| Reverse(**whole));
            let Some((candidate, (pieces, 1..))) = fullest else {
                return;
            };
            for line in &mut self.lines {
                if line.is_whole_at(pieces) {
                    for (other, whole) in self.candidates.iter().zip(&mut self.whole) {
                        *whole = whole.saturating_sub(usize::from(line.is_whole_at(other)));
                    }
                    line.take(candidate, pieces);
                }
            }
        }
    }

    /// For each open line, takes what the candidate has that has the most of it. Since it isn't enough,
    /// this is what is available.
    fn take_most_of_rest(&mut self) {
        for line in self.lines.iter_mut().filter(|line| line.is_open()) {
            let candidates = self.candidates.iter().enumerate();
            let most = candidates.max_by_key(|(_, pieces)| line.offer(pieces));
            if let Some((candidate, pieces)) = most {
                line.take(candidate, pieces);
            }
        }
    }

    /// For each open line, takes what the candidates have, in their order.
    fn take_pieces_of_rest(&mut self) {
        for line in self.lines.iter_mut().filter(|line| line.is_open()) {
            for (candidate, pieces) in self.candidates.iter().enumerate() {
                line.take(candidate, pieces);
            }
        }
    }

    /// The shares of all lines, or all shortages.
    fn end(self) -> Result<Vec<Vec<Share>>, Vec<LineShortage>> {
        let open = self.lines.iter().filter(|line| line.is_open());
        let shortages: Vec<LineShortage> = open
            .map(|line| LineShortage {
                line: line.index,
                requested: line.wanted.quantity,
                available: line.taken,
            })
            .collect();
        if shortages.is_empty() {
            Ok(self.lines.into_iter().map(|line| line.shares).collect())
        } else {
            Err(shortages)
        }
    }
}
