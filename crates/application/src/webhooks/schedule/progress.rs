//! The stored form of a schedule.

use serde::{Deserialize, Serialize};
use stockroom_domain::Timestamp;

/// The version of the form. It changes only if older progress can no longer be read. To avoid that, a new
/// field gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

/// How far an integration has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Every event up to here is settled, isn't observed, or is listed in `held`.
    pub position: u64,
    /// The version of the integration that failures are told of.
    #[serde(default, skip_serializing_if = "is_none")]
    pub version: u64,
    /// The subjects with events that aren't settled, by their first one.
    #[serde(default)]
    pub held: Vec<Held>,
    /// The number of failures since the last success.
    #[serde(default)]
    pub failures: u32,
    /// Time of the first failure since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

/// A subject with events that aren't settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The subject.
    pub subject: String,
    /// The positions of its events, ascending.
    pub waiting: Vec<u64>,
    /// The failed attempts of the first one. The subject is held back if there are any.
    #[serde(default)]
    pub failures: u32,
    /// Time of the next attempt. `None`: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// The refusals of the first event that count towards setting it aside.
    #[serde(default)]
    pub refusals: u32,
    /// Whether another event succeeded since the last of them, so that the next one counts.
    #[serde(default)]
    pub refusal_counts: bool,
}

/// The reason why stored progress can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The text isn't progress.
    #[error("progress of webhooks is not in its form")]
    Form(#[from] serde_json::Error),
    /// A later version of the program wrote it.
    #[error("progress of webhooks has the unknown version {0}")]
    Version(u32),
    /// The positions contradict each other.
    #[error("progress of webhooks has positions out of order")]
    Order,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_none(version: &u64) -> bool {
    *version == 0
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(flatten)]
    progress: &'a Progress,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

impl Progress {
    /// The progress of an integration that gets the events behind this position.
    #[must_use]
    pub const fn behind(position: u64) -> Self {
        Self {
            position,
            version: 0,
            held: Vec::new(),
            failures: 0,
            failing_since: None,
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote, in this version of the program or an earlier one.
    ///
    /// # Errors
    /// If the text isn't that.
    pub fn from_text(text: &str) -> Result<Self, ProgressError> {
        let Version { v } = serde_json::from_str(text)?;
        if v != FORMAT {
            return Err(ProgressError::Version(v));
        }
        let progress: Self = serde_json::from_str(text)?;
        let is_in_order = progress.held.iter().all(|held| {
            held.waiting.is_sorted_by(|one, next| one < next)
                && held
                    .waiting
                    .last()
                    .is_some_and(|last| *last <= progress.position)
        });
        is_in_order.then_some(progress).ok_or(ProgressError::Order)
    }

    /// The text in which an adapter stores it.
    ///
    /// # Errors
    /// Never: all of it has a form in JSON.
    pub fn to_text(&self) -> Result<String, ProgressError> {
        let written = Written {
            v: FORMAT,
            progress: self,
        };
        Ok(serde_json::to_string(&written)?)
    }

    /// The position up to which every event is settled.
    #[must_use]
    pub fn delivered_up_to(&self) -> u64 {
        let firsts = self.held.iter().filter_map(|held| held.waiting.first());
        firsts
            .min()
            .map_or(self.position, |first| first.saturating_sub(1))
    }

    /// The number of events up to the position that aren't settled.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.held.iter().map(|held| held.waiting.len()).sum()
    }

    /// Begins again with the event at this position. What waits from before stays; nothing is left out if the
    /// position wasn't reached yet.
    pub fn replay(&mut self, from: u64) {
        let before = from.saturating_sub(1);
        self.position = self.position.min(before);
        for held in &mut self.held {
            held.waiting.retain(|position| *position < from);
        }
        self.held.retain(|held| !held.waiting.is_empty());
    }

    /// Forgets failures, and the waits that followed from them, because somebody enabled the integration
    /// again: everything is tried at once, and there are [three days](super::GIVEN_UP_AFTER) for a success.
    pub fn enable_again(&mut self) {
        self.failures = 0;
        self.failing_since = None;
        for held in &mut self.held {
            held.next_try = None;
        }
    }
}
