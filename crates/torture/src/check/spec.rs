//! The rules of a thing that is changed by one call after another, and the one search for an order
//! of all calls in which each did what the client was told.
//!
//! A capability that can oversell joins by implementing [`Spec`], as a stock and a reservation do. Its
//! calls come from the records of a round; what the database holds in the end is part of the spec.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use crate::record::Record;

/// The most calls that a fault names.
const NAMED_MAX: usize = 6;

/// The rules of a thing, and all that is stored of it in the end.
pub(super) trait Spec {
    /// The thing after some calls, as far as it is known, and how much of what is stored they explain.
    type State: Clone + Eq + Hash;
    /// A call, with its answer if there was one.
    type Op;

    /// The state after a call, if the call may come next and was answered accordingly. Otherwise the
    /// reason, as the predicate of a sentence; no reason, if the call is known to have another place.
    fn apply(
        &self,
        state: &Self::State,
        call: &Call<Self::Op>,
    ) -> Result<Self::State, Option<String>>;

    /// Whether a call changes the thing nowhere: such a call is never tried in more than one place.
    fn is_reading(&self, op: &Self::Op) -> bool;

    /// Whether everything that is stored is explained; otherwise the part that isn't.
    fn end(&self, state: &Self::State) -> Result<(), String>;

    /// A state for a reader, as a phrase that tells where in the order it is.
    fn place(&self, state: &Self::State) -> String;
}

/// Something that was asked of a thing, or happened to it, at one instant of a period.
#[derive(Clone, Debug)]
pub(super) struct Call<Op> {
    /// The name of its request, for a report.
    pub(super) name: Arc<str>,
    /// The beginning of the period.
    pub(super) invoked: Duration,
    /// The end of the period.
    pub(super) returned: Duration,
    /// Whether it may not have happened at all.
    pub(super) is_optional: bool,
    /// The thing that was asked, or happened.
    pub(super) op: Op,
}

impl<Op> Call<Op> {
    /// A call of a client, which may not have happened if there was no answer.
    pub(super) fn of(record: &Record, op: Op) -> Self {
        Self {
            name: Arc::clone(&record.name),
            invoked: record.invoked(),
            returned: record.returned(),
            is_optional: record.answer().is_none(),
            op,
        }
    }
}

/// The order that was found: each call by its number, and the state after it.
pub(super) type Order<S> = Vec<(usize, <S as Spec>::State)>;

/// The place where the best of all orders ends.
#[derive(Debug)]
pub(super) struct Stuck<State> {
    /// The reason.
    pub(super) sentence: String,
    /// The last state that was reached.
    pub(super) state: State,
    /// The calls that the sentence names.
    pub(super) calls: Vec<usize>,
}

/// Finds an order of calls: every answer is right in its place, a call that was answered before
/// another was made comes before it, and in the end everything is explained. `calls` are put into the
/// order in which they were made.
///
/// # Errors
/// If there is none.
pub(super) fn order<S: Spec>(
    spec: &S,
    start: &S::State,
    calls: &mut [Call<S::Op>],
) -> Result<Order<S>, Box<Stuck<S::State>>> {
    calls.sort_by_key(|call| call.invoked);
    let mut search = Search::new(spec, start, calls, None);
    if search.succeeds() {
        let path = search.path.into_iter();
        return Ok(path.map(|node| (node.call, node.after)).collect());
    }
    Err(Box::new(search.stuck()))
}

/// A search in depth, which never comes twice to the same state with the same calls left.
struct Search<'a, S: Spec> {
    spec: &'a S,
    start: &'a S::State,
    calls: &'a [Call<S::Op>],
    /// A call whose answer is taken to have come at the very end.
    late: Option<usize>,
    /// The calls that may be next as far as time goes: all that are left and were made before any of
    /// them was answered. All calls before `next` that aren't here are done.
    open: Vec<usize>,
    next: usize,
    /// The number of calls that are left, and have to be done.
    due: usize,
    path: Vec<Node<S::State>>,
    seen: HashSet<(S::State, Vec<usize>)>,
    /// The longest path that led nowhere.
    deepest: Option<Vec<usize>>,
}

/// A step on the way, and the other ones that could have been taken.
struct Node<State> {
    call: usize,
    after: State,
    others: Vec<(usize, State)>,
    /// `next` before it.
    next: usize,
}

impl<'a, S: Spec> Search<'a, S> {
    fn new(
        spec: &'a S,
        start: &'a S::State,
        calls: &'a [Call<S::Op>],
        late: Option<usize>,
    ) -> Self {
        let mut search = Self {
            spec,
            start,
            calls,
            late,
            open: Vec::new(),
            next: 0,
            due: calls.iter().filter(|call| !call.is_optional).count(),
            path: Vec::new(),
            seen: HashSet::new(),
            deepest: None,
        };
        search.open_more();
        search
    }

