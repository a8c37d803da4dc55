//! What was asked, when, and what was answered.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::ask::Request;
use crate::model::INSUFFICIENT;
use crate::reservation::Act;

/// Tells the instants of a round, as the time since it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// When that was, as servers tell the time.
    pub(crate) epoch: Timestamp,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            epoch: Timestamp::now(),
        }
    }

    /// What time it is for servers.
    pub(crate) fn time(self) -> Timestamp {
        self.epoch.saturating_add(self.now()).unwrap_or(self.epoch)
    }

    pub(crate) fn now(self) -> Duration {
        self.start.elapsed()
    }
}

/// An answer that says what became of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether it says that it was given before.
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

/// Why it isn't known what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The client closed the connection before all of it was sent.
    Incomplete,
    /// The client closed the connection before there was an answer.
    Cut,
    /// The server, or somebody, closed the connection.
    Lost,
    /// There was no answer in all the time that the client has.
    Late,
    /// The server says that it failed.
    Failed(u16),
}

/// One request that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) server: usize,
    /// Right before it was sent.
    pub(crate) invoked: Duration,
    /// Right after it was answered, or given up.
    pub(crate) ended: Duration,
    pub(crate) outcome: Result<Answer, Unclear>,
}

/// Something that a client asked for, once or, with a key, until it knew the answer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// What its entries refer to, and its key if it has one: no other request of the run is named
    /// so.
    pub(crate) name: Arc<str>,
    pub(crate) request: Request,
    pub(crate) keyed: bool,
    pub(crate) attempts: Vec<Attempt>,
}

impl Record {
    /// From when on it may have been carried out.
    pub(crate) fn invoked(&self) -> Duration {
        let attempts = self.attempts.iter();
        let sent = attempts.filter(|attempt| attempt.outcome != Err(Unclear::Incomplete));
        let invoked = sent.map(|attempt| attempt.invoked);
        invoked.min().unwrap_or(Duration::MAX)
    }

    /// Until when it was carried out: that is, when it was first answered.
    pub(crate) fn returned(&self) -> Duration {
        self.first_answer()
            .map_or(Duration::MAX, |(returned, _)| returned)
    }

    /// All answers that say what became of it.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&Attempt, &Answer)> {
        self.attempts
            .iter()
            .filter_map(|attempt| Some((attempt, attempt.outcome.as_ref().ok()?)))
    }

    fn first_answer(&self) -> Option<(Duration, &Answer)> {
        self.answers()
            .map(|(attempt, answer)| (attempt.ended, answer))
            .min_by_key(|(ended, _)| *ended)
    }

    /// What became of it, if that was ever said.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        self.first_answer().map(|(_, answer)| answer)
    }

    /// Whether something was to be moved where there wasn't enough of it.
    pub(crate) fn is_short(&self) -> bool {
        let takes = matches!(
            self.request,
            Request::Act {
                act: Act::Move { .. } | Act::Edit(_),
                ..
            }
        );
        let shortages = |answer: &Answer| {
            let body = answer.body.pointer("/errors/0/meta/shortages");
            answer.status == INSUFFICIENT && body.is_some()
        };
        takes && self.answer().is_some_and(shortages)
    }

    /// Whether a server ever had all of it.
    pub(crate) fn was_sent(&self) -> bool {
        let incomplete = |attempt: &Attempt| attempt.outcome == Err(Unclear::Incomplete);
        !self.attempts.iter().all(incomplete)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replayed = if self.replayed { " (replayed)" } else { "" };
        write!(f, "{}{replayed} {}", self.status, self.body)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3}–{:.3} ms on server {}: ",
            self.invoked.as_secs_f64() * 1e3,
            self.ended.as_secs_f64() * 1e3,
            self.server + 1,
        )?;
        match &self.outcome {
            Ok(answer) => answer.fmt(f),
            Err(unclear) => write!(f, "{unclear:?}"),
        }
    }
}
