//! Commands that verify and repair stock, on the same database as running servers.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stockroom_application::{
    Repair as Repaired, RepairOutcome, Repairing, Stockroom, VerifyObserver, VerifySummary,
};
use stockroom_domain::{Difference, EntryHash, OrganizationId, Refusal, VerifiedLedger};

use crate::cli::{Repair, Verify};
use crate::operator;

/// The exit code if the check could not be completed.
const UNKNOWN: u8 = 2;

/// Prints every difference between stock and its ledgers.
pub(crate) async fn verify(settings: &Verify) -> ExitCode {
    let verified = operator::on(&settings.scope.database, async |stockroom| {
        let mut report = Report::new(None, settings.hashes);
        report.run(stockroom, settings.scope.organization).await?;
        report.end()
    });
    code(verified.await)
}

/// Corrects current stock by its ledgers and reservations.
pub(crate) async fn repair(settings: &Repair) -> ExitCode {
    let repairing = if settings.apply {
        Repairing::Apply
    } else {
        Repairing::DryRun
    };
    let repaired = operator::on(&settings.scope.database, async |stockroom| {
        let mut report = Report::new(Some(repairing), false);
        report.run(stockroom, settings.scope.organization).await?;
        report.end()
    });
    code(repaired.await)
}

fn code(is_right: anyhow::Result<bool>) -> ExitCode {
    match is_right {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stockroom: {error:#}");
            ExitCode::from(UNKNOWN)
        }
    }
}

/// Prints the findings, and shows the progress if standard error is a terminal.
struct Report {
    repairing: Option<Repairing>,
    shows_hashes: bool,
    output: BufWriter<Stdout>,
    /// The error that prevents further printing.
    fault: Option<io::Error>,
    bar: ProgressBar,
    start: Instant,
    /// The organization whose stock is being checked.
    organization: String,
    organizations: u64,
    total: VerifySummary,
}

impl Report {
    fn new(repairing: Option<Repairing>, shows_hashes: bool) -> Self {
        Self {
            repairing,
            shows_hashes,
            output: BufWriter::new(io::stdout()),
            fault: None,
            bar: ProgressBar::hidden(),
            start: Instant::now(),
            organization: String::new(),
            organizations: 0,
            total: VerifySummary::default(),
        }
    }

    /// Checks the stock of one organization, or of all.
    async fn run(
        &mut self,
        stockroom: &Stockroom,
        only: Option<OrganizationId>,
    ) -> anyhow::Result<()> {
        let organizations = match only {
            None => stockroom.organizations().await?,
            Some(id) => {
                let organization = stockroom.organization(id).await?;
                vec![organization.ok_or(Refusal::OrganizationNotFound)?]
            }
        };
        if io::stderr().is_terminal() {
            let mut entries = 0;
            for organization in &organizations {
                entries += stockroom.verifier(organization.id).count_entries().await?;
            }
            self.bar = bar(entries)?;
        }
        for organization in organizations {
            self.organization = organization.id.to_string();
            let verifier = stockroom.verifier(organization.id);
            let summary = match self.repairing {
                None => verifier.verify(self).await?,
                Some(repairing) => verifier.repair(repairing, self).await?,
            };
            self.organizations += 1;
            self.total += summary;
        }
        Ok(())
    }

