//! Rounds on one store, until there were enough of them or something is wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::check::Fault;
use crate::report::{self, Report};
use crate::round::{self, Outcome, Past};
use crate::system::{Store, System};
use crate::tally::Tally;

/// The part of the time that proving all ledgers may take. They grow with each round.
const VERIFYING_PART: u32 = 5;

/// What is asked of a run.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) program: PathBuf,
    pub(crate) seed: u64,
    pub(crate) first_round: u64,
    pub(crate) rounds: u64,
    /// How long it goes on, instead of so many rounds.
    pub(crate) duration: Option<Duration>,
    pub(crate) clients: usize,
}

/// A run on one store.
struct Run {
    setting: Setting,
    system: System,
    folder: PathBuf,
    start: Instant,
    verifying: Duration,
    tally: Tally,
    past: Vec<Past>,
}

/// Runs rounds on a store, with everything in `folder`. Gives whether all was well.
///
/// # Errors
/// If something can't be had.
pub(crate) async fn run(store: Store, setting: Setting, folder: &Path) -> anyhow::Result<bool> {
    let system = System::start(store, &setting.program, folder).await?;
    let mut run = Run {
        setting,
        system,
        folder: folder.to_owned(),
        start: Instant::now(),
        verifying: Duration::ZERO,
        tally: Tally::default(),
        past: Vec::new(),
    };
    let result = run.rounds().await;
    if !matches!(result, Ok(true)) {
        run.system.keep_postgres_log();
    }
    result
}

impl Run {
    async fn rounds(&mut self) -> anyhow::Result<bool> {
        let mut rounds = 0;
        while self.goes_on(rounds) {
            let round = self.setting.first_round + rounds;
            let faulty = self.round(round).await;
            let faulty = faulty.with_context(|| format!("round {round}"))?;
            if faulty {
                return Ok(false);
            }
            rounds += 1;
        }
        if let Some(said) = self.system.verify().await? {
            println!("FAILED: the program finds fault with its ledger: {said}");
            return Ok(false);
        }
        self.summarise(rounds);
        Ok(true)
    }

    fn goes_on(&self, rounds: u64) -> bool {
        match self.setting.duration {
            Some(duration) => self.start.elapsed() < duration,
            None => rounds < self.setting.rounds,
        }
    }

    /// Runs a round. Gives whether anything is wrong.
    async fn round(&mut self, round: u64) -> anyhow::Result<bool> {
        let start = Instant::now();
        self.system.empty_logs()?;
        let Setting { seed, clients, .. } = self.setting;
        let mut outcome = round::run(&mut self.system, seed, round, clients).await?;
        outcome.faults.extend(self.later_faults(round).await?);
        let store = self.system.store.name();
        let Outcome {
            evidence,
            faults,
            tally,
        } = outcome;
        if !faults.is_empty() {
            let file = self.folder.join("history.txt");
            fs::write(file, report::history(&evidence))?;
            println!(
                "FAILED: {store}, round {round}. To ask for the same again: cargo xtask torture \
                 --store {store} --seed {seed} --clients {clients} --first-round {round} \
                 --rounds 1"
            );
            let report = Report {
                faults: &faults,
                evidence: &evidence,
            };
            println!("{report}");
            return Ok(true);
        }
        println!(
            "{store} round {round}: {:.1} s, {}",
            start.elapsed().as_secs_f64(),
            tally.short(),
        );
        self.tally += tally;
        self.past.push(Past::new(evidence));
        Ok(false)
    }

    /// What is found beside the check of the round itself: one earlier round is read again, and
    /// the program proves its ledgers.
    async fn later_faults(&mut self, round: u64) -> anyhow::Result<Vec<Fault>> {
        let mut faults = Vec::new();
        let count = u64::try_from(self.past.len())?;
        if let Some(earlier) = (self.setting.seed ^ round).checked_rem(count) {
            let past = self.past.get(usize::try_from(earlier)?);
            if let Some(past) = past {
                faults.extend(past.fault(&self.system).await?);
            }
        }
        if self.verifying * VERIFYING_PART <= self.start.elapsed() {
            let start = Instant::now();
            let said = self.system.verify().await?;
            faults.extend(said.map(|said| {
                Fault::new(format!("the program finds fault with its ledger: {said}"))
            }));
            self.verifying += start.elapsed();
        }
        Ok(faults)
    }

    fn summarise(&self, rounds: u64) {
        println!(
            "{}: {rounds} rounds in {:.0} s with seed {}: all promises kept. {}; {}",
            self.system.store.name(),
            self.start.elapsed().as_secs_f64(),
            self.setting.seed,
            self.system.blows,
            self.tally,
        );
    }
}
