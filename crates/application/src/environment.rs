//! The clock and the source of randomness, passed as parameters: nothing else reads the time or draws
//! random numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, SeedableRng, rngs::StdRng};
use stockroom_domain::{Ids, Timestamp};
use uuid::Uuid;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
            .and_then(Timestamp::from_milliseconds)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The environment of use cases and adapters: the time, and randomness.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<dyn Clock>,
    ids: Arc<Mutex<RandomIds>>,
}

impl Environment {
    /// The machine's clock, and randomness from the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemClock, StdRng::from_rng(&mut rand::rng()))
    }

    /// An environment with this clock and this generator: with a seeded generator, every id and secret
    /// is predictable.
    pub fn new(clock: impl Clock + 'static, generator: StdRng) -> Self {
        Self {
            clock: Arc::new(clock),
            ids: Arc::new(Mutex::new(RandomIds::new(generator))),
        }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls `with` with the source of ids, which is locked for the call.
    pub fn with_ids<T>(&self, with: impl FnOnce(&mut RandomIds) -> T) -> T {
        with(&mut self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A fresh id.
    #[must_use]
    pub fn next_id(&self) -> Uuid {
        let now = self.now();
        self.with_ids(|ids| ids.next_id(now))
    }

    /// Random bytes, fit for secrets.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        self.with_ids(|ids| {
            let mut bytes = [0; N];
            ids.generator.fill_bytes(&mut bytes);
            bytes
        })
    }
}

/// Makes UUIDs of version 7 (RFC 9562, method 1 of section 6.2): 48 bits of time, then a counter
/// of 42 bits that starts at a random number each millisecond, then 32 random bits.
///
/// Ids are requested for times in no particular order: a commit uses the time at which it began, and
/// others may have begun since. Each time has its own counter, so that the ids of one time still ascend.
pub struct RandomIds {
    generator: StdRng,
    counters: BTreeMap<Timestamp, u64>,
}

impl RandomIds {
    const COUNTER_BITS: u32 = 42;

    /// The number of latest times whose counters are stored: enough for longer than a commit takes.
    const TIMES_MAX: usize = 10_000;

    const fn new(generator: StdRng) -> Self {
        Self {
            generator,
            counters: BTreeMap::new(),
        }
    }

    fn counter(&mut self, at: Timestamp) -> u64 {
        if let Some(counter) = self.counters.get_mut(&at) {
            *counter += 1;
            return *counter;
        }
        if self.counters.len() == Self::TIMES_MAX {
            self.counters.pop_first();
        }
        // Leaves at least half of the range to count through.
        let start = self.generator.next_u64() >> (u64::BITS - Self::COUNTER_BITS + 1);
        self.counters.insert(at, start);
        start
    }
}

impl Ids for RandomIds {
    fn next_id(&mut self, at: Timestamp) -> Uuid {
        let counter = self.counter(at);
        let milliseconds = u64::try_from(at.as_milliseconds()).unwrap_or(0);
        let random = u64::from(self.generator.next_u32());
        // The counter's upper 12 bits stand before the variant, its lower 30 behind it.
        let high = (milliseconds << 16) | 0x7000 | (counter >> 30);
        let low = (0b10 << 62) | ((counter & 0x3FFF_FFFF) << 32) | random;
        Uuid::from_u64_pair(high, low)
    }
}