    fn succeeds(&mut self) -> bool {
        loop {
            let state = self.state().clone();
            if self.due == 0 && self.spec.end(&state).is_ok() {
                return true;
            }
            let mut ways = self.ways(&state);
            if ways.is_empty() {
                let length = self.deepest.as_ref().map(Vec::len);
                if length.is_none_or(|length| length < self.path.len()) {
                    self.deepest = Some(self.path.iter().map(|node| node.call).collect());
                }
            }
            while ways.is_empty() {
                let Some(others) = self.back() else {
                    return false;
                };
                ways = others;
            }
            if let Some((call, after)) = ways.pop() {
                self.take(call, after, ways);
            }
        }
    }

    fn state(&self) -> &S::State {
        self.path.last().map_or(self.start, |node| &node.after)
    }

    fn take(&mut self, call: usize, after: S::State, others: Vec<(usize, S::State)>) {
        self.path.push(Node {
            call,
            after,
            others,
            next: self.next,
        });
        self.due -= usize::from(!self.calls[call].is_optional);
        self.open.retain(|open| *open != call);
        self.open_more();
    }

    /// Takes the last step back, and gives the others that are left there.
    fn back(&mut self) -> Option<Vec<(usize, S::State)>> {
        let node = self.path.pop()?;
        self.next = node.next;
        self.due += usize::from(!self.calls[node.call].is_optional);
        self.open.retain(|open| *open < node.next);
        let place = self.open.partition_point(|open| *open < node.call);
        self.open.insert(place, node.call);
        Some(node.others)
    }

    fn open_more(&mut self) {
        let answers = self.open.iter().map(|call| self.returned(*call));
        let mut first_answer = answers.min().unwrap_or(Duration::MAX);
        while let Some(call) = self.calls.get(self.next)
            && call.invoked <= first_answer
        {
            first_answer = first_answer.min(self.returned(self.next));
            self.open.push(self.next);
            self.next += 1;
        }
    }

    /// The open calls, those first that were answered first.
    fn by_answer(&self) -> Vec<usize> {
        let mut open = self.open.clone();
        open.sort_by_key(|call| self.returned(*call));
        open
    }

    fn returned(&self, number: usize) -> Duration {
        if self.late == Some(number) {
            return Duration::MAX;
        }
        self.calls[number].returned
    }

    /// The steps that may come next. The last is the best: its answer came first.
    fn ways(&mut self, state: &S::State) -> Vec<(usize, S::State)> {
        let mut ways = Vec::new();
        for call in self.by_answer().into_iter().rev() {
            let Ok(after) = self.spec.apply(state, &self.calls[call]) else {
                continue;
            };
            // All others may still come, and the same ones as if this came later.
            if after == *state && self.spec.is_reading(&self.calls[call].op) {
                return vec![(call, after)];
            }
            ways.push((call, after));
        }
        if ways.len() > 1 && !self.seen.insert((state.clone(), self.open.clone())) {
            ways.clear();
        }
        ways
    }

    /// Goes back to the place where the best order ended, and gives all states before it.
    fn go_to_deepest(&mut self) -> Vec<S::State> {
        while self.back().is_some() {}
        let mut states = vec![self.start.clone()];
        for call in self.deepest.take().unwrap_or_default() {
            if let Ok(after) = self.spec.apply(self.state(), &self.calls[call]) {
                states.push(after.clone());
                self.take(call, after, Vec::new());
            }
        }
        states
    }

    fn stuck(mut self) -> Stuck<S::State> {
        let states = self.go_to_deepest();
        let state = self.state().clone();
        let open = self.by_answer();
        // The call that has to be next, since all others were made after its answer, is named first.
        let urgent = open.first().copied();
        let urgent = urgent.filter(|call| !self.calls[*call].is_optional);
        let mut calls = Vec::new();
        let mut reasons = Vec::new();
        for call in open {
            let (name, is_urgent) = (&self.calls[call].name, urgent == Some(call));
            let reason = match self.spec.apply(&state, &self.calls[call]) {
                Err(Some(reason)) if !self.calls[call].is_optional => reason,
                _ if is_urgent => "has no place there".to_owned(),
                _ => continue,
            };
            let elsewhere = urgent.filter(|_| is_urgent);
            let elsewhere = elsewhere.and_then(|call| self.elsewhere(call, &states));
            reasons.push(format!("{name} {reason}{}", elsewhere.unwrap_or_default()));
            calls.push(call);
        }
        reasons.truncate(NAMED_MAX);
        calls.truncate(NAMED_MAX);
        reasons.extend(self.spec.end(&state).err());
        let place = self.spec.place(&state);
        Stuck {
            sentence: format!("{place}: {}", reasons.join("; ")),
            state,
            calls,
        }
    }

    /// Another place for a call, which it can't have because of the time.
    fn elsewhere(&self, call: usize, states: &[S::State]) -> Option<String> {
        let fits = |state: &&S::State| self.spec.apply(state, &self.calls[call]).is_ok();
        let says = |state, off| format!(" (it was so {}, too {off})", self.spec.place(state));
        if let Some(state) = states.iter().rev().find(fits) {
            return Some(says(state, "early"));
        }
        let mut later = Search::new(self.spec, self.start, self.calls, Some(call));
        if !later.succeeds() {
            later.go_to_deepest();
        }
        let mut later = later.path.iter().map(|node| &node.after);
        later.find(fits).map(|state| says(state, "late"))
    }
}