    /// Prints the result, and returns whether there are no differences left.
    fn end(mut self) -> anyhow::Result<bool> {
        self.bar.finish_and_clear();
        let VerifySummary {
            stocks,
            entries,
            differences,
            differences_left,
            repaired,
            left,
        } = self.total;
        let elapsed = self.start.elapsed();
        let rate = entries_per_second(entries, elapsed);
        self.print(format_args!(
            "{}, {}, {} in {}, {} a second: {}",
            count(self.organizations, "organization"),
            count(stocks, "stock"),
            if entries == 1 {
                "1 entry".to_owned()
            } else {
                format!("{} entries", HumanCount(entries))
            },
            HumanDuration(elapsed),
            HumanCount(rate),
            match differences {
                0 => "no difference".to_owned(),
                differences => count(differences, "difference"),
            },
        ));
        if let Some(repairing) = self.repairing.filter(|_| differences > 0) {
            let (done, apart) = match repairing {
                Repairing::DryRun => ("can be repaired, with --apply", "can't"),
                Repairing::Apply => ("repaired", "left as it is"),
            };
            let (repaired, left) = (count(repaired, "stock"), HumanCount(left));
            self.print(format_args!("{repaired} {done}; {left} {apart}"));
        }
        let flushed = self.output.flush();
        self.fault.map_or(flushed, Err)?;
        Ok(differences_left == 0)
    }

    fn print(&mut self, line: std::fmt::Arguments<'_>) {
        let Self { output, bar, .. } = self;
        // On a terminal, lines are flushed at once: they mustn't wait until the bar is gone.
        let is_alone = bar.is_hidden();
        let printed = bar.suspend(|| {
            writeln!(output, "{line}")?;
            if is_alone { Ok(()) } else { output.flush() }
        });
        if let Err(error) = printed {
            self.fault.get_or_insert(error);
        }
    }
}

impl VerifyObserver for Report {
    fn difference(&mut self, difference: Difference) {
        let organization = self.organization.clone();
        self.print(format_args!("organization {organization}, {difference}"));
    }

    fn progress(&mut self, entries: u64) {
        self.bar.inc(entries);
        if let Err(error) = self.output.flush() {
            self.fault.get_or_insert(error);
        }
    }

    fn verified(&mut self, ledger: &VerifiedLedger) {
        if self.shows_hashes {
            let organization = self.organization.clone();
            let (stock, last) = (&ledger.stock, ledger.last);
            let hash = ledger
                .last_hash
                .map_or_else(|| "-".to_owned(), EntryHash::into);
            let (id, product) = (stock.id, stock.product);
            self.print(format_args!("{organization} {product} {id} {last} {hash}"));
        }
    }

    fn repair(&mut self, repair: &Repaired<'_>) {
        let becomes = match &repair.outcome {
            RepairOutcome::Planned(_) => "would be made what its ledger and reservations say".to_owned(),
            RepairOutcome::Done(_) => "was made what its ledger and reservations say".to_owned(),
            RepairOutcome::Changed => {
                "was changed meanwhile, and is left as it is: try again".to_owned()
            }
            RepairOutcome::Deleted => "is deleted, and is kept as it is".to_owned(),
            RepairOutcome::Damaged => {
                "is left as it is: its ledger isn't sound, or reservations hold what isn't allocated, \
                 so that nothing says what it should be"
                    .to_owned()
            }
            RepairOutcome::Failed(error) => {
                let source = std::error::Error::source(error);
                let cause = source.map_or_else(String::new, |source| format!(": {source}"));
                format!("can't be repaired: {error}{cause}")
            }
        };
        let organization = self.organization.clone();
        let (product, stock) = (repair.found.product, repair.found.id);
        self.print(format_args!(
            "organization {organization}, product {product}, stock {stock}: {becomes}"
        ));
    }
}

/// A progress bar on standard error, since the findings go to standard output.
fn bar(entries: u64) -> anyhow::Result<ProgressBar> {
    let style = "{bar:40} {human_pos} of about {human_len} entries, {per_sec}, {eta} left";
    let bar = ProgressBar::with_draw_target(Some(entries), ProgressDrawTarget::stderr());
    Ok(bar.with_style(ProgressStyle::with_template(style)?))
}

fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(number))
}

fn entries_per_second(entries: u64, elapsed: Duration) -> u64 {
    let microseconds = elapsed.as_micros().max(1);
    let rate = u128::from(entries) * 1_000_000 / microseconds;
    u64::try_from(rate).unwrap_or(u64::MAX)
}
