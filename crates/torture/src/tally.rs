//! How much was asked, and what came of it.

use std::fmt;
use std::ops::AddAssign;

use crate::check::Evidence;
use crate::record::Unclear;
use crate::reservation::State;

/// Counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// What clients asked for, each once.
    requests: u64,
    /// Requests that were sent, again and again where need be.
    attempts: u64,
    /// Transactions that were asked for.
    transactions: u64,
    /// Reservations that were made, and those of them that expired.
    reservations: u64,
    expired: u64,
    /// Entries of ledgers.
    entries: u64,
    /// Requests of which it never became known what had become of them.
    unclear: u64,
    /// Attempts that clients cut off.
    cut: u64,
    /// Attempts whose connection broke.
    lost: u64,
    /// Attempts that were turned away, by status.
    unavailable: u64,
    failed: u64,
    /// Answers that were given before.
    replayed: u64,
}

impl Tally {
    pub(crate) fn of(evidence: &Evidence) -> Self {
        let mut tally = Self::default();
        for record in &evidence.records {
            tally.requests += 1;
            tally.transactions += count(record.request.lines());
            tally.unclear += u64::from(record.answer().is_none());
            tally.attempts += count(&record.attempts);
            for attempt in &record.attempts {
                let counter = match &attempt.outcome {
                    Ok(answer) if answer.replayed => &mut tally.replayed,
                    Ok(_) => continue,
                    Err(Unclear::Incomplete | Unclear::Cut) => &mut tally.cut,
                    Err(Unclear::Lost | Unclear::Late) => &mut tally.lost,
                    Err(Unclear::Failed(503)) => &mut tally.unavailable,
                    Err(Unclear::Failed(_)) => &mut tally.failed,
                };
                *counter += 1;
            }
        }
        tally.reservations = count(&evidence.reservations);
        for reservation in &evidence.reservations {
            tally.expired += u64::from(reservation.attributes.state == State::Expired);
        }
        for reading in &evidence.readings {
            tally.entries += count(&reading.history);
        }
        tally
    }

    /// The most important in a few words.
    pub(crate) fn short(&self) -> String {
        let Self {
            requests,
            entries,
            reservations,
            expired,
            ..
        } = self;
        format!(
            "{requests} requests, {entries} entries, {reservations} reservations of which \
             {expired} expired"
        )
    }
}

fn count<T>(of: &[T]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.transactions += other.transactions;
        self.reservations += other.reservations;
        self.expired += other.expired;
        self.entries += other.entries;
        self.unclear += other.unclear;
        self.cut += other.cut;
        self.lost += other.lost;
        self.unavailable += other.unavailable;
        self.failed += other.failed;
        self.replayed += other.replayed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            attempts,
            transactions,
            reservations,
            expired,
            entries,
            unclear,
            cut,
            lost,
            unavailable,
            failed,
            replayed,
        } = self;
        write!(
            f,
            "{requests} requests ({transactions} transactions) in {attempts} attempts: {cut} cut, \
             {lost} lost, {unavailable} turned away, {failed} failed, {replayed} replayed; \
             {unclear} stayed unclear; {entries} entries; {reservations} reservations, of which \
             {expired} expired"
        )
    }
}
